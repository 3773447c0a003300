"""The ORDER_CHANGE notification, which still speaks the words of Orders v0 (amazon.md section 14)."""

from collections.abc import Mapping

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.moments import iso_ms
from connectors.amazon.sandbox.store import StoredOrder
from connectors.kit.sandbox.steering import Json

_STATUSES: Mapping[str, str] = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
    "UNFULFILLABLE": "Unfulfillable",
}
_PROGRAMS: Mapping[str, str] = {"PRIME": "Prime", "AMAZON_BUSINESS": "Business"}


def body(order: StoredOrder, change_type: str, reason: str, at: float) -> Json:
    """What stands under OrderChangeNotification. Raises LookupError or TypeError for an order of wrong form."""
    trigger = {"TimeOfOrderChange": iso_ms(at * 1000), "ChangeReason": reason}
    return {
        "NotificationLevel": "OrderLevel",
        "SellerId": order.account,
        "AmazonOrderId": order.id,
        "OrderChangeType": change_type,
        "OrderChangeTrigger": trigger,
        "Summary": _summary(order),
    }


def _summary(order: StoredOrder) -> Json:
    items, held = lifecycle.items_of(order.body), order.body["fulfillment"]
    address = order.body.get("recipient", {}).get("deliveryAddress", {})
    counts = [item["fulfillment"] for item in items]
    preorder = order.status == "PENDING_AVAILABILITY"
    summary: Json = {
        "MarketplaceId": order.marketplace,
        "OrderStatus": _STATUSES[order.status],
        "PurchaseDate": iso_ms(order.created),
        "DestinationPostalCode": address.get("postalCode"),
        "FulfillmentType": "AFN" if order.fulfilled_by == "AMAZON" else "MFN",
        "OrderType": "Preorder" if preorder else "StandardOrder",
        "NumberOfItemsShipped": sum(one["quantityFulfilled"] for one in counts),
        "NumberOfItemsUnshipped": sum(one["quantityUnfulfilled"] for one in counts),
    }
    for window, earliest, latest in (
        ("deliverByWindow", "EarliestDeliveryDate", "LatestDeliveryDate"),
        ("shipByWindow", "EarliestShipDate", "LatestShipDate"),
    ):
        if window in held:
            summary |= {earliest: held[window]["earliestDateTime"], latest: held[window]["latestDateTime"]}
    if programs := [_PROGRAMS[name] for name in order.body.get("programs", []) if name in _PROGRAMS]:
        summary["OrderPrograms"] = programs
    return {**summary, "OrderItems": [_item(item) for item in items]}


def _item(item: Json) -> Json:
    shipped, left = (item["fulfillment"][name] for name in ("quantityFulfilled", "quantityUnfulfilled"))
    return {
        "OrderItemId": item["orderItemId"],
        "SellerSKU": item["product"]["sellerSku"],
        "SupplySourceId": None,
        "OrderItemStatus": "Shipped" if shipped and not left else "Unshipped",
        "Quantity": item["quantityOrdered"],
        "QuantityShipped": shipped,
        "IsBuyerRequestedCancel": "cancellationRequest" in item.get("cancellation", {}),
    }
