"""What an order at Amazon says of itself, as far as writes to it need to know. Pure: the order as it came in, numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.amazon.marketplaces import BY_ID, Marketplace
from connectors.amazon.money import DISCOUNT, ITEM, SHIPPING, ZERO, LineMoney, line_money
from connectors.amazon.statuses import ON_DELIVERY, LineState, line_state, status_in
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader

# What is asked for: the money only for refunds.
WORK = ("FULFILLMENT", "PACKAGES", "CANCELLATION", "PAYMENT")
WITH_MONEY = (*WORK, "PROCEEDS", "TAX")
MERCHANT = "MERCHANT"
_GONE = "CANCELLED"


@dataclass(frozen=True, slots=True)
class ParcelNow:
    """A parcel that was told. second: epoch second of its shipTime, None when Amazon shows none; units: by order item."""

    reference: str
    tracking: str
    carrier: str
    second: int | None
    units: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Charged:
    """What was paid for an item. Where prices include tax, the taxes are within item and shipping."""

    item: Decimal = ZERO
    item_tax: Decimal = ZERO
    shipping: Decimal = ZERO
    shipping_tax: Decimal = ZERO
    currency: str = ""


@dataclass(frozen=True, slots=True)
class LineNow:
    """One order item. Quantities are units; open: what neither left nor was cancelled."""

    number: str
    ordered: Decimal
    shipped: Decimal
    cancelled: Decimal
    asked_to_cancel: bool
    charged: Charged

    @property
    def open(self) -> Decimal:
        return self.ordered - self.shipped - self.cancelled


@dataclass(frozen=True, slots=True)
class OrderNow:
    """The order. status: our word; word: Amazon's; marketplace: its id; on_delivery: whether the buyer pays the carrier."""

    order_id: str
    status: str
    word: str
    marketplace: str
    fulfilled_by: str
    lines: Mapping[str, LineNow]
    parcels: tuple[ParcelNow, ...]
    on_delivery: bool = False

    def line(self, number: str) -> LineNow:
        """Raises DataError for a line the order does not have."""
        found = self.lines.get(number)
        if found is None:
            raise DataError(f"the order has no item {number[:20]!r} at Amazon; was the line added in Odoo?")
        return found

    @property
    def by_amazon(self) -> bool:
        """Whether Amazon ships it itself (FBA)."""
        return self.fulfilled_by not in ("", MERCHANT)

    @property
    def tax_included(self) -> bool:
        """Whether the marketplace's prices include tax."""
        place = BY_ID.get(self.marketplace)
        return place is not None and place.tax_included

    @property
    def has_shipped(self) -> bool:
        """Whether something of it has left."""
        return any(line.shipped for line in self.lines.values())


def order_now(order: Any) -> OrderNow:
    """Raises DataError for an order that cannot be read."""
    reader = Reader(order).an_object()
    status, word = status_in(reader)
    marketplace = reader["salesChannel"].text("marketplaceId")
    lines = [_line(line, status, word, BY_ID.get(marketplace)) for line in reader.objects("orderItems")]
    return OrderNow(
        reader.needed_text("orderId"), status, word, marketplace, reader["fulfillment"].text("fulfilledBy").upper(),
        {line.number: line for line in lines},
        tuple(_parcel(one) for one in reader.objects("packages") if not _is_gone(one)),
        any(one.text("paymentMethod") == ON_DELIVERY for one in reader["payment"].objects("paymentExecutions")),
    )  # fmt: skip


def _line(line: Reader, status: str, word: str, place: Marketplace | None) -> LineNow:
    state = line_state(line, status, word)
    asked = line["cancellation"]["cancellationRequest"].text("requester").upper() == "BUYER"
    return LineNow(
        line.needed_text("orderItemId"), state.ordered, state.shipped, state.cancelled, asked, _charged(line, state, place)
    )  # fmt: skip


def _charged(line: Reader, state: LineState, place: Marketplace | None) -> Charged:
    """Nothing where the order was asked for without its money."""
    if line["proceeds"].missing:
        return Charged()
    money = line_money(line, state.units, "", place)
    item, shipping = _paid(money, ITEM), _paid(money, SHIPPING)
    item_tax = money.taxes.get(ITEM, ZERO) + money.taxes.get(DISCOUNT, ZERO)
    shipping_tax = money.taxes.get(SHIPPING, ZERO)
    if place is not None and place.tax_included:
        return Charged(item + item_tax, ZERO, shipping + shipping_tax, ZERO, money.currency)
    return Charged(item, item_tax, shipping, shipping_tax, money.currency)


def _paid(money: LineMoney, kind: str) -> Decimal:
    return money.parts.get(kind, ZERO) - money.discounts.get(kind, ZERO)


def _is_gone(parcel: Reader) -> bool:
    return parcel["packageStatus"].text("status").upper() == _GONE


def _parcel(parcel: Reader) -> ParcelNow:
    at = parcel.time("shipTime")
    units: dict[str, int] = {}
    for item in parcel.objects("packageItems"):
        name = item.needed_text("orderItemId")
        units[name] = units.get(name, 0) + int(item.decimal("quantity", whole_digits=6, fraction_digits=0))
    return ParcelNow(
        parcel.text("packageReferenceId"), parcel.text("trackingNumber"), parcel.text("carrier"),
        int(at.timestamp()) if at else None, units,
    )  # fmt: skip
