"""PO-1: what was confirmed before Causeway took over, or a person has ordered already, is not ordered at 1688 a second time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.purchase_settings import AlibabaPurchases
from connectors.alibaba.sink import CANCEL, CREATE
from connectors.kit.jobs import sending
from connectors.kit.ports import Delivery, Known, Result
from schemas.reasons import Reason
from schemas.records import PurchaseOrder
from tests.contract.alibaba_box import Shop, alibaba_box
from tests.contract.alibaba_connected import connected, now_of, settings_of
from tests.contract.test_alibaba_purchases import Buying, body_of, purchase, two_lines, wanted

SINCE = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
BEFORE, AFTER = SINCE - timedelta(milliseconds=1), SINCE


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


@asynccontextmanager
async def buying(shop: Shop, folder: Path, **changes: Any) -> AsyncIterator[Buying]:
    settings = settings_of(shop.box, folder, account={"not_before": SINCE})
    purchases = AlibabaPurchases(
        **{"addresses": {"default": {"address_id": "1234567"}}, "reference_prefix": "CW-", **changes}
    )
    async with connected(shop.box, settings) as client:
        yield Buying(shop, client, settings, purchases)


def order_of(shop: Shop, confirmed: datetime | None, **changes: Any) -> PurchaseOrder:
    return two_lines(shop, confirmed_at=confirmed, **changes)


@pytest.mark.parametrize(
    ("confirmed", "state", "operation", "code"),
    [
        (BEFORE, "purchase", CREATE, "confirmed_before"),
        (None, "purchase", CREATE, "confirmation_unknown"),
        (BEFORE, "cancel", CANCEL, "confirmed_before"),
        (None, "cancel", CANCEL, "never_confirmed"),
    ],
)
async def test_what_was_confirmed_before_is_left_alone_without_a_call(
    shop: Shop, tmp_path: Path, confirmed: datetime | None, state: str, operation: str, code: str
) -> None:
    """PO-1: excluded with a reason that is counted, nothing announced, the platform not asked; nor does a preview say otherwise."""
    order = order_of(shop, confirmed, state=state)
    async with buying(shop, tmp_path) as buyer:
        asked: list[str] = []
        real = buyer.client.call

        async def counted(name: str, *given: Any, **named: Any) -> Any:
            asked.append(name)
            return await real(name, *given, **named)

        buyer.client.call = counted  # type: ignore[method-assign]
        delivery = Delivery("d1", operation, True, order["key"], "odoo", "main", order["version"], "", "c1", order)
        assert not buyer.sink.announces(delivery)
        outcome = await buyer.once(order, operation)
        assert (outcome.result, outcome.notes, outcome.events) == (Result.EXCLUDED, (code,), ())
        (shown,) = await buyer.sink.preview([delivery])
        assert all(one.refused and code in one.would_be for one in shown)
        assert asked == []


async def test_what_was_confirmed_from_then_on_is_ordered(shop: Shop, tmp_path: Path) -> None:
    """PO-1: at the very moment too; and cancelled again."""
    async with buying(shop, tmp_path) as buyer:
        assert (await buyer.once(order_of(shop, AFTER))).result is Result.APPLIED
        shop.box.clock.tick(11)
        gone = await buyer.once(order_of(shop, AFTER, state="cancel", version=4), CANCEL)
        assert (gone.result, body_of(gone)["status"]) == (Result.APPLIED, "cancelled")


async def test_what_we_have_ordered_stays_ours(shop: Shop, tmp_path: Path) -> None:
    """PO-1, EVT-4: the moment is moved on later, or a creation got no answer: it is looked up all the same."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(order_of(shop, AFTER))
        known = Known(3, "", made.remote_model, made.remote_id)
        assert (await buyer.once(order_of(shop, BEFORE), known=known)).result is Result.ALREADY_APPLIED
        buyer.open_jobs.append(sending(3, now_of(shop.box) - timedelta(hours=1)))
        assert (await buyer.once(order_of(shop, BEFORE))).result is Result.ALREADY_APPLIED


@pytest.mark.parametrize("reference", ["{}", "SO-7, {}; urgent", "{} 777"])
async def test_what_a_person_has_ordered_is_followed_and_not_ordered(
    shop: Shop, tmp_path: Path, reference: str
) -> None:
    """PO-1, PO-2: by the number in the vendor reference; how far it is, is told at once."""
    by_hand = shop.order()
    order = order_of(shop, AFTER, supplier_reference=reference.format(by_hand))
    async with buying(shop, tmp_path) as buyer:
        outcome = await buyer.once(order)
        assert (outcome.result, outcome.notes, outcome.remote_id) == (Result.EXCLUDED, ("ordered_by_hand",), "")
        (event,) = outcome.events
        assert (event.entity, event.body["order_id"], event.body["state"]) == ("supplier_order", by_hand, "to_pay")
        delivery = Delivery("d1", CREATE, True, order["key"], "odoo", "main", 3, "", "c1", order)
        ((shown,),) = await buyer.sink.preview([delivery])
        assert (shown.refused, by_hand in shown.would_be) == (True, True)
        assert [one["id"] for one in buyer.orders()] == [by_hand]
        free = order_of(shop, AFTER, supplier_reference="SO-7")
        assert (await buyer.once(free)).result is Result.APPLIED


@pytest.mark.parametrize(
    "written",
    [
        "订单号：{}", "1688 no.:{}", "张三采购，{}", "#{}", "（{}）", "[{}]", "{}；急", "SO-7/{}", "SO-7|{}", "{}.", "PO{}", "{}-2",
        "采购{}急",
    ],
)  # fmt: skip
async def test_an_orders_number_counts_whatever_is_written_around_it(shop: Shop, tmp_path: Path, written: str) -> None:
    """PO-1: as people write it, also with full-width digits."""
    by_hand = shop.order()
    async with buying(shop, tmp_path) as buyer:
        for number in (by_hand, by_hand.translate(WIDE)):
            outcome = await buyer.once(order_of(shop, AFTER, supplier_reference=written.format(number)))
            assert (outcome.result, outcome.notes) == (Result.EXCLUDED, ("ordered_by_hand",))
            assert [event.body["order_id"] for event in outcome.events] == [by_hand]
        assert [one["id"] for one in buyer.orders()] == [by_hand]


@pytest.mark.parametrize("apart", [" ", "-", "\u3000"])
async def test_an_orders_number_counts_in_groups_too(shop: Shop, tmp_path: Path, apart: str) -> None:
    """PO-1: as it is dictated."""
    by_hand = shop.order()
    written = apart.join(by_hand[at : at + 4] for at in range(0, len(by_hand), 4))
    async with buying(shop, tmp_path) as buyer:
        outcome = await buyer.once(order_of(shop, AFTER, supplier_reference=f"PI 7: {written}, call first"))
        assert (outcome.result, outcome.notes) == (Result.EXCLUDED, ("ordered_by_hand",))
        assert [one["id"] for one in buyer.orders()] == [by_hand]


async def test_a_number_this_account_does_not_know_is_for_the_buyer(shop: Shop, tmp_path: Path) -> None:
    """PO-1: neither ordered nor passed over in silence."""
    order = order_of(shop, AFTER, supplier_reference="2237938826932135493")
    async with buying(shop, tmp_path) as buyer:
        outcome = await buyer.once(order)
        assert (outcome.reason, body_of(outcome)["status"], buyer.orders()) == (Reason.RULE, "failed", [])
        assert "2237938826932135493" in body_of(outcome)["problems"][0]["text"]


@pytest.mark.parametrize("remembered", [True, False])
async def test_numbers_we_have_written_back_keep_nothing_from_being_ordered(
    shop: Shop, tmp_path: Path, remembered: bool
) -> None:
    """PO-1, EVT-4: the second part goes out although the first one's number stands in the vendor reference by then, whoever remembers it."""
    offers = shop.box.control("/sandbox/offers", count=20, seed=21, seller="s1")["offers"]
    specs = [(offer, place) for offer in offers for place in range(len(offer["specs"]))][:51]
    lines = [wanted(at, offer, place, 5) for at, (offer, place) in enumerate(specs, 1)]
    async with buying(shop, tmp_path, price_tolerance_percent=100, freight_tolerance=1000) as buyer:
        shop.box.faults({"kind": "flow_control", "path": "fastCreateOrder", "skip": 1, "limit": 99})
        assert not (await buyer.once(purchase(*lines, confirmed_at=AFTER))).ok
        shop.box.faults()
        (first,) = [one["id"] for one in buyer.orders()]
        known = Known(3, "", "supplier_order", first) if remembered else None
        again = purchase(*lines, confirmed_at=AFTER, supplier_reference=first, version=4)
        shop.box.clock.tick(7200)
        assert (await buyer.through(again, known=known)).result is Result.APPLIED
        assert sorted(one["out_order_id"] for one in buyer.orders()) == ["CW-P00007", "CW-P00007-2"]


async def test_our_own_order_that_is_not_shown_any_more_is_not_taken_for_one_by_hand(
    shop: Shop, tmp_path: Path
) -> None:
    """EVT-4: its number stands in the vendor reference; whether it may be sent again is for a person."""
    async with buying(shop, tmp_path) as buyer:
        made = await buyer.once(order_of(shop, AFTER))
        shop.box.control(f"/sandbox/orders/{made.remote_id}/age", days=200)
        buyer.hide()
        known = Known(3, "", made.remote_model, made.remote_id)
        again = order_of(shop, AFTER, supplier_reference=made.remote_id, version=9)
        outcome = await buyer.through(again, known=known)
        assert (outcome.reason, len(buyer.orders())) == (Reason.RULE, 1)


async def test_the_cancellation_of_what_was_never_ordered_names_no_order(shop: Shop, tmp_path: Path) -> None:
    """PO-1: looked up once, for a creation may have been carried out without our knowing."""
    async with buying(shop, tmp_path) as buyer:
        outcome = await buyer.once(order_of(shop, AFTER, state="cancel"), CANCEL)
        assert (outcome.result, body_of(outcome)["orders"]) == (Result.ALREADY_APPLIED, [])
