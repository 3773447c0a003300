"""A supplier's order held against what was written of it before: the new claim, and what is news to the buyer (PO-2, LOG-1). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from connectors.kit.order_numbers import words_of
from connectors.odoo.purchase_finding import Purchase
from connectors.odoo.purchase_memory import Claim, Parcel, Told
from connectors.odoo.purchase_words import (
    amount_words,
    changed_total,
    gap_words,
    no_number_words,
    parcel_words,
    refund_words,
    replaced_words,
    state_words,
    summary_of,
    told,
)
from schemas.records import Money, SupplierOrder

DEAD = ("cancelled", "stopped")
_ON_THE_WAY = ("part_shipped", "shipped")
_WHOLE = ("created", "differs")
# What a person wrote by hand counts as an order number when it is long enough to be one.
_SHORTEST_ID = 14


@dataclass(frozen=True, slots=True)
class News:
    """lines: of the note, none for no news. summary: of the activity the state asks for, empty for none; is_new_state: it was not told before."""

    lines: tuple[str, ...]
    summary: str
    is_new_state: bool
    told: Told


def claimed(before: Claim, order: SupplierOrder, *, is_ours: bool) -> Claim:
    """What belongs to the purchase order by this state; what was told stays as it was. A number that is not named any more was replaced."""
    parcels = {number: replace(one, is_current=False) for number, one in before.parcels.items()}
    for one in order["parcels"]:
        number = "".join("".join(one["tracking_number"].split(",")).split(";"))
        if number := "".join(number.split()):
            shipped = one["shipped_at"]
            parcels[number] = Parcel(
                one["carrier_code"], one["carrier_name"], is_current=True, shipped=shipped.date().isoformat() if shipped else ""
            )  # fmt: skip
    goods, total = _goods(order), order["total"]
    return replace(
        before, orders=(order["order_id"],), state=order["state"], is_ours=is_ours, parcels=parcels,
        goods=f"{goods:f}" if goods is not None else "", total=total["amount"] if total else "", currency=total["currency"] if total else "",
    )  # fmt: skip


def news(before: Told, claim: Claim, order: SupplierOrder, gap: str, *, is_cancelled: bool = False) -> News:
    """gap: how the orders differ from the purchase order, empty when that was told or nothing is; is_cancelled: the purchase order."""
    current = tuple(sorted(number for number, one in claim.parcels.items() if one.is_current))
    now = replace(
        before, state=order["state"], status=order["status"] if summary_of(order) else "", total=_text(order["total"]),
        refunded=_text(order["refunded"]), numbers=current, gap=gap or before.gap,
    )  # fmt: skip
    is_new_state = (now.state, now.status) != (before.state, before.status)
    lines: list[str] = []
    if is_new_state:
        lines.append(state_words(order, is_cancelled=is_cancelled))
    if not before.total or not now.total:
        lines += [amount_words(order)] if now.total and not before.total else []
    elif now.total != before.total:
        lines.append(changed_total(order, before.total))
    if now.refunded and now.refunded != before.refunded:
        lines.append(refund_words(order, now.refunded))
    lines += _parcels(before, claim, order, is_new_state=is_new_state)
    lines += [gap] if gap else []
    return News(tuple(lines), summary_of(order), is_new_state, now)


def _parcels(before: Told, claim: Claim, order: SupplierOrder, *, is_new_state: bool) -> list[str]:
    current = {number: one for number, one in claim.parcels.items() if one.is_current}
    lines = [
        parcel_words(order["source"], number, one, claim.orders)
        for number, one in current.items()
        if number not in before.numbers
    ]
    if gone := [number for number in before.numbers if number not in current]:
        lines.append(replaced_words(order, gone))
    if is_new_state and order["state"] in _ON_THE_WAY and not current:
        lines.append(no_number_words(order))
    return lines


def gap_of(purchase: Purchase, claims: Mapping[str, Claim], source: str, tolerance: Decimal) -> str:
    """How what all its orders come to differs from the purchase order; empty while that cannot be said, or where it was told.

    Goods alone may be meant by the purchase order, or goods with freight: either will do.
    """
    orders = {claim.orders[0]: claim for key, claim in claims.items() if not claim.result and claim.orders}
    alive = [claim for claim in orders.values() if claim.state not in DEAD]
    sums = [(claim.goods, claim.total) for claim in alive]
    if not alive or not _all_known(purchase, claims, orders) or not all(goods and total for goods, total in sums):
        return ""
    if {claim.currency for claim in alive} != {purchase.currency}:
        return ""
    goods, total = (sum((Decimal(one[at]) for one in sums), Decimal(0)) for at in (0, 1))
    ours = Decimal(repr(purchase.untaxed)).quantize(Decimal("0.01"))
    if min(abs(goods - ours), abs(total - ours)) <= tolerance:
        return ""
    unit = purchase.currency
    words = gap_words(source, sorted(orders), f"{goods:f}", f"{total:f} {unit}", f"{ours:f} {unit}")
    return "" if any(claim.told.gap == words for claim in claims.values()) else words


def is_all_cancelled(purchase: Purchase, claims: Mapping[str, Claim]) -> bool:
    """Whether every order there is of it was cancelled."""
    orders = {claim.orders[0]: claim for claim in claims.values() if not claim.result and claim.orders}
    return _all_known(purchase, claims, orders) and all(claim.state == "cancelled" for claim in orders.values())


def _all_known(purchase: Purchase, claims: Mapping[str, Claim], orders: Mapping[str, Claim]) -> bool:
    """Whether these are all orders of it: those its creation told of, or those a person wrote on it."""
    results = [claim for claim in claims.values() if claim.result]
    if not results and any(claim.is_ours for claim in orders.values()):
        return False
    if any(claim.result not in _WHOLE for claim in results):
        return False
    wanted = {one for claim in results for one in claim.orders}
    wanted |= {one for one in words_of(purchase.reference) if one.isdigit() and len(one) >= _SHORTEST_ID}
    return wanted <= orders.keys()


def _goods(order: SupplierOrder) -> Decimal | None:
    if order["goods"] is None:
        return None
    discount = order["discount"]
    return Decimal(order["goods"]["amount"]) - (Decimal(discount["amount"]) if discount else 0)


def _text(money: Money | None) -> str:
    return told(money) if money is not None and Decimal(money["amount"]) else ""
