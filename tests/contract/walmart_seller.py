"""What tests of the Walmart sandbox send for stock, prices and items."""

import json
from typing import Any
from urllib.parse import quote

import httpx

from connectors.kit.sandbox.catalog import ean13
from connectors.walmart.sandbox.settings import SandboxSettings
from tests.contract.walmart_box import Box

Json = dict[str, Any]
VERSION = SandboxSettings().item_versions[0]
V5_HEADER = {"businessUnit": "WALMART_US", "locale": "en", "version": VERSION}
NODE = "100009"


def gtin(number: int) -> str:
    return ean13(f"203{number:09d}").zfill(14)


def send_file(box: Box, kind: str, content: bytes, query: str = "", name: str = "file") -> httpx.Response:
    files = {name: ("feed.json", content, "application/json")}
    return box.call("POST", f"/v3/feeds?feedType={kind}{query}", files=files)


def send(box: Box, kind: str, body: Any, query: str = "") -> str:
    """The id of an accepted feed."""
    feed_id: str = send_file(box, kind, json.dumps(body).encode(), query).raise_for_status().json()["feedId"]
    return feed_id


def status(box: Box, feed_id: str, query: str = "includeDetails=true") -> Json:
    found: Json = box.call("GET", f"/v3/feeds/{quote(feed_id, safe='')}?{query}").raise_for_status().json()
    return found


def done(box: Box, feed_id: str) -> Json:
    """The feed after its time."""
    box.clock.now += 3
    return status(box, feed_id)


def fates(feed: Json) -> list[tuple[str, str, str]]:
    """(SKU, status, first error's code) of each item of a feed."""
    found = []
    for item in feed["itemDetails"]["itemIngestionStatus"]:
        errors = item.get("ingestionErrors", {}).get("ingestionError", [])
        found.append((item["sku"], item["ingestionStatus"], errors[0]["code"] if errors else ""))
    return found


def inventory(**amounts: Any) -> Json:
    rows = [{"sku": sku, "quantity": {"unit": "EACH", "amount": amount}} for sku, amount in amounts.items()]
    return {"InventoryHeader": {"version": "1.4"}, "Inventory": rows}


def price_entry(sku: str, amount: Any, kind: str = "BASE", **more: Any) -> Json:
    money = {"currency": "USD", "amount": amount}
    return {"sku": sku, "pricing": [{"currentPriceType": kind, "currentPrice": money, **more}]}


def prices(*entries: Json) -> Json:
    return {"PriceHeader": {"version": "1.7"}, "Price": list(entries)}


def mp_item(sku: str, number: int, **orderable: Any) -> Json:
    """An item with everything that "Wall Clocks" asks for."""
    block = {
        "sku": sku,
        "productIdentifiers": {"productIdType": "GTIN", "productId": gtin(number)},
        "productName": f"Clock {number}",
        "brand": "Sandbox",
        "price": 19.99,
        "ShippingWeight": 1.5,
        **orderable,
    }
    visible = {
        "shortDescription": "A clock.",
        "mainImageUrl": "https://images.walmart.example/1.jpeg",
        "keyFeatures": ["It ticks"],
        "color": ["Black"],
    }
    return {"Orderable": block, "Visible": {"Wall Clocks": visible}}


def items(*entries: Json, header: Json = V5_HEADER) -> Json:
    return {"MPItemFeedHeader": header, "MPItem": list(entries)}


def add(box: Box, **body: Any) -> list[str]:
    skus: list[str] = box.http.post("/sandbox/items", json=body).raise_for_status().json()["skus"]
    return skus


def put_stock(box: Box, sku: str, amount: Any, query: str = "", **more: Any) -> httpx.Response:
    body = {"sku": sku, "quantity": {"unit": "EACH", "amount": amount}}
    return box.call("PUT", f"/v3/inventory?sku={quote(sku, safe='')}{query}", json=body, **more)


def truth(box: Box, sku: str) -> Json:
    found: Json = box.http.get(f"/sandbox/items/{quote(sku, safe='')}").raise_for_status().json()
    return found
