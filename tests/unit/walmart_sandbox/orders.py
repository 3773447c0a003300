"""Orders the tests of the sandbox start from."""

from datetime import UTC, datetime
from typing import Any

from connectors.walmart.sandbox.generator import make_order
from connectors.walmart.sandbox.lines import lines_of, quantity, status
from connectors.walmart.sandbox.mix import OrderMix

PLACED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOW_MS = int(PLACED.timestamp()) * 1000 + 60_000
Json = dict[str, Any]


def order_of(*quantities: int) -> Json:
    """A plain, Created order with a line per quantity."""
    weights = tuple(float(n == len(quantities)) for n in range(1, len(quantities) + 1))
    body = make_order(1, 0, OrderMix(lines=weights, shipping_charge=1.0, order_summary=1.0), PLACED).body
    for line, count in zip(lines_of(body), quantities, strict=True):
        line["orderLineQuantity"] = quantity(count)
        line["orderLineStatuses"]["orderLineStatus"] = [status("Created", count)]
    return body


def shipment(line: str, count: int, number: str = "1Z1", **line_fields: Any) -> Json:
    """A shipping request for one line."""
    tracking = {
        "shipDateTime": NOW_MS,
        "carrierName": {"carrier": "UPS"},
        "methodCode": "Standard",
        "trackingNumber": number,
    }
    entry = status("Shipped", count, trackingInfo=tracking)
    wanted = {"lineNumber": line, "sellerOrderId": "S1", "orderLineStatuses": {"orderLineStatus": [entry]}}
    return {"orderShipment": {"orderLines": {"orderLine": [{**wanted, **line_fields}]}}}


def cancellation(line: str, count: int, reason: str = "SELLER_CANCEL_OUT_OF_STOCK") -> Json:
    entry = status("Cancelled", count, cancellationReason=reason)
    wanted = {"lineNumber": line, "orderLineStatuses": {"orderLineStatus": [entry]}}
    return {"orderCancellation": {"orderLines": {"orderLine": [wanted]}}}


def refund_of(po: str, line: str, amount: float, *, full: bool = False, kind: str = "PRODUCT", tax: float = 0) -> Json:
    charge: Json = {
        "chargeType": kind,
        "chargeName": "Item Price",
        "chargeAmount": {"currency": "USD", "amount": amount},
        "tax": {"taxName": "Item Price Tax", "taxAmount": {"currency": "USD", "amount": tax}},
    }
    refund = {"refundCharges": {"refundCharge": [{"refundReason": "DamagedItem", "charge": charge}]}}
    wanted = {"lineNumber": line, "isFullRefund": full, "refunds": {"refund": [refund]}}
    return {"orderRefund": {"purchaseOrderId": po, "orderLines": {"orderLine": [wanted]}}}
