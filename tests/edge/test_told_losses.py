"""EDGE-2, EDGE-3: what was lost is told: answers nobody can read, a spool that is full, a card that is full, a burst the Box forgot."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from edge_iotbox.agent import Agent
from edge_iotbox.box import Box
from edge_iotbox.counters import Counters
from edge_iotbox.deliverer import Deliverer
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.listener import Listener, Shared
from edge_iotbox.readings import Device
from edge_iotbox.settings import LogSettings, Settings
from edge_iotbox.skew import SkewMeter
from edge_iotbox.spool import REFUSE, Limits, Spool
from edge_iotbox.spool_store import Store
from edge_iotbox.verdicts import Taken, Verdict
from edge_iotbox.watcher import Watcher
from schemas.hardware import Event
from tests.edge.samples import SCANNER
from tests.edge.stage import SetClock, opened, teller


@dataclass
class ToldBox:
    """Answers polls as it was told; a poll takes `takes_ms`."""

    clock: SetClock
    takes_ms: int = 1000
    say: Callable[[float], Any] = lambda last_event: None

    def poll(self, session: str, devices: list[str], last_event: float) -> Any:
        answer = self.say(last_event)
        self.clock.pass_ms(self.takes_ms)
        return answer

    def was_interrupted(self) -> str:
        return ""


@dataclass
class Hearing:
    """A listener of one Box, its spool, and clocks one sets."""

    folder: Path
    limits: Limits = field(default_factory=Limits)
    clock: SetClock = field(default_factory=SetClock)

    def __post_init__(self) -> None:
        self.box = ToldBox(self.clock)
        self.start()

    def start(self) -> None:
        self.spool: Spool = opened(self.folder, self.limits, self.clock)
        inventory = Inventory()
        inventory.looked([Device(SCANNER, "scanner", "S")])
        self.shared = Shared(self.spool, teller(self.clock), Counters(), inventory, SkewMeter(), Wanted())
        self.listener = Listener(cast(Box, self.box), self.shared, "t", pause=0.0)

    def ask(self, answer: Any = None) -> None:
        self.box.say = lambda last_event: answer
        self.listener.once([SCANNER])

    def press(self, value: str = "x") -> None:
        self.ask({"device_identifier": SCANNER, "time": self.clock.now() / 1_000_000, "value": value})

    def stop(self) -> None:
        """As after a signal, the poll that waited ended."""
        self.shared.counters.box_up = True
        self.shared.stop.set()
        self.listener.run()
        self.spool.close()

    def told(self, kind: str = "gap") -> list[dict[str, Any]]:
        return [json.loads(event.payload) for event in self.spool.batch(500) if event.kind == kind]


def test_answers_nobody_can_read_are_a_hole(tmp_path: Path) -> None:
    """EDGE-2: well-formed, and no event: while the Box says only that, what devices do is lost, and told as soon as it speaks again."""
    hearing = Hearing(tmp_path)
    hearing.ask()
    deaf_from = hearing.clock.now()
    for _ in range(10):
        hearing.ask({"secret_scan": "x"})
    deaf_to = hearing.clock.now()
    hearing.ask()
    (gap,) = hearing.told()
    assert (gap["why"], gap["from"], gap["to"], gap["ms"]) == ("box_not_heard", deaf_from, deaf_to, 10_000)
    assert hearing.shared.counters.unreadable == 10


def test_a_stop_while_answers_cannot_be_read_does_not_count_as_heard(tmp_path: Path) -> None:
    """EDGE-3: the gap after the restart begins where the last readable answer was."""
    hearing = Hearing(tmp_path)
    hearing.press()
    heard_until = hearing.clock.now()
    for _ in range(10):
        hearing.ask({"secret_scan": "x"})
    hearing.stop()
    hearing.start()
    hearing.ask()
    (gap,) = hearing.told()
    assert (gap["why"], gap["from"]) == ("agent_start", heard_until)


def test_an_answer_that_could_not_be_read_once_and_then_can_is_no_hole(tmp_path: Path) -> None:
    """EDGE-2: the Box remembers for five seconds, so within them nothing is lost."""
    hearing = Hearing(tmp_path)
    hearing.ask()
    hearing.ask({"secret_scan": "x"})
    hearing.press()
    assert hearing.told() == []


# -- a spool that takes no more


def lying_full(folder: Path) -> Hearing:
    """A spool full by its settings, three refused events and a quiet time behind it."""
    hearing = Hearing(folder, Limits(max_bytes=2500, when_full=REFUSE))
    hearing.ask()
    while not hearing.shared.counters.refused_full:
        hearing.press()
    hearing.press()
    hearing.press()
    assert hearing.shared.counters.refused_full == 3
    for _ in range(70):
        hearing.ask()
    return hearing


def test_what_a_full_spool_refused_is_told_after_a_restart_too(tmp_path: Path) -> None:
    """EDGE-3: the count is kept, and the gap of the restart begins before what was refused."""
    hearing = lying_full(tmp_path)
    taken = [event.received_at for event in hearing.spool.batch(500) if event.kind == "scan"]
    hearing.stop()
    hearing.limits = Limits()
    hearing.start()
    hearing.ask()
    told = {gap["why"]: gap for gap in hearing.told()}
    assert told["spool_full"]["lost"] == 3
    assert told["agent_start"]["from"] <= taken[-1]
    hearing.spool.close()
    hearing.start()
    hearing.press()
    assert [gap["why"] for gap in hearing.told()].count("spool_full") == 1, "told once"


def test_a_full_card_is_counted_and_told_and_stops_nothing(tmp_path: Path, monkeypatch: Any, caplog: Any) -> None:
    """EDGE-3: what keeps times, lets go of the old and sends goes on; one line says that the card is full, and one that it is not any more."""
    hearing = Hearing(tmp_path)
    hearing.press("before")
    real = Store.set

    def full(self: Store, name: str, value: str) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Store, "set", full)
    hearing.press("a")
    hearing.press("b")
    for _ in range(70):
        hearing.ask()
    watcher = Watcher(cast(Box, hearing.box), hearing.shared, lambda listened: None)
    watcher._tell([hearing.shared.teller.own("box_gone", {"after_ms": 1})])
    deliverer = Deliverer(Taker(), hearing.shared, tmp_path / "bad")
    assert deliverer.once() >= 0.0
    assert hearing.shared.counters.sender_state == "spool_not_written"
    assert hearing.shared.counters.refused_full == 3
    monkeypatch.setattr(Store, "set", real)
    hearing.ask()
    (gap,) = hearing.told()
    assert (gap["why"], gap["lost"]) == ("spool_full", 3)
    assert [caplog.text.count(words) for words in ("spool_not_written", "database or disk is full do=")] == [2, 1]
    assert "Traceback" not in caplog.text


class Taker:
    """Has everything."""

    def send(self, events: Sequence[Event]) -> Verdict:
        return Taken(0, 0)

    def close(self) -> None: ...


def test_a_tick_on_a_full_card_is_no_end(tmp_path: Path, monkeypatch: Any) -> None:
    """EDGE-3: letting go of what is too old needs room as well."""
    hearing = Hearing(tmp_path)

    def full(*_: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("edge_iotbox.spool.let_go", full)
    hearing.clock.pass_ms(120_000)
    agent = Agent(Settings(log=LogSettings(metrics_file="")), hearing.clock)
    agent.shared = hearing.shared
    agent.tick()
    assert not agent.stop.is_set()
