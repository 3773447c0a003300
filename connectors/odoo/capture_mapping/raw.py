"""Reads what our readers of Odoo wrote as raw records."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from connectors.kit import exact_json
from connectors.kit.currencies import smallest
from connectors.kit.errors import DataError
from connectors.kit.reading import Reader
from schemas.records import Money

MOST_VERSION = 2**62
LONGEST_HTML = 200_000
ZERO = Decimal(0)


def opened(payload: bytes) -> Reader:
    """The object of a payload. Raises DataError."""
    try:
        return Reader(exact_json.loads(payload)).an_object()
    except ValueError as error:
        raise DataError(f"payload: {error}", code="DATA") from None


def whole(reader: Reader, name: str) -> int:
    """An id or version: a whole number that is not negative and fits a long."""
    value = reader[name].value
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < MOST_VERSION:
        raise reader[name].wrong("a whole number")
    return value


def amount(reader: Reader, name: str) -> Decimal:
    """A quantity or an amount; empty is 0."""
    return reader.decimal(name) if reader[name].value not in (None, "") else ZERO


def time_or_none(reader: Reader, name: str) -> datetime | None:
    """A time of Odoo's (`YYYY-MM-DD HH:MM:SS`, UTC); empty is None."""
    return reader.time(name) if reader[name].value not in (None, "") else None


def time_of(reader: Reader, name: str) -> datetime:
    """The same that must be there."""
    found = time_or_none(reader, name)
    if found is None:
        raise reader[name].wrong("a time")
    return found


def html(reader: Reader, name: str) -> str:
    """Text that may be long, as it stands."""
    value = reader[name].value
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_HTML:
        raise reader[name].wrong(f"text of at most {LONGEST_HTML} characters")
    return value.encode("utf-8", "replace").decode()


def sku_key(reader: Reader) -> tuple[str, str]:
    """(SKU, key). The SKU as it stands: spaces around it are part of it in Odoo."""
    value = reader["sku"].value
    if not isinstance(value, str) or not value.strip() or len(value) > 500:
        raise reader["sku"].wrong("text")
    clean = value.encode("utf-8", "replace").decode()
    return clean, f"sku:{clean}"


def decimal_text(value: Decimal) -> str:
    """Without exponent, trailing zeros or a negative zero."""
    tidy = value.normalize()
    return f"{tidy:f}" if tidy else "0"


def money(value: Decimal, currency: str) -> Money:
    """Decimal text and currency."""
    return {"amount": decimal_text(value), "currency": currency}


def cents(value: Decimal, currency: str) -> Money:
    """The same with the digits an amount of money has, rounded as Odoo rounds: halves away from zero."""
    return {"amount": f"{value.quantize(smallest(currency), ROUND_HALF_UP):f}", "currency": currency}


def epoch(millis: int, reader: Reader) -> datetime:
    """Milliseconds -> aware UTC. Raises DataError for what is no time."""
    try:
        return datetime.fromtimestamp(millis // 1000, UTC).replace(microsecond=millis % 1000 * 1000)
    except (OverflowError, ValueError, OSError):
        raise reader.wrong("epoch milliseconds") from None
