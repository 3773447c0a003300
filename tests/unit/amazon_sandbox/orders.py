"""Orders the tests of the sandbox start from."""

from datetime import UTC, datetime
from typing import Any

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.generator import make_order
from connectors.amazon.sandbox.lifecycle import Parcel
from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.mix import OrderMix
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER, FE_SELLER, Seller

PLACED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOW = "2026-11-20T13:00:00Z"
Json = dict[str, Any]
SELLERS = {"US": DEMO_SELLER, "CA": DEMO_SELLER, "DE": EU_SELLER, "UK": EU_SELLER, "JP": FE_SELLER}


def order_of(*quantities: int, country: str = "US", **mix: Any) -> Json:
    """An unshipped order of a marketplace with an item per quantity."""
    weights = tuple(float(n == len(quantities)) for n in range(1, len(quantities) + 1))
    wanted = OrderMix(items=weights, marketplaces=(BY_COUNTRY[country].id,), **mix)
    body = make_order(1, 0, wanted, PLACED, seller_of(country)).body
    for item, count in zip(lifecycle.items_of(body), quantities, strict=True):
        before = item["quantityOrdered"]
        item["quantityOrdered"] = item["fulfillment"]["quantityUnfulfilled"] = count
        assert before == 1
    return body


def seller_of(country: str) -> Seller:
    return SELLERS[country]


def ids_of(order: Json) -> list[str]:
    return [item["orderItemId"] for item in lifecycle.items_of(order)]


def parcel(units: dict[str, int], reference: str = "1", tracking: str = "1Z1") -> Parcel:
    return Parcel(reference, "UPS", "Ground", tracking, NOW, units)


def states(order: Json) -> list[tuple[int, int]]:
    """(shipped, left) of each item."""
    found = [item["fulfillment"] for item in lifecycle.items_of(order)]
    return [(one["quantityFulfilled"], one["quantityUnfulfilled"]) for one in found]


def status(order: Json) -> str:
    return str(order["fulfillment"]["fulfillmentStatus"])
