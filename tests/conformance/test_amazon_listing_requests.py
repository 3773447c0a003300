"""TEST-1: what we write on listings is as the published models say, call by call and message by message, and published answers are understood."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator

from connectors.amazon.feed_documents import document_of
from connectors.amazon.listing_draft import Draft, first_prices
from connectors.amazon.listing_items import (
    delete_listing,
    get_listings,
    merge,
    patch_listing,
    put_listing,
    shown_in,
    submission_in,
)
from connectors.amazon.numbers import Numbers
from connectors.amazon.pages import asins_of
from connectors.amazon.prices import Prices
from connectors.amazon.stock import Stock
from connectors.kit import exact_json
from connectors.kit.catalogue.first_price import FirstPricing
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from tests.conformance.amazon_models import MODELS, Json, examples, problems
from tests.conformance.test_amazon_in_models import unsound
from tests.unit.amazon.fake import Fake, reply
from tests.unit.amazon_numbers.samples import NOW, US, delivery, price_delivery, settings, shown
from tests.unit.kit.catalogue.samples import product

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
MODEL = "listingsItems_2021-08-01"
TAKEN = {"sku": "S-1", "status": "ACCEPTED", "submissionId": "x", "issues": []}


def fake(*answers: Json) -> Fake:
    left = list(answers)
    return Fake(lambda request: reply(200, left.pop(0) if len(left) > 1 else left[0]))


def body_of(request: httpx.Request) -> Json:
    """As plain JSON, which the validator reads."""
    found: Json = json.loads(request.content)
    return found


def kinds() -> tuple[Numbers, Numbers]:
    one = settings()
    return Numbers(one, Stock(one)), Numbers(one, Prices(one, lambda: NOW))


async def test_changes_of_numbers_are_as_the_model_says() -> None:
    stock, prices = kinds()
    for kind, told in ((stock, delivery("set_stock", quantity="7", urgent=True)), (prices, price_delivery("19.90"))):
        found = fake(TAKEN)
        await kind.put(found.client, kind.addressed(kind.read(told), shown()))
        (request,) = found.requests
        assert unsound(request) == []
        assert problems(body_of(request), "ListingsItemPatchRequest", MODEL) == []


async def test_a_wrong_change_is_noticed() -> None:
    found = fake(TAKEN)
    await patch_listing(found.client, "S-1", "", [{**merge("x", {"a": 1}), "op": "remove"}], Priority.STOCK)
    assert problems(body_of(found.requests[0]), "ListingsItemPatchRequest", MODEL)


@pytest.mark.parametrize("preview", [True, False])
async def test_listings_are_asked_for_as_the_model_says(preview: bool) -> None:
    found, texts = fake(TAKEN), {"item_name": "A Lamp"}
    draft = Draft(
        "LAMP", "LISTING", {"texts": texts, "attributes": {"condition_type": "new_new"}}, ("ean", "4006381333931")
    )
    first = first_prices(product(), [US], "main", FirstPricing("amazon"))
    attributes = {**draft.attributes(US, ["https://a.example/1.jpg"]), **first[US]}
    await put_listing(found.client, "S 1", US, draft.product_type, draft.requirements, attributes, preview=preview)
    await delete_listing(found.client, "S 1", US)
    assert [problem for request in found.requests for problem in unsound(request)] == []
    assert problems(body_of(found.requests[0]), "ListingsItemPutRequest", MODEL) == []


async def test_what_is_read_is_asked_for_as_the_models_say() -> None:
    found = fake({"sku": "S-1"}, {"numberOfResults": 0, "items": []}, {"numberOfResults": 0, "items": []})
    await get_listings(found.client, ["S-1"])
    await get_listings(found.client, ["S-1", "S-2"])
    await asins_of(found.client, ["04006381333931"])
    assert len(found.requests) == 3
    assert [problem for request in found.requests for problem in unsound(request)] == []


def test_messages_of_feeds_are_as_the_schema_says() -> None:
    schema = json.loads((MODELS / "schemas" / "feeds" / "listings-feed-schema-v2.json").read_text(encoding="utf-8"))
    stock, prices = kinds()
    for kind, told in ((stock, delivery("set_stock", quantity="7", urgent=False)), (prices, price_delivery("19.90"))):
        feed = kind.feed("main", [kind.addressed(kind.read(told), shown())], "mark")
        document: Any = json.loads(document_of(feed, "A1CANARYSELLER"))
        assert [error.message for error in Draft7Validator(schema).iter_errors(document)] == []
        assert document["messages"][0]["operationType"] == "PATCH"


def test_published_listings_and_submissions_are_understood() -> None:
    read, taken = 0, 0
    for one in examples(MODEL):
        if one.status != 200:
            continue
        if one.method.upper() == "GET":
            for item in one.answer.get("items", [one.answer]):
                assert shown_in(Reader(exact_json.loads(json.dumps(item).encode()))).sku == item["sku"]
                read += 1
        else:
            assert submission_in(one.answer).status == one.answer["status"]
            taken += 1
    assert read
    assert taken
