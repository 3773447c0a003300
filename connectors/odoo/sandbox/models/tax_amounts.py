"""What taxes make of a line, rounded per line and tax (the company's setting "round per line"). Pure.

Taxes included in the price (percent, division) are taken out of it first; fixed ones count per unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any


@dataclass(frozen=True)
class LineAmounts:
    """excluded + sum of taxes = included; `by_tax` in the order of the taxes given."""

    excluded: float
    tax: float
    included: float
    by_tax: tuple[tuple[int, float], ...]


def decimal(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def line_amounts(
    taxes: Sequence[dict[str, Any]], price: float, quantity: float, discount: float = 0.0, places: int = 2
) -> LineAmounts:
    """`taxes`: rows of account.tax without groups, in their order. `discount` in percent."""
    unit = Decimal(1).scaleb(-places)

    def cents(value: Decimal) -> Decimal:
        return value.quantize(unit, ROUND_HALF_UP)

    pieces = decimal(quantity)
    gross = cents(decimal(price) * pieces * (1 - decimal(discount) / 100))
    base = _without_included(taxes, gross, pieces, cents)
    running, amounts = base, []
    for tax in taxes:
        amount = cents(_amount(tax, running, pieces))
        amounts.append((tax["id"], amount))
        if tax["include_base_amount"]:
            running += amount
    included_in_price = {tax["id"] for tax in taxes if _in_price(tax)}
    if included_in_price:
        # The price one sees stays the price: what rounding leaves over goes to the base.
        base = gross - sum((amount for one, amount in amounts if one in included_in_price), Decimal(0))
    total_tax = sum((amount for _, amount in amounts), Decimal(0))
    by_tax = tuple((one, float(amount)) for one, amount in amounts)
    return LineAmounts(float(base), float(total_tax), float(base + total_tax), by_tax)


def _in_price(tax: dict[str, Any]) -> bool:
    return bool(tax["price_include_override"] == "tax_included")


def _without_included(taxes: Sequence[dict[str, Any]], gross: Decimal, pieces: Decimal, cents: Any) -> Decimal:
    fixed = sum(
        (decimal(t["amount"]) * pieces for t in taxes if _in_price(t) and t["amount_type"] == "fixed"), Decimal(0)
    )
    percent = sum((decimal(t["amount"]) for t in taxes if _in_price(t) and t["amount_type"] == "percent"), Decimal(0))
    division = sum((decimal(t["amount"]) for t in taxes if _in_price(t) and t["amount_type"] == "division"), Decimal(0))
    if not (fixed or percent or division):
        return gross
    base: Decimal = cents((gross - fixed) * (1 - division / 100) / (1 + percent / 100))
    return base


def _amount(tax: dict[str, Any], base: Decimal, pieces: Decimal) -> Decimal:
    amount = decimal(tax["amount"])
    match tax["amount_type"]:
        case "percent":
            return base * amount / 100
        case "fixed":
            return amount * pieces
        case "division":
            return base / (1 - amount / 100) - base if amount != 100 else Decimal(0)
    return Decimal(0)
