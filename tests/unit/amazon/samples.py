"""Raw Amazon orders for tests: the recorded ones, and a plain one every part of which can be replaced."""

from __future__ import annotations

import copy
from typing import Any

from connectors.amazon.mapping import to_order
from connectors.kit import exact_json
from schemas.records import Order
from tests.contract.recordings import recorded
from tests.unit.damage import Json, Path, damaged

ITEM = "orderItems.0"
LINE_TOTAL = f"{ITEM}.proceeds.proceedsTotal.amount"


def raw(name: str = "order_plain") -> Json:
    """A recorded order, free to be changed."""
    order: Json = copy.deepcopy(recorded("amazon", name).order)
    return order


def changed(path: str | Path, value: Any, order: Json | None = None) -> Json:
    """The plain order with one value replaced."""
    return damaged(raw() if order is None else order, path, value)


def mapped(order: Any) -> Order:
    return to_order(exact_json.dumps(order), "main")


def sample(name: str) -> Order:
    return mapped(raw(name))


def money(amount: str, currency: str = "USD") -> Json:
    return {"amount": amount, "currencyCode": currency}


def part(kind: str, amount: str, currency: str = "USD", **details: str) -> Json:
    """One entry of a breakdown; `details`: the same by category."""
    one: Json = {"type": kind, "subtotal": money(amount, currency)}
    if details:
        one["detailedBreakdowns"] = [
            {"subtype": name, "value": money(value, currency)} for name, value in details.items()
        ]
    return one


def proceeds(total: str | None, *parts: Json, currency: str = "USD") -> Json:
    found: Json = {"breakdowns": list(parts)}
    return found if total is None else {**found, "proceedsTotal": money(total, currency)}
