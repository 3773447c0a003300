"""`set_price` (price_offer) -> PUT /v3/price or a feed `price`. (Sources: model price.json, Walmart's page on bulk prices.)

- At most two decimals, in the account's currency, above zero.
- A sale price goes as REDUCED (CLEARANCE by configuration) with the ordinary price as comparisonPrice. Walmart takes dates in promotions
  only, a feed whose body is not confirmed; so the price in force is written, and the delivery comes back when a sale begins or ends. A sale
  price that is not below the ordinary one is refused: Walmart would not take it.
- The first price of an item that is not published yet waits a day (`too_early_seconds`).
- A SKU stands in a feed once: which of two would win is not defined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from connectors.kit.errors import DataError
from connectors.kit.feeds import Feed
from connectors.kit.outgoing.bodies import offered
from connectors.kit.outgoing.values import Value, listing_name
from connectors.kit.ports import Delivery, Difference
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.walmart.client import WalmartClient
from connectors.walmart.items import get_item
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.skus import SKUS

PRICE = "/v3/price"
FEED = "price"
NOT_PUBLISHED_YET = frozenset({"IN_PROGRESS", "READY_TO_PUBLISH", "STAGE"})
_TEXT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,2})?) ([A-Z]{3})(?: (REDUCED|CLEARANCE) ([0-9]{1,12}(?:\.[0-9]{1,2})?))?")


class Prices:
    """`ValueKind` of prices. `now`: the clock, aware UTC."""

    model = "price"
    looks_first = True
    put_operation = "set_price"
    feed_types = frozenset({FEED})

    def __init__(self, settings: WalmartSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self.few = settings.price_few

    def read(self, delivery: Delivery) -> Value:
        body = Reader(dict(delivery.body))
        sku, now = SKUS.needed(body), self._now()
        one = offered(body, frozenset({self._settings.currency}), now, "Walmart")
        if one.sale is None:
            return _value(delivery.account, sku, one.price, one.currency)
        if one.starts is not None and now < one.starts:
            return _value(delivery.account, sku, one.price, one.currency, changes_at=one.starts)
        kind = self._settings.sale_price_type
        return _value(delivery.account, sku, one.sale, one.currency, kind, one.price, changes_at=one.ends)

    def parse(self, account: str, sku: str, text: str) -> Value:
        found = _TEXT.fullmatch(text)
        if found is None:
            raise DataError("the price the destination is known to hold is not known")
        amount, currency, kind, ordinary = found.groups()
        return _value(account, sku, Decimal(amount), currency, kind or "", Decimal(ordinary) if ordinary else None)

    def feed(self, account: str, values: Sequence[Value], mark: str) -> Feed:
        # No outer `PriceFeed`: with it the whole feed fails.
        body = {"PriceHeader": {"version": "1.7"}, "Price": [dict(value.entry) for value in values]}
        return Feed(FEED, body, [value.sku for value in values], mark, Priority.PRICES)

    def priority(self, urgent: bool) -> Priority:
        return Priority.PRICES

    def too_early_seconds(self, published: str) -> float:
        """Walmart takes a price no sooner than 24 hours after the item was set up. It does not say when that was; an item that is not
        published yet was set up lately, and has the price it was set up with."""
        return self._settings.price_after_setup_hours * 3600 if published in NOT_PUBLISHED_YET else 0.0

    async def put(self, client: WalmartClient, value: Value) -> None:
        await client.call(
            self.put_operation, "PUT", PRICE, body=dict(value.entry), priority=self.priority(value.urgent)
        )

    async def differences(self, client: WalmartClient, account: str, value: Value) -> Sequence[Difference]:
        item = await get_item(client, value.sku, Priority.PRICES)
        if item is None:
            return (Difference("price", "no item of this SKU", value.text),)
        held = item["price"]
        amount = "" if held["amount"].missing else f"{held.decimal('amount'):.2f} {held.text('currency') or 'USD'}"
        return () if amount == " ".join(value.text.split(" ")[:2]) else (Difference("price", amount, value.text),)


def _value(
    account: str, sku: str, price: Decimal, currency: str, kind: str = "", ordinary: Decimal | None = None,
    changes_at: datetime | None = None,
) -> Value:  # fmt: skip
    pricing: dict[str, Any] = {"currentPriceType": kind or "BASE", "currentPrice": _money(price, currency)}
    text = f"{price:.2f} {currency}"
    if kind and ordinary is not None:
        pricing |= {"comparisonPriceType": "BASE", "comparisonPrice": _money(ordinary, currency)}
        text += f" {kind} {ordinary:.2f}"
    entry = {"sku": sku, "pricing": [pricing]}
    return Value(sku, entry, text, waits_for=listing_name("walmart", account, sku), changes_at=changes_at)


def _money(amount: Decimal, currency: str) -> Mapping[str, Any]:
    return {"currency": currency, "amount": amount.quantize(Decimal("0.01"))}
