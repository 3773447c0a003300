"""What the bodies of `set_stock` and `set_price` say, read alike for all marketplaces. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

from connectors.kit.currencies import digits_of
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader

CAPPED = "capped"


@dataclass(frozen=True, slots=True)
class Offered:
    """price, sale: amounts in `currency`, with no more digits than it has; sale None: there is none, or it is over. starts, ends: aware UTC."""

    price: Decimal
    currency: str
    sale: Decimal | None = None
    starts: datetime | None = None
    ends: datetime | None = None


def units(body: Reader, cap: int) -> tuple[int, tuple[str, ...]]:
    """Whole units, at most `cap`, and a note where that is fewer (INV-2). Raises DataError."""
    amount = body.decimal("quantity", whole_digits=9)
    if amount < 0:
        raise body["quantity"].wrong("a quantity of 0 or more")
    whole = int(amount.to_integral_value(ROUND_FLOOR))
    return min(whole, cap), (CAPPED,) if cap < whole else ()


def units_known(text: str) -> int:
    """The number a destination is known to hold. Raises DataError."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise DataError("the number the destination is known to hold is not known")
    return int(text)


def offered(body: Reader, currencies: frozenset[str], now: datetime, marketplace: str) -> Offered:
    """currencies: of the account, empty when they are not known. Raises DataError for what no marketplace would take."""
    currency = body["price"].needed_text("currency")
    if currencies and currency not in currencies:
        sold = ", ".join(sorted(currencies))
        raise DataError(f"price.currency: this account sells in {sold}, not in {currency[:10]}")
    price = _amount(body["price"], currency)
    if body["sale_price"].missing:
        return Offered(price, currency)
    sale = _amount(body["sale_price"], currency)
    starts, ends = _moment(body, "sale_starts_at"), _moment(body, "sale_ends_at")
    if sale >= price:
        raise DataError(f"sale_price: not below the ordinary price; {marketplace} takes no such reduction")
    if ends is not None and now >= ends:
        return Offered(price, currency)
    return Offered(price, currency, sale, starts, ends)


def _amount(holder: Reader, currency: str) -> Decimal:
    amount = holder.decimal("amount", fraction_digits=digits_of(currency))
    if amount <= 0:
        raise holder["amount"].wrong("a price above zero")
    return amount


def _moment(body: Reader, name: str) -> datetime | None:
    """A time of a decoded record: already one, or as JSON has it."""
    value = body[name].value
    return value if isinstance(value, datetime) else body.time(name)
