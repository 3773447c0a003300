"""TEST-1: reports, stock at Amazon, listings and notifications are asked for as the published models say; what these show, our mappings read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from jsonschema import Draft4Validator

from connectors.amazon.catalogue import AmazonCatalogue, to_listing
from connectors.amazon.documents import Documents
from connectors.amazon.fba_stock import AmazonFbaStock
from connectors.amazon.order_changes import STATUSES, read_change
from connectors.amazon.reports import DONE, IN_QUEUE, REPORTS, Reports, report_in
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.settlements import REPORT
from connectors.amazon.subscriptions import ensure_subscription
from connectors.kit import exact_json
from tests.conformance.amazon_models import MODELS, Json, examples, model, notification_problems, problems
from tests.conformance.test_amazon_in_models import unsound
from tests.unit.amazon.fake import NOW, Fake, refused, reply

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
ORDER_CHANGE = MODELS / "schemas" / "notifications" / "OrderChangeNotification.json"
US = "ATVPDKIKX0DER"


def shapeless(fake: Fake) -> list[str]:
    return [problem for request in fake.requests for problem in unsound(request)]


async def test_reports_are_listed_asked_for_and_followed_as_the_model_says() -> None:
    """The next page by its token alone."""
    entry = {"reportId": "1", "reportType": REPORT, "processingStatus": "DONE", "createdTime": "2026-11-01T00:00:00Z"}

    def script(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return reply(202, {"reportId": "1"})
        if request.url.path == REPORTS:
            return reply(
                200, {"reports": [entry]} if "nextToken" in request.url.params else {"reports": [], "nextToken": "t"}
            )
        return reply(200, entry if "documents" not in request.url.path else {"reportDocumentId": "d", "url": "nowhere"})

    fake = Fake(script)
    reports = Reports(fake.client, Documents(AmazonSettings().http))
    assert len(await reports.listed([REPORT], since=NOW - timedelta(days=3), statuses=(IN_QUEUE, DONE))) == 1
    assert await reports.get("1") is not None
    await reports.create("GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", [US], NOW - timedelta(days=3), NOW)
    assert shapeless(fake) == []
    assert dict(fake.requests[1].url.params) == {"nextToken": "t"}
    body = exact_json.loads(fake.requests[-1].content)
    assert problems(body, "CreateReportSpecification", "reports_2021-06-30") == []


@pytest.mark.parametrize("number", range(3))
async def test_stock_and_listings_are_asked_for_as_the_models_say(number: int) -> None:
    def script(request: httpx.Request) -> httpx.Response:
        if "/items/A1CANARYSELLER/" in request.url.path:
            return refused(404, "NotFound")
        if request.url.path.startswith("/fba"):
            return reply(200, {"payload": {"inventorySummaries": []}})
        token = {} if "pageToken" in request.url.params else {"pagination": {"nextToken": "t"}}
        return reply(200, {"numberOfResults": 1, "items": [{"sku": "S"}], **token})

    fake = Fake(script)

    async def known(entity: str) -> frozenset[str]:
        return frozenset({"amazon:main:fba:S1", "amazon:main:fba:A,B"})

    sources: list[Any] = [
        AmazonFbaStock(fake.settings, "main", fake.client, fake.now, known),
        AmazonCatalogue(fake.settings, "main", fake.client, fake.now),
    ]
    for source in sources:
        pages = (source.pages(""), source.resync(NOW - timedelta(days=3)), source.fetch(["S1", "A,B"]))[number]
        assert [page async for page in pages]
    assert shapeless(fake) == []


async def test_destination_and_subscription_are_asked_for_as_the_model_says() -> None:
    """EVT-4"""

    def script(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return reply(200, {"payload": {"destinationId": "d", "subscriptionId": "s"}})
        return reply(200, {"payload": []}) if request.url.path.endswith("/destinations") else refused(404, "NotFound")

    fake = Fake(script)
    found = await ensure_subscription(fake.client, "arn:aws:sqs:us-east-1:123456789012:orders")
    assert (found.destination_id, found.subscription_id, found.made) == ("d", "s", True)
    assert shapeless(fake) == []
    bodies = {
        request.url.path.rsplit("/", 1)[1]: exact_json.loads(request.content)
        for request in fake.requests
        if request.method == "POST"
    }
    assert problems(bodies["destinations"], "CreateDestinationRequest", "notifications") == []
    # A filter is put together of several definitions, each of which knows its own fields only.
    root = {"$ref": "#/definitions/CreateSubscriptionRequest", "definitions": model("notifications")["definitions"]}
    assert list(Draft4Validator(root).iter_errors(bodies["ORDER_CHANGE"])) == []
    kinds = model("notifications")["definitions"]["OrderChangeTypeEnum"]["enum"]
    assert set(bodies["ORDER_CHANGE"]["processingDirective"]["eventFilter"]["orderChangeTypes"]) == set(kinds)
    assert [grant["grant_type"] for grant in fake.grants] == ["client_credentials", "refresh_token"]


def published_items() -> Iterator[tuple[str, Json]]:
    for one in examples("listingsItems_2021-08-01"):
        if one.status == 200 and one.method == "get":
            yield from ((f"{one.name}-{item['sku']}", item) for item in one.answer.get("items", [one.answer]))


@pytest.mark.parametrize(
    ("name", "item"),
    list(published_items()) if MODELS.is_dir() else [],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_every_published_item_is_a_listing(name: str, item: Json) -> None:
    """PRD-2, PRD-4"""
    (record,) = to_listing(exact_json.dumps(item), "main", [US])
    body = record.body
    assert (body["sku"], body["title"] != "") == (item["sku"], bool(item.get("summaries")))
    has_price = any(one["offerType"] == "B2C" and one["marketplaceId"] == US for one in item.get("offers", []))
    assert (body["price"] is not None) == has_price


def test_there_are_published_items_and_reports() -> None:
    assert len(list(published_items())) >= 2
    found = [
        one.answer for one in examples("reports_2021-06-30") if one.status == 200 and "reportId" in (one.answer or {})
    ]
    assert found
    assert all(report_in(one) is not None for one in found)


def test_the_published_order_change_is_understood() -> None:
    """EVT-4: and every status it may name has a word of ours."""
    schema = json.loads(ORDER_CHANGE.read_text(encoding="utf-8"))
    assert schema["examples"]
    for example in schema["examples"]:
        assert notification_problems(example, "OrderChangeNotification") == []
        change = read_change(json.dumps(example))
        assert change is not None
        assert (change.order_id, change.marketplace) == ("903-8868176-2219830", US)
        assert change.status in STATUSES.values()
    summary = schema["properties"]["Payload"]["properties"]["OrderChangeNotification"]["properties"]["Summary"]
    assert set(summary["properties"]["OrderStatus"].get("enum", [])) <= set(STATUSES)
