"""Odoo and a supplier's platform after a day: what is missing, doubled or wrong is found, flow by flow (PO-1, PO-2, PRD-2, LOG-1, TEST-3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from streams.demo import bought as verdict
from streams.demo.alibaba import Alibaba, offers, placed
from streams.demo.bought import Bought, End, Purchasing
from streams.demo.buyers import Seen, VendorPrice
from streams.demo.supplier import Offered, Placed
from streams.observe.ledger import Entry

A, B = "1/11/aa", "1/12/bb"
WORDS = {"ordered": "Ordered.", "stopped": "Stopped.", "cancelled": "Cancelled."}
OFFERED = Offered(A, "S-11", "s1", 1850)
PRICE = VendorPrice(A, 1850, "CNY", 3, 4)
PLAIN = Bought(7, "P7", {A: 2, B: 1}, 4700)
ORDER = Placed("100", "P7", "c1", False, {A: 2, B: 1}, 4700)
SEEN = Seen("purchase", ("100",), 4700, ("<p>Ordered.</p>",))
STOPPED = replace(PLAIN, end=End.STOPPED)
REFUSED = Entry("odoo:purchase_order:7", "dead", "rule", "price of a unit is 9 CNY, not 5 CNY")


def sides(**changes: Any) -> Purchasing:
    """All went well, but for the changes."""
    plain: dict[str, Any] = {
        "supplier": "shop", "currency": "CNY", "carrier": "ZTO Express", "words": WORDS, "offered": [OFFERED], "placed": [ORDER],
        "prices": {A: [PRICE]}, "products": {"S-11": 1}, "seen": {7: SEEN},
    }  # fmt: skip
    return Purchasing(**{**plain, **changes})


def test_an_offer_is_one_product_with_its_price() -> None:
    """PRD-2, PO-3."""
    report = verdict.offers(sides())
    assert (report.name, report.expected, report.arrived, report.problems) == ("shop offers", 1, 1, ())


@pytest.mark.parametrize("changes", [
    {"products": {}}, {"products": {"S-11": 2}}, {"prices": {}}, {"prices": {A: [PRICE, PRICE]}},
    {"prices": {A: [replace(PRICE, cents=1851)]}}, {"prices": {A: [replace(PRICE, currency="USD")]}},
    {"dead": {"upsert_supplier_product": [REFUSED]}},
])  # fmt: skip
def test_an_offer_that_is_missing_doubled_or_wrong_is_told(changes: dict[str, Any]) -> None:
    """PRD-2, EVT-4."""
    assert not verdict.offers(sides(**changes)).balanced


def test_a_purchase_order_is_what_was_ordered_whole_or_split() -> None:
    """PO-1: a platform may make several orders of one call."""
    assert verdict.purchases([PLAIN], sides()).balanced
    split = [replace(ORDER, units={A: 2}, goods=3700), replace(ORDER, id="101", units={B: 1}, goods=1000)]
    assert verdict.purchases([PLAIN], sides(placed=split, seen={7: replace(SEEN, reference=("101", "100"))})).balanced
    many = Bought(7, "P7", {str(number): 1 for number in range(51)}, 5100)
    assert many.references == ["P7", "P7-2"]
    assert Bought(7, "P7", {str(number): 1 for number in range(50)}, 5000).references == ["P7"]


@pytest.mark.parametrize("changes", [
    {"placed": []},
    {"placed": [replace(ORDER, is_cancelled=True)]},
    {"placed": [replace(ORDER, units={A: 2})]},
    {"placed": [replace(ORDER, goods=4701)]},
    {"placed": [replace(ORDER, units={A: 2}, goods=3700), replace(ORDER, id="101", creation="c2", units={B: 1}, goods=1000)],
     "seen": {7: replace(SEEN, reference=("100", "101"))}},
    {"placed": [ORDER, replace(ORDER, id="101", creation="c2")]},
    {"placed": [ORDER, replace(ORDER, id="101", reference="")]},
    {"seen": {7: replace(SEEN, reference=())}}, {"seen": {7: replace(SEEN, reference=("100", "100"))}},
    {"seen": {7: replace(SEEN, cents=4699)}}, {"seen": {7: replace(SEEN, notes=())}},
    {"seen": {7: replace(SEEN, notes=SEEN.notes * 2)}}, {"seen": {7: replace(SEEN, tasks=("1688: not ordered",))}},
    {"dead": {"create_purchase": [REFUSED]}}, {"dead": {"note_purchase": [REFUSED]}},
])  # fmt: skip
def test_a_purchase_that_is_missing_doubled_or_off_is_told(changes: dict[str, Any]) -> None:
    """PO-1, EVT-4: amounts to the cent."""
    assert not verdict.purchases([PLAIN], sides(**changes)).balanced


def test_what_was_cancelled_is_cancelled_there() -> None:
    """PO-1, PO-2."""
    gone, told = replace(PLAIN, end=End.CANCELLED), {7: replace(SEEN, notes=("Ordered.", "Cancelled."))}
    dead = replace(ORDER, is_cancelled=True)
    assert verdict.purchases([gone], sides(placed=[dead], seen=told)).balanced
    for placed_, seen in (
        ([ORDER], told),
        ([], told),
        ([dead], {7: SEEN}),
        ([dead, replace(dead, id="101", creation="c2")], told),
    ):
        assert not verdict.purchases([gone], sides(placed=placed_, seen=seen)).balanced


@pytest.mark.parametrize(("changes", "right"), [
    ({}, True), ({"placed": [ORDER]}, False), ({"dead": {}}, False), ({"seen": {7: SEEN}}, False),
    ({"dead": {"create_purchase": [replace(REFUSED, reason="bug")]}}, False),
    ({"seen": {7: replace(SEEN, notes=("Stopped.",))}}, False),
    ({"dead": {"create_purchase": [REFUSED, replace(REFUSED, key="odoo:purchase_order:8")]}}, False),
])  # fmt: skip
def test_what_would_cost_otherwise_is_an_exception_its_buyer_reads(changes: dict[str, Any], right: bool) -> None:
    """PO-1."""
    plain: dict[str, Any] = {
        "placed": [], "seen": {7: replace(SEEN, notes=("Stopped.",), tasks=("1688: not ordered",))},
        "dead": {"create_purchase": [REFUSED]},
    }  # fmt: skip
    assert verdict.purchases([STOPPED], sides(**{**plain, **changes})).balanced is right


@pytest.mark.parametrize(("tracking", "carriers", "right"), [
    (("75", "76"), ("ZTO Express",), True), (("75",), ("ZTO Express",), False), (("75", "76", "77"), ("ZTO Express",), False),
    (("75", "76", "75"), ("ZTO Express",), False), (("75", "76"), (), False), (("75", "76"), ("UPS",), False),
])  # fmt: skip
def test_parcels_stand_on_the_receipt_once_with_their_carrier(
    tracking: tuple[str, ...], carriers: tuple[str, ...], right: bool
) -> None:
    """LOG-1."""
    seen = {7: replace(SEEN, tracking=tracking, carriers=carriers)}
    there = sides(placed=[replace(ORDER, parcels=("75", "76"))], seen=seen)
    report = verdict.tracking([PLAIN], there, ["100"])
    assert (report.expected, report.balanced) == (2, right)
    assert not verdict.tracking([PLAIN], sides(), ["100"]).balanced


def test_orders_of_the_sandbox_are_told_in_the_demo_s_words() -> None:
    line = {"sub_id": "5", "offer_id": 1, "sku_id": 11, "spec_id": "aa", "quantity": 2}
    told = {
        "id": "100", "out_order_id": "P7", "creation": "c1", "status": "cancel", "lines": [line], "goods": 3700,
        "parcels": ["L1", "L2"],
    }  # fmt: skip
    assert placed(told, {"L1": "75"}) == Placed("100", "P7", "c1", True, {A: 2}, 3700, ("75",))


def test_an_order_leaves_in_as_many_parcels_as_it_can() -> None:
    """LOG-1: and whoever asks again changes nothing."""
    calls: list[Any] = []
    order = {
        "status": "waitbuyerpay",
        "lines": [{"sub_id": "5", "quantity": 3, "shipped": 0}, {"sub_id": "6", "quantity": 1, "shipped": 0}],
    }

    def control(method: str, path: str, body: Any) -> Any:
        if method == "POST":
            calls.append(body)
            order["status"] = "waitsellersend" if body["kind"] == "pay" or body.get("items") else "waitbuyerreceive"
        return dict(order)

    there = Alibaba("http://127.0.0.1:1", control, None)  # type: ignore[arg-type]
    there.send("100", 2)
    assert [(one["kind"], one.get("items")) for one in calls] == [("pay", None), ("ship", {"5": 1}), ("ship", None)]
    there.send("100", 2)
    assert len(calls) == 3


def test_offers_are_those_the_sandbox_draws() -> None:
    """TEST-1: the pipeline is told of offers before the sandbox has made them."""
    from connectors.alibaba.sandbox.offer_generator import make_offers
    from connectors.alibaba.sandbox.offer_mix import PLAIN as PLAIN_MIX

    assert [one.id for one in make_offers(len(offers()), 7, PLAIN_MIX, 0.0)] == offers()
