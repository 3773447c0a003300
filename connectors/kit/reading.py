"""Reads foreign JSON by path. Whatever is there, the answer is a value of the asked type or a DataError that says where and what was found.

    lines = Reader(payload).child("orderLines").children("orderLine")

What was found is told by its type and size, never by its value, because that may be personal. null counts as missing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.kit.errors import DataError

LONGEST_TEXT = 4000
# Control characters, which neither PostgreSQL (NUL) nor a label printer takes, and halves of surrogate pairs, which UTF-8 cannot hold.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_EARLIEST_MS = int(datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000)
_LATEST_MS = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp() * 1000)
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")


class Reader:
    """A value and the path to it. The path is put together only when an error needs it: most values are right."""

    __slots__ = ("_name", "_parent", "value")

    def __init__(self, value: Any, name: str = "", parent: Reader | None = None) -> None:
        self.value = value
        self._name = name
        self._parent = parent

    @property
    def path(self) -> str:
        """`orderLines.orderLine[0].item.sku`."""
        above = self._parent.path if self._parent is not None else ""
        if not self._name:
            return above
        return f"{above}{'' if not above or self._name.startswith('[') else '.'}{self._name}"

    def wrong(self, expected: str) -> DataError:
        """The error to raise: `path: expected ..., found ...`."""
        return DataError(f"{self.path or 'payload'}: expected {expected}, found {described(self.value)}", code="DATA")

    def __getitem__(self, name: str) -> Reader:
        """What is under that name, missing or not. Raises DataError when this is no object."""
        return Reader(self._under(name), name, self)

    @property
    def missing(self) -> bool:
        return self.value is None

    def children(self, name: str) -> list[Reader]:
        """The elements of a list of objects; a single object stands for a list of one, as APIs converted from XML write it."""
        found = self[name]
        if found.missing:
            return []
        if isinstance(found.value, dict):
            return [found]
        if not isinstance(found.value, list):
            raise found.wrong("a list")
        return [Reader(item, f"[{index}]", found).an_object() for index, item in enumerate(found.value)]

    def objects(self, name: str) -> list[Reader]:
        """The elements of a list of objects, of an API that writes lists as lists: a single object in its place is damage."""
        if isinstance(self._under(name), dict):
            raise self[name].wrong("a list")
        return self.children(name)

    def an_object(self) -> Reader:
        """Itself. Raises DataError when it is no object."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self

    def text(self, name: str, default: str = "") -> str:
        """Text, cleaned and stripped; a whole number is taken as its digits, because ids come either way."""
        value = self._under(name)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise self[name].wrong("text")
        if not value.isprintable():
            value = _UNWANTED.sub("", value)
        if len(value) > LONGEST_TEXT:
            raise self[name].wrong(f"at most {LONGEST_TEXT} characters")
        return value.strip() or default

    def needed_text(self, name: str) -> str:
        """Text that must be there."""
        text = self.text(name)
        if not text:
            raise self[name].wrong("text")
        return text

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        found = self[name]
        if found.missing:
            return []
        if not isinstance(found.value, list):
            raise found.wrong("a list")
        return [Reader({f"[{i}]": item}, "", found).text(f"[{i}]") for i, item in enumerate(found.value)]

    def facts(self, *names: str) -> dict[str, str]:
        """Further facts by the source's own names, where they are there: text, numbers, and `true` or `false`."""
        found = {}
        for name in names:
            value = self._under(name)
            if isinstance(value, bool):
                found[name] = "true" if value else "false"
            elif value is not None and (text := self.text(name)):
                found[name] = text
        return found

    def flag(self, name: str) -> bool:
        """true, false, or the same as text; missing or empty is false."""
        found = self[name]
        value = found.value
        if isinstance(value, str) and value.strip().lower() in ("true", "false", ""):
            return value.strip().lower() == "true"
        if not isinstance(value, bool | None):
            raise found.wrong("true or false")
        return bool(value)

    def decimal(self, name: str, *, whole_digits: int = 12, fraction_digits: int = 6) -> Decimal:
        """A number, or text that is one. Raises DataError for none, for too many digits, for infinities."""
        found = self[name]
        number = _number(found.value)
        if number is None:
            raise found.wrong("a number")
        if number and number.adjusted() >= whole_digits:
            raise found.wrong(f"at most {whole_digits} digits before the point")
        if number and (-number.adjusted() > fraction_digits or -_exponent(number.normalize()) > fraction_digits):
            raise found.wrong(f"at most {fraction_digits} digits behind the point")
        return number

    def time(self, name: str) -> datetime | None:
        """Epoch milliseconds or ISO 8601 -> aware UTC; None when missing. Raises DataError outside the years 2000 to 2099."""
        found = self[name]
        if found.missing:
            return None
        millis = _millis(found.value)
        if millis is None or not _EARLIEST_MS <= millis < _LATEST_MS:
            raise found.wrong("epoch milliseconds or an ISO time between the years 2000 and 2100")
        return datetime.fromtimestamp(millis // 1000, UTC).replace(microsecond=millis % 1000 * 1000)

    def needed_time(self, name: str) -> datetime:
        """A time that must be there."""
        moment = self.time(name)
        if moment is None:
            raise self[name].wrong("a time")
        return moment

    def _under(self, name: str) -> Any:
        value = self.value
        if isinstance(value, dict):
            return value.get(name)
        if value is None:
            return None
        raise self.wrong("an object")


def described(value: Any) -> str:
    """What a value is, without telling it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, str):
        return f"text of {len(value)} characters" if value.strip() else "empty text"
    if isinstance(value, int | Decimal):
        number = Decimal(value)
        return f"a number of {max(number.adjusted(), 0) + 1} digits" if number.is_finite() else "no finite number"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "an object"
    return type(value).__name__


def millis_of(moment: datetime) -> int:
    """Aware time -> epoch milliseconds."""
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return Decimal(value.strip())
    return None


def _millis(value: Any) -> int | None:
    number = _number(value)
    if number is not None:
        return int(number) if abs(number.adjusted()) < 20 else None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return millis_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC)) if 1970 < moment.year < 9999 else None


def _exponent(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
