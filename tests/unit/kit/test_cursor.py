"""ORD-1: windows of time, overlaps, and cursors that go round."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from connectors.kit.cursor import LoopGuard, Overlap, Window, content_of, count_of, from_text, to_text, whole_second
from connectors.kit.errors import DataError, TransientError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def window(seconds: int) -> Window:
    return Window(NOON, NOON + timedelta(seconds=seconds))


def test_halves_join_without_a_gap_until_a_second_is_left() -> None:
    whole = window(100)
    half = whole.halved()
    assert half == window(50)
    assert half.after(whole.end) == Window(half.end, whole.end)
    assert window(1).halved() is None
    assert window(0).halved() is None
    assert window(2).halved() == window(1)


@pytest.mark.parametrize(("poll", "hours"), [(0, 24), (1, 1), (23, 1), (24, 24), (48, 24)])
def test_now_and_then_the_overlap_is_wide(poll: int, hours: int) -> None:
    overlap = Overlap(timedelta(hours=1), timedelta(hours=24), 24)
    assert overlap.of(poll) == timedelta(hours=hours)


def test_the_wide_overlap_can_be_turned_off() -> None:
    assert Overlap(timedelta(hours=1), timedelta(hours=24), 0).of(0) == timedelta(hours=1)


def test_times_are_cut_never_rounded_up() -> None:
    east = timezone(timedelta(hours=3))
    moment = datetime(2026, 11, 20, 15, 0, 0, 999999, tzinfo=east)
    assert whole_second(moment) == NOON
    assert from_text(to_text(moment), "x") == NOON


@pytest.mark.parametrize("text", ["", "yesterday", None, 5, "2026-11-20", "2026-13-20T00:00:00Z"])
def test_a_damaged_position_names_its_field(text: object) -> None:
    with pytest.raises(DataError, match=r"position\.from"):
        from_text(text, "from")


@pytest.mark.parametrize("value", [-1, "3", True, 1.5, []])
def test_a_damaged_count_names_its_field(value: object) -> None:
    with pytest.raises(DataError, match=r"position\.read"):
        count_of({"read": value}, "read")


def test_a_cursor_seen_before_ends_the_walk_visibly() -> None:
    guard = LoopGuard("orders")
    guard.follow("?a")
    guard.follow("?b")
    with pytest.raises(TransientError, match="page 2 leads back") as caught:
        guard.follow("?a")
    assert caught.value.code == "CURSOR_LOOP"


def test_a_position_is_of_its_own_version_or_none() -> None:
    """ "" is the beginning; nothing that is no position is taken for one, however deep it is nested."""
    assert content_of("", 3) == {}
    assert content_of('{"v": 3, "poll": 2}', 3) == {"v": 3, "poll": 2}
    for text in ("{", "[]", "3", '{"v": 2}', "{}", "[" * 100_000):
        with pytest.raises(DataError, match="not one of this connector's"):
            content_of(text, 3)
