"""Operation `check_packing` (EDGE-5): what was scanned and weighed at a packing station, held against its transfer.

    right            the weight goes to the transfer, a note says so; a hold of an earlier check ends, its activity is done
    not right        a word in the transfer's note says not to ship it, a note says which item, the responsible gets an activity;
                     the delivery waits as an exception until a right check comes, or a person takes the word away
    no such transfer, or several: an exception of its own, nothing is written
    shipped or cancelled already: an exception, with a note; nothing can be held any more

Odoo knows no hold of its own, so nothing stops somebody who ships it all the same. What is reserved stays reserved, unlike for a buyer's request to
cancel: the goods lie before the packer, and another order must not get them.

What was done is remembered per transfer, with the check's version: an older check is stale, the same one again only finishes what was cut off. A
person who takes the word away has decided: the same check does not put it back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from connectors.kit.errors import ConnectorError, DataError, RetryError
from connectors.kit.ports import Delivery, Difference, Outcome, Result
from connectors.odoo import activities
from connectors.odoo.chatter import note
from connectors.odoo.client import Odoo
from connectors.odoo.external import find
from connectors.odoo.handling import done, each
from connectors.odoo.holds import is_held
from connectors.odoo.kept import ATTACHMENT, keep
from connectors.odoo.keys import xid
from connectors.odoo.loading import CONTEXT
from connectors.odoo.packing_plan import Memory, Product, compare, told, wanted, weight_in
from connectors.odoo.settings import OdooSettings
from schemas.reasons import Reason
from schemas.records import PackingCheck

PICKING, MOVE, PRODUCT = "stock.picking", "stock.move", "product.product"
PACKING = "packing"  # kind of what a wrong check waits for: packing:iotbox:STATION:PICKING
WORD = "HOLD: what was packed is not what belongs to it. Do not ship."
WEIGHT, WEIGHT_UNIT = "shipping_weight", "weight_uom_name"
_MARK = f"<p><strong>{WORD}</strong></p>"
_ANY_MARK = re.compile(rf"<p>\s*(<[^/p][^>]*>)*\s*{re.escape(WORD)}\s*(</[^p][^>]*>)*\s*</p>")
_BUYER_CANCELS = "the buyer asked the marketplace to cancel it"


@dataclass(frozen=True, slots=True)
class Looked:
    """A check beside its transfer. problems: what is wrong, in words; is_data: something of it nobody knows; weight: in Odoo's unit."""

    picking: Mapping[str, Any]
    problems: tuple[str, ...]
    is_data: bool
    packed: int
    weight: Decimal | None
    unit: str

    @property
    def is_over(self) -> bool:
        """It left, or is cancelled: nothing of it can be changed."""
        return self.picking["state"] in ("done", "cancel")


class PackingChecks:
    """See the module's first lines."""

    def __init__(self, odoo: Odoo, settings: OdooSettings) -> None:
        self._odoo, self._module = odoo, settings.module
        self._weight_fields: tuple[str, ...] | None = None

    async def write(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await each(batch, self._written)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [await self._previewed(one) for one in batch]

    async def is_free(self, rest: str) -> bool:
        """Whether `SOURCE:STATION:PICKING` carries no word of ours any more."""
        name = rest.split(":", 2)[-1]
        rows = await self._odoo.rows(PICKING, [["name", "=", name]], ["note"])
        return bool(rows) and not any(is_marked(row) for row in rows)

    async def _written(self, delivery: Delivery) -> Outcome:
        check = cast(PackingCheck, delivery.body)
        memory = await self._recalled(check["picking"])
        if memory.version > delivery.version:
            return Outcome(Result.STALE, remote_model=PICKING)
        if memory.done and memory.delivery == delivery.id:
            return await self._again(check, memory)
        looked = await self._looked(check)
        if memory.delivery != delivery.id:  # from now on it is under way, whatever happens between two calls
            began = Memory(
                delivery.version, delivery.id, memory.marked, looked.problems, looked.is_data, memory.activity
            )
            await self._keep(check["picking"], memory := began)
        if looked.problems:
            return await self._held(delivery, check, looked, memory)
        return await self._right(delivery, check, looked, memory)

    async def _again(self, check: PackingCheck, memory: Memory) -> Outcome:
        """The same check once more. Wrong as it was, it waits on while the transfer is held, and is settled once it is free."""
        (picking, *_) = await self._pickings(check["picking"], ["note", "state"])
        if memory.problems and (not memory.marked or is_marked(picking)):
            return _refused(check, memory.problems, is_data=memory.is_data, waits=memory.marked)
        return done((), PICKING, picking["id"], ["freed_by_a_person"] if memory.problems else [])

    # ---- what is there

    async def _looked(self, check: PackingCheck) -> Looked:
        fields = await self._fields()
        names = ["state", "note", "user_id", "sale_id", *fields]
        picking = (await self._pickings(check["picking"], names))[0]
        unit = str(picking.get(WEIGHT_UNIT) or "kg")
        domain = [["picking_id", "=", picking["id"]], ["state", "!=", "cancel"]]
        columns = ["product_id", "product_uom_qty", "quantity", "product_uom"]
        moves = await self._odoo.rows(MOVE, domain, columns)
        belonging = wanted(moves, await self._factors(moves))
        codes = [one["code"] for one in check["scans"]]
        result = compare(check, belonging, await self._products(codes, list(belonging)))
        problems = [*told(result.problems)]
        if picking["state"] == "cancel":
            problems.insert(0, "it is cancelled in Odoo")
        elif is_held(dict(picking)):
            problems.insert(0, _BUYER_CANCELS)
        return Looked(picking, tuple(problems), result.is_data, result.packed, weight_in(check, unit), unit)

    async def _pickings(self, name: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """The one transfer of that name. Raises DataError."""
        rows = await self._odoo.rows(PICKING, [["name", "=", name]], fields)
        if not rows:
            raise DataError(
                f"Odoo has no transfer {name[:80]}: a foreign or deleted one; scan the barcode of Odoo's own slip"
            )
        if len(rows) > 1:
            raise DataError(f"Odoo has {len(rows)} transfers {name[:80]}: rename all but one, then replay")
        return rows

    async def _products(self, codes: Sequence[str], ids: Sequence[int]) -> list[Product]:
        domain = [
            "|",
            "|",
            ["barcode", "in", list(codes)],
            ["default_code", "in", list(codes)],
            ["id", "in", list(ids)],
        ]
        rows = await self._odoo.rows(PRODUCT, domain, ["default_code", "barcode"], context={"active_test": False})
        return [
            Product(
                row["id"], str(row["default_code"] or row["barcode"] or row["id"]), str(row["barcode"] or ""),
                str(row["default_code"] or ""),
            )
            for row in rows
        ]  # fmt: skip

    async def _factors(self, moves: Sequence[Mapping[str, Any]]) -> dict[int, Decimal]:
        """Move -> units of its product in one of its own, where they differ (a dozen)."""
        ids = sorted({move["product_id"][0] for move in moves})
        rows = await self._odoo.rows(PRODUCT, [["id", "in", ids]], ["uom_id"], context={"active_test": False})
        own = {row["id"]: row["uom_id"][0] for row in rows if row["uom_id"]}
        other = {
            move["id"]: (move["product_uom"][0], own[move["product_id"][0]])
            for move in moves
            if move["product_uom"] and own.get(move["product_id"][0], move["product_uom"][0]) != move["product_uom"][0]
        }
        if not other:
            return {}
        units = sorted({unit for pair in other.values() for unit in pair})
        found = await self._odoo.rows("uom.uom", [["id", "in", units]], ["factor"], context={"active_test": False})
        factor = {row["id"]: Decimal(repr(float(row["factor"]))) for row in found}
        return {move: factor[product] / factor[unit] for move, (unit, product) in other.items()}

    async def _fields(self) -> tuple[str, ...]:
        """Those of weights; an Odoo without delivery costs has none."""
        if self._weight_fields is None:
            found = await self._odoo.ask(PICKING, "fields_get", [WEIGHT, WEIGHT_UNIT], ["type"])
            self._weight_fields = tuple(name for name in (WEIGHT, WEIGHT_UNIT) if name in found)
        return self._weight_fields

    # ---- what is done

    async def _held(self, delivery: Delivery, check: PackingCheck, looked: Looked, memory: Memory) -> Outcome:
        number, picking = looked.picking["id"], looked.picking
        head = f"Packing station {check['account']}: what was packed is not what belongs to {check['picking']}."
        if looked.is_over:
            head = f"Packing station {check['account']} packed {check['picking']}, which is {_over(picking)} already."
        await self._tell(delivery, number, [head, *looked.problems])
        if not looked.is_over and not is_marked(picking):
            text = _MARK + (picking["note"] or "")
            await self._odoo.tell(PICKING, "write", [number], {"note": text}, context=CONTEXT)
        key = xid(self._module, "packing_activity", check["picking"], str(delivery.version))
        summary = f"{check['picking']} is packed wrong"
        user = await self._responsible(picking)
        asked = activities.Wanted(key, "stock.model_stock_picking", number, summary, (head, *looked.problems), user)
        activity = await activities.ask(self._odoo, asked, memory.activity)
        marked = not looked.is_over
        await self._keep(check["picking"], replace(memory, activity=activity, marked=marked, done=True))
        return _refused(check, looked.problems, is_data=looked.is_data, waits=marked)

    async def _right(self, delivery: Delivery, check: PackingCheck, looked: Looked, memory: Memory) -> Outcome:
        picking, did = looked.picking, []
        number, lines = (
            picking["id"],
            [f"Packing station {check['account']}: {looked.packed} units checked, all right."],
        )
        if looked.weight is not None:
            did += await self._weighed(looked)
            lines.append(f"Weight: {looked.weight} {looked.unit}")
        if is_marked(picking):
            text = _ANY_MARK.sub("", picking["note"]).replace(WORD, "")
            await self._odoo.tell(PICKING, "write", [number], {"note": text or False}, context=CONTEXT)
            lines.append("It was packed wrong before; it is free again.")
            did.append("released")
        await self._tell(delivery, number, lines)
        did += ["activity_done"] if await activities.close(self._odoo, memory.activity) else []
        await self._keep(check["picking"], replace(memory, activity=0, marked=False, done=True))
        return done(["checked", *did], PICKING, number)

    async def _weighed(self, looked: Looked) -> list[str]:
        if looked.is_over:
            return ["weight_too_late"]
        if WEIGHT not in await self._fields():
            return ["weight_noted"]
        weight = float(looked.weight or 0)
        if abs(float(looked.picking[WEIGHT] or 0) - weight) < 0.005:
            return []
        await self._odoo.tell(PICKING, "write", [looked.picking["id"]], {WEIGHT: weight}, context=CONTEXT)
        return ["weight_written"]

    async def _responsible(self, picking: Mapping[str, Any]) -> int:
        """The transfer's, else its order's salesperson, else nobody but us."""
        if picking["user_id"]:
            return int(picking["user_id"][0])
        if not picking["sale_id"]:
            return 0
        rows = await self._odoo.rows("sale.order", [["id", "=", picking["sale_id"][0]]], ["user_id"])
        return int(rows[0]["user_id"][0]) if rows and rows[0]["user_id"] else 0

    async def _tell(self, delivery: Delivery, picking: int, lines: Sequence[str]) -> None:
        """One note for each check, and another where a weight came late."""
        await note(self._odoo, xid(self._module, "packing_note", delivery.id), PICKING, picking, lines)

    async def _previewed(self, delivery: Delivery) -> Sequence[Difference]:
        check = cast(PackingCheck, delivery.body)
        try:
            memory = await self._recalled(check["picking"])
            if memory.version > delivery.version or (memory.done and memory.delivery == delivery.id):
                return ()
            looked = await self._looked(check)
        except RetryError:
            raise
        except ConnectorError as error:
            return [Difference(f"{check['picking'][:80]}: check", "", f"nothing: {error}", refused=True)]
        if looked.problems:
            return [Difference(f"{check['picking']}: hold", "", f"held: {'; '.join(looked.problems)}")]
        found = [Difference(f"{check['picking']}: note", "", f"{looked.packed} units checked, all right")]
        if looked.weight is not None and WEIGHT in looked.picking and not looked.is_over:
            before = f"{looked.picking[WEIGHT] or 0:g}"
            found.append(Difference(f"{check['picking']}: weight", before, f"{looked.weight} {looked.unit}"))
        return found

    # ---- what was done

    async def _recalled(self, picking: str) -> Memory:
        for number in (await find(self._odoo, [self._xid(picking)])).values():
            rows = await self._odoo.rows(ATTACHMENT, [["id", "=", number]], ["datas"])
            return Memory.read(rows[0]["datas"] if rows else None)
        return Memory()

    async def _keep(self, picking: str, memory: Memory) -> None:
        await keep(self._odoo, self._xid(picking), f"causeway packing {picking}", memory.datas())

    def _xid(self, picking: str) -> str:
        return xid(self._module, "packing", picking)


def is_marked(row: Mapping[str, Any]) -> bool:
    """Whether a transfer carries the word."""
    return WORD in (row["note"] or "")


def _over(picking: Mapping[str, Any]) -> str:
    return "cancelled" if picking["state"] == "cancel" else "shipped"


def _refused(check: PackingCheck, problems: Sequence[str], *, is_data: bool, waits: bool) -> Outcome:
    """The exception that people see: it waits until the transfer is free; what left already waits for nothing."""
    detail = f"{check['picking']} at station {check['account']}: {'; '.join(problems)}"
    waiting = f"{PACKING}:{check['key']}" if waits else ""
    advice = "pack it again and scan it all" if waits else "find the parcel"
    return Outcome(
        Result.FAILED,
        Reason.DATA if is_data else Reason.RULE,
        f"{detail}. To do: {advice}",
        waiting_for=waiting,
        remote_model=PICKING,
    )
