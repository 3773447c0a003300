"""TEST-1: every answer the models show for a call we make is read, or refused, as it should be; what else they show, the sandbox tells."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest

from connectors.amazon.fba_stock import to_fulfilment_stock
from connectors.amazon.pages import asins_of
from connectors.amazon.rates import DRAWS
from connectors.amazon.reports import Reports
from connectors.amazon.subscriptions import destination_of, ensure_subscription, subscriptions, unsubscribe
from connectors.amazon.verify import AmazonVerifier
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from tests.conformance.amazon_models import (
    MODELS,
    Example,
    Json,
    definitions,
    examples,
    notification_problems,
    problems,
)
from tests.conformance.test_amazon_in_models import NAMES
from tests.conformance.test_amazon_models import conforming, subscribed
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER
from tests.contract.amazon_goods import US
from tests.contract.amazon_goods import report as report_of
from tests.unit.amazon.fake import NOW, Fake, reply

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
QUEUE = "arn:aws:sqs:us-east-2:444455556666:queue1"
NOTIFICATIONS, FEEDS, REPORTS = "/notifications/v1", "/feeds/2021-06-30/feeds", "/reports/2021-06-30/reports"


def published(*operations: str, refused: bool = False) -> list[Any]:
    """Examples of these operations, or of all that are called."""
    if not MODELS.is_dir():
        return []
    found = [one for name in NAMES for one in examples(name) if one.name.split("-")[0] in (operations or DRAWS)]
    return [pytest.param(one, id=one.name) for one in found if (one.status >= 400) is refused]


def answers(operation: str) -> list[Json]:
    found = [one.values[0].answer for one in published(operation)]
    assert found, operation
    return found


def fake_of(*given: Json) -> Fake:
    """Each answer once, in this order."""
    left = list(given)
    return Fake(lambda request: reply(200, left.pop(0)))


class Shelf:
    """Documents without a network: the addresses are kept."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def fetch(self, url: str, compression: str = "") -> tuple[bytes, str]:
        self.urls.append(url)
        return b"content\n", "text/plain"


def reports_over(*given: Json) -> tuple[Reports, Shelf]:
    shelf = Shelf()
    shelved: Any = shelf
    return Reports(fake_of(*given).client, shelved), shelf


@pytest.mark.parametrize("example", published(refused=True))
async def test_every_published_refusal_is_told_as_it_is(example: Example) -> None:
    """ERR-3: a 400 is for a person, with Amazon's code, and is never tried again."""
    fake, operation = Fake(lambda request: reply(example.status, example.answer)), example.name.split("-")[0]
    with pytest.raises(DataError) as told:
        await fake.client.call(operation, example.method.upper(), example.path)
    assert (told.value.code, len(fake.requests)) == ("400", 1)
    assert example.answer["errors"][0]["code"].replace(" ", "") in str(told.value).replace(" ", "")


async def read_restricted_token() -> None:
    for answer in answers("createRestrictedDataToken"):
        fake = fake_of(answer)
        token = await fake.client.ask_token(fake.client.restricted("GET", "/orders/v0/orders", ["buyerInfo"]))
        assert token.value.get_secret_value() == answer["restrictedDataToken"]


async def _marketplaces_found(told: Json) -> list[bool]:
    fake = Fake(lambda request: reply(200, told))
    checks = await AmazonVerifier(fake.settings, lambda account: fake.client, fake.now).verify()
    return [one.ok for one in checks if one.subject.endswith("marketplaces")]


async def read_participations() -> None:
    (answer,) = answers("getMarketplaceParticipations")
    for taking_part in (True, False):
        told = json.loads(json.dumps(answer))
        told["payload"][0]["participation"]["isParticipating"] = taking_part
        assert await _marketplaces_found(told) == [taking_part]


async def read_pages() -> None:
    for answer in answers("searchCatalogItems"):
        numbers = {
            one["identifier"].zfill(14): item["asin"]
            for item in answer["items"]
            for place in item["identifiers"]
            for one in place["identifiers"]
        }
        assert await asins_of(fake_of(answer).client, list(numbers)) == numbers


async def read_reports() -> None:
    for answer in answers("getReports"):
        reports, _ = reports_over(answer, {"reports": []})
        found = await reports.listed(["FEE_DISCOUNTS_REPORT"])
        assert [one.id for one in found] == [one["reportId"] for one in answer["reports"]]
        assert found[0].start is not None


async def read_report() -> None:
    for answer in answers("getReport"):
        reports, _ = reports_over(answer)
        found = await reports.get("ID323")
        assert found is not None
        assert (found.id, found.kind, found.status) == ("ReportId1", "FEE_DISCOUNTS_REPORT", "IN_PROGRESS")


async def read_created_report() -> None:
    for answer in answers("createReport"):
        assert await reports_over(answer)[0].create("GET_X", [US], NOW, NOW) == answer["reportId"]


async def read_report_document() -> None:
    for answer in answers("getReportDocument"):
        reports, shelf = reports_over(answer)
        assert (await reports.download("0356cf79")).content == b"content\n"
        assert shelf.urls == [answer["url"]]


async def read_destinations() -> None:
    (answer,) = answers("getDestinations")
    found = await destination_of(fake_of(answer).client, QUEUE)
    assert found is not None
    assert (found.id, found.arn) == ("TEST_CASE_200", QUEUE)
    assert await destination_of(fake_of(answer).client, f"{QUEUE}-other") is None


async def read_new_subscription() -> None:
    given = [
        {"payload": []},
        *answers("createDestination"),
        {"payload": {"subscriptions": []}},
        *answers("createSubscription"),
    ]
    found = await ensure_subscription(fake_of(*given).client, QUEUE)
    assert (found.destination_id, found.subscription_id) == (
        "TEST_CASE_200_DESTINATION_ID",
        "TEST_CASE_200_SUBSCRIPTION_ID",
    )


async def read_subscriptions() -> None:
    (answer,) = answers("getSubscriptions")
    (found,) = await subscriptions(fake_of(answer).client)
    assert found.destination_id == "3acafc7e-121b-1329-8ae8-1571be663aa2"
    assert found.leaves_out([US]) == "", "it has no filter"


async def read_unsubscribed() -> None:
    assert await unsubscribe(fake_of(*answers("deleteSubscriptionById")).client, "x")


async def read_subscription() -> None:
    """Whether there is one is all that is asked."""
    (answer,) = answers("getSubscription")
    fake = fake_of(answer)
    _, found = await fake.client.call("getSubscription", "GET", f"{NOTIFICATIONS}/subscriptions/ORDER_CHANGE")
    assert found == answer


READ: dict[str, Callable[[], Awaitable[None]]] = {
    "createRestrictedDataToken": read_restricted_token, "getMarketplaceParticipations": read_participations,
    "searchCatalogItems": read_pages, "getReports": read_reports, "getReport": read_report, "createReport": read_created_report,
    "getReportDocument": read_report_document, "getDestinations": read_destinations, "createDestination": read_new_subscription,
    "createSubscription": read_new_subscription, "getSubscriptions": read_subscriptions, "deleteSubscriptionById": read_unsubscribed,
    "getSubscription": read_subscription,
}  # fmt: skip
# Read by tests beside this one: orders, listings, feeds.
READ_ELSEWHERE = {
    "searchOrders", "getOrder", "confirmShipment", "getListingsItem", "putListingsItem", "patchListingsItem", "deleteListingsItem",
    "searchListingsItems", "createFeedDocument", "createFeed", "getFeed", "getFeeds", "getFeedDocument",
}  # fmt: skip
# Of which there are quotas and no calls.
NOT_CALLED = {"cancelFeed", "cancelReport", "getCatalogItem", "getDestination", "deleteDestination"}
# Judged against their JSON Schema by what reads them.
TYPES = {"searchDefinitionsProductTypes", "getDefinitionsProductType"}


@pytest.mark.parametrize("operation", sorted(READ))
async def test_the_published_answer_is_read(operation: str) -> None:
    await READ[operation]()


def test_no_published_answer_is_left_out() -> None:
    shown = {one.values[0].name.split("-")[0] for one in published()}
    assert shown == set(READ) | READ_ELSEWHERE | NOT_CALLED | TYPES


def test_stock_at_amazon_as_the_model_describes_it_is_read() -> None:
    """ORD-10: the model has no example; every number it may tell, all different, and the total is never what can be sold."""
    details = {
        "fulfillableQuantity": 7, "inboundWorkingQuantity": 10, "inboundShippedQuantity": 20, "inboundReceivingQuantity": 40,
        "reservedQuantity": {"totalReservedQuantity": 5, "pendingCustomerOrderQuantity": 3, "fcProcessingQuantity": 2},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 11, "customerDamagedQuantity": 11},
        "researchingQuantity": {"totalResearchingQuantity": 13, "researchingQuantityBreakdown": []},
    }  # fmt: skip
    told = {
        "asin": "B000000001", "fnSku": "X000000001", "sellerSku": "S-1", "condition": "NewItem", "inventoryDetails": details,
        "lastUpdatedTime": "2026-11-20T10:00:00Z", "productName": "A lamp", "totalQuantity": 999,
    }  # fmt: skip
    assert problems(told, "InventorySummary", "fbaInventory") == []
    assert set(details) <= set(definitions("fbaInventory")["InventoryDetails"]["properties"])
    (record,) = to_fulfilment_stock(exact_json.dumps({**told, "marketplaceId": US}), "main")
    wanted = {"sellable": "7", "reserved": "5", "inbound": "70", "unsellable": "11", "researching": "13"}
    assert {name: record.body[name] for name in wanted} == wanted


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0, sellers=(US_SELLER,)) as found:
        yield found


def test_finished_reports_are_told_as_their_schema_says(box: Box) -> None:
    """EVT-4: with a document and without."""
    heard = subscribed(box, "REPORT_PROCESSING_FINISHED", "2020-09-04")
    box.add(3)
    box.clock.tick(60)
    kind = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE"
    report_of(box, kind, US_SELLER)
    box.faults({"kind": "report_fatal", "limit": 1})
    body = {"reportType": kind, "marketplaceIds": [US]}
    box.call("POST", REPORTS, US_SELLER, json=body).raise_for_status()
    box.clock.tick(60)
    box.state(US_SELLER)
    found = [json.loads(text) for text in heard.texts]
    statuses = [one["payload"]["reportProcessingFinishedNotification"]["processingStatus"] for one in found]
    assert len(statuses) == 2
    assert "FATAL" in statuses
    assert [one for told in found for one in notification_problems(told, "ReportProcessingFinishedNotification")] == []


def test_what_is_taken_back_is_answered_as_the_models_say(box: Box) -> None:
    """Destinations and subscriptions one by one; feeds and reports are withdrawn while they wait."""
    name, base, made = (
        "notifications",
        f"{NOTIFICATIONS}/destinations",
        {"name": "q", "resourceSpecification": {"sqs": {"arn": QUEUE}}},
    )
    answer = box.call("POST", base, US_SELLER, grantless=True, json=made)
    place = conforming(name, base, "post", answer)["payload"]["destinationId"]
    for method in ("get", "delete", "get"):
        answer = box.call(method.upper(), f"{base}/{place}", US_SELLER, grantless=True)
        conforming(name, f"{base}/{{destinationId}}", method, answer)
    assert answer.status_code == 404
    body = {"reportType": "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", "marketplaceIds": [US]}
    report_id = box.call("POST", REPORTS, US_SELLER, json=body).json()["reportId"]
    path = f"{REPORTS}/{report_id}"
    assert (box.call("DELETE", path, US_SELLER).status_code, box.call("DELETE", path, US_SELLER).status_code) == (
        200,
        400,
    )
    assert (
        conforming("reports_2021-06-30", f"{REPORTS}/{{reportId}}", "get", box.call("GET", path, US_SELLER))[
            "processingStatus"
        ]
        == "CANCELLED"
    )


@pytest.mark.parametrize(
    "example", published("getFeed", "getFeedDocument", "cancelFeed", "getReport", "getReportDocument", refused=True)
)
def test_what_the_models_refuse_is_refused(box: Box, example: Example) -> None:
    """Ids that are none: 400 as published, or 404."""
    answer = box.call(example.method.upper(), example.url, US_SELLER)
    name = "feeds_2021-06-30" if "feeds" in example.path else "reports_2021-06-30"
    assert answer.status_code in (400, 404)
    assert problems(answer.json(), "ErrorList", name) == []
