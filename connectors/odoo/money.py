"""Amounts to the cent, the way Odoo computes them. Pure.

Odoo rounds the price of a unit to two digits, a line to the currency's digits, each tax of a line by itself (company setting
"round per line"), halves away from zero. Amounts of the marketplace that do not come out of that are split until they do.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

from connectors.kit.currencies import smallest
from connectors.kit.errors import DataError
from schemas.records import Money

ZERO = Decimal(0)
_MOST_DIGITS = 12  # a float keeps 15, cents among them


def amount_of(money: Money | None, currency: str, where: str) -> Decimal:
    """The amount of a Money, 0 for None. Raises DataError naming `where` for another currency, more digits than it has, or no number."""
    if money is None:
        return ZERO
    if money["currency"] != currency:
        raise DataError(f"{where}: currency {money['currency']} in an order in {currency}")
    amount = number(money["amount"], where)
    if amount != rounded(amount, currency):
        raise DataError(f"{where}: {amount} has more digits than {currency}")
    return rounded(amount, currency)


def number(text: str, where: str) -> Decimal:
    """A finite decimal number that Odoo can hold. Raises DataError naming `where`."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise DataError(f"{where}: not a number")
    if value.adjusted() >= _MOST_DIGITS:
        raise DataError(f"{where}: has more than {_MOST_DIGITS} digits before the point")
    return value


def rounded(value: Decimal, currency: str) -> Decimal:
    """Rounded like Odoo rounds amounts of this currency."""
    return value.quantize(smallest(currency), ROUND_HALF_UP)


def units_at(amount: Decimal, quantity: Decimal, currency: str) -> list[tuple[Decimal, Decimal]]:
    """(quantity, price of a unit) pairs whose rounded products add up to `amount`, units being those of `quantity`.

    One pair where such a price exists, two neighbouring prices where not (10.00 for 3: 2 at 3.33, 1 at 3.34). A broken quantity (0.37 kg) that no
    price fits keeps the nearest price; `remainder` says what is missing.
    """
    if quantity == 0:
        return [(ZERO, ZERO)]
    price = rounded(amount / quantity, currency)
    if rounded(price * quantity, currency) == amount:
        return [(quantity, price)]
    if quantity != quantity.to_integral_value():
        return [(quantity, price)]
    cent = smallest(currency)
    low = (amount / quantity / cent).to_integral_value(ROUND_FLOOR) * cent
    dearer = (amount - low * quantity) / cent
    return [(quantity - dearer, low), (dearer, low + cent)]


def remainder(amount: Decimal, units: list[tuple[Decimal, Decimal]], currency: str) -> Decimal:
    """What those units leave of the amount: nothing, or some cents of a broken quantity."""
    return amount - sum((rounded(quantity * price, currency) for quantity, price in units), ZERO)


def tax_of(base: Decimal, rate: Decimal, currency: str) -> Decimal:
    """A percentage of a line as Odoo rounds it."""
    return rounded(base * rate / 100, currency)
