"""Dates as the settlement reports of several countries write them (FIN-1)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.amazon.settlement_days import Days
from connectors.kit.errors import DataError

AT = datetime(2025, 6, 9, 5, 23, 19, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "currency", "moment"),
    [
        ("2025-06-09 05:23:19 UTC", "USD", AT),
        ("2025/06/09 05:23:19 UTC", "JPY", AT),
        ("09.06.2025 05:23:19 UTC", "EUR", AT),
        ("09.06.2025 05:23:19 UTC", "USD", AT),  # with points the day comes first, whatever the currency
        ("09/06/2025 05:23:19 UTC", "GBP", AT),
        ("06/09/2025 05:23:19 UTC", "USD", AT),
        ("9.6.2025 5:23:19", "EUR", AT),
        ("2025-06-09T05:23:19Z", "USD", AT),
        ("2025-06-08T22:23:19-07:00", "USD", AT),
        ("2025-06-09T14:23:19.123+0900", "JPY", AT),
        ("2025-06-09 05:23 UTC", "USD", AT.replace(second=0)),
        ("2025-06-09", "USD", AT.replace(hour=0, minute=0, second=0)),
        ("", "USD", None),
        ("  ", "USD", None),
    ],
)
def test_dates_of_many_countries(text: str, currency: str, moment: datetime | None) -> None:
    assert Days(currency).read(text, "posted-date") == moment


@pytest.mark.parametrize(
    ("samples", "currency", "month"),
    [
        (["09/06/2025", "23/06/2025"], "USD", 6),  # one of them shows it
        (["06/09/2025", "06/23/2025"], "GBP", 6),
        ([], "GBP", 6),
        ([], "USD", 9),
    ],
)
def test_the_order_of_day_and_month_is_what_other_dates_show(samples: list[str], currency: str, month: int) -> None:
    """FIN-1: the period's own dates say it; without them the currency."""
    text = "06/09/2025" if samples and samples[0] == "06/09/2025" else "09/06/2025"
    found = Days(currency, samples).read(text, "posted-date")
    assert found is not None
    assert found.month == month


@pytest.mark.parametrize(("currency", "texts"), [
    ("USD", ["01/02/2025", "23/06/2025"]),  # the first was guessed to be January 2nd
    ("USD", ["06/23/2025", "23/06/2025"]),
    ("GBP", ["01/02/2025", "06/23/2025"]),
])  # fmt: skip
def test_dates_that_contradict_each_other_are_refused(currency: str, texts: list[str]) -> None:
    days = Days(currency)
    with pytest.raises(DataError, match="some have the day before the month"):
        _ = [days.read(text, "posted-date") for text in texts]


def test_a_guess_that_later_dates_confirm_stands() -> None:
    days = Days("GBP")
    assert [str(days.read(text, "")) for text in ("01/02/2025", "23/06/2025")] == [
        "2025-02-01 00:00:00+00:00", "2025-06-23 00:00:00+00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "2025-13-01",
        "31.02.2025",
        "1/2/25",
        "2025-06-09 25:00",
        "2025-06-09 PST",
        "2025.06",
        "09-06.2025",
        "٢٠٢٥-06-09",
    ],
)
def test_what_is_no_date_is_told_without_telling_it(text: str) -> None:
    """SEC-3, SEC-5"""
    with pytest.raises(DataError, match=r"row 3: (expected a date, found text of|a date that the calendar)") as refused:
        Days("USD").read(text, "row 3")
    assert text not in str(refused.value)
