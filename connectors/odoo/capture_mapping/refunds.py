"""Raw `refund` (a posted credit note) -> canonical `refund` (RET-2).

Our sink books shipping and taxes of an order as lines of their own, so a credit note has them beside the goods. A marketplace refunds by
line: shipping and taxes are shared out over the goods of the note by their amounts, to the cent, the rest on the last. The total is that of the note.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader, millis_of
from connectors.odoo.capture_mapping.raw import ZERO, amount, cents, decimal_text, opened, time_of, whole
from connectors.odoo.source.links import GOODS, SHIPPING, TAX
from schemas.records import Refund, RefundLine

_CENT = Decimal("0.01")


class _Line:
    """What is given back of one marketplace line."""

    __slots__ = ("amount", "line_id", "quantity", "shipping", "shipping_tax", "sku", "tax")

    def __init__(self, line_id: str, sku: str) -> None:
        self.line_id, self.sku = line_id, sku
        self.quantity = self.amount = self.tax = self.shipping = self.shipping_tax = ZERO


def to_refund(payload: bytes, account: str) -> Sequence[Canonical]:
    """Raises DataError: for a note of several orders, too, which no marketplace can be told of."""
    raw = opened(payload)
    key = f"odoo:account_move:{whole(raw, 'id')}"
    order_keys = raw.texts("order_keys")
    if len(order_keys) != 1:
        raise DataError(
            f"order_keys: a credit note of {len(order_keys)} marketplace orders; make one for each order", code="DATA"
        )
    currency = raw.needed_text("currency")
    posted = time_of(raw, "date")
    refund: Refund = {
        "key": key,
        "order_key": order_keys[0],
        "reference": raw.needed_text("name"),
        "version": millis_of(posted),
        "posted_at": posted,
        "reason": raw.text("reason"),
        "return_key": raw.text("return_key"),
        "total": cents(amount(raw, "total"), currency),
        "lines": [_as_record(line, currency) for line in _shared(raw.children("lines"))],
    }
    return (Canonical("refund", key, refund["version"], refund),)


def _shared(lines: Sequence[Reader]) -> list[_Line]:
    """Goods by marketplace line, with their shares of shipping and of taxes booked apart."""
    found: dict[str, _Line] = {}
    shipping = shipping_tax = taxes = ZERO
    for line in lines:
        kind, much, tax = line.text("kind"), amount(line, "amount"), amount(line, "tax")
        if kind == SHIPPING:
            shipping, shipping_tax = shipping + much, shipping_tax + tax
        elif kind == TAX:
            taxes += much + tax
        else:
            _add(found, line, kind, much, tax)
    goods = list(found.values())
    if not goods:
        rest = _Line("", "")
        rest.shipping, rest.shipping_tax, rest.tax = shipping, shipping_tax, taxes
        return [rest] if shipping or taxes else []
    weights = [line.amount for line in goods]
    for one, part, tax in zip(goods, split(shipping, weights), split(shipping_tax, weights), strict=True):
        one.shipping, one.shipping_tax = part, tax
    _share_taxes(goods, taxes)
    return goods


def _add(found: dict[str, _Line], line: Reader, kind: str, much: Decimal, tax: Decimal) -> None:
    """Extras of a line (gift wrapping, its discounts) count to it; what a person added counts to no line."""
    line_id = line.text("line_id")
    one = found.setdefault(line_id, _Line(line_id, line.text("sku")))
    one.quantity += amount(line, "quantity") if kind == GOODS or not line_id else ZERO
    one.sku = line.text("sku") if kind == GOODS else one.sku
    one.amount += much
    one.tax += tax


def _share_taxes(goods: Sequence[_Line], taxes: Decimal) -> None:
    """Over goods and shipping alike."""
    parts = split(taxes, [one for line in goods for one in (line.amount, line.shipping)])
    for at, line in enumerate(goods):
        line.tax += parts[2 * at]
        line.shipping_tax += parts[2 * at + 1]


def split(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """A total in cents shared out by weights; the rest goes to the last that has a weight. Equal shares when nothing has one."""
    whole_weight = sum(weights, ZERO)
    if not whole_weight:
        weights, whole_weight = [Decimal(1)] * len(weights), Decimal(len(weights))
    parts = [(total * weight / whole_weight).quantize(_CENT, ROUND_HALF_UP) for weight in weights]
    last = max(at for at, weight in enumerate(weights) if weight)
    parts[last] += total - sum(parts, ZERO)
    return parts


def _as_record(line: _Line, currency: str) -> RefundLine:
    def some(value: Decimal) -> object:
        return cents(value, currency) if value else None

    return {
        "line_id": line.line_id,
        "sku": line.sku,
        "quantity": decimal_text(line.quantity),
        "amount": cents(line.amount, currency),
        "tax": some(line.tax),  # type: ignore[typeddict-item]
        "shipping": some(line.shipping),  # type: ignore[typeddict-item]
        "shipping_tax": some(line.shipping_tax),  # type: ignore[typeddict-item]
    }
