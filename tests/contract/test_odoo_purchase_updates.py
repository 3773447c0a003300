"""PO-2, LOG-1, EVT-4: how far a supplier's order is, on its purchase order; on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.purchase_updates import LEFT
from schemas.reasons import Reason
from tests.builders import money
from tests.contract.odoo_box import OdooBox, odoo_box
from tests.contract.odoo_deliveries import put, sink_of
from tests.contract.odoo_purchases import (
    ACCOUNT,
    SOURCE,
    VENDOR,
    Purchase,
    order_id,
    parcel,
    purchase,
    result_of,
    supplier_order,
)

UPDATE, NOTE = "update_purchase", "note_purchase"


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def bring(box: OdooBox, *orders: Any, operation: str = UPDATE, **settings: Any) -> list[Outcome]:
    """One after the other, each by a sink that knows nothing of the others."""
    outcomes = []
    for one in orders:
        async with sink_of(box, **settings) as sink:
            outcomes += await put(sink, operation, one)
    return outcomes


def whole(of: Purchase) -> dict[str, Any]:
    """Everything that is written, to see that nothing was."""
    return {
        "order": of.row("partner_ref", "state"), "notes": of.notes(), "activities": of.activities(), "receipts": of.receipts(),
        "told": [of.told_at_receipt(row["id"]) for row in of.receipts()],
    }  # fmt: skip


# ---- states, numbers, amounts


async def test_each_state_is_told_once_and_the_number_is_written_back(box: OdooBox) -> None:
    """PO-2, EVT-4: a note for each state; the same state again, in a later version too, writes nothing."""
    ours, number = purchase(box), order_id()
    (first,) = await bring(box, supplier_order(ours.name, number))
    assert (first.result, first.remote_model, first.remote_id) == (Result.APPLIED, "purchase.order", str(ours.id))
    assert ours.reference == number
    (note,) = ours.notes()
    assert f"1688 order {number} waits to be paid" in note
    assert "Total 100.50 CNY (goods 92.50, freight 8.00)" in note
    before = whole(ours)
    again = await bring(box, supplier_order(ours.name, number), supplier_order(ours.name, number, version=2))
    assert [one.result for one in again] == [Result.ALREADY_APPLIED] * 2
    assert whole(ours) == before
    for version, state in enumerate(("paid", "shipped", "delivered", "done"), 3):
        await bring(box, supplier_order(ours.name, number, state, version=version))
    notes = ours.notes()
    assert [len(notes), len(ours.activities())] == [5, 0]
    assert "is finished" in notes[-1]
    assert ours.row("state")["state"] == "purchase"


async def test_an_older_state_is_stale_also_when_nobody_remembers(box: OdooBox) -> None:
    """PO-2, EVT-4: the pipeline may have forgotten what it wrote; Odoo has not."""
    ours, number = purchase(box), order_id()
    await bring(box, supplier_order(ours.name, number, "shipped", version=5, parcels=[parcel(f"Z{number}")]))
    before = whole(ours)
    (old,) = await bring(box, supplier_order(ours.name, number, "paid", version=4))
    assert old.result is Result.STALE
    assert whole(ours) == before


async def test_a_state_that_comes_back_is_told_again(box: OdooBox) -> None:
    """PO-2: paid, stopped, paid, stopped, paid: the buyer hears each, and the activity comes and goes."""
    ours, number = purchase(box), order_id()
    asked = []
    for version, state in enumerate(("paid", "stopped", "paid", "stopped", "paid"), 1):
        await bring(box, supplier_order(ours.name, number, state, version=version))
        asked.append(len(ours.activities()))
    assert asked == [0, 1, 0, 1, 0]
    assert sum(f"1688 order {number} is paid" in one for one in ours.notes()) == 3


async def test_all_orders_of_a_split_stand_in_the_vendor_reference_sorted_each_once(box: OdooBox) -> None:
    """PO-1, PO-2: parts by their references, orders the platform split; what a person wrote there stays."""
    ours = purchase(box, partner_ref="quote 7, May")
    low, middle, high = order_id(), order_id(), order_id()
    await bring(
        box, supplier_order(f"{ours.name}-2", high), supplier_order(ours.name, low), supplier_order(ours.name, middle),
        supplier_order(ours.name, low, "paid", version=2),
    )  # fmt: skip
    assert ours.reference == f"quote 7, May, {low}, {middle}, {high}"


async def test_orders_written_side_by_side_lose_no_number_and_no_parcel(box: OdooBox) -> None:
    """EVT-4, LOG-1: six orders and the result of the creation at once, by four processes."""
    ours, numbers = purchase(box), [order_id() for _ in range(6)]
    orders = [supplier_order(ours.name, one, "shipped", parcels=[parcel(f"Z{one}")]) for one in numbers]
    made = result_of(ours, "created", *numbers)

    async def at_once(operation: str, *bodies: Any) -> list[Outcome]:
        async with sink_of(box) as sink:
            return await put(sink, operation, *bodies)

    for _ in range(4):  # who lost too often comes again, as through the retry tiers
        waves = [at_once(UPDATE, *orders[at::3]) for at in range(3)] + [at_once(NOTE, made)]
        outcomes = [one for some in await asyncio.gather(*waves) for one in some]
        assert {one.reason for one in outcomes if not one.ok} <= {Reason.CONFLICT, Reason.TRANSIENT}, outcomes
        if all(one.ok for one in outcomes):
            break
    assert ours.reference == ", ".join(numbers)
    (tracking,) = ours.tracking()
    assert sorted(tracking.split(", ")) == sorted(f"Z{one}" for one in numbers)
    assert len(ours.notes()) == len(numbers) + 1


async def test_a_changed_total_a_refund_and_a_gap_to_the_purchase_order_are_told(box: OdooBox) -> None:
    """PO-2: suppliers change prices until they are paid; what the orders come to is held against the purchase order."""
    (yuan,) = box.call("res.currency", "search", [["name", "=", "CNY"]], context={"active_test": False})
    box.call("res.currency", "write", [yuan], {"active": True})
    ours, number = purchase(box, currency_id=yuan), order_id()
    await bring(box, result_of(ours, "created", number), operation=NOTE)
    await bring(box, supplier_order(ours.name, number))
    assert not any("before tax" in one for one in ours.notes())
    await bring(box, supplier_order(ours.name, number, total="88.00", goods="80.00", version=2))
    changed = ours.notes()[-1]
    assert "it was 100.50 CNY" in changed
    assert "Total 88.00 CNY (goods 80.00, freight 8.00)" in changed
    assert "to 88.00 CNY (goods 80.00), this purchase order to 92.50 CNY before tax" in changed
    refunded = supplier_order(ours.name, number, total="88.00", goods="80.00", version=3, refunded=money("5.00", "CNY"))
    await bring(box, refunded, {**refunded, "version": 4})
    assert ours.notes()[-1].count("given back 5.00 CNY") == 1
    assert sum("before tax" in one for one in ours.notes()) == 1
    assert sum("given back" in one for one in ours.notes()) == 1


# ---- whose order it is


async def test_an_order_made_elsewhere_is_left_alone_or_held_as_configured(box: OdooBox) -> None:
    """PO-2: excluded with a word; held until a person has written its number on a purchase order, then written there."""
    ours, number = purchase(box), order_id()
    other = supplier_order("", number, "shipped", parcels=[parcel(f"Z{number}")])
    (left,) = await bring(box, other)
    assert (left.result, left.notes) == (Result.EXCLUDED, (LEFT,))
    async with sink_of(box, purchases={"foreign_orders": "hold"}) as sink:
        (held,) = await put(sink, UPDATE, other)
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, f"purchase:{SOURCE}:{ACCOUNT}:{number}:")
        assert "was not made by Causeway" in held.detail
        assert await sink.resolve([held.waiting_for]) == []
        box.call("purchase.order", "write", [ours.id], {"partner_ref": f"by hand: {number}"})
        assert await sink.resolve([held.waiting_for]) == [held.waiting_for]
        (found,) = await put(sink, UPDATE, other)
    assert (found.result, found.remote_id) == (Result.APPLIED, str(ours.id))
    assert ours.reference == f"by hand: {number}"
    assert ours.tracking() == [f"Z{number}"]


async def test_an_order_of_ours_without_its_purchase_order_waits_for_it(box: OdooBox) -> None:
    """PO-2: deleted, renamed, or of another database that lacks a prefix: never written elsewhere, never dropped silently."""
    ours, number = purchase(box), order_id()
    lost = supplier_order(f"{ours.name}X", number)
    (held,) = await bring(box, lost)
    assert (held.reason, held.waiting_for) == (Reason.MAPPING, f"purchase:{SOURCE}:{ACCOUNT}:{number}:{ours.name}X")
    (left,) = await bring(box, lost, purchases={"lost_orders": "leave"})
    assert left.notes == (LEFT,)
    box.call("purchase.order", "write", [ours.id], {"name": f"{ours.name}X"})
    async with sink_of(box) as sink:
        assert await sink.resolve([held.waiting_for]) == [held.waiting_for]


async def test_a_reference_of_another_prefix_or_vendor_is_not_ours(box: OdooBox) -> None:
    """PO-2: two databases at one account are told apart by their prefix; a like name with another vendor is another purchase order."""
    ours, theirs = purchase(box), purchase(box, vendor="alibaba:other:SELLER")
    prefixed: dict[str, Any] = {
        "purchases": {"reference_prefix": "MAIN-", "foreign_orders": "hold", "lost_orders": "hold"}
    }
    (foreign,) = await bring(box, supplier_order(ours.name, order_id()), **prefixed)
    assert "was not made by Causeway" in foreign.detail
    (taken,) = await bring(box, supplier_order(f"MAIN-{ours.name}-2", order_id()), **prefixed)
    assert taken.remote_id == str(ours.id)
    (vendor,) = await bring(box, supplier_order(theirs.name, order_id()))
    assert (vendor.reason, "vendor of this account" in vendor.detail) == (Reason.MAPPING, True)


async def test_an_order_that_could_be_of_several_is_for_a_person(box: OdooBox) -> None:
    """PO-2."""
    one, number = purchase(box), order_id()
    purchase(box, name=f"{one.name}-2")
    (unclear,) = await bring(box, supplier_order(f"{one.name}-2", number))
    assert unclear.reason is Reason.RULE
    assert f"{one.name}, {one.name}-2" in unclear.detail
    box.call("purchase.order", "write", [one.id], {"partner_ref": number})
    (clear,) = await bring(box, supplier_order(f"{one.name}-2", number))
    assert clear.remote_id == str(one.id)


async def test_the_reference_goes_before_a_number_that_somebody_wrote(box: OdooBox) -> None:
    """PO-2: the number of our order on another purchase order, by mistake, takes nothing from the one it was made for."""
    ours, other, number = purchase(box), purchase(box), order_id()
    box.call("purchase.order", "write", [other.id], {"partner_ref": number})
    (found,) = await bring(box, supplier_order(ours.name, number))
    assert found.remote_id == str(ours.id)
    renamed = order_id()
    await bring(box, supplier_order(other.name, renamed))
    box.call("purchase.order", "write", [other.id], {"name": f"{other.name}R"})
    (found,) = await bring(box, supplier_order(other.name, renamed, "paid", version=2))
    assert found.remote_id == str(other.id)


async def test_a_number_is_followed_whatever_is_written_around_it(box: OdooBox) -> None:
    """PO-2: an order made by hand; what the person wrote stays as it is."""
    for written in ("订单号：{}", "张三采购，{}；急", "PO{}", "（{}）", "no. {}"):
        number = order_id()
        reference = written.format(number)
        if written == "（{}）":
            reference = reference.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
        if written == "no. {}":
            reference = written.format("-".join(number[at : at + 4] for at in range(0, 19, 4)))
        ours = purchase(box, partner_ref=reference)
        (outcome,) = await bring(box, supplier_order("", number, "paid"))
        assert outcome.result is Result.APPLIED, (written, outcome)
        assert (ours.reference, len(ours.notes())) == (reference, 1)


async def test_a_vendors_reference_with_blanks_around_it_is_the_vendors_also_when_followed(box: OdooBox) -> None:
    """PO-2: what was ordered from it is written down there."""
    ours, number = purchase(box, vendor=f" {VENDOR} "), order_id()
    (outcome,) = await bring(box, supplier_order(ours.name, number))
    assert (outcome.result, ours.reference) == (Result.APPLIED, number)


# ---- cancelled, unknown


async def test_a_cancelled_order_is_an_activity_of_the_buyer_and_cancels_nothing(box: OdooBox) -> None:
    """PO-2: told once, not again when the buyer has ticked it off."""
    ours, number = purchase(box), order_id()
    gone = supplier_order(ours.name, number, "cancelled", version=2, close_reason="BUYER_NO_PAY")
    await bring(box, supplier_order(ours.name, number), gone)
    (activity,) = ours.activities()
    assert activity["summary"] == f"1688 cancelled order {number}: decide what to do"
    assert activity["user_id"][0] == ours.buyer
    assert "it was not paid in time" in activity["note"]
    assert "it was not paid in time" in ours.notes()[-1]
    assert ours.row("state")["state"] == "purchase"
    box.call("mail.activity", "action_feedback", [activity["id"]])
    await bring(box, {**gone, "version": 3})
    assert ours.activities() == []


async def test_where_configured_the_purchase_order_is_cancelled_with_all_its_orders(box: OdooBox) -> None:
    """PO-2: not with one of two, and not where goods have come in: then the buyer decides."""
    settings: dict[str, Any] = {"purchases": {"when_cancelled": "cancel"}}
    ours, first, second = purchase(box), order_id(), order_id()
    await bring(box, result_of(ours, "created", first, second), operation=NOTE)
    await bring(box, supplier_order(ours.name, second), **settings)
    await bring(box, supplier_order(ours.name, first, "cancelled"), **settings)
    assert (ours.row("state")["state"], len(ours.activities())) == ("purchase", 1)
    (done,) = await bring(box, supplier_order(ours.name, second, "cancelled", version=2), **settings)
    assert "cancelled" in done.notes
    assert ours.row("state")["state"] == "cancel"
    assert "cancelled with them" in ours.notes()[-1]
    came, number = purchase(box), order_id()
    came.receive(2)
    await bring(box, result_of(came, "created", number), operation=NOTE)
    await bring(box, supplier_order(came.name, number, "cancelled"), **settings)
    assert (came.row("state")["state"], len(came.activities())) == ("purchase", 1)


async def test_a_purchase_order_cancelled_here_asks_nothing_of_its_buyer(box: OdooBox) -> None:
    """PO-2: the other side follows, which is told and no more."""
    ours, number = purchase(box), order_id()
    box.call("purchase.order", "button_cancel", [ours.id])
    await bring(box, supplier_order(ours.name, number, "cancelled"))
    (note,) = ours.notes()
    assert ours.activities() == []
    assert ("as this purchase order was" in note, "order elsewhere" in note) == (True, False)


@pytest.mark.parametrize("is_ours", [True, False])
async def test_one_that_is_a_draft_again_asks_nothing_of_its_buyer_unless_it_is_by_hand(
    box: OdooBox, is_ours: bool
) -> None:
    """PO-2: its order was cancelled because it was; whoever corrects a draft does not find it cancelled. An order by hand is news."""
    ours, number = purchase(box), order_id()
    box.call("purchase.order", "button_cancel", [ours.id])
    box.call("purchase.order", "button_draft", [ours.id])
    box.call("purchase.order", "write", [ours.id], {"partner_ref": number})
    reference = ours.name if is_ours else ""
    await bring(
        box,
        supplier_order(reference, number, "cancelled"),
        purchases={"when_cancelled": "cancel" if is_ours else "tell"},
    )
    assert (len(ours.activities()), ours.row("state")["state"]) == (0 if is_ours else 1, "draft")


async def test_a_state_nobody_knows_is_for_a_person(box: OdooBox) -> None:
    """PO-2: in the platform's own word; nothing moves."""
    ours, number = purchase(box), order_id()
    await bring(box, supplier_order(ours.name, number, "unknown", status="waitmoon"))
    (activity,) = ours.activities()
    assert "unknown state" in activity["summary"]
    assert "waitmoon" in activity["note"]
    await bring(box, supplier_order(ours.name, number, "unknown", status="waitsun", version=2))
    (activity,) = ours.activities()
    assert "waitsun" in activity["note"]
    assert len(ours.notes()) == 2


@pytest.mark.parametrize("call", [("mail.message", "load"), ("mail.activity", "load"), ("ir.attachment", "write"),
                                  ("ir.attachment", "load"), ("purchase.order", "write"), ("stock.picking", "write")])  # fmt: skip
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_lost_answers_double_nothing(box: OdooBox, call: tuple[str, str], times: int) -> None:
    """EVT-4: whatever call is carried out without an answer, in the end each thing stands once."""
    ours, number = purchase(box), order_id()
    body = supplier_order(ours.name, number, "stopped", parcels=[parcel(f"Z{number}")])
    box.proxy.lose(*call, times)
    for _ in range(4):
        (outcome,) = await bring(box, body)
        if outcome.ok:
            break
    box.proxy.lose(*call, 0)
    assert outcome.ok, outcome.detail
    assert (len(ours.notes()), len(ours.activities()), ours.reference) == (1, 1, number)
    assert ours.tracking() == [f"Z{number}"]
    assert [len(ours.told_at_receipt(row["id"])) for row in ours.receipts()] == [1]
