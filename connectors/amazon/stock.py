"""`set_stock` (availability) -> merge on `fulfillment_availability`, by PATCH of one listing or a feed of many.

Numbers are whole, absolute, never negative and at most `stock_cap`. `merge` leaves lead time and restock date as they are; `replace` would
drop them. The channel `DEFAULT` is the seller's own stock. What Amazon keeps (FBA) is Amazon's count: it is never written, for a number on
`DEFAULT` would turn the offer into one the seller ships himself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.amazon.listing_items import SKUS, Shown, merge
from connectors.amazon.settings import AmazonSettings
from connectors.kit.outgoing.bodies import units, units_known
from connectors.kit.outgoing.values import STOCK, Value, listing_name
from connectors.kit.ports import Delivery
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader

ATTRIBUTE = "fulfillment_availability"
OWN_CHANNEL = "DEFAULT"


class Stock:
    """`AmazonKind` of stock numbers."""

    model = STOCK
    attribute = ATTRIBUTE

    def __init__(self, settings: AmazonSettings) -> None:
        self._cap = settings.stock_cap
        self.few = settings.stock_few

    def read(self, delivery: Delivery) -> Value:
        body = Reader(dict(delivery.body))
        sku = SKUS.needed(body)
        sent, notes = units(body, self._cap)
        return _value(delivery.account, sku, sent, urgent=body.flag("urgent"), notes=notes)

    def parse(self, account: str, sku: str, text: str) -> Value:
        return _value(account, sku, units_known(text))

    def priority(self, urgent: bool) -> Priority:
        # What is urgent passes the rest, which draws from the same quotas as prices and stands in line with them.
        return Priority.STOCK if urgent else Priority.PRICES

    def patches(self, value: Value, shown: Shown) -> Sequence[Mapping[str, Any]]:
        return [merge(ATTRIBUTE, value.entry)]

    def shows(self, value: Value, shown: Shown) -> bool:
        return shown.quantity is not None and shown.quantity == int(value.text)

    def took(self, value: Value, shown: Shown) -> bool:
        """What is shown is less than what was written as soon as somebody buys."""
        return int(value.text) in (shown.quantity, shown.written)

    def told(self, value: Value, shown: Shown) -> str:
        return "none" if shown.quantity is None else str(shown.quantity)

    def not_ours(self, shown: Shown) -> bool:
        return shown.by_amazon

    def zero(self, account: str, sku: str) -> Value:
        """Nothing to sell."""
        return _value(account, sku, 0, urgent=True)


def _value(account: str, sku: str, amount: int, *, urgent: bool = False, notes: tuple[str, ...] = ()) -> Value:
    entry = {"fulfillment_channel_code": OWN_CHANNEL, "quantity": amount}
    return Value(
        sku, entry, str(amount), urgent, listing_name("amazon", account, sku), notes, needs_no_item=amount == 0
    )
