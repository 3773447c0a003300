"""ORD-3: Amazon's order becomes the canonical order, whole; whatever else comes is a DataError that names the place."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.amazon.mapping import to_order, version_of
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from tests.contract.recordings import recorded_orders
from tests.unit.amazon.samples import ITEM, LINE_TOTAL, changed, mapped, raw, sample
from tests.unit.damage import REMOVED, anything, damaged, paths
from tests.unit.failure.samples import codec

PACKAGE = "packages.0"


def test_a_plain_order_field_by_field() -> None:
    order = sample("order_plain")
    assert order["key"] == "amazon:main:112-4410986-3027415"
    assert (order["order_id"], order["seller_order_id"]) == ("112-4410986-3027415", "SO-2026-0117")
    assert (order["marketplace"], order["currency"], order["fulfilment"]) == ("US", "USD", "seller")
    assert (order["status"], order["source_status"]) == ("acknowledged", "UNSHIPPED")
    assert order["ordered_at"] == datetime(2026, 11, 18, 14, 2, 11, tzinfo=UTC)
    assert order["updated_at"] == datetime(2026, 11, 18, 14, 35, 2, tzinfo=UTC)
    assert order["version"] == 1795012502000
    assert (order["ship_from"], order["ship_by"]) == (
        datetime(2026, 11, 19, 8, tzinfo=UTC), datetime(2026, 11, 21, 7, 59, 59, tzinfo=UTC),
    )  # fmt: skip
    assert (order["deliver_from"], order["deliver_by"]) == (
        datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 27, 7, 59, 59, tzinfo=UTC),
    )  # fmt: skip
    assert order["shipping_level"] == "STANDARD"
    assert (order["total"], order["total_stated"]) == ({"amount": "50.19", "currency": "USD"}, True)
    assert (order["tax_total"]["amount"], order["tax_collection"]) == ("4.22", "marketplace")
    assert (order["payment_method"], order["payment_status"]) == ("CreditCard", "authorized")
    assert (order["test"], order["business"], order["gift"], order["buyer_cancel_requested"]) == (False,) * 4
    assert order["buyer_note"] == "Front desk\nRing twice"


def test_the_people_of_a_plain_order() -> None:
    order = sample("order_plain")
    assert order["buyer"]["name"] == "R. Plainwright"
    assert order["buyer"]["email"] == "3k8f0example@marketplace.amazon.example"
    to = order["ship_to"]
    assert (to["street"], to["street2"], to["city"], to["state"], to["zip"], to["country"], to["kind"]) == (
        "418 Invented Ave", "Apt 7", "Reno", "NV", "89501-1144", "US", "residential",
    )  # fmt: skip
    assert to["phone"] == order["buyer"]["phone"] == "+17755550132"


def test_the_line_of_a_plain_order() -> None:
    (line,) = sample("order_plain")["lines"]
    assert (line["line_id"], line["sku"], line["marketplace_item_id"]) == ("64210098771201", "STICK-1", "B0EXAMPLE1")
    assert (line["quantity"], line["quantity_shipped"], line["quantity_cancelled"]) == ("2", "0", "0")
    assert (line["unit_price"]["amount"], line["amount"]["amount"]) == ("19.99", "39.98")
    assert line["shipping_amount"] == {"amount": "5.99", "currency": "USD"}
    assert [(tax["name"], tax["amount"]["amount"], tax["collected_by"]) for tax in line["taxes"]] == [
        ("Sales tax", "3.67", "marketplace")
    ]
    assert [tax["amount"]["amount"] for tax in line["shipping_taxes"]] == ["0.55"]
    assert (line["status"], line["condition"]) == ("acknowledged", "NEW")


def test_an_order_amazon_ships_is_the_marketplaces_and_tells_no_street() -> None:
    """ORD-10: it takes no seller's stock; an address without name and street harms nobody."""
    order = sample("order_fulfilled_by_amazon")
    assert (order["fulfilment"], order["status"], order["payment_status"]) == ("marketplace", "shipped", "paid")
    assert (order["ship_to"]["street"], order["ship_to"]["city"]) == ("", "Boise")
    assert order["lines"][0]["serial_numbers"] == ["LMP-0001-INVENTED"]


def test_a_pending_order_has_no_money_yet() -> None:
    """ORD-4: it is `pending`, so that filters leave it out, and its units are known for the stock."""
    order = sample("order_pending")
    assert (order["status"], order["payment_status"], order["total_stated"]) == ("pending", "pending", False)
    assert (order["total"]["amount"], order["currency"]) == ("0.00", "USD")
    assert [(one["status"], one["quantity"]) for one in order["lines"][0]["statuses"]] == [("pending", "3")]


def test_a_business_order() -> None:
    """ORD-3, ORD-11: the buyer's own number; registered for tax and charged none is exempt."""
    order = sample("order_business")
    assert (order["business"], order["purchase_order_number"], order["tax_exempt"]) == (True, "PO-2026-0457", True)
    assert (order["buyer"]["company"], order["buyer"]["tax_id"]) == ("Nowhere Tools LLC", "EX-OH-000000")
    assert order["bill_to"] is not None
    assert (order["bill_to"]["street"], order["ship_to"]["kind"]) == ("1 Ledger Sq", "commercial")
    assert order["lines"][0]["extras"]["priceDesignation"] == "BUSINESS_PRICE"


@pytest.mark.parametrize(
    ("path", "value"), [("programs", []), ("tax", REMOVED), (f"{ITEM}.proceeds.proceedsTotal", REMOVED)]
)
def test_who_is_not_surely_exempt_is_not(path: str, value: Any) -> None:
    assert mapped(changed(path, value, raw("order_business")))["tax_exempt"] is False


def test_a_gift() -> None:
    order = sample("order_gift")
    (line,) = order["lines"]
    assert (order["gift"], line["gift_message"], line["extras"]["giftWrapLevel"]) == (
        True,
        "Happy birthday, Lou!",
        "PREMIUM",
    )
    assert line["gift_wrap_amount"] == {"amount": "3.99", "currency": "USD"}
    assert [tax["amount"]["amount"] for tax in line["other_taxes"]] == ["0.33"]


def test_parcels_of_a_part_shipped_order() -> None:
    """FUL-2: each line knows the parcels it is in, with how many."""
    order = sample("order_part_shipped")
    sticks, gloves = order["lines"]
    assert (order["status"], sticks["status"], gloves["status"]) == ("partially_shipped", "acknowledged", "shipped")
    assert [(one["status"], one["quantity"]) for one in sticks["statuses"]] == [("shipped", "2"), ("acknowledged", "1")]
    assert [(one["tracking_number"], one["carrier"], one["quantity"]) for one in sticks["shipments"]] == [
        ("1ZINVENTED0000000001", "UPS", "1"), ("1ZINVENTED0000000002", "UPS", "1"),
    ]  # fmt: skip
    assert gloves["shipments"][0]["shipped_at"] == datetime(2026, 11, 20, 16, 30, tzinfo=UTC)


def test_a_parcel_that_was_cancelled_is_none() -> None:
    order = mapped(changed(f"{PACKAGE}.packageStatus.status", "CANCELLED", raw("order_part_shipped")))
    assert [one["tracking_number"] for one in order["lines"][0]["shipments"]] == ["1ZINVENTED0000000002"]


def test_a_cancelled_order() -> None:
    """ORD-8; what the buyer wished is done, so nobody is asked any more."""
    order = sample("order_cancelled")
    (line,) = order["lines"]
    assert (order["status"], line["status"], line["quantity_cancelled"]) == ("cancelled", "cancelled", "1")
    assert (order["buyer_cancel_requested"], line["cancel_reason"]) == (False, "Buyer requested cancellation")


def test_a_buyers_wish_to_cancel_is_of_its_line() -> None:
    """FUL-3."""
    order = sample("order_cancel_request")
    assert [line["buyer_cancel_requested"] for line in order["lines"]] == [True, False]
    assert order["buyer_cancel_requested"]
    shipped = changed(
        f"{ITEM}.fulfillment", {"quantityFulfilled": 1, "quantityUnfulfilled": 0}, raw("order_cancel_request")
    )
    assert not mapped(shipped)["buyer_cancel_requested"]
    decided = changed(
        f"{ITEM}.cancellation.cancellationExecution", {"cancelledBy": "MERCHANT"}, raw("order_cancel_request")
    )
    assert not mapped(decided)["buyer_cancel_requested"]


def test_part_of_a_line_may_be_cancelled() -> None:
    order = changed(f"{ITEM}.fulfillment.quantityUnfulfilled", 1)
    (line,) = mapped(order)["lines"]
    assert (line["quantity"], line["quantity_cancelled"], line["status"]) == ("2", "1", "acknowledged")


def test_a_replacement_names_what_it_replaces_and_costs_nothing() -> None:
    order = sample("order_replacement")
    assert (order["replaces_order_id"], order["total"]["amount"]) == ("113-2048857-1190346", "0.00")


def test_without_roles_an_order_still_maps() -> None:
    """ORD-3: what an application may not see is empty, and no reason to lose the order."""
    order = sample("order_without_roles")
    assert (order["buyer"]["email"], order["ship_to"]["street"], order["ship_to"]["country"]) == ("", "", "")
    assert order["total"]["amount"] == "50.19"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("PENDING_AVAILABILITY", "pending"),
        ("PENDING", "pending"),
        ("UNSHIPPED", "acknowledged"),
        ("SHIPPED", "shipped"),
        ("CANCELLED", "cancelled"),
        ("UNFULFILLABLE", "unknown"),
        ("TELEPORTED", "unknown"),
    ],
)
def test_states(word: str, status: str) -> None:
    """ORD-8: a word we do not know stays visible."""
    order = mapped(changed("fulfillment.fulfillmentStatus", word))
    assert (order["status"], order["source_status"]) == (status, word)


def test_test_orders_are_those_whose_skus_say_so() -> None:
    """TEST-4."""
    assert mapped(changed(f"{ITEM}.product.sellerSku", "TEST-7"))["test"]


def test_an_item_without_a_sku_is_told_by_its_asin() -> None:
    """ORD-9: so it can be held for a mapping."""
    assert mapped(changed(f"{ITEM}.product.sellerSku", REMOVED))["lines"][0]["sku"] == "B0EXAMPLE1"


def test_a_country_or_marketplace_we_do_not_know() -> None:
    """A marketplace that is not in our table is named by its id; its money tells the currency."""
    order = mapped(changed("salesChannel.marketplaceId", "A2NEWPLACE0001"))
    assert (order["marketplace"], order["currency"]) == ("A2NEWPLACE0001", "USD")
    with pytest.raises(DataError, match=r"^salesChannel.marketplaceId: expected a marketplace we know"):
        mapped(changed("salesChannel.marketplaceId", "A2NEWPLACE0001", raw("order_pending")))


@pytest.mark.parametrize("recording", recorded_orders("amazon"), ids=lambda one: one.name)
def test_every_recorded_order_fits_the_schema(recording: Any) -> None:
    assert codec().encode("order", to_order(recording.payload, "main"))


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("orderId", REMOVED, "orderId"),
        ("createdTime", "last Tuesday", "createdTime"),
        ("lastUpdatedTime", REMOVED, "lastUpdatedTime"),
        ("fulfillment", REMOVED, "fulfillment.fulfillmentStatus"),
        ("fulfillment.fulfilledBy", "MARTIANS", "fulfillment.fulfilledBy"),
        ("orderItems", [], "orderItems"),
        ("orderItems", "items", "orderItems"),
        (ITEM, "item 1", "orderItems[0]"),
        (f"{ITEM}.orderItemId", None, "orderItems[0].orderItemId"),
        (f"{ITEM}.product", {}, "orderItems[0].product.sellerSku"),
        (f"{ITEM}.quantityOrdered", -1, "orderItems[0].quantityOrdered"),
        (f"{ITEM}.quantityOrdered", Decimal("1.5"), "orderItems[0].quantityOrdered"),
        (f"{ITEM}.fulfillment.quantityFulfilled", 5, "orderItems[0].fulfillment"),
        (LINE_TOTAL, "50.20", "orderItems[0].proceeds.proceedsTotal"),
        (LINE_TOTAL, "12,50", "orderItems[0].proceeds.proceedsTotal.amount"),
        (f"{ITEM}.proceeds.breakdowns.1.subtotal.currencyCode", "EUR", "orderItems[0].proceeds.breakdowns[1].subtotal.currencyCode"),
        (f"{ITEM}.proceeds.breakdowns.1.subtotal", REMOVED, "orderItems[0].proceeds.breakdowns[1].subtotal.amount"),
        ("proceeds.grandTotal.amount", "50.20", "proceeds.grandTotal"),
        ("proceeds.grandTotal.currencyCode", "dollars", "proceeds.grandTotal.currencyCode"),
        ("buyer", ["who"], "buyer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(path: str, value: Any, field: str) -> None:
    """SEC-5, ORD-6, ORD-12: a data error names the field and what is wrong with it."""
    with pytest.raises(DataError) as caught:
        mapped(changed(path, value))
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("path", "value", "problems"),
    [
        ("recipient.deliveryAddress.countryCode", "Elbonia", ["ship_to.country: recipient.deliveryAddress.countryCode"]),
        ("recipient.deliveryAddress.postalCode", "1234", ["ship_to.zip"]),
        ("recipient.deliveryAddress.city", REMOVED, ["ship_to.city"]),
        ("recipient.deliveryAddress.name", ["canary"], ["ship_to: recipient.deliveryAddress.name"]),
        ("recipient.deliveryAddress.phone", ["canary"], ["ship_to: recipient.deliveryAddress.phone"]),
        ("recipient", "somewhere", ["ship_to: recipient", "buyer_note: recipient"]),
        ("recipient.deliveryAddress", "somewhere", ["ship_to: recipient.deliveryAddress"]),
        ("recipient.deliveryPreference.dropOffLocation", {}, ["buyer_note: recipient.deliveryPreference.dropOffLocation"]),
        ("fulfillment.fulfillmentServiceLevel", "TELEPORT", ["shipping_level"]),
    ],
)  # fmt: skip
def test_an_order_that_cannot_be_shipped_is_an_order_with_its_problems(
    path: str, value: Any, problems: list[str]
) -> None:
    """ORD-12, INV-2: what it asks of the stock is known all the same; SEC-3: the problem does not tell the data."""
    order = mapped(changed(path, value))
    assert [one.rpartition(": ")[0] for one in order["problems"]] == problems
    assert (order["lines"], order["total"]) == (mapped(raw())["lines"], mapped(raw())["total"])
    assert "canary" not in str(order["problems"])
    assert codec().decode("order", codec().encode("order", order)) == order


def test_whom_to_bill_is_told_whatever_the_order_is_in() -> None:
    order = raw("order_business")
    registration = order["tax"]["taxRegistrations"][0]["taxRegistrationAddress"]
    registration["countryCode"] = "Elbonia"
    for status in ("UNSHIPPED", "SHIPPED", "PENDING"):
        order["fulfillment"]["fulfillmentStatus"] = status
        assert [one.partition(":")[0] for one in mapped(order)["problems"]] == ["bill_to.country"], status


def test_two_items_of_one_id_are_refused() -> None:
    order = raw("order_cancel_request")
    order["orderItems"][1]["orderItemId"] = order["orderItems"][0]["orderItemId"]
    with pytest.raises(DataError, match="same orderItemId"):
        mapped(order)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"3", b'"x"', b"\xff", b"[" * 100_000])
def test_a_payload_that_is_no_order_at_all(payload: bytes) -> None:
    with pytest.raises(DataError, match=r"^payload: "):
        to_order(payload, "main")


def test_an_error_tells_no_person() -> None:
    """SEC-3: what is wrong with personal data is said without saying the data."""
    for path in ("buyer.buyerEmail", f"{ITEM}.fulfillment.packing"):
        with pytest.raises(DataError) as caught:
            mapped(changed(path, ["canary"]))
        assert "canary" not in str(caught.value)


def test_the_version_is_the_last_update() -> None:
    order = raw()
    assert version_of(order) == mapped(order)["version"] == 1795012502000


@pytest.mark.parametrize("junk", [None, 3, "x", [], {}, {"lastUpdatedTime": []}])
def test_a_version_that_cannot_be_read_is_zero(junk: Any) -> None:
    assert version_of(junk) == 0


ORDERS = [one.order for one in recorded_orders("amazon")]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_an_order_damaged_anywhere_is_an_order_or_a_data_error(data: st.DataObject) -> None:
    """SEC-5: hostile payloads become dead letters, never crashes; what passes always fits the schema."""
    order = data.draw(st.sampled_from(ORDERS))
    for _ in range(data.draw(st.integers(1, 3))):
        if not paths(order):
            break
        order = damaged(order, data.draw(st.sampled_from(paths(order))), data.draw(anything))
    try:
        result = to_order(exact_json.dumps(order), "main")
    except DataError:
        return
    assert codec().encode("order", result)


@settings(max_examples=100, deadline=None)
@given(anything)
def test_anything_at_all_is_an_order_or_a_data_error(value: Any) -> None:
    with pytest.raises(DataError):
        to_order(exact_json.dumps(value), "main")
