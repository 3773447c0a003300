"""INV-1 as it is by default: changes of a quarter of an hour go out together, at most 200 in a feed; urgent ones alone and at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Result
from streams.stages.stock.codec import milliseconds
from streams.stock_settings import StockSettings
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import World, stock
from tests.contract.walmart_seller import add
from tests.unit.stock.samples import WALMART, Bench, level

QUARTER = datetime(2026, 3, 1, 12, 15, tzinfo=UTC)  # the stage's clock begins at 12:01


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(20, 20), rate_factor=1000) as found:
        yield found


async def test_changes_wait_for_the_quarter_of_the_hour_unless_they_are_urgent() -> None:
    bench = await Bench(StockSettings(), [WALMART]).start()
    windows = bench.stage.flusher._windows
    await bench.levels(*(level(50, sku=f"S-{number}") for number in range(30)))
    assert bench.sent.offers() == []
    assert windows.ended(milliseconds(QUARTER) - 1) == frozenset()
    assert windows.ended(milliseconds(QUARTER)) == {WALMART}
    await bench.flush()
    assert [one["urgent"] for one in bench.sent.offers()] == [False] * 30
    bench.sent.clear()
    await bench.levels(level(0, sku="S-1", version=2))
    assert [(one["sku"], one["quantity"], one["urgent"]) for one in bench.sent.offers()] == [("S-1", "0", True)]


def sizes(box: Box) -> list[int]:
    feeds: list[dict[str, Any]] = box.http.get("/sandbox/snapshot?sections=feeds").raise_for_status().json()["feeds"]
    return sorted(feed["itemsReceived"] for feed in feeds)


async def test_no_feed_holds_more_than_200_however_they_come(box: Box) -> None:
    """From several partitions at a time, as the deliver stage gives them, and the urgent one by a call of its own."""
    numbers = count(1)
    lots = [[stock(f"S-{next(numbers)}", 7, 1) for _ in range(size)] for size in (120, 80, 60, 110, 130)]
    every = [one for lot in lots for one in lot]
    for lot in lots:
        add(box, items=[{"sku": one.body["sku"], "stock": 0} for one in lot])
    async with World(box, feeds={"ladder_seconds": (1, 5, 30), "list_seconds": 0}) as world:
        process = world.process(gather_seconds=8)  # a busy machine brings them seconds apart
        assert process.sink.batch_limit == 200

        async def delivered(lot: list[Delivery]) -> None:
            await process.deliver(*lot)

        await asyncio.gather(*(delivered(lot) for lot in lots))
        assert sum(sizes(box)) == len(every)
        assert max(sizes(box)) == 200, "the first two fill one"
        assert len(sizes(box)) < len(lots), "they are put together where they fit"
        await process.settle()
        assert {process.last(one).result for one in every} == {Result.APPLIED}
        (urgent,) = await process.deliver(stock("S-1", 2, 2, urgent=True))
        assert (urgent.result, len(world.history("S-1"))) == (Result.APPLIED, 3)
        assert sum(sizes(box)) == len(every)
