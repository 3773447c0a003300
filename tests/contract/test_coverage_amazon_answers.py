"""SEC-5, ERR-3: whatever Amazon answers, to whatever call, is an answer or an error of ours: nothing else leaves the connector."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.amazon.catalogue import AmazonCatalogue
from connectors.amazon.census import AmazonCensus
from connectors.amazon.errors import refusal, token_refusal
from connectors.amazon.fba_stock import AmazonFbaStock
from connectors.amazon.feed_documents import CANCELLATIONS
from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.listing_items import get_listing, get_listings
from connectors.amazon.pages import asins_of
from connectors.amazon.reports import Reports
from connectors.amazon.source import AmazonOrders
from connectors.amazon.subscriptions import destination_of, subscriptions
from connectors.amazon.verify import AmazonVerifier
from connectors.kit import exact_json
from connectors.kit.errors import AuthError, ConnectorError, ThrottledError
from connectors.kit.http import Answer
from connectors.kit.http_errors import Asked
from tests.contract.recordings import recorded
from tests.contract.test_amazon_fba import held_by
from tests.contract.test_amazon_feeds import cancellation
from tests.unit.amazon.fake import NOW, Fake, refused, settings_with
from tests.unit.amazon.test_census import Told
from tests.unit.amazon_in.test_catalogue import ITEM
from tests.unit.amazon_in.test_fba_stock import SUMMARY
from tests.unit.damage import anything, damaged, paths

AT = "2026-11-20T10:00:00Z"
ORDER = recorded("amazon", "order_plain").order
FEED = {
    "feedId": "1", "feedType": CANCELLATIONS, "processingStatus": "DONE", "createdTime": AT, "processingStartTime": AT,
    "processingEndTime": AT, "resultFeedDocumentId": "d",
}  # fmt: skip
REPORT = {
    "reportId": "1", "reportType": "X", "processingStatus": "DONE", "createdTime": AT, "dataStartTime": AT, "dataEndTime": AT,
    "reportDocumentId": "d", "marketplaceIds": ["ATVPDKIKX0DER"],
}  # fmt: skip
DOCUMENT = {
    "feedDocumentId": "d",
    "reportDocumentId": "d",
    "url": "https://documents.example/d",
    "compressionAlgorithm": "GZIP",
}
PARTICIPATION = {"marketplace": {"id": "ATVPDKIKX0DER"}, "participation": {"isParticipating": True}}
SUBSCRIPTION = {
    "subscriptionId": "s", "destinationId": "d", "payloadVersion": "1.0",
    "processingDirective": {"eventFilter": {"orderChangeTypes": ["OrderStatusChange"], "marketplaceIds": ["ATVPDKIKX0DER"]}},
}  # fmt: skip
PAGE = {
    "asin": "B0", "identifiers": [{"marketplaceId": "ATVPDKIKX0DER", "identifiers": [{"identifierType": "EAN", "identifier": "4006381333931"}]}],
}  # fmt: skip
MORE = {"nextToken": "more"}
ASKED = Asked("an operation", "amazon.example", True)


class Shelf:
    """Documents without a network."""

    async def upload(self, url: str, content: bytes, content_type: str) -> None: ...

    async def download(self, url: str, compression: str = "") -> bytes:
        return b"\xff\xfe{"

    async def fetch(self, url: str, compression: str = "") -> tuple[bytes, str]:
        return b"", ""


def shelf() -> Any:
    return Shelf()


def feeds(fake: Fake) -> AmazonFeeds:
    return AmazonFeeds(fake.client, shelf(), lambda: True, 20, 60, 0, now=fake.now)


async def pages_of(source: Any) -> None:
    # An answer that always names a next page is a list without an end; some of it is enough.
    pages = source.pages("")
    for _ in range(3):
        if await anext(pages, None) is None:
            return
    await pages.aclose()


Call = Callable[[Fake], Awaitable[Any]]
# What Amazon answers to a call when all is well, and the call.
CALLS: dict[str, tuple[Any, Call]] = {
    "orders": (
        {"orders": [ORDER], "pagination": MORE, "lastUpdatedBefore": AT},
        lambda fake: pages_of(AmazonOrders(fake.settings, "main", fake.client, fake.now)),
    ),
    "order": ({"order": ORDER}, lambda fake: fake.client.get_order("1-1-1", ())),
    "census": (
        {"orders": [ORDER], "pagination": MORE, "createdBefore": AT},
        lambda fake: pages_of(AmazonCensus(fake.settings, "main", fake.client, fake.now, Told({}))),
    ),
    "catalogue": (
        {"numberOfResults": 1, "items": [ITEM], "pagination": MORE},
        lambda fake: pages_of(AmazonCatalogue(fake.settings, "main", fake.client, fake.now)),
    ),
    "stock at Amazon": (
        {"payload": {"inventorySummaries": [SUMMARY]}, "pagination": MORE},
        lambda fake: pages_of(AmazonFbaStock(fake.settings, "main", fake.client, fake.now, held_by())),
    ),
    "reports": ({"reports": [REPORT], **MORE}, lambda fake: Reports(fake.client, shelf()).listed(["X"])),
    "report": (REPORT, lambda fake: Reports(fake.client, shelf()).get("1")),
    "new report": ({"reportId": "1"}, lambda fake: Reports(fake.client, shelf()).create("X", ["US"], NOW, NOW)),
    "report document": (DOCUMENT, lambda fake: Reports(fake.client, shelf()).download("1")),
    "new feed": ({**DOCUMENT, "feedId": "1"}, lambda fake: feeds(fake).submit(cancellation("1"))),
    "feed": ({**FEED, **DOCUMENT}, lambda fake: feeds(fake).state("1")),
    "feeds": ({"feeds": [FEED], **MORE}, lambda fake: feeds(fake).unfinished(frozenset({CANCELLATIONS}))),
    "listing": (ITEM, lambda fake: get_listing(fake.client, "S-1")),
    "listings": ({"numberOfResults": 1, "items": [ITEM]}, lambda fake: get_listings(fake.client, ["S-1", "S-2"])),
    "pages of barcodes": ({"items": [PAGE]}, lambda fake: asins_of(fake.client, ["04006381333931"])),
    "destinations": (
        {"payload": [{"destinationId": "d", "name": "q", "resource": {"sqs": {"arn": "arn:aws:sqs:us-east-1:1:q"}}}]},
        lambda fake: destination_of(fake.client, "arn:aws:sqs:us-east-1:1:q"),
    ),
    "subscriptions": ({"payload": {"subscriptions": [SUBSCRIPTION], **MORE}}, lambda fake: subscriptions(fake.client)),
    "rights": (
        {"payload": [PARTICIPATION], "orders": [ORDER], "pagination": MORE},
        lambda fake: AmazonVerifier(fake.settings, lambda account: fake.client, fake.now).verify(),
    ),
    "restricted token": (
        {"restrictedDataToken": "x", "expiresIn": 3600},
        lambda fake: fake.client.ask_token(fake.client.restricted("GET", "/orders/v0/orders", ["x"])),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
async def test_an_answer_damaged_anywhere_is_an_answer_or_an_error_of_ours(name: str, data: st.DataObject) -> None:
    answer, call = CALLS[name]
    for _ in range(data.draw(st.integers(0, 2))):
        if places := paths(answer):
            answer = damaged(answer, data.draw(st.sampled_from(places)), data.draw(anything))
    content = exact_json.dumps(answer)
    fake = Fake(lambda request: httpx.Response(200, content=content), settings_with(attempts=1))
    with contextlib.suppress(ConnectorError):
        await call(fake)
    assert fake.requests


@pytest.mark.parametrize("name", CALLS)
@settings(max_examples=8, deadline=None)
@given(body=anything)
async def test_anything_at_all_is_an_answer_or_an_error_of_ours(name: str, body: Any) -> None:
    fake = Fake(lambda request: httpx.Response(200, content=exact_json.dumps(body)), settings_with(attempts=1))
    with contextlib.suppress(ConnectorError):
        await CALLS[name][1](fake)
    assert fake.requests


@settings(max_examples=150, deadline=None)
@given(
    body=anything
    | st.binary(max_size=20)
    | st.fixed_dictionaries({"errors": anything})
    | st.fixed_dictionaries({"error": anything}),
    status=st.integers(300, 599),
)
def test_any_refusal_is_an_error_of_ours(body: Any, status: int) -> None:
    """ERR-3: 429 is always throttled; nothing says of a record that it is wrong but an error of Amazon's."""
    content = body if isinstance(body, bytes) else exact_json.dumps(body)
    error = refusal(Answer(status, {}, content, ASKED))
    assert isinstance(error, ConnectorError)
    assert (status == 429) == isinstance(error, ThrottledError)
    assert isinstance(token_refusal(Answer(status, {}, content, ASKED)), ConnectorError)


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ([7, None, {"code": "InvalidInput", "message": "Wrong colour"}], "InvalidInput (Wrong colour)"),
        ([{"code": "InvalidInput", "message": "two\nlines"}], "InvalidInput"),
        ([{"code": 400, "message": "Wrong"}], "(Wrong)"),
    ],
)
def test_the_first_error_that_can_be_read_is_told(errors: list[Any], told: str) -> None:
    error = refusal(Answer(400, {}, json.dumps({"errors": errors}).encode(), ASKED))
    assert str(error).endswith(told)
    assert "\n" not in str(error)


async def test_a_time_to_return_in_a_header_counts_before_the_rate() -> None:
    """ERR-3 (Amazon): 429 by header."""
    fake = Fake(lambda request: refused(429, x_amzn_ratelimit_limit="0.5", retry_after="90"))
    with pytest.raises(ThrottledError) as caught:
        await fake.client.search_orders({"createdAfter": "2026-11-19T00:00:00Z"})
    assert caught.value.retry_after == 90
    assert len(fake.requests) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "invalid_client"}, "do not belong together"),
        ({"error": "invalid_grant"}, "authorised again"),
        ({"error": "unauthorized_client"}, "may not ask for this token"),
        ({}, "were refused"),
    ],
)
def test_each_refusal_of_a_token_names_its_remedy(body: Any, words: str) -> None:
    """AUTH-2"""
    error = token_refusal(Answer(401, {}, json.dumps(body).encode(), ASKED))
    assert isinstance(error, AuthError)
    assert words in str(error)
