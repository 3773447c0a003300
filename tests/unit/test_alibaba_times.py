"""LOG-1, PO-2: times of the platform, 14 and 17 digits told apart (alibaba.md section 12)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from connectors.alibaba.times import moment, stamp


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("20260901094000123+0800", datetime(2026, 9, 1, 1, 40, 0, 123000, UTC)),
        ("20121222222222+0800", datetime(2012, 12, 22, 14, 22, 22, tzinfo=UTC)),
        ("20121222222222000-0700", datetime(2012, 12, 23, 5, 22, 22, tzinfo=UTC)),
        ("2026-09-02 21:55:33", datetime(2026, 9, 2, 13, 55, 33, tzinfo=UTC)),
        (1788227064904, datetime(2026, 9, 1, 1, 44, 24, 904000, UTC)),
        ("1788227064904", datetime(2026, 9, 1, 1, 44, 24, 904000, UTC)),
    ],
)
def test_every_form_is_the_moment_it_means(value: object, expected: datetime) -> None:
    assert moment(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "昨天",
        "",
        None,
        True,
        "20261301000000+0800",
        "2026090109400+0800",
        "19990101000000+0800",
        10**30,
        "20260901094000",
    ],
)
def test_what_is_no_time_is_none(value: object) -> None:
    assert moment(value) is None


def test_filters_are_written_in_beijing_time() -> None:
    assert stamp(datetime(2026, 8, 31, 16, 15, tzinfo=UTC)) == "20260901001500000+0800"
