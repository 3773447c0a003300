"""What a message in the queue says: ORDER_CHANGE, or something else. Pure. (Source: schema of the notification, in the words of Orders v0.)

Only ids and times are used of it. What an order is like is asked of Orders 2026-01-01, so nothing hangs on v0's words; they are for the log.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from connectors.amazon.client import ORDER_ID
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader

TYPE = "ORDER_CHANGE"
# The status words of v0 -> those of 2026-01-01, for the log.
STATUSES = {
    "PendingAvailability": "PENDING_AVAILABILITY", "Pending": "PENDING", "Unshipped": "UNSHIPPED", "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED", "InvoiceUnconfirmed": "SHIPPED", "Canceled": "CANCELLED", "Unfulfillable": "UNFULFILLABLE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderChange:
    """One notification. at: EventTime; kind, status: for the log only, status in the words of 2026-01-01."""

    notification_id: str
    order_id: str
    seller_id: str
    marketplace: str
    at: datetime
    kind: str = ""
    status: str = ""


def read_change(body: str) -> OrderChange | None:
    """A message's body; None for a notification of another type. Raises DataError for what is no notification, or names no order."""
    try:
        content = exact_json.loads(body.encode("utf-8", "replace"))
    except ValueError as error:
        raise DataError(f"notification: {error}", code="DATA") from None
    message = Reader(content).an_object()
    # Other types spell their envelope in camelCase.
    kind = message.text("NotificationType") or message.text("notificationType")
    if not kind:
        raise message["NotificationType"].wrong("the type of a notification")
    if kind != TYPE:
        return None
    change = message["Payload"]["OrderChangeNotification"].an_object()
    order_id, summary = change.needed_text("AmazonOrderId"), change["Summary"]
    if not ORDER_ID.fullmatch(order_id):
        raise change["AmazonOrderId"].wrong("an Amazon order id")
    return OrderChange(
        notification_id=message["NotificationMetadata"].text("NotificationId") or digest_of(body),
        order_id=order_id,
        seller_id=change.needed_text("SellerId"),
        marketplace=summary.text("MarketplaceId"),
        at=message.needed_time("EventTime"),
        kind=_word(change.text("OrderChangeType")),
        status=STATUSES.get(summary.text("OrderStatus"), "unknown"),
    )


def digest_of(body: str) -> str:
    """A name for what has none."""
    return hashlib.blake2b(body.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _word(text: str) -> str:
    return text[:40] if text.isalnum() else ""
