"""TEST-1: the Amazon sandbox answers as the published models say, and takes the models' own sandbox requests."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from connectors.amazon.sandbox.blocks import DATA_SETS
from connectors.amazon.sandbox.marketplaces import BY_COUNTRY, MARKETPLACES
from connectors.amazon.sandbox.order_feeds import CANCEL_TYPE
from connectors.amazon.sandbox.reports import Made
from connectors.amazon.sandbox.search import FULFILLED_BY, STATUSES
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER, FE_SELLER, Seller
from tests.conformance.amazon_models import (
    MODELS,
    Example,
    answer_definition,
    examples,
    model,
    notification_problems,
    problems,
)
from tests.contract.amazon_box import ALL_DATA, ORDERS, Box, Json, amazon_box
from tests.contract.test_amazon_sandbox_feeds import announced, create, put

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
ORDER_MODEL, V0, FEEDS, REPORTS = "orders_2026-01-01", "ordersV0", "feeds_2021-06-30", "reports_2021-06-30"
# One seller a region, with every marketplace of it.
SELLERS = tuple(
    replace(seller, marketplaces=tuple(one.id for one in MARKETPLACES.values() if one.region == seller.region))
    for seller in (DEMO_SELLER, EU_SELLER, FE_SELLER)
)
WHOLE = {"base": "heavy", "malformed": 0.0}


def published(name: str, *operations: str) -> list[Any]:
    if not MODELS.is_dir():
        return []
    found = [one for one in examples(name) if not operations or one.name.split("-")[0] in operations]
    return [pytest.param(one, id=one.name) for one in found]


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0, sellers=SELLERS) as box:
        yield box


def seller_for(marketplace_id: str) -> Seller:
    return next(one for one in SELLERS if marketplace_id in one.marketplaces)


def test_the_validator_catches_an_invented_field_and_a_wrong_type(box: Box) -> None:
    (order_id,) = box.add(1)
    order = {**box.order(order_id), "orderColour": "red", "createdTime": 7}
    found = problems({"order": order}, "GetOrderResponse", ORDER_MODEL)
    assert len(found) == 2
    assert "orderColour" in "".join(found)


@pytest.mark.parametrize("seller", SELLERS, ids=lambda one: one.region)
def test_listed_orders_are_as_the_model_says(box: Box, seller: Seller) -> None:
    box.add(300, account=seller.seller_id, mix=WHOLE, spread_minutes=600)
    box.clock.tick(10_000)
    pages = list(box.pages(seller, includedData=ALL_DATA))
    assert sum(len(page["orders"]) for page in pages) == 300
    assert [one for page in pages for one in problems(page, "SearchOrdersResponse", ORDER_MODEL)] == []


def test_an_order_is_as_the_model_says_through_its_life(box: Box) -> None:
    (order_id,) = box.add(1, mix={"base": "plain", "items": [0, 0, 1], "pending": 1.0, "pending_seconds": [9e6, 9e6]})
    found = [box.order(order_id)]
    first, second, third = (one["orderItemId"] for one in found[0]["orderItems"])
    for kind, fields in (
        ("pay", {}),
        ("ask_to_cancel", {"items": [second]}),
        ("ship", {"items": {first: 1}}),
        ("cancel", {"items": [second, third], "reason": "Ordered twice"}),
    ):
        box.change(order_id, kind, **fields)
        found.append(box.order(order_id))
    for order in found:
        assert problems({"order": order}, "GetOrderResponse", ORDER_MODEL) == []
    statuses = [order["fulfillment"]["fulfillmentStatus"] for order in found]
    assert statuses[:3] == ["PENDING", "UNSHIPPED", "UNSHIPPED"]


def test_enumerations_and_parameters_are_the_published_ones() -> None:
    parameters = model(ORDER_MODEL)["paths"][ORDERS]["get"]["parameters"]
    allowed = {one["name"]: one["items"].get("enum") for one in parameters if "items" in one}
    assert tuple(allowed["includedData"]) == DATA_SETS
    assert tuple(allowed["fulfillmentStatuses"]) == STATUSES
    assert set(allowed["fulfilledBy"]) == set(FULFILLED_BY)


@pytest.mark.parametrize(
    ("seller", "params"),
    [(DEMO_SELLER, {"createdAfter": "x"}), (EU_SELLER, {"createdAfter": "2026-01-01T00:00:00Z", "a": "b"})],
)
def test_refusals_are_error_lists(box: Box, seller: Seller, params: dict[str, str]) -> None:
    answers = [box.call("GET", ORDERS, seller, params=params), box.http.get(ORDERS), box.http.get("/nowhere")]
    answers.append(box.call("GET", f"{ORDERS}/999-0000000-0000000"))
    box.faults({"kind": "status", "code": 429})
    answers.append(box.call("GET", ORDERS))
    assert [answer.status_code for answer in answers] == [400, 403, 404, 404, 429]
    assert [one for answer in answers for one in problems(answer.json(), "ErrorList", ORDER_MODEL)] == []


@pytest.mark.parametrize("example", published(ORDER_MODEL, "searchOrders"))
def test_published_searches_are_understood(box: Box, example: Example) -> None:
    """Orders put in as published come out as published, when the published data sets are asked for."""
    params = dict(example.query)
    seller = seller_for(params.get("marketplaceIds", BY_COUNTRY["US"].id))
    if example.status == 200:
        box.raw(*example.answer["orders"], account=seller.seller_id)
    token = params.pop("paginationToken", None)
    if token is not None:
        # Its own token is worth nothing here; ours leads over an order before it to the published one.
        earlier = {
            **example.answer["orders"][0],
            "orderId": "202-0000000-0000000",
            "createdTime": params["createdAfter"],
        }
        box.raw(earlier, account=seller.seller_id)
        first = box.call("GET", example.url, seller, params={**params, "maxResultsPerPage": "1"}).json()
        params["paginationToken"] = first["pagination"]["nextToken"]
    answer = box.call("GET", example.url, seller, params=params)
    assert answer.status_code == example.status, answer.text
    definition = answer_definition(ORDER_MODEL, example.path, example.method, example.status)
    assert problems(answer.json(), definition, ORDER_MODEL) == []
    if example.status == 200:
        assert answer.json()["orders"] == example.answer["orders"]


@pytest.mark.parametrize("example", published(ORDER_MODEL, "getOrder"))
def test_published_orders_are_given_as_published(box: Box, example: Example) -> None:
    seller = SELLERS[0]
    if example.status == 200:
        seller = seller_for(example.answer["order"]["salesChannel"]["marketplaceId"])
        box.raw(example.answer["order"], account=seller.seller_id)
    answer = box.call("GET", example.url, seller, params=example.query)
    assert answer.status_code == example.status, answer.text
    definition = answer_definition(ORDER_MODEL, example.path, example.method, example.status)
    assert problems(answer.json(), definition, ORDER_MODEL) == []
    if example.status == 200:
        assert answer.json() == example.answer


@pytest.mark.parametrize("example", published(V0, "confirmShipment"))
def test_published_confirmations_are_understood(box: Box, example: Example) -> None:
    (order_id,) = box.add(1, mix={"base": "plain", "marketplaces": ["US"]})
    order = box.order(order_id)
    item = {**order["orderItems"][0], "orderItemId": "79039765272157"}
    early = {"orderId": example.params["orderId"], "createdTime": "2022-02-10T00:00:00Z", "orderItems": [item]}
    box.raw({**order, **early})
    answer = box.call("POST", example.url, json=example.body)
    assert answer.status_code == example.status, answer.text
    if example.status != 204:
        assert problems(answer.json(), "ConfirmShipmentErrorResponse", V0) == []


# The refusals of sellers answer the same request as what is allowed: they cannot be told apart by it.
SELLER_CALLS = [one for one in published("sellers") if one.values[0].status == 200]


@pytest.mark.parametrize("example", published("tokens_2021-03-01") + SELLER_CALLS)
def test_published_account_calls_are_understood(box: Box, example: Example) -> None:
    name = "sellers" if "sellers" in example.path else "tokens_2021-03-01"
    answer = box.call(example.method.upper(), example.url, json=example.body)
    assert answer.status_code == example.status, answer.text
    definition = answer_definition(name, example.path, example.method, example.status)
    assert problems(answer.json(), definition, name) == []


def conforming(name: str, path: str, method: str, answer: httpx.Response) -> Json:
    """The body, after it was found to be as the model says."""
    definition = answer_definition(name, path, method, answer.status_code)
    found: Json = answer.json()
    assert problems(found, definition, name) == [], answer.text
    return found


@pytest.mark.parametrize("example", published(FEEDS, "getFeeds", "createFeedDocument", "createFeed"))
def test_published_feed_calls_are_understood(box: Box, example: Example) -> None:
    body = example.body
    if body and body.get("feedType") and example.status == 202:
        # Its two marketplaces belong to two regions, and so to two sellers; its document is not here.
        body = {**body, "marketplaceIds": body["marketplaceIds"][:1]}
        body["inputFeedDocumentId"] = announced(box)["feedDocumentId"]
    answer = box.call(example.method.upper(), example.url, params=example.query, json=body)
    assert answer.status_code == example.status, answer.text
    conforming(FEEDS, example.path, example.method, answer)


@pytest.mark.parametrize("example", published(REPORTS, "getReports", "createReport"))
def test_published_report_calls_are_understood(box: Box, example: Example) -> None:
    box.app.world.reports.register("GET_MERCHANT_LISTINGS_ALL_DATA", lambda asked: Made(b"item-name\n"))
    body = example.body
    if body:
        body = {**body, "marketplaceIds": body["marketplaceIds"][1:]}
    answer = box.call(example.method.upper(), example.url, params=example.query, json=body)
    assert answer.status_code == example.status, answer.text
    conforming(REPORTS, example.path, example.method, answer)


def test_a_feed_and_its_documents_are_as_the_model_says(box: Box) -> None:
    base = "/feeds/2021-06-30"
    document = announced(box)
    assert problems(document, "CreateFeedDocumentResponse", FEEDS) == []
    put(box, document, "order-id\tcancellation-reason-code\tamazon-order-item-code\n")
    made = conforming(FEEDS, f"{base}/feeds", "post", create(box, CANCEL_TYPE, document))
    path = f"{base}/feeds/{{feedId}}"
    for seconds, status in ((0, "IN_QUEUE"), (0.49, ""), (5, "DONE")):
        box.clock.tick(seconds)
        shown = conforming(FEEDS, path, "get", box.call("GET", f"{base}/feeds/{made['feedId']}"))
        assert status in ("", shown["processingStatus"])
    listed = box.call("GET", f"{base}/feeds", params={"feedTypes": CANCEL_TYPE})
    assert len(conforming(FEEDS, f"{base}/feeds", "get", listed)["feeds"]) == 1
    result = box.call("GET", f"{base}/documents/{shown['resultFeedDocumentId']}")
    conforming(FEEDS, f"{base}/documents/{{feedDocumentId}}", "get", result)
    assert box.call("GET", f"{base}/feeds/404").status_code == 404


def test_a_report_and_its_document_are_as_the_model_says(box: Box) -> None:
    base, kind = "/reports/2021-06-30", "GET_MERCHANT_LISTINGS_ALL_DATA"
    box.app.world.reports.register(kind, lambda asked: Made(b"item-name\n"))
    body = {"reportType": kind, "marketplaceIds": [BY_COUNTRY["US"].id]}
    made = conforming(REPORTS, f"{base}/reports", "post", box.call("POST", f"{base}/reports", json=body))
    for seconds in (0, 5):
        box.clock.tick(seconds)
        answer = box.call("GET", f"{base}/reports/{made['reportId']}")
        shown = conforming(REPORTS, f"{base}/reports/{{reportId}}", "get", answer)
    document = box.call("GET", f"{base}/documents/{shown['reportDocumentId']}")
    conforming(REPORTS, f"{base}/documents/{{reportDocumentId}}", "get", document)


class Heard:
    """Stands in for the queue."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, arn: str, text: str) -> None:
        self.texts.append(text)


def subscribed(box: Box, kind: str, version: str) -> Heard:
    heard = box.app.world.notifications.outbox.send = Heard()
    name, base = "notifications", "/notifications/v1"
    body: Json = {"name": kind, "resourceSpecification": {"sqs": {"arn": "arn:aws:sqs:us-east-1:1:q"}}}
    made = box.call("POST", f"{base}/destinations", grantless=True, json=body)
    to = conforming(name, f"{base}/destinations", "post", made)["payload"]["destinationId"]
    path = f"{base}/subscriptions/{{notificationType}}"
    answer = box.call("POST", f"{base}/subscriptions/{kind}", json={"payloadVersion": version, "destinationId": to})
    one = conforming(name, path, "post", answer)["payload"]["subscriptionId"]
    conforming(name, path, "get", box.call("GET", f"{base}/subscriptions/{kind}"))
    listed = box.call("GET", f"{base}/subscriptions", params={"notificationTypes": kind})
    conforming(name, f"{base}/subscriptions", "get", listed)
    by_id = box.call("GET", f"{base}/subscriptions/{kind}/{one}", grantless=True)
    conforming(name, f"{path}/{{subscriptionId}}", "get", by_id)
    conforming(name, f"{base}/destinations", "get", box.call("GET", f"{base}/destinations", grantless=True))
    again = box.call("POST", f"{base}/subscriptions/{kind}", json={"payloadVersion": version, "destinationId": to})
    assert again.status_code == 409
    return heard


def test_order_changes_are_as_their_schema_says(box: Box) -> None:
    """TEST-1: of every kind of order the generator makes."""
    heard = subscribed(box, "ORDER_CHANGE", "1.0")
    box.add(150, mix=WHOLE)
    box.clock.tick(10_000)
    box.state()
    assert len(heard.texts) > 180
    found = [json.loads(text) for text in heard.texts]
    assert [one for text in found for one in notification_problems(text, "OrderChangeNotification")] == []
    statuses = {one["Payload"]["OrderChangeNotification"]["Summary"]["OrderStatus"] for one in found}
    assert {"Pending", "Unshipped", "PartiallyShipped", "Shipped", "Canceled"} <= statuses


def test_finished_feeds_and_reports_are_told_as_their_schemas_say(box: Box) -> None:
    heard = subscribed(box, "FEED_PROCESSING_FINISHED", "2020-09-04")
    document = announced(box)
    put(box, document, "order-id\tcancellation-reason-code\tamazon-order-item-code\n")
    create(box, CANCEL_TYPE, document).raise_for_status()
    box.clock.tick(5)
    box.state()
    (text,) = heard.texts
    assert notification_problems(json.loads(text), "FeedProcessingFinishedNotification") == []
