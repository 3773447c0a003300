"""Shipments, cancellations and refunds on the Amazon sandbox: each once, whatever gets lost (FUL-2, FUL-3, RET-2, EVT-4, ORD-13)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.amazon.rates import AmazonRates
from connectors.kit.ports import Delivery, Outcome, Result
from schemas.reasons import Reason
from tests.contract.amazon_box import Box
from tests.contract.amazon_orders_out import (
    AT,
    KEY,
    ONE,
    ORDER,
    TWO,
    World,
    an_order,
    cancelled,
    delivery,
    feeds_sent,
    order_box,
    parcels,
    shipped,
    some,
    told_order,
    units,
    writes,
)

OTHER_PICKING = {"key": "odoo:picking:8", "picking": "WH/OUT/00008"}


@pytest.fixture
def box() -> Iterator[Box]:
    with order_box() as found:
        yield found


async def answer(box: Box, made: Delivery, *, again: bool = False, **settings: Any) -> Outcome:
    """One delivery by a process of its own, to its end. again: failures are tried again too, as the retry tiers do."""
    async with World(box, **settings) as world:
        process = world.process()
        await process.deliver(made)
        if again or process.last(made).result is Result.SUBMITTED:
            await process.settle()
        return process.last(made)


def lose_answer(box: Box, path: str = "/shipmentConfirmation$", times: int = 1) -> None:
    """Carried out, but the connection breaks before the answer."""
    box.faults({"kind": "lost", "method": "POST", "path": path, "limit": times})


# -- shipments


async def test_a_partial_shipment_in_two_parcels_then_the_rest(box: Box) -> None:
    """FUL-2: partial, several parcels, each with a number of its own."""
    assert (await answer(box, shipped(("T1", {ONE: 1}), ("T2", {TWO: 1})))).result is Result.APPLIED
    assert (units(box), units(box, TWO)) == ({"open": 1, "shipped": 1}, {"shipped": 1})
    assert (await answer(box, shipped(("T3", {ONE: 1}), id_="d-2", **OTHER_PICKING))).result is Result.APPLIED
    assert units(box) == {"shipped": 2}
    told = parcels(box)
    assert {one["trackingNumber"] for one in told} == {"T1", "T2", "T3"}
    numbers = [one["packageReferenceId"] for one in told]
    assert len(set(numbers)) == 3
    assert all(number.isdecimal() and int(number) > 0 for number in numbers)


async def test_a_shipment_told_twice_is_one_shipment(box: Box) -> None:
    """EVT-4."""
    made = shipped(("T1", {ONE: 1}))
    assert [(await answer(box, made)).result for _ in range(2)] == [Result.APPLIED, Result.ALREADY_APPLIED]
    assert (units(box), writes(box, "ship")) == ({"open": 1, "shipped": 1}, 1)


@pytest.mark.parametrize("kind", ["lost", "reset", "status", "malformed"])
async def test_trouble_on_the_way_doubles_no_parcel(box: Box, kind: str) -> None:
    """EVT-4, ERR-3: what Amazon shows decides; telling a parcel again is the same parcel."""
    fault = {"kind": kind, "method": "POST", "path": "/shipmentConfirmation$", "limit": 1}
    box.faults({**fault, "code": 503} if kind == "status" else fault)
    made = shipped(("T1", {ONE: 1}), ("T2", {TWO: 1}))
    assert (await answer(box, made, again=True)).ok
    assert (await answer(box, made)).result is Result.ALREADY_APPLIED
    assert sorted(one["trackingNumber"] for one in parcels(box)) == ["T1", "T2"]
    assert (units(box), units(box, TWO)) == ({"open": 1, "shipped": 1}, {"shipped": 1})


async def test_a_kill_between_two_parcels_goes_on_with_the_second(box: Box) -> None:
    """EVT-4: the first was told, the process died, the delivery comes again."""
    made = shipped(("T1", {ONE: 1}), ("T2", {ONE: 1}))
    box.faults({"kind": "reset", "method": "POST", "path": "/shipmentConfirmation$", "skip": 1})
    first = await answer(box, made)
    assert (first.ok, units(box)) == (False, {"open": 1, "shipped": 1})
    box.faults()
    assert (await answer(box, made)).result is Result.APPLIED
    assert (units(box), writes(box, "ship")) == ({"shipped": 2}, 2)


async def test_a_used_up_quota_comes_back_as_throttled(box: Box) -> None:
    """RATE-1: with the time to return, and nothing is done meanwhile."""
    box.faults({"kind": "status", "code": 429, "method": "POST", "path": "/shipmentConfirmation$", "limit": 1})
    found = await answer(box, shipped(("T1", {ONE: 1})))
    assert found.reason is Reason.THROTTLED
    assert writes(box, "ship") == 0


async def test_a_changed_tracking_number_corrects_the_parcel(box: Box) -> None:
    """FUL-2: no second shipment."""
    await answer(box, shipped(("T1", {ONE: 2})))
    found = await answer(box, shipped(("T9", {ONE: 2}), id_="d-2"))
    assert (found.result, found.notes) == (Result.APPLIED, ("tracking_changed",))
    (parcel,) = parcels(box)
    assert (parcel["trackingNumber"], units(box)) == ("T9", {"shipped": 2})


async def test_two_transfers_in_one_parcel_are_both_told_and_each_once(box: Box) -> None:
    """FUL-2: a backorder that goes into the same parcel has the same tracking number."""
    first = shipped(("T1", {ONE: 1}))
    second = shipped(("T1", {ONE: 1}), id_="d-2", shipped_at=AT + timedelta(minutes=5), **OTHER_PICKING)
    assert [(await answer(box, one)).result for one in (first, second)] == [Result.APPLIED] * 2
    assert [(await answer(box, one)).result for one in (first, second)] == [Result.ALREADY_APPLIED] * 2
    assert (units(box), writes(box, "ship")) == ({"shipped": 2}, 2)


async def test_a_payment_that_is_not_verified_is_waited_for(box: Box) -> None:
    """FUL-2: a conflict that time mends."""
    box.raw(an_order("112-0000002-0000002", "PENDING"))
    found = await answer(box, shipped(("T1", {ONE: 1}), order_id="112-0000002-0000002"))
    assert (found.reason, "payment is not verified" in found.detail) == (Reason.CONFLICT, True)


async def test_goods_that_left_although_the_buyer_cancelled_are_an_exception(box: Box) -> None:
    """FUL-3: the race of a shipment and a cancellation has one visible end."""
    box.change(ORDER, "cancel", items=[ONE])
    found = await answer(box, shipped(("T1", {ONE: 2})))
    assert found.reason is Reason.RULE
    assert "0 open ones (0 shipped, 2 cancelled)" in found.detail


async def test_what_amazon_ships_itself_is_not_ours_to_ship_or_cancel(box: Box) -> None:
    """ORD-10."""
    box.raw(an_order("112-0000003-0000003", fulfilled_by="AMAZON"))
    for made in (shipped(("T1", {ONE: 1}), order_id="112-0000003-0000003"), cancelled(order_id="112-0000003-0000003")):
        assert (await answer(box, made)).reason is Reason.RULE


async def test_the_delivery_of_what_amazon_has_sent_is_closed_without_a_word(box: Box) -> None:
    """ORD-10: in Odoo it has no carrier and no number; before Amazon has sent it, a person looks."""
    mine = "112-0000004-0000004"
    box.raw(an_order(mine, fulfilled_by="AMAZON"))
    closed = shipped(("", {ONE: 2}), ("", {TWO: 1}), carrier="", order_id=mine)
    early = await answer(box, closed)
    assert (early.reason, early.detail.partition(";")[0]) == (
        Reason.RULE, f"WH/OUT/00007: Amazon ships this order itself and has sent 0 units of line {ONE}, but 2 left in Odoo"
    )  # fmt: skip
    box.change(mine, "ship")
    assert (await answer(box, closed)).result is Result.ALREADY_APPLIED


class Table:
    """A cross-reference with one entry."""

    def lookup(self, kind: str, source: str, account: str, external: str) -> str | None:
        return "FedEx" if (kind, source, external) == ("ship_carrier", "amazon", "Our Express") else None


async def test_a_carrier_is_told_by_its_code_or_by_its_name(box: Box) -> None:
    """FUL-2: a mapping names the code; a carrier Amazon does not know goes by its name."""
    await answer(box, shipped(("T1", {ONE: 1}), carrier="Our Express"), mappings=Table())
    await answer(box, shipped(("T2", {ONE: 1}), carrier="Local Bikes", id_="d-2", **OTHER_PICKING))
    await answer(box, shipped(("T3", {TWO: 1}), carrier="usps", id_="d-3", key="odoo:picking:9"))
    assert [one["carrier"] for one in parcels(box)] == ["FedEx", "Local Bikes", "USPS"]


@pytest.mark.parametrize(
    ("tracking", "carrier", "words"), [("", "ups", "no tracking number"), ("T1", "", "no carrier")]
)
async def test_what_the_transfer_lacks_is_said_in_odoos_words(
    box: Box, tracking: str, carrier: str, words: str
) -> None:
    found = await answer(box, shipped((tracking, {ONE: 1}), carrier=carrier))
    assert (found.reason, found.waiting_for, f"WH/OUT/00007: {words}" in found.detail) == (Reason.DATA, "", True)


async def test_an_order_that_is_not_there_and_a_line_that_is_not_there(box: Box) -> None:
    assert (await answer(box, shipped(("T1", {ONE: 1}), order_id="112-9999999-9999999"))).reason is Reason.DATA
    assert "no item '77'" in (await answer(box, shipped(("T1", {"77": 1})))).detail


async def test_acknowledging_needs_no_call(box: Box) -> None:
    """FUL-1: Amazon knows no acknowledgement."""
    before = box.app.calls.as_json()
    found = await answer(box, delivery("acknowledge_order", {"order_id": ORDER}, "a-1"))
    assert (found.result, found.notes) == (Result.ALREADY_APPLIED, ("amazon_needs_no_acknowledgement",))
    assert box.app.calls.as_json() == before


# -- cancellations


async def test_an_item_is_cancelled_and_later_the_other(box: Box) -> None:
    """FUL-3: per item, cumulative; the order proves it."""
    assert (await answer(box, cancelled({ONE: 2}))).result is Result.APPLIED
    assert (units(box), units(box, TWO)) == ({"cancelled": 2}, {"open": 1})
    assert (await answer(box, cancelled({ONE: 2}, id_="c-2"))).result is Result.ALREADY_APPLIED
    assert (await answer(box, cancelled(id_="c-3"))).result is Result.APPLIED
    assert told_order(box)["status"] == "CANCELLED"
    assert feeds_sent(box) == 2


async def test_part_of_an_item_cannot_be_cancelled(box: Box) -> None:
    """FUL-3: Amazon cancels what is left of an item as a whole; nothing is guessed."""
    found = await answer(box, cancelled({ONE: 1}))
    assert (found.reason, "only as a whole" in found.detail) == (Reason.RULE, True)
    assert (units(box), feeds_sent(box)) == ({"open": 2}, 0)


async def test_what_is_left_of_a_part_shipped_item_can_be_cancelled(box: Box) -> None:
    await answer(box, shipped(("T1", {ONE: 1})))
    assert (await answer(box, cancelled({ONE: 1}))).ok
    assert units(box) == {"shipped": 1, "cancelled": 1}


async def test_a_whole_cancellation_after_something_left_is_refused_whole(box: Box) -> None:
    """FUL-3, ORD-13: all or nothing, so that the compensation finds one state on both sides."""
    await answer(box, shipped(("T1", {TWO: 1})))
    found = await answer(box, cancelled())
    assert (found.reason, "shipped meanwhile" in found.detail) == (Reason.RULE, True)
    assert (units(box), feeds_sent(box)) == ({"open": 2}, 0)


async def test_goods_that_leave_while_the_feed_waits_refuse_the_cancellation(box: Box) -> None:
    """ORD-13: the race is decided by the order, and Odoo's cancellation is taken back."""
    async with World(box) as world:
        process, made = world.process(), cancelled({ONE: 2})
        assert (await process.deliver(made))[0].result is Result.SUBMITTED
        box.change(ORDER, "ship", items={ONE: 2})
        await process.settle()
        found = process.last(made)
    assert (found.reason, "shipped meanwhile" in found.detail) == (Reason.RULE, True)


async def test_the_buyers_wish_is_told_as_amazon_wants_it(box: Box) -> None:
    """FUL-3."""
    box.change(ORDER, "ask_to_cancel", items=[ONE])
    assert (await answer(box, cancelled())).ok
    found = [one["cancellation"]["cancellationExecution"]["cancelReason"] for one in box.order(ORDER)["orderItems"]]
    assert found == ["BuyerCanceled", "NoInventory"]


async def test_a_record_amazon_refuses_is_an_exception_in_its_words(box: Box) -> None:
    """ERR-1: DONE is not success."""
    box.faults({"kind": "feed_record_error", "limit": 1})
    found = await answer(box, cancelled({ONE: 2}))
    assert (found.reason, "refused: 99999" in found.detail) == (Reason.RULE, True)
    assert units(box) == {"open": 2}


@pytest.mark.parametrize("kind", ["lost", "reset"])
async def test_a_cancellation_whose_answer_is_lost_is_carried_out_once(box: Box, kind: str) -> None:
    """EVT-4: whether it arrived or not."""
    box.faults({"kind": kind, "method": "POST", "path": "/feeds/2021-06-30/feeds$", "limit": 1})
    assert (await answer(box, cancelled({ONE: 2}))).ok
    assert (units(box), writes(box, "cancel")) == ({"cancelled": 2}, 1)


@pytest.mark.parametrize("record", ["nothing", "state"])
async def test_a_kill_after_the_feed_was_sent_cancels_once(box: Box, record: Any) -> None:
    """EVT-4: the delivery comes again without its job; the order, or the key's open job, tells."""
    async with World(box) as world:
        made = cancelled({ONE: 2})
        await world.process().deliver(made, record=record)
        box.clock.tick(40)
        after = world.process()
        await after.deliver(made)
        await after.settle()
        assert after.last(made).ok
    assert (units(box), writes(box, "cancel")) == ({"cancelled": 2}, 1)


async def test_a_feed_that_ends_fatal_is_sent_again(box: Box) -> None:
    """FUL-3: it may have done anything; the order says what is left to do."""
    box.faults({"kind": "feed_fatal", "limit": 1})
    found = await answer(box, cancelled({ONE: 2}))
    assert (found.ok, units(box), feeds_sent(box)) == (True, {"cancelled": 2}, 2)


async def test_many_cancellations_go_in_one_feed(box: Box) -> None:
    """RATE-1: createFeed is one in two minutes."""
    orders = [f"112-0000010-000000{number}" for number in range(3)]
    box.raw(*(an_order(one) for one in orders))
    async with World(box) as world:
        process = world.process()
        batch = [cancelled(id_=f"c-{one}", order_id=one) for one in orders]
        await process.deliver(*batch)
        await process.settle()
        assert all(process.last(one).ok for one in batch)
    assert feeds_sent(box) == 1


async def test_batches_that_come_at_the_same_time_go_in_one_feed(box: Box) -> None:
    """RATE-1: gathered across lanes."""
    box.raw(an_order("112-0000010-0000001"))
    async with World(box, gather=0.2) as world:
        process = world.process()
        one, two = cancelled(), cancelled(id_="c-2", order_id="112-0000010-0000001")
        await asyncio.gather(process.deliver(one), process.deliver(two))
        await process.settle()
        assert process.last(one).ok
        assert process.last(two).ok
    assert feeds_sent(box) == 1


# -- previews


async def test_a_preview_says_what_would_change_and_changes_nothing(box: Box) -> None:
    """OPS-7."""
    async with World(box) as world:
        sink = world.process().sink
        told = await sink.preview([shipped(("T1", {ONE: 1})), cancelled({ONE: 2}), some("3.00"), cancelled({ONE: 1})])
        assert [(one.field, one.would_be) for found in told[:2] for one in found] == [
            (f"item {ONE}", "1 shipped UPS T1"), (f"item {ONE}", "2 cancelled, NoInventory")
        ]  # fmt: skip
        assert told[2][0].refused  # nothing has been shipped yet
        assert told[3][0].refused
        assert sink.operations.previewed == sink.operations.names
    assert (units(box), feeds_sent(box)) == ({"open": 2}, 0)


async def test_two_processes_tell_one_order_once(box: Box) -> None:
    """EVT-4: the worker that was thought dead goes on; both see the same order."""
    async with World(box) as world:
        made = shipped(("T1", {ONE: 2}))
        first, second = world.process(0.5), world.process(0.5)
        assert (await first.deliver(made, record="nothing"))[0].ok
        assert (await second.deliver(made))[0].result is Result.ALREADY_APPLIED
    assert writes(box, "ship") == 1
    assert world.keys[KEY].known is not None


async def test_looks_beyond_the_quota_come_back_later(box: Box) -> None:
    """RATE-1: getOrder is one in two seconds; a worker does not stand still for the rest of a large batch."""
    orders = [f"112-0000020-00000{number:02d}" for number in range(40)]
    box.raw(*(an_order(one) for one in orders))
    async with World(box, rates=AmazonRates()) as world:
        outcomes = await world.process().deliver(*(cancelled(id_=f"c-{one}", order_id=one) for one in orders))
    results = [one.result for one in outcomes]
    late = [one for one in outcomes if one.reason is Reason.THROTTLED]
    assert 25 <= results.count(Result.SUBMITTED) <= 34
    assert len(late) == 40 - results.count(Result.SUBMITTED)
    assert all(one.retry_after and one.retry_after > 5 for one in late)
