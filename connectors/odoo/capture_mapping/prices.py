"""Raw `price` -> canonical `price` (PRC-1, PRC-2): what each pricelist asks for one unit, computed as Odoo does (`pricelists`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial

from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader
from connectors.odoo.capture_mapping.pricelists import Product, Rule, described, in_order, price_of
from connectors.odoo.capture_mapping.products import fields_of
from connectors.odoo.capture_mapping.raw import ZERO, amount, cents, money, opened, sku_key, time_or_none, whole
from schemas.records import Price, PricelistPrice

_RATE_DIGITS = 30  # a rate is a float of Odoo's, told exactly: one dong is 0.0000393... dollars


def to_price(payload: bytes, account: str) -> Sequence[Canonical]:
    """Raises DataError: for a currency without a rate, too."""
    raw = opened(payload)
    sku, key = sku_key(raw)
    active = raw.flag("active")
    currency = raw.needed_text("currency") if active else ""
    price: Price = {
        "key": key,
        "sku": sku,
        "product_id": whole(raw, "id"),
        "version": whole(raw, "version"),
        "active": active,
        "category": raw.text("category"),
        "list_price": money(amount(raw, "list_price"), currency),
        "cost": money(amount(raw, "cost"), raw.text("cost_currency") or currency) if raw.text("cost") else None,
        "pricelists": _pricelists(raw, currency) if active else [],
        "fields": fields_of(raw),
        "unreviewed": raw.flag("unreviewed"),
    }
    return (Canonical("price", key, price["version"], price),)


def _pricelists(raw: Reader, currency: str) -> list[PricelistPrice]:
    lists = raw.children("pricelists")
    currencies = {whole(one, "id"): one.needed_text("currency") for one in lists}
    names = {whole(one, "id"): one.text("name") for one in lists}
    rules = [_rule(one) for one in raw.children("rules")]
    product = _product(raw, currency)
    return [
        _asked(one, rule, product, rules, currencies, names)
        for one in lists
        if one.flag("offered")
        for rule in _with_fallback(in_order(rules, whole(one, "id")))
    ]


def _with_fallback(rules: Sequence[Rule]) -> list[Rule | None]:
    """Where every rule holds for a time only, the sales price holds for the rest of it."""
    return [*rules] if rules and not rules[-1].is_dated else [*rules, None]


def _asked(
    pricelist: Reader, rule: Rule | None, product: Product, rules: Sequence[Rule], currencies: Mapping[int, str], names: Mapping[int, str]
) -> PricelistPrice:  # fmt: skip
    number = whole(pricelist, "id")
    try:
        asked = price_of(rule, product, rules, currencies, currencies[number])
    except KeyError as error:
        raise DataError(f"rates: none for {str(error.args[0])[:8]}; Odoo needs its rate", code="DATA") from None
    except ArithmeticError:
        raise DataError("rules: a price that cannot be computed", code="DATA") from None
    return {
        "pricelist": names[number],
        "pricelist_id": number,
        "price": cents(asked, currencies[number]),
        "starts_at": rule.starts_at if rule else None,
        "ends_at": rule.ends_at if rule else None,
        "rule": described(rule, partial(_named, names)),
    }


def _named(names: Mapping[int, str], pricelist: int) -> str:
    return names.get(pricelist) or f"pricelist {pricelist}"


def _product(raw: Reader, currency: str) -> Product:
    told = raw["rates"]
    rates = (
        {}
        if told.missing
        else {name: told.decimal(name, fraction_digits=_RATE_DIGITS) for name in told.an_object().value}
    )
    return Product(
        list_price=amount(raw, "list_price"),
        currency=currency,
        cost=amount(raw, "cost"),
        cost_currency=raw.text("cost_currency") or currency,
        # What is in the company's currency needs no rate.
        rates={currency: Decimal(1)} | {name: rate for name, rate in rates.items() if rate > ZERO},
    )


def _rule(one: Reader) -> Rule:
    return Rule(
        id=whole(one, "id"),
        pricelist=whole(one, "pricelist_id"),
        applied_on=one.text("applied_on"),
        min_quantity=amount(one, "min_quantity"),
        category=one.text("category"),
        starts_at=time_or_none(one, "date_start"),
        ends_at=time_or_none(one, "date_end"),
        kind=one.text("compute_price"),
        base=one.text("base"),
        base_pricelist=whole(one, "base_pricelist_id"),
        fixed=amount(one, "fixed_price"),
        percent=amount(one, "percent_price"),
        discount=amount(one, "price_discount"),
        markup=amount(one, "price_markup"),
        round_to=amount(one, "price_round"),
        surcharge=amount(one, "price_surcharge"),
        min_margin=amount(one, "price_min_margin"),
        max_margin=amount(one, "price_max_margin"),
    )
