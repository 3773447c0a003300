"""Whether the supplier's side asks what the purchase order says, within what is tolerated (PO-1). Decimal, yuan. Pure.

A unit's price and the goods of an order may differ by a share of what we reckon with, or by a small amount; freight, of which purchase orders say
nothing, may cost so much. Cheaper counts like dearer: either way somebody reckons with another number.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from connectors.alibaba.purchase_answers import MadeOrder, Previewed
from connectors.alibaba.purchase_plan import CNY, Wanted
from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.kit.money import decimal_text
from schemas.records import ResultDifference

PRICE, FREIGHT, TOTAL, QUANTITY, LINE = "price", "freight", "total", "quantity", "line"
_HUNDRED = Decimal(100)


def before(wanted: Sequence[Wanted], found: Previewed, limits: AlibabaPurchases) -> list[ResultDifference]:
    """What a preview asks otherwise. What it does not say is told too: nothing is ordered at an unknown price."""
    differences = []
    for one in wanted:
        theirs = found.prices.get(one.spec)
        if theirs is not None and _differs(one.price * one.quantity, theirs * one.quantity, limits):
            differences += [_told(PRICE, one.price, theirs, line_id) for line_id in one.line_ids]
    if found.goods is None or found.freight is None:
        return [*differences, ResultDifference(what=TOTAL, line_id="", ours=_yuan(_sum(wanted)), theirs="not said")]
    return differences + _sums(wanted, found.goods, found.freight, limits)


def after(wanted: Sequence[Wanted], orders: Sequence[MadeOrder], limits: AlibabaPurchases) -> list[ResultDifference]:
    """What the orders that were made of it ask otherwise; nothing where an amount is not said."""
    goods, freight = Decimal(0), Decimal(0)
    for order in orders:
        if order.total is None:
            return []
        freight += order.freight or 0
        goods += order.total - (order.freight or 0)
    return _sums(wanted, goods, freight, limits)


def _sums(
    wanted: Sequence[Wanted], goods: Decimal, freight: Decimal, limits: AlibabaPurchases
) -> list[ResultDifference]:
    found = []
    if _differs(_sum(wanted), goods, limits):
        found.append(_told(TOTAL, _sum(wanted), goods))
    if freight > limits.freight_tolerance:
        found.append(_told(FREIGHT, limits.freight_tolerance, freight))
    return found


def _differs(ours: Decimal, theirs: Decimal, limits: AlibabaPurchases) -> bool:
    return abs(theirs - ours) > max(ours * limits.price_tolerance_percent / _HUNDRED, limits.price_tolerance_amount)


def _sum(wanted: Sequence[Wanted]) -> Decimal:
    return sum((one.price * one.quantity for one in wanted), Decimal(0))


def _told(what: str, ours: Decimal, theirs: Decimal, line_id: str = "") -> ResultDifference:
    return ResultDifference(what=what, line_id=line_id, ours=_yuan(ours), theirs=_yuan(theirs))


def _yuan(amount: Decimal) -> str:
    return f"{decimal_text(amount.quantize(Decimal('0.000001')))} {CNY}"
