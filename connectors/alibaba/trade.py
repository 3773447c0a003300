"""What every reader of the platform's orders and offers needs: numbers beyond 2**53, fen and yuan, tracking numbers that are none. Pure."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from connectors.kit.money import amount_in, as_money
from connectors.kit.reading import Reader
from schemas.records import Money

CURRENCY = "CNY"
NUMBER = re.compile(r"[0-9]{1,20}")
# Above it a double is not exact: numbers beside their own text are rounded in official samples.
_EXACT = 2**53
# Whoever ships without a carrier has words where the number belongs (`不需要物流`).
_TRACKING = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{3,39}")
_LONG_NUMBER = re.compile(r"\+?[0-9][0-9 -]{5,}[0-9]")
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff]")
_HUNDRED = Decimal(100)
LONGEST_HTML = 200_000


def true_id(holder: Reader, text_name: str, number_name: str) -> str:
    """An id by its text (which may come as a number); by its number only where a double could not have rounded that. Raises DataError."""
    text = holder.text(text_name)
    if not text:
        number = holder[number_name].value
        if isinstance(number, int) and not isinstance(number, bool) and number >= _EXACT:
            raise holder[text_name].wrong(f"text, for {number_name} is rounded")
        text = holder.needed_text(number_name)
    if not NUMBER.fullmatch(text):
        raise holder[text_name].wrong("a number of at most 20 digits")
    return text


def yuan(holder: Reader, name: str) -> Money | None:
    """An amount in yuan, None when it is missing. The platform never names the currency."""
    if holder[name].missing or holder[name].value == "":
        return None
    return as_money(amount_in(holder, name), CURRENCY)


def fen(holder: Reader, name: str) -> Decimal | None:
    """An amount in fen -> yuan; None when it is missing."""
    if holder[name].missing or holder[name].value == "":
        return None
    return holder.decimal(name, whole_digits=12) / _HUNDRED


def tracking_number(text: str) -> str:
    """The carrier's number; "" for what is none."""
    found = text.strip()
    return found if _TRACKING.fullmatch(found) and any(one.isdigit() for one in found) else ""


def without_phones(text: str) -> str:
    """Words of a trace, telephone numbers masked."""
    return _LONG_NUMBER.sub("***", text)


def tidy(text: str) -> str:
    """Composed characters, plain spaces, nothing invisible."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).split())
