"""FUL-2, FUL-3: what is missing at Amazon and nothing else; parcels keep their numbers, items are cancelled whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from connectors.amazon.fulfilment_settings import CANCEL_REASONS
from connectors.amazon.order_bodies import (
    Carrier,
    cancellation_lines,
    carrier_of,
    confirmations,
    is_correction,
    reference_of,
)
from connectors.kit.errors import ConflictError, ConnectorError, DataError, RuleError
from schemas.records import Cancellation, Shipment
from tests.contract.amazon_orders_out import AT, ONE, ORDER, TWO, cancelled, shipped
from tests.unit.amazon_out.samples import Counts, order, parcel

UPS = Carrier("UPS")
FIRST = "8001"  # of transfer 7


def shipment(*parcels: tuple[str, dict[str, int]], **more: Any) -> Shipment:
    return cast("Shipment", shipped(*parcels, **more).body)


def cancellation(items: dict[str, int] | None = None, **more: Any) -> Cancellation:
    return cast("Cancellation", cancelled(items, **more).body)


def test_a_confirmation_is_as_the_model_wants_it() -> None:
    (body,) = confirmations(order(), shipment(("T1", {ONE: 2})), Carrier("Other", "Local Bikes"))
    assert body == {
        "marketplaceId": "ATVPDKIKX0DER",
        "packageDetail": {
            "packageReferenceId": FIRST, "carrierCode": "Other", "carrierName": "Local Bikes", "trackingNumber": "T1",
            "shipDate": "2026-11-20T11:30:00.000Z", "orderItems": [{"orderItemId": ONE, "quantity": 2}],
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [("odoo:picking:7", 1, "8001"), ("odoo:picking:7", 2, "8002"), ("odoo:picking:0", 1, "1001"), ("odoo:picking:123456", 12, "123457012")],
)  # fmt: skip
def test_a_parcels_number_follows_from_its_transfer(key: str, place: int, expected: str) -> None:
    """EVT-4: the same parcel has the same number whenever it is told; others never have it."""
    assert reference_of(shipment(key=key), place) == expected


def test_a_transfer_without_a_number_has_parcels_with_one() -> None:
    one, other = (reference_of(shipment(key=key), 1) for key in ("odoo:picking:a", "odoo:picking:b"))
    assert one != other
    assert one.isdecimal()
    assert one == reference_of(shipment(key="odoo:picking:a"), 1)


@pytest.mark.parametrize("there", [
    parcel(FIRST, "T1", {ONE: 1}),
    parcel(FIRST, "T1", {ONE: 1}, at="2026-11-25T00:00:00Z"),  # Amazon may show another time
    parcel("99", "T1", {ONE: 1}),  # or numbers of its own: then time and content tell
], ids=["its number", "another time", "another number"])  # fmt: skip
def test_a_parcel_amazon_shows_is_done(there: dict[str, Any]) -> None:
    assert confirmations(order({ONE: (1, 1)}, there), shipment(("T1", {ONE: 1})), UPS) == []


@pytest.mark.parametrize("there", [
    parcel("99", "T1", {ONE: 1}, at="2026-11-20T11:31:00Z"),  # another transfer in the same parcel
    parcel("99", "T1", {TWO: 1}),
    parcel(FIRST, "T1", {ONE: 1}, packageStatus={"status": "CANCELLED"}),
    parcel("8002", "T1", {ONE: 1}),  # the other parcel of this transfer
], ids=["another time", "other items", "cancelled", "its twin"])  # fmt: skip
def test_a_parcel_that_only_looks_alike_is_told(there: dict[str, Any]) -> None:
    now = order({ONE: (0, 2), TWO: (0, 1)}, there)
    told = confirmations(now, shipment(("T1", {ONE: 1}), ("T1", {ONE: 1})), UPS)
    assert FIRST in [body["packageDetail"]["packageReferenceId"] for body in told]


def test_a_changed_number_corrects_the_parcel_and_frees_what_it_held() -> None:
    now = order({ONE: (2, 0)}, parcel(FIRST, "T1", {ONE: 2}), status="PARTIALLY_SHIPPED")
    (body,) = confirmations(now, shipment(("T9", {ONE: 2})), UPS)
    assert is_correction(now, body)
    assert body["packageDetail"]["packageReferenceId"] == FIRST


@pytest.mark.parametrize(("fields", "counts", "error", "words"), [
    ({"status": "PENDING"}, None, ConflictError, "payment is not verified"),
    ({"status": "PENDING_AVAILABILITY"}, None, ConflictError, "payment is not verified"),
    ({"status": "CANCELLED"}, {ONE: (0, 0)}, RuleError, "0 open ones (0 shipped, 2 cancelled)"),
    ({}, {ONE: (1, 1)}, RuleError, "1 open ones (1 shipped, 0 cancelled)"),
])  # fmt: skip
def test_what_cannot_be_shipped(
    fields: dict[str, Any], counts: Counts | None, error: type[ConnectorError], words: str
) -> None:
    """FUL-2: a race has a visible end."""
    with pytest.raises(error) as raised:
        confirmations(order(counts, **fields), shipment(("T1", {ONE: 2})), UPS)
    assert words in str(raised.value)


def test_a_parcel_without_a_tracking_number_or_with_half_a_unit_is_the_warehouses_business() -> None:
    with pytest.raises(DataError, match="WH/OUT/00007: no tracking number"):
        confirmations(order(), shipment((" ", {ONE: 1})), UPS)
    body = shipment(("T1", {ONE: 1}))
    body["parcels"][0]["lines"][0]["quantity"] = "0.5"
    with pytest.raises(DataError, match="whole units"):
        confirmations(order(), body, UPS)


def test_the_time_is_told_in_utc() -> None:
    (body,) = confirmations(order(), shipment(("T1", {ONE: 1}), shipped_at=AT + timedelta(milliseconds=1)), UPS)
    assert body["packageDetail"]["shipDate"] == "2026-11-20T11:30:00.001Z"


@pytest.mark.parametrize(("said", "more", "expected"), [
    ("fedex", (), Carrier("FedEx")),
    (" Royal   Mail ", (), Carrier("Royal Mail")),
    ("Local Bikes", (), Carrier("Other", "Local Bikes")),
    ("local bikes", ("LOCAL BIKES",), Carrier("LOCAL BIKES")),
])  # fmt: skip
def test_carriers(said: str, more: tuple[str, ...], expected: Carrier) -> None:
    assert carrier_of(said, more) == expected


# -- cancellations


@pytest.mark.parametrize(("wanted", "counts", "items"), [
    (None, None, [ONE, TWO]),
    ({ONE: 2}, None, [ONE]),
    ({ONE: 2}, {ONE: (0, 0)}, []),  # cancelled there already
    ({ONE: 1}, {ONE: (1, 1)}, [ONE]),  # what is left of it
    (None, {ONE: (0, 0), TWO: (0, 0)}, []),
])  # fmt: skip
def test_what_is_cancelled(wanted: dict[str, int] | None, counts: Counts | None, items: list[str]) -> None:
    """FUL-3: what Odoo wants cancelled in all, less what is."""
    lines = cancellation_lines(order(counts), cancellation(wanted), CANCEL_REASONS)
    assert [one["amazon-order-item-code"] for one in lines] == items
    assert all(one["order-id"] == ORDER for one in lines)


@pytest.mark.parametrize(("wanted", "counts", "status", "error", "words"), [
    ({ONE: 1}, None, "UNSHIPPED", RuleError, "only as a whole"),
    (None, {TWO: (1, 0)}, "PARTIALLY_SHIPPED", RuleError, "1 were shipped meanwhile"),
    (None, None, "PENDING", ConflictError, "before its payment is verified"),
])  # fmt: skip
def test_what_cannot_be_cancelled(
    wanted: dict[str, int] | None, counts: Counts | None, status: str, error: type[ConnectorError], words: str
) -> None:
    """FUL-3, ORD-13: all or nothing."""
    with pytest.raises(error) as raised:
        cancellation_lines(order(counts, status=status), cancellation(wanted), CANCEL_REASONS)
    assert words in str(raised.value)


@pytest.mark.parametrize(("reason", "code"), [
    ("out_of_stock", "NoInventory"), ("pricing", "PricingError"), ("never heard of", "GeneralAdjustment"),
])  # fmt: skip
def test_reasons_in_amazons_words(reason: str, code: str) -> None:
    (line,) = cancellation_lines(order(), cancellation({TWO: 1}, reason=reason), CANCEL_REASONS)
    assert line["cancellation-reason-code"] == code


def test_cash_on_delivery_is_told_in_japan_only() -> None:
    payment = {"paymentExecutions": [{"paymentMethod": "CashOnDelivery"}]}
    japan = {"channelName": "AMAZON", "marketplaceId": "A1VC38T7YXB528", "marketplaceName": "Amazon.co.jp"}
    here, there = order(payment=payment), order(payment=payment, salesChannel=japan)
    told = [confirmations(one, shipment(("T1", {ONE: 1})), UPS)[0].get("codCollectionMethod") for one in (here, there)]
    assert told == [None, "DirectPayment"]
