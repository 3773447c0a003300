"""TEST-1: what we send for stock and prices is what Walmart's published examples and schemas show."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.kit import exact_json
from connectors.kit.feeds import Feed
from connectors.kit.outgoing.values import ValueKind
from connectors.kit.ports import Delivery
from connectors.walmart.client import WalmartClient
from connectors.walmart.prices import Prices
from connectors.walmart.stock import Stock
from tests.conformance.test_walmart_seller_models import files_of, request_of
from tests.conformance.walmart_models import MODELS, problems
from tests.unit.walmart.fake import ACCOUNT, NOW, Fake, reply, settings_with

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
Json = dict[str, Any]


def delivery(operation: str, sku: str, **body: Any) -> Delivery:
    return Delivery("id", operation, False, f"k:{sku}", "odoo", "main", 1, "c", "c", {"sku": sku, **body})


def stock(sku: str, amount: int) -> Delivery:
    return delivery("set_stock", sku, quantity=str(amount), urgent=True)


def price(sku: str, amount: Any, ordinary: Any = None) -> Delivery:
    now = {"amount": str(ordinary or amount), "currency": "USD"}
    sale = {"amount": str(amount), "currency": "USD"} if ordinary else None
    return delivery("set_price", sku, price=now, sale_price=sale, sale_starts_at=NOW, sale_ends_at=NOW + timedelta(1))


def plain(value: Any) -> Any:
    """As JSON has it, numbers as they are compared."""
    return json.loads(exact_json.dumps(value))


def fed(kind: ValueKind[WalmartClient], *deliveries: Delivery) -> Json:
    found: Feed = kind.feed("main", [kind.read(one) for one in deliveries], "mark")
    body: Json = plain(found.body)
    return body


async def put(kind: ValueKind[WalmartClient], one: Delivery) -> tuple[httpx.Request, Json]:
    fake = Fake(lambda request: reply(200, {}))
    await kind.put(fake.client, kind.read(one))
    (request,) = fake.requests
    return request, json.loads(request.content)


async def test_a_single_stock_number_is_the_published_one() -> None:
    published = request_of("inventory", "/v3/inventory", "put")
    request, body = await put(Stock(settings_with()), stock(published["sku"], 10))
    assert body == published
    assert request.url.raw_path.decode() == f"/v3/inventory?sku={published['sku']}"
    assert problems(body, "Inventory", "inventory") == []


def test_the_stock_feed_is_the_published_one() -> None:
    published = files_of("inventory")["json1"]
    rows = [(row["sku"], row["quantity"]["amount"]) for row in published["Inventory"]]
    assert fed(Stock(settings_with()), *(stock(*row) for row in rows)) == published


def test_the_stock_feed_by_node_is_the_published_one() -> None:
    """Its letter case is another one than the single node's."""
    published = files_of("inventory")["MultiNode_Bulk_Inventory_Update_Request"]
    published["inventory"] = published["inventory"][:1]
    (row,) = published["inventory"]
    (node,) = row["shipNodes"]
    account = ACCOUNT.model_copy(update={"ship_node": node["shipNode"]})
    kind = Stock(settings_with(accounts={"main": account}))
    assert fed(kind, stock(row["sku"], node["quantity"]["amount"])) == published


async def test_a_single_price_is_the_published_one() -> None:
    published = request_of("price", "/v3/price", "put")
    _, body = await put(Prices(settings_with(), lambda: NOW), price(published["sku"], 10))
    assert body == published
    assert problems(body, "Price", "price") == []


def test_the_price_feed_with_reductions_is_the_published_one() -> None:
    published = files_of("price")["json1"]
    rows = [(row["sku"], row["pricing"][0]["currentPrice"]["amount"], "4.99") for row in published["Price"]]
    made = fed(Prices(settings_with(), lambda: NOW), *(price(*row) for row in rows))
    assert made == published
    assert [found for row in made["Price"] for found in problems(row, "Price", "price")] == []
