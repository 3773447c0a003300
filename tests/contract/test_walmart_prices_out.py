"""Prices out to the sandbox (PRC-1): single calls, feeds, sales that begin and end, what was and what would be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Difference, Result
from schemas.reasons import Reason
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import World
from tests.contract.walmart_seller import add


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(20, 20), rate_factor=1000) as found:
        add(found, count=50, prefix="P")
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box) as found:
        yield found


def price(sku: str, amount: Any, version: int = 1, **more: Any) -> Delivery:
    key = f"price:walmart:main:{sku}"
    body = {"key": key, "sku": sku, "price": {"amount": str(amount), "currency": "USD"}, **more}
    return Delivery(f"{key}/{version}", "set_price", False, key, "odoo", "main", version, f"c{amount}", "c", body)


def prices(world: World, sku: str) -> list[tuple[int, str]]:
    """(cents, kind) of every price it ever had, in the order they took effect."""
    return [(one["cents"], one["kind"]) for one in world.item(sku)["price_history"]][1:]


def skus(count: int) -> list[str]:
    return [f"P{number:06d}" for number in range(1, count + 1)]


async def test_a_few_go_alone_and_many_in_one_feed(box: Box, world: World) -> None:
    process = world.process()
    (alone,) = await process.deliver(price(skus(1)[0], "12.50"))
    assert (alone.result, alone.remote_model, alone.remote_id) == (Result.APPLIED, "price", "12.50 USD")
    batch = [price(sku, "7.25", 2) for sku in skus(30)] + [price("nobody", "1.00")]
    await process.deliver(*batch)
    await process.settle()
    assert {process.last(one).result for one in batch[:-1]} == {Result.APPLIED}
    assert process.last(batch[-1]).waiting_for == "listing:walmart:main:nobody"
    feeds = box.call("GET", "/v3/feeds").json()["results"]["feed"]
    assert [(feed["feedType"], feed["itemsReceived"]) for feed in feeds] == [("price", 31)]
    assert prices(world, skus(1)[0]) == [(1250, "BASE"), (725, "BASE")]


async def test_a_newer_price_waits_for_the_older_feed(world: World) -> None:
    """INV-5, for prices."""
    process, many = world.process(), skus(30)
    await process.deliver(*[price(sku, "9.00") for sku in many])
    (now,) = await process.deliver(price(many[0], "8.00", 2))
    assert now.job.startswith("behind:feed:")
    await process.settle()
    assert prices(world, many[0]) == [(900, "BASE"), (800, "BASE")]


async def test_a_newer_price_stays_though_an_older_feed_ends_after_it(world: World) -> None:
    """INV-5, for prices: a process died after it had sent the feed, and the newer price only knows of a job that waits."""
    process, many = world.process(0.5), skus(30)
    await process.deliver(price(many[0], "7.00"))
    await process.untold(*[price(sku, "9.00", 2) for sku in many])
    reborn = world.process(0.5)
    (now,) = await reborn.deliver(price(many[0], "8.00", 3))
    assert now.job.startswith("behind:feed:")
    await reborn.settle()
    assert prices(world, many[0]) == [(700, "BASE"), (900, "BASE"), (800, "BASE")]


async def test_a_sale_begins_and_ends_by_itself(world: World) -> None:
    """PRC-1: sale prices with dates, though Walmart's price call knows none."""
    process, sku, now = world.process(), skus(1)[0], world.now()
    begins, ends = now + timedelta(hours=1), now + timedelta(hours=5)
    sale = price(
        sku, "20.00", sale_price={"amount": "15.00", "currency": "USD"}, sale_starts_at=begins, sale_ends_at=ends
    )
    await process.deliver(sale)
    assert prices(world, sku) == [(2000, "BASE")]
    while world.now() < begins:
        await process.come_back()
    assert prices(world, sku) == [(2000, "BASE"), (1500, "REDUCED")]
    await process.settle()
    assert world.now() >= ends
    assert prices(world, sku) == [(2000, "BASE"), (1500, "REDUCED"), (2000, "BASE")]
    assert process.last(sale).remote_id == "20.00 USD"


REDUCED = {"amount": "15.00", "currency": "USD"}


async def test_a_sale_that_ends_while_its_price_is_in_a_feed_is_taken_back(box: Box, world: World) -> None:
    """PRC-1: the feed carries the sale price; when Walmart is asked how it went, another one is due."""
    process, ends = world.process(), world.now() + timedelta(seconds=10)
    many = [price(sku, "30.00", sale_price=REDUCED, sale_starts_at=None, sale_ends_at=ends) for sku in skus(30)]
    await process.deliver(*many)
    await process.settle()
    assert {tuple(prices(world, sku)) for sku in skus(30)} == {((1500, "REDUCED"), (3000, "BASE"))}
    assert {(process.last(one).result, process.last(one).remote_id) for one in many} == {(Result.APPLIED, "30.00 USD")}


async def test_a_sale_that_begins_while_its_price_is_in_a_feed_begins(world: World) -> None:
    """PRC-1: what was sent is the ordinary price."""
    process, now = world.process(), world.now()
    begins, ends = now + timedelta(seconds=10), now + timedelta(hours=5)
    many = [price(sku, "20.00", sale_price=REDUCED, sale_starts_at=begins, sale_ends_at=ends) for sku in skus(30)]
    await process.deliver(*many)
    while world.now() < now + timedelta(hours=1):
        await process.come_back()
    assert {tuple(prices(world, sku)) for sku in skus(30)} == {((2000, "BASE"), (1500, "REDUCED"))}
    await process.settle()
    assert {tuple(prices(world, sku)[2:]) for sku in skus(30)} == {((2000, "BASE"),)}


async def test_a_sale_that_ends_while_a_lost_feed_is_looked_for_is_taken_back(box: Box, world: World) -> None:
    """PRC-1: also by a process that knows of the feed only what its name says."""
    box.faults({"kind": "lost", "path": "/v3/feeds$", "method": "POST", "limit": 1})
    process, ends = world.process(), world.now() + timedelta(seconds=10)
    many = [price(sku, "30.00", sale_price=REDUCED, sale_starts_at=None, sale_ends_at=ends) for sku in skus(30)]
    assert {one.job.partition(":")[0] for one in await process.deliver(*many)} == {"lost"}
    reborn = process.beside(world.process())
    await reborn.settle()
    assert {tuple(prices(world, sku)) for sku in skus(30)} == {((1500, "REDUCED"), (3000, "BASE"))}


async def test_a_sale_that_ends_while_a_price_written_alone_settles_is_taken_back(world: World) -> None:
    """PRC-1: where other processes write too, a price is looked at once more before it counts as written."""
    process, sku, ends = world.process(0.5), skus(1)[0], world.now() + timedelta(seconds=10)
    sale = price(sku, "30.00", sale_price=REDUCED, sale_starts_at=None, sale_ends_at=ends)
    (now,) = await process.deliver(sale)
    assert now.job.startswith("settle|1")
    await process.settle()
    assert prices(world, sku) == [(1500, "REDUCED"), (3000, "BASE")]
    assert process.last(sale).remote_id == "30.00 USD"


async def test_a_sale_ends_though_the_feed_was_delivered_again_after_a_kill(world: World) -> None:
    """PRC-1: the feed is followed, and so is what it was sent with."""
    process, ends = world.process(), world.now() + timedelta(seconds=10)
    many = [price(sku, "30.00", sale_price=REDUCED, sale_starts_at=None, sale_ends_at=ends) for sku in skus(30)]
    await process.deliver(*many, record="nothing")
    world.box.clock.now += 15
    again = await process.deliver(*many)
    assert {one.job.partition(":")[0] for one in again} == {"feed"}
    await process.settle()
    assert {tuple(prices(world, sku)) for sku in skus(30)} == {((1500, "REDUCED"), (3000, "BASE"))}


async def test_a_newer_price_ends_the_waiting_for_a_sale(world: World) -> None:
    process, sku, now = world.process(), skus(1)[0], world.now()
    reduced = {"amount": "15.00", "currency": "USD"}
    sale = price(sku, "20.00", sale_price=reduced, sale_starts_at=now + timedelta(hours=1), sale_ends_at=None)
    await process.deliver(sale)
    await process.deliver(price(sku, "21.00", 2))
    await process.settle()
    assert process.last(sale).result is Result.STALE
    assert prices(world, sku) == [(2000, "BASE"), (2100, "BASE")]


async def test_the_first_price_of_an_item_that_is_not_published_yet_waits_a_day(box: Box, world: World) -> None:
    """PRC-1: Walmart takes none sooner."""
    add(box, items=[{"sku": "FRESH", "published": "IN_PROGRESS"}])
    process, one = world.process(), price("FRESH", "9.50")
    (now,) = await process.deliver(one)
    assert (now.result, now.retry_after, now.notes) == (Result.SUBMITTED, 86_400, ("item_is_too_new",))
    assert prices(world, "FRESH") == []
    box.http.post("/sandbox/items/FRESH/change", json={"kind": "publish"}).raise_for_status()
    await process.settle()
    assert (process.last(one).result, prices(world, "FRESH")) == (Result.APPLIED, [(950, "BASE")])


async def test_the_first_prices_of_many_items_wait_for_those_that_are_not_published_yet(box: Box, world: World) -> None:
    """PRC-1: however many come at once; RATE-1: Walmart is asked for all of them together."""
    fresh = [f"FRESH-{number}" for number in range(40)]
    add(box, items=[{"sku": sku, "published": "IN_PROGRESS"} for sku in fresh])
    process = world.process()
    early, ready, missing = (
        [price(sku, "9.50") for sku in fresh], [price(sku, "7.25") for sku in skus(50)], price("nobody", "1.00"),
    )  # fmt: skip
    found = await process.deliver(*early, *ready, missing)
    assert {(one.result, one.retry_after, one.notes) for one in found[:40]} == {
        (Result.SUBMITTED, 86_400, ("item_is_too_new",))
    }
    assert (found[-1].reason, found[-1].waiting_for) == (Reason.MAPPING, "listing:walmart:main:nobody")
    feeds = box.call("GET", "/v3/feeds").json()["results"]["feed"]
    assert [(feed["feedType"], feed["itemsReceived"]) for feed in feeds] == [("price", 50)]
    for sku in fresh:
        box.http.post(f"/sandbox/items/{sku}/change", json={"kind": "publish"}).raise_for_status()
    await process.settle()
    assert {process.last(one).result for one in (*early, *ready)} == {Result.APPLIED}
    assert {tuple(prices(world, sku)) for sku in fresh} == {((950, "BASE"),)}


async def test_a_first_price_that_waited_for_its_item_is_not_sent_too_early(box: Box, world: World) -> None:
    """PRC-1: its item was set up after the list of items was read, by another process, and is not published yet."""
    late = [f"LATE-{number}" for number in range(60)]
    process, batch = world.process(), [price(sku, "9.50") for sku in late]
    held = await process.deliver(*batch)
    assert {one.waiting_for for one in held} == {f"listing:walmart:main:{sku}" for sku in late}
    add(box, items=[{"sku": sku, "published": "IN_PROGRESS"} for sku in late])
    assert len(await process.sink.resolve([one.waiting_for for one in held])) == 60
    assert {one.notes for one in await process.deliver(*batch)} == {("item_is_too_new",)}
    assert {tuple(prices(world, sku)) for sku in late} == {()}
    assert box.call("GET", "/v3/feeds").json()["results"]["feed"] == []


async def test_first_prices_of_items_that_could_not_be_looked_up_come_back(box: Box) -> None:
    """PRC-1, RATE-1: nothing is sent that may be too early."""
    box.faults({"kind": "status", "code": 503, "path": "/v3/items", "limit": 1})
    async with World(box) as world:
        process, batch = world.process(), [price(sku, "7.25") for sku in skus(50)] + [price("P-NEW", "1.00")]
        assert {one.reason for one in await process.deliver(*batch)} == {Reason.TRANSIENT}
        assert {tuple(prices(world, sku)) for sku in skus(50)} == {()}
        await process.settle()
        assert {process.last(one).result for one in batch[:-1]} == {Result.APPLIED}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (price("P000001", "0"), "above zero"),
        (price("P000001", "1.999"), "at most 2 digits"),
        (price("P000001", "1", price={"amount": "1", "currency": "EUR"}), "sells in USD"),
        (price("P000001", "1", sale_price={"amount": "1", "currency": "USD"}), "not below"),
    ],
)
async def test_what_walmart_would_not_take_is_a_data_error(world: World, given: Delivery, words: str) -> None:
    (found,) = await world.process().deliver(given)
    assert found.reason is Reason.DATA
    assert words in found.detail


async def test_what_would_change_is_told_and_nothing_written(world: World) -> None:
    """OPS-7"""
    process, sku = world.process(), skus(1)[0]
    await process.deliver(price(sku, "5.00"))
    before = prices(world, sku)
    batch = [price(sku, "5.00", 2), price(sku, "6.50", 3), price("nobody", "1.00"), price(sku, "0", 4)]
    same, other, missing, wrong = await process.sink.preview(batch)
    assert (list(same), list(other)) == ([], [Difference("price", "5.00 USD", "6.50 USD")])
    assert [(one.field, one.now) for one in missing] == [("price", "no item of this SKU")]
    assert [one.field for one in wrong] == ["data"]
    assert prices(world, sku) == before
