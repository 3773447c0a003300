"""States of Walmart orders. An order has none of its own; its lines have, as a list with quantities: three units may be one Shipped and two
Created. (Source: "Order management API overview", model orders.json.) Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from connectors.kit.errors import DataError
from connectors.kit.line_states import UNKNOWN, least_advanced
from connectors.kit.money import quantity_text
from connectors.kit.reading import Reader
from schemas.records import LineShipment, LineStatus

CANONICAL = {
    "created": "created",
    "acknowledged": "acknowledged",
    "shipped": "shipped",
    "delivered": "delivered",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    # Only what was shipped can be refunded; the refund itself is another flow.
    "refund": "shipped",
}


@dataclass(frozen=True, slots=True)
class LineState:
    """States of one line, with what they say in sum. `reason`: why (part of) it was cancelled, Walmart's word."""

    statuses: list[LineStatus]
    shipments: list[LineShipment]
    status: str
    cancelled: Decimal
    shipped: Decimal
    reason: str


def line_state(line: Reader, ordered: Decimal) -> LineState:
    """The states of a line. A state we do not know stays visible as `unknown` with Walmart's word. Raises DataError."""
    statuses: list[LineStatus] = []
    shipments: list[LineShipment] = []
    sums: dict[str, Decimal] = {}
    reason = ""
    for entry in line["orderLineStatuses"].children("orderLineStatus"):
        word = entry.text("status")
        status = CANONICAL.get(word.lower(), UNKNOWN)
        amount = quantity_in(entry["statusQuantity"])
        sums[status] = sums.get(status, Decimal(0)) + amount
        statuses.append(LineStatus(status=status, quantity=quantity_text(amount), source_status=word))
        reason = reason or entry.text("cancellationReason")
        if not entry["trackingInfo"].missing:
            shipments.append(_shipment(entry["trackingInfo"].an_object(), amount))
    cancelled = sums.get("cancelled", Decimal(0))
    if cancelled > ordered:
        path = line["orderLineStatuses"].path
        raise DataError(
            f"{path}: {quantity_text(cancelled)} cancelled of {quantity_text(ordered)} ordered", code="DATA"
        )
    shipped = sums.get("shipped", Decimal(0)) + sums.get("delivered", Decimal(0))
    return LineState(statuses, shipments, least_advanced(list(sums)), cancelled, shipped, reason)


def order_status(parts: Sequence[str]) -> str:
    """The state of an order, from the canonical states of all parts of its lines."""
    left = {part for part in parts if part != "cancelled"}
    if not parts or UNKNOWN in left:
        return UNKNOWN
    if not left:
        return "cancelled"
    gone = left & {"shipped", "delivered"}
    if gone and gone != left:
        return "partially_shipped"
    return least_advanced(list(left))


def quantity_in(holder: Reader) -> Decimal:
    """`{"unitOfMeasurement": "EACH", "amount": "2"}` -> 2. Raises DataError for none, a negative or an absurd one."""
    amount = holder.decimal("amount", whole_digits=6, fraction_digits=3)
    if amount < 0:
        raise holder["amount"].wrong("a quantity of 0 or more")
    return amount


def _shipment(tracking: Reader, amount: Decimal) -> LineShipment:
    carrier = tracking["carrierName"]
    return LineShipment(
        tracking_number=tracking.text("trackingNumber"),
        carrier=carrier.text("carrier") or carrier.text("otherCarrier"),
        method=tracking.text("methodCode"),
        quantity=quantity_text(amount),
        shipped_at=tracking.time("shipDateTime"),
    )
