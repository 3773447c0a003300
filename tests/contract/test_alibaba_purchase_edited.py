"""PO-1, EVT-4: a purchase order that was edited after it was ordered: whatever keeps it from being ordered now, its living orders are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.ports import Known, Result
from schemas.records import PurchaseOrder
from tests.contract.alibaba_box import Shop, alibaba_box
from tests.contract.test_alibaba_purchases import body_of, buying, purchase, two_lines, wanted


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


def edited(order: PurchaseOrder, how: str) -> PurchaseOrder:
    if how == "currency":
        order["currency"] = "USD"
    elif how == "code":
        order["lines"][1]["supplier_code"] = ""
    elif how == "half":
        order["lines"][0]["quantity"] = "1.5"
    else:
        for line in order["lines"]:
            line["quantity"] = "0"
    return order


@pytest.mark.parametrize("remembered", [True, False])
@pytest.mark.parametrize("how", ["code", "currency", "half", "nothing"])
async def test_what_lives_is_told_whatever_is_wrong_now(shop: Shop, tmp_path: Path, how: str, remembered: bool) -> None:
    """PO-1, ERR-3: nobody is told to order it elsewhere. By the numbers that are known, or by those in the vendor reference."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        known = Known(3, "", made.remote_model, made.remote_id) if remembered else None
        written = "" if remembered else made.remote_id
        order = edited(two_lines(shop, version=9, supplier_reference=written), how)
        outcome = await buyer.once(order, known=known)
        body = body_of(outcome)
        assert (outcome.result, body["status"], body["problems"] != []) == (Result.FAILED, "differs", True)
        (one,) = body["orders"]
        assert (one["order_id"], one["total"] is not None) == (made.remote_id, True)
        never = await buyer.once(edited(two_lines(shop, name="P00008"), how))
        assert (body_of(never)["status"], body_of(never)["orders"]) == ("failed", [])


async def test_a_part_that_is_not_wanted_any_more_is_told(shop: Shop, tmp_path: Path) -> None:
    """PO-1: 51 goods became 50; its second order lives, and its number is kept."""
    offers = shop.box.control("/sandbox/offers", count=20, seed=21, seller="s1")["offers"]
    specs = [(offer, place) for offer in offers for place in range(len(offer["specs"]))][:51]
    lines: list[Any] = [wanted(at, offer, place, 5) for at, (offer, place) in enumerate(specs, 1)]
    async with buying(shop, tmp_path, price_tolerance_percent=100, freight_tolerance=1000) as buyer:
        made = await buyer.once(purchase(*lines))
        known = Known(3, "", made.remote_model, made.remote_id)
        fewer = await buyer.once(purchase(*lines[:50], version=9), known=known)
        body = body_of(fewer)
        assert (fewer.result, fewer.remote_id, body["status"]) == (Result.ALREADY_APPLIED, made.remote_id, "differs")
        assert ",".join(one["order_id"] for one in body["orders"]) == made.remote_id
        (more,) = [one for one in body["differences"] if one["what"] == "line"]
        assert made.remote_id.split(",")[1] in more["theirs"]


@pytest.mark.parametrize(("how", "words"), [("cancelled", "is cancelled at 1688"), ("named", "is called CW-P00003")])
async def test_a_number_that_brings_nothing_is_told(shop: Shop, tmp_path: Path, how: str, words: str) -> None:
    """PO-1: all its vendor reference names is cancelled, or another purchase order's; with a living one beside it nothing is asked."""
    async with buying(shop, tmp_path) as buyer:
        number = (await buyer.once(two_lines(shop, name="P00003"))).remote_id
        if how == "cancelled":
            shop.box.clock.tick(11)
            shop.box.ask("alibaba.trade.cancel", webSite="1688", tradeID=number, cancelReason="other")
        outcome = await buyer.once(two_lines(shop, supplier_reference=number))
        assert (outcome.result, outcome.notes) == (Result.EXCLUDED, ("ordered_by_hand",))
        first, said = outcome.events
        assert (first.entity, said.entity, said.body["status"]) == ("supplier_order", "purchase_result", "failed")
        (why,) = said.body["problems"]
        assert f"The vendor reference has {number}, which {words}" in why["text"]
        both = await buyer.once(two_lines(shop, supplier_reference=f"{number}, {shop.order()}"))
        assert [one.entity for one in both.events] == ["supplier_order", "supplier_order"]
