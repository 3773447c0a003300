"""Do both sides agree after the day? Flow by flow, thing by thing. Pure: what was done, what each side holds, the pipeline's outcomes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from schemas.records import Listing
from streams.demo.day import Day
from streams.demo.goods import NewProduct, Variant
from streams.demo.hands import Sale
from streams.demo.market import ELSEWHERE, MALFORMED, TEST_ORDER, Sold
from streams.observe.ledger import APPLIED, DEAD, HELD, Entry

Json = Mapping[str, Any]
# What is carried over to and from a marketplace; each is a function here.
FLOWS = (
    "shipments", "cancellations", "refunds", "stock", "prices", "returns", "settlements", "listings", "catalogue", "fulfilment",
)  # fmt: skip
# What the pipeline writes for a flow; what is dead at its destination is told, whatever the numbers say. Of listings, see there.
WRITES = {
    "shipments": ("ship_order",), "cancellations": ("cancel_lines",), "refunds": ("refund_order",), "stock": ("set_stock",),
    "prices": ("set_price",), "returns": ("upsert_return",), "settlements": ("post_settlement",), "catalogue": ("merge_listing",),
    "fulfilment": ("acknowledge_order",),
}  # fmt: skip
NOT_COUNTED = {TEST_ORDER, ELSEWHERE}  # orders that ask nothing of our stock
NOT_READ = {MALFORMED}  # orders that become canonical ones only where they were read before or in spite of it


@dataclass(frozen=True, slots=True)
class FlowReport:
    """One flow: how many things should have arrived, how many did, and what is wrong. `market`: whose flow it is."""

    flow: str
    expected: int
    arrived: int
    problems: tuple[str, ...] = ()
    market: str = ""

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.market} {self.flow}".strip()

    @property
    def balanced(self) -> bool:
        """Everything that was done on one side is on the other, once."""
        return self.expected == self.arrived and not self.problems


@dataclass(frozen=True, slots=True)
class Sides:
    """What one marketplace and Odoo hold at the end.

    market     its name;  flows  those that are carried over;  cap  the largest stock number it takes
    items      of its snapshot;  orders  of the snapshots of all marketplaces, by reference
    mine       references of its own orders
    sold       the visible orders of all marketplaces
    sales      Odoo's sale orders as they are now
    free       SKU -> on hand less reserved in Odoo;  prices  SKU -> sales price
    left       order -> tracking numbers in Odoo;  back  order -> states of return deliveries
    credited   order -> sums of posted credit notes of its returns, in cents
    unreserved  SKU -> units of confirmed orders that wait without being reserved
    entries    journal entries of settlements
    told       SKU -> what the pipeline says of its listing;  back_in  SKU -> what it says of the marketplace's item, in Odoo
    heard      SKU -> the newest listing record of it
    taken      order -> units that leave or left the seller's own warehouse for it
    silent     orders whose returns do not tell of money
    dead       operation -> what its destination refused for good, of this marketplace
    read       orders that became deliveries to Odoo, also those that are held before it or were refused by it
    """

    market: str
    flows: frozenset[str]
    cap: int
    items: Json
    orders: Json
    mine: Collection[str]
    sold: Sequence[Sold]
    sales: Sequence[Sale]
    free: Mapping[str, float]
    prices: Mapping[str, float]
    left: Mapping[str, Sequence[str]]
    back: Mapping[str, Sequence[str]]
    credited: Mapping[str, Sequence[int]] = field(default_factory=dict)
    unreserved: Mapping[str, float] = field(default_factory=dict)
    entries: Sequence[Json] = field(default_factory=tuple)
    told: Mapping[str, Entry] = field(default_factory=dict)
    back_in: Mapping[str, Entry] = field(default_factory=dict)
    heard: Mapping[str, Listing] = field(default_factory=dict)
    taken: Mapping[str, float] = field(default_factory=dict)
    silent: Collection[str] = frozenset()
    dead: Mapping[str, Sequence[Entry]] = field(default_factory=dict)
    read: Collection[str] = frozenset()


def agree(day: Day, sides: Sides) -> list[FlowReport]:
    """Every flow of the day, as far as it is this marketplace's."""
    day = day.of(sides.mine)
    found = [
        shipments(day, sides), cancellations(day, sides), refunds(day, sides), stock(sides), prices(day, sides), returns(day, sides),
        settlements(day, sides), listings(day, sides), catalogue(day, sides), fulfilment(day, sides),
    ]  # fmt: skip
    return [_with_dead(report, sides) for report in found if report.flow in sides.flows]


def _with_dead(report: FlowReport, sides: Sides) -> FlowReport:
    entries = [entry for operation in WRITES.get(report.flow, ()) for entry in sides.dead.get(operation, ())]
    dead = tuple(f"{entry.key}: dead, {entry.reason}: {entry.detail}" for entry in entries)
    return replace(report, market=sides.market, problems=report.problems + dead)


def shipments(day: Day, sides: Sides) -> FlowReport:
    """Each parcel that left is at the marketplace under its number, once; nothing of a shipped order is open there."""
    wrong, arrived, expected = [], 0, 0
    for sale in day.shipped:
        theirs = sides.orders[sale.reference]
        ours = list(sides.left.get(sale.reference, ()))
        expected += len(ours)
        arrived += len(set(ours) & set(theirs["parcels"]))
        if missing := sorted(set(ours) - set(theirs["parcels"])):
            wrong.append(f"{sale.reference}: {', '.join(missing)} is not at the marketplace")
        if any(line["open"] for line in theirs["lines"]):
            wrong.append(f"{sale.reference}: units are still open at the marketplace")
        if theirs["writes"].get("shipping", 0) > len(ours):
            wrong.append(f"{sale.reference}: told {theirs['writes']['shipping']} times for {len(ours)} deliveries")
    return FlowReport("shipments", expected, arrived, tuple(wrong))


def cancellations(day: Day, sides: Sides) -> FlowReport:
    """Each order that was cancelled in Odoo is cancelled at the marketplace, by one call."""
    wrong, arrived = [], 0
    for sale in day.cancelled:
        theirs = sides.orders[sale.reference]
        done = not any(line["open"] for line in theirs["lines"]) and theirs["status"] == "Cancelled"
        arrived += done
        if not done:
            wrong.append(f"{sale.reference}: {theirs['status']} at the marketplace")
        if theirs["writes"].get("cancel", 0) > 1:
            wrong.append(f"{sale.reference}: cancelled {theirs['writes']['cancel']} times")
    return FlowReport("cancellations", len(day.cancelled), arrived, tuple(wrong))


def refunds(day: Day, sides: Sides) -> FlowReport:
    """Each credit note of an order is one refund at the marketplace, of its sum."""
    wrong, arrived = [], 0
    for reference, cents in day.credited.items():
        theirs = sides.orders[reference]
        calls, given = theirs["writes"].get("refund", 0), theirs["refunded_cents"]
        arrived += calls >= 1
        if calls != 1 or given != cents:
            wrong.append(f"{reference}: {calls} refunds of {given / 100:.2f} for a credit note of {cents / 100:.2f}")
    return FlowReport("refunds", len(day.credited), arrived, tuple(wrong))


def stock(sides: Sides) -> FlowReport:
    """Each item's number at the marketplace is what Odoo can still promise."""
    promised = _promised(sides)
    wrong, arrived, expected = [], 0, 0
    for sku, item in sides.items.items():
        if sku not in sides.free or item["elsewhere"]:
            continue
        expected += 1
        left = sides.free[sku] - promised.get(sku, 0) - sides.unreserved.get(sku, 0)
        right = min(max(math.floor(left), 0), sides.cap)
        theirs = item["stock"]["amount"]
        arrived += right == theirs
        if right != theirs:
            wrong.append(f"{sku}: {theirs} at the marketplace, {right} can be promised")
    return FlowReport("stock", expected, arrived, tuple(wrong))


def _promised(sides: Sides) -> dict[str, int]:
    """SKU -> units of orders that Odoo's free number does not know of: those it has not confirmed, or never got."""
    known = {sale.reference for sale in sides.sales}.union(sides.read)
    reserved = {sale.reference for sale in sides.sales if sale.state not in ("draft", "sent")}
    found: dict[str, int] = {}
    for order in sides.sold:
        reference, traits = order.reference, order.traits
        if reference in reserved or NOT_COUNTED & traits or (NOT_READ & traits and reference not in known):
            continue
        for line in sides.orders[reference]["lines"]:
            found[line["sku"]] = found.get(line["sku"], 0) + line["ordered"] - line["cancelled"]
    return found


def prices(day: Day, sides: Sides) -> FlowReport:
    """Changed prices arrived; those too large for one person wait, the marketplace keeps the old ones."""
    wrong, arrived = [], 0
    items = sides.items
    for sku, price in day.repriced.items():
        right = items[sku]["price_cents"] == round(float(price) * 100)
        arrived += right
        if not right:
            wrong.append(f"{sku}: {items[sku]['price_cents'] / 100:.2f} at the marketplace, {price} in Odoo")
    for sku, price in day.too_large.items():
        held_back = items[sku]["price_cents"] != round(float(price) * 100)
        arrived += held_back
        if not held_back:
            wrong.append(f"{sku}: {price} went out although nobody approved it")
    return FlowReport("prices", len(day.repriced) + len(day.too_large), arrived, tuple(wrong))


def returns(day: Day, sides: Sides) -> FlowReport:
    """Each return is one return delivery in Odoo, received as the goods are, and one credit note of what the buyer has back: none where the
    marketplace does not tell of money, or where a person's note had it refunded. Only that one is a refund to the marketplace."""
    wrong, arrived = [], 0
    for reference in day.returned:
        states, notes = list(sides.back.get(reference, ())), list(sides.credited.get(reference, ()))
        by_note, theirs = reference in day.credited, sides.orders[reference]
        due = 0 if by_note or reference in sides.silent else 1
        refunds, given = theirs["writes"].get("refund", 0), theirs.get("returned_cents", sum(notes))
        arrived += states == ["done"] and len(notes) == due
        if states != ["done"]:
            wrong.append(f"{reference}: return deliveries {', '.join(states) or 'none'}")
        if len(notes) != due:
            wrong.append(f"{reference}: {len(notes)} credit notes for its return, not {due}")
        elif due and sum(notes) != given:
            wrong.append(f"{reference}: {sum(notes) / 100:.2f} credited, {given / 100:.2f} went back to the buyer")
        if refunds != by_note:
            wrong.append(f"{reference}: its money went back by {refunds} refunds, not {int(by_note)}")
    return FlowReport("returns", len(day.returned), arrived, tuple(wrong))


def settlements(day: Day, sides: Sides) -> FlowReport:
    """The report is one posted entry, balanced."""
    if sides.market not in day.settlements:
        return FlowReport("settlements", 0, 0)
    posted = [entry for entry in sides.entries if entry["state"] == "posted"]
    wrong = [] if len(sides.entries) == len(posted) == 1 else [f"{len(sides.entries)} entries, {len(posted)} posted"]
    wrong += [
        f"{entry['ref']}: debit {entry['debit']}, credit {entry['credit']}"
        for entry in posted
        if entry["debit"] != entry["credit"]
    ]
    return FlowReport("settlements", 1, min(len(posted), 1), tuple(wrong))


def listings(day: Day, sides: Sides) -> FlowReport:
    """Each new product is published under its title, GTIN and price; each that may not be is one exception that says why, and nowhere listed."""
    wrong, arrived, expected = [], 0, 0
    for product in day.made:
        for variant in product.variants:
            expected += 1
            problem = _not_refused(product, variant, sides) if product.faults else _not_listed(product, variant, sides)
            arrived += not problem
            if problem:
                wrong.append(f"{variant.sku}: {problem}")
        if not product.faults and len({_group(variant, sides) for variant in product.variants}) > 1:
            wrong.append(f"{product.name}: its variants are in different groups")
    refused = {variant.sku for product in day.made if product.faults for variant in product.variants}
    others = sorted(sku for sku, entry in sides.told.items() if entry.state in (DEAD, HELD) and sku not in refused)
    wrong += [f"{sku}: {sides.told[sku].state}, {sides.told[sku].detail}" for sku in others]
    return FlowReport("listings", expected, arrived, tuple(wrong))


def _not_listed(product: NewProduct, variant: Variant, sides: Sides) -> str:
    """What is wrong with the listing of one that can be listed; empty when nothing is."""
    item = sides.items.get(variant.sku)
    if item is None:
        return "not at the marketplace"
    right = {
        "published": "PUBLISHED",
        "name": product.shown_title,
        "gtin": variant.barcode.zfill(14),
        "price_cents": round(sides.prices.get(variant.sku, 0.0) * 100),
    }
    off = [f"{name} {item[name]}, not {value}" for name, value in right.items() if item[name] != value]
    if len(product.variants) > 1 and not item["variant_group"]:
        off.append("in no variant group")
    entry = sides.told.get(variant.sku)
    if not off and (entry is None or entry.state != APPLIED):
        off.append(f"the pipeline says {entry.state if entry else 'nothing'}")
    return "; ".join(off)


def _not_refused(product: NewProduct, variant: Variant, sides: Sides) -> str:
    """What is wrong with the exception of one that may not be listed; empty when nothing is."""
    if variant.sku in sides.items:
        return "is at the marketplace although it may not be"
    entry = sides.told.get(variant.sku)
    if entry is None or (entry.state, entry.reason) != (DEAD, "data"):
        return f"no exception: {entry.state if entry else 'nothing'} {entry.reason if entry else ''}".rstrip()
    untold = [code for code in product.faults if f"[{code}]" not in entry.detail]
    return f"the exception does not say {', '.join(untold)}" if untold else ""


def _group(variant: Variant, sides: Sides) -> str:
    item = sides.items.get(variant.sku)
    return str(item["variant_group"]) if item else ""


def catalogue(day: Day, sides: Sides) -> FlowReport:
    """What was published comes back: status and the marketplace's own id of each new item, which Odoo's product has been held against; and what
    it took off sale, with the reason (PRD-2, PRD-4)."""
    skus = [variant.sku for product in day.made if not product.faults for variant in product.variants]
    found = {sku: _not_back(sku, sides) for sku in skus}
    if sides.market in day.objected:
        sku, word = day.objected[sides.market]
        found[f"{sku}, taken off sale"] = _not_heard(sides.heard.get(sku), word)
    wrong = [f"{name}: {problem}" for name, problem in found.items() if problem]
    return FlowReport("catalogue", len(found), len(found) - len(wrong), tuple(wrong))


def _not_back(sku: str, sides: Sides) -> str:
    """What did not come back of an item; empty when all did."""
    entry, heard = sides.back_in.get(sku), sides.heard.get(sku)
    if heard is None or entry is None:
        return "nothing came back"
    theirs = sides.items.get(sku, {}).get("id", heard["item_id"])
    if not theirs or heard["item_id"] != theirs:
        return f"came back as {heard['item_id'] or 'nothing'}, it is {theirs or 'nothing'} there"
    if heard["status"] != "published":
        return f"came back {heard['status']}"
    return "" if entry.state == APPLIED else entry.state


def _not_heard(heard: Listing | None, word: str) -> str:
    if heard is None or heard["status"] != "unpublished":
        return f"came back {heard['status']}" if heard else "nothing came back"
    return "" if any(word in problem["detail"] for problem in heard["problems"]) else "came back without the reason"


def fulfilment(day: Day, sides: Sides) -> FlowReport:
    """Each order the marketplace ships itself is in Odoo in the warehouse that stands for its stock, takes nothing of the seller's, and nobody
    tells the marketplace of parcels of it (ORD-10)."""
    theirs = {order.reference for order in sides.sold if ELSEWHERE in order.traits}
    wrong, expected = [], 0
    for sale in sides.sales:
        if sale.reference not in theirs or sale.reference not in sides.mine:
            continue
        expected += 1
        if sale.elsewhere != sides.market:
            wrong.append(f"{sale.reference}: is shipped from the warehouse of {sale.elsewhere or 'the seller'}")
        elif units := sides.taken.get(sale.reference, 0):
            wrong.append(f"{sale.reference}: takes {units:g} units of the seller's stock")
        elif told := sides.orders[sale.reference]["writes"].get("shipping", 0):
            wrong.append(f"{sale.reference}: told of as shipped {told} times")
    wrong += [f"{sale.reference}: not closed" for sale in day.sent if not sides.left.get(sale.reference)]
    return FlowReport("fulfilment", expected, max(expected - len(wrong), 0), tuple(wrong))


def told_of(found: Iterable[FlowReport]) -> str:
    """In one line, marketplace by marketplace."""
    parts = groupby(found, key=lambda one: one.market)
    lines = ((name, "  ".join(f"{one.flow} {one.arrived}/{one.expected}" for one in part)) for name, part in parts)
    return "   ".join(f"{name}: {line}" for name, line in lines)


def balanced(found: Iterable[FlowReport]) -> bool:
    """All of them."""
    return all(report.balanced for report in found)
