"""What the order writes do: acknowledge, ship, cancel, refund, and changes from the buyer's side.

Pure: an order and a request in, a new order out; nothing is changed when a rule is broken. Rules come from
walmart.md section 5 (models and pages); where those are silent the stricter reading is taken:
re-sending a shipment or a cancellation is refused, because the units are no longer open.
"""

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from connectors.kit.sandbox.steering import RefusedError
from connectors.walmart.sandbox.bodies import CUSTOMER_ASKED, CancellationBody, ShipLine, ShipmentBody
from connectors.walmart.sandbox.charges import Json, summary
from connectors.walmart.sandbox.lines import (
    cancel_units,
    lines_of,
    move,
    open_units,
    status,
    statuses_of,
    units,
)

Body = TypeVar("Body", bound=BaseModel)


class RuleError(RefusedError):
    """The request breaks a rule. `field` names the part of the request, `description` the rule."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(description)
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.description}"


def parsed(model: type[Body], body: Any) -> Body:
    """The body as its type. Raises RuleError naming the first wrong field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        raise RuleError(".".join(map(str, first["loc"])) or "body", first["msg"]) from error


def acknowledge(order: Json, now_ms: int) -> Json:
    """All Created units become Acknowledged; repeating is allowed. Not after all is shipped or cancelled, and not for
    Walmart-fulfilled orders."""
    changed = copy.deepcopy(order)
    node = changed.get("shipNode")
    if isinstance(node, dict) and node.get("type") == "WFSFulfilled":
        raise RuleError("purchaseOrderId", "orders fulfilled by Walmart cannot be acknowledged")
    if not any(open_units(line) for line in lines_of(changed)):
        raise RuleError("purchaseOrderId", "the order is already shipped or cancelled")
    for line in lines_of(changed):
        if created := units(line)["Created"]:
            move(line, ("Created",), status("Acknowledged", created), now_ms)
    return changed


def ship(order: Json, body: Any, now_ms: int) -> Json:
    """Acknowledged units become Shipped with their tracking; with processMode PARTIAL_UPDATE the tracking of
    shipped ones changes."""
    shipment = parsed(ShipmentBody, body).orderShipment
    changed = copy.deepcopy(order)
    raw_lines = body["orderShipment"]["orderLines"]["orderLine"]
    for wanted, raw in zip(shipment.orderLines.orderLine, raw_lines, strict=True):
        line = _line(changed, wanted.lineNumber)
        raw_statuses = raw["orderLineStatuses"]["orderLineStatus"]
        if shipment.processMode == "PARTIAL_UPDATE":
            _retrack(line, wanted, raw_statuses, now_ms)
        else:
            _ship_line(line, wanted, raw_statuses, now_ms)
    return changed


def cancel(order: Json, body: Any, now_ms: int) -> Json:
    """Open units become Cancelled."""
    cancellation = parsed(CancellationBody, body).orderCancellation
    changed = copy.deepcopy(order)
    for wanted in cancellation.orderLines.orderLine:
        line = _line(changed, wanted.lineNumber)
        for entry in wanted.orderLineStatuses.orderLineStatus:
            if entry.cancellationReason == CUSTOMER_ASKED and line.get("intentToCancel") != "true":
                raise RuleError("cancellationReason", f"the customer did not ask to cancel line {wanted.lineNumber}")
            count = entry.statusQuantity.count
            if count > open_units(line):
                raise RuleError(
                    "statusQuantity", f"line {wanted.lineNumber} has {open_units(line)} units to cancel, not {count}"
                )
            cancel_units(line, count, now_ms, cancellationReason=entry.cancellationReason)
    return _summed(changed)


def buyer_change(order: Json, change: Mapping[str, Any], now_ms: int) -> Json:
    """What happens to an order from outside: {"kind": cancel_order | cancel_line | intent_to_cancel | address |
    deliver, "line": number}. Shipped units stay as they are; a change with nothing left to change does nothing."""
    changed = copy.deepcopy(order)
    lines = [line for line in lines_of(changed) if change.get("line") in (None, line["lineNumber"])]
    match change["kind"]:
        case "cancel_order" | "cancel_line":
            for line in lines:
                if count := open_units(line):
                    cancel_units(line, count, now_ms, cancellationReason="CUSTOMER_CANCEL")
        case "intent_to_cancel":
            for line in lines:
                if open_units(line):
                    line["intentToCancel"] = "true"
        case "address":
            changed["shippingInfo"]["postalAddress"]["address2"] = change["address2"]
        case "deliver":
            for line in lines:
                _deliver(line, now_ms)
        case other:
            raise RuleError("kind", f"unknown change {other!r}")
    return _summed(changed)


def _line(order: Json, number: str) -> Json:
    found = next((line for line in lines_of(order) if line["lineNumber"] == number), None)
    if found is None:
        raise RuleError("lineNumber", f"the order has no line {number}")
    return found


def _ship_line(line: Json, wanted: ShipLine, raw_statuses: list[Json], now_ms: int) -> None:
    if line.get("intentToCancel") == "true" and not wanted.intentToCancelOverride:
        raise RuleError("intentToCancelOverride", f"the customer asked to cancel line {wanted.lineNumber}")
    for entry, raw in zip(wanted.orderLineStatuses.orderLineStatus, raw_statuses, strict=True):
        count, ready = entry.statusQuantity.count, units(line)["Acknowledged"]
        if units(line)["Created"] and count > ready:
            raise RuleError("status", f"line {wanted.lineNumber} must be acknowledged before it is shipped")
        if count > ready:
            raise RuleError("statusQuantity", f"line {wanted.lineNumber} has {ready} units to ship, not {count}")
        extra = {key: raw[key] for key in ("trackingInfo", "returnCenterAddress", "asn") if key in raw}
        move(line, ("Acknowledged",), status("Shipped", count, **extra), now_ms)
    line["sellerOrderId"] = wanted.sellerOrderId


def _retrack(line: Json, wanted: ShipLine, raw_statuses: list[Json], now_ms: int) -> None:
    """New tracking for the shipped units, or for those that carry the number in currentTrackingInfo."""
    for entry, raw in zip(wanted.orderLineStatuses.orderLineStatus, raw_statuses, strict=True):
        current = entry.currentTrackingInfo.trackingNumber if entry.currentTrackingInfo else None
        hits = [
            shipped
            for shipped in statuses_of(line)
            if shipped["status"] == "Shipped" and current in (None, shipped["trackingInfo"]["trackingNumber"])
        ]
        if not hits:
            raise RuleError("processMode", f"line {wanted.lineNumber} has no shipped units with that tracking")
        for shipped in hits:
            shipped["trackingInfo"] = raw["trackingInfo"]
    line["statusDate"] = now_ms


def _deliver(line: Json, now_ms: int) -> None:
    for entry in statuses_of(line):
        if entry["status"] == "Shipped":
            entry["status"] = "Delivered"
            line["statusDate"] = now_ms


def _summed(order: Json) -> Json:
    if "orderSummary" in order:
        order["orderSummary"] = summary(order)
    return order
