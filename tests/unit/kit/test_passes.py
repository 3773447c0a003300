"""ORD-1: windows are read until nothing can have been missed. Pure: positions in, positions out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.cursor import Overlap, Window
from connectors.kit.errors import DataError
from connectors.kit.passes import (
    MOST_REREADS,
    Pass,
    Position,
    Reach,
    Seen,
    after,
    decode,
    encode,
    is_doubtful,
    next_pass,
    too_many,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NODES = ("SellerFulfilled", "WFSFulfilled")
ONE_NODE = NODES[:1]
REACH = Reach(first=NOON - timedelta(days=7), oldest=NOON - timedelta(days=179), overlap=Overlap(HOUR, 24 * HOUR, 24))


def reading(hours: int = 1, **changes: object) -> Position:
    one = Pass(Window(NOON - hours * HOUR, NOON), NOON, NODES[0])
    return Position(NOON - hours * HOUR, 3, replace(one, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("position", "start"),
    [
        (Position(), NOON - timedelta(days=7)),  # the very first poll
        (Position(NOON - 2 * HOUR, 1), NOON - 3 * HOUR),  # an overlap before the last one's end
        (Position(NOON - 2 * HOUR, 24), NOON - 26 * HOUR),  # now and then a wide one
        (
            Position(NOON - timedelta(days=30), 1),
            NOON - timedelta(days=30) - HOUR,
        ),  # after a long outage nothing is left out
        (Position(NOON - timedelta(days=400), 1), NOON - timedelta(days=179)),  # Walmart lists no more
        (Position(NOON + 5 * HOUR, 1), NOON - HOUR),  # our clock went back
    ],
)
def test_where_a_poll_begins(position: Position, start: datetime) -> None:
    first = next_pass(position, NOON, REACH, NODES[0])
    assert first == Pass(Window(start, NOON), NOON, NODES[0])


def test_with_nothing_to_read_there_is_no_pass() -> None:
    still = replace(REACH, overlap=Overlap(timedelta(), timedelta(), 0))
    assert next_pass(Position(NOON, 1), NOON, still, NODES[0]) is None


def test_in_the_middle_the_position_holds_the_cursor_and_the_count() -> None:
    position = after(reading(), Seen(200, 431, "?next"), ONE_NODE)
    assert position.reading is not None
    assert (position.reading.cursor, position.reading.read, position.reading.total) == ("?next", 200, 431)
    assert position.read_until == NOON - HOUR


def test_at_the_end_each_node_type_is_read_before_the_window_counts() -> None:
    middle = after(reading(), Seen(0, 0, ""), NODES)
    assert middle.reading is not None
    assert (middle.reading.node, middle.reading.window) == (NODES[1], Window(NOON - HOUR, NOON))
    assert after(middle, Seen(0, 0, ""), NODES) == Position(NOON, 4)


def test_after_half_a_window_comes_the_rest_up_to_the_goal() -> None:
    half = reading(window=Window(NOON - HOUR, NOON - HOUR / 2))
    position = after(half, Seen(5, 5, ""), ONE_NODE)
    assert position.read_until == NOON - HOUR / 2
    assert position.reading == Pass(Window(NOON - HOUR / 2, NOON), NOON, NODES[0])


def test_reading_an_overlap_never_takes_back_what_has_been_read() -> None:
    late = Position(NOON - HOUR / 4, 3, Pass(Window(NOON - HOUR, NOON - HOUR / 2), NOON, NODES[0]))
    assert after(late, Seen(0, 0, ""), ONE_NODE).read_until == NOON - HOUR / 4


@pytest.mark.parametrize(
    ("read", "first", "last", "doubtful"),
    [
        (431, 431, 431, False),
        (430, 431, 431, True),  # one was skipped, or a page was short
        (431, 431, 430, True),  # one left while we read: another may have moved across the border
        (431, 430, 431, True),  # one appeared while we read
        (10, -1, None, False),  # the list does not say how many it holds
        (10, 31, None, False),
    ],
)
def test_a_pass_counts_what_it_read(read: int, first: int, last: int | None, doubtful: bool) -> None:
    assert is_doubtful(read, first, last) is doubtful


def test_a_doubtful_pass_is_read_again_in_halves() -> None:
    second_page = reading(cursor="?2", read=200, total=400)
    again = after(second_page, Seen(199, 399, ""), ONE_NODE)
    assert again.reading == Pass(Window(NOON - HOUR, NOON - HOUR / 2), NOON, NODES[0], again=1)
    assert again.read_until == second_page.read_until


def test_a_list_whose_counts_never_agree_is_not_read_for_ever() -> None:
    position, pages = reading(hours=24), 0
    while position.reading is not None:
        position = after(position, Seen(1, 7, ""), ONE_NODE)
        pages += 1
    assert position.read_until == NOON
    assert pages < 1000
    assert MOST_REREADS < 10


@pytest.mark.parametrize(("total", "many"), [(10_000, False), (10_001, True), (None, False)])
def test_too_many(total: int | None, many: bool) -> None:
    assert too_many(Seen(0, total, ""), 10_000) is many


seconds = st.integers(0, 10**6).map(lambda value: NOON - timedelta(seconds=value))
passes = st.builds(
    Pass,
    window=st.builds(Window, seconds, seconds),
    goal=seconds,
    node=st.sampled_from(NODES),
    cursor=st.text(min_size=1, max_size=20),
    read=st.integers(0, 10**6),
    total=st.integers(-1, 10**6),
    again=st.integers(0, 30),
)


@given(st.builds(Position, st.none() | seconds, st.integers(0, 10**6), st.none() | passes))
def test_a_position_survives_being_written_down(position: Position) -> None:
    assert decode(encode(position), NODES) == position


def test_the_beginning_is_the_empty_text() -> None:
    assert decode("", NODES) == Position()


def test_a_pass_of_a_node_type_no_longer_read_starts_over() -> None:
    text = encode(reading(node="3PLFulfilled", cursor="?3", read=7))
    assert decode(text, NODES).reading == Pass(Window(NOON - HOUR, NOON), NOON, NODES[0])


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "3",
        "{}",
        '{"v":2}',
        '{"v":1,"poll":-1}',
        '{"v":1,"read_until":"now"}',
        '{"v":1,"pass":{}}',
        '{"v":1,"poll":"1"}',
    ],
)
def test_what_is_no_position_says_so_and_what_to_do(text: str) -> None:
    with pytest.raises(DataError, match="resync to start over"):
        decode(text, NODES)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300), st.booleans()), max_size=60))
def test_whatever_the_pages_say_the_read_time_only_grows_and_windows_join(pages: list[tuple[int, int, bool]]) -> None:
    position = reading(hours=2)
    for fresh, total, more in pages:
        before = position
        if before.reading is None:
            break
        position = after(before, Seen(fresh, total, "?more" if more else ""), NODES)
        assert position.read_until is not None
        assert before.read_until is not None
        assert position.read_until >= before.read_until
        if position.read_until > before.read_until:
            # The time moves only over a window that has been read, and the next one begins where it ended.
            assert position.read_until == before.reading.window.end
            assert position.reading is None or position.reading.window.start == before.reading.window.end
