"""Who is told at once, and who with the flush (INV-1, INV-3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from schemas.records import LastOffer
from streams.stages.stock.allocation import Allocations
from streams.stages.stock.changes import Cause, standings, told_at_once, told_by_flush, waiting
from streams.stages.stock.changes import told as remembered
from streams.stages.stock.ledger import Channel, Ledger
from streams.stock_settings import StockSettings
from tests.unit.stock.samples import AMAZON, NOW, WALMART, level

STOCK = Cause("stock", NOW, "s")
SOLD_THERE = Cause("order", NOW, "o", AMAZON)
SOLD_HERE = Cause("order", NOW, "o", WALMART)
RESYNC = replace(STOCK, lane="bulk")


def last(quantity: int, channel: Channel = WALMART) -> LastOffer:
    return LastOffer(
        channel=channel[0], account=channel[1], quantity=str(quantity), version=1, at=NOW, why="stock", previous="", urgent=False,
        correlation="", caused_at=NOW,
    )  # fmt: skip


def told(before: int | None, after: int, *causes: Cause, **changes: Any) -> str:
    """`urgent`, `now` or `later`, or empty when nothing is said."""
    offers = {} if before is None else {WALMART: last(before)}
    ledger = Ledger("A", level(after, **changes), offers=offers)
    found = standings(ledger, Allocations(StockSettings(low_stock=3), [WALMART]))
    at_once = told_at_once(found, causes)
    if at_once:
        return "urgent" if at_once[0].urgent else "now"
    return "later" if waiting(found, at_once) else ""


@pytest.mark.parametrize(
    ("before", "after", "causes", "expected"),
    [
        (10, 10, [STOCK], ""),
        (10, 9, [STOCK], "later"),
        (10, 20, [STOCK], "later"),
        (10, 3, [STOCK], "urgent"),  # low stock
        (3, 2, [STOCK], "urgent"),
        (2, 3, [STOCK], "later"),  # rising within low stock is good news that can wait
        (10, 0, [STOCK], "urgent"),
        (0, 1, [STOCK], "urgent"),
        (0, 100, [STOCK], "urgent"),
        (10, 9, [SOLD_THERE], "urgent"),
        (10, 9, [SOLD_HERE], "later"),  # the marketplace took it off by itself
        (10, 9, [SOLD_THERE, STOCK], "urgent"),
        (10, 11, [SOLD_THERE], "later"),
        (None, 10, [STOCK], "later"),  # the first inventory must not come one by one
        (None, 0, [STOCK], "later"),
        (10, 10, [RESYNC], "now"),
        (10, 9, [RESYNC], "now"),
        (10, 0, [RESYNC], "urgent"),
    ],
)
def test_when(before: int | None, after: int, causes: list[Cause], expected: str) -> None:
    assert told(before, after, *causes) == expected


@pytest.mark.parametrize(
    ("stock", "urgent"),
    [
        ({}, 3),
        ({"low_stock": 8}, 8),
        ({"low_stock": 0}, 0),
        ({"channels": {"walmart": {"low_stock": 6}}}, 6),
        ({"channels": {"amazon": {"low_stock": 6}}}, 3),
        ({"low_stock": 9, "rules": [{"skus": "A", "low_stock": 1}]}, 1),
    ],
)
def test_where_low_stock_begins_is_configuration(stock: dict[str, Any], urgent: int) -> None:
    """INV-1: everywhere, for a channel, for some SKUs."""
    allocations = Allocations(StockSettings(**stock), [WALMART])
    ledgers = [Ledger("A", level(number), offers={WALMART: last(10)}) for number in range(10)]
    at_once = [told_at_once(standings(ledger, allocations), [STOCK]) for ledger in ledgers]
    assert max(number for number, changes in enumerate(at_once) if changes) == urgent


def test_what_was_never_offered_and_is_not_sold_is_left_alone() -> None:
    assert told(None, 10, STOCK, active=False) == ""
    assert told(None, 10, RESYNC, active=False) == ""
    assert told(4, 10, STOCK, active=False) == "urgent"


def test_the_reason_of_an_urgent_number_is_the_order_that_was_sold_elsewhere() -> None:
    ledger = Ledger("A", level(5), offers={WALMART: last(9)})
    (change,) = told_at_once(standings(ledger, Allocations(StockSettings(), [WALMART])), [SOLD_THERE, STOCK])
    assert change.cause is SOLD_THERE


def test_a_flush_tells_only_the_channels_whose_window_ended() -> None:
    ledger = Ledger("A", level(5), offers={WALMART: last(9), AMAZON: last(9, AMAZON)})
    found = standings(ledger, Allocations(StockSettings(), [WALMART, AMAZON]))
    changes = told_by_flush(found, ledger, frozenset({AMAZON}), NOW)
    assert [one.standing.channel for one in changes] == [AMAZON]
    assert waiting(found, changes) == {WALMART}


def test_a_version_is_greater_than_the_last_one_even_if_the_clock_went_back() -> None:
    """INV-5: also for a SKU that came from another partition, whose clock is not known here."""
    ledger = Ledger("A", level(0), offers={WALMART: {**last(9), "version": 70}})
    (change,) = told_at_once(standings(ledger, Allocations(StockSettings(), [WALMART])), [STOCK])
    assert [remembered(change, version, NOW)["version"] for version in (5, 70, 90)] == [71, 71, 90]
