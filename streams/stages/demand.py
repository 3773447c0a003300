"""A canonical order -> what it asks of each SKU (INV-2, INV-3). Pure.

an order the seller ships                  one demand per SKU as the marketplace calls it: ordered and not cancelled, all its lines of it
a line that is a bundle and says its parts also one demand per part, `via` the bundle's SKU
an order cancelled as a whole              the same demands with quantity 0: what they held is free again
an order somebody else ships (FBA, WFS)    none: it does not take from the seller's stock (ORD-10)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from schemas.headers import Headers
from schemas.records import Demand, Order, OrderLine
from streams.stages.skus import SAME, Skus

_NO_QUANTITY = Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sku_key(sku: str) -> str:
    """The Kafka key of everything about a SKU."""
    return f"sku:{sku}"


def demands(order: Order, headers: Headers, skus: Skus = SAME) -> list[Demand]:
    """One demand for each SKU (and bundle it comes through, and word of the marketplace for it), in the order of the lines.

    headers     of the order's record: their version orders the order's states, `fetched` says when it was seen
    skus        the marketplace's SKU -> Odoo's, where the two differ (ORD-9); the line's is kept as `external`, for the entry may change
                while the order is open (`streams.stages.stock.homing`)

    Raises ValueError for a quantity that is no number.
    """
    if order["fulfilment"] != "seller":
        return []
    whole = order["status"] == "cancelled"
    asked: dict[tuple[str, str, str], Decimal] = {}
    for line in order["lines"]:
        for name, bundle, quantity in _asks(line):
            sku, via = (
                skus.internal(order["source"], order["account"], word) if word else "" for word in (name, bundle)
            )
            if sku:
                one = sku, via, line["sku"]
                asked[one] = asked.get(one, _NO_QUANTITY) + (_NO_QUANTITY if whole else quantity)
    seen_at = datetime.fromtimestamp(headers.fetched / 1000, UTC) if headers.fetched else _EPOCH
    return [
        Demand(
            key=sku_key(sku),
            sku=sku,
            order_key=order["key"],
            source=order["source"],
            account=order["account"],
            version=headers.version,
            quantity=quantity_text(quantity),
            status=order["status"],
            seen_at=seen_at,
            ordered_at=order["ordered_at"],
            via=via,
            external=external,
        )
        for (sku, via, external), quantity in asked.items()
    ]


def number(text: str) -> Decimal:
    """Decimal text -> Decimal. Raises ValueError for what is no finite number."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ValueError(f"{text[:40]!r} is not a quantity")
    return value


def quantity_text(quantity: Decimal) -> str:
    """Decimal text without an exponent or trailing zeros: 3, 0.5."""
    text = f"{quantity:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _asks(line: OrderLine) -> Iterator[tuple[str, str, Decimal]]:
    """(SKU, bundle it comes through, quantity)."""
    quantity = max(_NO_QUANTITY, number(line["quantity"]) - number(line["quantity_cancelled"]))
    yield line["sku"], "", quantity
    for part in line["components"]:
        yield part["sku"], line["sku"], quantity * number(part["quantity"])
