"""EVT-6, EVT-3: where a flow stands, what it remembers, and which polls look further back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from connectors.kit.errors import DataError
from connectors.odoo.source.position import (
    JOURNAL,
    POLL,
    SWEEP,
    WIDE,
    Pass,
    Position,
    Reach,
    begun,
    decode,
    encode,
    ended,
)
from connectors.odoo.source.readers import Stamps
from connectors.odoo.source.seen import Seen

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DOCUMENTS = Reach(timedelta(seconds=130), timedelta(minutes=30), 60, timedelta(days=7))
PRODUCTS = replace(DOCUMENTS, first=None, sweep=timedelta(hours=24))


def reading(position: Position) -> Pass:
    assert position.reading is not None
    return position.reading


@pytest.mark.parametrize(
    ("position", "reach", "kind", "begin", "everything"),
    [
        (Position(), DOCUMENTS, POLL, NOW - timedelta(days=7), False),
        (Position(), PRODUCTS, SWEEP, None, False),
        (Position(until=NOW, poll=1), DOCUMENTS, POLL, NOW - timedelta(seconds=130), False),
        (Position(until=NOW, poll=60), DOCUMENTS, WIDE, NOW - timedelta(minutes=30), False),
        (Position(until=NOW, poll=1, swept=NOW), PRODUCTS, POLL, NOW - timedelta(seconds=130), False),
        (Position(until=NOW, poll=1, swept=NOW - timedelta(hours=24)), PRODUCTS, POLL, NOW - timedelta(seconds=130), True),
        (Position(until=NOW, poll=1, swept=NOW - timedelta(days=9)), replace(PRODUCTS, sweep=timedelta()), POLL, NOW - timedelta(seconds=130), False),
        (Position(until=NOW + timedelta(hours=1), poll=1), DOCUMENTS, POLL, NOW - timedelta(seconds=130), False),
        (Position(until=NOW, poll=1), replace(DOCUMENTS, journal=True), POLL, NOW - timedelta(seconds=130), False),
        (Position(until=NOW, poll=60, journal=True), replace(DOCUMENTS, journal=True), JOURNAL, None, False),
        (Position(until=NOW, poll=1, journal=True), DOCUMENTS, POLL, NOW - timedelta(seconds=130), False),
    ],
)  # fmt: skip
def test_what_the_next_poll_reads(
    position: Position, reach: Reach, kind: str, begin: datetime | None, everything: bool
) -> None:
    """EVT-6: first, usual, wide, everything again, a clock set back, and the way from dates to the journal and back."""
    assert reading(begun(position, NOW, reach)) == Pass(kind, begin, NOW, everything=everything)


def test_a_poll_ends_where_it_began() -> None:
    """EVT-6: what changed while it was reading is behind its end."""
    after = ended(begun(Position(until=NOW - timedelta(minutes=1), poll=4), NOW, DOCUMENTS))
    assert (after.until, after.poll, after.reading) == (NOW, 5, None)


def test_a_sweep_follows_where_everything_has_to_be_read() -> None:
    place = begun(Position(until=NOW, poll=1, swept=NOW - timedelta(days=2)), NOW, PRODUCTS)
    swept = ended(place)
    assert reading(swept) == Pass(SWEEP, None, NOW)
    over = ended(swept)
    assert (over.swept, over.until, over.reading) == (NOW, NOW, None)


@pytest.mark.parametrize(
    "position",
    [
        Position(),
        Position(NOW, 7, NOW, 1795262911208, True),
        Position(NOW, 7, reading=Pass(POLL, NOW, NOW, 2, 4711, everything=True)),
        Position(reading=Pass(SWEEP, None, NOW, 0, 9)),
        Position(NOW, 1, journal=True, reading=Pass(JOURNAL, None, NOW, 0, 12)),
    ],
)
def test_a_position_survives_as_text(position: Position) -> None:
    """EVT-3."""
    assert decode(encode(position)) == position


@pytest.mark.parametrize(
    "text",
    ["x", "[]", '{"v":2}', '{"v":1,"poll":-1}', '{"v":1,"until":"soon"}', '{"v":1,"pass":{"kind":"x","begun":"2026-11-21T12:00:00Z"}}',
     '{"v":1,"pass":{"kind":"poll","begun":"2026-11-21T12:00:00Z"}}'],
)  # fmt: skip
def test_what_is_no_position_is_told_so(text: str) -> None:
    with pytest.raises(DataError, match="position"):
        decode(text)


def row(number: int, at: str = "2026-11-21 12:00:00", **content: object) -> dict[str, object]:
    return {"id": number, "write_date": at, **content}


def test_a_row_is_seen_when_date_and_content_are_the_same() -> None:
    """EVT-6: Odoo shows a date in seconds, so two changes may share one."""
    seen = Seen(10)
    seen.add(0, row(1, price=2.0))
    assert seen.has(0, row(1, price=2.0))
    assert not seen.has(0, row(1, price=3.0))
    assert not seen.has(0, row(1, "2026-11-21 12:00:01", price=2.0))
    assert not seen.has(1, row(1, price=2.0))


def test_the_memory_is_bounded_and_forgets_what_no_poll_lists() -> None:
    """EVT-6: what is forgotten is published once more."""
    seen = Seen(3)
    for number in range(5):
        seen.add(0, row(number, f"2026-11-21 12:00:0{number}"))
    assert [seen.has(0, row(number, f"2026-11-21 12:00:0{number}")) for number in range(5)] == [
        False,
        False,
        True,
        True,
        True,
    ]
    seen.forget_before("2026-11-21 12:00:04")
    assert len(seen) == 1


def test_stamps_only_grow() -> None:
    """INV-5: also when the clock does not."""
    stamps = Stamps(lambda: NOW)
    first = stamps.next()
    assert stamps.next() == first + 1
    stamps.not_before(first + 5000)
    assert stamps.next() == first + 5001
