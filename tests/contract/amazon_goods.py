"""Calls of tests about what a seller offers at the Amazon sandbox: listings, their feed, Amazon's own stock, reports."""

import gzip
import json
from typing import Any
from urllib.parse import quote

import httpx

from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.settings import DEMO_SELLER, Seller
from tests.contract.amazon_box import Box, Json

US, CA, DE, UK, JP = (BY_COUNTRY[country].id for country in ("US", "CA", "DE", "UK", "JP"))
LISTINGS, FEEDS, REPORTS = "/listings/2021-08-01/items", "/feeds/2021-06-30", "/reports/2021-06-30"
FBA, CATALOG = "/fba/inventory/v1/summaries", "/catalog/2022-04-01/items"
DEFINITIONS = "/definitions/2020-09-01/productTypes"
JSON_TYPE = "application/json; charset=UTF-8"
NUMBERS, OFFERS = "fulfillment_availability", "purchasable_offer"
ALL_BLOCKS = "summaries,attributes,issues,offers,fulfillmentAvailability,procurement,relationships,productTypes"


def path(sku: str, seller: Seller = DEMO_SELLER) -> str:
    return f"{LISTINGS}/{seller.seller_id}/{quote(sku, safe='')}"


def merge(name: str, *values: Json) -> Json:
    return {"op": "merge", "path": f"/attributes/{name}", "value": list(values)}


def number(quantity: int) -> Json:
    """The body of a PATCH that writes a number."""
    return {
        "productType": "PRODUCT",
        "patches": [merge(NUMBERS, {"fulfillment_channel_code": "DEFAULT", "quantity": quantity})],
    }


def offer(amount: float, place: str = US, currency: str = "USD", **more: Any) -> Json:
    return {
        "marketplace_id": place,
        "currency": currency,
        "audience": "ALL",
        "our_price": [{"schedule": [{"value_with_tax": amount}]}],
        **more,
    }


def price(amount: float) -> Json:
    return {"productType": "PRODUCT", "patches": [merge(OFFERS, offer(amount))]}


def patch(box: Box, sku: str, body: Json, place: str = US, **params: str) -> httpx.Response:
    return box.call("PATCH", path(sku), params={"marketplaceIds": place, **params}, json=body)


def put(box: Box, sku: str, body: Json, place: str = US, **params: str) -> httpx.Response:
    return box.call("PUT", path(sku), params={"marketplaceIds": place, **params}, json=body)


def new(**attributes: Any) -> Json:
    """The body of a PUT of a new product."""
    given: Json = {
        "item_name": [{"value": "A new lamp", "language_tag": "en_US"}],
        "brand": [{"value": "Example"}],
        "condition_type": [{"value": "new_new"}],
        OFFERS: [{"currency": "USD", "our_price": [{"schedule": [{"value_with_tax": 12.5}]}]}],
        NUMBERS: [{"fulfillment_channel_code": "DEFAULT", "quantity": 4}],
        "main_product_image_locator": [{"media_location": "https://images.example/new.jpg"}],
    }
    return {"productType": "PRODUCT", "requirements": "LISTING", "attributes": {**given, **attributes}}


def item(box: Box, sku: str, place: str = US, included: str = ALL_BLOCKS, seller: Seller = DEMO_SELLER) -> Json:
    params = {"marketplaceIds": place, "includedData": included}
    found: Json = box.call("GET", path(sku, seller), seller, params=params).raise_for_status().json()
    return found


def truth(box: Box, sku: str, seller: Seller = DEMO_SELLER) -> Json:
    found: Json = box.http.get(f"/sandbox/items/{sku}", params={"account": seller.seller_id}).raise_for_status().json()
    return found


def history(box: Box, sku: str) -> list[tuple[str | None, str, bool]]:
    """(number, by what, whether it was older than the one before it)"""
    return [(one["value"], one["via"], one["stale"]) for one in truth(box, sku)["stock_history"]]


def feed_of(*messages: Json, seller: Seller = DEMO_SELLER) -> Json:
    return {"header": {"sellerId": seller.seller_id, "version": "2.0"}, "messages": list(messages)}


def number_message(message_id: int, sku: str, quantity: int) -> Json:
    return {"messageId": message_id, "sku": sku, "operationType": "PATCH", **number(quantity)}


def created(
    box: Box, body: Any, seller: Seller = DEMO_SELLER, *, place: str = US, kind: str = "JSON_LISTINGS_FEED"
) -> httpx.Response:
    document = box.call("POST", f"{FEEDS}/documents", seller, json={"contentType": JSON_TYPE}).json()
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    box.http.put(document["url"], content=content, headers={"content-type": JSON_TYPE}).raise_for_status()
    feed = {"feedType": kind, "marketplaceIds": [place], "inputFeedDocumentId": document["feedDocumentId"]}
    return box.call("POST", f"{FEEDS}/feeds", seller, json=feed)


def send(box: Box, body: Any, seller: Seller = DEMO_SELLER, *, place: str = US) -> str:
    return str(created(box, body, seller, place=place).raise_for_status().json()["feedId"])


def result(box: Box, feed_id: str, seller: Seller = DEMO_SELLER) -> tuple[str, Json]:
    """(status, processing report) of a feed that has ended."""
    feed = box.call("GET", f"{FEEDS}/feeds/{feed_id}", seller).raise_for_status().json()
    document = box.call("GET", f"{FEEDS}/documents/{feed['resultFeedDocumentId']}", seller).raise_for_status().json()
    return feed["processingStatus"], json.loads(fetched(box, document))


def fetched(box: Box, document: Json) -> bytes:
    """What a document holds, unpacked."""
    content = box.http.get(document["url"]).raise_for_status().content
    return gzip.decompress(content) if "compressionAlgorithm" in document else content


def report(
    box: Box, kind: str, seller: Seller = DEMO_SELLER, place: str = US, since: str = "2026-11-01T00:00:00Z"
) -> tuple[str, bytes]:
    """(status, content) of a report that is asked for and waited for."""
    body = {"reportType": kind, "marketplaceIds": [place], "dataStartTime": since, "dataEndTime": box.ago(0)}
    report_id = box.call("POST", f"{REPORTS}/reports", seller, json=body).raise_for_status().json()["reportId"]
    box.clock.tick(10)
    found = box.call("GET", f"{REPORTS}/reports/{report_id}", seller).raise_for_status().json()
    if "reportDocumentId" not in found:
        return found["processingStatus"], b""
    document = box.call("GET", f"{REPORTS}/documents/{found['reportDocumentId']}", seller).raise_for_status().json()
    return found["processingStatus"], fetched(box, document)
