"""Is a SKU out of stock at its supplier, and is another smallest order one to ask about? Pure (PO-4).

Between "out of stock" and "in stock again" lies a gap, in which nothing changes: a supplier that has 0, 3, 0, 2 units is out of stock once.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from streams.supply_settings import SupplySettings

ZERO, HUNDRED = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True)
class Supply:
    """What a supplier says of a SKU. stock: None = it does not say; minimum: smallest order, 0 = none; most: the most it had since it was in
    stock the last time."""

    stock: Decimal
    minimum: Decimal
    most: Decimal


def amount(text: str) -> Decimal | None:
    """None for what is no number of things: an unknown one says nothing."""
    try:
        found = Decimal(text) if text else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() and found >= ZERO else None


def shortage(supply: Supply, rules: SupplySettings) -> str:
    """Why what was in stock counts as out of stock now, in words; empty: it does not."""
    has = f"the supplier has {supply.stock:f}"
    if supply.stock <= rules.short_at:
        return f"{has}; out of stock at {rules.short_at:f}"
    if rules.below_minimum and supply.stock < supply.minimum:
        return f"{has}, less than its smallest order of {supply.minimum:f}"
    if rules.short_percent is not None and supply.stock < supply.most * rules.short_percent / HUNDRED:
        return f"{has}, less than {rules.short_percent:f} % of the {supply.most:f} it had"
    return ""


def recovery(supply: Supply, rules: SupplySettings) -> str:
    """Why what was out of stock counts as in stock again, in words; empty: it does not."""
    enough = rules.back_from
    if rules.below_minimum:
        enough = max(enough, supply.minimum * rules.back_minimums)
    if rules.short_percent is not None:
        enough = max(enough, supply.most * min(HUNDRED, 2 * rules.short_percent) / HUNDRED)
    enough = max(enough, rules.short_at)
    return f"the supplier has {supply.stock:f} again" if supply.stock >= enough else ""


def is_significant(before: Decimal, after: Decimal, rules: SupplySettings) -> bool:
    """Whether another smallest order is one to ask about."""
    if before == after:
        return False
    return before == ZERO or abs(after - before) * HUNDRED >= before * rules.quantity_change_percent
