"""What taxes make of a line, rounded per line and tax (the company's setting "round per line"). Pure.

Taxes included in the price are taken out of it first, from the last to the first; those on top follow, each on the base
and the earlier taxes that affect the base. Fixed ones count per unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any

Row = dict[str, Any]


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
    taxes: Sequence[Row], price: float, quantity: float, discount: float = 0.0, places: int = 2
) -> LineAmounts:
    """`taxes`: rows of account.tax without groups, in their order. `discount` in percent."""
    unit = Decimal(1).scaleb(-places)

    def cents(value: Decimal) -> Decimal:
        return value.quantize(unit, ROUND_HALF_UP)

    pieces = decimal(quantity)
    base = cents(decimal(price) * pieces * (1 - decimal(discount) / 100))
    amounts: dict[int, Decimal] = {}
    for batch in reversed(_batches([tax for tax in taxes if _in_price(tax)])):
        found = {tax["id"]: cents(_from_price(tax, batch, base, pieces)) for tax in batch}
        amounts |= found
        base -= sum(found.values(), Decimal(0))
    running = base
    for tax in taxes:
        if not _in_price(tax):
            amounts[tax["id"]] = cents(_on_top(tax, running, pieces))
        if tax["include_base_amount"]:
            running += amounts[tax["id"]]
    total = sum(amounts.values(), Decimal(0))
    by_tax = tuple((tax["id"], float(amounts[tax["id"]])) for tax in taxes)
    return LineAmounts(float(base), float(total), float(base + total), by_tax)


def _in_price(tax: Row) -> bool:
    return bool(tax["price_include_override"] == "tax_included")


def _batches(taxes: Sequence[Row]) -> list[list[Row]]:
    """Neighbours of one kind are taken out of the price together."""
    return [list(batch) for _, batch in groupby(taxes, key=lambda tax: tax["amount_type"])]


def _from_price(tax: Row, batch: Sequence[Row], gross: Decimal, pieces: Decimal) -> Decimal:
    amount = decimal(tax["amount"])
    match tax["amount_type"]:
        case "percent":
            whole = 100 + sum((decimal(one["amount"]) for one in batch), Decimal(0))
            return gross * amount / whole if whole else Decimal(0)
        case "division":
            return gross * amount / 100
    return amount * pieces


def _on_top(tax: Row, base: Decimal, pieces: Decimal) -> Decimal:
    amount = decimal(tax["amount"])
    match tax["amount_type"]:
        case "percent":
            return base * amount / 100
        case "division":
            # A division of 100 % has no net price; Odoo takes the base as it is.
            return base * amount / (100 if amount == 100 else 100 - amount)
    return amount * pieces
