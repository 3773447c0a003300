"""Stock to Amazon: what counts as written, what waits for what, and who wins (INV-1, INV-2, INV-4, INV-5)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.amazon.values import BY_AMAZON, RESTORED
from connectors.kit.cursor import to_text
from connectors.kit.ports import Outcome, Result
from schemas.reasons import Reason
from tests.contract.amazon_box import START, Box
from tests.contract.amazon_out import World, goods_box, stock
from tests.contract.out_world import Process
from tests.contract.recordings import recorded

MANY = [f"B-{number}" for number in range(50)]


@pytest.fixture
def box() -> Iterator[Box]:
    with goods_box() as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box) as found:
        found.add("S-1", "S-2", stock=5)
        yield found


def sell(box: Box, sku: str, units: int) -> None:
    """Somebody buys."""
    order = recorded("amazon", "order_plain").order
    moment = to_text(datetime.fromtimestamp(box.clock(), UTC))
    order |= {"orderId": "997-0000001-0000001", "createdTime": moment, "lastUpdatedTime": moment}
    (item,) = order["orderItems"][:1]
    order["orderItems"] = [item | {"quantityOrdered": units, "product": item["product"] | {"sellerSku": sku}}]
    order["orderItems"][0]["fulfillment"] = {"quantityFulfilled": 0, "quantityUnfulfilled": units}
    box.raw(order)


def vias(world: World, sku: str = "S-1") -> list[tuple[str, int]]:
    return [(one["via"], int(one["value"])) for one in world.numbers(sku)]


def patches(world: World) -> int:
    return sum(one["method"] == "PATCH" for one in world.box.state()["calls"]["latest"])


async def applied(process: Process, *batch: Any) -> list[Outcome]:
    await process.deliver(*batch)
    await process.settle()
    return [process.last(one) for one in batch]


async def test_a_number_counts_as_written_when_the_listing_shows_it(world: World) -> None:
    """INV-5: ACCEPTED says that it was queued."""
    process = world.process()
    (first,) = await process.deliver(stock("S-1", 7, 1, urgent=True))
    assert (first.result, first.job.split("-")[0]) == (Result.SUBMITTED, "feed:lone")
    assert world.history("S-1") == [], "not yet"
    await process.settle()
    assert process.last(stock("S-1", 7, 1)).result is Result.APPLIED
    assert vias(world) == [("patch", 7)]
    assert world.keys["stock:amazon:main:S-1"].known is not None
    assert not world.keys["stock:amazon:main:S-1"].jobs


async def test_a_few_go_one_by_one_and_many_in_one_feed(world: World) -> None:
    """INV-1"""
    world.add(*MANY, stock=1)
    process = world.process()
    found = await applied(process, *(stock(sku, 3, 1) for sku in MANY))
    assert {one.result for one in found} == {Result.APPLIED}
    assert {via for sku in MANY for via, _ in vias(world, sku)} == {"feed"}
    assert patches(world) == 0
    urgent = await applied(process, *(stock(sku, 4, 2, urgent=True) for sku in MANY))
    assert {one.result for one in urgent} == {Result.APPLIED}
    assert {vias(world, sku)[-1] for sku in MANY} == {("patch", 4)}, "low stock waits for no feed"


async def test_one_wrong_sku_in_a_feed_is_its_own_exception(world: World) -> None:
    """INV-4: the rest goes through."""
    world.add(*MANY, stock=1)
    process = world.process()
    batch = [stock(sku, 3, 1) for sku in MANY]
    await process.deliver(*batch)
    world.box.control("/sandbox/items/B-7/change", kind="delete")
    await process.settle()
    missing = process.last(batch[7])
    assert (missing.reason, missing.waiting_for) == (Reason.MAPPING, "listing:amazon:main:B-7")
    assert {process.last(one).result for one in batch if one is not batch[7]} == {Result.APPLIED}


async def test_what_is_shown_already_is_not_written(world: World) -> None:
    (found,) = await applied(world.process(), stock("S-1", 5, 1))
    assert (found.result, found.remote_id) == (Result.ALREADY_APPLIED, "5")
    assert world.history("S-1") == []


async def test_a_sku_amazon_does_not_have_waits_for_its_listing(world: World) -> None:
    """INV-4"""
    some, none = await world.process().deliver(stock("X-1", 3, 1), stock("X-2", 0, 1))
    assert (some.reason, some.waiting_for) == (Reason.MAPPING, "listing:amazon:main:X-1")
    assert (none.result, none.notes) == (Result.APPLIED, ("not_listed",)), "nothing to sell is what it wants"


async def test_what_amazon_ships_is_never_written(world: World) -> None:
    """ORD-10, INV of FBA: also not by resync, and in a feed as little as alone."""
    world.add(*(f"F-{number}" for number in range(50)), fba=9)
    process = world.process()
    found = await process.deliver(
        *(stock(f"F-{number}", 3, 1) for number in range(50)), stock("F-1", 2, 2, urgent=True)
    )
    assert {(one.result, one.notes) for one in found[:1] + found[2:]} == {(Result.STALE, (BY_AMAZON,))}
    assert not process.waiting
    assert patches(world) == 0
    assert world.item("F-1")["attributes"]["fulfillment_availability"] == [{"fulfillment_channel_code": "AMAZON_NA"}]


async def test_merge_leaves_the_rest_of_the_offer(world: World) -> None:
    before = world.item("S-1")["attributes"]
    await applied(world.process(), stock("S-1", 7, 1))
    after = world.item("S-1")["attributes"]
    assert after.pop("fulfillment_availability") == [{"fulfillment_channel_code": "DEFAULT", "quantity": 7}]
    before.pop("fulfillment_availability")
    assert after == before


async def test_numbers_that_are_not_urgent_wait_for_an_older_one(world: World) -> None:
    """INV-5: Amazon promises no order, so the second is not sent before the first shows or can come no more."""
    process = world.process()
    old, new = stock("S-1", 7, 1), stock("S-1", 3, 2)
    await process.deliver(old)
    (waits,) = await process.deliver(new)
    assert waits.job.startswith("behind:feed:lone-")
    await process.settle()
    assert vias(world) == [("patch", 7), ("patch", 3)]
    assert (process.last(old).result, process.last(new).result) == (Result.APPLIED, Result.APPLIED)


async def test_a_number_that_orders_have_taken_from_counts_as_written_and_is_written_anew(world: World) -> None:
    """INV-1, INV-5: what is shown is less than what was written as soon as somebody buys; a number as before is not there for that."""
    process = world.process()
    (first,) = await process.deliver(stock("S-1", 7, 1))
    assert first.job.startswith("feed:lone-")
    world.box.clock.tick(10)
    sell(world.box, "S-1", 2)
    assert world.item("S-1")["stock"] == {"available": 5, "sold": 2}
    await process.settle()
    assert process.last(stock("S-1", 7, 1)).result is Result.APPLIED
    await applied(process, again := stock("S-1", 7, 2))
    assert process.last(again).result is Result.APPLIED
    assert world.history("S-1") == [7, 7]
    assert world.box.clock() < START + 240, "well before the five minutes after which an acceptance counts for nothing"


async def test_an_answer_that_cannot_be_read_is_amazons_trouble_and_of_one_sku(world: World) -> None:
    """ERR-1, SEC-5: it is asked for alone, then tried again later; the others go on."""
    process = world.process()
    world.box.faults({"kind": "bad_record", "path": "/listings/", "limit": 1})
    outcomes = await process.deliver(stock("S-1", 7, 1), stock("S-2", 8, 1))
    assert [one.result for one in outcomes] == [Result.SUBMITTED, Result.SUBMITTED], "asked for alone, it could be read"
    world.box.faults({"kind": "bad_record", "path": "/listings/"})
    (again,) = await process.deliver(stock("S-2", 9, 2, urgent=True))
    assert (again.result, again.reason, again.of_record) == (Result.FAILED, Reason.TRANSIENT, True)
    assert "cannot be read" in again.detail
    world.box.faults()
    await process.settle()
    assert (vias(world), vias(world, "S-2")) == ([("patch", 7)], [("patch", 8), ("patch", 9)])


async def test_what_waits_goes_on_as_soon_as_the_older_one_has_been_seen(world: World) -> None:
    """INV-1, INV-5: also one whose older number had ended by another delivery, long before the time in which it could have."""
    process = world.process()
    first, second = stock("S-1", 7, 1), stock("S-1", 8, 2)
    await process.deliver(first)
    began = world.box.clock()
    (waits,) = await process.deliver(second)
    assert waits.job.startswith("behind:feed:lone-")
    while process.last(second).job.startswith("behind:"):
        await process.come_back()
    assert process.last(first).result is Result.APPLIED
    assert world.box.clock() - began < 61, "not the five minutes after which an acceptance counts for nothing"
    await process.settle()
    assert vias(world) == [("patch", 7), ("patch", 8)]


async def test_an_urgent_number_passes_an_older_feed_and_is_looked_after() -> None:
    """INV-5: the feed lays its older number over it long after it was shown; it is not taken for done before, and written once more."""
    with goods_box(feed_seconds=(100, 100)) as slow:
        async with World(slow) as world:
            world.add(*MANY, stock=1)
            process = world.process()
            await process.deliver(*(stock(sku, 30, 1) for sku in MANY))
            low = stock("B-1", 2, 2, urgent=True)
            await process.deliver(low)
            world.box.clock.tick(10)
            assert vias(world, "B-1") == [("patch", 2)], "at once"
            await process.settle()
            assert vias(world, "B-1")[:2] == [("patch", 2), ("feed", 30)], "the sandbox works as feared"
            assert vias(world, "B-1")[-1] == ("patch", 2)
            assert process.last(low).result is Result.APPLIED
            assert process.last(stock("B-1", 30, 1)).result is Result.STALE


async def test_an_older_number_that_comes_late_is_not_sent(world: World) -> None:
    process = world.process()
    await applied(process, stock("S-1", 3, 2))
    (late,) = await process.deliver(stock("S-1", 7, 1))
    assert late.result is Result.STALE
    assert world.history("S-1") == [3]


async def test_a_process_that_did_not_know_puts_the_newer_one_right(world: World) -> None:
    """INV-5: it sent an older number that was told to nobody, after the newer one was done."""
    first, second = world.process(0.5), world.process(0.5)
    await applied(first, stock("S-1", 3, 2))
    old = stock("S-1", 7, 1)
    (outcome,) = await second.untold(old)
    second.record(old, outcome)
    world.box.clock.tick(10)
    assert world.history("S-1") == [3, 7], "as feared"
    await second.settle()
    assert world.history("S-1") == [3, 7, 3]
    assert RESTORED in [note for one in second.outcomes[old.id] for note in one.notes]
    assert second.last(old).result is Result.STALE


@pytest.mark.parametrize("kind", ["lost", "reset"])
async def test_a_lost_answer_doubles_nothing_and_is_no_success(world: World, kind: str) -> None:
    """EVT-4: the number may be on its way; nobody takes it for written or for lost."""
    process, one = world.process(), stock("S-1", 7, 1, urgent=True)
    world.box.faults({"kind": kind, "method": "PATCH", "limit": 1})
    (found,) = await process.deliver(one)
    assert (found.result, found.reason) == (Result.FAILED, Reason.TRANSIENT)
    await process.settle()
    assert process.last(one).ok
    assert world.history("S-1")[-1] == 7


async def test_a_process_that_died_while_sending_is_remembered(world: World) -> None:
    """INV-5: its PATCH takes effect after a newer number that another process sent meanwhile."""
    died, old = world.process(0.5), stock("S-1", 7, 1, urgent=True)
    died.announce([old])
    await died.untold(old)  # and dies
    world.box.clock.tick(2)
    new = stock("S-1", 3, 2, urgent=True)
    alive = world.process(0.5)
    (found,) = await alive.deliver(new)
    assert found.job.startswith("feed:with-"), "what shows proves nothing yet"
    reborn = world.process(0.5)
    (again,) = await reborn.deliver(old)
    assert again.job.startswith("feed:with-"), "it is looked after although it is outdated"
    await alive.settle()
    await reborn.settle()
    assert world.history("S-1")[-1] == 3
    assert (alive.last(new).result, reborn.last(old).result) == (Result.APPLIED, Result.STALE)


async def test_what_does_not_show_in_time_is_sent_again(world: World, box: Box) -> None:
    """Amazon took it and it never came: after `effect_minutes` that is a failure that time mends."""
    process, one = world.process(), stock("S-1", 7, 1)
    await process.deliver(one)
    for due in range(4):
        world.box.control("/sandbox/items/S-1/change", kind="stock", quantity=90 + due)
        box.clock.tick(60)
        world.box.control("/sandbox/items/S-1/change", kind="stock", quantity=80 + due)
        await process.come_back()
    box.clock.tick(300)
    world.box.control("/sandbox/items/S-1/change", kind="stock", quantity=77)
    (found,) = await process.come_back()
    assert (found.result, found.reason, found.of_record) == (Result.FAILED, Reason.TRANSIENT, True)
    assert "5 minutes after Amazon took it; sent again" in found.detail
    await process.settle()
    assert (process.last(one).result, world.history("S-1")) == (Result.APPLIED, [7, 7])


async def test_invalid_within_200_goes_to_a_person(world: World) -> None:
    """ERR-3: the seller's listing has a product type the sandbox does not take for a change."""
    process = world.process()
    process.sink._goods._ordered["set_stock"]._numbers.kind.patches = lambda value, shown: [
        {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [{"quantity": 3}]}
    ]
    (found,) = await process.deliver(stock("S-1", 3, 1))
    assert (found.result, found.reason) == (Result.FAILED, Reason.DATA)
    assert "INVALID" in found.detail


async def test_what_would_be_written_is_told_without_writing(world: World) -> None:
    """OPS-7"""
    world.add("F-1", fba=3)
    sink = world.process().sink
    batch = [stock("S-1", 7, 1), stock("S-2", 5, 1), stock("X-1", 7, 1), stock("F-1", 7, 1), stock("S-1", -1, 1)]
    found = [[(one.field, one.now, one.would_be, one.refused) for one in each] for each in await sink.preview(batch)]
    assert found[:4] == [[("quantity", "5", "7", False)], [], [("quantity", "no listing of this SKU", "7", False)], []]
    assert found[4][0][3] is True
    assert patches(world) == 0


async def test_calls_wait_for_their_quota_and_what_takes_too_long_comes_back(world: World, box: Box) -> None:
    """RATE-1: 5 a second; who would wait longer than `bulk_patience_seconds` gets a turn of his own."""
    rates: dict[str, Any] = {
        "factor": 100_000,
        "per_second": {"patchListingsItem": 0.1},
        "burst": {"patchListingsItem": 1},
    }
    async with World(box, rates=rates, bulk_patience_seconds=25, stock_few=1000) as slow:
        slow.add(*MANY[:10], stock=1)
        found = await slow.process().deliver(*(stock(sku, 3, 1) for sku in MANY[:10]))
        assert [one.result for one in found].count(Result.SUBMITTED) == 3
        late = [one for one in found if one.result is Result.FAILED]
        assert {one.reason for one in late} == {Reason.THROTTLED}
        assert len({one.retry_after for one in late}) == len(late), "each has a turn of its own"
