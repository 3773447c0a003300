"""Stock numbers out to the sandbox (INV-1, INV-4, INV-5): feeds, single calls, lost answers, kills, lanes. The proof is the sandbox's history."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from prometheus_client import REGISTRY

from connectors.kit.ports import Result
from schemas.reasons import Reason
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import FAST, Process, World, stock, stocks


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(20, 20), rate_factor=1000) as found:
        found.http.post("/sandbox/items", json={"count": 250, "prefix": "S"}).raise_for_status()
        yield found


Worlds = Callable[..., World]


@pytest.fixture
async def worlds(box: Box) -> AsyncIterator[Worlds]:
    async with AsyncExitStack() as stack:
        made: list[World] = []

        def make(**changes: Any) -> World:
            made.append(World(box, **changes))
            stack.push_async_exit(made[-1])
            return made[-1]

        yield make


def skus(box: Box, count: int) -> list[str]:
    known = box.call("GET", "/v3/items?limit=250").json()["ItemResponse"]
    return sorted(item["sku"] for item in known)[:count]


async def test_many_numbers_go_in_one_feed_and_each_has_its_outcome(box: Box, worlds: Worlds) -> None:
    """INV-1: at most 200 in one feed; INV-4: what Walmart says of one SKU touches no other."""
    world = worlds()
    process = world.process()
    batch = [*stocks(skus(box, 120), 7, 1), stock("nobody", 3, 1)]
    first = await process.deliver(*batch)
    assert {one.result for one in first} == {Result.SUBMITTED}
    assert len({one.job for one in first}) == 1
    await process.settle()
    assert [process.last(one).result for one in batch[:-1]] == [Result.APPLIED] * 120
    assert {tuple(world.history(one.body["sku"])) for one in batch[:-1]} == {(7,)}
    lost = process.last(batch[-1])
    assert (lost.reason, lost.waiting_for) == (Reason.MAPPING, "listing:walmart:main:nobody")


async def test_none_of_an_item_that_is_not_there_is_what_a_0_says(box: Box, worlds: Worlds) -> None:
    """INV-4: by call or by feed, it waits for no listing, and asks for none."""
    world = worlds()
    process = world.process()
    alone = stock("nobody", 0, 1, urgent=True)
    (called,) = await process.deliver(alone)
    batch = [*stocks(skus(box, 60), 7, 1), stock("nowhere", 0, 1)]
    await process.deliver(*batch)
    await process.settle()
    for found in (called, process.last(batch[-1])):
        assert (found.result, found.remote_id, found.notes) == (Result.APPLIED, "0", ("not_listed",))


async def test_an_urgent_number_goes_alone_and_at_once(box: Box, worlds: Worlds) -> None:
    world = worlds()
    process, sku = world.process(), skus(box, 1)[0]
    (found,) = await process.deliver(stock(sku, 2, 1, urgent=True))
    assert (found.result, found.remote_model, found.remote_id) == (Result.APPLIED, "inventory", "2")
    assert world.history(sku) == [2]


async def test_an_older_feed_that_is_late_never_stays_over_an_urgent_newer_number(box: Box, worlds: Worlds) -> None:
    """INV-5: written at once, and again when the feed is over."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many, 9, 1))
    urgent = stock(many[0], 1, 2, urgent=True)
    (now,) = await process.deliver(urgent)
    assert now.result is Result.SUBMITTED
    assert now.job.startswith("after:feed:")
    assert world.history(many[0]) == [1]
    await process.settle()
    assert world.history(many[0]) == [1, 9, 1]
    assert process.last(urgent).result is Result.APPLIED
    assert world.history(many[1]) == [9]


async def test_a_newer_number_that_is_not_urgent_waits_for_the_older_feed(box: Box, worlds: Worlds) -> None:
    """INV-5"""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many, 9, 1))
    later = stock(many[0], 4, 2)
    (now,) = await process.deliver(later)
    assert now.job.startswith("behind:feed:")
    await process.settle()
    assert world.history(many[0]) == [9, 4]
    assert process.last(later).result is Result.APPLIED


async def test_a_number_written_after_the_older_feed_is_not_written_again(box: Box, worlds: Worlds) -> None:
    """INV-5: another lane of the process wrote it when the feed was over; the feed's own delivery asks only now."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many, 9, 1))
    lane = process.beside()
    await lane.deliver(stock(many[0], 4, 2))
    await lane.settle()
    await process.settle()
    assert world.history(many[0]) == [9, 4]
    assert process.last(stock(many[0], 9, 1)).result is Result.STALE


async def test_of_several_urgent_numbers_during_a_feed_only_the_newest_is_written_again(
    box: Box, worlds: Worlds
) -> None:
    """INV-5"""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many, 9, 1))
    for version, amount in ((2, 5), (3, 4), (4, 3)):
        await process.deliver(stock(many[0], amount, version, urgent=True))
    await process.settle()
    assert world.history(many[0]) == [5, 4, 3, 9, 3]


async def test_an_older_delivery_that_comes_late_is_stale(box: Box, worlds: Worlds) -> None:
    """INV-5: across lanes, although the newer one is not known to be applied yet."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many, 9, 1))
    await process.deliver(stock(many[0], 1, 3, urgent=True))
    for urgent in (False, True):
        (late,) = await process.deliver(stock(many[0], 6, 2, urgent=urgent))
        assert late.result is Result.STALE
    fresh = world.process()  # the same in a process without a memory of it
    (late,) = await fresh.deliver(stock(many[0], 6, 2, urgent=True))
    assert late.result is Result.STALE


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
    return REGISTRY.get_sample_value("causeway_walmart_feeds_given_up_total", {"account": "main"}) or 0.0


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


async def test_after_a_kill_the_feed_nobody_recorded_is_found_at_walmart(box: Box, worlds: Worlds) -> None:
    """INV-5: the process dies between sending and recording; a newer urgent number is safe all the same."""
    world = worlds()
    many = skus(box, 30)
    await world.process().deliver(*stocks(many, 9, 1), record="nothing")
    reborn = world.process()
    urgent = stock(many[0], 1, 2, urgent=True)
    (now,) = await reborn.deliver(urgent)
    assert now.job.startswith("after:feed:")
    again = await reborn.deliver(*stocks(many[1:], 9, 1))  # the offset had not moved; the batch is another one by now
    assert {one.job.partition(":")[0] for one in again} == {"behind"}
    await reborn.settle()
    assert world.history(many[0])[-1] == 1
    assert {world.history(sku)[-1] for sku in many[1:]} == {9}


async def test_two_processes_the_older_feed_ends_after_the_newer_number_was_written(box: Box, worlds: Worlds) -> None:
    """INV-5: the one who writes knows nothing of the other's feed."""
    world = worlds(feeds={**FAST, "list_seconds": 1000})
    bulk, critical, many = (
        world.process(),
        world.process(),
        skus(box, 30),
    )  # each believes that it is alone, and nobody tells
    batch = stocks(many, 9, 1)
    await critical.deliver(stock(skus(box, 40)[-1], 1, 1, urgent=True))  # it has read Walmart's list a moment before
    sent = await bulk.untold(*batch)
    newer = stock(many[0], 1, 2, urgent=True)
    await critical.deliver(newer)
    assert world.keys[newer.key].known is not None
    for delivery, outcome in zip(batch, sent, strict=True):
        bulk.record(delivery, outcome)
    await bulk.settle()
    assert world.history(many[0]) == [1, 9, 1]
    assert bulk.last(batch[0]).result is Result.STALE


async def test_an_urgent_number_written_while_the_list_cannot_be_read_is_written_again(
    box: Box, worlds: Worlds
) -> None:
    """INV-5: a feed nobody recorded may be on its way."""
    world = worlds()
    many = skus(box, 30)
    await world.process().deliver(*stocks(many, 9, 1), record="nothing")
    box.faults({"kind": "status", "code": 503, "path": "/v3/feeds$", "method": "GET", "limit": 1})
    reborn = world.process()
    urgent = stock(many[0], 1, 2, urgent=True)
    (now,) = await reborn.deliver(urgent)
    assert now.job == "after|2"
    await reborn.settle()
    assert world.history(many[0])[-1] == 1
    assert reborn.last(urgent).result is Result.APPLIED


async def test_two_processes_by_single_calls_at_the_same_moment(box: Box, worlds: Worlds) -> None:
    """INV-5: the older of two calls lands last; it is noticed and the newer number written again."""
    world = worlds()
    normal, critical, sku = world.process(0.5), world.process(0.5), skus(box, 1)[0]
    older, newer = stock(sku, 9, 1), stock(sku, 1, 2, urgent=True)
    (late,) = await normal.deliver(older, record="nothing")
    await critical.deliver(newer)
    box.call("PUT", f"/v3/inventory?sku={sku}", json={"sku": sku, "quantity": {"unit": "EACH", "amount": 9}})
    normal.record(older, late)
    await normal.settle()
    await critical.settle()
    assert world.history(sku)[-1] == 1
    assert normal.last(older).result is Result.STALE


async def test_a_job_that_only_waits_hides_no_feed(box: Box, worlds: Worlds) -> None:
    """INV-5: a feed nobody recorded is on Walmart's list; the key's own open job is one that only looks again later."""
    world = worlds()
    process, many = world.process(0.5), skus(box, 30)
    await process.deliver(stock(many[0], 5, 1))
    assert world.keys["stock:walmart:main:" + many[0]].jobs == {"settle|1"}
    await process.untold(*stocks(many, 9, 2))
    reborn = world.process(0.5)
    (now,) = await reborn.deliver(stock(many[0], 4, 3))
    assert now.job.startswith("behind:feed:")
    await reborn.settle()
    assert world.history(many[0]) == [5, 9, 4]


async def test_a_feed_that_another_process_sent_a_moment_ago_is_noticed(box: Box, worlds: Worlds) -> None:
    """INV-5: who has written an urgent number reads Walmart's list once more, as it is now."""
    world = worlds(feeds={**FAST, "list_seconds": 1000})
    bulk, critical, many = world.process(0.5), world.process(0.5), skus(box, 31)
    await critical.deliver(stock(many[30], 1, 1, urgent=True))
    await bulk.untold(*stocks(many[:30], 9, 1))
    (now,) = await critical.deliver(stock(many[0], 1, 2, urgent=True))
    assert now.job.startswith("after:feed:")
    await critical.settle()
    assert world.history(many[0]) == [1, 9, 1]


@pytest.mark.parametrize(("older_at", "newer_at"), [(0, 5), (5, 0), (25, 0)])
async def test_two_feeds_with_the_same_sku_at_once(box: Box, worlds: Worlds, older_at: int, newer_at: int) -> None:
    """INV-5: two processes that could not know of each other; whichever feed ends last, the newer number stays."""
    world = worlds(feeds={**FAST, "list_seconds": 1000})
    one, two, many = world.process(0.5), world.process(0.5), skus(box, 31)
    for version, process in enumerate((one, two), 1):  # both have read Walmart's list before
        await process.deliver(stock(many[30], 1, version, urgent=True))
    start, sent = box.clock.now, []
    for at, process, batch in sorted(
        [(older_at, one, stocks(many[:30], 9, 1)), (newer_at, two, stocks(many[:30], 4, 2))], key=lambda each: each[0]
    ):
        box.clock.now = start + at
        sent.append((process, batch, await process.untold(*batch)))
    for process, batch, outcomes in sent:
        for delivery, outcome in zip(batch, outcomes, strict=True):
            process.record(delivery, outcome)
    while one.waiting or two.waiting:
        await min((one, two), key=lambda each: min((at for at, _ in each.waiting), default=9e99)).come_back()
    assert {world.history(sku)[-1] for sku in many[:30]} == {4}
    assert {one.last(delivery).result for delivery in stocks(many[:30], 9, 1)} == {Result.STALE}
    assert {two.last(delivery).result for delivery in stocks(many[:30], 4, 2)} == {Result.APPLIED}


async def test_a_feed_of_a_dead_process_ends_after_a_newer_one(box: Box, worlds: Worlds) -> None:
    """INV-5: nobody comes back for the older feed, so who sent the newer one looks what else is under way when his is over."""
    world = worlds(feeds={**FAST, "list_seconds": 1000})
    dead, process, many = world.process(0.5), world.process(0.5), skus(box, 31)
    await dead.deliver(stock(many[30], 1, 1, urgent=True))
    await process.deliver(*stocks(many[:30], 4, 2))
    box.clock.now += 25
    await dead.untold(*stocks(many[:30], 9, 1))
    assert {one.result for one in await process.deliver(*stocks(many[:30], 9, 1))} == {Result.STALE}  # delivered again
    await process.settle()
    box.clock.now += 600
    assert {world.history(sku)[-1] for sku in many[:30]} == {4}


async def test_a_call_that_nobody_answered_may_land_late(box: Box, worlds: Worlds) -> None:
    """INV-5: an older number is given up and takes effect after a newer one was written."""
    world = worlds()
    process, sku = world.process(), skus(box, 1)[0]
    box.faults({"kind": "reset", "path": "/v3/inventory", "method": "PUT", "limit": 1})
    older, newer = stock(sku, 9, 1), stock(sku, 1, 2, urgent=True)
    (lost,) = await process.deliver(older)
    assert (lost.reason, lost.job.partition(":")[0]) == (Reason.TRANSIENT, "sending")
    (now,) = await process.deliver(newer)
    assert now.job == "after|2"
    box.call("PUT", f"/v3/inventory?sku={sku}", json={"sku": sku, "quantity": {"unit": "EACH", "amount": 9}})
    await process.settle()
    assert world.history(sku) == [1, 9, 1]
    assert process.last(older).result is Result.STALE


async def test_of_two_processes_that_begin_at_once_one_gives_way(box: Box, worlds: Worlds) -> None:
    """INV-5: each tells before it sends, and reads what the other has told."""
    world = worlds()
    one, two, sku = world.process(0.5), world.process(0.5), skus(box, 1)[0]
    older, newer = stock(sku, 9, 1), stock(sku, 1, 2)
    two.announce([newer])
    (late,) = await one.deliver(older)
    assert late.result is Result.STALE
    one.announce([older])  # the other way round: the older one is about to be sent, and its process dies
    (now,) = await two.deliver(newer)
    assert now.job == "behind|2"
    assert (await one.deliver(older))[0].result is Result.STALE
    await two.settle()
    assert world.history(sku) == [1]


async def test_a_process_that_was_thought_dead_goes_on(box: Box, worlds: Worlds) -> None:
    """INV-5: it stood still before it sent; another one has all of its work by then. Each believes that it is alone."""
    world = worlds()
    still, other, sku = world.process(), world.process(), skus(box, 1)[0]
    older, newer = stock(sku, 9, 1, urgent=True), stock(sku, 1, 2, urgent=True)
    still.announce([older])
    (now,) = await other.deliver(newer)
    assert now.job == "after|2"
    (late,) = await still.untold(older)
    still.record(older, late)
    assert world.history(sku) == [1, 9]
    await other.settle()
    assert world.history(sku) == [1, 9, 1]


async def test_what_a_process_sends_itself_costs_no_second_write(box: Box, worlds: Worlds) -> None:
    """INV-5: two of its lanes have the same SKU at the same time; it remembers what it writes."""
    world = worlds()
    process, sku = world.process(), skus(box, 1)[0]
    process.announce([stock(sku, 9, 1)])
    (now,) = await process.beside().deliver(stock(sku, 1, 2, urgent=True))
    assert now.result is Result.APPLIED
    assert (await process.deliver(stock(sku, 9, 1)))[0].result is Result.STALE
    assert world.history(sku) == [1]


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


async def test_ship_nodes_have_a_feed_of_their_own(box: Box, worlds: Worlds) -> None:
    node = "10000003527"
    world = worlds(account={"ship_node": node})
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many[:-1], 8, 1))
    await process.deliver(stock(many[-1], 3, 2, urgent=True))
    await process.settle()
    kinds = [feed["feedType"] for feed in box.call("GET", "/v3/feeds").json()["results"]["feed"]]
    assert kinds == ["MP_INVENTORY"]
    for sku, amount in ((many[0], 8), (many[-1], 3)):
        written = world.item(sku)["stock_history"]
        assert [(one["node"], one["amount"]) for one in written] == [(node, amount)]


async def test_a_sku_with_a_space_and_a_plus_reaches_its_item(box: Box, worlds: Worlds) -> None:
    sku = "a b+c/d%ä"
    box.http.post("/sandbox/items", json={"items": [{"sku": sku}]}).raise_for_status()
    (found,) = await worlds().process().deliver(stock(sku, 2, 1, urgent=True))
    assert found.result is Result.APPLIED


@pytest.mark.parametrize(("given", "sent", "notes"), [("3.9", "3", ()), ("5000", "999", ("capped",)), ("0", "0", ())])
async def test_numbers_are_whole_and_capped(box: Box, worlds: Worlds, given: str, sent: str, notes: Any) -> None:
    """INV-2: cap 999 for Walmart."""
    (found,) = await worlds().process().deliver(stock(skus(box, 1)[0], given, 1, urgent=True))
    assert (found.remote_id, found.notes) == (sent, notes)


@pytest.mark.parametrize("given", ["-1", "many", ""])
async def test_what_is_no_number_is_a_data_error(box: Box, worlds: Worlds, given: str) -> None:
    (found,) = await worlds().process().deliver(stock(skus(box, 1)[0], given, 1))
    assert found.reason is Reason.DATA
