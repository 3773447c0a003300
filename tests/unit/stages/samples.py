"""An order for stages, which care about its key, version and status only."""

from __future__ import annotations

from typing import Any

from schemas.records import Order
from tests import builders


def order(order_id: str = "9900000000001", **changes: Any) -> Order:
    """One line of 10.00 unless changed."""
    lines = changes.pop("lines", None) or [builders.order_line("CWT-0001")]
    return builders.order(order_id, lines, **changes)


def line(line_id: str = "1", sku: str = "CWT-0001") -> Any:
    """A line of that SKU."""
    return builders.order_line(sku, line_id=line_id)
