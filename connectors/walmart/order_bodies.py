"""What is still to be written to a purchase order -> the bodies of the calls (model orders.json; examples, for its schemas are wrong). Pure.

Each function is given the order as Walmart shows it now and answers with what is missing there, so that a write that was carried out although
its answer was lost is never done twice (EVT-4):

    shipment       units of a line that already left with the same transfer under the same tracking number are done
    cancellation   units that are cancelled already are done; Odoo says how many shall be cancelled in all
    refund         a credit note whose number stands in the line's refundComments is done
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.errors import ConflictError, DataError, RuleError
from connectors.walmart.order_state import LineNow, OrderNow
from schemas.records import Cancellation, Money, Refund, RefundLine, Shipment, ShippedLine

Json = dict[str, Any]

METHODS = ("Standard", "Express", "OneDay", "Freight", "WhiteGlove", "Value")
CUSTOMER_ASKED = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
LONGEST_SELLER_ORDER = 30
LONGEST_COMMENTS = 500
# `CarrierNameType` of the model, without the spelling of each in other letter case.
CARRIERS = (
    "UPS", "USPS", "FedEx", "Airborne", "OnTrac", "DHL Ecommerce - US", "DHL", "LS", "UDS", "UPSMI", "FDX", "PILOT", "ESTES", "SAIA",
    "FDS Express", "Seko Worldwide", "HIT Delivery", "FEDEXSP", "RL Carriers", "Metropolitan Warehouse & Delivery", "China Post",
    "YunExpress", "Yellow Freight Sys", "AIT Worldwide Logistics", "Chukou1", "Sendle", "Landmark Global", "Sunyou", "Yanwen", "4PX", "GLS",
    "OSM Worldwide", "FIRST MILE", "AM Trucking", "CEVA", "India Post", "SF Express", "CNE", "TForce Freight", "AxleHire", "LSO",
    "Royal Mail", "ABF Freight System", "WanB", "Roadrunner Freight", "Meyer Distribution", "AAA Cooper", "Canada Post",
    "Southeastern Freight Lines", "Japan Post", "Correos de Mexico", "XPO Logistics", "JD Logistics", "YDH", "JCEX", "Flyt", "Deutsche Post",
)  # fmt: skip
_BY_NAME = {name.casefold(): name for name in CARRIERS}


@dataclass(frozen=True, slots=True)
class Carrier:
    """How Walmart is told who carries: one of its own names, or another with an address to follow the parcel."""

    name: str
    is_known: bool
    tracking_url: str = ""

    def as_json(self) -> Json:
        """`carrierName`, and `trackingURL` where there is one."""
        url = {"trackingURL": self.tracking_url} if self.tracking_url else {}
        return {"carrierName": {"carrier" if self.is_known else "otherCarrier": self.name}, **url}


def known_carrier(name: str) -> str | None:
    """Walmart's own spelling of a carrier's name, None when it is none of its names."""
    return _BY_NAME.get(" ".join(name.split()).casefold())


def shipment_body(now: OrderNow, shipment: Shipment, carrier: Carrier) -> Json | None:
    """The body of POST .../shipping for what has not been told yet, None when all has. Raises DataError, ConflictError, RuleError."""
    lines, left = [], {number: line.acknowledged for number, line in now.lines.items()}
    for parcel in shipment["parcels"]:
        tracking = parcel["tracking_number"].strip()
        for wanted in parcel["lines"]:
            line = now.line(wanted["line_id"])
            missing = _whole(wanted) - _told(line, shipment, tracking)
            if missing <= 0:
                continue
            if not tracking:
                raise DataError(
                    f"{shipment['picking']}: no tracking number; write it on the transfer in Odoo, it is sent again by itself"
                )
            _check_open(line, left[line.number], missing)
            left[line.number] -= missing
            lines.append(_shipped(now, line, shipment, carrier, tracking, missing))
    return {"orderShipment": {"orderLines": {"orderLine": lines}}} if lines else None


def retracking_body(now: OrderNow, shipment: Shipment, carrier: Carrier) -> Json | None:
    """The body that changes the tracking number of what left before, None when this shipment does not look like that.

    It does when it has one parcel, nothing of its lines is open any more, and exactly as many units left under one other number by the same
    transfer. What left under this very number is told already.
    """
    if len(shipment["parcels"]) != 1 or not shipment["parcels"][0]["tracking_number"].strip():
        return None
    lines = []
    tracking = shipment["parcels"][0]["tracking_number"].strip()
    for wanted in shipment["parcels"][0]["lines"]:
        line = now.line(wanted["line_id"])
        if line.open or list(line.tracked.values()) != [_whole(wanted)]:
            return None
        (before,) = line.tracked
        if before == tracking:
            continue
        if line.seller_order not in ("", _seller_order(shipment)):
            return None
        made = _shipped(now, line, shipment, carrier, tracking, _whole(wanted))
        made["orderLineStatuses"]["orderLineStatus"][0]["currentTrackingInfo"] = {"trackingNumber": before}
        lines.append(made)
    return {"orderShipment": {"processMode": "PARTIAL_UPDATE", "orderLines": {"orderLine": lines}}} if lines else None


def _check_open(line: LineNow, ready: Decimal, missing: Decimal) -> None:
    if missing <= ready:
        return
    if line.created:
        raise ConflictError(f"line {line.number} is not acknowledged yet; it is shipped after that")
    raise RuleError(
        f"line {line.number}: {missing} units left the warehouse, but Walmart has {line.open} open ones "
        f"({line.shipped} shipped, {line.cancelled} cancelled); a person has to look",
    )


def _shipped(now: OrderNow, line: LineNow, shipment: Shipment, carrier: Carrier, tracking: str, count: Decimal) -> Json:
    method = now.method if now.method in METHODS else "Standard"
    info = {
        "shipDateTime": int(shipment["shipped_at"].timestamp() * 1000), **carrier.as_json(), "methodCode": method,
        "trackingNumber": tracking,
    }  # fmt: skip
    status = {"status": "Shipped", "statusQuantity": _units(count), "trackingInfo": info}
    return {
        "lineNumber": line.number,
        # The goods are gone: a wish to cancel comes too late for them.
        "intentToCancelOverride": line.asked_to_cancel,
        "sellerOrderId": _seller_order(shipment),
        "orderLineStatuses": {"orderLineStatus": [status]},
    }


def _told(line: LineNow, shipment: Shipment, tracking: str) -> Decimal:
    """How many units of the line left with this transfer under this number. What another transfer put into the same parcel left at another
    second; a line names only the transfer that was told last."""
    if line.seller_order in ("", _seller_order(shipment)):
        return line.tracked.get(tracking, Decimal(0))
    second = int(shipment["shipped_at"].timestamp())
    ours = (one.quantity for one in line.parcels if one.number == tracking and one.second in (None, second))
    return sum(ours, Decimal(0))


def _seller_order(shipment: Shipment) -> str:
    """What Walmart keeps of the transfer's name: a line shows that of its last shipment."""
    return shipment["picking"][:LONGEST_SELLER_ORDER]


def cancellation_body(now: OrderNow, cancellation: Cancellation, reasons: Mapping[str, str]) -> Json | None:
    """The body of POST .../cancel, None when nothing is left to cancel. `reasons`: ours -> Walmart's word.

    All or nothing: when more shall be cancelled than is open, the goods left meanwhile, and a person (or the compensation) decides.
    """
    lines = []
    for line, total in _to_cancel(now, cancellation):
        missing = total - line.cancelled
        if missing <= 0:
            continue
        if missing > line.open:
            raise RuleError(
                f"line {line.number}: {missing} more units shall be cancelled, but {line.shipped} were shipped meanwhile and {line.open} are open"
            )
        reason = CUSTOMER_ASKED if line.asked_to_cancel else reasons.get(cancellation["reason"], reasons["other"])
        status = {"status": "Cancelled", "cancellationReason": reason, "statusQuantity": _units(missing)}
        lines.append({"lineNumber": line.number, "orderLineStatuses": {"orderLineStatus": [status]}})
    return {"orderCancellation": {"orderLines": {"orderLine": lines}}} if lines else None


def _to_cancel(now: OrderNow, cancellation: Cancellation) -> list[tuple[LineNow, Decimal]]:
    """Line -> how much of it shall be cancelled in all: what was ordered here less what Odoo still wants of it."""
    told = [(now.line(wanted["line_id"]), wanted) for wanted in cancellation["lines"]]
    found = {
        line.number: (line, max(line.ordered - _decimal(wanted["remaining"], line.number), Decimal(0)))
        for line, wanted in told
    }
    if cancellation["whole"]:
        for line in now.lines.values():
            found.setdefault(line.number, (line, line.ordered))
    return list(found.values())


def refund_bodies(now: OrderNow, refund: Refund, reason: str) -> list[tuple[str, Json]]:
    """The bodies of POST .../refund still to be sent, for one request is all full or all partial: ("partial" or "full", body). Raises
    RuleError, DataError."""
    full: list[Json] = []
    partial: list[Json] = []
    asked, given = Decimal(0), Decimal(0)
    for wanted in _by_line(refund).values():
        line = now.line(wanted["line_id"])
        back = _back_of(line, wanted)
        if back.is_full:
            asked, given = asked + back.asked, given + back.amount
        if has_reference(line.comments, refund["reference"]):
            continue
        if line.shipped <= 0:
            raise RuleError(f"line {line.number} is not shipped; Walmart refunds shipped lines only, cancel it instead")
        made = {
            "lineNumber": line.number, "isFullRefund": back.is_full,
            "refunds": {"refund": [{"refundComments": _comments(line, refund), "refundCharges": {"refundCharge": back.charges(reason)}}]},
        }  # fmt: skip
        (full if back.is_full else partial).append(made)
    if asked != given:
        raise RuleError(
            f"Walmart refunds {given} when whole item prices are given back, the credit note says {asked}; "
            "credit shipping and taxes as well, or less than the item price"
        )
    found = [(kind, lines) for kind, lines in (("partial", partial), ("full", full)) if lines]
    return [
        (kind, {"orderRefund": {"purchaseOrderId": now.order_id, "orderLines": {"orderLine": lines}}}) for kind, lines in found
    ]  # fmt: skip


def has_reference(comments: str, reference: str) -> bool:
    """Whether a credit note's number stands in a line's comments."""
    return reference in [part.strip() for part in comments.split(";")]


def _by_line(refund: Refund) -> dict[str, RefundLine]:
    """One entry per line: Walmart takes each line once in a request."""
    found: dict[str, RefundLine] = {}
    for line in refund["lines"]:
        number = line["line_id"]
        if not number:
            raise DataError(
                f"{refund['reference']}: a refund of shipping names no line of the order; Walmart refunds by line only"
            )
        if number in found:
            raise DataError(f"{refund['reference']}: line {number} appears twice")
        found[number] = line
    return found


_SHARED = Decimal("0.05")  # what sharing a note's taxes and shipping out over its lines may move between them


@dataclass(frozen=True, slots=True)
class _Back:
    """What goes back of a line: item, its tax, shipping, its tax. `asked`: what the credit note says of it in all."""

    parts: tuple[Decimal, Decimal, Decimal, Decimal]
    asked: Decimal
    currency: str
    is_full: bool

    @property
    def amount(self) -> Decimal:
        """All of it."""
        return sum(self.parts, Decimal(0))

    def charges(self, reason: str) -> list[Json]:
        """Negative amounts, as Walmart wants them."""
        item, item_tax, shipping, shipping_tax = self.parts
        found = []
        for kind, name, much, tax in (
            ("PRODUCT", "ItemPrice", item, item_tax),
            ("SHIPPING", "Shipping", shipping, shipping_tax),
        ):
            if not (much or tax):
                continue
            charge: Json = {"chargeType": kind, "chargeName": name, "chargeAmount": _money(-much, self.currency)}
            if tax:
                charge["tax"] = {"taxName": f"{name} Tax", "taxAmount": _money(-tax, self.currency)}
            found.append({"refundReason": reason, "charge": charge})
        return found


def _back_of(line: LineNow, wanted: RefundLine) -> _Back:
    """A line whose whole item price is given back is refunded in full: Walmart gives its taxes and shipping back by itself then. Odoo books the
    taxes of an order on lines of their own, so what a note says of one line's taxes is a share; over all full lines the sum has to be right.

    Raises RuleError for more than was charged, DataError for less than nothing.
    """
    asked = (
        _amount(wanted["amount"]),
        _amount(wanted["tax"]),
        _amount(wanted["shipping"]),
        _amount(wanted["shipping_tax"]),
    )
    charged = (line.item_price, line.item_tax, line.shipping, line.shipping_tax)
    if any(amount < 0 for amount in asked):
        raise DataError(f"line {line.number}: a refund of less than nothing")
    for name, much, most in zip(("item", "item tax", "shipping", "shipping tax"), asked, charged, strict=True):
        if much > most + (0 if name == "item" else _SHARED):
            raise RuleError(f"line {line.number}: {much} of {name} shall be given back, but {most} was charged")
    is_full = asked[0] == line.item_price != 0
    parts = charged if is_full else tuple(min(much, most) for much, most in zip(asked, charged, strict=True))
    return _Back(parts, sum(asked, Decimal(0)), wanted["amount"]["currency"], is_full)  # type: ignore[arg-type] # four of them


def _comments(line: LineNow, refund: Refund) -> str:
    parts = [part.strip() for part in line.comments.split(";") if part.strip()]
    return "; ".join([*parts, refund["reference"]])[-LONGEST_COMMENTS:]


def _amount(money: Money | None) -> Decimal:
    return Decimal(money["amount"]) if money else Decimal(0)


def _money(amount: Decimal, currency: str) -> Json:
    return {
        "currency": currency,
        "amount": float(amount),
    }  # JSON numbers, as the model has them; two digits survive a double


def _units(count: Decimal) -> Json:
    return {"unitOfMeasurement": "EACH", "amount": str(int(count))}


def _whole(wanted: ShippedLine) -> Decimal:
    return _decimal(wanted["quantity"], wanted["line_id"])


def _decimal(text: str, line: str) -> Decimal:
    value = Decimal(text)
    if value != value.to_integral_value() or value < 0:
        raise DataError(f"line {line}: {text[:20]} is no number of whole units, which is all Walmart takes")
    return value
