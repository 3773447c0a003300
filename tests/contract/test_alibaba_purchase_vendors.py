"""PO-1: a vendor whose reference leads to no seller at an account of ours: nothing is ordered, and the buyer is told why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.alibaba.sink import CANCEL, CREATE
from connectors.kit.jobs import sending
from connectors.kit.ports import Delivery, Known, Result
from schemas.reasons import Reason
from tests.contract.alibaba_box import Shop, alibaba_box
from tests.contract.alibaba_connected import now_of
from tests.contract.test_alibaba_purchase_guards import BEFORE
from tests.contract.test_alibaba_purchase_guards import buying as guarded
from tests.contract.test_alibaba_purchases import body_of, buying, two_lines


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


WRONG = {
    "alibaba:mian:BBB1": "names the account mian, which Causeway does not have",
    " alibaba:main ": "names no seller",
    "alibaba:": "names no account",
}


@pytest.mark.parametrize("supplier", WRONG)
async def test_the_buyer_is_told_and_nothing_is_ordered(shop: Shop, tmp_path: Path, supplier: str) -> None:
    """PO-1, ERR-3: with the reference as it is, and as it should be; the preview says so too, and nothing is announced."""
    async with buying(shop, tmp_path) as buyer:
        order = two_lines(shop, supplier=supplier)
        outcome = await buyer.once(order)
        assert (outcome.reason, body_of(outcome)["status"], buyer.orders()) == (Reason.DATA, "failed", [])
        (why,) = body_of(outcome)["problems"]
        assert WRONG[supplier] in why["text"]
        assert repr(supplier.strip()) in why["text"]
        assert "alibaba:main:SELLER" in why["text"]
        delivery = Delivery("d1", CREATE, True, order["key"], "odoo", "main", 3, "", "c", order)
        ((shown,),) = await buyer.sink.preview([delivery])
        assert (shown.refused, WRONG[supplier] in shown.would_be) == (True, True)
        assert not buyer.sink.announces(delivery)
        mended = await buyer.once(two_lines(shop, version=4))
        assert (mended.result, len(buyer.orders())) == (Result.APPLIED, 1)


@pytest.mark.parametrize("supplier", ["alibaba:MAIN:{}", " alibaba : main : {} ", "alibaba：main：{}"])
async def test_how_a_person_writes_it_does_not_count(shop: Shop, tmp_path: Path, supplier: str) -> None:
    """PO-1: capitals, blanks, full-width colons; the seller is compared with the offer's as ever."""
    async with buying(shop, tmp_path) as buyer:
        order = two_lines(shop)
        seller = order["supplier"].rpartition(":")[2]
        assert (await buyer.once({**order, "supplier": supplier.format(seller)})).result is Result.APPLIED
        other = {**order, "name": "P00008", "supplier": supplier.format("SOMEBODY")}
        assert "of another supplier" in (await buyer.once(other)).detail  # type: ignore[arg-type]


async def test_what_was_confirmed_before_or_is_ordered_already_asks_nothing(shop: Shop, tmp_path: Path) -> None:
    """PO-1: of years of purchase orders of that vendor none becomes a note; nor does one whose goods are under way."""
    supplier = "alibaba:mian:BBB1"
    async with guarded(shop, tmp_path) as buyer:
        old = await buyer.once(two_lines(shop, supplier=supplier, confirmed_at=BEFORE))
        assert (old.result, old.notes, old.events) == (Result.EXCLUDED, ("confirmed_before",), ())
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(two_lines(shop))
        known = Known(3, "", made.remote_model, made.remote_id)
        for outcome in (
            await buyer.once(two_lines(shop, supplier=supplier, version=9), known=known),
            await buyer.once(two_lines(shop, supplier=supplier, version=9, supplier_reference=made.remote_id)),
        ):
            assert (outcome.result, outcome.notes, outcome.events) == (Result.EXCLUDED, ("no_such_account",), ())
        shop.box.clock.tick(11)
        gone = await buyer.once(two_lines(shop, supplier=supplier, state="cancel", version=10), CANCEL)
        assert (gone.result, body_of(gone)["status"]) == (Result.APPLIED, "cancelled")


async def test_what_may_have_been_sent_before_is_said_too(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: the reference was changed while an answer was awaited."""
    async with buying(shop, tmp_path) as buyer:
        buyer.open_jobs.append(sending(3, now_of(shop.box) - timedelta(minutes=5)))
        outcome = await buyer.once(two_lines(shop, supplier="alibaba:mian:BBB1", version=9))
        assert [one["text"][:24] for one in body_of(outcome)["problems"]] == [
            "The vendor's reference i",
            "It may have been ordered",
        ]
        assert buyer.orders() == []
