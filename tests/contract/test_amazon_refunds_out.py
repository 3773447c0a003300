"""Refunds out on the Amazon sandbox: a credit note goes back once, whatever is lost, killed or refused (RET-2, EVT-4, FIN-2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Outcome, Result
from schemas.reasons import Reason
from tests.contract.amazon_box import Box
from tests.contract.amazon_orders_out import (
    KEY,
    ONE,
    ORDER,
    TWO,
    World,
    cancelled,
    feeds_sent,
    given_back,
    order_box,
    refunded,
    refunds,
    shipped,
    some,
)
from tests.contract.out_world import Process

CREATE = "/feeds/2021-06-30/feeds$"


@pytest.fixture
def box() -> Iterator[Box]:
    with order_box() as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    """All of the order has left."""
    async with World(box) as made:
        await made.process().deliver(shipped(("T1", {ONE: 2, TWO: 1})))
        yield made


async def settled(process: Process, *batch: Delivery) -> list[Outcome]:
    await process.deliver(*batch)
    if process.waiting:
        await process.settle()
    return [process.last(one) for one in batch]


async def test_a_refund_waits_for_its_shipment_and_goes_then(box: Box) -> None:
    """RET-2: held until something has left; no clock is watched."""
    async with World(box) as world:
        process = world.process()
        (found,) = await process.deliver(some("5.00", tax="0.40"))
        assert (found.reason, found.waiting_for) == (Reason.CONFLICT, f"shipped:{KEY}")
        process.waiting.clear()
        assert list(await process.sink.resolve([found.waiting_for])) == []
        await process.deliver(shipped(("T1", {ONE: 2})))
        assert list(await process.sink.resolve([found.waiting_for])) == [found.waiting_for]
        (found,) = await settled(process, some("5.00", tax="0.40"))
    assert (found.result, given_back(box)) == (Result.APPLIED, Decimal("5.40"))


async def test_two_credit_notes_of_one_item_are_two_refunds(box: Box, world: World) -> None:
    """RET-2: partial refunds, each once, also when they come again later."""
    process = world.process()
    notes = [some("5.00", reference="RINV/1"), some("2.50", reference="RINV/2")]
    for one in (*notes, *notes):
        (found,) = await settled(process, one)
        assert found.ok
    assert (given_back(box), len(refunds(box))) == (Decimal("7.50"), 2)


async def test_what_was_refunded_is_known_after_a_restart_and_after_other_commands(box: Box, world: World) -> None:
    """EVT-4: Amazon shows no refund in the order, so the key's state remembers it."""
    note = some("5.00")
    await settled(world.process(), note)
    after = world.process()
    await settled(after, shipped(("T9", {ONE: 2, TWO: 1}), id_="d-9"), cancelled(id_="c-9"))
    (found,) = await settled(after, note)
    assert found.result is Result.ALREADY_APPLIED
    assert (given_back(box), feeds_sent(box)) == (Decimal("5.00"), 1)


async def test_everything_paid_can_go_back_and_no_cent_more(box: Box, world: World) -> None:
    """RET-2, FIN-2."""
    process = world.process()
    whole = refunded((ONE, "20.00", "1.61", "4.00", "0.40"), (TWO, "5.00", "1.59", "4.00", "0.40"))
    (found,) = await settled(process, whole)
    assert (found.result, given_back(box)) == (Result.APPLIED, Decimal("37.00"))
    (found,) = await settled(process, some("0.01", reference="RINV/2"))
    assert (found.reason, "18027" in found.detail) == (Reason.RULE, True)


@pytest.mark.parametrize(("line", "words"), [
    ((ONE, "20.01", "0", "0", "0"), "20.01 of item shall be given back, but 20.00 was paid"),
    ((ONE, "20.00", "1.62", "0", "0"), "1.62 of item tax shall be given back, but 1.60 was paid"),
])  # fmt: skip
async def test_more_than_was_paid_is_an_exception(
    box: Box, world: World, line: tuple[str, str, str, str, str], words: str
) -> None:
    """FIN-2: the credit note and what goes back agree to the cent, or a person looks."""
    (found,) = await settled(world.process(), refunded(line))
    assert (found.reason, words in found.detail) == (Reason.RULE, True)
    assert feeds_sent(box) == 0


async def test_a_refund_of_shipping_without_a_line_is_said(box: Box, world: World) -> None:
    (found,) = await settled(world.process(), refunded(("", "0", "0", "4.00", "0")))
    assert (found.reason, "names no line" in found.detail) == (Reason.DATA, True)


async def test_the_reason_is_told_in_amazons_words(box: Box) -> None:
    async with World(box, fulfilment={"refund_reasons": {"wrong item": "DifferentItem"}}) as world:
        process = world.process()
        await process.deliver(shipped(("T1", {ONE: 2})))
        await settled(process, some("1.00", reason="Sent the WRONG ITEM"), some("2.00", TWO, reference="RINV/2"))
        await settled(process, some("2.00", reference="RINV/3", reason="late"))
    assert [one["reason"] for one in refunds(box)] == ["DifferentItem", "CustomerReturn"]


# -- nothing twice


async def test_a_lost_answer_that_arrived_is_followed(box: Box, world: World) -> None:
    """EVT-4: found again on the list of feeds, by type, time and number of items."""
    box.faults({"kind": "lost", "method": "POST", "path": CREATE, "limit": 1})
    (found,) = await settled(world.process(), some("5.00"))
    assert found.result is Result.APPLIED
    assert (given_back(box), feeds_sent(box)) == (Decimal("5.00"), 1)


async def test_a_lost_answer_that_never_arrived_is_sent_again(box: Box, world: World) -> None:
    """EVT-4: but not before that is known."""
    box.faults({"kind": "reset", "method": "POST", "path": CREATE, "limit": 1})
    process, note = world.process(), some("5.00")
    assert (await process.deliver(note))[0].job.startswith("lost:")
    assert (await process.come_back())[0].job.startswith("lost:")
    assert feeds_sent(box) == 0
    await process.settle()
    assert (process.last(note).result, given_back(box)) == (Result.APPLIED, Decimal("5.00"))


async def test_a_lost_answer_among_workers_is_for_a_person_when_it_may_have_arrived(box: Box, world: World) -> None:
    """RET-2: another worker may have sent the feed that is found; neither twice nor never."""
    box.faults({"kind": "lost", "method": "POST", "path": CREATE, "limit": 1})
    (found,) = await settled(world.process(0.5), some("5.00"))
    assert (found.reason, found.notes) == (Reason.RULE, ("refund_in_doubt",))
    assert "replay it if not" in found.detail
    assert given_back(box) == Decimal("5.00")


@pytest.mark.parametrize("kind", ["status", "reset"])
async def test_trouble_before_the_feed_is_sent_again(box: Box, world: World, kind: str) -> None:
    """ERR-3: no document, no feed."""
    box.faults({"kind": kind, "method": "POST|PUT", "path": "/documents", "limit": 3})
    (found,) = await settled(world.process(), some("5.00"))
    assert (found.ok, given_back(box), feeds_sent(box)) == (True, Decimal("5.00"), 1)


async def test_a_throttled_feed_is_sent_later(box: Box, world: World) -> None:
    """RATE-1."""
    box.faults({"kind": "status", "code": 429, "method": "POST", "path": CREATE, "limit": 1})
    process, note = world.process(), some("5.00")
    assert (await process.deliver(note))[0].reason is Reason.THROTTLED
    await process.settle()
    assert (process.last(note).result, given_back(box)) == (Result.APPLIED, Decimal("5.00"))


async def test_a_kill_after_the_feed_was_recorded_follows_it(box: Box, world: World) -> None:
    """EVT-4: the key's open job tells, although the delivery does not."""
    note = some("5.00")
    await world.process().deliver(note, record="state")
    after = world.process()
    (found,) = await settled(after, note)
    assert (found.result, feeds_sent(box), given_back(box)) == (Result.APPLIED, 1, Decimal("5.00"))


async def test_a_kill_before_anything_was_recorded_refunds_never_twice(box: Box, world: World) -> None:
    """EVT-4, RET-2: what was announced is looked for; a feed of that time may hold it, so a person decides."""
    note = some("5.00")
    await world.process().deliver(note, record="nothing")
    box.clock.tick(45)
    after = world.process()
    (found,) = await settled(after, note)
    assert (found.reason, found.notes) == (Reason.RULE, ("refund_in_doubt",))
    assert (given_back(box), feeds_sent(box)) == (Decimal("5.00"), 1)


async def test_a_kill_before_the_feed_was_sent_refunds_once(box: Box, world: World) -> None:
    """EVT-4: no feed of that time, so it has not arrived; known for certain after the longest time a worker may take."""
    note, first = some("5.00"), world.process()
    first.announce([note])
    box.clock.tick(45)
    after = world.process()
    assert (await after.deliver(note))[0].job.startswith("sending:")
    await after.settle()
    assert (after.last(note).result, given_back(box), feeds_sent(box)) == (Result.APPLIED, Decimal("5.00"), 1)


@pytest.mark.parametrize("kind", ["", "reset"])
async def test_cut_off_in_the_middle_and_delivered_again_by_the_same_process(box: Box, kind: str) -> None:
    """EVT-4: a partition that goes and comes back while the feed is gathered: what was left behind is sent, once."""
    async with World(box, gather=0.3) as world:
        await world.process().deliver(shipped(("T1", {ONE: 2, TWO: 1})))
        process, note = world.process(), some("5.00")
        if kind:
            box.faults({"kind": kind, "method": "POST", "path": "/documents$", "limit": 5})
        delivering = asyncio.create_task(process.deliver(note, record="nothing"))
        async with asyncio.timeout(10):
            while not process.sink.operations._table["refund_order"].handle._sending:  # noqa: ASYNC110 - no event tells of it
                await asyncio.sleep(0)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        (found,) = await settled(process, note)
    assert (found.result, given_back(box), feeds_sent(box)) == (Result.APPLIED, Decimal("5.00"), 1)


async def test_a_second_sending_that_died_is_looked_for_as_well(box: Box, world: World) -> None:
    """EVT-4: the first feed never arrived; who sent it again was killed before anything was recorded."""
    box.faults({"kind": "reset", "method": "POST", "path": CREATE, "limit": 1})
    first, note = world.process(), some("5.00")
    await first.deliver(note)
    (waiting,) = first.due()
    assert waiting.job.startswith("lost:")
    box.clock.tick(300)
    assert (await world.process().deliver(waiting, record="nothing"))[0].job.startswith("feed:")
    box.clock.tick(600)
    (found,) = await settled(world.process(), waiting)
    assert (found.reason, found.notes) == (Reason.RULE, ("refund_in_doubt",))
    assert (given_back(box), feeds_sent(box)) == (Decimal("5.00"), 1)


async def test_two_that_died_one_after_the_other_are_both_looked_for(box: Box, world: World) -> None:
    """EVT-4: the first sent nothing, the second did, half an hour later."""
    note, first = some("5.00"), world.process()
    first.announce([note])
    box.clock.tick(1800)
    second = world.process()
    second.announce([note])
    await world.process().untold(note)  # the second, which took nothing of the first for its own business
    box.clock.tick(45)
    (found,) = await settled(world.process(), note)
    assert (found.reason, found.notes) == (Reason.RULE, ("refund_in_doubt",))
    assert (given_back(box), feeds_sent(box)) == (Decimal("5.00"), 1)


@pytest.mark.parametrize("refused", [True, False])
async def test_items_that_get_nothing_back_do_not_count(box: Box, world: World, refused: bool) -> None:
    note = refunded((ONE, "3.00", "0", "0", "0"), (TWO, "0", "0", "0", "0"))
    if refused:
        box.faults({"kind": "feed_record_error", "limit": 1})
        (found,) = await settled(world.process(), note)
        assert "other items" not in found.detail
    (found,) = await settled(world.process(), note)
    assert (found.result, given_back(box)) == (Result.APPLIED, Decimal("3.00"))


async def test_a_try_that_came_to_nothing_in_this_process_is_no_reason_to_wait(box: Box, world: World) -> None:
    """RATE-1: while the breaker is open a delivery is tried again in its place, announced each time."""
    box.faults({"kind": "status", "code": 503, "method": "POST", "path": CREATE, "limit": 1})
    process, note = world.process(), some("5.00")
    found = await process.deliver(note, record="nothing")
    assert found[0].reason is Reason.TRANSIENT
    box.clock.tick(30)
    assert (await process.deliver(note))[0].job.startswith("feed:")
    await process.settle()
    assert (process.last(note).result, given_back(box)) == (Result.APPLIED, Decimal("5.00"))


async def test_a_person_says_that_it_was_not_refunded_and_replays(box: Box, world: World) -> None:
    note = some("5.00")
    await world.process().deliver(note, record="nothing")
    box.clock.tick(45)
    after = world.process()
    await settled(after, note)
    await settled(after, note)
    assert given_back(box) == Decimal("10.00"), "a replay after a person looked is sent"


# -- results


async def test_a_refused_refund_is_an_exception_and_may_be_replayed(box: Box, world: World) -> None:
    """ERR-1: DONE is not success."""
    box.faults({"kind": "feed_record_error", "limit": 1})
    process, note = world.process(), some("5.00")
    (found,) = await settled(process, note)
    assert (found.reason, "refused: 99999" in found.detail, given_back(box)) == (Reason.RULE, True, Decimal(0))
    (found,) = await settled(process, note)
    assert (found.result, given_back(box)) == (Result.APPLIED, Decimal("5.00"))


async def test_a_note_that_was_refunded_in_part_is_never_sent_again(box: Box, world: World) -> None:
    """RET-2: one item refunded, the other refused: a replay gives the same answer."""
    box.faults({"kind": "feed_record_error", "limit": 1})
    note = refunded((ONE, "3.00", "0", "0", "0"), (TWO, "2.00", "0", "0", "0"))
    for process in (world.process(), world.process()):
        (found,) = await settled(process, note)
        assert (found.reason, "other items were refunded" in found.detail) == (Reason.RULE, True)
    assert (given_back(box), feeds_sent(box)) == (Decimal("2.00"), 1)


async def test_a_feed_that_ends_fatal_may_have_refunded(box: Box, world: World) -> None:
    """RET-2: some, none or all of it, as the model says; a person looks."""
    box.faults({"kind": "feed_fatal", "limit": 1})
    (found,) = await settled(world.process(), some("5.00"))
    assert (found.reason, found.notes) == (Reason.RULE, ("refund_in_doubt",))


async def test_a_cancelled_feed_is_sent_again(box: Box, world: World) -> None:
    """It was cancelled before it began."""
    process, note = world.process(), some("5.00")
    job = (await process.deliver(note))[0].job
    feed_id = job.partition(":")[2].partition("|")[0]
    box.call("DELETE", f"/feeds/2021-06-30/feeds/{feed_id}").raise_for_status()
    await process.settle()
    assert (process.last(note).result, given_back(box)) == (Result.APPLIED, Decimal("5.00"))


async def test_a_feed_that_never_ends_is_for_a_person(box: Box, world: World) -> None:
    box.faults({"kind": "feed_stuck", "limit": 1})
    (found,) = await settled_with(world, some("5.00"), most=400)
    assert (found.reason, found.notes, feeds_sent(box)) == (Reason.RULE, ("refund_in_doubt",), 1)


async def settled_with(world: World, note: Delivery, most: int) -> list[Outcome]:
    process: Any = world.process()
    await process.deliver(note)
    await process.settle(most)
    return [process.last(note)]


async def test_notes_of_one_item_never_share_a_feed(box: Box, world: World) -> None:
    """Which of two lines of an item would count is not said."""
    process = world.process()
    other = some("2.00", reference="RINV/2", version=2)
    await process.sink.deliver([some("5.00"), other])
    box.clock.tick(30)
    assert (given_back(box), feeds_sent(box), ORDER) == (Decimal("7.00"), 2, ORDER)
