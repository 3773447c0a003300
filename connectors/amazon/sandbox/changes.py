"""Changes of an order from Amazon's and the buyer's side, as control calls and generated orders name them."""

from collections.abc import Mapping
from typing import Any

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.lifecycle import Parcel, RuleError
from connectors.kit.sandbox.steering import Json

KINDS = ("pay", "ship", "cancel", "ask_to_cancel", "address", "touch")
# What ORDER_CHANGE calls it: (OrderChangeType, ChangeReason).
REASONS: Mapping[str, tuple[str, str]] = {
    "ask_to_cancel": ("BuyerRequestedChange", "Buyer Requested Cancel"),
    "address": ("BuyerRequestedChange", "Buyer Requested Address Change"),
}
OTHERWISE = ("OrderStatusChange", "Order Status Change")


def checked(change: Mapping[str, Any]) -> None:
    """Whether a change is one, whatever the order. Raises ValueError that names what is not."""
    kind = change.get("kind")
    if kind not in KINDS:
        raise ValueError(f"kind: one of {', '.join(KINDS)} is expected")
    for name, value in change.items():
        if name != "items" and not isinstance(value, str):
            raise ValueError(f"{name}: text is expected")
    items = change.get("items")
    if kind == "ship" and items and not _are_units(items):
        raise ValueError("items: units, 1 or more, by order item id are expected")
    if kind in ("cancel", "ask_to_cancel") and not isinstance(items, list | tuple | None):
        raise ValueError("items: a list of order item ids is expected")


def applied(order: Json, change: Mapping[str, Any], at: str) -> Json:
    """The order after a change: {"kind": ..., ...}. at: ISO 8601. Raises RuleError, ValueError for what is no change.

    ship: "items" {item id: units}, none means all; "tracking", "carrier", "reference"; cancel and ask_to_cancel: "items" [ids],
    none means all, "by" and "reason"; address: the fields of deliveryAddress; touch: nothing but the time changes."""
    checked(change)
    kind, items = change["kind"], change.get("items") or ()
    match kind:
        case "pay":
            return lifecycle.pay(order)
        case "ship":
            return _shipped(order, change, at)
        case "cancel":
            return lifecycle.cancel(order, list(items), str(change.get("by", "BUYER")), str(change.get("reason", "")))
        case "ask_to_cancel":
            return lifecycle.ask_to_cancel(order, list(items), str(change.get("reason", "Ordered by mistake")))
        case "address":
            return lifecycle.readdress(order, {k: v for k, v in change.items() if k not in ("kind", "account")})
    return dict(order)


def _shipped(order: Json, change: Mapping[str, Any], at: str) -> Json:
    """Amazon ships what it fulfils without parcels that a seller could see."""
    if order["fulfillment"]["fulfilledBy"] == "AMAZON":
        return lifecycle.send_all(order)
    units = change.get("items") or {
        item["orderItemId"]: item["fulfillment"]["quantityUnfulfilled"]
        for item in lifecycle.items_of(order)
        if item["fulfillment"]["quantityUnfulfilled"]
    }
    if not units:
        raise RuleError("nothing is left to ship")
    reference = str(change.get("reference", len(order.get("packages", [])) + 1))
    tracking = str(change.get("tracking", f"999{reference.zfill(13)}"))
    parcel = Parcel(reference, str(change.get("carrier", "UPS")), str(change.get("service", "")), tracking, at, units)
    return lifecycle.ship(order, parcel, at)


def _are_units(items: Any) -> bool:
    return isinstance(items, dict) and all(type(units) is int and units > 0 for units in items.values())
