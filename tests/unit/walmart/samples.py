"""Raw Walmart orders for tests: the recorded ones, and a plain one every part of which can be replaced."""

from __future__ import annotations

import copy
from typing import Any

from connectors.kit import exact_json
from connectors.walmart.mapping import to_order
from schemas.records import Order
from tests.contract.recordings import recorded
from tests.unit.damage import Json, Path, damaged


def plain() -> Json:
    """The recorded plain order, free to be changed."""
    order: Json = copy.deepcopy(recorded("walmart", "order_plain").order)
    return order


def changed(path: str | Path, value: Any, order: Json | None = None) -> Json:
    """The plain order with one value replaced."""
    return damaged(plain() if order is None else order, path, value)


def mapped(order: Any) -> Order:
    return to_order(exact_json.dumps(order), "main")


def line(path: str = "") -> str:
    """The path of the plain order's only line, or of something in it."""
    return f"orderLines.orderLine.0{'.' if path else ''}{path}"


def charge(path: str = "") -> str:
    return line(f"charges.charge.0{'.' if path else ''}{path}")
