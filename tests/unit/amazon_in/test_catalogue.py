"""Items of Amazon -> listings, and how the search is walked (PRD-2, PRD-4, TEST-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from hypothesis import given

from connectors.amazon.catalogue import AmazonCatalogue, listing_mapping, to_listing
from connectors.kit import exact_json
from connectors.kit.cursor import from_text
from connectors.kit.errors import DataError, TransientError
from connectors.kit.ports import Page
from schemas.records import Listing
from tests.unit.amazon.fake import NOW, Fake, account_with, in_turn, refused, reply, settings_with
from tests.unit.damage import REMOVED, anything, damaged

US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
ITEM: dict[str, Any] = {
    "sku": "S 1/Ä",
    "summaries": [
        {"marketplaceId": CA, "asin": "B0CA", "productType": "LUGGAGE", "status": [], "itemName": "Valise"},
        {
            "marketplaceId": US, "asin": "B0US", "productType": "LUGGAGE", "conditionType": "new_new", "status": ["DISCOVERABLE", "BUYABLE"],
            "itemName": "Suitcase", "createdDate": "2026-01-01T00:00:00Z", "lastUpdatedDate": "2026-11-01T00:00:00Z", "fnSku": "X0",
            "mainImage": {"link": "https://images.example/1.png", "height": 500, "width": 500},
        },
    ],
    "offers": [
        {"marketplaceId": US, "offerType": "B2B", "price": {"currencyCode": "USD", "amount": "90.00"}},
        {"marketplaceId": CA, "offerType": "B2C", "price": {"currencyCode": "CAD", "amount": "130.00"}},
        {"marketplaceId": US, "offerType": "B2C", "price": {"currencyCode": "USD", "amount": "99.90"}},
    ],
    "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 12}],
    "issues": [
        {"code": "90220", "message": "'weight' is required", "severity": "ERROR", "attributeNames": ["item_weight", "unit"]},
        {"code": "1", "message": "consider", "severity": "WARNING"},
        {"code": "2", "message": "by the way", "severity": "INFO"},
    ],
    "attributes": {
        "brand": [{"value": "Marque", "marketplace_id": CA}, {"value": "Brand", "marketplace_id": US}],
        "product_description": [{"value": "Holds things."}],
        "externally_assigned_product_identifier": [{"type": "ean", "value": "2020000000006", "marketplace_id": US}],
    },
    "relationships": [{"marketplaceId": US, "relationships": [{"type": "VARIATION", "parentSkus": ["PARENT"]}]}],
    "productTypes": [{"marketplaceId": US, "productType": "LUGGAGE"}],
}  # fmt: skip


def listing(item: Any, *places: str) -> Listing:
    (record,) = to_listing(exact_json.dumps(item), "main", places or (US, CA))
    assert (record.entity, record.key, record.version) == ("listing", "amazon:main:item:S 1/Ä", 0)
    found: Any = record.body
    return found  # type: ignore[no-any-return]


def test_an_item_is_a_listing_in_the_accounts_first_marketplace() -> None:
    """PRD-2, PRD-4: ASIN, price of a consumer, errors and warnings, who ships; its status is that of all marketplaces."""
    assert listing(ITEM) == {
        "key": "amazon:main:item:S 1/Ä", "source": "amazon", "account": "main", "sku": "S 1/Ä", "version": 0, "item_id": "B0US",
        "barcode": "2020000000006", "title": "Suitcase", "description": "Holds things.", "brand": "Brand", "product_type": "LUGGAGE",
        "category": "", "price": {"amount": "99.90", "currency": "USD"}, "status": "unpublished",
        "source_status": "CA none; US BUYABLE,DISCOVERABLE", "problems": [
            {"code": "90220", "field": "item_weight, unit", "detail": "'weight' is required"},
            {"code": "1", "field": "", "detail": "consider"},
        ],
        "attributes": {
            "fulfillmentChannelCode": "DEFAULT", "fulfilment": "seller", "quantity": "12", "marketplaces": "CA,US", "conditionType": "new_new",
            "fnSku": "X0", "createdDate": "2026-01-01T00:00:00Z",
        },
        "image_url": "https://images.example/1.png", "variant_group": "PARENT",
    }  # fmt: skip


def test_another_marketplace_may_come_first() -> None:
    found = listing(ITEM, CA, US)
    assert (found["item_id"], found["title"], found["brand"]) == ("B0CA", "Valise", "Marque")
    assert (found["price"], found["barcode"]) == ({"amount": "130.00", "currency": "CAD"}, "")
    mapping = listing_mapping(settings_with(accounts={"main": account_with(marketplaces=["CA"])}))
    assert mapping(exact_json.dumps(ITEM), "main")[0].body["title"] == "Valise"
    assert mapping(exact_json.dumps(ITEM), "gone")[0].body["title"] == "Valise"


ERROR = [{"code": "1", "message": "m", "severity": "ERROR"}]
SHOWN = {"marketplaceId": US, "asin": "B0US"}


@pytest.mark.parametrize(
    ("summaries", "issues", "status"),
    [
        ([{**SHOWN, "status": ["BUYABLE"]}], ERROR, "published"),
        ([{**SHOWN, "status": ["DISCOVERABLE"]}], [], "published"),  # sold out
        ([{**SHOWN, "status": ["DISCOVERABLE"]}], ERROR, "unpublished"),
        ([{**SHOWN, "status": []}], [], "unpublished"),
        ([{**SHOWN, "status": []}], ERROR, "unpublished"),
        ([], [], "processing"),
        ([], ERROR, "failed"),
    ],
)
def test_the_status_of_a_listing(summaries: list[Any], issues: list[Any], status: str) -> None:
    """PRD-4"""
    found = listing({"sku": ITEM["sku"], "summaries": summaries, "issues": issues})
    assert (found["status"], found["price"], found["attributes"].get("quantity")) == (status, None, None)


BOTH = ["BUYABLE", "DISCOVERABLE"]
IN_CA = [
    {"code": "7", "message": "Not in Canada", "severity": "ERROR", "attributeNames": ["brand"], "marketplaceIds": [CA]}
]


@pytest.mark.parametrize(
    ("statuses", "issues", "status", "source_status"),
    [
        ({US: BOTH, CA: BOTH}, IN_CA, "published", "BUYABLE,DISCOVERABLE"),
        ({US: BOTH, CA: []}, IN_CA, "unpublished", "CA none; US BUYABLE,DISCOVERABLE"),
        ({US: BOTH, CA: ["DISCOVERABLE"]}, IN_CA, "unpublished", "CA DISCOVERABLE; US BUYABLE,DISCOVERABLE"),
        # An error in Canada says nothing of what is sold out in the United States; one that names none is about both.
        ({US: ["DISCOVERABLE"], CA: BOTH}, IN_CA, "published", "CA BUYABLE,DISCOVERABLE; US DISCOVERABLE"),
        ({US: ["DISCOVERABLE"], CA: BOTH}, ERROR, "unpublished", "CA BUYABLE,DISCOVERABLE; US DISCOVERABLE"),
        ({US: ["DISCOVERABLE"]}, IN_CA, "published", "DISCOVERABLE"),
    ],
)
def test_the_status_in_several_marketplaces(
    statuses: dict[str, list[str]], issues: list[Any], status: str, source_status: str
) -> None:
    """PRD-4: what is wrong in one of them is seen, and says where."""
    summaries = [{"marketplaceId": place, "asin": "B0", "status": words} for place, words in statuses.items()]
    found = listing({"sku": ITEM["sku"], "summaries": summaries, "issues": issues})
    assert (found["status"], found["source_status"]) == (status, source_status)
    where = "CA: " if issues is IN_CA and len(statuses) > 1 else ""
    assert [problem["detail"] for problem in found["problems"]] == [where + issues[0]["message"]]


@pytest.mark.parametrize(
    ("channels", "fulfilment", "quantity"),
    [
        ([{"fulfillmentChannelCode": "AMAZON_NA"}], "marketplace", None),
        (
            [{"fulfillmentChannelCode": "AMAZON_NA"}, {"fulfillmentChannelCode": "DEFAULT", "quantity": 0}],
            "marketplace",
            "0",
        ),
        ([{"fulfillmentChannelCode": "DEFAULT"}], "seller", None),
        ([], None, None),
    ],
)
def test_who_ships(channels: list[Any], fulfilment: str | None, quantity: str | None) -> None:
    """ORD-10: a number is the seller's own only."""
    attributes = listing({**ITEM, "fulfillmentAvailability": channels})["attributes"]
    assert (attributes.get("fulfilment"), attributes.get("quantity")) == (fulfilment, quantity)


def test_a_parent_names_its_group() -> None:
    parent = {
        "marketplaceId": US,
        "relationships": [
            {"type": "PACKAGE_HIERARCHY", "parentSkus": ["BOX"]},
            {"type": "VARIATION", "childSkus": ["A"]},
        ],
    }
    assert listing({**ITEM, "relationships": [parent]})["variant_group"] == "S 1/Ä"
    assert listing({**ITEM, "relationships": []})["variant_group"] == ""


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("sku", REMOVED),
        ("summaries", "x"),
        ("offers.2.price", "9"),
        ("offers.2.price.amount", "cheap"),
        ("issues.0.severity", []),
        ("offers.2.price.currencyCode", ""),
    ],
)
def test_an_item_that_cannot_be_read_is_a_data_error(path: str, value: Any) -> None:
    with pytest.raises(DataError):
        listing(damaged(ITEM, path, value))


@given(anything)
def test_hostile_payloads_are_data_errors(content: Any) -> None:
    """TEST-3"""
    with pytest.raises(DataError):
        to_listing(exact_json.dumps(content), "main")


# -- the search


class Search:
    """Listings with their last update, paged by 20 up to 1000; `between` pages something may happen."""

    def __init__(self, updated: dict[str, datetime]) -> None:
        self.updated = updated
        self.queries: list[dict[str, str]] = []
        self.drop_after_first: str = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        sku = unquote(request.url.raw_path.decode().split("?")[0].partition("/A1CANARYSELLER")[2].strip("/"))
        if sku:
            return reply(200, {"sku": sku}) if sku in self.updated else refused(404, "NotFound")
        query = dict(parse_qsl(request.url.query.decode()))
        self.queries.append(query)
        start, end = (from_text(query[name], name) for name in ("lastUpdatedAfter", "lastUpdatedBefore"))
        found = sorted(sku for sku, moment in self.updated.items() if start <= moment <= end)
        at = int(query.get("pageToken", "0"))
        body: dict[str, Any] = {"numberOfResults": len(found), "items": [{"sku": sku} for sku in found[at : at + 20]]}
        if at + 20 < min(len(found), 1000):
            body["pagination"] = {"nextToken": str(at + 20)}
        if self.drop_after_first:
            self.updated.pop(self.drop_after_first, None)
            self.drop_after_first = ""
        return reply(200, body)


def source_of(script: Any) -> tuple[AmazonCatalogue, Fake]:
    fake = Fake(script)
    return AmazonCatalogue(fake.settings, "main", fake.client, fake.now), fake


async def all_of(pages: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in pages]


def skus(pages: list[Page]) -> list[str]:
    return [item.key.removeprefix("amazon:main:item:") for page in pages for item in page.items]


async def test_a_catalogue_beyond_what_a_search_gives_is_read_whole() -> None:
    """PRD-2: 2500 listings in windows of at most 1000."""
    search = Search({f"S{number:04}": NOW - timedelta(days=1 + number) for number in range(2500)})
    source, _ = source_of(search)
    pages = await all_of(source.pages(""))
    assert set(skus(pages)) == set(search.updated)
    assert pages[-1].read_until == NOW - timedelta(minutes=2)


async def test_changes_come_first_and_all_of_it_every_few_polls() -> None:
    """PRD-4: issues may come without an update."""
    search = Search({f"S{number}": NOW - timedelta(days=40 + number) for number in range(30)})
    source, fake = source_of(search)
    position, sizes = "", []
    for poll in range(5):
        fake.clock = poll * 6 * 3600
        search.updated["S0"] = fake.now() - timedelta(hours=1)
        pages = await all_of(source.pages(position))
        position = pages[-1].position
        sizes.append(len(set(skus(pages))))
    assert sizes == [30, 1, 1, 1, 30]


async def test_a_listing_that_slips_between_two_pages_is_read_all_the_same() -> None:
    """ORD-1's way: the count tells that one is missing."""
    search = Search({f"S{number:02}": NOW - timedelta(days=3) for number in range(60)})
    search.drop_after_first = "S00"
    source, _ = source_of(search)
    assert set(skus(await all_of(source.pages("")))) >= {f"S{number:02}" for number in range(1, 60)}


async def test_too_many_at_one_moment_do_not_stop_the_flow(caplog: pytest.LogCaptureFixture) -> None:
    search = Search(
        {f"S{number:04}": NOW - timedelta(days=3) for number in range(1010)} | {"LATER": NOW - timedelta(days=1)}
    )
    source, _ = source_of(search)
    found = set(skus(await all_of(source.pages(""))))
    assert len(found) == 1001
    assert "LATER" in found
    assert "amazon_catalogue_too_full" in caplog.text


async def test_skus_are_fetched_one_by_one() -> None:
    """REC-3"""
    source, _ = source_of(Search({"A B/Ä": NOW}))
    pages = await all_of(source.fetch(["A B/Ä", "none", " "]))
    assert skus(pages) == ["A B/Ä"]
    assert [problem.key for page in pages for problem in page.problems] == [
        "amazon:main:item:none",
        "amazon:main:item: ",
    ]


@pytest.mark.parametrize(
    "body", [[], {}, {"items": []}, {"items": None, "numberOfResults": 1}, {"items": [], "numberOfResults": True}]
)
async def test_an_answer_gone_wrong_is_transient(body: Any) -> None:
    source, _ = source_of(in_turn(reply(200, body)))
    with pytest.raises(TransientError):
        await all_of(source.pages(""))
