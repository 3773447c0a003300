"""EDGE-3: the Box forgets after five seconds, and gives one event for a poll. What devices do faster than that is lost there: never without a gap.

Time is counted here, nobody waits for it: a poll takes as long as it is told, and while it waits the watcher looks every five seconds.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from edge_iotbox.box import Box, BoxError, Exchange, Homepage
from edge_iotbox.counters import Counters
from edge_iotbox.hearing import Age, age_of
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.listener import Listener, Shared
from edge_iotbox.overrun import Overrun
from edge_iotbox.readings import Device
from edge_iotbox.skew import SkewMeter
from edge_iotbox.spool import REFUSE, Limits
from edge_iotbox.watcher import Watcher
from tests.edge.samples import BOX, SCANNER
from tests.edge.stage import SetClock, opened, teller

FOOTSWITCH = "usb_05f3:00ff"
DEVICES = (Device(SCANNER, "scanner", "S"), Device(FOOTSWITCH, "footswitch", "F"))
KEPT_SECONDS, POLL_SECONDS, LOOK_SECONDS = 5.0, 50.0, 5.0


@dataclass
class ForgetfulBox:
    """As the Box does it: the oldest of its buffer after `last_event`, else the next within fifty seconds; a poll prunes what is older than five.

    `times`: of all that is ever pressed, in order, epoch seconds of its clock, which is `ahead` of ours. `answer_ms`: how long the way there and
    back takes, of which the way there is `there_ms`. `hasty`: a poll that waits gets the last of those that come at once, as where drivers
    wake it at the same time. `repeats`: said again, whatever is asked.
    """

    clock: SetClock
    times: list[float]
    ahead: float = 0.0
    answer_ms: int = 40
    there_ms: int = 20
    hasty: bool = False
    broken: bool = False
    repeats: list[float] = field(default_factory=list)
    polls: int = 0
    look: Any = lambda: None
    looked: float = 0.0
    ended: str = ""

    def now(self) -> float:
        return self.clock.now() / 1_000_000 + self.ahead

    def poll(self, session: str, devices: Sequence[str], last_event: float) -> Any:
        self.polls += 1
        if self.broken:
            self.pass_ms(self.answer_ms)
            raise BoxError("away")
        self.pass_ms(self.there_ms)
        if self.repeats:
            return {"device_identifier": SCANNER, "time": self.repeats.pop(), "value": "again"}
        read_at = self.now()
        first = max(bisect_left(self.times, read_at - KEPT_SECONDS), bisect_right(self.times, last_event))
        coming = bisect_right(self.times, read_at)
        found = self.times[first] if first < coming else None
        if found is None:
            waits = [moment for moment in self.times[coming : coming + 1] if moment <= read_at + POLL_SECONDS]
            self.pass_ms(round(1000 * (waits[0] - read_at if waits else POLL_SECONDS)) + 1)
            together = bisect_right(self.times, waits[0] + 0.001) - 1 if waits else 0
            found = None if not waits else self.times[together] if self.hasty else waits[0]
        self.pass_ms(self.answer_ms - self.there_ms)
        if found is None:
            return None
        return {"device_identifier": SCANNER, "time": found, "value": f"{found}"}

    def pass_ms(self, milliseconds: int) -> None:
        """With the watcher's looks between."""
        left = milliseconds
        while left:
            step = min(left, 500)
            self.clock.pass_ms(step)
            left -= step
            if self.now() - self.looked >= LOOK_SECONDS:
                self.looked = self.now()
                self.look()

    def was_interrupted(self) -> str:
        return self.ended

    def homepage(self) -> Homepage:
        return Homepage(BOX, "", DEVICES, Exchange(self.clock.now(), self.clock.now(), None))


@dataclass
class Day:
    """An agent's hearing at such a Box, until the times are over. `skew`: what it knows of the Box's clock, ours minus the Box's, ms."""

    folder: Path
    times: list[float]
    ahead: float = 0.0
    limits: Limits = field(default_factory=Limits)
    width_ms: float = 40.0
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.box = ForgetfulBox(self.clock, self.times, self.ahead)
        self.start()

    def start(self) -> None:
        inventory = Inventory()
        inventory.looked(DEVICES)
        skew = SkewMeter(bounds=(-self.ahead * 1000 - self.width_ms / 2, -self.ahead * 1000 + self.width_ms / 2))
        self.spool = opened(self.folder, self.limits, self.clock)
        self.shared = Shared(self.spool, teller(self.clock), Counters(), inventory, skew, Wanted())
        self.listener = Listener(cast(Box, self.box), self.shared, "t", pause=0.0)
        self.box.look = Watcher(cast(Box, self.box), self.shared, lambda listened: None).once

    def listen(self, seconds: float) -> None:
        """So long, and to the end of the poll that waits then."""
        end = self.clock.machine_ms + seconds * 1000
        while self.clock.machine_ms < end:
            self.listener.once([SCANNER, FOOTSWITCH])

    def stop(self) -> None:
        """As by a signal, which ends the poll that has just been asked."""
        self.box.ended, self.box.broken = "listened", True
        self.listener.once([SCANNER, FOOTSWITCH])
        self.box.ended, self.box.broken = "", False
        self.shared.counters.box_up = True
        self.shared.stop.set()
        self.listener.run()

    def heard(self) -> list[int]:
        """When they happened by the Box's clock, epoch microseconds."""
        return [event.device_time for event in self.events() if event.kind == "scan"]

    def events(self) -> list[Any]:
        return self.spool.batch(100_000, 1 << 40)

    def gaps(self, why: str = "") -> list[dict[str, Any]]:
        told = [json.loads(event.payload) for event in self.events() if event.kind == "gap"]
        return [gap for gap in told if gap["why"] == (why or gap["why"])]

    def balanced(self) -> None:
        """pressed == heard + told lost, each heard once."""
        heard, gaps = Counter(self.heard()), self.gaps()
        assert set(heard.values()) <= {1}, "doubled"
        lost = [micros(moment) for moment in self.times if micros(moment) not in heard]
        ours = [moment - round(self.ahead * 1_000_000) for moment in lost]
        told = [moment for moment in ours if any(gap["from"] <= moment <= gap["to"] for gap in gaps)]
        assert len(heard) + len(told) == len(self.times), (
            f"{len(ours) - len(told)} of {len(self.times)} lost without a word"
        )


def micros(seconds: float) -> int:
    return round(seconds * 1_000_000)


def burst(clock: SetClock, count: int, after: float = 1.0, over: float = 0.2, ahead: float = 0.0) -> list[float]:
    """So many presses within `over` seconds, beginning in `after` seconds; epoch seconds of the Box."""
    begin = clock.now() / 1_000_000 + after + ahead
    return [begin + index * over / count for index in range(count)]


@pytest.mark.parametrize(
    "ahead", [0.0, 3600.0, -86_400.0], ids=["clocks agree", "its clock is ahead", "its clock is behind"]
)
def test_a_burst_of_thousands_is_heard_or_told_as_lost(tmp_path: Path, ahead: float) -> None:
    """EDGE-3: some hundreds are had, of the rest one gap tells, and while the next poll waits: not when it ends."""
    clock = SetClock()
    day = Day(tmp_path, burst(clock, 5000, ahead=ahead), ahead, clock=clock)
    day.listen(10)
    assert 100 < len(day.heard()) < 150
    day.balanced()
    (gap,) = day.gaps()
    assert gap["why"] == "box_forgot"
    assert gap["ms"] * 1000 == gap["to"] - gap["from"] < 6_000_000
    assert day.shared.counters.poll_gaps == 1
    told = next(event for event in day.events() if event.kind == "gap")
    assert told.received_at - gap["to"] < (KEPT_SECONDS + LOOK_SECONDS + 2) * 1_000_000


def test_a_flood_is_told_in_pieces_and_not_event_by_event(tmp_path: Path) -> None:
    """EDGE-3: faster than the agent for half a minute; every ten seconds somebody hears of it."""
    clock = SetClock()
    day = Day(tmp_path, burst(clock, 3000, over=30.0), clock=clock)
    day.listen(60)
    day.balanced()
    assert 3 <= len(day.gaps()) <= 5
    assert len(day.heard()) > 600, "what could be had, was"


def test_what_it_can_read_in_time_is_no_gap(tmp_path: Path) -> None:
    """EDGE-3: nothing is told of where nothing could be lost: a burst it gets through, then scans now and then, then nothing for an hour."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    times = [*burst(clock, 100), *(begin + 20 + index * 7.3 for index in range(50))]
    day = Day(tmp_path, times, clock=clock)
    day.listen(3600)
    assert len(day.heard()) == len(times)
    assert day.gaps() == []


@pytest.mark.parametrize("width_ms", [40.0, 1000.0])
def test_an_idle_box_never_tells_of_a_gap(tmp_path: Path, width_ms: float) -> None:
    """EDGE-3: also where its clock is known to a second only, as after the first look."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    times = [begin + index * 61.7 for index in range(1, 60)]
    day = Day(tmp_path, times, width_ms=width_ms, clock=clock)
    day.listen(7200)
    assert len(day.heard()) == len(times)
    assert day.gaps() == []


def test_an_old_event_said_again_takes_back_nothing(tmp_path: Path) -> None:
    """EDGE-3: a poll that was ended for a new device had listened until then; what happened before is no news."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    day = Day(tmp_path, [begin + 1], clock=clock)
    day.listen(1)
    day.box.ended, day.box.broken, day.box.answer_ms = "listened", True, 5500
    day.listener.once([SCANNER])
    day.box.ended, day.box.broken, day.box.answer_ms = "", False, 40
    day.box.repeats = [begin + 1]
    day.listen(1)
    assert day.box.repeats == []
    assert len(day.heard()) == 1
    assert day.gaps() == []


def test_a_box_that_is_slow_to_answer_forgets_too(tmp_path: Path) -> None:
    """EDGE-3: one second for a poll, most of it before the Box reads it: of forty in six seconds some ten are had."""
    clock = SetClock()
    day = Day(tmp_path, burst(clock, 40, over=6.0), clock=clock)
    day.box.answer_ms, day.box.there_ms = 1000, 900
    day.listen(20)
    assert 8 <= len(day.heard()) <= 14
    day.balanced()


def test_polls_that_fail_while_much_waits_lose_what_is_told(tmp_path: Path) -> None:
    """EDGE-3: three seconds away are nothing, and five seconds of reading neither; both together are."""
    clock = SetClock()
    day = Day(tmp_path, burst(clock, 120), clock=clock)
    day.listen(4)
    day.box.broken = True
    day.listen(3)
    day.box.broken = False
    day.listen(10)
    assert len(day.heard()) < 120
    day.balanced()
    assert [gap["why"] for gap in day.gaps()] == ["box_forgot"]


@pytest.mark.parametrize("over", [0.2, 30.0], ids=["burst", "flood"])
@pytest.mark.parametrize("seconds", [0.2, 3.0, 5.5, 6.1, 8.0])
@pytest.mark.parametrize("how", ["power cut", "stop"])
def test_a_restart_within_a_burst_tells_of_what_had_not_been_heard(
    tmp_path: Path, how: str, seconds: float, over: float
) -> None:
    """EDGE-3: the gap of the start begins where the last event was, not where it was read; what was forgotten by then is told or in that gap."""
    clock = SetClock()
    day = Day(tmp_path, burst(clock, 3000, over=over), clock=clock)
    day.listen(1 + seconds)
    if how == "stop":
        day.stop()
        too_slow_after = KEPT_SECONDS if over < 1 else 7.0  # of a hundred a second it reads twenty-five
        assert bool(day.gaps("box_forgot")) == (seconds > too_slow_after), "told at the end, if it never starts again"
    day.spool.close()
    clock.pass_ms(60_000)
    day.start()
    day.listen(60)
    day.balanced()


def test_a_gap_the_spool_does_not_take_is_kept_for_later(tmp_path: Path) -> None:
    """EDGE-3: a spool that is full by its settings refuses the gap too; it is told when there is room, also after a restart."""
    clock = SetClock()
    day = Day(tmp_path, burst(clock, 2000), limits=Limits(max_bytes=30_000, when_full=REFUSE), clock=clock)
    day.listen(10)
    assert day.gaps() == []
    day.spool.close()
    day.limits = Limits()
    day.start()
    day.listen(60)
    (gap,) = day.gaps("agent_start")
    lost = {micros(moment) for moment in day.times} - set(day.heard())
    assert gap["from"] <= min(lost)
    (full,) = day.gaps("spool_full")
    assert full["lost"] > 0


@pytest.mark.parametrize("together", [2, 3])
def test_of_devices_at_once_the_poll_that_waits_may_give_the_last(tmp_path: Path, together: int) -> None:
    """EDGE-2: the Box would never give the others to who asks from there; it is asked from before once more."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    times = [begin + 10 * index + late / 10_000 for index in range(1, 20) for late in range(together)]
    day = Day(tmp_path, times, clock=clock)
    day.box.hasty = True
    day.listen(300)
    day.balanced()
    assert day.gaps() == []
    assert sorted(day.heard()) == [micros(moment) for moment in times]
    assert day.shared.counters.repeated == 0, "looking back is no repeat"


def test_a_restart_before_it_looked_back_looks_back(tmp_path: Path) -> None:
    """EDGE-2: within the five seconds the Box has what was skipped."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    day = Day(tmp_path, [begin + 1, begin + 10, begin + 10.0001], clock=clock)
    day.box.hasty = True
    day.listen(9)
    assert day.heard() == [micros(moment) for moment in (begin + 1, begin + 10.0001)]
    day.spool.close()
    day.start()
    day.listen(5)
    assert sorted(day.heard()) == [micros(moment) for moment in day.times]


def test_looking_back_costs_one_poll_an_event_and_none_within_a_burst(tmp_path: Path) -> None:
    """EDGE-4: what lay in the Box's buffer came oldest first; only where a poll may have waited is there a doubt."""
    clock = SetClock()
    begin = clock.now() / 1_000_000
    times = [*(begin + 10 * index for index in range(1, 11)), *burst(clock, 100, after=200.0)]
    day = Day(tmp_path, times, clock=clock)
    day.listen(190)
    assert day.box.polls <= 2 * 10 + 5
    before = day.box.polls
    day.listen(30)
    assert len(day.heard()) == 110
    assert day.box.polls - before <= 110


def test_ages() -> None:
    """The Box's clock is known from .. to; an age nothing in its buffer can have is a clock that was set, and says nothing."""
    assert age_of(100.0, 103_000.0, (0.0, 40.0), 8) == Age(2960.0, 3000.0)
    assert age_of(100.0, 100_010.0, (0.0, 40.0), 8) == Age(0.0, 10.0)
    assert age_of(100.0, 103_000.0, None, 8) == Age()
    assert age_of(100.0, 107_000.0, (0.0, 40.0), 8) == Age()
    assert age_of(100.0, 107_000.0, (0.0, 40.0), 2000) == Age(6960.0, 7000.0), "the answer took two seconds"
    assert age_of(100.0, 160_000.0, (0.0, 40.0), 50_000) == Age()
    assert age_of(100.0, 50_000.0, (0.0, 40.0), 8) == Age()
    assert (Age(2960.0, 3000.0).waited_ms, Age(0.0, 900.0).waited_ms, Age(0.0, 0.0).most_ms) == (3001, 0, 0)


def test_a_stretch_is_told_when_it_has_ended_or_goes_on_for_long() -> None:
    told: list[tuple[int, int]] = []
    takes = True

    def say(begin: int, end: int) -> bool:
        if takes:
            told.append((begin, end))
        return takes

    overrun = Overrun()
    assert overrun.heard_until(7) == 7
    assert overrun.grows(1000, 1010, 6000)
    assert not overrun.grows(1010, 1020, 6500)
    assert overrun.heard_until(6500) == 1000
    overrun.tell(7499, say)
    assert told == []
    takes = False
    overrun.tell(7500, say)
    assert overrun.heard_until(6500) == 1000, "kept until it is taken"
    takes = True
    overrun.tell(7500, say)
    overrun.tell(9999, say)
    assert told == [(1000, 1020)]
    assert overrun.grows(1020, 1030, 20_000)
    for at in range(20_000, 30_000, 500):
        overrun.grows(1030, at - 5000, at)
        overrun.tell(at, say)
    assert told == [(1000, 1020)]
    overrun.grows(1030, 25_000, 30_000)
    overrun.tell(30_000, say)
    assert told == [(1000, 1020), (1020, 25_000)]
    overrun.grows(25_000, 25_010, 30_100)
    overrun.tell(30_100, say, now=True)
    assert told[-1] == (25_000, 25_010)
