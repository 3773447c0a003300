"""Do Odoo and a supplier's platform agree? Offers, purchase orders, parcels. Pure: what was bought, what each side holds, the pipeline's outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from streams.demo.agree import FlowReport
from streams.demo.buyers import Seen, VendorPrice
from streams.demo.supplier import Offered, Placed
from streams.observe.ledger import DEAD, Entry

# What is carried over to and from a supplier's platform; each is a function here.
FLOWS = ("offers", "purchases", "tracking")
# What the pipeline writes for a flow; what is dead at its destination is told, unless it had to be.
WRITES = {
    "offers": ("upsert_supplier_product",), "purchases": ("create_purchase", "cancel_purchase", "note_purchase"),
    "tracking": ("update_purchase",),
}  # fmt: skip
MOST_CODES = 50  # different things that one order can hold


class End(StrEnum):
    """What is to become of a purchase order: it is ordered; ordered, then cancelled; or stopped, for it would not come as it says."""

    ORDERED = "ordered"
    CANCELLED = "cancelled"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Bought:
    """A confirmed purchase order. units: code -> how many;  cents: what the goods shall cost."""

    odoo_id: int
    name: str
    units: Mapping[str, int]
    cents: int
    end: End = End.ORDERED

    @property
    def references(self) -> list[str]:
        """What its orders are called: one for each 50 different things."""
        parts = -(-len(self.units) // MOST_CODES)
        return [self.name, *(f"{self.name}-{number}" for number in range(2, parts + 1))]


@dataclass(frozen=True, slots=True)
class Purchasing:
    """What both sides hold.

    supplier  the platform's name;  currency  of its prices;  words  of `Supplier`;  carrier  the delivery method of its parcels
    offered, placed   at the platform
    prices    vendor's code -> prices that stand in Odoo;  products  SKU -> how many products have it
    seen      purchase order -> as its buyer sees it
    dead      operation -> what its destination refused for good
    """

    supplier: str
    currency: str
    carrier: str
    words: Mapping[str, str]
    offered: Sequence[Offered]
    placed: Sequence[Placed]
    prices: Mapping[str, Sequence[VendorPrice]]
    products: Mapping[str, int]
    seen: Mapping[int, Seen]
    dead: Mapping[str, Sequence[Entry]] = field(default_factory=dict)

    def orders_of(self, one: Bought) -> list[Placed]:
        """All orders of a purchase order."""
        return [order for order in self.placed if order.reference in one.references]


def agree_on_purchases(bought: Sequence[Bought], sides: Purchasing, sent: Sequence[str] = ()) -> list[FlowReport]:
    """Every flow. sent: orders that have left the supplier."""
    return [offers(sides), purchases(bought, sides), tracking(bought, sides, sent)]


def offers(sides: Purchasing) -> FlowReport:
    """Each thing that is offered is one product with one vendor price, the platform's."""
    wrong = _dead("offers", sides)
    problems = {one.sku: _not_imported(one, sides) for one in sides.offered}
    wrong += [f"{sku}: {problem}" for sku, problem in problems.items() if problem]
    arrived = sum(not problem for problem in problems.values())
    return FlowReport("offers", len(problems), arrived, tuple(wrong), sides.supplier)


def _not_imported(one: Offered, sides: Purchasing) -> str:
    if (count := sides.products.get(one.sku, 0)) != 1:
        return f"{count} products"
    found = [(price.cents, price.currency) for price in sides.prices.get(one.code, ())]
    right = [(one.cents, sides.currency)]
    return "" if found == right else f"vendor prices {_money(found)}, not {_money(right)}"


def purchases(bought: Sequence[Bought], sides: Purchasing) -> FlowReport:
    """Each purchase order is what it should be at the platform, by one call for each part of it, and its buyer has been told."""
    wrong = _dead("purchases", sides, [one for one in bought if one.end is End.STOPPED])
    ends = {End.ORDERED: _not_ordered, End.CANCELLED: _not_cancelled, End.STOPPED: _not_stopped}
    problems = {one.name: ends[one.end](one, sides) for one in bought}
    wrong += [f"{name}: {problem}" for name, problem in problems.items() if problem]
    wrong += [f"{one.name}: ordered more than once" for one in bought if _is_doubled(one, sides)]
    names = {reference for one in bought for reference in one.references}
    wrong += [
        f"order {order.id}: nobody asked for {order.reference or 'it'}"
        for order in sides.placed
        if order.reference not in names
    ]
    arrived = sum(not problem for problem in problems.values())
    return FlowReport("purchases", len(bought), arrived, tuple(wrong), sides.supplier)


def _is_doubled(one: Bought, sides: Purchasing) -> bool:
    """Also when one of them is cancelled again."""
    orders = sides.orders_of(one)
    return any(len({order.creation for order in orders if order.reference == name}) > 1 for name in one.references)


def _not_ordered(one: Bought, sides: Purchasing) -> str:
    """What is wrong; empty when nothing is. Amounts to the cent."""
    orders, seen = sides.orders_of(one), sides.seen[one.odoo_id]
    units: dict[str, int] = {}
    for order in orders:
        for code, count in order.units.items():
            units[code] = units.get(code, 0) + count
    goods = sum(order.goods for order in orders)
    ids = sorted(order.id for order in orders)
    if {order.reference for order in orders} != set(one.references):
        return f"{len(orders)} orders of {', '.join(one.references)}"
    if any(order.is_cancelled for order in orders):
        return "cancelled at the platform"
    if units != one.units:
        return f"{sum(units.values())} units of {len(units)} things, not {sum(one.units.values())} of {len(one.units)}"
    if not goods == seen.cents == one.cents:
        return f"{goods / 100:.2f} at the platform, {seen.cents / 100:.2f} in Odoo, {one.cents / 100:.2f} were meant"
    if sorted(seen.reference) != ids:
        return f"its vendor reference names {', '.join(seen.reference) or 'nothing'}, not {', '.join(ids)}"
    return _not_told(seen, sides.words["ordered"]) or (f"asks for: {', '.join(seen.tasks)}" if seen.tasks else "")


def _not_cancelled(one: Bought, sides: Purchasing) -> str:
    alive = [order.id for order in sides.orders_of(one) if not order.is_cancelled]
    if alive:
        return f"{', '.join(alive)} is not cancelled at the platform"
    if not sides.orders_of(one):
        return "was never at the platform"
    return _not_told(sides.seen[one.odoo_id], sides.words["cancelled"])


def _not_stopped(one: Bought, sides: Purchasing) -> str:
    """It is an exception that its buyer reads of."""
    if orders := sides.orders_of(one):
        return f"was ordered as {', '.join(order.id for order in orders)} although its price is another"
    if not any(entry.key == _key(one) and entry.reason == "rule" for entry in sides.dead.get("create_purchase", ())):
        return "no exception"
    seen = sides.seen[one.odoo_id]
    return _not_told(seen, sides.words["stopped"]) or ("" if seen.tasks else "nobody is asked to decide")


def tracking(bought: Sequence[Bought], sides: Purchasing, sent: Sequence[str]) -> FlowReport:
    """Each parcel's number stands on the open receipt of its purchase order, once, with the carrier; no other does."""
    wrong, expected, arrived = _dead("tracking", sides), 0, 0
    for one in bought:
        theirs = {number for order in sides.orders_of(one) for number in order.parcels}
        ours, carriers = sides.seen[one.odoo_id].tracking, sides.seen[one.odoo_id].carriers
        expected += len(theirs)
        arrived += len(theirs & set(ours))
        if missing := sorted(theirs - set(ours)):
            wrong.append(f"{one.name}: {', '.join(missing)} is not on a receipt")
        if other := sorted(set(ours) - theirs):
            wrong.append(f"{one.name}: {', '.join(other)} is no parcel of it")
        if len(ours) != len(set(ours)):
            wrong.append(f"{one.name}: a parcel stands twice")
        if ours and set(carriers) != {sides.carrier}:
            wrong.append(f"{one.name}: comes by {', '.join(carriers) or 'nobody'}, not {sides.carrier}")
    there = {order.id for order in sides.placed if order.parcels}
    wrong += [f"order {one}: was sent without a number" for one in sent if one not in there]
    return FlowReport("tracking", expected, arrived, tuple(wrong), sides.supplier)


def _not_told(seen: Seen, words: str) -> str:
    """Each note once: it is told, and nothing is told twice."""
    if len(set(seen.notes)) != len(seen.notes):
        return "a note stands twice"
    return "" if any(words in note for note in seen.notes) else f"no note says: {words}"


def _dead(flow: str, sides: Purchasing, but: Sequence[Bought] = ()) -> list[str]:
    """Exceptions nobody expects."""
    right = {_key(one) for one in but}
    entries = [(name, entry) for name in WRITES[flow] for entry in sides.dead.get(name, ()) if entry.state == DEAD]
    return [
        f"{entry.key}: dead, {entry.reason}: {entry.detail}"
        for name, entry in entries
        if name != "create_purchase" or entry.key not in right
    ]


def _key(one: Bought) -> str:
    return f"odoo:purchase_order:{one.odoo_id}"


def _money(prices: Sequence[tuple[int, str]]) -> str:
    return ", ".join(f"{cents / 100:.2f} {currency}" for cents, currency in prices) or "none"
