"""The price of a SKU -> what one channel shall ask for it. Pure; every step is a term that people can read (PRC-1, PRC-2).

In this order:

1. the channel's pricelist, else the sales price; rules with dates give the sale price beside it
2. into the channel's currency, by the configured rate
3. rounded
4. not below the floor: the lowest advertised price, and cost plus a margin, whichever is higher; after rounding, so that it truly holds
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, InvalidOperation

from connectors.kit.currencies import smallest
from schemas.reasons import Reason
from schemas.records import Money, Price, PricelistPrice, Term
from streams.pricing_settings import ChannelPricing


class PriceProblemError(Exception):
    """This price cannot be offered: why, whose business that is, and what it waits for (see `waiting`), if anything would release it."""

    def __init__(self, reason: Reason, detail: str, waiting_for: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.waiting_for = waiting_for


@dataclass(frozen=True, slots=True)
class Sale:
    """A reduced price with dates, None = open on that side."""

    price: Money
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Offered:
    """What a channel shall ask."""

    price: Money
    sale: Sale | None
    terms: tuple[Term, ...]


def offered(price: Price, rules: ChannelPricing, rates: Mapping[str, Decimal], now: datetime) -> Offered:
    """Raises PriceProblemError."""
    terms: list[Term] = []
    floor = _floor(price, rules, rates)
    base, sale = _chosen(price, rules, now)
    regular = _finished(base, "list price" if base["rule"] == "" else base["rule"], rules, rates, floor, terms)
    reduced = None
    if sale is not None:
        amount = _finished(sale, f"sale: {sale['rule']}", rules, rates, floor, terms)
        if amount < regular:  # raised to the floor it may be no reduction any more
            reduced = Sale(_money(amount, rules.currency), sale["starts_at"], sale["ends_at"])
    return Offered(_money(regular, rules.currency), reduced, tuple(terms))


def _chosen(price: Price, rules: ChannelPricing, now: datetime) -> tuple[PricelistPrice, PricelistPrice | None]:
    """The price that always holds, and the one with dates that holds now, else the one that begins soonest. Of several that hold Odoo's own choice
    counts, which comes first."""
    if not rules.pricelist:
        return _entry("", price["list_price"]), None
    mine = [entry for entry in price["pricelists"] if entry["pricelist"] == rules.pricelist]
    if not mine:
        raise PriceProblemError(
            Reason.MAPPING,
            f"pricelist {rules.pricelist!r} says nothing of this product: is its name right, is it read?",
            f"pricelist:{rules.pricelist}",
        )
    always = [entry for entry in mine if entry["starts_at"] is None and entry["ends_at"] is None]
    dated = [entry for entry in mine if entry not in always and (entry["ends_at"] is None or entry["ends_at"] > now)]
    sale = min(dated, key=lambda entry: max(entry["starts_at"] or now, now), default=None)
    return (always[0] if always else _entry("", price["list_price"])), sale


def _entry(rule: str, money: Money) -> PricelistPrice:
    return PricelistPrice(pricelist="", pricelist_id=0, price=money, starts_at=None, ends_at=None, rule=rule)


def _finished(
    entry: PricelistPrice, name: str, rules: ChannelPricing, rates: Mapping[str, Decimal], floor: Decimal | None, terms: list[Term]
) -> Decimal:  # fmt: skip
    amount = _decimal(entry["price"]["amount"], name)
    terms.append(Term(name=name, quantity=str(amount), event=entry["pricelist"]))
    if amount <= 0:
        rounded = " (rounded as Odoo does)" if entry["pricelist"] and not amount else ""
        raise PriceProblemError(Reason.DATA, f"{name}: the price is {amount}{rounded}; a marketplace wants one above 0")
    exact = _converted(amount, entry["price"]["currency"], rules.currency, rates, terms)
    amount = _rounded(exact, rules, terms)
    if floor is not None and amount < floor:
        if rules.below_floor == "refuse":
            raise PriceProblemError(Reason.DATA, f"{name}: {amount} lies below the lowest allowed price {floor}")
        amount = _ceiling(floor, rules.currency)
        terms.append(Term(name="floor", quantity=str(amount), event="lowest allowed price"))
    if amount <= 0:
        text = f"{name}: {exact} {rules.currency} rounds to {amount}; a marketplace wants a price above 0"
        raise PriceProblemError(Reason.DATA, text)
    return amount


def _converted(amount: Decimal, source: str, target: str, rates: Mapping[str, Decimal], terms: list[Term]) -> Decimal:
    if source == target:
        return amount
    rate = rates.get(f"{source}/{target}")
    if rate is None:
        detail = f"no rate {source}/{target} is configured (pricing.rates)"
        raise PriceProblemError(Reason.MAPPING, detail, f"rate:{source}/{target}")
    terms.append(Term(name=f"rate {source}/{target}", quantity=str(amount * rate), event=str(rate)))
    return amount * rate


def _rounded(amount: Decimal, rules: ChannelPricing, terms: list[Term]) -> Decimal:
    step = smallest(rules.currency)
    if rules.rounding == "none":
        if amount != amount.quantize(step):
            raise PriceProblemError(Reason.DATA, f"{amount} has more digits than {rules.currency} and rounding is off")
        return amount.quantize(step)
    if rules.rounding == "cents":
        made = amount.quantize(step, ROUND_HALF_UP)
    else:
        made = (amount - rules.ending).to_integral_value(ROUND_CEILING) + rules.ending
        made = made.quantize(step, ROUND_HALF_UP)
    if made != amount:
        terms.append(Term(name=f"rounding {rules.rounding}", quantity=str(made), event=""))
    return made


def _floor(price: Price, rules: ChannelPricing, rates: Mapping[str, Decimal]) -> Decimal | None:
    floors: list[Decimal] = []
    if rules.floor_field:
        if rules.floor_field not in price["fields"]:
            raise PriceProblemError(
                Reason.MAPPING,
                f"the floor {rules.floor_field!r} is not read from Odoo: name it in CAUSEWAY_ODOO__CAPTURE__PRICE_FIELDS",
            )
        text = price["fields"][rules.floor_field]
        value = json.loads(text) if text else None
        if value not in (None, False, "", 0):
            floors.append(_decimal(str(value), rules.floor_field))
    cost = price["cost"]
    if rules.floor_over_cost_percent is not None and cost is not None:
        own = _decimal(cost["amount"], "cost")
        own = _converted(own, cost["currency"], rules.currency, rates, [])
        floors.append(own * (1 + rules.floor_over_cost_percent / 100))
    return max(floors, default=None)


def _ceiling(floor: Decimal, currency: str) -> Decimal:
    return floor.quantize(smallest(currency), ROUND_CEILING)


def _decimal(text: str, name: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise PriceProblemError(Reason.DATA, f"{name}: {text[:40]!r} is no amount") from None
    if not value.is_finite():
        raise PriceProblemError(Reason.DATA, f"{name}: {text[:40]!r} is no amount")
    return value


def _money(amount: Decimal, currency: str) -> Money:
    return Money(amount=str(amount), currency=currency)


def change_percent(before: Money | None, after: Money) -> Decimal | None:
    """By how many percent of the old price the new one differs, None when there was none or in another currency."""
    if before is None or before["currency"] != after["currency"]:
        return None
    old = Decimal(before["amount"])
    return None if old == 0 else abs(Decimal(after["amount"]) - old) / old * 100
