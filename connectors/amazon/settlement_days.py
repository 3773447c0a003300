"""Dates of settlement reports, in whatever order the marketplace's country writes them. Pure.

    2025-06-09 05:23:19 UTC   2026/09/07 00:20:09 UTC   09.06.2025 05:23:19 UTC   09/06/2025 05:23:19 UTC   2003-10-03T16:00:00-07:00   2025-06-09

A year in front says everything; with points the day comes first. `09/06/2025` shows its order only where one number is above 12: the dates of the
summary row are looked at together, a period being some days long; else the currency says (month first where there are dollars of the US). A date that
contradicts what others were read by is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

from connectors.kit.errors import DataError

_DATE = re.compile(
    r"(?P<a>\d{1,4})(?P<sign>[-./])(?P<b>\d{1,2})(?P=sign)(?P<c>\d{1,4})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d{1,9})?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_MONTH_FIRST = frozenset({"USD"})


class Days:
    """Reads the dates of one file. `samples`: dates to learn the order of day and month from beforehand."""

    def __init__(self, currency: str, samples: Iterable[str] = ()) -> None:
        self._month_first: bool | None = None
        for text in samples:
            self._learn(text)
        self._guess = currency in _MONTH_FIRST if self._month_first is None else self._month_first
        self._guessed = False
        self._last: tuple[str, datetime] | None = None

    def read(self, text: str, where: str) -> datetime | None:
        """Aware UTC; None for an empty text. Raises DataError naming `where`."""
        text = text.strip()
        if not text:
            return None
        if self._last is None or self._last[0] != text:  # rows of one order share their time
            self._last = text, self._read(text, where)
        return self._last[1]

    def _read(self, text: str, where: str) -> datetime:
        found = _DATE.fullmatch(text)
        if found is None:
            raise DataError(f"{where}: expected a date, found text of {len(text)} characters", code="DATA")
        try:
            year, month, day = self._order(found)
            hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
            return datetime(year, month, day, hour, minute, second, tzinfo=_zone(found["zone"])).astimezone(UTC)
        except (ValueError, OverflowError):
            raise DataError(f"{where}: a date that the calendar does not have", code="DATA") from None

    def _order(self, found: re.Match[str]) -> tuple[int, int, int]:
        a, b, c = (int(found[name]) for name in "abc")
        if len(found["a"]) == 4:
            return a, b, c
        if len(found["c"]) != 4:
            raise ValueError
        if found["sign"] == ".":
            return c, b, a
        shown = _shown(a, b)
        if shown is None:
            self._guessed = self._guessed or self._month_first is None
        elif self._month_first is None and not (self._guessed and shown != self._guess):
            self._month_first = self._guess = shown
        elif shown != self._month_first:
            raise DataError("dates: some have the day before the month, some behind it", code="DATA")
        return (c, a, b) if self._guess else (c, b, a)

    def _learn(self, text: str) -> None:
        found = _DATE.fullmatch(text.strip())
        if found and self._month_first is None and found["sign"] != "." and len(found["c"]) == 4:
            self._month_first = _shown(int(found["a"]), int(found["b"]))


def _shown(a: int, b: int) -> bool | None:
    """Whether the month comes first; None where either may be the month."""
    return True if b > 12 >= a else False if a > 12 >= b else None


def _zone(text: str | None) -> timezone:
    """What names no zone is UTC, as Amazon's reports are."""
    if not text or text in ("Z", "UTC", "GMT"):
        return UTC
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text.startswith("-") else offset)
