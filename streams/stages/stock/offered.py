"""The number that one channel may sell, and every term it is made of (INV-2, INV-6). Pure.

    on_hand        + of each warehouse that ships for the channel          1. added up: what there is
    reserved       - of each of them
    open_order     - each order that Odoo does not account for yet         (see `ledger`)
    buffer         - units never offered
    ratio          share of it                                             2. allotted, each term the number after it
    floor          at least so many, as far as there are so many
    cap            at most so many
    whole          rounded down to whole units
    none           never negative
    unknown, inactive, not_offered    the number is 0 whatever there is

An open order counts on every channel, whichever warehouse will ship it: which one is known only once it is reserved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from schemas.records import StockLevel, Term
from streams.stages.demand import number, quantity_text
from streams.stages.stock.allocation import Allocation
from streams.stages.stock.ledger import Ledger, OpenUnits, open_units

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Offered:
    """A number of whole units, never negative, and how it came about."""

    quantity: int
    terms: tuple[Term, ...]


def offered(ledger: Ledger, allocation: Allocation, counted: Sequence[OpenUnits] | None = None) -> Offered:
    """What the channel with these terms may sell of this SKU now. `counted`: `open_units(ledger)`, where they are at hand."""
    level = ledger.level
    if level is None:
        return Offered(0, (_term("unknown", _ZERO, "Odoo told nothing of this SKU"),))
    if not level["active"]:
        return Offered(0, (_term("inactive", _ZERO, f"product {level['product_id']}@{level['version']}"),))
    if not allocation.offer:
        return Offered(0, (_term("not_offered", _ZERO, allocation.setting("offer")),))
    terms = _addends(open_units(ledger) if counted is None else counted, level, allocation)
    available = sum((number(term["quantity"]) for term in terms), _ZERO)
    quantity, more = _allotted(available, allocation)
    return Offered(quantity, (*terms, *more))


def _addends(counted: Sequence[OpenUnits], level: StockLevel, allocation: Allocation) -> list[Term]:
    places = [p for p in level["locations"] if not allocation.warehouses or p["warehouse"] in allocation.warehouses]
    terms = []
    for place in places:
        event = f"{place['warehouse']}@{level['version']}"
        terms.append(_term("on_hand", number(place["on_hand"]), event))
        if reserved := number(place["reserved"]):
            terms.append(_term("reserved", -reserved, event))
    for order in counted:
        event = f"{order.order_key}@{order.version}" if order.version else order.order_key
        terms.append(_term("open_order", -order.units, event))
    if allocation.buffer:
        terms.append(_term("buffer", -allocation.buffer, allocation.setting("buffer")))
    return terms


def _allotted(available: Decimal, allocation: Allocation) -> tuple[int, list[Term]]:
    left = max(available, _ZERO)
    steps = [("none", left, "never negative")]
    shared = left * allocation.ratio
    steps.append(("ratio", shared, allocation.setting("ratio")))
    raised = max(shared, min(Decimal(allocation.floor), left))
    steps.append(("floor", raised, allocation.setting("floor")))
    capped = raised if allocation.cap is None else min(raised, Decimal(allocation.cap))
    steps.append(("cap", capped, allocation.setting("cap")))
    whole = capped.to_integral_value(ROUND_FLOOR)
    steps.append(("whole", whole, "whole units"))
    terms, before = [], available
    for name, after, event in steps:
        if after != before:
            terms.append(_term(name, after, event))
        before = after
    return int(whole), terms


def _term(name: str, quantity: Decimal, event: str) -> Term:
    return Term(name=name, quantity=quantity_text(quantity), event=event)
