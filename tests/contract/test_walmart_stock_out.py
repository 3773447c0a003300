"""Races of stock numbers out to the sandbox (INV-5): feeds and single calls, kills, lanes, processes. The proof is the sandbox's history."""

from __future__ import annotations

import pytest

from connectors.kit.ports import Result
from schemas.reasons import Reason
from tests.contract.walmart_box import Box
from tests.contract.walmart_out import FAST, Worlds, box, skus, stock, stocks, worlds

__all__ = ["box", "worlds"]  # the fixtures


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
