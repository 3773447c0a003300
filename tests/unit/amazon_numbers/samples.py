"""Listings as the API shows them, and deliveries of numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.amazon.listing_items import Shown, shown_in
from connectors.amazon.settings import AmazonSettings
from connectors.kit.ports import Delivery
from connectors.kit.reading import Reader

US, CA, DE, FR = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Json = dict[str, Any]


def settings(*marketplaces: str, region: str = "na", **changes: Any) -> AmazonSettings:
    account = {
        "region": region, "seller_id": "A2SELLER0001", "marketplaces": marketplaces or ("US",), "client_id": "c",
        "client_secret": "s", "refresh_token": "r",
    }  # fmt: skip
    return AmazonSettings.model_validate({"accounts": {"main": account}, **changes})


def summary(marketplace: str = US, **more: Any) -> Json:
    times = {"createdDate": "2026-01-01T00:00:00Z", "lastUpdatedDate": "2026-01-01T00:00:00Z"}
    return {
        "marketplaceId": marketplace,
        "asin": "B000000001",
        "productType": "LUGGAGE",
        "status": ["BUYABLE"],
        **times,
        **more,
    }


def offer(amount: str = "15.00", marketplace: str = US, currency: str = "USD", **more: Any) -> Json:
    price = [{"schedule": [{"value_with_tax": Decimal(amount)}]}]
    return {"marketplace_id": marketplace, "currency": currency, "audience": "ALL", "our_price": price, **more}


def sale(amount: str, starts: str, ends: str) -> list[Json]:
    return [{"schedule": [{"start_at": starts, "end_at": ends, "value_with_tax": Decimal(amount)}]}]


def listing(*offers: Json, places: tuple[str, ...] = (US,), **more: Any) -> Json:
    return {
        "sku": "S-1", "summaries": [summary(place) for place in places], "attributes": {"purchasable_offer": list(offers)},
        "fulfillmentAvailability": [{"fulfillmentChannelCode": "DEFAULT", "quantity": 5}], "issues": [], **more,
    }  # fmt: skip


def shown(*offers: Json, **more: Any) -> Shown:
    return shown_in(Reader(listing(*offers, **more)))


def delivery(operation: str, **body: Any) -> Delivery:
    key = f"{operation}:amazon:main:S-1"
    content = {"sku": "S-1", **body}
    return Delivery(f"{key}/1", operation, False, key, "odoo", "main", 1, "c", "c", content)


def price_delivery(amount: str, currency: str = "USD", **body: Any) -> Delivery:
    money = {"amount": amount, "currency": currency}
    return delivery(
        "set_price", **{"price": money, "sale_price": None, "sale_starts_at": None, "sale_ends_at": None, **body}
    )
