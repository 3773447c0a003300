"""A credit note -> the lines of the payment adjustment file. Pure. (Source: its template in Seller Central; columns by amazon.md section 6.)

Amounts are what goes back. A discount is never given back: no more of an item goes back than was paid for it. Where prices include tax, so
do the amounts, and there are no tax columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from decimal import Decimal

from connectors.amazon.money import ZERO
from connectors.amazon.order_state import LineNow, OrderNow
from connectors.kit.errors import DataError, RuleError
from schemas.records import Money, Refund, RefundLine

AMOUNTS = ("item-price-adj", "item-tax-adj", "shipping-price-adj", "shipping-tax-adj")
REFUND_COLUMNS = ("order-id", "order-item-id", "adjustment-reason-code", "currency", *AMOUNTS)
_NAMES = ("item", "item tax", "shipping", "shipping tax")
# Odoo books taxes and shipping of an order on lines of their own, so a note's share of them may be some cents off for a line. The sum counts.
_SHARED = Decimal("0.05")


@dataclass(frozen=True, slots=True)
class _Back:
    """What goes back of a line, in the order of AMOUNTS."""

    item: Decimal
    item_tax: Decimal
    shipping: Decimal
    shipping_tax: Decimal


def refund_lines(now: OrderNow, refund: Refund, code: str) -> list[dict[str, str]]:
    """One line for each item that gets something back, together the amounts of the note. Raises RuleError, DataError."""
    if now.by_amazon:
        raise RuleError(
            "Amazon ships this order itself and takes its returns; what goes back of it is Amazon's to refund"
        )
    wanted = _by_line(refund)
    lines = [now.line(number) for number in wanted]
    for line in lines:
        if line.shipped <= 0:
            raise RuleError(f"item {line.number} is not shipped; Amazon refunds shipped items only, cancel it instead")
    asked = [astuple(_asked(one, now.tax_included)) for one in wanted.values()]
    charged = [_charged(line) for line in lines]
    parts = [
        _shared_out(name, [one[at] for one in asked], [one[at] for one in charged], exact=at == 0)
        for at, name in enumerate(_NAMES)
    ]
    found = []
    for line, amounts in zip(lines, zip(*parts, strict=True), strict=True):
        if not any(amounts):
            continue
        told = {name: f"{amount:f}" for name, amount in zip(AMOUNTS, amounts, strict=True) if amount}
        found.append({
            "order-id": now.order_id, "order-item-id": line.number, "adjustment-reason-code": code,
            "currency": _currency(line, refund), **told,
        })  # fmt: skip
    return found


def gives_back(line: RefundLine) -> bool:
    """Whether anything of a line goes back."""
    return any(_amount(line[name]) for name in ("amount", "tax", "shipping", "shipping_tax"))


def _by_line(refund: Refund) -> dict[str, RefundLine]:
    """One entry per line: which of two lines of the file counts is not said."""
    found: dict[str, RefundLine] = {}
    for line in refund["lines"]:
        number = line["line_id"]
        if not number:
            raise DataError(
                f"{refund['reference']}: a refund of shipping names no line of the order; Amazon refunds by item only"
            )
        if number in found:
            raise DataError(f"{refund['reference']}: item {number} appears twice")
        found[number] = line
    return found


def _asked(line: RefundLine, tax_included: bool) -> _Back:
    item, tax = _amount(line["amount"]), _amount(line["tax"])
    shipping, shipping_tax = _amount(line["shipping"]), _amount(line["shipping_tax"])
    if min(item, tax, shipping, shipping_tax) < 0:
        raise DataError(f"item {line['line_id']}: a refund of less than nothing")
    return (
        _Back(item + tax, ZERO, shipping + shipping_tax, ZERO)
        if tax_included
        else _Back(item, tax, shipping, shipping_tax)
    )


def _charged(line: LineNow) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    one = line.charged
    return one.item, one.item_tax, one.shipping, one.shipping_tax


def _shared_out(name: str, asked: Sequence[Decimal], charged: Sequence[Decimal], *, exact: bool) -> list[Decimal]:
    """What goes back of each line. What is some cents too much for one goes to others that have room; not a cent in silence (FIN-2)."""
    for much, most in zip(asked, charged, strict=True):
        if much > most + (ZERO if exact else _SHARED):
            raise RuleError(f"{much} of {name} shall be given back, but {most} was paid for it")
    given = [min(much, most) for much, most in zip(asked, charged, strict=True)]
    missing = sum(asked, ZERO) - sum(given, ZERO)
    for at, most in enumerate(charged):
        more = min(missing, most - given[at])
        given[at] += more
        missing -= more
    if missing:
        raise RuleError(f"{sum(asked, ZERO)} of {name} shall be given back, but {sum(charged, ZERO)} was paid for it")
    return given


def _currency(line: LineNow, refund: Refund) -> str:
    currency = refund["total"]["currency"]
    if line.charged.currency and line.charged.currency != currency:
        raise DataError(f"{refund['reference']}: is in {currency}, the order in {line.charged.currency}")
    return currency


def _amount(money: Money | None) -> Decimal:
    return Decimal(money["amount"]) if money else ZERO
