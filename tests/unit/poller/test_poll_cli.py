"""`causeway poll`, as far as it needs no broker."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from streams.cli.poll import app, cursor_table, parse_since
from streams.poller.cursors import failing, first_cursor
from streams.poller.desk import FlowStatus
from streams.settings import ConfigurationError
from tests.unit.poller.kit import KEY, NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T10:00:00Z", datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ("2026-01-31T10:00:00+01:00", datetime(2026, 1, 31, 9, tzinfo=UTC)),
    ],
)
def test_since_is_utc(text: str, expected: datetime) -> None:
    assert parse_since(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("yesterday", "is not a time"),
        ("2026-01-31T10:00:00", "has no zone"),
        ("2027-01-01", "in the future"),
        ("", "is not"),
    ],
)
def test_wrong_since_is_told(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parse_since(text, NOW)


def test_wrong_account_ends_with_exit_code_2_and_says_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CAUSEWAY_CONFIG", raising=False)
    result = CliRunner().invoke(app, ["now", "nowhere", "orders"])
    assert result.exit_code == 2
    assert "write source:account" in result.output


def test_cursors_show_which_flow_fails() -> None:
    bad = failing(first_cursor(KEY, NOW), "data", "no JSON", NOW, NOW)
    table = cursor_table([FlowStatus(KEY, first_cursor(KEY, NOW)), FlowStatus(KEY, bad)], NOW)
    assert list(list(table.columns)[-1].cells) == ["", "[red]data[/] since 2026-11-21 12:00:00"]


def test_cursors_show_what_was_never_polled() -> None:
    read = {**first_cursor(KEY, NOW), "read_until": NOW, "pages": 3}
    table = cursor_table([FlowStatus(KEY, None), FlowStatus(KEY, read)], NOW)  # type: ignore[arg-type]  # a Cursor
    assert [next(iter(column.cells)) for column in table.columns][2] == "[yellow]never polled[/]"
    assert [list(column.cells)[1] for column in table.columns][:5] == [
        "shop:main", "orders", "2026-11-21 12:00:00", "0 s", "3",
    ]  # fmt: skip
