"""JSON with every digit kept: numbers with a point become Decimal, never float; what is written again has the same digits.

Hostile text ends in ValueError and nothing else: broken or too deep JSON, NaN and Infinity, bytes that are no UTF-8.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import simplejson

# Python refuses to read longer integers (CVE-2020-10735); one such number must not make a whole page unreadable.
_LONGEST_INT_DIGITS = 1000


def loads(text: bytes) -> Any:
    """Bytes -> dictionaries, lists, text, int, Decimal, bool, None. Raises ValueError without quoting the content."""
    try:
        return simplejson.loads(text.decode("utf-8"), use_decimal=True, parse_int=_integer, allow_nan=False)
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start}") from None
    except simplejson.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at character {error.pos} of {len(text)} bytes") from None
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    except (ArithmeticError, InvalidOperation):
        raise ValueError("JSON with a number no decimal can hold") from None


def dumps(value: Any) -> bytes:
    """The same as compact JSON in ASCII: escapes carry what UTF-8 cannot, such as half a surrogate pair."""
    text: str = simplejson.dumps(value, use_decimal=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INT_DIGITS else Decimal(digits)
