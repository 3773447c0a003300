"""What a purchase order at Walmart says of itself, as far as writes to it need to know. Pure: the order as it came in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.kit.errors import DataError
from connectors.kit.reading import Reader
from connectors.walmart.money import Charges
from connectors.walmart.statuses import line_state
from schemas.records import LineShipment


@dataclass(frozen=True, slots=True)
class ParcelNow:
    """Units of a line that left together. `second`: epoch second of their shipDateTime, None when Walmart shows none."""

    number: str
    second: int | None
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class LineNow:
    """One line. Quantities are units; `parcels`: what left; `seller_order`: the seller's name for the last of them."""

    number: str
    ordered: Decimal
    created: Decimal
    acknowledged: Decimal
    shipped: Decimal
    cancelled: Decimal
    parcels: tuple[ParcelNow, ...]
    asked_to_cancel: bool
    item_price: Decimal
    item_tax: Decimal
    shipping: Decimal
    shipping_tax: Decimal
    comments: str
    refunded: bool
    seller_order: str

    @property
    def tracked(self) -> Mapping[str, Decimal]:
        """Tracking number -> units that left with it."""
        found: dict[str, Decimal] = {}
        for parcel in self.parcels:
            found[parcel.number] = found.get(parcel.number, Decimal(0)) + parcel.quantity
        return found

    @property
    def open(self) -> Decimal:
        """Units that neither left nor were cancelled."""
        return self.created + self.acknowledged


@dataclass(frozen=True, slots=True)
class OrderNow:
    """The order: its lines by number, its shipping method, whether Walmart ships it itself (WFS)."""

    order_id: str
    method: str
    by_walmart: bool
    lines: Mapping[str, LineNow]

    def line(self, number: str) -> LineNow:
        """Raises DataError for a line the order does not have."""
        found = self.lines.get(number)
        if found is None:
            raise DataError(f"the order has no line {number[:20]!r} at Walmart; was the line added in Odoo?")
        return found


def order_now(order: Any, charges: Charges = "line") -> OrderNow:
    """`charges`: whether Walmart's charges are for the whole line or for one unit. Raises DataError for an order that cannot be read."""
    reader = Reader(order).an_object()
    lines = [_line(line, charges) for line in reader["orderLines"].children("orderLine")]
    return OrderNow(
        reader.needed_text("purchaseOrderId"), reader["shippingInfo"].text("methodCode"), is_walmarts(order),
        {line.number: line for line in lines},
    )  # fmt: skip


def is_walmarts(order: Any) -> bool:
    """Whether Walmart ships an order itself (WFS)."""
    node = order.get("shipNode")  # an empty list in some published examples
    return isinstance(node, Mapping) and node.get("type") == "WFSFulfilled"


def _line(line: Reader, charges: Charges) -> LineNow:
    ordered = line["orderLineQuantity"].decimal("amount", whole_digits=6, fraction_digits=3)
    state = line_state(line, ordered)
    sums: dict[str, Decimal] = {}
    for part in state.statuses:
        sums[part["status"]] = sums.get(part["status"], Decimal(0)) + Decimal(part["quantity"])
    refund = line["refund"]
    item, item_tax = _charges(line, "PRODUCT", ordered if charges == "unit" else Decimal(1))
    shipping, shipping_tax = _charges(line, "SHIPPING", ordered if charges == "unit" else Decimal(1))
    return LineNow(
        number=line.needed_text("lineNumber"), ordered=ordered, created=sums.get("created", Decimal(0)),
        acknowledged=sums.get("acknowledged", Decimal(0)), shipped=state.shipped, cancelled=state.cancelled,
        asked_to_cancel=line.text("intentToCancel").lower() == "true" if not isinstance(line["intentToCancel"].value, bool)
        else bool(line["intentToCancel"].value),
        item_price=item, item_tax=item_tax, shipping=shipping, shipping_tax=shipping_tax,
        comments="" if refund.missing else refund.text("refundComments"), refunded=not refund.missing,
        seller_order=line.text("sellerOrderId"), parcels=tuple(_parcel(shipment) for shipment in state.shipments),
    )  # fmt: skip


def _parcel(shipment: LineShipment) -> ParcelNow:
    at = shipment["shipped_at"]
    return ParcelNow(shipment["tracking_number"], int(at.timestamp()) if at else None, Decimal(shipment["quantity"]))


def _charges(line: Reader, kind: str, times: Decimal) -> tuple[Decimal, Decimal]:
    """(amounts, taxes) of the charges of a type: PRODUCT or SHIPPING."""
    amount = tax = Decimal(0)
    for charge in line["charges"].children("charge"):
        if charge.text("chargeType") != kind:
            continue
        amount += charge["chargeAmount"].decimal("amount", whole_digits=9, fraction_digits=6)
        if not charge["tax"].missing:
            tax += charge["tax"]["taxAmount"].decimal("amount", whole_digits=9, fraction_digits=6)
    return amount * times, tax * times
