"""What is still to be told of an order -> the bodies of confirmShipment, and the lines of the two order feeds. Pure.

Each function is given the order as Amazon shows it now and answers with what is missing there, so that a write that was carried out although
its answer was lost is never done twice (EVT-4):

    shipment       a parcel has a number of its own that follows from the transfer and its place in it: telling it again corrects that parcel
    cancellation   items whose rest is cancelled already are done; Odoo says how many shall be cancelled in all
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.amazon.fulfilment_settings import BUYER_ASKED
from connectors.amazon.marketplaces import BY_COUNTRY
from connectors.amazon.order_state import LineNow, OrderNow, ParcelNow
from connectors.kit.errors import ConflictError, DataError, RuleError
from schemas.records import Cancellation, Parcel, Shipment

Json = dict[str, Any]

# The carrier codes of the order fulfilment file (amzn-base.xsd); for this API none are published.
CARRIERS = (
    "USPS", "UPS", "UPSMI", "FedEx", "DHL", "Fastway", "GLS", "GO!", "Hermes Logistik Gruppe", "Royal Mail", "Parcelforce", "City Link",
    "TNT", "Target", "SagawaExpress", "NipponExpress", "YamatoTransport", "DHL Global Mail", "UPS Mail Innovations", "FedEx SmartPost",
    "OSM", "OnTrac", "Streamlite", "Newgistics", "Canada Post", "Blue Package", "Chronopost", "Deutsche Post", "DPD", "La Poste",
    "Parcelnet", "Poste Italiane", "SDA", "Smartmail", "FEDEX_JP", "JP_EXPRESS", "NITTSU", "SAGAWA", "YAMATO", "BlueDart", "AFL/Fedex",
    "Aramex", "India Post", "Professional", "DTDC", "Overnite Express", "First Flight", "Delhivery", "Lasership",
)  # fmt: skip
OTHER = "Other"
CANCEL_COLUMNS = ("order-id", "cancellation-reason-code", "amazon-order-item-code")
_JAPAN = BY_COUNTRY["JP"].id
# A transfer's id times this plus a parcel's place in it: no transfer has so many parcels.
_PARCELS_OF_A_TRANSFER = 1000


@dataclass(frozen=True, slots=True)
class Carrier:
    """How Amazon is told who carries: one of its codes, or `Other` and a name."""

    code: str
    name: str = ""

    def as_json(self) -> Json:
        return {"carrierCode": self.code, **({"carrierName": self.name} if self.name else {})}


def carrier_of(name: str, more: Sequence[str] = ()) -> Carrier:
    """By Amazon's own spelling where it is one of its codes. `more`: further codes."""
    known = {one.casefold(): one for one in (*CARRIERS, *more)}
    said = " ".join(name.split())
    code = known.get(said.casefold())
    return Carrier(code) if code else Carrier(OTHER, said)


def reference_of(shipment: Shipment, place: int) -> str:
    """The number of a parcel in its order: positive, and the same whenever the same parcel is told. `place`: from 1, in its transfer."""
    number = shipment["key"].rpartition(":")[2]
    if not (number.isascii() and number.isdecimal() and len(number) <= 12):
        number = str(int(hashlib.sha256(shipment["key"].encode()).hexdigest()[:10], 16))
    return str((int(number) + 1) * _PARCELS_OF_A_TRANSFER + place)


def confirmations(now: OrderNow, shipment: Shipment, carrier: Carrier) -> list[Json]:
    """The bodies of confirmShipment still to be sent, one for each parcel that Amazon does not show as it is. Raises DataError, ConflictError,
    RuleError."""
    found, left = [], {number: line.open for number, line in now.lines.items()}
    for place, parcel in enumerate(shipment["parcels"], 1):
        reference, units = reference_of(shipment, place), _units(now, parcel)
        if not units or _is_told(now, shipment, parcel, reference, units):
            continue
        if not parcel["tracking_number"].strip():
            raise DataError(
                f"{shipment['picking']}: no tracking number; write it on the transfer in Odoo, it is sent again by itself"
            )
        for one in now.parcels:
            if one.reference == reference:  # it is corrected: what it held is free
                for number, count in one.units.items():
                    left[number] = left.get(number, Decimal(0)) + count
        _take(now, left, units)
        found.append(_confirmation(now, shipment, parcel, carrier, reference, units))
    return found


def is_correction(now: OrderNow, body: Mapping[str, Any]) -> bool:
    """Whether a body changes a parcel that was told before."""
    return any(one.reference == body["packageDetail"]["packageReferenceId"] for one in now.parcels)


def _is_told(now: OrderNow, shipment: Shipment, parcel: Parcel, reference: str, units: Mapping[str, int]) -> bool:
    """Whether Amazon shows this parcel. By its number; or, should Amazon show numbers of its own, by what is in it and when it left."""
    tracking, second = parcel["tracking_number"].strip(), int(shipment["shipped_at"].timestamp())
    return any(
        one.tracking == tracking and one.units == units and (one.reference == reference or one.second == second)
        for one in now.parcels
        if not _is_of_another(one, shipment, reference)
    )


def _is_of_another(one: ParcelNow, shipment: Shipment, reference: str) -> bool:
    """Whether a parcel has a number that another parcel of this transfer has: two parcels of one transfer may look the same."""
    return one.reference != reference and one.reference in {
        reference_of(shipment, place) for place in range(1, len(shipment["parcels"]) + 1)
    }


def _units(now: OrderNow, parcel: Parcel) -> dict[str, int]:
    units: dict[str, int] = {}
    for wanted in parcel["lines"]:
        number = now.line(wanted["line_id"]).number
        if count := _whole(wanted["quantity"], number):
            units[number] = units.get(number, 0) + count
    return units


def _take(now: OrderNow, left: dict[str, Decimal], units: Mapping[str, int]) -> None:
    if now.status == "pending":
        raise ConflictError(f"the order is {now.word} at Amazon: its payment is not verified; it is shipped after that")
    for number, count in units.items():
        if count > left[number]:
            line = now.line(number)
            raise RuleError(
                f"item {number}: {count} units left the warehouse, but Amazon has {left[number]} open ones "
                f"({line.shipped} shipped, {line.cancelled} cancelled); a person has to look"
            )
        left[number] -= count


def _confirmation(
    now: OrderNow, shipment: Shipment, parcel: Parcel, carrier: Carrier, reference: str, units: Mapping[str, int]
) -> Json:
    package = {
        "packageReferenceId": reference, **carrier.as_json(), "trackingNumber": parcel["tracking_number"].strip(),
        "shipDate": moment(shipment["shipped_at"]),
        "orderItems": [{"orderItemId": number, "quantity": count} for number, count in units.items()],
    }  # fmt: skip
    # Japan only, and needed there (model ordersV0).
    cash = {"codCollectionMethod": "DirectPayment"} if now.on_delivery and now.marketplace == _JAPAN else {}
    return {"marketplaceId": now.marketplace, "packageDetail": package, **cash}


def moment(at: datetime) -> str:
    """ISO 8601 to the millisecond, as the model's examples have it."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cancellation_lines(now: OrderNow, cancellation: Cancellation, reasons: Mapping[str, str]) -> list[dict[str, str]]:
    """Lines of the acknowledgement file, which cancels; none when nothing is left to cancel. `reasons`: ours -> Amazon's code.

    A line has no quantity: what is left of an item is cancelled as a whole. All or nothing: when more shall be cancelled than is open, the goods
    left meanwhile, and a person (or the compensation) decides. Raises RuleError, ConflictError, DataError.
    """
    found = []
    for line, total in _to_cancel(now, cancellation):
        missing = total - line.cancelled
        if missing <= 0:
            continue
        _check_cancellable(now, line, missing)
        code = BUYER_ASKED if line.asked_to_cancel else reasons.get(cancellation["reason"], reasons["other"])
        values = (now.order_id, code, line.number)
        found.append(dict(zip(CANCEL_COLUMNS, values, strict=True)))
    return found


def _check_cancellable(now: OrderNow, line: LineNow, missing: Decimal) -> None:
    if now.by_amazon:
        raise RuleError("Amazon fulfils this order itself; only its buyer and Amazon can cancel it")
    if now.status == "pending":
        raise ConflictError(f"the order is {now.word} at Amazon and cannot be cancelled before its payment is verified")
    if missing > line.open:
        raise RuleError(
            f"item {line.number}: {missing} more units shall be cancelled, but {line.shipped} were shipped meanwhile and {line.open} are open"
        )
    if missing < line.open:
        raise RuleError(
            f"item {line.number}: {missing} of {line.open} open units shall be cancelled, but Amazon cancels an item only as a whole; "
            "cancel the rest too, or ship all of it"
        )


def _to_cancel(now: OrderNow, cancellation: Cancellation) -> list[tuple[LineNow, Decimal]]:
    """Line -> how much of it shall be cancelled in all: what was ordered here less what Odoo still wants of it."""
    found = {}
    for wanted in cancellation["lines"]:
        line = now.line(wanted["line_id"])
        remaining = _whole(wanted["remaining"], line.number)
        found[line.number] = (line, max(line.ordered - remaining, Decimal(0)))
    if cancellation["whole"]:
        for line in now.lines.values():
            found.setdefault(line.number, (line, line.ordered))
    return list(found.values())


def _whole(text: str, line: str) -> int:
    value = Decimal(text)
    if value != value.to_integral_value() or value < 0:
        raise DataError(f"item {line}: {text[:20]} is no number of whole units, which is all Amazon takes")
    return int(value)
