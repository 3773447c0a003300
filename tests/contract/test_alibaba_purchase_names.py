"""PO-1, EVT-4: purchase orders whose names look like parts of one another, in front of the 1688 sandbox: nobody takes or cancels another's order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.sink import CANCEL, CREATE
from connectors.kit.ports import Delivery, Known, Outcome, Result
from schemas.reasons import Reason
from schemas.records import PurchaseLine, PurchaseOrder
from tests.contract.alibaba_box import Shop
from tests.contract.test_alibaba_purchases import ON_CREATE, Buying, buying, purchase, shop, wanted

__all__ = ["shop"]  # a fixture
_OTHER = {"key": "odoo:purchase_order:8", "purchase_id": "8"}


def known_by(made: Outcome) -> Known:
    return Known(3, "", made.remote_model, made.remote_id)


def gone(order: PurchaseOrder, **changes: Any) -> Any:
    return {**order, "state": "cancel", "version": 9, **changes}


def many(shop: Shop, count: int) -> list[PurchaseLine]:
    """Lines of so many different goods."""
    offers = shop.box.control("/sandbox/offers", count=20, seed=21, seller="s1")["offers"]
    specs = [(offer, place) for offer in offers for place in range(len(offer["specs"]))][:count]
    return [wanted(at, offer, place, 5) for at, (offer, place) in enumerate(specs, 1)]


def told(outcome: Outcome) -> Any:
    (event,) = outcome.events
    return event.body


def alive(buyer: Buying) -> dict[str, str]:
    return {one["id"]: one["out_order_id"] for one in buyer.orders() if one["status"] != "cancel"}


@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("is_known", [True, False])
async def test_cancelling_leaves_the_order_of_a_purchase_order_named_like_a_part_alone(
    shop: Shop, tmp_path: Path, same: bool, is_known: bool
) -> None:
    """PO-1: `PX100` is cancelled, `PX100-2` is another purchase order, also of the same goods."""
    theirs = purchase(wanted(1, shop.first(), 0, 3), name="PX100-2", **_OTHER)
    ours = purchase(wanted(2, shop.first(), 0 if same else 1, 3 if same else 4), name="PX100")
    async with buying(shop, tmp_path) as buyer:
        other, made = await buyer.once(theirs), await buyer.once(ours)
        shop.box.clock.tick(11)
        outcome = await buyer.once(gone(ours), CANCEL, known=known_by(made) if is_known else None)
        assert alive(buyer) == {other.remote_id: "CW-PX100-2"}
        assert (outcome.result, outcome.remote_id, told(outcome)["status"]) == (
            Result.APPLIED,
            made.remote_id,
            "cancelled",
        )
        assert [one["order_id"] for one in told(outcome)["orders"]] == [made.remote_id]
        (word,) = told(outcome)["problems"]
        assert f"Order {other.remote_id} at 1688 is called CW-PX100-2" in word["text"]
        assert "left alone" in word["text"]


async def test_a_part_is_not_ordered_under_a_name_that_another_purchase_order_has(shop: Shop, tmp_path: Path) -> None:
    """PO-1, EVT-4: it is not adopted, nothing is sent, and the buyer is told what to do; the preview says so too."""
    async with buying(shop, tmp_path, price_tolerance_percent=100) as buyer:
        other = await buyer.once(purchase(wanted(1, shop.first(), 0, 3), name="Q100-2", **_OTHER))
        ours = purchase(*many(shop, 56), name="Q100")
        outcome = await buyer.through(ours)
        assert (outcome.reason, told(outcome)["status"], told(outcome)["orders"]) == (Reason.RULE, "failed", [])
        assert (
            f"called CW-Q100-2 already, with other goods ({other.remote_id}): rename"
            in told(outcome)["problems"][0]["text"]
        )
        delivery = Delivery("d2", CREATE, True, ours["key"], "odoo", "main", 1, "", "c", ours)
        ((shown,),) = await buyer.sink.preview([delivery])
        assert (shown.refused, "other goods" in shown.would_be) == (True, True)
        assert alive(buyer) == {other.remote_id: "CW-Q100-2"}
        shop.box.clock.tick(11)
        assert (await buyer.once(gone(ours), CANCEL)).ok
        assert alive(buyer) == {other.remote_id: "CW-Q100-2"}


async def test_a_purchase_order_does_not_take_or_cancel_the_part_of_another(shop: Shop, tmp_path: Path) -> None:
    """PO-1, EVT-4: `Q100` of two parts came first, then `Q100-2`."""
    async with buying(shop, tmp_path, price_tolerance_percent=100) as buyer:
        whole = purchase(*many(shop, 56), name="Q100")
        first = await buyer.through(whole)
        parts = alive(buyer)
        assert sorted(parts.values()) == ["CW-Q100", "CW-Q100-2"]
        late = purchase(wanted(1, shop.first(), 0, 3), name="Q100-2", **_OTHER)
        refused = await buyer.through(late)
        assert (refused.reason, told(refused)["orders"]) == (Reason.RULE, [])
        shop.box.clock.tick(11)
        assert told(await buyer.once(gone(late), CANCEL))["orders"] == []
        assert alive(buyer) == parts
        done = await buyer.once(gone(whole), CANCEL, known=known_by(first))
        assert (done.result, alive(buyer)) == (Result.APPLIED, {})


@pytest.mark.parametrize("fault", ["lost", "split_order"])
async def test_a_further_part_is_found_again_by_its_goods(shop: Shop, tmp_path: Path, fault: str) -> None:
    """EVT-4: after a lost answer, and when it was split; cancelling takes all of it."""
    rule = {"kind": fault, "limit": 1, **({"path": ON_CREATE, "skip": 1} if fault == "lost" else {})}
    async with buying(shop, tmp_path, price_tolerance_percent=100) as buyer:
        whole = purchase(*many(shop, 56), name="2026-7")
        shop.box.faults(rule)
        made = await buyer.through(whole)
        shop.box.faults()
        assert (made.ok, set(made.remote_id.split(","))) == (True, set(alive(buyer)))
        assert set(alive(buyer).values()) == {"CW-2026-7", "CW-2026-7-2"}
        assert (await buyer.through(whole)).result is Result.ALREADY_APPLIED
        shop.box.clock.tick(11)
        assert (await buyer.once(gone(whole), CANCEL)).ok
        assert alive(buyer) == {}


@pytest.mark.parametrize("how", ["known", "written"])
async def test_what_is_known_or_written_down_is_its_own_whatever_its_lines_are_now(
    shop: Shop, tmp_path: Path, how: str
) -> None:
    """PO-1: it was larger when it was ordered; its vendor reference has the numbers, or the pipeline knows them."""
    async with buying(shop, tmp_path, price_tolerance_percent=100) as buyer:
        whole = purchase(*many(shop, 56), name="2026-7")
        made = await buyer.through(whole)
        known = known_by(made) if how == "known" else None
        numbers = {"supplier_reference": "订单号：" + made.remote_id.replace(",", ", ")} if how == "written" else {}
        small: Any = {**whole, "lines": [wanted(1, shop.first(), 0, 9)], "version": 5, **numbers}
        again = await buyer.through(small, known=known)
        assert (again.result, told(again)["status"]) == (Result.ALREADY_APPLIED, "differs")
        shop.box.clock.tick(11)
        outcome = await buyer.once(gone(small), CANCEL, known=known)
        assert (outcome.ok, alive(buyer)) == (True, {})
        assert set(outcome.remote_id.split(",")) == set(made.remote_id.split(","))


async def test_goods_that_have_nothing_in_common_are_no_order_of_ours(shop: Shop, tmp_path: Path) -> None:
    """PO-1: two databases of one prefix, or two purchase orders of one name."""
    async with buying(shop, tmp_path) as buyer:
        other = shop.order(shop.cargo(shop.first(1), 2), outOrderId="CW-P00007")
        ours = purchase(wanted(1, shop.first()))
        assert (await buyer.once(ours)).reason is Reason.RULE
        shop.box.clock.tick(11)
        assert told(await buyer.once(gone(ours), CANCEL))["status"] == "cancelled"
        assert alive(buyer) == {other: "CW-P00007"}
