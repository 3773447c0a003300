"""Lines of an order that stands in Odoo: what of a person's changes stays, and what is written (ORD-5, ORD-6, FUL-3). Pure.

    of a line that exists            the marketplace's newer state is written
    quantity lower in Odoo           stays: a person cancels some of it. Marketplaces never raise what was ordered
    goods' line that was deleted     stays deleted, for the same reason
    price, tax, higher quantity      made what the marketplace says, which is what the buyer pays; the note on the order names each
    line a person added              stays, and shows in the total

What is kept is taken off the total the order is compared with, so that it is no exception to the cent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from connectors.odoo.charges import total_of
from connectors.odoo.keys import below
from connectors.odoo.money import ZERO
from connectors.odoo.plan import Goods, LinePlan, OrderPlan, Service
from connectors.odoo.references import Resolved, ResolvedLine

READ_LINE = ("order_id", "product_id", "product_uom_qty", "price_unit", "tax_id")
_NAMES = {"product_uom_qty": "quantity", "price_unit": "price"}


@dataclass(frozen=True, slots=True)
class Standing:
    """An order's lines as they stand.

    rows       record -> what READ_LINE names, of all its lines but sections and notes
    ids        external id -> record, of those this sink has written
    written    ids of lines at the marketplace that were written once, of an order that lacks one
    """

    rows: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    ids: Mapping[str, int] = field(default_factory=dict)
    written: Collection[str] = ()

    def units(self, parent: str, line_id: str) -> Decimal | None:
        """What stands of a marketplace line, at all its prices; None when nothing of it does."""
        first = below(parent, "line", line_id)
        found = [record for one, record in self.ids.items() if one == first or _is_part(one, first)]
        return sum((_decimal(self.rows[record]["product_uom_qty"]) for record in found), ZERO) if found else None


@dataclass(frozen=True, slots=True)
class Kept:
    """Units of a marketplace line that a person has lowered in Odoo; `deleted`: with the line itself."""

    line_id: str
    sku: str
    odoo: Decimal
    marketplace: Decimal
    deleted: bool

    @property
    def words(self) -> str:
        """For the note on the order."""
        if self.deleted:
            return f"{self.sku}: its line was deleted here and is not made again; {_plain(self.marketplace)} at the marketplace"
        return f"{self.sku}: {_plain(self.odoo)} here, {_plain(self.marketplace)} at the marketplace; left as it is"


def absent(lines: Sequence[LinePlan], parent: str, standing: Standing) -> list[str]:
    """Ids of marketplace lines of which nothing stands."""
    wanted = dict.fromkeys(line.line_id for line in lines if isinstance(line.item, Goods))
    return [line_id for line_id in wanted if standing.units(parent, line_id) is None]


def keep(lines: Sequence[LinePlan], parent: str, standing: Standing) -> tuple[tuple[LinePlan, ...], tuple[Kept, ...]]:
    """The lines with quantities no higher than a person has left them, and what that is."""
    kept: list[Kept] = []
    over: dict[str, Decimal] = {}
    for line_id in dict.fromkeys(line.line_id for line in lines if isinstance(line.item, Goods)):
        parts = [line for line in lines if isinstance(line.item, Goods) and line.line_id == line_id]
        wanted = sum((part.quantity for part in parts), ZERO)
        units = standing.units(parent, line_id)
        deleted = units is None and line_id in standing.written
        left = ZERO if deleted else wanted if units is None else units
        if left < wanted:
            over[line_id] = wanted - left
            assert isinstance(parts[0].item, Goods)
            kept.append(Kept(line_id, parts[0].item.sku, left, wanted, deleted))
    return tuple(_lowered(lines, over)), tuple(kept)


def kept_plan(plan: OrderPlan, standing: Standing) -> tuple[OrderPlan, tuple[Kept, ...]]:
    """The order as it is to be written, total included."""
    lines, kept = keep(plan.lines, plan.xid, standing)
    if not kept:
        return plan, ()
    total = plan.total - total_of(plan.lines, plan.currency) + total_of(lines, plan.currency)
    return replace(plan, lines=lines, total=total), kept


def kept_order(order: Resolved, standing: Standing) -> tuple[Resolved, tuple[Kept, ...]]:
    """The same with database ids."""
    plan, kept = kept_plan(order.plan, standing)
    resolved = (replace(one, plan=line) for one, line in zip(order.lines, plan.lines, strict=True))
    return replace(order, plan=plan, lines=tuple(resolved)), kept


def missing(lines: Sequence[ResolvedLine], standing: Standing) -> list[tuple[int, ResolvedLine]]:
    """(position, line) of those that are to be made."""
    return [(at, line) for at, line in enumerate(lines) if line.plan.xid not in standing.ids and line.plan.quantity]


def line_commands(lines: Sequence[ResolvedLine], standing: Standing) -> list[list[Any]]:
    """`order_line` commands that bring the lines that stand in line with the plan. Those of ours that are not planned any more (a second
    price, a tax that fell away) are set to nothing."""
    commands: list[list[Any]] = []
    planned = {line.plan.xid for line in lines}
    for line in lines:
        record = standing.ids.get(line.plan.xid)
        if record is not None and (changed := _changed(line, standing.rows[record])):
            commands.append([1, record, changed])
    for one, record in standing.ids.items():
        if one not in planned and standing.rows[record]["product_uom_qty"]:
            commands.append([1, record, {"product_uom_qty": 0}])
    return commands


def words_of(commands: Sequence[Sequence[Any]], lines: Sequence[ResolvedLine], standing: Standing) -> list[str]:
    """What is about to be changed and made, for people: SKUs and names of charges, no personal data."""
    labels = {standing.ids[line.plan.xid]: _label(line.plan) for line in lines if line.plan.xid in standing.ids}
    found = []
    for _, record, values in commands:
        row = standing.rows[record]
        changes = [
            f"{name} {_plain(_decimal(row[column]))} -> {_plain(_decimal(values[column]))}"
            for column, name in _NAMES.items()
            if column in values and _decimal(row[column]) != _decimal(values[column])
        ]
        changes += ["taxes"] if "tax_id" in values else []
        label = labels.get(record) or (row["product_id"][1] if row["product_id"] else "a line")
        found.append(f"{label}: {', '.join(changes)}")
    return found + [
        f"{_label(line.plan)}: made, {_plain(line.plan.quantity)} at {_plain(line.plan.price)}"
        for _, line in missing(lines, standing)
        if line.unknown is None
    ]


def _changed(line: ResolvedLine, row: Mapping[str, Any]) -> dict[str, Any]:
    """Price and quantity go together: a quantity written alone makes Odoo look the price up anew."""
    changed: dict[str, Any] = {}
    plan = line.plan
    other_quantity = _decimal(row["product_uom_qty"]) != plan.quantity
    if other_quantity or (plan.quantity and _decimal(row["price_unit"]) != plan.price):
        changed = {"product_uom_qty": float(plan.quantity), "price_unit": float(plan.price)}
    if sorted(row["tax_id"]) != sorted(line.taxes):
        changed["tax_id"] = [[6, 0, list(line.taxes)]]
    return changed


def _lowered(lines: Sequence[LinePlan], over: dict[str, Decimal]) -> list[LinePlan]:
    """The last price of a line is lowered first."""
    found: list[LinePlan] = []
    for line in reversed(lines):
        less = min(over.get(line.line_id, ZERO), line.quantity) if isinstance(line.item, Goods) else ZERO
        if less:
            over[line.line_id] -= less
        found.append(replace(line, quantity=line.quantity - less) if less else line)
    return found[::-1]


def _is_part(one: str, first: str) -> bool:
    """Whether it is a further price of the line, not an extra of it."""
    return one.startswith(f"{first}/") and one[len(first) + 1 :].isdigit()


def _label(line: LinePlan) -> str:
    return line.name if isinstance(line.item, Service) else line.item.sku


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
