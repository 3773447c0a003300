"""How a return goes on. Three things move apart: the goods (currentDeliveryStatus), the money (currentRefundStatus,
refundedQty) and the case (status). A case is COMPLETED when its money is given back, also while the goods are still away, as in
the published example: who releases stock on COMPLETED releases what nobody has.

Pure: a return's body and a step in, a new body out.
"""

import copy
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.lifecycle import RuleError
from connectors.walmart.sandbox.return_bodies import iso, quantity

# What a return does by itself; `received` leaves the refund to the seller.
TIMELINES = {
    "manual": (),
    "received": ("ship", "receive"),
    "refunded": ("ship", "receive", "refund"),
    "instant": ("refund", "ship", "receive"),
}
_EVENTS = {
    "ship": ("RETURN_IN_TRANSIT", "A MARKET_PLACE Return in Transit"),
    "receive": ("RETURN_DELIVERED", "Return delivered to the seller"),
    "lose": ("RETURN_LOST", "The carrier lost the return"),
    "cancel": ("RETURN_CANCELLED", "Return cancelled"),
    "refund": ("REFUND_COMPLETED", "Refund issued"),
}


def stepped(body: Json, step: str, at_ms: int) -> Json:
    """The return after "ship", "receive", "lose", "cancel" or "refund" (all that is left). Raises RuleError."""
    changed = copy.deepcopy(body)
    acts: dict[str, Callable[[Json, int], None]] = {
        "ship": _ship,
        "receive": _receive,
        "lose": _lose,
        "cancel": _cancel,
        "refund": _refund_rest,
    }
    if step not in acts:
        raise RuleError("kind", f"unknown step {step!r}; known: {', '.join(acts)}")
    for line in changed["returnOrderLines"]:
        acts[step](line, at_ms)
        _note(line, step, at_ms)
    return changed


def refunded(body: Json, request: Any, at_ms: int) -> tuple[Json, list[tuple[int, int]]]:
    """The return after POST .../refund, and (line, quantity) of what was refunded. Raises RuleError."""
    changed = copy.deepcopy(body)
    wanted = _refund_lines(body, request)
    for number, count in wanted:
        line = next((one for one in changed["returnOrderLines"] if one["returnOrderLineNumber"] == number), None)
        if line is None:
            raise RuleError("returnOrderLineNumber", f"the return has no line {number}")
        if line["isReturnForException"]:
            text = f"items of category {line['exceptionItemType']} are refunded by the order's refund call"
            raise RuleError("returnOrderLineNumber", text)
        left = line["quantity"]["measurementValue"] - line["refundedQty"]
        if count > left:
            raise RuleError("measurementValue", f"line {number} has {left} units to refund, not {count}")
        _refund(line, count, at_ms, "SELLER_MANUAL_REFUND")
        _note(line, "refund", at_ms)
    return changed, wanted


def _refund_lines(body: Json, request: Any) -> list[tuple[int, int]]:
    if not isinstance(request, dict) or request.get("customerOrderId") != body["customerOrderId"]:
        raise RuleError("customerOrderId", "does not match the return")
    lines = request.get("refundLines")
    if not isinstance(lines, list) or not lines:
        raise RuleError("refundLines", "a list of lines is expected")
    return [_refund_line(line) for line in lines]


def _refund_line(line: Any) -> tuple[int, int]:
    number = line.get("returnOrderLineNumber") if isinstance(line, dict) else None
    wanted = line.get("quantity") if isinstance(line, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise RuleError("returnOrderLineNumber", "a whole number is expected")
    if not isinstance(wanted, dict) or wanted.get("unitOfMeasure") not in ("EA", "EACH"):
        raise RuleError("unitOfMeasure", "EACH is expected")
    count = wanted.get("measurementValue")
    number_like = isinstance(count, int | float | Decimal) and not isinstance(count, bool)
    if not number_like or count is None or count != int(count) or not 1 <= count <= 10**6:
        raise RuleError("measurementValue", "a whole number of at least 1 is expected")
    return number, int(count)


def _ship(line: Json, at_ms: int) -> None:
    if line["currentDeliveryStatus"] != "NOT_SHIPPED" or not line["returnExpectedFlag"]:
        raise RuleError("kind", "the goods are on their way already, or are kept by the customer")
    line["currentDeliveryStatus"] = "IN_TRANSIT"
    line["cancellableQty"] = 0


def _receive(line: Json, at_ms: int) -> None:
    if line["currentDeliveryStatus"] == "DELIVERED" or not line["returnExpectedFlag"]:
        raise RuleError("kind", "the goods are here already, or are kept by the customer")
    line["currentDeliveryStatus"] = "DELIVERED"
    line["cancellableQty"] = 0
    if line["status"] == "INITIATED":
        line["status"] = "DELIVERED"


def _lose(line: Json, at_ms: int) -> None:
    line["currentDeliveryStatus"] = "LOST"


def _cancel(line: Json, at_ms: int) -> None:
    if not line["cancellableQty"]:
        raise RuleError("kind", "the return is under way and cannot be cancelled")
    line.update(returnCancellationReason="CUSTOMER_CANCELLED", status="COMPLETED", cancellableQty=0)


def _refund_rest(line: Json, at_ms: int) -> None:
    left = line["quantity"]["measurementValue"] - line["refundedQty"]
    if not left:
        raise RuleError("kind", "everything is refunded already")
    _refund(line, left, at_ms, "SELLER_AUTO_REFUND")


def _refund(line: Json, count: int, at_ms: int, channel: str) -> None:
    line["refundedQty"] += count
    line["refundChannel"] = channel
    line["refundChannels"].append({"refundChannelName": channel, "quantity": quantity(count)})
    if line["refundedQty"] == line["quantity"]["measurementValue"]:
        line.update(currentRefundStatus="REFUND_COMPLETED", status="COMPLETED")


def _note(line: Json, step: str, at_ms: int) -> None:
    """Newest event first; one entry per part of the quantity with its money's state."""
    tag, text = _EVENTS[step]
    events: list[Json] = line["returnTrackingDetail"]
    shown = {"name": "ReturnDate", "value": events[-1]["eventTime"]}
    event = {"sequenceNo": len(events), "eventTag": tag, "eventDescription": text, "eventTime": iso(at_ms)}
    line["returnTrackingDetail"] = [{**event, "references": [shown]}, *events]
    line["statusTime"] = iso(at_ms)
    done = line["refundedQty"]
    parts = ((line["quantity"]["measurementValue"] - done, "REFUND_INITIATED"), (done, "REFUND_COMPLETED"))
    line["currentTrackingStatuses"] = [_part(line["status"], money, count, at_ms) for count, money in parts if count]


def _part(status: str, money: str, count: int, at_ms: int) -> Json:
    found: dict[str, Any] = {"status": status, "statusTime": iso(at_ms), "currentRefundStatus": money}
    return {**found, "quantity": quantity(count)}


def returned_quantities(bodies: Sequence[Json], line_number: str) -> int:
    """Units of an order line that returns, other than cancelled ones, speak of already."""
    lines = [line for body in bodies for line in body["returnOrderLines"]]
    mine = [line for line in lines if str(line["purchaseOrderLineNumber"]) == line_number]
    return sum(line["quantity"]["measurementValue"] for line in mine if "returnCancellationReason" not in line)
