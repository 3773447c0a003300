"""EDGE-3: a poll that is never answered hears nothing, and looks like one that waits. What was pressed meanwhile is heard, or in a gap.

Time is counted here, as in test_bursts.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from edge_iotbox.hearing import Age, Deaf, Ears
from edge_iotbox.spool import REFUSE, Limits
from tests.edge.samples import SCANNER
from tests.edge.stage import SetClock
from tests.edge.test_bursts import FOOTSWITCH, Day, burst, micros

BOTH = (SCANNER, FOOTSWITCH)


def day_with(folder: Path, *after: float, width_ms: float = 40.0) -> Day:
    """Presses so many seconds after its begin, and one at 1 that has been heard."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    day = Day(folder, [begin + 1, *(begin + moment for moment in after)], clock=clock, width_ms=width_ms)
    day.listener.once(list(BOTH))
    return day


def hang(day: Day, until: float, devices: tuple[str, ...] = BOTH) -> None:
    """A poll the Box never answers, ended by us so many seconds after the begin, because there are other devices."""
    day.box.ended, day.box.broken = "listened", True
    day.box.answer_ms = round(1000 * (day.times[0] - 1 + until - day.box.now()))
    day.listener.once(list(devices))
    day.box.ended, day.box.broken, day.box.answer_ms = "", False, 40


def restart(day: Day, hung_seconds: float) -> None:
    """A signal ends a poll that has hung for so long; the next start is ten seconds later."""
    day.box.answer_ms = round(hung_seconds * 1000)
    day.stop()
    day.box.answer_ms = 40
    day.spool.close()
    day.clock.pass_ms(10_000)
    day.start()


def test_a_stop_while_a_poll_hangs_doubts_since_the_last_answer(tmp_path: Path) -> None:
    day = day_with(tmp_path, *(10 + index * 0.5 for index in range(30)))
    restart(day, 40)
    day.listen(60)
    day.balanced()
    (gap,) = day.gaps()
    assert gap["why"] == "agent_start"
    assert micros(day.times[0]) - 100_000 < gap["from"] <= micros(day.times[0])


def test_a_quiet_stop_doubts_no_longer_than_since_the_last_answer(tmp_path: Path) -> None:
    """That moment is not kept with every poll: but at the stop it is."""
    day = day_with(tmp_path)
    day.listen(60)
    answered = day.clock.now()
    restart(day, 10)
    day.listen(1)
    assert [gap["from"] for gap in day.gaps("agent_start")] == [answered]


@pytest.mark.parametrize("width_ms", [40.0, 1000.0])
def test_an_event_a_cut_poll_should_have_told_shows_that_it_was_deaf(tmp_path: Path, width_ms: float) -> None:
    """What was pressed in the last five seconds is heard, and tells that the rest was not."""
    day = day_with(tmp_path, 3, 6, 10, 11, 12, width_ms=width_ms)
    hang(day, 13)
    day.listen(60)
    day.balanced()
    assert day.heard() == [micros(day.times[index]) for index in (0, 3, 4, 5)]
    (gap,) = day.gaps()
    assert gap["why"] == "box_not_heard"
    assert micros(day.times[0]) - width_ms * 1000 - 10_000 < gap["from"] <= micros(day.times[0])
    assert micros(day.times[3]) <= gap["to"] < micros(day.times[3]) + width_ms * 1000 + 10_000
    assert gap["ms"] * 1000 == gap["to"] - gap["from"]


def test_polls_cut_one_after_the_other_are_doubted_together(tmp_path: Path) -> None:
    day = day_with(tmp_path, 3, 4, 10.2)
    hang(day, 11)
    hang(day, 14)
    day.listen(60)
    day.balanced()
    assert len(day.gaps("box_not_heard")) == 1


def test_a_hole_after_a_cut_poll_begins_before_it(tmp_path: Path) -> None:
    """The Box fails on: where a gap is told anyway, it holds what is not proved."""
    day = day_with(tmp_path, 3, 4)
    hang(day, 11)
    day.box.broken = True
    day.listen(7)
    day.box.broken = False
    day.listen(60)
    day.balanced()


def test_a_new_device_that_was_pressed_before_it_was_listened_to_is_no_hole(tmp_path: Path) -> None:
    day = day_with(tmp_path, 12)
    hang(day, 14, devices=(FOOTSWITCH,))
    day.listen(60)
    assert len(day.heard()) == 2
    assert day.gaps() == []


@pytest.mark.parametrize(
    ("pressed", "width_ms"),
    [(13.85, 40.0), (13.4, 1000.0), (14.01, 40.0), (20.0, 40.0)],
    ids=["its answer was on its way", "nobody knows when", "between two polls", "later"],
)
def test_a_cut_poll_that_may_have_listened_is_no_hole(tmp_path: Path, pressed: float, width_ms: float) -> None:
    day = day_with(tmp_path, pressed, width_ms=width_ms)
    hang(day, 14)
    day.listen(60)
    assert len(day.heard()) == 2
    assert day.gaps() == []


def test_what_a_cut_poll_heard_is_not_proved() -> None:
    ears = Ears()
    ears.worked(0, 1000)
    ears.cut_off(1000, 9000, ["a"])
    assert (ears.heard_until, ears.sure_until) == (9000, 1000)
    assert ears.worked(9000, 9100, Age(4000.0, 4050.0), device="b") is None
    assert ears.worked(9100, 9200, Age(4000.0, 4050.0), known=True, device="a") is None
    assert ears.worked(9200, 9300, Age(3800.0, 3850.0), device="a") == Deaf(1000, 5500)
    assert ears.worked(9300, 9400, Age(3000.0, 3050.0), device="a") is None, "told once"
    ears.cut_off(9400, 12_000, ["a"])
    assert ears.worked(12_000, 12_100) is None
    assert ears.worked(12_100, 12_200, Age(2000.0, 2050.0), device="a") is None, "nothing had been in the buffer"


def test_gaps_a_full_card_does_not_take_for_long_become_one_and_are_not_forgotten(tmp_path: Path) -> None:
    """A hundred wait as they are; of the older ones one tells from when to when, and how many it stands for."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    day = Day(tmp_path, burst(clock, 50), limits=Limits(max_bytes=2500, when_full=REFUSE), clock=clock)
    day.listen(10)
    assert day.shared.counters.refused_full
    for _ in range(150):
        day.box.broken = True
        day.listen(6)
        day.box.broken = False
        day.listener.once(list(BOTH))
    assert day.gaps() == []
    day.spool.use(Limits())
    day.box.repeats = [day.box.now()]
    day.listener.once(list(BOTH))
    gaps = day.gaps("box_not_heard")
    assert [gap.get("gaps", 1) for gap in gaps] == [51, *[1] * 99]
    assert gaps[0]["ms"] * 1000 == gaps[0]["to"] - gaps[0]["from"]
    assert all(one["to"] < other["from"] for one, other in pairwise(gaps))
    assert gaps[0]["from"] < micros(begin + 80)
    assert day.shared.counters.poll_gaps == 150
