"""What Odoo 18's pricelists ask for one unit of a product (PRC-1, PRC-2). Pure.

Which rule counts (product.pricelist.item, `_order` and `_is_applicable_for`): of those that apply, the first by

    applied_on      variant, product, category, everything
    min_quantity    the greatest that one unit reaches
    category        the innermost: categories sort by their complete names, last first
    id              the newest

What it makes (`_compute_price`, `_compute_base_price`):

    fixed           the price it names, in the pricelist's currency
    percentage      base less so many percent
    formula         base less discount (of cost: plus markup), rounded to a multiple, plus surcharge, held within margins above the base
    no rule         the sales price

Base: sales price, cost, or what another pricelist asks; converted at today's rates where currencies differ. Amounts are rounded to the
currency at the end, as Odoo does when it writes a price. A rule based on another pricelist takes what that asks without dated rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

ONE = Decimal(1)
_DEPTH = 10  # pricelists based on one another; a circle, which Odoo refuses, would end here


@dataclass(frozen=True, slots=True)
class Rule:
    """A product.pricelist.item that applies to the product. category: complete name, of rules of a category."""

    id: int
    pricelist: int
    applied_on: str
    min_quantity: Decimal
    category: str
    starts_at: datetime | None
    ends_at: datetime | None
    kind: str
    base: str
    base_pricelist: int
    fixed: Decimal
    percent: Decimal
    discount: Decimal
    markup: Decimal
    round_to: Decimal
    surcharge: Decimal
    min_margin: Decimal
    max_margin: Decimal

    @property
    def is_dated(self) -> bool:
        """Whether it holds for a time only."""
        return self.starts_at is not None or self.ends_at is not None


@dataclass(frozen=True, slots=True)
class Product:
    """What rules start from. `rates`: currency -> how many of it one unit of the company's currency is."""

    list_price: Decimal
    currency: str
    cost: Decimal
    cost_currency: str
    rates: Mapping[str, Decimal]

    def convert(self, amount: Decimal, source: str, target: str) -> Decimal:
        """Raises KeyError for a currency without a rate."""
        return amount if source == target else amount / self.rates[source] * self.rates[target]


def in_order(rules: Sequence[Rule], pricelist: int) -> list[Rule]:
    """The rules of one pricelist for one unit, the one that counts first; those behind one without dates never count."""
    mine = [rule for rule in rules if rule.pricelist == pricelist and rule.min_quantity <= ONE]
    mine.sort(key=lambda rule: rule.id, reverse=True)
    mine.sort(key=lambda rule: rule.category, reverse=True)
    mine.sort(key=lambda rule: (rule.applied_on, -rule.min_quantity))
    last = next((at for at, rule in enumerate(mine) if not rule.is_dated), len(mine))
    return mine[: last + 1]


def price_of(
    rule: Rule | None, product: Product, rules: Sequence[Rule], currencies: Mapping[int, str], currency: str, depth: int = _DEPTH
) -> Decimal:  # fmt: skip
    """What a rule asks, unrounded; None: the sales price. `currencies`: of the pricelists. Raises KeyError for a currency without a rate."""
    if rule is None:
        return product.convert(product.list_price, product.currency, currency)
    if rule.kind == "fixed":
        return rule.fixed
    base = _base(rule, product, rules, currencies, currency, depth)
    if rule.kind == "percentage":
        return base - base * rule.percent / 100
    return _formula(rule, base) if rule.kind == "formula" else base


def _base(
    rule: Rule, product: Product, rules: Sequence[Rule], currencies: Mapping[int, str], currency: str, depth: int
) -> Decimal:
    if rule.base == "standard_price":
        return product.convert(product.cost, product.cost_currency, currency)
    if rule.base == "pricelist" and rule.base_pricelist in currencies and depth:
        other = currencies[rule.base_pricelist]
        undated = next((one for one in in_order(rules, rule.base_pricelist) if not one.is_dated), None)
        asked = price_of(undated, product, rules, currencies, other, depth - 1)
        return product.convert(asked, other, currency)
    return product.convert(product.list_price, product.currency, currency)


def _formula(rule: Rule, base: Decimal) -> Decimal:
    discount = -rule.markup if rule.base == "standard_price" else rule.discount
    price = base - base * discount / 100
    if rule.round_to:
        price = (price / rule.round_to).quantize(ONE, ROUND_HALF_UP) * rule.round_to
    price += rule.surcharge
    if rule.min_margin:
        price = max(price, base + rule.min_margin)
    if rule.max_margin:
        price = min(price, base + rule.max_margin)
    return price


def described(rule: Rule | None, name_of: Callable[[int], str]) -> str:
    """For people: which rule, and what it does."""
    if rule is None:
        return "sales price"
    scope = {"0_product_variant": "variant", "1_product": "product", "2_product_category": f"category {rule.category}"}
    where = scope.get(rule.applied_on, "all products")
    match rule.kind:
        case "fixed":
            what = "fixed price"
        case "percentage":
            what = f"{rule.percent.normalize():f} % off"
        case _:
            what = "formula"
    base = {"standard_price": " on cost", "pricelist": f" on {name_of(rule.base_pricelist)}"}.get(rule.base, "")
    return f"rule {rule.id} ({where}): {what}{base if rule.kind != 'fixed' else ''}"
