"""ORD-3: Walmart's order becomes the canonical order, whole; whatever else comes is a DataError that names the place."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.trials import is_test
from connectors.walmart.mapping import mapping_for, to_order, version_of
from schemas.records import Order
from tests.contract.recordings import recorded, recorded_orders
from tests.unit.damage import REMOVED, anything, paths
from tests.unit.failure.samples import codec
from tests.unit.walmart.samples import changed, charge, line, mapped, plain


def sample(name: str) -> Order:
    return to_order(recorded("walmart", name).payload, "main")


def test_a_plain_order_field_by_field() -> None:
    order = sample("order_plain")
    assert order["key"] == "walmart:main:1796277083022"
    assert order["customer_order_id"] == "5281956426648"
    assert order["status"] == "created"
    assert order["ordered_at"] == datetime(2025, 11, 19, 9, 12, 51, tzinfo=UTC)
    assert order["updated_at"] == datetime(2025, 11, 19, 9, 24, 7, tzinfo=UTC)
    assert order["version"] == 1763544247000
    assert order["ship_by"] == datetime(2025, 11, 21, 4, 40, tzinfo=UTC)
    assert order["deliver_by"] == datetime(2025, 11, 29, 17, 40, tzinfo=UTC)
    assert (order["fulfilment"], order["test"], order["currency"]) == ("seller", False, "USD")
    assert order["buyer"]["email"] == "3a31739d8b0a45a1b23f7f8c81c8747f@relay.walmart.example"
    assert order["buyer"]["phone"] == "+13155550181"
    ship_to = order["ship_to"]
    assert (ship_to["street"], ship_to["street2"], ship_to["country"]) == ("3258 Invented Rd", "Garage", "US")
    assert (ship_to["state"], ship_to["zip"], ship_to["kind"]) == ("NY", "13164", "residential")
    (one,) = order["lines"]
    assert (one["line_id"], one["sku"], one["quantity"], one["unit"]) == ("4", "test1", "1", "EACH")
    assert (one["amount"]["amount"], one["unit_price"]["amount"]) == ("10.00", "10.00")
    assert [(tax["name"], tax["amount"]["amount"], tax["collected_by"]) for tax in one["taxes"]] == [
        ("Tax1", "0.80", "marketplace")
    ]
    assert (order["total"]["amount"], order["total_stated"]) == ("10.80", False)
    assert (order["shipping_level"], order["tax_collection"]) == ("Value", "marketplace")
    assert order["extras"] == {"orderType": "REGULAR"}


def test_taxes_by_jurisdiction_discounts_shipping_and_a_part_cancelled_line() -> None:
    """ORD-3, ORD-11: each jurisdiction is a tax of its own, collected by Walmart."""
    order = sample("order_split_tax")
    first, second = order["lines"]
    assert [(t["jurisdiction"], t["code"], t["amount"]["amount"]) for t in first["taxes"]] == [
        ("state", "CA", "1.82"),
        ("county", "Los Angeles", "0.08"),
        ("district", "CA", "0.65"),
    ]
    assert [(d["name"], d["amount"]["amount"], d["applies_to"]) for d in first["discounts"]] == [
        ("SubscriptionDiscount", "1.52", "item")
    ]
    assert first["shipping_amount"] == {"amount": "5.99", "currency": "USD"}
    assert [tax["amount"]["amount"] for tax in first["shipping_taxes"]] == ["0.36"]
    assert first["unit_price"]["amount"] == "10.10"
    assert (second["quantity"], second["quantity_cancelled"], second["status"]) == ("2", "1", "acknowledged")
    assert (second["amount"]["amount"], second["unit_price"]["amount"]) == ("11.20", "11.20")
    assert (second["buyer_cancel_requested"], second["cancel_reason"]) == (True, "CUSTOMER_CANCEL")
    assert order["buyer_cancel_requested"]
    assert (order["total"]["amount"], order["total_stated"], order["tax_total"]["amount"]) == ("49.81", True, "3.84")
    assert (order["status"], order["source_status"]) == ("acknowledged", "Acknowledged,Cancelled")
    assert (order["payment_method"], order["extras"]["isGuest"]) == ("CREDITCARD", "false")
    assert second["title"] == "Plant Pot 🌱"


def test_shipped_parts_abroad_by_a_third_party() -> None:
    order = sample("order_part_shipped")
    (one,) = order["lines"]
    (parcel,) = one["shipments"]
    assert (parcel["tracking_number"], parcel["carrier"], parcel["quantity"]) == ("435678956435467", "USPS", "1")
    assert parcel["shipped_at"] == datetime(2025, 11, 20, 10, 50, 55, tzinfo=UTC)
    assert (order["status"], one["status"], one["quantity_shipped"]) == ("partially_shipped", "acknowledged", "1")
    assert (order["fulfilment"], order["fulfilment_node"]) == ("third_party", "123")
    assert (order["replaces_order_id"], order["seller_order_id"]) == ("1234567891234", "S00042")
    assert (order["ship_to"]["country"], order["buyer"]["phone"], order["buyer"]["email"]) == (
        "MX",
        "+525555500112",
        "",
    )
    assert (one["return_id"], one["serial_numbers"]) == ("103738048909818825", ["SN-1"])
    assert one["extras"] == {"fulfillmentOption": "S2H", "refundId": "123"}
    assert one["unit_price"]["amount"] == "2.50"


def test_a_cancelled_test_order() -> None:
    """ORD-4, TEST-4."""
    order = sample("order_cancelled_test")
    assert (order["status"], order["test"], order["total"]["amount"]) == ("cancelled", True, "0.00")
    assert (order["fulfilment"], order["lines"][0]["cancel_reason"]) == ("seller", "SELLER_CANCEL_OUT_OF_STOCK")


def test_a_walmart_fulfilled_order() -> None:
    """ORD-10."""
    assert sample("order_walmart_fulfilled")["fulfilment"] == "marketplace"


@pytest.mark.parametrize(
    ("skus", "test"),
    [(["TEST-1"], True), (["test-1", "TEST-2"], True), (["TEST-1", "CUP"], False), (["CONTEST-1"], False), ([], False)],
)
def test_an_order_is_a_test_when_all_its_skus_are(skus: list[str], test: bool) -> None:
    assert is_test(skus) is test


@pytest.mark.parametrize("recording", recorded_orders("walmart"), ids=lambda one: one.name)
def test_every_recorded_order_fits_the_schema(recording: Any) -> None:
    assert codec().encode("order", to_order(recording.payload, "main"))


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("purchaseOrderId", REMOVED, "purchaseOrderId"),
        ("purchaseOrderId", "  ", "purchaseOrderId"),
        ("orderDate", REMOVED, "orderDate"),
        ("orderDate", "last Tuesday", "orderDate"),
        ("orderDate", 10**17, "orderDate"),
        ("orderLines", REMOVED, "orderLines.orderLine"),
        ("orderLines", {"orderLine": None}, "orderLines.orderLine"),
        ("orderLines", {"orderLine": []}, "orderLines.orderLine"),
        ("orderLines", "lines", "orderLines"),
        (line(), "line 1", "orderLines.orderLine[0]"),
        (line("item"), REMOVED, "orderLines.orderLine[0].item.sku"),
        (line("item.sku"), ["x"], "orderLines.orderLine[0].item.sku"),
        (line("lineNumber"), None, "orderLines.orderLine[0].lineNumber"),
        (line("orderLineQuantity"), REMOVED, "orderLines.orderLine[0].orderLineQuantity.amount"),
        (line("orderLineQuantity.amount"), "-1", "orderLines.orderLine[0].orderLineQuantity.amount"),
        (line("orderLineQuantity.amount"), "a few", "orderLines.orderLine[0].orderLineQuantity.amount"),
        (line("orderLineQuantity.amount"), "0", "orderLines.orderLine[0].orderLineQuantity.amount"),
        (line("orderLineQuantity.amount"), 10**6, "orderLines.orderLine[0].orderLineQuantity.amount"),
        (line("statusDate"), "soon", "orderLines.orderLine[0].statusDate"),
        (charge("chargeAmount.amount"), "12,50 Dollars", "orderLines.orderLine[0].charges.charge[0].chargeAmount.amount"),
        (charge("chargeAmount.amount"), 10**40, "orderLines.orderLine[0].charges.charge[0].chargeAmount.amount"),
        (charge("chargeAmount.amount"), Decimal("1.00005"), "orderLines.orderLine[0].charges.charge[0].chargeAmount.amount"),
        (charge("chargeAmount.currency"), "dollars", "orderLines.orderLine[0].charges.charge[0].chargeAmount.currency"),
        (charge("tax.taxAmount.currency"), "EUR", "orderLines.orderLine[0].charges.charge[0].tax.taxAmount.currency"),
        (charge("tax"), "8%", "orderLines.orderLine[0].charges.charge[0].tax"),
        ("shipNode", {"type": "MoonFulfilled"}, "shipNode.type"),
        ("orderSummary", {"totalAmount": {"currencyAmount": 1, "currencyUnit": "EUR"}}, "orderSummary.totalAmount.currencyUnit"),
        ("orderSummary", {"totalAmount": {"currencyUnit": "USD"}}, "orderSummary.totalAmount.currencyAmount"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_path(path: str, value: Any, field: str) -> None:
    """SEC-5, ORD-12: a data error names the field and what is wrong with it."""
    with pytest.raises(DataError) as caught:
        mapped(changed(path, value))
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("path", "value", "problems"),
    [
        ("shippingInfo.orderId", "nothing to do with it", []),
        ("shippingInfo", None, ["ship_to: shippingInfo.postalAddress", "shipping_level"]),
        ("shippingInfo.postalAddress", "somewhere", ["ship_to: shippingInfo.postalAddress"]),
        ("shippingInfo.postalAddress.country", "Elbonia", ["ship_to.country: shippingInfo.postalAddress.country"]),
        ("shippingInfo.postalAddress.name", 1.5, ["ship_to: shippingInfo.postalAddress.name"]),
        ("shippingInfo.postalAddress.name", ["canary"], ["ship_to: shippingInfo.postalAddress.name"]),
        ("shippingInfo.phone", {"canary": 1}, ["ship_to: shippingInfo.phone"]),
        ("shippingInfo.postalAddress.postalCode", "1234", ["ship_to.zip"]),
        ("shippingInfo.methodCode", "Teleport", ["shipping_level"]),
    ],
)
def test_an_order_that_cannot_be_shipped_is_an_order_with_its_problems(
    path: str, value: Any, problems: list[str]
) -> None:
    """ORD-12, INV-2: what it asks of the stock is known all the same; SEC-3: the problem does not tell the data."""
    order = mapped(changed(path, value))
    assert [one.rpartition(": ")[0] for one in order["problems"]] == problems
    assert (order["lines"], order["total"]) == (mapped(plain())["lines"], mapped(plain())["total"])
    assert "canary" not in str(order["problems"])
    assert codec().decode("order", codec().encode("order", order)) == order


def test_where_a_settled_order_went_is_no_problem() -> None:
    order = changed("shippingInfo.postalAddress.country", "Elbonia")
    gone = mapped(changed(line("orderLineStatuses.orderLineStatus.0.status"), "Cancelled", order))
    assert (gone["status"], gone["ship_to"]["country"], gone["problems"]) == ("cancelled", "", [])


def test_two_lines_of_one_number_are_refused() -> None:
    order = plain()
    order["orderLines"]["orderLine"] *= 2
    with pytest.raises(DataError, match="same lineNumber"):
        mapped(order)


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b"3", b'"x"', b"\xff", b"[" * 100_000])
def test_a_payload_that_is_no_order_at_all(payload: bytes) -> None:
    with pytest.raises(DataError, match=r"^payload: "):
        to_order(payload, "main")


def test_an_error_tells_no_person() -> None:
    """SEC-3: what is wrong with personal data is said without saying the data."""
    with pytest.raises(DataError) as caught:
        mapped(changed("customerEmailId", ["canary"]))
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "removed", ["customerEmailId", "customerOrderId", "orderType", "shipNode", "shippingInfo.phone"]
)
def test_what_may_be_missing_is_empty(removed: str) -> None:
    assert mapped(changed(removed, REMOVED))["order_id"] == "1796277083022"


@pytest.mark.parametrize(
    ("text", "email"), [("JO@Example.COM", "jo@example.com"), ("n/a", ""), ("@", ""), ("a b@c.d", ""), ("a@b", "")]
)
def test_what_is_no_email_matches_no_customer(text: str, email: str) -> None:
    """ORD-7: customers are matched by email, so "n/a" must not make all of them one."""
    assert mapped(changed("customerEmailId", text))["buyer"]["email"] == email


def test_an_unknown_status_stays_visible() -> None:
    order = mapped(changed(line("orderLineStatuses.orderLineStatus.0.status"), "Teleported"))
    assert (order["status"], order["source_status"]) == ("unknown", "Teleported")
    assert order["lines"][0]["statuses"][0] == {"status": "unknown", "quantity": "1", "source_status": "Teleported"}


def test_charges_per_unit_are_a_setting() -> None:
    three = changed(line("orderLineQuantity.amount"), "3")
    payload = exact_json.dumps(three)
    by_line, by_unit = to_order(payload, "main"), mapping_for("unit")(payload, "main")
    assert (by_line["lines"][0]["amount"]["amount"], by_line["total"]["amount"]) == ("10.00", "10.80")
    assert (by_unit["lines"][0]["amount"]["amount"], by_unit["total"]["amount"]) == ("30.00", "32.40")
    assert by_unit["lines"][0]["unit_price"]["amount"] == "10.00"
    assert by_line["lines"][0]["unit_price"]["amount"] == "3.333333"


def test_the_version_is_the_newest_change_any_line_states() -> None:
    order = plain()
    assert version_of(order) == mapped(order)["version"] == 1763544247000
    assert version_of(changed(line("statusDate"), 1763543571000 - 5)) == 1763543571000  # never before the order itself


@pytest.mark.parametrize("junk", [None, 3, "x", [], {}, {"orderDate": []}, {"orderLines": 3}])
def test_a_version_that_cannot_be_read_is_zero(junk: Any) -> None:
    assert version_of(junk) == 0


ORDERS = [one.order for one in recorded_orders("walmart")]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_an_order_damaged_anywhere_is_an_order_or_a_data_error(data: st.DataObject) -> None:
    """SEC-5: hostile payloads become dead letters, never crashes; what passes always fits the schema."""
    order = data.draw(st.sampled_from(ORDERS))
    for _ in range(data.draw(st.integers(1, 3))):
        if not paths(order):
            break
        order = changed(data.draw(st.sampled_from(paths(order))), data.draw(anything), order)
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
