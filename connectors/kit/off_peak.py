"""Hours in which bulk work is preferred (RATE-2): `22-6` is from 22:00 to 6:00 UTC. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_HOURS = re.compile(r"([01]?\d|2[0-3])-([01]?\d|2[0-3])")


def checked_hours(text: str) -> str:
    """The text itself. Raises ValueError saying how it is written."""
    found = _HOURS.fullmatch(text)
    if text and (found is None or int(found[1]) == int(found[2])):
        raise ValueError("hours are written as 22-6: from 22:00 to 6:00 UTC; empty = any time")
    return text


def wait_until(hours: str, now: datetime) -> timedelta:
    """How long until these hours begin; nothing while they last, or when none are named."""
    found = _HOURS.fullmatch(hours)
    if found is None:
        return timedelta(0)
    begin, end = int(found[1]), int(found[2])
    moment = now.astimezone(UTC)
    inside = begin <= moment.hour < end if begin < end else moment.hour >= begin or moment.hour < end
    if inside:
        return timedelta(0)
    start = moment.replace(hour=begin, minute=0, second=0, microsecond=0)
    return (start if start > moment else start + timedelta(days=1)) - moment
