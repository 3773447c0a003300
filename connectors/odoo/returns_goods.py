"""Brings the goods of a return back into Odoo's stock: a return transfer, made once, taken in as far as the marketplace says it arrived.

Why the transfer is not made by Odoo's return dialog: the dialog's `action_create_returns` makes another transfer each time, nothing tells
two of them apart, and an answer that got lost would be one more (EVT-4). What it writes is plain, so it is loaded with external ids
instead: a transfer of the delivery's return type whose moves name the delivered move (`origin_returned_move_id`), which is what quantities
delivered, valuation and the order's buttons follow. Compared field by field with what the dialog makes on Odoo 18.

    1  what was delivered of each line, and what came back of it already, by us or by a person; what a person took in counts (`returns_counted`)
    2  decide (`returns_plan.deeds`); load what is missing; confirm
    3  change or cancel what is open
    4  take in what arrived: quantities, then validate without dialogs; the rest goes on in a backorder
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from html import escape
from typing import Any

from connectors.kit.errors import ConflictError, ConnectorError, RuleError
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.keys import below, xid
from connectors.odoo.loading import Cell, load
from connectors.odoo.money import ZERO
from connectors.odoo.returns_counted import Claims
from connectors.odoo.returns_plan import Back, Deed, Part, ReturnPlan, Shipped, deeds, to_count

PICKING, MOVE, TYPE = "stock.picking", "stock.move", "stock.picking.type"
QUIET = {"tracking_disable": True, "tz": "UTC", "lang": "en_US"}
# Without both, validating may answer a dialog and validate nothing (18.0).
VALIDATE = {**QUIET, "skip_backorder": True, "skip_sms": True}
_MOVE_FIELDS = (
    "name", "picking_id", "product_id", "product_uom", "product_uom_qty", "quantity", "state", "sale_line_id",
    "origin_returned_move_id",
)  # fmt: skip
_OF_A_RETURN = re.compile(r"Return .+, line .+")  # see `name_of`
_HEADER = (
    "id", "picking_type_id/.id", "partner_id/.id", "location_id/.id", "location_dest_id/.id", "origin", "return_id/.id",
    "move_type", "note",
)  # fmt: skip
_MOVES = (
    "id", "name", "product_id/.id", "product_uom/.id", "product_uom_qty", "location_id/.id", "location_dest_id/.id",
    "origin_returned_move_id/.id", "to_refund", "sale_line_id/.id",
)  # fmt: skip


@dataclass
class Work:
    """One return on its way: the order's number, what was found, what was done."""

    plan: ReturnPlan
    order: int
    order_name: str
    lines: dict[str, list[int]] = field(default_factory=dict)
    sale_lines: dict[int, int] = field(default_factory=dict)  # delivered move -> order line
    shipped: dict[str, list[Shipped]] = field(default_factory=dict)
    backs: dict[int, list[Back]] = field(default_factory=dict)
    did: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def counted(self) -> list[Back]:
        """What persons took in of this return."""
        return [back for backs in self.backs.values() for back in backs if back.counted]

    def ours(self) -> list[Back]:
        """Every move of this return, whatever its state."""
        return [back for backs in self.backs.values() for back in backs if back.ours]


class ReturnedGoods:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, module: str) -> None:
        self._odoo, self._module = odoo, module
        self._fields: dict[tuple[str, str], bool] = {}
        self._claims = Claims(odoo, module)

    async def bring(self, work: Work) -> int:
        """The newest transfer of the return, 0 when there is none and none is needed. Raises ConnectorError."""
        await self.look(work)
        await self._count(work)
        wanted = self.decide(work)
        await self._make(work, [deed for deed in wanted if deed.make])
        await self._confirm(work)
        await self._change(work, [deed for deed in wanted if deed.change])
        await self._take(work, wanted)
        await self._tell(work)
        return max((back.picking for back in work.ours() or work.counted()), default=0)

    # ---- 1

    async def look(self, work: Work) -> None:
        """Fill in what stands in Odoo."""
        parent = xid(self._module, "order", work.plan.order_key)
        names = {
            part.line_id: [below(parent, "line", part.line_id), below(parent, "line", part.line_id, "1")]
            for part in work.plan.parts
        }
        found = await find(self._odoo, [one for pair in names.values() for one in pair])
        work.lines = {line: [found[one] for one in pair if one in found] for line, pair in names.items()}
        ids = [number for numbers in work.lines.values() for number in numbers]
        fields = ("product_id", "product_uom_qty")
        sold = {row["id"]: row for row in await self._odoo.rows("sale.order.line", [["id", "in", ids]], fields)}
        domain = [["sale_line_id", "in", ids], ["location_dest_id.usage", "=", "customer"], ["state", "!=", "cancel"]]
        grouped = ("group_id",) if await self._has_groups() else ()
        moves = await self._odoo.rows(MOVE, domain, (*_MOVE_FIELDS, *grouped))
        delivered = [row for row in moves if not row["origin_returned_move_id"]]
        for part in work.plan.parts:
            rows = [row for row in delivered if row["sale_line_id"][0] in work.lines[part.line_id]]
            work.shipped[part.line_id] = shipped_of(rows, [sold[one] for one in work.lines[part.line_id]])
        work.sale_lines = {row["id"]: row["sale_line_id"][0] for row in delivered}
        await self._look_back(work)

    async def _look_back(self, work: Work) -> None:
        domain = [["origin_returned_move_id", "in", sorted(work.sale_lines)]]
        rows = await self._odoo.rows(MOVE, domain, _MOVE_FIELDS) if work.sale_lines else []
        found: dict[int, list[Back]] = defaultdict(list)
        for row in rows:
            source = row["origin_returned_move_id"][0]
            ours = row["name"] in {name_of(work.plan, part) for part in work.plan.parts}
            found[source].append(
                Back(
                    move=row["id"], picking=row["picking_id"][0] if row["picking_id"] else 0, source=source,
                    demand=_decimal(row["product_uom_qty"]), quantity=_decimal(row["quantity"]), state=row["state"],
                    ours=ours, by_person=not ours and not _OF_A_RETURN.match(row["name"]),
                )
            )  # fmt: skip
        counted = await self._claims.look(work.plan.key, [back for backs in found.values() for back in backs])
        work.backs = {source: [counted.get(back.move, back) for back in backs] for source, backs in found.items()}

    async def _count(self, work: Work) -> None:
        backs = {back.move: back for some in work.backs.values() for back in some}
        wanted = wanted_of(work)
        if wanted:
            await self._claims.make(work.plan.key, wanted, backs)
            work.did.append("counted")
            await self._look_back(work)

    @staticmethod
    def suppose(work: Work) -> None:
        """For a preview: as if what a person took in were counted already."""
        wanted = wanted_of(work)
        work.backs = {
            source: [replace(back, counted=back.counted + wanted.get(back.move, ZERO)) for back in backs]
            for source, backs in work.backs.items()
        }

    async def _has_groups(self) -> bool:
        """Whether moves belong to procurement groups here; through them a transfer knows its sale order."""
        return await self._has(MOVE, "group_id")

    async def _has(self, model: str, name: str) -> bool:
        if (model, name) not in self._fields:
            self._fields[model, name] = bool(await self._odoo.ask(model, "fields_get", [name], ["type"]))
        return self._fields[model, name]

    # ---- 2

    def decide(self, work: Work) -> list[Deed]:
        """Raises RuleError for what cannot be, ConflictError while nothing was delivered yet."""
        found: list[Deed] = []
        for part in work.plan.parts:
            if part.coming and not work.lines[part.line_id]:
                raise RuleError(f"line {part.line_id}: Odoo's order has no such line")
            if part.coming and not work.shipped[part.line_id]:
                raise ConflictError(
                    f"line {part.line_id}: comes back, but Odoo has not delivered it yet; validate its delivery",
                    waiting_for=f"delivered:{work.plan.order_key}",
                )
            found += deeds(part, work.shipped[part.line_id], work.backs)
        return found

    async def _make(self, work: Work, wanted: Sequence[Deed]) -> None:
        if not wanted:
            return
        first = min((deed.source for deed in wanted), key=lambda one: one.move)
        (out,) = await self._odoo.rows(
            PICKING, [["id", "=", first.picking]], ["picking_type_id", "partner_id", "location_id", "location_dest_id"]
        )
        kind, home = await self._back_type(out)
        generation = len({back.picking for back in work.ours()})
        parent = xid(self._module, "return", work.plan.key, str(generation))
        header: list[Cell] = [
            parent, kind, out["partner_id"][0] if out["partner_id"] else None, out["location_dest_id"][0], home,
            f"Return {work.plan.return_id} of {work.order_name}", first.picking, "direct", note_of(work.plan),
        ]  # fmt: skip
        grouped = await self._has_groups()
        columns = [*_HEADER, *([] if grouped else ["sale_id/.id"]), *(f"move_ids/{name}" for name in _MOVES)]
        header += [] if grouped else [work.order]
        columns += ["move_ids/group_id/.id"] if grouped else []
        rows: list[list[Cell]] = []
        for deed in wanted:
            cells = self._cells(work, deed, parent, out["location_dest_id"][0], home)
            cells += [deed.source.group or None] if grouped else []
            rows.append([*(header if not rows else [None] * len(header)), *cells])
        (made,) = await load(self._odoo, PICKING, columns, [rows])
        if isinstance(made, ConnectorError):
            raise made
        work.did.append("return_made")
        await self._look_back(work)

    def _cells(self, work: Work, deed: Deed, parent: str, place: int, home: int) -> list[Cell]:
        source = deed.source
        part = next(part for part in work.plan.parts if source in work.shipped[part.line_id])
        return [
            below(parent, str(source.move)), name_of(work.plan, part), source.product, source.uom, f"{deed.make:f}", place,
            home, source.move, "1", work.sale_lines[source.move],
        ]  # fmt: skip

    async def _back_type(self, out: Mapping[str, Any]) -> tuple[int, int]:
        """(operation type, where goods go): as Odoo's own dialog chooses them, else the warehouse's receipts."""
        own = out["picking_type_id"][0]
        fields = [
            "warehouse_id",
            *(["return_picking_type_id"] if await self._has(TYPE, "return_picking_type_id") else []),
        ]
        (row,) = await self._odoo.rows(TYPE, [["id", "=", own]], fields)
        back = row.get("return_picking_type_id")
        if not back and row["warehouse_id"]:
            domain = [["id", "=", row["warehouse_id"][0]]]
            back = (await self._odoo.rows("stock.warehouse", domain, ["in_type_id"]))[0]["in_type_id"]
        if not back:
            return own, out["location_id"][0]
        (row,) = await self._odoo.rows(TYPE, [["id", "=", back[0]]], ["code", "default_location_dest_id"])
        home = row["default_location_dest_id"] if row["code"] == "incoming" else None
        return back[0], (home or out["location_id"])[0]

    async def _confirm(self, work: Work) -> None:
        """Transfers of ours that are drafts: just made, or made by a call whose sequel never came; then reserved."""
        for method, state in (("action_confirm", "draft"), ("action_assign", "confirmed")):
            pickings = sorted({back.picking for back in work.ours() if back.state == state})
            if pickings:
                await self._odoo.tell(PICKING, method, pickings, context=QUIET)
                await self._look_back(work)

    # ---- 3

    async def _change(self, work: Work, wanted: Sequence[Deed]) -> None:
        demand = {deed.change: deed.demand for deed in wanted}
        current = {back.move: back for back in work.ours()}
        changed = {move: size for move, size in demand.items() if current[move].demand != size}
        emptied: set[int] = set()
        for picking in {current[move].picking for move in changed}:
            still = [back for back in current.values() if back.picking == picking and back.open]
            if all(demand.get(back.move, back.demand) == 0 for back in still):
                emptied.add(picking)
        if emptied:
            await self._odoo.tell(PICKING, "action_cancel", sorted(emptied), context=QUIET)
            work.did.append("return_cancelled")
        for move, size in changed.items():
            if current[move].picking not in emptied:
                await self._odoo.tell(MOVE, "write", [move], {"product_uom_qty": float(size)}, context=QUIET)
                work.did.append("return_changed")
        if changed:
            await self._look_back(work)

    # ---- 4

    async def _take(self, work: Work, wanted: Sequence[Deed]) -> None:
        """Looks at what is done before and after: a call whose answer got lost is not made again."""
        by_picking: dict[int, list[tuple[Back, Decimal]]] = defaultdict(list)
        for deed in wanted:
            left = deed.take
            for back in work.backs.get(deed.source.move, ()):
                if back.ours and back.open and left > 0:
                    by_picking[back.picking].append((back, min(left, back.demand)))
                    left -= min(left, back.demand)
        for picking, takes in by_picking.items():
            for back, size in takes:
                await self._odoo.tell(
                    MOVE, "write", [back.move], {"quantity": float(size), "picked": True}, context=QUIET
                )
            await self._validate(work, picking, {back.move for back, _ in takes})
            work.did.append("received")

    async def _validate(self, work: Work, picking: int, moves: set[int]) -> None:
        try:
            answer = await self._odoo.tell(PICKING, "button_validate", [picking], context=VALIDATE)
        except ConnectorError:
            await self._look_back(work)
            if not self._taken(work, moves):
                raise
            return
        await self._look_back(work)
        if not self._taken(work, moves):
            said = answer.get("res_model", "a dialog") if isinstance(answer, Mapping) else repr(answer)
            raise RuleError(f"the return transfer could not be validated: Odoo answered {said}")

    @staticmethod
    def _taken(work: Work, moves: set[int]) -> bool:
        return all(back.state == "done" for back in work.ours() if back.move in moves)

    async def _tell(self, work: Work) -> None:
        """The three states, and the number of the parcel that comes back, on the transfers themselves."""
        pickings = sorted({back.picking for back in work.ours() if back.picking})
        if not pickings:
            return
        wanted = {"note": note_of(work.plan), "carrier_tracking_ref": work.plan.tracking or False}
        for row in await self._odoo.rows(PICKING, [["id", "in", pickings]], ["state", "note", "carrier_tracking_ref"]):
            values = {"note": wanted["note"]} if work.plan.states not in (row["note"] or "") else {}
            if row["state"] not in ("done", "cancel") and work.plan.tracking and row["carrier_tracking_ref"] != work.plan.tracking:  # fmt: skip
                values["carrier_tracking_ref"] = work.plan.tracking
            if values:
                await self._odoo.tell(PICKING, "write", [row["id"]], values, context=QUIET)
                work.did.append("return_noted")


def shipped_of(rows: Sequence[Mapping[str, Any]], sold: Sequence[Mapping[str, Any]]) -> list[Shipped]:
    """Done deliveries of one line of the marketplace's order, oldest first. A kit's line has other products than its own."""
    units = sum((_decimal(row["product_uom_qty"]) for row in sold), Decimal(0))
    products = {row["product_id"][0] for row in sold if row["product_id"]}
    demand: dict[int, Decimal] = defaultdict(Decimal)
    for row in rows:
        demand[row["product_id"][0]] += _decimal(row["product_uom_qty"])
    return [
        Shipped(
            move=row["id"], picking=row["picking_id"][0], product=row["product_id"][0], uom=row["product_uom"][0],
            quantity=_decimal(row["quantity"]), group=(row.get("group_id") or [0])[0],
            per_unit=Decimal(1) if row["product_id"][0] in products or not units else demand[row["product_id"][0]] / units,
        )
        for row in sorted(rows, key=lambda row: row["id"])
        if row["state"] == "done" and row["picking_id"]
    ]  # fmt: skip


def wanted_of(work: Work) -> dict[int, Decimal]:
    """What of persons' receipts is to be counted for this return, by their moves."""
    return {
        move: size
        for part in work.plan.parts
        for move, size in to_count(part, work.shipped[part.line_id], work.backs).items()
    }


def name_of(plan: ReturnPlan, part: Part) -> str:
    """The description of the moves of a line: how they are told from those of other returns, also after Odoo split them."""
    return f"Return {plan.return_id}, line {part.line_id}"


def note_of(plan: ReturnPlan) -> str:
    """The transfer's note, as HTML."""
    return f"<p>{escape(plan.states)}</p>"


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value)).normalize()
