"""Feeds of stock numbers that go wrong (EVT-4, INV-4): their answers are lost, they are refused, stuck, or given up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from prometheus_client import REGISTRY

from connectors.kit.ports import Result
from schemas.reasons import Reason
from tests.contract.out_world import Process
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import FAST, World, Worlds, box, skus, stock, stocks, worlds

__all__ = ["box", "worlds"]  # the fixtures


async def test_a_lost_answer_to_a_feed_sends_no_second_one(box: Box, worlds: Worlds) -> None:
    """INV-5, EVT-4: it is looked for on Walmart's list."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    box.faults({"kind": "lost", "path": "/v3/feeds$", "method": "POST", "limit": 1})
    batch = stocks(many, 9, 1)
    first = await process.deliver(*batch)
    assert {one.job.partition(":")[0] for one in first} == {"lost"}
    await process.settle()
    assert box.call("GET", "/v3/feeds").json()["totalResults"] == 1
    assert {process.last(one).result for one in batch} == {Result.APPLIED}


async def test_a_lost_feed_that_cannot_be_looked_for_is_not_sent_again(box: Box, worlds: Worlds) -> None:
    """EVT-4: what keeps us from asking says nothing about the feed."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    box.faults({"kind": "lost", "path": "/v3/feeds$", "method": "POST", "limit": 1})
    batch = stocks(many, 9, 1)
    await process.deliver(*batch)
    box.faults({"kind": "status", "code": 500, "path": "/v3/feeds$", "method": "GET", "limit": 2})
    again = await process.come_back()
    assert {one.job.partition(":")[0] for one in again} == {"lost"}
    await process.settle()
    assert box.call("GET", "/v3/feeds").json()["totalResults"] == 1
    assert {process.last(one).result for one in batch} == {Result.APPLIED}


async def test_a_feed_that_never_arrived_is_sent_again(box: Box, worlds: Worlds) -> None:
    world = worlds()
    process, many = world.process(), skus(box, 30)
    box.faults({"kind": "reset", "path": "/v3/feeds$", "method": "POST", "limit": 1})
    batch = stocks(many, 9, 1)
    await process.deliver(*batch)
    urgent = stock(many[0], 2, 2, urgent=True)
    (now,) = await process.deliver(urgent)
    assert now.job.startswith("after:lost:")  # it may still arrive, for all we know
    await process.settle()
    assert box.call("GET", "/v3/feeds").json()["totalResults"] == 1
    assert process.last(batch[1]).result is Result.APPLIED
    assert process.last(batch[0]).result is Result.STALE
    assert set(world.history(many[0])) == {2}


async def _until(process: Process, is_so: Callable[[], bool]) -> None:
    for _ in range(150):
        if is_so():
            return
        await process.come_back()
    raise AssertionError(f"it never came to that: {process.waiting[:3]}")


def _given_up() -> float:
    return REGISTRY.get_sample_value("causeway_feeds_given_up_total", {"system": "walmart", "account": "main"}) or 0.0


async def test_a_feed_that_never_ends_is_given_up_and_its_numbers_go_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """EVT-4: it counts as a try, is told, and no longer blocks its SKUs: a newer number that waited for it is written."""
    with walmart_box(feed_seconds=(10**7, 10**7), rate_factor=1000) as box:
        box.http.post("/sandbox/items", json={"count": 60, "prefix": "S"}).raise_for_status()
        async with World(box, feeds={**FAST, "patience_hours": 0.1}) as world:
            process, many = world.process(), skus(box, 40)
            batch, told = stocks(many[:30], 5, 1), _given_up()
            (first, *_) = await process.deliver(*batch)
            newer = stock(many[0], 8, 2)
            (waits,) = await process.deliver(newer)
            assert waits.job.startswith("behind:feed:")
            await _until(process, lambda: process.last(batch[1]).result is Result.FAILED)
            gone = process.last(batch[1])
            assert (gone.reason, gone.notes, gone.of_record) == (Reason.TRANSIENT, ("feed_given_up",), True)
            assert (_given_up() - told, caplog.text.count("walmart_feed_given_up")) == (1, 1)
            await _until(process, lambda: process.last(newer).ok and process.last(batch[1]).result is Result.SUBMITTED)
            assert (process.last(newer).result, world.history(many[0])) == (Result.APPLIED, [8])
            again = process.last(batch[1]).job
            assert again.startswith("feed:")
            assert again != first.job
            assert process.last(batch[0]).job == first.job, "it may end after all, and then lie over the newer one"


async def test_a_feed_that_ends_after_it_was_given_up_lays_no_older_number_over_a_newer_one() -> None:
    """INV-5: the newest known is written again, also one that came when the feed was given up already."""
    with walmart_box(feed_seconds=(2000, 2000), rate_factor=1000) as box:
        box.http.post("/sandbox/items", json={"count": 60, "prefix": "S"}).raise_for_status()
        async with World(box, feeds={**FAST, "patience_hours": 0.1}) as world:
            process, many = world.process(), skus(box, 40)
            old = stocks(many[:30], 5, 1)
            (first, *_) = await process.deliver(*old)
            await process.deliver(stock(many[0], 8, 2), stock(many[1], 7, 2, urgent=True))
            await _until(process, lambda: world.history(many[0]) == [8])
            (now,) = await process.deliver(stock(many[0], 9, 3))
            assert (now.result, process.last(old[0]).job) == (Result.APPLIED, first.job)
            await _until(process, lambda: process.last(old[0]).ok and process.last(old[1]).ok)
            assert (world.history(many[0]), process.last(old[0]).notes) == ([8, 9, 5, 9], ("newer_written_again",))
            assert world.history(many[1])[-2:] == [5, 7]


async def test_a_feed_that_was_given_up_is_not_followed_for_ever() -> None:
    """EVT-4: each delivery comes to its end."""
    with walmart_box(feed_seconds=(10**7, 10**7), rate_factor=1000) as box:
        box.http.post("/sandbox/items", json={"count": 60, "prefix": "S"}).raise_for_status()
        async with World(box, feeds={**FAST, "patience_hours": 0.1, "follow_days": 0.01}) as world:
            process, many = world.process(), skus(box, 40)
            old = stocks(many[:30], 5, 1)
            await process.deliver(*old)
            await process.deliver(stock(many[0], 8, 2))
            await _until(process, lambda: process.last(old[0]).result is Result.STALE)
            followed = [one for one in process.outcomes[old[0].id] if one.notes == ("feed_given_up",)]
            assert followed[0].result is Result.SUBMITTED
            assert (followed[-1].result, world.history(many[0])) == (Result.FAILED, [8])


@pytest.mark.parametrize("kind", ["feed_item_system_error", "feed_item_timeout"])
async def test_what_walmart_could_not_do_is_sent_again(box: Box, worlds: Worlds, kind: str) -> None:
    """ERR-3: Walmart's trouble with one item is not the item's; the others are not sent again."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    box.faults({"kind": kind, "limit": 1})
    batch = stocks(many, 9, 1)
    await process.deliver(*batch)
    await process.settle()
    assert {process.last(one).result for one in batch} == {Result.APPLIED}
    tries = sorted(len(process.outcomes[one.id]) for one in batch)
    assert tries[:-1] == [2] * 29
    assert tries[-1] > 2


async def test_a_feed_walmart_refuses_as_a_whole_fails_each_of_its_numbers(box: Box, worlds: Worlds) -> None:
    world = worlds()
    process, many = world.process(), skus(box, 30)
    box.faults({"kind": "feed_error", "limit": 1})
    batch = stocks(many, 9, 1)
    await process.deliver(*batch)
    first = await process.come_back()
    assert {(one.reason, one.of_record) for one in first} == {(Reason.TRANSIENT, True)}
    await process.settle()
    assert {process.last(one).result for one in batch} == {Result.APPLIED}


async def test_a_feed_that_is_stuck_is_asked_for_less_and_less_often(box: Box, worlds: Worlds) -> None:
    world = worlds()
    process, many = world.process(), skus(box, 30)
    box.faults({"kind": "feed_stuck", "limit": 1})
    batch = stocks(many, 9, 1)
    (job,) = {one.job for one in await process.deliver(*batch)}
    waits = [(await process.come_back())[0].retry_after for _ in range(4)]
    assert waits == sorted(waits, key=lambda wait: wait or 0.0)
    assert waits[-1] == 60
    feed_id = job.removeprefix("feed:").partition("|")[0]
    box.http.post(f"/sandbox/feeds/{feed_id}/finish", json={}).raise_for_status()
    await process.settle()
    assert {process.last(one).result for one in batch} == {Result.APPLIED}


async def test_trouble_in_asking_for_a_feed_never_sends_it_again(box: Box, worlds: Worlds) -> None:
    """EVT-4"""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    batch = stocks(many, 9, 1)
    await process.deliver(*batch)
    box.faults({"kind": "status", "code": 500, "path": "/v3/feeds/.", "limit": 3})
    await process.settle()
    assert box.call("GET", "/v3/feeds").json()["totalResults"] == 1
    assert {process.last(one).result for one in batch} == {Result.APPLIED}
