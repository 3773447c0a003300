"""OPS-8: stalled means work to do, no movement and no excuse, for too long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from streams.runtime.chunk import Partition
from streams.runtime.stall import Doing, Sight, StallJudge

P = Partition("orders", 0)
BEHIND = Sight(P, Doing.IDLE, done=10, committed=10, end=20)
LIMIT = 60.0


def judged(*looks: Sight) -> tuple[str, ...]:
    """Looks one limit apart -> what the last one found."""
    judge = StallJudge(LIMIT)
    found: tuple[str, ...] = ()
    for number, sight in enumerate(looks):
        found = judge.judge([sight], number * LIMIT)
    return found


def test_lag_without_movement_is_a_stall() -> None:
    assert judged(BEHIND, BEHIND) == ("orders/0 no progress for 60 s done=10 committed=10 end=20",)


@pytest.mark.parametrize(
    "second",
    [
        replace(BEHIND, end=10),  # nothing to do
        replace(BEHIND, end=None),  # the broker does not answer: nothing can be concluded
        replace(BEHIND, done=11),  # it moves
        replace(BEHIND, committed=9),  # so it does here: a rebalance took it back
        replace(BEHIND, doing=Doing.WORKING),
        replace(BEHIND, doing=Doing.PAUSED),
    ],
)
def test_excuses(second: Sight) -> None:
    assert judged(BEHIND, second) == ()


def test_an_excuse_starts_the_clock_again() -> None:
    judge = StallJudge(LIMIT)
    paused = replace(BEHIND, doing=Doing.PAUSED)
    looks = [(0.0, BEHIND), (50.0, paused), (109.0, BEHIND), (110.0, BEHIND)]
    assert [bool(judge.judge([sight], now)) for now, sight in looks] == [False, False, False, True]


def test_done_but_never_committed_is_a_stall() -> None:
    stuck = Sight(P, Doing.IDLE, done=20, committed=10, end=20)
    assert judged(stuck, stuck)


def test_partition_that_never_had_anything_is_fine() -> None:
    empty = Sight(P, Doing.IDLE, done=0, committed=None, end=0)
    assert judged(empty, empty) == ()


def test_overdue_chunk_is_a_stall_at_once() -> None:
    assert "over its time limit" in judged(replace(BEHIND, doing=Doing.OVERDUE))[0]


def test_partition_that_was_away_begins_anew() -> None:
    judge = StallJudge(LIMIT)
    judge.judge([BEHIND], 0.0)
    judge.judge([], LIMIT)
    assert judge.judge([BEHIND], 2 * LIMIT) == ()
