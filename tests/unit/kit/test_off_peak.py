"""RATE-2: bulk work waits for its hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.kit.off_peak import checked_hours, wait_until


@pytest.mark.parametrize(
    ("hours", "at", "wait"),
    [
        ("", "12:00", 0),
        ("22-6", "12:30", 9 * 60 + 30),
        ("22-6", "22:00", 0),
        ("22-6", "23:59", 0),
        ("22-6", "05:59", 0),
        ("22-6", "06:00", 16 * 60),
        ("1-5", "00:30", 30),
        ("1-5", "04:59", 0),
        ("1-5", "05:00", 20 * 60),
    ],
)
def test_how_long_it_waits(hours: str, at: str, wait: int) -> None:
    hour, minute = map(int, at.split(":"))
    assert wait_until(hours, datetime(2026, 11, 20, hour, minute, tzinfo=UTC)) == timedelta(minutes=wait)


def test_hours_are_utc_whatever_the_clock_is() -> None:
    abroad = datetime(2026, 11, 20, 1, 0, tzinfo=timezone(timedelta(hours=3)))  # 22:00 UTC
    assert wait_until("22-6", abroad) == timedelta(0)


@pytest.mark.parametrize("bad", ["22", "22-22", "24-6", "night", "22:00-6:00"])
def test_other_words_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="22-6"):
        checked_hours(bad)
