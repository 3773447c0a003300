"""A listing as the API gives it, by blocks of included data. Pure. What is written in snake_case is read in camelCase, prices as text."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.amazon.sandbox.definitions_types import LISTING
from connectors.amazon.sandbox.listing_changes import quantity_of
from connectors.amazon.sandbox.listing_issues import REMOVED, SEARCH_SUPPRESSED, SUPPRESSED, actions
from connectors.amazon.sandbox.listing_rules import AVAILABILITY, OFFERS, OWN_CHANNEL, ends_ms, prices_of, starts_ms
from connectors.amazon.sandbox.listing_store import Listing
from connectors.amazon.sandbox.marketplaces import MARKETPLACES
from connectors.amazon.sandbox.moments import iso
from connectors.kit.sandbox.steering import Json

BLOCKS = (
    "summaries",
    "attributes",
    "issues",
    "offers",
    "fulfillmentAvailability",
    "procurement",
    "relationships",
    "productTypes",
)
BUYABLE, DISCOVERABLE = "BUYABLE", "DISCOVERABLE"
_AUDIENCES = {"ALL": ("B2C", "Sell on Amazon"), "B2B": ("B2B", "Amazon Business")}


@dataclass(frozen=True)
class Around:
    """What belongs to a listing and is kept elsewhere. title: of its page; sold: units that orders took off the number; by_amazon: units
    that Amazon can send, by marketplace; children: SKUs that name it their parent; now_ms: epoch milliseconds; fn_sku: what Amazon's
    warehouses call it."""

    title: str
    sold: int
    by_amazon: Mapping[str, int]
    children: Sequence[str]
    now_ms: int
    fn_sku: str = ""


def shown(listing: Listing, around: Around, places: Sequence[str], included: Collection[str]) -> Json:
    here = [place for place in places if place in listing.places]
    blocks: dict[str, Any] = {
        "summaries": lambda: [_summary(listing, around, place) for place in here],
        "attributes": lambda: _attributes(listing, here),
        "issues": lambda: [one for one in listing.all_issues if set(one.get("marketplaceIds", here)) & set(here)],
        "offers": lambda: offers(listing, here, around.now_ms),
        "fulfillmentAvailability": lambda: availability(listing, around.sold),
        "procurement": list,
        "relationships": lambda: [_relationship(listing, around, place) for place in here],
        "productTypes": lambda: [{"marketplaceId": place, "productType": _type(listing, place)} for place in here],
    }
    return {"sku": listing.sku, **{name: make() for name, make in blocks.items() if name in included}}


def available(listing: Listing, sold: int) -> int:
    """Units of the seller's own that can be bought."""
    return max(0, (quantity_of(listing.attributes) or 0) - sold)


def statuses(listing: Listing, around: Around, place: str) -> list[str]:
    done = actions(listing.all_issues, place)
    priced = any(one["offerType"] == "B2C" for one in offers(listing, [place], around.now_ms))
    channels = {one.get("fulfillment_channel_code") for one in listing.attributes.get(AVAILABILITY, [])}
    there = available(listing, around.sold) > 0 or (
        bool(channels - {OWN_CHANNEL}) and around.by_amazon.get(place, 0) > 0
    )
    buyable = priced and there and not done & {SUPPRESSED, REMOVED}
    discoverable = bool(name_of(listing, around, place)) and not done & {SEARCH_SUPPRESSED, REMOVED}
    return [name for name, holds in ((BUYABLE, buyable), (DISCOVERABLE, discoverable)) if holds]


def offers(listing: Listing, places: Sequence[str], now_ms: int) -> list[Json]:
    """The price in force: that of a sale while it lasts."""
    found = []
    for offer in listing.attributes.get(OFFERS, []):
        place, price = str(offer.get("marketplace_id")), price_now(offer, now_ms)
        if place not in places or price is None:
            continue
        audience = str(offer.get("audience", "ALL"))
        kind, name = _AUDIENCES[audience]
        amount = f"{price:.{MARKETPLACES[place].digits}f}"
        money = {"currencyCode": offer["currency"], "amount": amount}
        found.append(
            {
                "marketplaceId": place,
                "offerType": kind,
                "price": money,
                "audience": {"value": audience, "displayName": name},
            }
        )
    return found


def price_now(offer: Json, now_ms: int) -> Decimal | None:
    for block in offer.get("discounted_price") or []:
        for slot in block.get("schedule", []):
            if starts_ms(slot["start_at"]) <= now_ms < ends_ms(slot["end_at"]):
                return Decimal(str(slot["value_with_tax"]))
    prices = prices_of(offer)
    return prices[0] if prices else None


def availability(listing: Listing, sold: int) -> list[Json]:
    """Amazon's own channel has no number here: its stock is read from FBA inventory."""
    found = []
    for one in listing.attributes.get(AVAILABILITY, []):
        channel: Json = {"fulfillmentChannelCode": one["fulfillment_channel_code"]}
        if one["fulfillment_channel_code"] == OWN_CHANNEL and "quantity" in one:
            channel["quantity"] = available(listing, sold)
        found.append(channel)
    return found


def name_of(listing: Listing, around: Around, place: str) -> str:
    names = [one for one in listing.attributes.get("item_name", []) if one.get("marketplace_id") == place]
    return str(names[0]["value"]) if names else around.title


def _summary(listing: Listing, around: Around, place: str) -> Json:
    held = listing.places[place]
    found: Json = {
        "marketplaceId": place,
        "asin": listing.asin,
        "productType": held["product_type"],
        "conditionType": _first(listing, "condition_type", place, "value") or "new_new",
        "status": statuses(listing, around, place),
        "itemName": name_of(listing, around, place),
        "createdDate": iso(held["created"]),
        "lastUpdatedDate": iso(held["updated"]),
    }
    if around.fn_sku:
        found["fnSku"] = around.fn_sku
    if image := _first(listing, "main_product_image_locator", place, "media_location"):
        found["mainImage"] = {"link": image, "height": 1000, "width": 1000}
    return found


def _attributes(listing: Listing, places: Sequence[str]) -> Json:
    found = {
        name: [one for one in values if "marketplace_id" not in one or one["marketplace_id"] in places]
        for name, values in listing.attributes.items()
    }
    return {name: values for name, values in found.items() if values}


def _relationship(listing: Listing, around: Around, place: str) -> Json:
    found: Json = {}
    if parent := _first(listing, "child_parent_sku_relationship", place, "parent_sku"):
        found["parentSkus"] = [parent]
    if around.children:
        found["childSkus"] = list(around.children)
    theme = _first(listing, "variation_theme", place, "name")
    if found and theme:
        found["variationTheme"] = {"theme": theme, "attributes": theme.lower().split("/")}
    return {"marketplaceId": place, "relationships": [{**found, "type": "VARIATION"}] if found else []}


def _type(listing: Listing, place: str) -> str:
    return str(listing.places[place].get("product_type", LISTING))


def _first(listing: Listing, name: str, place: str, part: str) -> str:
    values = [one for one in listing.attributes.get(name, []) if one.get("marketplace_id", place) == place]
    return str(values[0].get(part, "")) if values else ""
