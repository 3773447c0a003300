"""Orders as Amazon shows them, as far as writes look at them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from connectors.amazon.order_state import OrderNow, order_now
from tests.contract.amazon_orders_out import ONE, TWO, an_order

Json = dict[str, Any]
DE = "A1PA6795UKMFR9"
Counts = dict[str, tuple[int, int]]


def parcel(reference: str, tracking: str, units: dict[str, int], at: str = "2026-11-20T11:30:00Z", **more: Any) -> Json:
    items = [{"orderItemId": item, "quantity": count} for item, count in units.items()]
    return {"packageReferenceId": reference, "trackingNumber": tracking, "shipTime": at, "packageItems": items, **more}


def order(counts: Counts | None = None, *parcels: Json, status: str = "UNSHIPPED", **fields: Any) -> OrderNow:
    """`counts`: (shipped, open) of items."""
    raw = {**an_order(status=status), "packages": list(parcels), **fields}
    for item in raw["orderItems"]:
        shipped, left = (counts or {}).get(item["orderItemId"], (0, item["quantityOrdered"]))
        item["fulfillment"] = {"quantityFulfilled": shipped, "quantityUnfulfilled": left}
    return order_now(raw)


def shipped_order() -> OrderNow:
    return order({ONE: (2, 0), TWO: (1, 0)}, status="SHIPPED")


def taxed_order() -> OrderNow:
    """In Germany: 20.00 and 4.00 with 19 % tax in them."""
    raw = an_order(status="SHIPPED")
    raw["salesChannel"] = {"channelName": "AMAZON", "marketplaceId": DE, "marketplaceName": "Amazon.de"}
    for item in raw["orderItems"]:
        item["fulfillment"] = {"quantityFulfilled": item["quantityOrdered"], "quantityUnfulfilled": 0}
        amount = Decimal(item["proceeds"]["breakdowns"][0]["subtotal"]["amount"])
        kinds = (("ITEM", amount), ("SHIPPING", Decimal(4)))
        item["proceeds"] = {
            "proceedsTotal": _eur(amount + 4), "breakdowns": [{"type": kind, "subtotal": _eur(much)} for kind, much in kinds],
        }  # fmt: skip
    raw["proceeds"] = {"grandTotal": _eur(Decimal(33)), "breakdowns": []}
    return order_now(raw)


def _eur(amount: Decimal) -> Json:
    return {"amount": f"{amount:.2f}", "currencyCode": "EUR"}
