"""ERR-5, ERR-6: a fault that comes again is one exception, and what is old is never sent over what is newer."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.headers import encode_headers
from schemas.records import FailedRecord
from streams.failure.superseded import OpenLetters, superseded
from tests.unit.failure.samples import headers

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def letter(failed_id: str, version: int = 7, minute: int = 0, entity: str = "order", **changes: Any) -> FailedRecord:
    values: dict[str, Any] = {
        "id": failed_id, "state": "dead", "destination": "odoo", "operation": "upsert_order", "key": "walmart:ACME:1",
        "target": "deliver.odoo.critical", "headers": dict(encode_headers(headers(entity=entity))), "reason": "data", "owner": "order-desk",
        "version": version, "last_failure": NOW + timedelta(minutes=minute),
    }  # fmt: skip
    return values | changes  # type: ignore[return-value] # only the fields that count here


def price(failed_id: str, version: int = 7, minute: int = 0, **changes: Any) -> FailedRecord:
    more = {"destination": "pricing", "operation": "pricing", "key": "sku:A", "target": "prices"} | changes
    return letter(failed_id, version, minute, "price", **more)


@pytest.mark.parametrize(
    ("letters", "expected"),
    [
        ([letter("a"), letter("b", minute=1)], {"a": "b"}),  # a resync meets the same fault again
        ([letter("a"), letter("b")], {"a": "b"}),  # at the same moment: the last
        ([letter("a", 8), letter("b", 7, minute=1)], {"b": "a"}),  # an older version that was replayed and died again
        ([letter("a", 1), letter("b", 2), letter("c", 3)], {"a": "c", "b": "c"}),
        ([letter("a"), letter("a", minute=1)], {}),  # one piece of work that was done twice
        ([price("a"), price("b", 8)], {"a": "b"}),
        ([letter("a"), letter("b", key="walmart:ACME:2")], {}),
        ([letter("a"), letter("b", operation="upsert_return", entity="return_order")], {}),
        ([letter("a"), letter("b", destination="transform", operation="transform", target="raw.walmart.orders")], {}),
    ],
)
def test_the_newest_letter_of_a_state_stands_for_all(letters: list[FailedRecord], expected: dict[str, str]) -> None:
    assert superseded(letters) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"operation": "ship_order", "entity": "ship_order", "destination": "walmart"},  # each parcel is told
        {
            "operation": "transform",
            "entity": "picking",
            "destination": "transform",
            "target": "raw.odoo.pickings",
        },  # it becomes a command
        {
            "operation": "stock",
            "entity": "demand",
            "destination": "stock",
            "target": "demand",
            "key": "sku:A",
        },  # one for each order
        {"operation": "route", "destination": "route", "target": "outcomes"},
        {"operation": "poll", "destination": "transform", "target": "raw.walmart.orders"},
        {"state": "held"},  # compacted by its key
        {"headers": {}},  # nobody knows what it is
    ],
)
def test_what_happens_once_each_stays_each(changes: dict[str, Any]) -> None:
    assert superseded([letter("a", **changes), letter("b", 8, minute=1, **changes)]) == {}


def bought(failed_id: str, version: int = 7, operation: str = "create_purchase") -> FailedRecord:
    about: dict[str, Any] = {
        "destination": "alibaba",
        "key": "odoo:purchase_order:7",
        "target": "deliver.alibaba.normal",
    }
    return letter(failed_id, version, entity=operation, operation=operation, **about)


def test_of_a_purchase_order_the_newest_letter_counts() -> None:
    """PO-1, ERR-6: its commands say how it stood: an old quantity, or one that was cancelled since, is not replayed."""
    assert superseded([bought("a"), bought("b", 8)]) == {"a": "b"}
    assert superseded([bought("a"), bought("b", 8, "cancel_purchase")]) == {"a": "b"}
    found = OpenLetters()
    for one in (bought("a"), bought("b", 8)):
        found.add(one)
    assert sum(found.counts().values()) == 1


def test_open_letters_are_counted_as_they_come() -> None:
    """OPS-1: the same count as `superseded`, without holding every letter."""
    found = OpenLetters()
    found.act("done", is_done=True)
    for one in (price("p1"), price("p2", 8), price("p1b", 7, 9), letter("o1"), letter("done", key="walmart:ACME:2")):
        found.add(one)
    kinds = {"price": ("pricing", "data", "order-desk"), "order": ("odoo", "data", "order-desk")}
    assert found.counts() == Counter({kinds["price"]: 1, kinds["order"]: 1})
    found.act("p2", is_done=True)
    assert found.counts() == Counter({kinds["order"]: 1}), "the older ones are over with it"
    found.act("done", is_done=False)
    assert found.counts() == Counter({kinds["order"]: 2})
