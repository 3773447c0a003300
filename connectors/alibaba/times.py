"""Times as the platform writes them, in five forms -> aware UTC. Pure.

    20260901094000000+0800     orders and filters: 17 digits
    20270301120000+0800        the end of a refresh token: 14 digits
    2026-09-02 21:55:33        traces, messages, products: Beijing time without saying so
    epoch milliseconds         messages

The pattern is chosen by the number of digits: `%Y%m%d%H%M%S%f%z` reads 14 digits too, but as another second.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from connectors.kit.reading import Reader

BEIJING = timezone(timedelta(hours=8))
_STAMP = re.compile(r"([0-9]{14})([0-9]{3})?([+-][0-9]{4})")
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
_YEARS = range(2000, 2100)


def moment(value: object) -> datetime | None:
    """None for what is no time between the years 2000 and 2100."""
    try:
        found = _moment(value)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is not None and found.year in _YEARS else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value // 1000, UTC).replace(microsecond=value % 1000 * 1000)
    if not isinstance(value, str):
        return None
    text = value.strip()
    if (stamp := _STAMP.fullmatch(text)) is not None:
        seconds, millis, offset = stamp.groups()
        whole = datetime.strptime(seconds + offset, "%Y%m%d%H%M%S%z")
        return whole.astimezone(UTC).replace(microsecond=int(millis or 0) * 1000)
    if _LOCAL.fullmatch(text):
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING).astimezone(UTC)
    return _moment(int(text)) if text.isascii() and text.isdigit() and len(text) == 13 else None


def time_in(holder: Reader, name: str) -> datetime | None:
    """None when it is missing. Raises DataError naming the path for what is no time."""
    field = holder[name]
    if field.missing or field.value == "":
        return None
    found = moment(field.value)
    if found is None:
        raise field.wrong("a time of 14 or 17 digits with its offset, or YYYY-MM-DD hh:mm:ss")
    return found


def stamp(when: datetime) -> str:
    """As filters want it: `20260901001500000+0800`."""
    local = when.astimezone(BEIJING)
    return f"{local:%Y%m%d%H%M%S}{local.microsecond // 1000:03d}+0800"
