"""TEST-1: listings, feeds of them, product types, catalogue and Amazon's stock: answers of the sandbox are as the published models say, and the
models' own sandbox requests are understood."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator

from connectors.amazon.sandbox.catalog_api import BLOCKS as CATALOG_BLOCKS
from connectors.amazon.sandbox.catalog_api import ID_TYPES as CATALOG_IDS
from connectors.amazon.sandbox.definitions_types import CONDITIONS, REQUIREMENTS, TYPES
from connectors.amazon.sandbox.listing_attributes import OPERATIONS
from connectors.amazon.sandbox.listing_feed import MAX_MESSAGES
from connectors.amazon.sandbox.listing_search import ID_TYPES, SORTS, STATUSES
from connectors.amazon.sandbox.listing_views import BLOCKS
from connectors.amazon.sandbox.operations import OPERATIONS as QUOTAS
from connectors.amazon.sandbox.settings import DEMO_SELLER
from tests.conformance.amazon_models import MODELS, Example, answer_definition, examples, model, problems
from tests.contract.amazon_box import Box, Json, amazon_box
from tests.contract.amazon_goods import (
    ALL_BLOCKS,
    CA,
    CATALOG,
    FBA,
    LISTINGS,
    NUMBERS,
    OFFERS,
    US,
    feed_of,
    item,
    merge,
    new,
    number,
    number_message,
    offer,
    patch,
    path,
    put,
    result,
    send,
)

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
ITEMS, TYPES_MODEL, CATALOG_MODEL, FBA_MODEL = (
    "listingsItems_2021-08-01",
    "definitionsProductTypes_2020-09-01",
    "catalogItems_2022-04-01",
    "fbaInventory",
)
SEARCH, ITEM = "/listings/2021-08-01/items/{sellerId}", "/listings/2021-08-01/items/{sellerId}/{sku}"
_OPERATIONS = (
    "getListingsItem",
    "putListingsItem",
    "patchListingsItem",
    "deleteListingsItem",
    "searchListingsItems",
    "searchDefinitionsProductTypes",
    "getDefinitionsProductType",
)
# The published examples speak of this SKU and this page.
SKU, ASIN = "GM-ZDPI-9B4E", "B071VG5N9D"
# The seller of the published feed example, with the marketplaces of the examples.
SELLER = replace(DEMO_SELLER, seller_id="AXXXXXXXXXXXX")


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0, listing_seconds=(1.0, 1.0), feed_seconds=(1.0, 1.0)) as box:
        box.control("/sandbox/items", catalog=True, stock=5, marketplaces=["US", "CA"])
        yield box


def published(name: str, *operations: str, status: int | None = None) -> list[Any]:
    if not MODELS.is_dir():
        return []
    found = [one for one in examples(name) if one.name.split("-")[0] in operations and status in (None, one.status)]
    return [pytest.param(one, id=one.name) for one in found]


@cache
def feed_schema(name: str) -> Draft7Validator:
    schema = json.loads((MODELS / "schemas" / "feeds" / f"{name}.json").read_text(encoding="utf-8"))
    return Draft7Validator(schema)


def feed_problems(name: str, value: Any) -> list[str]:
    return [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
        for error in feed_schema(name).iter_errors(value)
    ]


def parameter(name: str, at: str, method: str, wanted: str) -> Json:
    found: Json = next(one for one in model(name)["paths"][at][method]["parameters"] if one.get("name") == wanted)
    return found


def allowed(name: str, at: str, method: str, wanted: str) -> set[str]:
    found = parameter(name, at, method, wanted)
    return set(found.get("enum") or found["items"]["enum"])


def checked(response: httpx.Response, definition: str, name: str) -> Json:
    found: Json = response.raise_for_status().json()
    assert problems(found, definition, name) == []
    return found


def test_the_validator_catches_an_invented_field_and_a_wrong_type(box: Box) -> None:
    shown = item(box, "CWT-0001")
    shown["fulfillmentAvailability"][0]["quantity"] = "5"
    shown["colour"] = "red"
    assert len(problems(shown, "Item", ITEMS)) == 2


def test_words_are_the_published_ones() -> None:
    assert set(BLOCKS) == allowed(ITEMS, ITEM, "get", "includedData") == set(ALL_BLOCKS.split(","))
    assert set(ID_TYPES) == allowed(ITEMS, SEARCH, "get", "identifiersType")
    assert set(SORTS) == allowed(ITEMS, SEARCH, "get", "sortBy")
    assert set(STATUSES) == allowed(ITEMS, SEARCH, "get", "withStatus")
    definitions = model(ITEMS)["definitions"]
    assert set(OPERATIONS) == set(definitions["PatchOperation"]["properties"]["op"]["enum"])
    assert set(REQUIREMENTS) == set(definitions["ListingsItemPutRequest"]["properties"]["requirements"]["enum"])
    assert set(CONDITIONS) <= set(definitions["ItemSummaryByMarketplace"]["properties"]["conditionType"]["enum"])
    assert set(CATALOG_BLOCKS) == allowed(CATALOG_MODEL, CATALOG, "get", "includedData")
    assert set(CATALOG_IDS) == allowed(CATALOG_MODEL, CATALOG, "get", "identifiersType")
    assert feed_schema("listings-feed-schema-v2").schema["properties"]["messages"]["maxItems"] == MAX_MESSAGES


def test_quotas_are_the_published_ones() -> None:
    """RATE-1: the table in each operation's description."""
    for name in (ITEMS, TYPES_MODEL, CATALOG_MODEL, FBA_MODEL):
        for operations in model(name)["paths"].values():
            for one in operations.values():
                if isinstance(one, dict) and one.get("operationId") in QUOTAS:
                    quota = QUOTAS[one["operationId"]]
                    rows = [
                        line
                        for line in one["description"].splitlines()
                        if line.count("|") >= 3 and any(sign.isdigit() for sign in line)
                    ]
                    numbers = [float(cell) for cell in rows[0].split("|") if cell.strip().replace(".", "").isdigit()]
                    assert numbers == [quota.rate, quota.burst], one["operationId"]


@pytest.mark.parametrize("places", [US, f"{US},{CA}"])
def test_listings_are_as_the_model_says(box: Box, places: str) -> None:
    box.control("/sandbox/items/CWT-0001/change", kind="suppress", attributes=["item_name"], marketplaces=["US"])
    params = {"marketplaceIds": places, "includedData": ALL_BLOCKS}
    checked(box.call("GET", path("CWT-0001"), params=params), "Item", ITEMS)
    found = checked(
        box.call("GET", f"{LISTINGS}/{DEMO_SELLER.seller_id}", params={**params, "pageSize": "20"}),
        "ItemSearchResults",
        ITEMS,
    )
    assert (found["numberOfResults"], len(found["items"])) == (60, 20)


def test_a_family_and_a_sale_are_as_the_model_says(box: Box) -> None:
    sale = [{"schedule": [{"start_at": "2026-11-01", "end_at": "2026-12-01", "value_with_tax": 7.0}]}]
    put(
        box,
        "CHILD",
        new(child_parent_sku_relationship=[{"parent_sku": "CWT-0001"}], variation_theme=[{"name": "COLOR"}]),
    )
    patch(box, "CWT-0001", {"productType": "PRODUCT", "patches": [merge(OFFERS, offer(9.0, discounted_price=sale))]})
    box.clock.tick(1)
    for sku in ("CHILD", "CWT-0001"):
        shown = item(box, sku)
        assert problems(shown, "Item", ITEMS) == []
        assert shown["relationships"][0]["relationships"]


def test_submissions_are_as_the_model_says(box: Box) -> None:
    more = {"includedData": "identifiers,issues"}
    answers = [
        patch(box, "CWT-0001", number(1), **more),
        patch(box, "CWT-0001", number(-1), **more),
        patch(box, "NONE", number(1)),
    ]
    answers += [
        put(box, "NEW", new(), mode="VALIDATION_PREVIEW", **more),
        put(box, "NEW", new()),
        put(box, "BAD", {"productType": "LAMP", "attributes": {"x": [{}]}}),
    ]
    answers.append(box.call("DELETE", path("CWT-0002"), params={"marketplaceIds": US}))
    statuses = [checked(answer, "ListingsItemSubmissionResponse", ITEMS)["status"] for answer in answers]
    assert statuses == ["ACCEPTED", "INVALID", "INVALID", "VALID", "ACCEPTED", "INVALID", "ACCEPTED"]


def test_refusals_are_error_lists(box: Box) -> None:
    params = {"marketplaceIds": US}
    answers = [
        box.call("GET", path("NONE"), params=params),
        box.call("GET", path("CWT-0001")),
        box.call("GET", f"{LISTINGS}/someone/X", params=params),
    ]
    answers += [
        patch(box, "CWT-0001", {"patches": []}),
        box.call("PATCH", path("CWT-0001"), params=params, content=b"<x/>"),
    ]
    assert [answer.status_code for answer in answers] == [404, 400, 403, 400, 415]
    assert [one for answer in answers for one in problems(answer.json(), "ErrorList", ITEMS)] == []


@pytest.mark.parametrize("example", published(ITEMS, "getListingsItem", "searchListingsItems", status=200))
def test_published_reads_are_understood(example: Example) -> None:
    """A listing made to be what the examples tell is told as they tell it."""
    with amazon_box(rate_factor=1000.0) as box:
        wanted = example.answer["items"][0] if "items" in example.answer else example.answer
        for sku in dict.fromkeys((SKU, *example.params.get("identifiers", SKU).split(","))):
            box.control("/sandbox/items", items=[{"sku": sku, "asin": ASIN, "product_type": "LUGGAGE", "stock": 100, "price_cents": 10_000,
                                                  "name": wanted["summaries"][0]["itemName"], "marketplaces": ["US", "CA"]}])  # fmt: skip
        box.control(f"/sandbox/items/{SKU}/change", kind="price", marketplace="CA", amount="130.00")
        params = {"marketplaceIds": f"{US},{CA}", "includedData": "summaries,offers,fulfillmentAvailability,issues"}
        # Sorted by SKU, upwards, the page of one has the example's listing.
        params |= {name: value for name, value in example.query.items() if name != "body"}
        params |= {"sortBy": "sku", "sortOrder": "ASC"} if "items" in example.answer else {}
        url = example.path.replace("{sellerId}", DEMO_SELLER.seller_id).replace("{sku}", SKU)
        answer = box.call("GET", url, params=params)
        definition = answer_definition(ITEMS, example.path, example.method, 200)
        found = checked(answer, definition, ITEMS)
        if "items" in example.answer:
            assert found["numberOfResults"] == example.answer["numberOfResults"]
            (found,) = found["items"]
        assert [(one["asin"], one["productType"], one["itemName"]) for one in found["summaries"]] == [
            (one["asin"], one["productType"], one["itemName"]) for one in wanted["summaries"]
        ]
        assert [one["price"] for one in found["offers"]] == [one["price"] for one in wanted["offers"]]
        assert found["fulfillmentAvailability"] == wanted["fulfillmentAvailability"]
        assert set(found) == set(wanted)


@pytest.mark.parametrize(
    "example", published(ITEMS, "putListingsItem", "patchListingsItem", "deleteListingsItem", status=200)
)
def test_published_submissions_are_understood(example: Example) -> None:
    """The examples say what comes of them by their SKU; what is sent is ours."""
    with amazon_box(rate_factor=1000.0) as box:
        sku, wanted = example.params.get("sku", SKU), example.answer["status"]
        box.control("/sandbox/items", items=[{"sku": sku, "stock": 1}])
        params = {"marketplaceIds": US, **example.query}
        answer = box.call(
            example.method.upper(), path(sku), params=params, json=body_for(example.method, example.answer["issues"])
        )
        found = checked(answer, "ListingsItemSubmissionResponse", ITEMS)
        assert (found["sku"], found["status"]) == (sku, wanted)
        assert set(example.answer) <= set(found)
        same = ("code", "severity", "attributeNames")
        ours, theirs = (
            [[one[name] for name in same] for one in issues] for issues in (found["issues"], example.answer["issues"])
        )
        assert sorted(ours) == sorted(theirs)


def body_for(method: str, told: list[Json]) -> Json | None:
    """A body in which is wrong what the published issues tell of."""
    if method == "delete":
        return None
    names = {one["code"]: one["attributeNames"][0] for one in told}
    if method == "patch":
        name = names.get("90000900")
        wrong = {"op": "replace", "path": f"/attributes/{name}", "value": [{"value": "x"}]}
        return {"productType": "PRODUCT", "patches": [wrong]} if name else number(1)
    body = new(**{name: [{"value": "x"}] for code, name in names.items() if code == "90000900"})
    body["attributes"].pop(names.get("90220"), None)
    return body


@pytest.mark.parametrize(
    ("name", "example"),
    [
        pytest.param(name, one.values[0], id=one.id)
        for name in (ITEMS, TYPES_MODEL)
        for one in published(name, *_OPERATIONS, status=400)
    ],
)
def test_published_refusals_are_refused(box: Box, name: str, example: Example) -> None:
    url = example.url.replace("{sellerId}", DEMO_SELLER.seller_id).replace("/SellerId", f"/{DEMO_SELLER.seller_id}")
    body = {"put": new(), "patch": number(1)}.get(example.method)
    answer = box.call(example.method.upper(), url, params=example.query, json=body)
    assert (answer.status_code, problems(answer.json(), "ErrorList", name)) == (400, [])


def test_the_published_feed_is_understood() -> None:
    """Its five messages, one of each kind; what it says of SKUs that are not there is said by message."""
    content = json.loads(
        (MODELS / "schemas" / "feeds" / "listings-feed-schema-v2.example.json").read_text(encoding="utf-8")
    )
    with amazon_box(rate_factor=1000.0, sellers=(SELLER,), listing_seconds=(1.0, 1.0)) as box:
        skus = [message["sku"] for message in content["messages"]]
        box.control("/sandbox/items", items=[{"sku": sku, "stock": 1} for sku in skus if sku != "My-SKU-D"])
        feed_id = send(box, content, SELLER)
        box.clock.tick(5)
        status, report = result(box, feed_id, SELLER)
        assert feed_problems("listings-feed-processing-report-schema-v2", report) == []
        assert (status, report["summary"]["messagesProcessed"]) == ("DONE", 5)
        refused = {issue["messageId"] for issue in report["issues"] if issue["severity"] == "ERROR"}
        # 3 is a full update with two attributes only, which LUGGAGE does not do with; 4 is of a SKU that is not there.
        assert refused == {3, 4}
        assert {issue["code"] for issue in report["issues"] if issue["messageId"] == 3} == {"90220"}
        box.clock.tick(1)
        assert item(box, "My-SKU-E", seller=SELLER)["fulfillmentAvailability"] == [
            {"fulfillmentChannelCode": "DEFAULT", "quantity": 10}
        ]
        assert item(box, "My-SKU-B", seller=SELLER)["fulfillmentAvailability"] == [
            {"fulfillmentChannelCode": "DEFAULT", "quantity": 10}
        ]
        assert box.call("GET", path("My-SKU-A", SELLER), SELLER, params={"marketplaceIds": US}).status_code == 404


def test_our_feeds_are_as_the_schema_says_and_so_are_reports_of_every_kind(box: Box) -> None:
    body = feed_of(
        number_message(1, "CWT-0001", 3),
        number_message(2, "NONE", 3),
        {"messageId": 3, "sku": "CWT-0002", "operationType": "DELETE"},
    )
    assert feed_problems("listings-feed-schema-v2", body) == []
    amazons = merge(NUMBERS, {"fulfillment_channel_code": "AMAZON_NA", "quantity": 3})
    warned = {
        "messageId": 4,
        "sku": "CWT-0003",
        "operationType": "PATCH",
        "productType": "PRODUCT",
        "patches": [amazons],
    }
    ids = [
        send(box, content)
        for content in ({**body, "messages": [*body["messages"], warned, 7]}, b"x", {**body, "header": {}})
    ]
    box.clock.tick(2)
    reports = [result(box, feed_id) for feed_id in ids]
    assert [
        one for _, report in reports for one in feed_problems("listings-feed-processing-report-schema-v2", report)
    ] == []
    assert [status for status, _ in reports] == ["DONE", "FATAL", "FATAL"]
    assert reports[0][1]["summary"] == {
        "errors": 2,
        "warnings": 1,
        "messagesProcessed": 5,
        "messagesAccepted": 3,
        "messagesInvalid": 2,
    }


@pytest.mark.parametrize("name", sorted(TYPES))
@pytest.mark.parametrize("requirements", REQUIREMENTS)
def test_definitions_are_as_the_model_says(box: Box, name: str, requirements: str) -> None:
    params = {"marketplaceIds": US, "requirements": requirements, "requirementsEnforced": "NOT_ENFORCED"}
    answer = box.call("GET", f"/definitions/2020-09-01/productTypes/{name}", params=params)
    found = checked(answer, "ProductTypeDefinition", TYPES_MODEL)
    schema = box.http.get(found["schema"]["link"]["resource"]).raise_for_status().json()
    Draft7Validator.check_schema({**schema, "$schema": "http://json-schema.org/draft-07/schema#"})
    assert "required" not in schema


@pytest.mark.parametrize(
    "example", published(TYPES_MODEL, "searchDefinitionsProductTypes", "getDefinitionsProductType", status=200)
)
def test_published_calls_for_product_types_are_understood(box: Box, example: Example) -> None:
    wanted = example.answer
    params = {"marketplaceIds": US, **({"keywords": "luggage"} if "productTypes" in wanted else {})}
    found = box.call("GET", example.path.replace("{productType}", "LUGGAGE"), params=params).raise_for_status().json()
    assert problems(found, answer_definition(TYPES_MODEL, example.path, "get", 200), TYPES_MODEL) == []
    assert set(wanted) <= set(found)
    same = (
        ("productTypes",)
        if "productTypes" in wanted
        else ("requirements", "requirementsEnforced", "locale", "marketplaceIds", "productType", "displayName")
    )
    assert [found[name] for name in same] == [wanted[name] for name in same]


def test_the_catalogue_is_as_the_model_says(box: Box) -> None:
    put(box, "NEW", new())
    box.clock.tick(1)
    every = {"marketplaceIds": US, "includedData": ",".join(CATALOG_BLOCKS)}
    made = item(box, "NEW")["summaries"][0]["asin"]
    for asin in (made, item(box, "CWT-0001")["summaries"][0]["asin"]):
        found = checked(box.call("GET", f"{CATALOG}/{asin}", params=every), "Item", CATALOG_MODEL)
        assert set(found) == {"asin", *CATALOG_BLOCKS}
    for search in (
        {"keywords": "lamp"},
        {"identifiers": "CWT-0001,CWT-0002", "identifiersType": "SKU", "sellerId": DEMO_SELLER.seller_id},
    ):
        assert checked(box.call("GET", CATALOG, params={**every, **search}), "ItemSearchResults", CATALOG_MODEL)[
            "items"
        ]


@pytest.mark.parametrize("example", published(CATALOG_MODEL, "searchCatalogItems", "getCatalogItem"))
def test_published_calls_to_the_catalogue_are_understood(box: Box, example: Example) -> None:
    """The parameters, refusals included; the products of the examples are not ours."""
    found = box.call("GET", example.url, params=example.query)
    definition = answer_definition(CATALOG_MODEL, example.path, example.method, found.status_code)
    assert problems(found.json(), definition, CATALOG_MODEL) == []
    unknown = 404 if "{asin}" in example.path else 200
    assert found.status_code == (400 if example.status == 400 else unknown)


@pytest.mark.parametrize("details", ["true", "false"])
def test_amazons_stock_is_as_the_model_says(box: Box, details: str) -> None:
    box.control("/sandbox/fba", catalog=True, fulfillable=3, inbound_shipped=2, researching=1)
    params = {"granularityType": "Marketplace", "granularityId": US, "marketplaceIds": US, "details": details}
    found = checked(box.call("GET", FBA, params=params), "GetInventorySummariesResponse", FBA_MODEL)
    assert len(found["payload"]["inventorySummaries"]) == 50
    token = found["pagination"]["nextToken"]
    last = checked(
        box.call("GET", FBA, params={**params, "nextToken": token}), "GetInventorySummariesResponse", FBA_MODEL
    )
    assert len(last["payload"]["inventorySummaries"]) == 10
    refused = box.call("GET", FBA, params={**params, "sellerSkus": ",".join("x" * 51)})
    assert (refused.status_code, problems(refused.json(), "GetInventorySummariesResponse", FBA_MODEL)) == (400, [])
    assert parameter(FBA_MODEL, FBA, "get", "sellerSkus")["maxItems"] == 50
