"""Products that are no longer for sale, at Walmart: their 0 is a number among numbers (INV-5)."""

from __future__ import annotations

from connectors.kit.outgoing.emptying import AGAIN, EMPTIED, RULED
from connectors.kit.ports import Delivery, Outcome, Result
from tests.contract.out_world import Process
from tests.contract.test_walmart_listings_out import upsert
from tests.contract.walmart_box import Box
from tests.contract.walmart_out import Worlds, box, skus, stock, stocks, worlds
from tests.contract.walmart_seller import put_stock

__all__ = ["box", "worlds"]  # the fixtures


def gone(sku: str, version: int = 20) -> Delivery:
    return upsert(sku, 1, version, active=False)


def notes(process: Process, one: Delivery) -> list[str]:
    return [note for outcome in process.outcomes[one.id] for note in outcome.notes]


def feed_calls(box: Box) -> list[str]:
    return [call.path for call in box.app.calls.latest if call.path.startswith("/v3/feeds")]


async def settled(process: Process, one: Delivery) -> Outcome:
    await process.deliver(one)
    await process.settle()
    return process.last(one)


async def test_an_older_feed_that_ends_later_does_not_stay_over_the_0(box: Box, worlds: Worlds) -> None:
    """INV-5: at once, and again when the feed is over."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    put_stock(box, many[0], 8)
    await process.deliver(*stocks(many, 9, 10))
    one, older = gone(many[0]), stock(many[0], 9, 10)
    (now,) = await process.deliver(one)
    assert (now.result, now.job.startswith("after:feed:")) == (Result.SUBMITTED, True)
    assert world.history(many[0]) == [8, 0], "at once"
    await process.settle()
    assert world.history(many[0]) == [8, 0, 9, 0]
    assert (process.last(one).result, process.last(one).notes) == (Result.APPLIED, (AGAIN,))
    assert process.last(older).result is Result.STALE, "it is not what Walmart holds"
    assert world.keys[older.key].known is None
    assert world.history(many[1]) == [9]


async def test_nothing_to_sell_is_looked_after_too_while_a_number_is_on_its_way(box: Box, worlds: Worlds) -> None:
    """INV-5: there is nothing to write yet."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    put_stock(box, many[0], 0)
    await process.deliver(*stocks(many, 9, 10))
    (now,) = await process.deliver(gone(many[0]))
    assert (now.result, world.history(many[0])) == (Result.SUBMITTED, [0])
    await process.settle()
    assert world.history(many[0]) == [0, 9, 0]
    assert process.last(gone(many[0])).result is Result.APPLIED


async def test_the_feed_of_a_dead_process_does_not_stay_over_it(box: Box, worlds: Worlds) -> None:
    """INV-5: nobody here sent it; it is on Walmart's list."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    put_stock(box, many[0], 8)
    await world.process().deliver(*stocks(many, 9, 10), record="nothing")
    assert (await settled(process, gone(many[0]))).result is Result.APPLIED
    assert world.history(many[0]) == [8, 0, 9, 0]
    (late,) = await process.deliver(stock(many[0], 9, 10))
    assert late.result is Result.STALE, "its record is delivered again"


async def test_while_the_list_cannot_be_read_it_is_looked_after(box: Box, worlds: Worlds) -> None:
    """INV-5: a feed nobody recorded may be on its way."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await world.process().deliver(*stocks(many, 9, 10), record="nothing")
    box.faults({"kind": "status", "code": 503, "path": "/v3/feeds$", "method": "GET", "skip": 1, "limit": 1})
    one = gone(many[0])
    (now,) = await process.deliver(one)
    assert now.job == "after|20"
    await process.settle()
    assert world.history(many[0])[-2:] == [9, 0]
    assert (process.last(one).result, AGAIN in notes(process, one)) == (Result.APPLIED, True)


async def test_an_older_number_that_comes_late_is_not_written(box: Box, worlds: Worlds) -> None:
    """INV-5: it waited for its quota, say, while the product was withdrawn."""
    world = worlds()
    process, sku = world.process(), skus(box, 1)[0]
    put_stock(box, sku, 8)
    first = await settled(process, gone(sku))
    assert (first.result, first.notes) == (Result.APPLIED, (EMPTIED,))
    (late,) = await process.deliver(stock(sku, 9, 10, urgent=True))
    assert (late.result, world.history(sku)) == (Result.STALE, [8, 0])


async def test_a_number_worked_out_later_rules(box: Box, worlds: Worlds) -> None:
    """INV-5: the product is for sale again; neither the 0 nor the feed stays over it."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    put_stock(box, many[0], 8)
    await process.deliver(*stocks(many, 9, 10))
    one, newer = gone(many[0]), stock(many[0], 5, 30, urgent=True)
    await process.deliver(one)
    await process.deliver(newer)
    await process.settle()
    assert world.history(many[0]) == [8, 0, 5, 9, 5]
    assert (process.last(one).result, process.last(one).notes) == (Result.APPLIED, (RULED,))
    assert process.last(newer).result is Result.APPLIED
    (slow,) = await process.deliver(gone(many[0], 29))
    assert (slow.result, slow.notes) == (Result.ALREADY_APPLIED, (RULED,)), "older than the number"
    assert world.history(many[0])[-1] == 5


async def test_a_newer_feed_rules_too(box: Box, worlds: Worlds) -> None:
    """INV-5: it is on its way when the product is withdrawn by what is older."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many, 9, 30))
    assert (await settled(process, gone(many[0]))).notes == (RULED,)
    assert world.history(many[0]) == [9]


async def test_a_0_that_nobody_answered_does_not_stay_over_a_newer_number(box: Box, worlds: Worlds) -> None:
    """INV-5: it may take effect late."""
    world = worlds()
    process, sku = world.process(), skus(box, 1)[0]
    put_stock(box, sku, 8)
    box.faults({"kind": "reset", "path": "/v3/inventory", "method": "PUT", "limit": 1})
    (lost,) = await process.deliver(gone(sku))
    assert lost.result is Result.FAILED
    newer = stock(sku, 5, 30, urgent=True)
    (now,) = await process.deliver(newer)
    assert now.job == "after|30"
    put_stock(box, sku, 0)
    await process.settle()
    assert world.history(sku) == [8, 5, 0, 5]
    assert (process.last(gone(sku)).notes, process.last(newer).result) == ((RULED,), Result.APPLIED)
    assert (await process.deliver(stock(sku, 6, 40)))[0].result is Result.APPLIED, "and nothing waits for it any more"


async def test_an_older_number_that_nobody_answered_does_not_stay_over_it(box: Box, worlds: Worlds) -> None:
    """INV-5: it takes effect late."""
    world = worlds()
    process, sku = world.process(), skus(box, 1)[0]
    put_stock(box, sku, 8)
    box.faults({"kind": "reset", "path": "/v3/inventory", "method": "PUT", "limit": 1})
    older, one = stock(sku, 9, 10), gone(sku)
    assert (await process.deliver(older))[0].result is Result.FAILED
    (now,) = await process.deliver(one)
    assert now.job == "after|20"
    put_stock(box, sku, 9)
    await process.settle()
    assert world.history(sku) == [8, 0, 9, 0]
    assert (process.last(older).result, process.last(one).result) == (Result.STALE, Result.APPLIED)


async def test_beside_other_processes_it_is_looked_at_once_more(box: Box, worlds: Worlds) -> None:
    """INV-5: a single call of theirs was under way."""
    world = worlds()
    process, sku = world.process(0.5), skus(box, 1)[0]
    put_stock(box, sku, 8)
    one = gone(sku)
    (now,) = await process.deliver(one)
    assert now.job == "after|20"
    put_stock(box, sku, 9)
    await process.settle()
    assert world.history(sku) == [8, 0, 9, 0]
    assert notes(process, one) == [AGAIN, EMPTIED]


async def test_many_at_once_ask_for_each_feed_once(box: Box, worlds: Worlds) -> None:
    """RATE-1: not each of them for itself."""
    world = worlds()
    process, many = world.process(), skus(box, 30)
    await process.deliver(*stocks(many, 9, 10))
    before = len(feed_calls(box))
    found = await process.deliver(*(gone(sku) for sku in many))
    assert {one.result for one in found} == {Result.SUBMITTED}
    assert len(feed_calls(box)) - before <= 4
    await process.settle()
    assert {world.history(sku)[-1] for sku in many} == {0}
