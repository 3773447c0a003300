"""Amounts, currencies and quantities as every connector reads and writes them (ORD-3). Decimal, pure."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from connectors.kit.reading import Reader
from schemas.records import Money

_CURRENCY = re.compile("[A-Z]{3}")
_CENT = Decimal("0.01")
# A double printed with all its digits (0.30000000000000004) is meant to be the cents next to it.
_FLOAT_NOISE = Decimal("1e-9")
UNIT_PRICE_DIGITS = Decimal("0.000001")


def unit_price(item: Decimal, units: Decimal) -> Decimal:
    """Price of one unit, to six digits where the division does not come out even; the item's amount when nothing is left of the line."""
    return (item / units).quantize(UNIT_PRICE_DIGITS, ROUND_HALF_EVEN) if units else item


def amount_in(holder: Reader, name: str = "amount") -> Decimal:
    """An amount with every digit it was given. Raises DataError for more than nine digits before the point or four behind."""
    number = holder.decimal(name, whole_digits=9, fraction_digits=30)
    cents = number.quantize(_CENT, ROUND_HALF_EVEN)
    if abs(number - cents) < _FLOAT_NOISE:
        return cents
    return holder.decimal(name, whole_digits=9, fraction_digits=4)


def currency_in(holder: Reader, name: str = "currency") -> str:
    """A currency code. Raises DataError."""
    code = holder.needed_text(name).upper()
    if not _CURRENCY.fullmatch(code):
        raise holder[name].wrong("a currency of three letters")
    return code


def decimal_text(number: Decimal) -> str:
    """At least two digits behind the point, more only where they say something: 10 -> 10.00, so equal amounts are equal text."""
    cents = number.quantize(_CENT) if number == number.quantize(_CENT) else number.normalize()
    return f"{cents:f}" if cents else "0.00"


def quantity_text(number: Decimal) -> str:
    """1, 2.5: no exponent, no zeros behind."""
    return f"{number.normalize():f}" if number else "0"


def as_money(number: Decimal, currency: str) -> Money:
    return Money(amount=decimal_text(number), currency=currency)
