"""TEST-1: the bodies and queries by which orders and feeds go out are as the published models say, and the models' own answers are understood."""

from __future__ import annotations

import json
from typing import Any, cast

import httpx
import pytest
from jsonschema import Draft7Validator

from connectors.amazon.feed_documents import CANCELLATIONS, LISTINGS, MESSAGES, document_of
from connectors.amazon.feed_results import NOT_OVER, read_report, read_state
from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.order_bodies import Carrier, confirmations
from connectors.kit.feeds import Feed
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from schemas.records import Shipment
from tests.conformance.amazon_models import MODELS, Json, examples, model, problems
from tests.contract.amazon_orders_out import ONE, TWO, shipped
from tests.contract.test_amazon_feeds import cancellation
from tests.unit.amazon.fake import Fake, reply
from tests.unit.amazon_out.samples import order

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
FEEDS, ORDERS = "feeds_2021-06-30", "ordersV0"
RESULT = "Number of records processed\t\t1\nNumber of records successful\t\t1\n"


class Shelf:
    """Documents without a network: what was uploaded is kept."""

    def __init__(self) -> None:
        self.uploaded: list[tuple[bytes, str]] = []

    async def upload(self, url: str, content: bytes, content_type: str) -> None:
        self.uploaded.append((content, content_type))

    async def download(self, url: str, compression: str = "") -> bytes:
        return RESULT.encode()


def published(name: str, operation: str) -> list[Any]:
    """The successful answers in the examples of an operation."""
    return [one.answer for one in examples(name) if one.name.startswith(f"{operation}-2")]


def feeds_of(*answers: Json) -> tuple[AmazonFeeds, Fake, Shelf]:
    left, shelf = list(answers), Shelf()
    fake = Fake(lambda request: reply(200, left.pop(0)))
    shelved: Any = shelf
    return AmazonFeeds(fake.client, shelved, lambda: True, 20, 60, 0, now=fake.now), fake, shelf


def schema_problems(name: str, value: Any) -> list[str]:
    folder = MODELS / "schemas" / "feeds"
    schema = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return [error.message[:200] for error in Draft7Validator(schema).iter_errors(value)]


@pytest.mark.parametrize("carrier", [Carrier("UPS"), Carrier("Other", "Local Bikes")])
def test_confirmations_are_as_the_model_says(carrier: Carrier) -> None:
    body = cast("Shipment", shipped(("T1", {ONE: 1, TWO: 1}), ("T2", {ONE: 1})).body)
    made = confirmations(order(), body, carrier)
    assert len(made) == 2
    assert [problem for one in made for problem in problems(one, "ConfirmShipmentRequest", ORDERS)] == []


async def test_a_feed_is_sent_as_the_model_says() -> None:
    """Its published answers are understood."""
    document, created = published(FEEDS, "createFeedDocument")[0], published(FEEDS, "createFeed")[0]
    feeds, fake, shelf = feeds_of(document, created)
    assert await feeds.submit(cancellation(ONE)) == f"feed:{created['feedId']}"
    first, second = (json.loads(request.content) for request in fake.requests)
    assert problems(first, "CreateFeedDocumentSpecification", FEEDS) == []
    assert problems(second, "CreateFeedSpecification", FEEDS) == []
    assert second["inputFeedDocumentId"] == document["feedDocumentId"]
    assert shelf.uploaded[0][1] == first["contentType"]
    known = {(method.upper(), path) for path, methods in model(FEEDS)["paths"].items() for method in methods}
    assert {(request.method, request.url.path) for request in fake.requests} <= known


async def test_published_feeds_and_their_documents_are_read() -> None:
    found = published(FEEDS, "getFeed")
    assert found
    for feed in found:
        shown = read_state(Reader(feed))
        documents = [published(FEEDS, "getFeedDocument")[0]] if shown.is_over and "resultFeedDocumentId" in feed else []
        feeds, _, _ = feeds_of(feed, *documents)
        state = await feeds.state(feed["feedId"])
        assert state is not None
        assert state.feed_id == feed["feedId"]
        assert state.is_over is (feed["processingStatus"] not in NOT_OVER)
        assert state.sent_at is not None


async def test_the_list_is_asked_for_as_the_model_says() -> None:
    parameters = {one["name"] for one in model(FEEDS)["paths"]["/feeds/2021-06-30/feeds"]["get"]["parameters"]}
    answer = published(FEEDS, "getFeeds")[0]
    feeds, fake, _ = feeds_of({**answer, "nextToken": "more"}, {"feeds": []}, {"feeds": []})
    await feeds.unfinished(frozenset({CANCELLATIONS}))
    await feeds.locate(f"lost:{CANCELLATIONS}/1/1795176000000/m")
    queries: list[httpx.QueryParams] = [request.url.params for request in fake.requests]
    assert all(set(query) <= parameters for query in queries)
    assert dict(queries[1]) == {"nextToken": "more"}, "the token alone"
    assert set(queries[2]) == {"feedTypes", "pageSize", "createdSince"}


def test_the_statuses_of_the_model_are_known() -> None:
    words = model(FEEDS)["definitions"]["Feed"]["properties"]["processingStatus"]["enum"]
    over = {word: read_state(Reader({"feedId": "1", "processingStatus": word})).is_over for word in words}
    assert {word for word, is_over in over.items() if not is_over} == set(NOT_OVER)


def test_listings_go_as_the_schema_says_and_the_published_report_is_read() -> None:
    message = {"sku": "A", "operationType": "PATCH", "productType": "PRODUCT", "patches": [
        {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}]},
    ]}  # fmt: skip
    feed = Feed(LISTINGS, {MESSAGES: [message, {**message, "sku": "B"}]}, ["A", "B"], "m", Priority.STOCK, "US")
    assert schema_problems("listings-feed-schema-v2", json.loads(document_of(feed, "A1SELLER"))) == []
    name = "listings-feed-processing-report-schema-v2.example.json"
    shown = json.loads((MODELS / "schemas" / "feeds" / name).read_text(encoding="utf-8"))
    report = read_report(LISTINGS, json.dumps(shown).encode())
    assert (report.processed, report.failed) == (
        shown["summary"]["messagesProcessed"], shown["summary"]["messagesInvalid"],
    )  # fmt: skip
    wrong = {one["sku"] for one in shown["issues"] if one["severity"] == "ERROR" and "sku" in one}
    assert set(report.items) == wrong
