"""EDGE-2, EDGE-3: the Box's clock is set, which a gap tells. Set back, its buffer holds events of the future and gives them before all others: none
is heard twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from edge_iotbox.box import Box, Exchange, Homepage
from edge_iotbox.hearing import REMEMBERED, Position, position_from
from edge_iotbox.listener import Listener
from edge_iotbox.watcher import Watcher
from tests.edge.samples import SCANNER
from tests.edge.stage import SetClock
from tests.edge.test_bursts import FOOTSWITCH, KEPT_SECONDS, Day, ForgetfulBox


@dataclass
class BufferedBox(ForgetfulBox):
    """With a buffer in the order of what happened. `coming`: pressed while the next poll waits, so many; a poll that waits takes a second."""

    buffer: list[float] = field(default_factory=list)
    coming: int = 0
    asked: list[float] = field(default_factory=list)
    tells_date: bool = False

    def homepage(self) -> Homepage:
        date = int(self.now()) if self.tells_date else None
        return replace(super().homepage(), exchange=Exchange(self.clock.now(), self.clock.now(), date))

    def press(self) -> None:
        self.pass_ms(1)
        self.buffer.append(self.now())

    def poll(self, session: str, devices: Sequence[str], last_event: float) -> Any:
        self.asked.append(last_event)
        self.pass_ms(5)
        self.buffer = [moment for moment in self.buffer if moment >= self.now() - KEPT_SECONDS]
        found = next((moment for moment in self.buffer if moment > last_event), None)
        if found is None:
            self.pass_ms(1000)
            if not self.coming:
                return None
            self.coming -= 1
            self.press()
            found = self.buffer[-1]
        self.pass_ms(5)
        return {"device_identifier": SCANNER, "time": found, "value": f"{found}"}


def day_of(folder: Path) -> tuple[Day, BufferedBox]:
    clock = SetClock()
    day = Day(folder, [], clock=clock)
    box = BufferedBox(clock, [])
    day.box = box
    day.listener = Listener(cast(Box, box), day.shared, "t", pause=0.0)
    return day, box


def set_back(day: Day, seconds: float) -> None:
    """And the agent has seen it."""
    day.ahead = day.box.ahead = -seconds
    day.shared.skew.bounds = (seconds * 1000 - 20, seconds * 1000 + 20)


@pytest.mark.parametrize("how", ["power cut", "stop"])
@pytest.mark.parametrize("knows_skew", [True, False])
@pytest.mark.parametrize("seconds", [30.0, 3600.0])
def test_what_its_buffer_held_is_heard_once_also_after_a_restart(
    tmp_path: Path, seconds: float, knows_skew: bool, how: str
) -> None:
    """Before the first look the agent does not know the Box's clock."""
    day, box = day_of(tmp_path)
    for _ in range(300):
        box.press()
    day.listen(5)
    set_back(day, seconds)
    box.coming = 2
    day.listen(9)
    if how == "stop":
        day.stop()
    day.spool.close()
    day.start()
    bounds = day.shared.skew.bounds
    day.shared.skew.bounds = bounds if knows_skew else None
    day.listen(2)
    day.shared.skew.bounds = bounds
    box.coming = 1
    day.listen(3)
    heard = day.heard()
    assert len(set(heard)) == len(heard) == 303


def test_what_is_ahead_is_kept_at_a_stop_without_another_event(tmp_path: Path) -> None:
    day, box = day_of(tmp_path)
    for _ in range(100):
        box.press()
    day.listen(3)
    box.ahead, box.coming = -3600.0, 1
    day.listener.once([SCANNER, FOOTSWITCH])  # it waited when the clock was set
    assert len(day.heard()) == 101
    set_back(day, 3600)
    day.listen(4)
    day.stop()
    day.spool.close()
    day.start()
    day.listen(3)
    assert len(day.heard()) == 101


def test_a_look_back_that_shows_the_future_is_not_asked_again(tmp_path: Path) -> None:
    """EDGE-4: it says as much as any event that comes again."""
    day, box = day_of(tmp_path)
    box.coming = 1
    day.listener.once([SCANNER, FOOTSWITCH])
    set_back(day, 3600)
    day.listener.once([SCANNER, FOOTSWITCH])
    day.listener.once([SCANNER, FOOTSWITCH])
    assert box.asked[1:] == [0.0, box.buffer[0]]


def test_positions_are_kept_as_text() -> None:
    position = Position()
    for number in range(REMEMBERED + 1):
        position.took("s", 1000.0 + number)
    assert [position.is_new("s", 1000.0 + number) for number in (0, 1, REMEMBERED)] == [True, False, False]
    assert position_from("[7.5, [[\"s\", 7.5]]]") == Position(7.5, 0.0, None, {("s", 7.5): None})  # fmt: skip
    text = position.as_text()
    assert position_from(text).last_event == 1000.0 + REMEMBERED
    assert position_from(text)._seen.keys() == {("s", 1000.0 + number) for number in range(REMEMBERED - 31, REMEMBERED + 1)}  # fmt: skip
    position.took("s", 30.0)
    position.saw_again(5096.0, 31.0)
    again = position_from(position.as_text())
    assert (again.ask_from(32.0), again.ask_from(None), again.ask_from(6000.0)) == (5096.0, 5096.0, 30.0)
    again.took("s", 6001.0)
    assert position_from(again.as_text()).ahead == 0.0, "it is behind us"
    assert position_from('[1, [], "x"]').last_event == 0.0


@pytest.mark.parametrize("by", [3600.0, -3600.0])
def test_a_clock_that_was_set_is_a_gap_since_the_look_before(tmp_path: Path, by: float) -> None:
    """Set forward, the Box forgets at once what lay there: also what had lain there for nearly five seconds at that look."""
    day, box = day_of(tmp_path)
    box.tells_date = True
    box.look = lambda: None  # we look ourselves
    look = Watcher(cast(Box, box), day.shared, lambda listened: None).once
    look()
    day.clock.pass_ms(10_000)
    box.press()
    pressed = day.clock.now()
    day.clock.pass_ms(4500)
    looked = day.clock.now()
    look()
    assert day.gaps() == []
    day.clock.pass_ms(400)
    box.ahead = by
    day.clock.pass_ms(4600)
    look()
    look()
    (gap,) = day.gaps()
    assert (gap["why"], gap["from"], gap["to"]) == ("box_clock_set", looked - 5_000_000, day.clock.now())
    assert gap["ms"] * 1000 == gap["to"] - gap["from"]
    assert gap["from"] <= pressed
    assert day.shared.counters.poll_gaps == 1
    day.listen(2)
    assert len(day.heard()) == (0 if by > 0 else 1)
