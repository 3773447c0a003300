"""ERR-2: paused until due, woken exactly then."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from streams.failure.due import DueTimes

A, B, C = ("retry.30s", 0), ("retry.30s", 1), ("retry.1m", 0)


def test_the_earliest_head_is_woken_first_and_not_before_its_time() -> None:
    due = DueTimes()
    for place, at in ((A, 300), (B, 100), (C, 200)):
        due.wait(place, at)
    assert due.next_due() == 100
    assert due.take_due(99) == []
    assert due.take_due(200) == [B, C]
    assert due.next_due() == 300
    assert A in due
    assert B not in due


def test_a_partition_given_away_is_not_woken() -> None:
    due = DueTimes()
    due.wait(A, 100)
    due.forget([A, B])
    assert due.next_due() is None
    assert due.take_due(1000) == []


def test_a_new_head_replaces_the_old_one() -> None:
    due = DueTimes()
    due.wait(A, 100)
    due.wait(A, 500)
    assert due.next_due() == 500
    assert due.take_due(100) == []
    assert due.take_due(500) == [A]
    assert due.take_due(500) == []


@given(st.lists(st.tuples(st.sampled_from([A, B, C]), st.integers(0, 50), st.booleans())))
def test_like_a_plain_dictionary(steps: list[tuple[tuple[str, int], int, bool]]) -> None:
    due, plain = DueTimes(), dict[tuple[str, int], int]()
    for place, at, waits in steps:
        if waits:
            due.wait(place, at)
            plain[place] = at
        else:
            taken = due.take_due(at)
            assert set(taken) == {known for known, when in plain.items() if when <= at}
            plain = {known: when for known, when in plain.items() if when > at}
        assert due.next_due() == min(plain.values(), default=None)
        assert len(due) == len(plain)
