"""PO-1, EVT-4: orders that the purchase order's name does not lead to (any more) are found by their numbers, before anybody is told that nothing was
ordered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.sink import CANCEL, CREATE
from connectors.kit.ports import Delivery, Known, Outcome, Result
from schemas.reasons import Reason
from schemas.records import PurchaseOrder
from tests.contract.alibaba_box import LIST, Shop, alibaba_box
from tests.contract.test_alibaba_purchases import Buying, body_of, buying, two_lines

AGAIN = "P00007 (urgent)"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


def gone(shop: Shop, **changes: Any) -> PurchaseOrder:
    return two_lines(shop, **{"state": "cancel", "version": 9, **changes})


def known_by(made: Outcome) -> Known:
    return Known(3, "", made.remote_model, made.remote_id)


def status(shop: Shop, number: str) -> str:
    return str(shop.told(number)["status"])


def said(outcome: Outcome) -> str:
    return " ".join(one["text"] for one in body_of(outcome)["problems"])


async def shown(buyer: Buying, order: PurchaseOrder, known: Known | None) -> list[tuple[str, bool]]:
    delivery = Delivery("d2", CANCEL, True, order["key"], "odoo", "main", 9, "", "c", order, known=known)
    (found,) = await buyer.sink.preview([delivery])
    return [(one.field, one.refused) for one in found]


@pytest.mark.parametrize("state", ["cancel", "draft"])
@pytest.mark.parametrize("how", ["renamed", "old", "nameless"])
async def test_what_was_made_for_it_is_cancelled_by_its_number(
    shop: Shop, tmp_path: Path, how: str, state: str
) -> None:
    """PO-1: the pipeline knows the number; the list by names shows nothing."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        name = {"renamed": AGAIN, "nameless": ""}.get(how, "P00007")
        if how == "old":
            shop.box.control(f"/sandbox/orders/{made.remote_id}/age", days=200)
            assert shop.box.ask(LIST, outOrderId="CW-P00007")["result"] == []
        shop.box.clock.tick(11)
        order = gone(shop, name=name, state=state)
        assert await shown(buyer, order, known_by(made)) == [(f"order {made.remote_id}", False)]
        outcome = await buyer.through(order, CANCEL, known_by(made))
        assert (outcome.result, outcome.remote_id) == (Result.APPLIED, made.remote_id)
        assert (body_of(outcome)["status"], body_of(outcome)["problems"]) == ("cancelled", [])
        assert [one["order_id"] for one in body_of(outcome)["orders"]] == [made.remote_id]
        assert status(shop, made.remote_id) == "cancel"
        again = await buyer.through(order, CANCEL, known_by(made))
        assert (again.result, body_of(again)["orders"] != []) == (Result.ALREADY_APPLIED, True)


async def test_one_that_is_paid_stays_and_is_told(shop: Shop, tmp_path: Path) -> None:
    """PO-1: under another name too."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        shop.change(made.remote_id, "pay")
        outcome = await buyer.through(gone(shop, name=AGAIN), CANCEL, known_by(made))
        assert (outcome.reason, body_of(outcome)["status"]) == (Reason.RULE, "not_cancelled")
        assert (made.remote_id in said(outcome), "refund" in said(outcome)) == (True, True)


async def test_one_that_is_not_shown_any_more_is_for_a_person(shop: Shop, tmp_path: Path) -> None:
    """PO-1: nobody says that nothing was ordered; its cancellation waits for a word of a person."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        buyer.hide()
        outcome = await buyer.through(gone(shop, name=AGAIN), CANCEL, known_by(made))
        assert (outcome.reason, body_of(outcome)["status"]) == (Reason.RULE, "not_cancelled")
        assert f"Order {made.remote_id} was made for this purchase order, but 1688 does not show it any more" in said(
            outcome
        )


@pytest.mark.parametrize(("hand", "called"), [(True, "was placed by hand"), (False, "is called CW-P00007")])
async def test_a_number_that_only_stands_there_is_left_alone_and_told(
    shop: Shop, tmp_path: Path, hand: bool, called: str
) -> None:
    """PO-1: an order by hand, or of a name that may be another purchase order's: whoever cancels decides."""
    async with buying(shop, tmp_path) as buyer:
        number = shop.order() if hand else (await buyer.once(two_lines(shop))).remote_id
        shop.box.clock.tick(11)
        order = gone(shop, name=AGAIN, supplier_reference=f"订单号：{number}")
        outcome = await buyer.through(order, CANCEL)
        assert (outcome.reason, body_of(outcome)["status"], status(shop, number)) == (
            Reason.RULE,
            "not_cancelled",
            "waitbuyerpay",
        )
        assert f"Order {number} stands in the vendor reference and {called}" in said(outcome)
        assert await shown(buyer, order, None) == [("order", True)]
        shop.box.ask("alibaba.trade.cancel", webSite="1688", tradeID=number, cancelReason="other")
        after = await buyer.through(order, CANCEL)
        assert (after.result, body_of(after)["status"]) == (Result.ALREADY_APPLIED, "cancelled")
        assert [one["order_id"] for one in body_of(after)["orders"]] == [number]


async def test_an_order_by_hand_of_a_draft_is_left_alone(shop: Shop, tmp_path: Path) -> None:
    """PO-1: it was cancelled to be corrected; whoever confirms it again has ordered it already."""
    async with buying(shop, tmp_path) as buyer:
        number = shop.order()
        order = gone(shop, state="draft", supplier_reference=number)
        outcome = await buyer.through(order, CANCEL)
        assert (outcome.result, outcome.notes, outcome.events) == (Result.EXCLUDED, ("ordered_by_hand",), ())
        assert (status(shop, number), await shown(buyer, order, None)) == ("waitbuyerpay", [])


async def test_what_became_a_draft_again_is_cancelled_by_its_name(shop: Shop, tmp_path: Path) -> None:
    """PO-1: nobody has read that it was cancelled; confirmed again, nothing is ordered a second time, and the buyer is told."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        shop.box.clock.tick(11)
        outcome = await buyer.through(gone(shop, state="draft"), CANCEL)
        assert (outcome.result, body_of(outcome)["status"], status(shop, made.remote_id)) == (
            Result.APPLIED,
            "cancelled",
            "cancel",
        )
        again = await buyer.through(two_lines(shop, version=12), CREATE, known_by(made))
        assert (again.reason, "make a new purchase order" in said(again), len(buyer.orders())) == (Reason.RULE, True, 1)
        never = await buyer.through(gone(shop, state="draft", name="P00008"), CANCEL)
        assert (never.result, body_of(never)["orders"]) == (Result.ALREADY_APPLIED, [])


async def test_a_number_this_account_does_not_know_is_told(shop: Shop, tmp_path: Path) -> None:
    """PO-1: words that are no order's number are nothing."""
    async with buying(shop, tmp_path) as buyer:
        outcome = await buyer.through(gone(shop, supplier_reference="2237938826932135493"), CANCEL)
        assert (outcome.reason, "this 1688 account has no such order" in said(outcome)) == (Reason.RULE, True)
        nothing = await buyer.through(gone(shop, supplier_reference="SO-7, 12345"), CANCEL)
        assert (nothing.result, body_of(nothing)["orders"]) == (Result.ALREADY_APPLIED, [])


async def test_a_purchase_order_that_was_renamed_is_not_ordered_again(shop: Shop, tmp_path: Path) -> None:
    """PO-1, EVT-4: what was made for it is adopted; what it wants otherwise now is told; one that was cancelled there is for a person."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        known = known_by(made)
        renamed = await buyer.through(two_lines(shop, name="ABC-1", version=5), CREATE, known)
        assert (renamed.result, renamed.remote_id, body_of(renamed)["status"]) == (
            Result.ALREADY_APPLIED,
            made.remote_id,
            "created",
        )
        more = two_lines(shop, name="ABC-1", version=6)
        more["lines"][0]["quantity"] = "9"
        assert [one["what"] for one in body_of(await buyer.through(more, CREATE, known))["differences"]][:1] == [
            "quantity"
        ]
        shop.box.clock.tick(11)
        shop.box.ask("alibaba.trade.cancel", webSite="1688", tradeID=made.remote_id, cancelReason="other")
        after = await buyer.through(more, CREATE, known)
        assert (after.reason, "ordered and cancelled at 1688" in said(after)) == (Reason.RULE, True)
        assert len(buyer.orders()) == 1


async def test_all_of_many_orders_are_cancelled(shop: Shop, tmp_path: Path) -> None:
    """PO-1: a purchase order of more than a thousand different goods has more than twenty orders."""
    async with buying(shop, tmp_path) as buyer:
        numbers = [shop.order(shop.cargo(shop.first()), outOrderId="CW-P00007") for _ in range(23)]
        shop.box.clock.tick(60)
        known = Known(3, "", "supplier_order", ",".join(numbers))
        outcome = await buyer.through(gone(shop, name="", lines=[]), CANCEL, known)
        assert outcome.result is Result.APPLIED
        assert {status(shop, one) for one in numbers} == {"cancel"}


@pytest.mark.parametrize("reference", ["CW-P00007", "CW-P00008", ""])
async def test_what_was_split_off_is_cancelled_with_the_one_that_was_made(
    shop: Shop, tmp_path: Path, reference: str
) -> None:
    """PO-1: its number stands in the vendor reference, and it bears the reference of the order that was made; no other does."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        other = shop.order(shop.cargo(shop.first()), **({"outOrderId": reference} if reference else {}))
        shop.box.clock.tick(60)
        order = gone(shop, name=AGAIN, supplier_reference=f"{made.remote_id}, {other}")
        outcome = await buyer.through(order, CANCEL, known_by(made))
        assert status(shop, made.remote_id) == "cancel"
        assert status(shop, other) == ("cancel" if reference == "CW-P00007" else "waitbuyerpay")
        assert (outcome.result is Result.APPLIED) is (reference == "CW-P00007")
