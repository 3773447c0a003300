"""States of Amazon orders and what they say of each line. Pure.

| Amazon | ours | because |
|---|---|---|
| PENDING_AVAILABILITY, PENDING | pending | released later, or the payment is not verified: not to be shipped, and it has no money yet |
| UNSHIPPED | acknowledged | the payment is verified and the seller is bound; Amazon knows no acknowledgement, so there is none to give |
| PARTIALLY_SHIPPED, SHIPPED, CANCELLED | the same | |
| UNFULFILLABLE | unknown | Amazon cannot carry out a multi-channel order: a person has to look |
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from connectors.kit.line_states import UNKNOWN, least_advanced
from connectors.kit.money import quantity_text
from connectors.kit.reading import Reader
from schemas.records import LineStatus

CANONICAL = {
    "PENDING_AVAILABILITY": "pending",
    "PENDING": "pending",
    "UNSHIPPED": "acknowledged",
    "PARTIALLY_SHIPPED": "partially_shipped",
    "SHIPPED": "shipped",
    "CANCELLED": "cancelled",
    "UNFULFILLABLE": UNKNOWN,
}
# What is not shipped yet of an order in that state.
_LEFT = {"partially_shipped": "acknowledged", "shipped": "acknowledged"}
_PAYMENT = {"pending": "pending", "acknowledged": "authorized", "partially_shipped": "authorized", "shipped": "paid"}
ON_DELIVERY = "CashOnDelivery"


@dataclass(frozen=True, slots=True)
class LineState:
    """How many units of a line are where. `statuses`: the same as parts; `status`: the part that still has to be worked on."""

    ordered: Decimal
    shipped: Decimal
    cancelled: Decimal
    statuses: list[LineStatus]
    status: str

    @property
    def units(self) -> Decimal:
        """What is not cancelled."""
        return self.ordered - self.cancelled


def status_in(order: Reader) -> tuple[str, str]:
    """(our word, Amazon's). A word we do not know is `unknown` and stays visible. Raises DataError when there is none: without the data set
    FULFILLMENT nobody can say what to do with the order."""
    word = order["fulfillment"].needed_text("fulfillmentStatus")
    return CANONICAL.get(word.upper(), UNKNOWN), word


def payment_status(status: str, methods: list[str]) -> str:
    """Amazon takes the money when an order is shipped; with cash on delivery the carrier does, and Amazon does not say when."""
    return "" if ON_DELIVERY in methods else _PAYMENT.get(status, "")


def line_state(line: Reader, order_status: str, word: str) -> LineState:
    """The state of one line of an order in that state. Raises DataError when more is shipped and left than was ordered."""
    ordered = _count(line, "quantityOrdered")
    work = line["fulfillment"]
    shipped = _count(work, "quantityFulfilled")
    left = ordered - shipped if work["quantityUnfulfilled"].missing else _count(work, "quantityUnfulfilled")
    if shipped + left > ordered:
        raise work.wrong("no more units than were ordered")
    if order_status == "cancelled":
        left = Decimal(0)
    elif order_status == "pending":
        left = ordered - shipped
    cancelled = ordered - shipped - left
    parts = {"shipped": shipped, _LEFT.get(order_status, order_status): left, "cancelled": cancelled}
    found = [
        LineStatus(status=name, quantity=quantity_text(count), source_status=word)
        for name, count in parts.items()
        if count
    ]
    # In v0 a cancelled line has 0 units ordered: then nothing is left of it.
    status = least_advanced([one["status"] for one in found]) if found else "cancelled"
    return LineState(ordered, shipped, cancelled, found, status)


def _count(holder: Reader, name: str) -> Decimal:
    if holder[name].missing:
        return Decimal(0)
    number = holder.decimal(name, whole_digits=6, fraction_digits=0)
    if number < 0:
        raise holder[name].wrong("a number of units, 0 or more")
    return number
