"""`set_price` (price_offer) -> merge on `purchasable_offer`, by PATCH of one listing or a feed of many.

- One offer for each marketplace of the account that the SKU is listed in (all of one currency), for everyone (`audience` ALL). What is told
  apart by other selectors, such as an offer for companies, stays.
- `value_with_tax` is a JSON number with the digits of the price, no more of them than the currency has. Where prices include tax the pricelist
  is with tax too.
- A sale is written beside the price, with its dates: Amazon begins and ends it. It takes no sale without both dates (`OPEN_START`, `OPEN_END`
  stand for those that are not given), and none that is not below the price. A merge cannot take a sale away: one that is no longer wanted and not
  over is given dates that have passed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.amazon.listing_items import ALL, SKUS, Shown, merge
from connectors.amazon.marketplaces import BY_ID
from connectors.amazon.settings import AmazonSettings
from connectors.kit.currencies import digits_of
from connectors.kit.errors import DataError
from connectors.kit.outgoing.bodies import offered
from connectors.kit.outgoing.values import Value, listing_name
from connectors.kit.ports import Delivery
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader

ATTRIBUTE = "purchasable_offer"
OPEN_START, OPEN_END = "2000-01-01T00:00:00Z", "2099-12-31T00:00:00Z"
PAST = ("2000-01-01T00:00:00Z", "2000-01-02T00:00:00Z")
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,3})?"
_TIME = r"[0-9T:Z-]{20}"
_TEXT = re.compile(rf"({_NUMBER}) ([A-Z]{{3}})(?: ({_NUMBER}) ({_TIME}) ({_TIME}))?")


class Prices:
    """`AmazonKind` of prices. `now`: the clock, aware UTC."""

    model = "price"
    attribute = ATTRIBUTE

    def __init__(self, settings: AmazonSettings, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self.few = settings.price_few

    def read(self, delivery: Delivery) -> Value:
        body = Reader(dict(delivery.body))
        sku = SKUS.needed(body)
        known = frozenset(BY_ID[one].currency for one in self._marketplaces(delivery.account) if one in BY_ID)
        one = offered(body, known, self._now(), "Amazon")
        if one.sale is None:
            return _value(delivery.account, sku, one.price, one.currency)
        if one.starts is not None and one.ends is not None and one.starts >= one.ends:
            raise DataError("sale_ends_at: not after sale_starts_at")
        during = (_iso(one.starts) or OPEN_START, _iso(one.ends) or OPEN_END)
        return _value(delivery.account, sku, one.price, one.currency, one.sale, during)

    def parse(self, account: str, sku: str, text: str) -> Value:
        found = _TEXT.fullmatch(text)
        if found is None:
            raise DataError("the price the destination is known to hold is not known")
        amount, currency, sale, starts, ends = found.groups()
        during = (starts, ends) if sale else None
        return _value(account, sku, Decimal(amount), currency, Decimal(sale) if sale else None, during)

    def priority(self, urgent: bool) -> Priority:
        return Priority.PRICES

    def patches(self, value: Value, shown: Shown) -> Sequence[Mapping[str, Any]]:
        offers = []
        for marketplace in self._targets(value, shown):
            offer = {"marketplace_id": marketplace, "audience": ALL, **value.entry}
            if "discounted_price" not in offer and self._on_sale(_offer(shown, marketplace)):
                offer["discounted_price"] = _discounted(
                    value.entry["our_price"][0]["schedule"][0]["value_with_tax"], PAST
                )
            offers.append(offer)
        return [merge(ATTRIBUTE, *offers)]

    def shows(self, value: Value, shown: Shown) -> bool:
        return all(self._is(value.entry, _offer(shown, one)) for one in self._targets(value, shown))

    def took(self, value: Value, shown: Shown) -> bool:
        return self.shows(value, shown)

    def told(self, value: Value, shown: Shown) -> str:
        return ", ".join(dict.fromkeys(_in_words(_offer(shown, one)) or "none" for one in self._targets(value, shown)))

    def not_ours(self, shown: Shown) -> bool:
        return False

    def _marketplaces(self, account: str) -> tuple[str, ...]:
        found = self._settings.accounts.get(account)
        return found.marketplaces if found else ()

    def _targets(self, value: Value, shown: Shown) -> Sequence[str]:
        """Where it is listed, as far as that is told."""
        account = value.waits_for.split(":")[2]
        ours = self._marketplaces(account)
        return [one for one in ours if one in shown.marketplaces] or ours

    def _is(self, entry: Mapping[str, Any], offer: Mapping[str, Any]) -> bool:
        if offer.get("currency", entry["currency"]) != entry["currency"]:
            return False
        if _price_in(offer.get("our_price")) != _price_in(entry["our_price"]):
            return False
        if "discounted_price" not in entry:
            return not self._on_sale(offer)
        return _sale_in(offer) == _sale_in(entry)

    def _on_sale(self, offer: Mapping[str, Any]) -> bool:
        """Whether a sale stands there that is not over."""
        sale = _sale_in(offer)
        return sale is not None and (sale[2] is None or sale[2] > self._now())


def _value(
    account: str, sku: str, price: Decimal, currency: str, sale: Decimal | None = None,
    during: tuple[str, str] | None = None,
) -> Value:  # fmt: skip
    price = _exact(price, currency)
    entry: dict[str, Any] = {"currency": currency, "our_price": [{"schedule": [{"value_with_tax": price}]}]}
    text = f"{price} {currency}"
    if sale is not None and during is not None:
        sale = _exact(sale, currency)
        entry["discounted_price"] = _discounted(sale, during)
        text += f" {sale} {during[0]} {during[1]}"
    return Value(sku, entry, text, waits_for=listing_name("amazon", account, sku))


def _discounted(amount: Decimal, during: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"schedule": [{"start_at": during[0], "end_at": during[1], "value_with_tax": amount}]}]


def _exact(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-digits_of(currency)))


def _iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


# -- what was written before; whatever is not of its form counts as nothing


def _offer(shown: Shown, marketplace: str) -> Mapping[str, Any]:
    """What stands there for everyone, empty where nothing does."""
    return next(
        (
            offer
            for offer in shown.offers
            if offer.get("marketplace_id") == marketplace and offer.get("audience", ALL) == ALL
        ),
        {},
    )


def _schedule(prices: Any) -> Mapping[str, Any]:
    first = prices[0] if isinstance(prices, list) and prices else None
    listed = first.get("schedule") if isinstance(first, dict) else None
    found = listed[0] if isinstance(listed, list) and listed else None
    return found if isinstance(found, dict) else {}


def _price_in(prices: Any) -> Decimal | None:
    value = _schedule(prices).get("value_with_tax")
    try:
        return Decimal(str(value)) if value is not None and not isinstance(value, bool) else None
    except InvalidOperation:
        return None


def _sale_in(offer: Mapping[str, Any]) -> tuple[Decimal, datetime | None, datetime | None] | None:
    """(amount, from, until) of a sale, None when there is none."""
    prices = offer.get("discounted_price")
    amount, found = _price_in(prices), _schedule(prices)
    return None if amount is None else (amount, _at(found.get("start_at")), _at(found.get("end_at")))


def _at(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _in_words(offer: Mapping[str, Any]) -> str:
    price, sale = _price_in(offer.get("our_price")), _sale_in(offer)
    if price is None:
        return ""
    text = f"{price} {offer.get('currency', '')}".strip()
    return f"{text}, on sale for {sale[0]}" if sale else text
