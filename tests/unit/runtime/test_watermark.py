"""EVT-2, OPS-8: the committed offset never passes a chunk that is not done, whatever order chunks finish in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.watermark import Ticket, Watermark, Watermarks


def test_position_is_the_end_of_the_leading_run_of_finished_chunks() -> None:
    mark = Watermark()
    first, second, third = mark.take(149), mark.take(199), mark.take(249)

    seen = [(mark.finish(ticket), mark.position, mark.pending) for ticket in (third, first, second)]

    assert seen == [(False, None, 3), (True, 150, 2), (True, 250, 0)]


def test_gap_in_the_offsets_is_passed_with_the_chunk_after_it() -> None:
    mark = Watermark()
    mark.finish(mark.take(9))
    mark.finish(mark.take(99))  # 10-89 were compacted away
    assert mark.position == 100


def test_chunk_that_does_not_follow_is_refused() -> None:
    mark = Watermark()
    mark.take(99)
    with pytest.raises(ValueError, match="up to 50 goes out after one up to 99"):
        mark.take(50)


def test_ticket_from_before_a_seek_moves_nothing() -> None:
    marks: Watermarks[str] = Watermarks()
    old = marks.take("p", 99)
    marks.forget("p")
    new = marks.take("p", 49)

    assert marks.finish("p", old) is False
    assert marks.position("p") is None
    assert marks.finish("p", new) is True
    assert marks.position("p") == 50


def test_finishing_after_the_partition_is_lost_is_harmless() -> None:
    marks: Watermarks[str] = Watermarks()
    ticket = marks.take("p", 9)
    marks.forget_all()
    assert marks.finish("p", ticket) is False
    assert list(marks) == []
    assert marks.pending("p") == 0


actions = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 50)),
        st.tuples(st.just("finish"), st.integers(0, 1000)),
        st.tuples(st.just("forget"), st.integers(0, 200)),
    ),
    max_size=60,
)


@given(actions)
def test_position_is_always_where_an_unfinished_chunk_begins_or_everything_ends(steps: list[tuple[str, int]]) -> None:
    """Against a model that remembers every offset on its own."""
    marks: Watermarks[str] = Watermarks()
    offset = 0
    undone: set[int] = set()  # offsets handed out since the last seek and not done
    tickets: list[tuple[Ticket, range]] = []
    for step, number in steps:
        if step == "take":
            chunk = range(offset, offset + number)
            tickets.append((marks.take("p", chunk[-1]), chunk))
            undone.update(chunk)
            offset = chunk.stop
        elif step == "finish" and tickets:
            ticket, chunk = tickets.pop(number % len(tickets))
            if ticket.is_live:
                undone.difference_update(chunk)
            marks.finish("p", ticket)
        elif step == "forget":
            marks.forget("p")
            undone.clear()
            offset = number
        position = marks.position("p")
        assert position is None or not any(done < position for done in undone)
        if position is not None:
            assert position == min(undone, default=offset)
