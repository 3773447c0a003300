"""Products out to the sandbox, an older one never over a newer one (INV-5), and none sent twice (EVT-4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator, Sequence

import pytest

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Result
from connectors.walmart.item_maker import Made
from schemas.records import Product
from tests.contract.test_walmart_listings_out import Clocks, feed_types, gtin, upsert
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import World
from tests.contract.walmart_seller import add, put_stock


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(20, 20), publish_seconds=(100, 100), rate_factor=1000) as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box, listings={"publish_ladder_seconds": (30, 60, 120)}) as found:
        yield found


async def test_a_newer_product_waits_for_the_older_feed(world: World) -> None:
    process = world.process(maker=Clocks())
    await process.deliver(upsert("V-1", 1))
    (behind,) = await process.deliver(upsert("V-1", 1, 2, name="Newer"))
    assert behind.job.startswith("behind:feed:")
    await process.settle()
    assert world.item("V-1")["name"] == "Newer"


class Slow(Clocks):
    """Takes its time for the first product it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.is_making, self.may_end, self.first = asyncio.Event(), asyncio.Event(), True

    async def make(
        self, account: str, products: Sequence[Product], there: Collection[str] = ()
    ) -> Sequence[Made | ConnectorError]:
        is_first, self.first = self.first, False
        if is_first:
            self.is_making.set()
            await self.may_end.wait()
        return await super().make(account, products, there)


@pytest.mark.parametrize("withdrawn", [False, True], ids=["changed", "withdrawn"])
async def test_an_older_product_still_in_the_making_gives_way_to_a_newer_one_of_another_lane(
    world: World, withdrawn: bool
) -> None:
    """INV-5, for products: both lanes are in one process; the older one was looked at first, and is ready last."""
    maker = Slow()
    add(world.box, items=[{"sku": "G-1", "gtin": gtin(1)}])
    put_stock(world.box, "G-1", 8)
    first, second = upsert("G-1", 1, name="Older"), upsert("G-1", 1, 2, name="Newer", active=not withdrawn)
    lane = world.process(maker=maker)
    other = lane.beside()
    older = asyncio.create_task(lane.deliver(first))
    await maker.is_making.wait()
    await other.deliver(second)
    maker.may_end.set()
    assert [one.result for one in await older] == [Result.STALE]
    await other.settle()
    assert other.last(second).result in (Result.APPLIED, Result.ALREADY_APPLIED)
    assert (world.item("G-1")["name"] == "Newer") is not withdrawn
    assert (world.history("G-1")[-1] == 0) is withdrawn


async def test_a_newer_product_in_the_making_waits_for_the_older_one_of_another_lane(world: World) -> None:
    """INV-5, for products: two feeds of one process with the same SKU would be brought in by Walmart in any order."""
    maker = Slow()
    first, second = upsert("V-1", 1, name="Older"), upsert("V-1", 1, 2, name="Newer")
    lane = world.process(maker=maker)
    other = lane.beside()
    newer = asyncio.create_task(lane.deliver(second))
    await maker.is_making.wait()
    (sent,) = await other.untold(first)  # was decided when nothing was known of the newer one
    other.record(first, sent)
    maker.may_end.set()
    (behind,) = await newer
    assert behind.job.startswith("behind:feed:")
    await lane.settle()
    await other.settle()
    assert world.item("V-1")["name"] == "Newer"
    assert lane.last(second).result is Result.APPLIED


async def test_a_newer_product_goes_once_more_when_another_process_sent_an_older_one(box: Box, world: World) -> None:
    """INV-5, for products: neither knew of the other, and the older feed is not over when the newer one is."""
    older, newer = world.process(0.5, Clocks()), world.process(0.5, Clocks())
    first, second = upsert("V-1", 1, name="Older"), upsert("V-1", 1, 2, name="Newer")
    (submitted,) = await newer.deliver(second)
    box.clock.now += 25
    (sent,) = await older.sink.deliver([first])  # it has not read of the other one
    older.record(first, sent)
    assert submitted.job.startswith("feed:")
    await newer.settle()
    await older.settle()
    assert world.item("V-1")["name"] == "Newer"
    assert newer.last(second).result is Result.APPLIED


async def test_a_lost_answer_sends_no_second_feed(box: Box, world: World) -> None:
    """EVT-4"""
    box.faults({"kind": "lost", "path": "/v3/feeds$", "method": "POST", "limit": 1})
    process = world.process(maker=Clocks())
    one = upsert("L-1", 1)
    await process.deliver(one)
    await process.settle()
    assert len(feed_types(box)) == 1
    assert process.last(one).result is Result.APPLIED
