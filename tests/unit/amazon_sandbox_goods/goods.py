"""Listings the tests start from."""

from typing import Any

from connectors.amazon.sandbox.listing_catalogue import BRAND
from connectors.amazon.sandbox.listing_changes import Pages
from connectors.amazon.sandbox.listing_store import Change, Listing

US, CA, DE, JP = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9", "A1VC38T7YXB528"
KEY = ("seller", "S-1")
ASIN = "B000000001"
Json = dict[str, Any]
# A catalogue with one page, of one barcode.
PAGES = Pages(
    lambda gtin: ASIN if gtin == "00012345678905" else "", lambda asin: asin == ASIN, lambda sku: f"B0NEW{len(sku):05d}"
)


def price(amount: Any) -> list[Json]:
    return [{"schedule": [{"value_with_tax": amount}]}]


def offer(amount: Any = 19.99, place: str = US, currency: str = "USD", audience: str = "ALL", **more: Any) -> Json:
    return {"marketplace_id": place, "currency": currency, "audience": audience, "our_price": price(amount), **more}


def stock(quantity: int | None = 5, channel: str = "DEFAULT", **more: Any) -> Json:
    found: Json = {"fulfillment_channel_code": channel, **more}
    return found if quantity is None else {**found, "quantity": quantity}


def text(value: str, place: str = US, language: str = "en_US") -> Json:
    return {"value": value, "language_tag": language, "marketplace_id": place}


def full(place: str = US, **more: Any) -> Json:
    """Attributes of a listing of the type PRODUCT that lacks nothing."""
    return {
        "item_name": [text("A lamp", place)],
        "brand": [text(BRAND, place)],
        "condition_type": [{"value": "new_new", "marketplace_id": place}],
        "purchasable_offer": [offer(place=place)],
        "fulfillment_availability": [stock()],
        "main_product_image_locator": [{"media_location": "https://images.example/1.jpg", "marketplace_id": place}],
        **more,
    }


def put(attributes: Json, *places: str, requirements: str = "LISTING", kind: str = "PRODUCT") -> Change:
    return Change("put", places or (US,), 0.0, "put", "r", kind, requirements, attributes)


def patch(*patches: Json, places: tuple[str, ...] = (US,)) -> Change:
    return Change("patch", places, 0.0, "patch", "r", "PRODUCT", patches=list(patches))


def op(kind: str, name: str, *values: Json) -> Json:
    return {"op": kind, "path": f"/attributes/{name}", "value": list(values)}


def listing(attributes: Json | None = None, *places: str, **more: Any) -> Listing:
    held = {
        place: {"product_type": "PRODUCT", "requirements": "LISTING", "created": 1000, "updated": 1000}
        for place in places or (US,)
    }
    return Listing(*KEY, asin=ASIN, attributes=full() if attributes is None else attributes, places=held, **more)
