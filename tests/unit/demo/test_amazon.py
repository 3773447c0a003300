"""What the demo sees of Amazon's sandbox, in words that are the same for all marketplaces."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.demo.amazon import Amazon, sold
from streams.demo.market import Sold

ITEM = {"id": "1", "sku": "A", "ordered": 2, "open": 0, "shipped": 2, "cancelled": 0}
ORDER = {
    "status": "SHIPPED", "visible": True, "total": "12.50 USD", "traits": ["fba"], "items": [ITEM, ITEM | {"id": "2", "shipped": 0}],
    "parcels": ["T1"], "writes": {"ship": 1},
}  # fmt: skip


def snapshot(refunds: list[str], **changes: Any) -> dict[str, Any]:
    statuses = changes.pop("statuses", ["DISCOVERABLE"])
    item = {
        "prices": [{"type": "B2B", "amount": "1"}, {"type": "B2C", "amount": "10.25"}], "stock": {"available": 3, "sold": 2},
        "asin": "B0", "name": "Pot", "gtin": "02990000000019", "parent": "P-1", "marketplaces": {"US": {"status": statuses}},
    }  # fmt: skip
    held = {
        "orders": {"9": ORDER | changes}, "items": {"A": item},
        "refunds": [{"orderId": "9", "orderItemId": name, "minor": 250} for name in refunds],
        "returns": [{"orderId": "9", "refunded": 120}, {"orderId": "9", "refunded": 5}, {"orderId": "8", "refunded": 1}],
    }  # fmt: skip
    return Amazon("http://127.0.0.1:1", lambda *_: held, None, "").snapshot()  # type: ignore[arg-type]


def test_an_order_is_told_as_any_other() -> None:
    assert sold("9", ORDER) == Sold(
        "amazon:demo:9", "9", False, Decimal("12.50"), frozenset({"marketplace_fulfilled"}), True, True, True
    )
    broken = {"status": "Unknown", "total": None, "traits": ["malformed"], "items": []}
    assert sold("9", broken) == Sold("amazon:demo:9", "9", False, None, frozenset({"malformed"}))


@pytest.mark.parametrize(("refunds", "times"), [([], 0), (["1"], 1), (["1", "2"], 1), (["1", "2", "2"], 2)])
def test_a_refund_of_several_items_is_one_and_a_doubled_item_two(refunds: list[str], times: int) -> None:
    assert snapshot(refunds)["orders"]["9"]["writes"] == {"shipping": 1, "cancel": 0, "refund": times}


def test_what_was_given_back_is_told_in_cents() -> None:
    found = snapshot(["1", "2"])["orders"]["9"]
    assert (found["refunded_cents"], found["returned_cents"]) == (500, 125)


@pytest.mark.parametrize(("told", "times"), [(0, 0), (1, 1), (2, 1), (3, 3)])
def test_a_cancellation_of_several_items_is_one(told: int, times: int) -> None:
    assert snapshot([], writes={"cancel": told})["orders"]["9"]["writes"]["cancel"] == times


def test_an_item_is_told_as_any_other() -> None:
    assert snapshot([])["items"]["A"] == {
        "id": "B0", "name": "Pot", "gtin": "02990000000019", "variant_group": "P-1", "published": "PUBLISHED", "stock": {"amount": 3},
        "price_cents": 1025, "elsewhere": False,
    }  # fmt: skip


@pytest.mark.parametrize(("statuses", "published"), [(["BUYABLE"], "PUBLISHED"), ([], "UNPUBLISHED")])
def test_an_item_nobody_sees_is_not_published(statuses: list[str], published: str) -> None:
    assert snapshot([], statuses=statuses)["items"]["A"]["published"] == published
