"""Products that are no longer for sale, at Amazon: their 0 is a number among numbers (INV-5)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from connectors.kit.outgoing.emptying import AGAIN, EMPTIED, RULED
from connectors.kit.ports import Delivery, Outcome, Result
from tests.contract.amazon_out import World, goods_box, stock
from tests.contract.out_world import Process
from tests.unit.kit.catalogue.samples import product

MANY = [f"B-{place}" for place in range(1, 51)]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Feeds take longer than calls, so that an older number in one of them lands later."""
    with goods_box(feed_seconds=(100, 100)) as box:
        async with World(box) as found:
            found.add(*MANY, stock=3)
            found.add("FBA-1", fba=7)
            yield found


def gone(sku: str = "B-1", version: int = 20) -> Delivery:
    key = f"listing:amazon:main:{sku}"
    body = product(sku=sku, key=f"sku:{sku}", active=False)
    return Delivery(f"{key}/{version}", "upsert_listing", False, key, "odoo", "main", version, f"c{version}", "c", body)


def notes(process: Process, one: Delivery) -> list[str]:
    return [note for outcome in process.outcomes[one.id] for note in outcome.notes]


async def settled(process: Process, one: Delivery) -> Outcome:
    await process.deliver(one)
    await process.settle()
    return process.last(one)


async def test_what_is_no_longer_for_sale_has_nothing_to_sell(world: World) -> None:
    """It is done when Amazon shows it, and nothing is written again."""
    process, one = world.process(), gone()
    (first,) = await process.deliver(one)
    assert (first.result, world.history("B-1")) == (Result.SUBMITTED, []), "accepted, which is not done"
    await process.settle()
    found = process.last(one)
    assert (found.result, found.notes, found.remote_id) == (Result.APPLIED, (EMPTIED,), "B-1")
    assert world.history("B-1") == [0]
    for other in (gone(version=21), gone("NEVER"), gone("FBA-1")):
        assert (await process.deliver(other))[0].result is Result.ALREADY_APPLIED


async def test_an_older_number_on_its_way_does_not_stay_over_the_0(world: World) -> None:
    """INV-5: a feed lays its older number over the 0 after that was shown; it does not stay."""
    process, one = world.process(), gone("B-1")
    await process.deliver(*(stock(sku, 30, 10) for sku in MANY))
    await process.deliver(one)
    world.box.clock.tick(10)
    assert world.history("B-1") == [0], "at once"
    await process.settle()
    assert world.history("B-1")[:2] == [0, 30], "the sandbox works as feared"
    assert world.history("B-1")[-1] == 0
    assert (process.last(one).result, AGAIN in notes(process, one)) == (Result.APPLIED, True)
    assert process.last(stock("B-1", 30, 10)).result is Result.STALE, "and it is not sent again"
    assert world.history("B-2")[-1] == 30


async def test_nothing_to_sell_is_looked_after_too_while_a_number_is_on_its_way(world: World) -> None:
    """INV-5: there is nothing to write yet."""
    world.add("B-0", stock=0)
    process, one = world.process(), gone("B-0")
    await process.deliver(*(stock(sku, 30, 10) for sku in ("B-0", *MANY)))
    (first,) = await process.deliver(one)
    assert (first.result, world.history("B-0")) == (Result.SUBMITTED, [])
    await process.settle()
    assert world.history("B-0") == [30, 0]
    assert process.last(one).result is Result.APPLIED


async def test_nothing_to_sell_is_looked_after_while_a_number_nobody_answered_may_come(world: World) -> None:
    """INV-5: Amazon took it, and nobody here knows."""
    world.add("B-0", stock=0)
    process, one = world.process(), gone("B-0")
    world.box.faults({"kind": "lost", "method": "PATCH", "limit": 1})
    (lost,) = await process.deliver(stock("B-0", 30, 10, urgent=True))
    assert lost.result is Result.FAILED
    await process.deliver(one)
    await process.settle()
    assert world.history("B-0") == [30, 0]
    assert (process.last(one).result, AGAIN in notes(process, one)) == (Result.APPLIED, True)


async def test_a_number_of_another_process_does_not_stay_over_it(world: World) -> None:
    """INV-5: nobody here knows of it; time tells."""
    first, second, one = world.process(0.5), world.process(0.5), gone()
    await second.deliver(*(stock(sku, 30, 10) for sku in MANY), record="nothing")
    await settled(first, one)
    assert world.history("B-1") == [0, 30, 0]
    assert (first.last(one).result, AGAIN in notes(first, one)) == (Result.APPLIED, True)


async def test_it_is_looked_after_as_long_as_an_older_feed_is_not_over() -> None:
    """INV-5: longer than a change takes to take effect."""
    with goods_box(feed_seconds=(900, 900)) as box:
        async with World(box) as world:
            world.add(*MANY, stock=3)
            process, one = world.process(), gone()
            await process.deliver(*(stock(sku, 30, 10) for sku in MANY))
            assert (await settled(process, one)).result is Result.APPLIED
            assert world.history("B-1") == [0, 30, 0]


async def test_an_older_number_that_comes_late_is_not_sent(world: World) -> None:
    """INV-5: it waited for its quota, say, while the product was withdrawn."""
    process = world.process()
    await settled(process, gone())
    (late,) = await process.deliver(stock("B-1", 30, 10, urgent=True))
    assert late.result is Result.STALE
    assert world.history("B-1") == [0]


async def test_a_number_worked_out_later_rules(world: World) -> None:
    """The stock flow says 0 of what is not for sale by itself; what it says later, of a product that is for sale again, is newer."""
    process, one = world.process(), gone()
    await process.deliver(one)
    again = stock("B-1", 5, 30, urgent=True)
    (sent,) = await process.deliver(again)
    assert sent.job.startswith("feed:with-"), "the 0 may come to lie over it yet"
    await process.settle()
    assert world.history("B-1")[-1] == 5
    assert (process.last(one).result, process.last(again).result) == (Result.APPLIED, Result.APPLIED)
    assert process.last(one).notes == (RULED,)
    (slow,) = await process.deliver(gone(version=29))
    assert (slow.result, slow.notes) == (Result.ALREADY_APPLIED, (RULED,)), "older than the number"
    assert world.history("B-1")[-1] == 5


async def test_a_lost_answer_is_no_success(world: World) -> None:
    """EVT-4: the 0 is looked after, also where nobody said that it was taken."""
    process, one = world.process(), gone()
    world.box.faults({"kind": "lost", "method": "PATCH", "limit": 1})
    (first,) = await process.deliver(one)
    assert first.result is Result.FAILED
    assert (await settled(process, one)).ok
    assert world.item("B-1")["stock"]["available"] == 0
