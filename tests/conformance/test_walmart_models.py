"""TEST-1: the Walmart sandbox conforms to the published models where these are right, and takes the published requests."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.walmart.sandbox import bodies, query, settings
from connectors.walmart.sandbox.errors import ApiError, Envelopes
from connectors.walmart.sandbox.query import LINE_STATUSES, OrderQuery, parse
from tests.conformance.walmart_models import (
    MODELS,
    answer_example,
    model,
    problems,
    published_orders,
    request_example,
    schemas,
)
from tests.contract.walmart_box import Box, walmart_box
from tests.unit.walmart_sandbox.orders import PLACED, Json, cancellation, order_of, refund_of, shipment

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
# Added to the model by the project that wrote it down, not Walmart's (walmart.md, section 13).
ADDED_PARAMETERS = {"hasMoreElements", "soIndex", "poIndex", "partnerId", "sellerId"}
WIDE = "createdStartDate=2000-01-01&limit=200"


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(history_days=36_500) as box:
        yield box


def test_the_validator_catches_an_invented_field_and_a_wrong_type() -> None:
    order: Json = {**order_of(1), "orderColour": "red", "orderDate": "2026-11-20"}
    found = problems({"order": order}, "GetOrderResponse")
    assert len(found) == 2
    assert "orderColour" in "".join(found)


def test_listed_orders_are_as_the_model_says(box: Box) -> None:
    """Orders without an e-mail are the exception: the model demands it, the world does not always have it."""
    box.add(400, mix={"base": "heavy", "malformed": 0.0, "missing_email": 0.0}, seed=3)
    pages = [{"list": page} for page in box.pages(f"?{WIDE}&productInfo=true&replacementInfo=true")]
    assert sum(len(page["list"]["elements"]["order"]) for page in pages) == 400
    assert [problem for page in pages for problem in problems(page, "PurchaseOrderTypeV3")] == []


def test_an_order_without_email_lacks_nothing_else(box: Box) -> None:
    box.add(100, mix={"base": "default", "missing_email": 1.0})
    found = [problem for page in box.pages() for problem in problems({"list": page}, "PurchaseOrderTypeV3")]
    assert {problem.partition(": ")[2] for problem in found} == {"'customerEmailId' is a required property"}


def test_every_write_answers_an_order_as_the_model_says(box: Box) -> None:
    order = order_of(3)
    po = order["purchaseOrderId"]
    box.raw(order)
    for operation, body in (
        ("acknowledge", None),
        ("shipping", shipment("1", 1)),
        ("cancel", cancellation("1", 1)),
        ("refund", refund_of(po, "1", -0.5)),
    ):
        answer = box.call("POST", f"/v3/orders/{po}/{operation}", json=body)
        assert answer.status_code == 200, answer.text
        assert problems(answer.json(), "GetOrderResponse") == []


def test_errors_are_gateway_errors() -> None:
    for code in ("INVALID_REQUEST_PARAM", "SYSTEM_ERROR", "UNAUTHORIZED"):
        body = ApiError(code, "text", field="limit").as_json()
        assert problems(body, "GatewayError") == []
        assert Envelopes("errors_list").body(ApiError(code, "text")).keys() == {"errors"}


def test_token_answers_are_as_the_model_says(box: Box) -> None:
    assert problems(box.token().json(), "OAuthToken", "auth") == []
    assert problems(box.call("GET", "/v3/token/detail").json(), "TokenDetailResponse", "auth") == []


def as_published(order: Json, **line_fields: Any) -> Json:
    return {
        **order,
        "orderLines": {"orderLine": [{**line, **line_fields} for line in order["orderLines"]["orderLine"]]},
    }


def test_the_published_acknowledgement_gives_the_published_order(box: Box) -> None:
    published = answer_example("/v3/orders/{purchaseOrderId}/acknowledge", "post")["order"]
    po = published["purchaseOrderId"]
    before = next(order for order in published_orders() if order["purchaseOrderId"] == po)
    box.raw(before)
    answer = box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status().json()["order"]
    moment = published["orderLines"]["orderLine"][0]["statusDate"]
    assert as_published(answer, statusDate=moment) == published


def test_the_published_shipment_is_accepted(box: Box) -> None:
    order = order_of(1, 1)
    box.raw(order)
    po = order["purchaseOrderId"]
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    answer = box.call("POST", f"/v3/orders/{po}/shipping", json=request_example("shipping")).raise_for_status()
    lines = answer.json()["order"]["orderLines"]["orderLine"]
    assert [line["orderLineStatuses"]["orderLineStatus"][0]["status"] for line in lines] == ["Shipped", "Shipped"]
    sent = request_example("shipping")["orderShipment"]["orderLines"]["orderLine"][1]["orderLineStatuses"]
    assert lines[1]["orderLineStatuses"]["orderLineStatus"] == sent["orderLineStatus"]


def test_the_published_cancellation_is_accepted_where_the_customer_asked(box: Box) -> None:
    order = order_of(1)
    box.raw(order)
    path = f"/v3/orders/{order['purchaseOrderId']}/cancel"
    assert box.call("POST", path, json=request_example("cancel")).status_code == 400
    change = f"/sandbox/orders/{order['purchaseOrderId']}/change"
    box.http.post(change, json={"kind": "intent_to_cancel"}).raise_for_status()
    answer = box.call("POST", path, json=request_example("cancel")).raise_for_status().json()["order"]
    charges = [charge["chargeAmount"]["amount"] for charge in answer["orderLines"]["orderLine"][0]["charges"]["charge"]]
    published = answer_example("/v3/orders/{purchaseOrderId}/cancel", "post")["order"]["orderLines"]["orderLine"][0]
    assert set(charges) == {charge["chargeAmount"]["amount"] for charge in published["charges"]["charge"]} == {0}


def test_the_published_refund_is_accepted(box: Box) -> None:
    body = request_example("refund")
    po = body["orderRefund"]["purchaseOrderId"]
    order = as_published({**order_of(1), "purchaseOrderId": po}, lineNumber="4")
    box.raw(order)
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    box.call("POST", f"/v3/orders/{po}/shipping", json=shipment("4", 1)).raise_for_status()
    answer = box.call("POST", f"/v3/orders/{po}/refund", json=body).raise_for_status().json()["order"]
    given = answer["orderLines"]["orderLine"][0]["refund"]["refundCharges"]["refundCharge"]
    asked = body["orderRefund"]["orderLines"]["orderLine"][0]["refunds"]["refund"][0]["refundCharges"]["refundCharge"]
    assert given == asked


def test_published_orders_are_listed_as_they_were_published(box: Box) -> None:
    orders = {order["purchaseOrderId"]: order for order in published_orders()}
    assert len(orders) > 10
    box.raw(*orders.values())
    pages = box.pages(f"?{WIDE}&replacementInfo=true&productInfo=true")
    listed = {order["purchaseOrderId"]: order for page in pages for order in page["elements"]["order"]}
    assert listed == orders


def test_the_published_cursor_is_understood_and_ours_begins_alike() -> None:
    published: str = answer_example("/v3/orders", "get")["list"]["meta"]["nextCursor"]
    params = dict(part.split("=", 1) for part in published[1:].split("&"))
    got = parse(params, PLACED, released=False, history_days=36_500)
    assert (got.limit, got.offset) == (10, 10)
    ours = query.cursor(got, 31, params["partnerId"])
    assert [part.partition("=")[0] for part in ours[1:].split("&")][:8] == list(params)[:8]


SAMPLES = {"status": "Shipped", "shipNodeType": "3PLFulfilled", "orderType": "REGULAR", "limit": "7"}


@pytest.mark.parametrize("path", ["/v3/orders", "/v3/orders/released"])
def test_every_published_parameter_is_understood(path: str) -> None:
    def parsed(params: dict[str, str]) -> OrderQuery:
        return parse(params, PLACED, released=path.endswith("released"), history_days=180)

    names = {parameter["name"] for parameter in model("orders")["paths"][path]["get"]["parameters"]} - ADDED_PARAMETERS
    assert len(names) > 10
    for name in names:
        sample = SAMPLES.get(name, "2026-11-18" if "Date" in name else "true")
        assert parsed({name: sample}) != parsed({}), name


def test_enumerations_are_the_published_ones() -> None:
    known = schemas("orders")
    assert frozenset(known["CarrierNameType"]["properties"]["carrier"]["enum"]) == bodies.CARRIERS
    assert frozenset(known["RefundChargeType"]["properties"]["refundReason"]["enum"]) == bodies.REFUND_REASONS
    cancel = bodies.CancelStatus.model_json_schema()["properties"]["cancellationReason"]["enum"]
    assert cancel == known["CancelLineStatusType"]["properties"]["cancellationReason"]["enum"]
    assert {*LINE_STATUSES, "Refund"} == set(known["OrderLineStatusType"]["properties"]["status"]["enum"])
    assert set(settings.SCOPES) <= set(schemas("auth")["Scopes"]["properties"])


def test_required_headers_are_the_published_ones(box: Box) -> None:
    headers = model("orders")["components"]["parameters"].values()
    required = {header["name"] for header in headers if header["required"]} - {"Authorization", "Content-Type"}
    assert required == {"WM_SEC.ACCESS_TOKEN", "WM_QOS.CORRELATION_ID", "WM_SVC.NAME", "Accept"}
    for name in required:
        assert box.call("GET", "/v3/orders", headers={name: ""}).status_code in (400, 401, 406)
