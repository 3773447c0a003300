"""What happens to an order: payment, shipment and its correction, cancellation, a buyer's wish to cancel, a new address.

Pure: an order in, a new order out; nothing is changed when a rule is broken. Rules come from amazon.md section 6 and the
models; where those are silent the stricter reading is taken.
"""

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.amazon.sandbox import money
from connectors.amazon.sandbox.marketplaces import MARKETPLACES
from connectors.kit.sandbox.steering import Json, RefusedError

OPEN = ("UNSHIPPED", "PARTIALLY_SHIPPED")
WAITING = ("PENDING", "PENDING_AVAILABILITY")


class RuleError(RefusedError):
    """The request breaks a rule."""


@dataclass(frozen=True)
class Parcel:
    """A parcel as confirmed. units: by order item id; ship_time: as text, ISO 8601."""

    reference: str
    carrier: str
    service: str
    tracking: str
    ship_time: str
    units: Mapping[str, int]


def items_of(order: Json) -> list[Json]:
    found: list[Json] = order["orderItems"]
    return found


def item_of(order: Json, item_id: str) -> Json:
    for item in items_of(order):
        if item["orderItemId"] == item_id:
            return item
    raise RuleError(f"no such order item: {item_id}")


def pay(order: Json) -> Json:
    """Payment is confirmed: from now on there is money, a buyer and an address."""
    if order["fulfillment"]["fulfillmentStatus"] not in WAITING:
        raise RuleError("the order is not waiting for its payment")
    changed = copy.deepcopy(order)
    changed["fulfillment"]["fulfillmentStatus"] = "UNSHIPPED"
    return changed


def ship(order: Json, parcel: Parcel, created: str) -> Json:
    """A parcel is on its way. One with a reference that is there already replaces that one (a correction)."""
    changed = copy.deepcopy(order)
    packages: list[Json] = changed.setdefault("packages", [])
    before = next((one for one in packages if one["packageReferenceId"] == parcel.reference), None)
    status = changed["fulfillment"]["fulfillmentStatus"]
    if status not in OPEN and not (status == "SHIPPED" and before is not None):
        raise RuleError(f"the order is {status}: nothing is left to ship")
    for one in before["packageItems"] if before else ():
        _move(item_of(changed, one["orderItemId"]), -one["quantity"])
    for item_id, quantity in parcel.units.items():
        item = item_of(changed, item_id)
        if quantity < 1 or quantity > item["fulfillment"]["quantityUnfulfilled"]:
            raise RuleError(f"order item {item_id}: {item['fulfillment']['quantityUnfulfilled']} are left to ship")
        _move(item, quantity)
    if before is not None:
        packages.remove(before)
        created = before["createdTime"]
    packages.append(_package(parcel, created))
    return _settled(changed)


def send_all(order: Json) -> Json:
    """Everything left is gone, without parcels: what Amazon does with the orders it fulfils itself."""
    changed = copy.deepcopy(order)
    if changed["fulfillment"]["fulfillmentStatus"] not in OPEN:
        raise RuleError("nothing is left to ship")
    for item in items_of(changed):
        _move(item, item["fulfillment"]["quantityUnfulfilled"])
    return _settled(changed)


def cancel(order: Json, item_ids: Collection[str], by: str, reason: str) -> Json:
    """What is not shipped of the items is cancelled; no item named means all. by: BUYER, MERCHANT or AMAZON."""
    changed = copy.deepcopy(order)
    status = changed["fulfillment"]["fulfillmentStatus"]
    if status not in (*OPEN, *WAITING):
        raise RuleError(f"the order is {status}: it cannot be cancelled")
    for item in [item_of(changed, one) for one in item_ids] or items_of(changed):
        if not item["fulfillment"]["quantityUnfulfilled"]:
            if item_ids:
                raise RuleError(f"order item {item['orderItemId']}: nothing is left to cancel")
            continue
        _cancelled(changed, item, by, reason)
    return _settled(changed)


def ask_to_cancel(order: Json, item_ids: Collection[str], reason: str) -> Json:
    """The buyer wishes to cancel; whether it happens is the seller's to say."""
    changed = copy.deepcopy(order)
    if changed["fulfillment"]["fulfillmentStatus"] not in OPEN:
        raise RuleError("only orders with something left to ship can be asked to be cancelled")
    for item in [item_of(changed, one) for one in item_ids] or items_of(changed):
        request = {"requester": "BUYER", **({"cancelReason": reason} if reason else {})}
        item.setdefault("cancellation", {})["cancellationRequest"] = request
    return changed


def readdress(order: Json, fields: Mapping[str, Any]) -> Json:
    changed = copy.deepcopy(order)
    changed.setdefault("recipient", {}).setdefault("deliveryAddress", {}).update(fields)
    return changed


def _move(item: Json, quantity: int) -> None:
    item["fulfillment"]["quantityFulfilled"] += quantity
    item["fulfillment"]["quantityUnfulfilled"] -= quantity


def _cancelled(order: Json, item: Json, by: str, reason: str) -> None:
    item["fulfillment"]["quantityUnfulfilled"] = 0
    execution = {"cancelledBy": by, **({"cancelReason": reason} if reason else {})}
    item.setdefault("cancellation", {})["cancellationExecution"] = execution
    shipped, ordered = item["fulfillment"]["quantityFulfilled"], item["quantityOrdered"]
    if not shipped:
        item.pop("proceeds", None)
    elif "proceeds" in item:
        place = MARKETPLACES[order["salesChannel"]["marketplaceId"]]
        item["proceeds"] = money.scaled(item["proceeds"], shipped, ordered, place)


def _settled(order: Json) -> Json:
    """Status and sums as they follow from the items."""
    items = [item["fulfillment"] for item in items_of(order)]
    gone, left = (any(one[name] for one in items) for name in ("quantityFulfilled", "quantityUnfulfilled"))
    held = order["fulfillment"]
    if held["fulfillmentStatus"] not in WAITING or not left:
        held["fulfillmentStatus"] = (
            ("PARTIALLY_SHIPPED" if gone else "UNSHIPPED") if left else "SHIPPED" if gone else "CANCELLED"
        )
    place = MARKETPLACES[order["salesChannel"]["marketplaceId"]]
    sums = money.order_proceeds(items_of(order), place)
    order.pop("proceeds", None)
    if sums is not None:
        order["proceeds"] = sums
    return order


def _package(parcel: Parcel, created: str) -> Json:
    package: Json = {
        "packageReferenceId": parcel.reference,
        "createdTime": created,
        "packageStatus": {"status": "SHIPPED"},
        "carrier": parcel.carrier,
        "shipTime": parcel.ship_time,
        "trackingNumber": parcel.tracking,
        "packageItems": [{"orderItemId": item, "quantity": quantity} for item, quantity in parcel.units.items()],
    }
    return {**package, "shippingService": parcel.service} if parcel.service else package
