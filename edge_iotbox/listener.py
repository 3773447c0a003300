"""The thread that listens: every wanted device in one poll, asked again at once. What it hears is in the spool before it asks on.

A poll that had no answer leaves its session behind. The Box may read it only after the one that follows, and of two polls of one session it
answers the one it read last: the poll that waits would hear nothing until its fifty seconds end.
"""

from __future__ import annotations

import json
import logging
import random
import threading
from dataclasses import dataclass, field, replace

from edge_iotbox.box import Box, BoxError
from edge_iotbox.clock import wall_of
from edge_iotbox.counters import Counters
from edge_iotbox.events import Teller
from edge_iotbox.hearing import Age, Deaf, Ears, Position, age_of, position_from
from edge_iotbox.intake import Intake
from edge_iotbox.inventory import Inventory, Wanted
from edge_iotbox.overrun import Overrun
from edge_iotbox.readings import FrameError, Reading, read_frame
from edge_iotbox.skew import SkewMeter
from edge_iotbox.spool import Spool
from schemas.hardware import Event

logger = logging.getLogger(__name__)

POSITION, HEARD_UNTIL, GAPS = "position", "heard_until", "poll_gaps"
_KEEP_EVERY_MS = 60_000
_MOST_WAITING = 100


@dataclass
class Shared:
    """What the threads have in common. `changed` is set when the devices to listen to are others."""

    spool: Spool
    teller: Teller
    counters: Counters
    inventory: Inventory
    skew: SkewMeter
    wanted: Wanted
    stop: threading.Event = field(default_factory=threading.Event)
    changed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.intake = Intake(self.spool, self.teller, self.counters)
        self.overrun = Overrun()

    def tell_forgotten(self, now: bool = False) -> None:
        """What the Box forgot before we asked for it, when that is over (or now): a gap."""
        clock = self.teller.clock

        def say(begin: int, end: int) -> bool:
            logger.warning("gap why=box_forgot ms=%d", end - begin)
            about = {"why": "box_forgot", "from": wall_of(begin, clock), "to": wall_of(end, clock), "ms": end - begin}
            return self.intake.take([], {}, [self.teller.own("gap", about)])

        self.overrun.tell(clock.monotonic_ms(), say, now)


class Listener:
    """`name`: of its sessions at the Box. `pause`: first wait after an error, seconds."""

    def __init__(self, box: Box, shared: Shared, name: str, pause: float = 0.2) -> None:
        self._box, self._all, self._name = box, shared, name
        self._unanswered = 0
        self._pause = pause
        self._position: Position = position_from(shared.spool.state(POSITION))
        self._ears = Ears()
        self._errors = 0
        self._waiting: list[Event] = []  # what is to be told together with the next event
        self._kept_at = 0
        shared.counters.poll_gaps = int(shared.spool.state(GAPS, "0"))
        before = shared.spool.state(HEARD_UNTIL)
        self._heard_before = int(before) if before.isdigit() else None

    def run(self) -> None:
        """Until `stop`."""
        while not self._all.stop.is_set():
            self._all.changed.clear()
            devices = self._all.inventory.wanted(self._all.wanted)
            if not devices:
                self._all.changed.wait(1.0)
                continue
            self.once(devices)
        self._all.tell_forgotten(now=True)
        if self._ears.heard_until is not None:
            self._keep_heard()  # up to the last answer: the poll that was ended may never have been read

    def once(self, devices: list[str]) -> None:
        """One poll and what follows from it."""
        clock = self._all.teller.clock
        asked, asked_at = clock.monotonic_ms(), clock.now()
        self._forgot(self._ears.asking(asked))
        try:
            session = f"{self._name}-{self._unanswered}"
            frame = self._box.poll(session, devices, self._position.ask_from(self._box_now()))
        except BoxError as error:
            self._unanswered += 1
            if ended := self._box.was_interrupted():
                if ended == "listened":
                    self._ears.cut_off(asked, clock.monotonic_ms(), devices)
            elif not self._all.stop.is_set():
                self._failed(error)
            return
        try:
            reading = None if frame is None else read_frame(frame, self._all.inventory.known)
        except FrameError as error:
            self._unreadable(error)
            return
        answered = clock.monotonic_ms()
        if frame is None or reading is None:
            self._worked(asked, answered, Age())
            self._tell([])
            if answered - self._kept_at >= _KEEP_EVERY_MS:
                self._kept_at = answered
                self._keep_heard()
            return
        moment, skew = float(str(frame["time"])), self._all.skew.bounds
        age = age_of(moment, clock.now() / 1000, skew, answered - asked)
        known = not self._position.is_new(reading.device, moment)
        self._worked(asked, answered, age, known, reading.device)
        oldest = skew is not None and moment * 1000 < asked_at / 1000 - skew[1]
        self._heard(reading, moment, oldest)

    def _unreadable(self, error: FrameError) -> None:
        """An answer that is no event: nothing was heard by it. It hides what comes after it for as long as the Box remembers it."""
        self._all.counters.unreadable += 1
        if not self._ears.failing:
            logger.warning("box_answer_unreadable problem=%s", error)
        self._ears.failed()
        self._all.stop.wait(self._pause)  # the Box may say it again and again

    def _heard(self, reading: Reading, moment: float, oldest: bool) -> None:
        """oldest: it came out of the Box's buffer."""
        counters = self._all.counters
        new, looked_back = self._position.is_new(reading.device, moment), self._position.unsure_from is not None
        self._position.took(reading.device, moment, oldest)
        if not new:
            self._position.saw_again(moment, self._box_now())
            if looked_back:  # as hoped
                return
            counters.repeated += 1
            self._all.stop.wait(min(self._pause, 0.02))
            return
        event = self._all.teller.heard(reading, self._all.skew.milliseconds)
        if self._tell([event]):
            counters.heard += 1
            counters.heard_at = event.received_at
            logger.debug("heard device=%s kind=%s bytes=%d", reading.device, reading.kind, len(reading.payload))

    def _tell(self, events: list[Event]) -> bool:
        """Into the spool, with what else is to be told; whether it took them."""
        state = {
            POSITION: self._position.as_text(),
            HEARD_UNTIL: self._heard_until(),
            GAPS: str(self._all.counters.poll_gaps),
        }
        if not self._all.intake.take(events, state, self._waiting):
            return False
        self._waiting = []
        return True

    def _failed(self, error: BoxError) -> None:
        self._all.counters.poll_errors += 1
        self._ears.failed()
        if self._errors == 0:
            logger.warning("poll_failed problem=%s", error)
        self._errors += 1
        self._all.stop.wait(min(5.0, self._pause * 2 ** min(self._errors - 1, 6)) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret

    def _worked(self, asked: int, answered: int, age: Age, known: bool = False, device: str = "") -> None:
        """After a poll that worked: what is to be told of the time before it."""
        deaf = self._ears.worked(asked, answered, age, known, device)
        self._errors = 0
        now = self._all.teller.clock.now() - (answered - asked) * 1000
        if self._heard_before is not None:
            self._gap({"why": "agent_start", "from": self._heard_before, "to": now})
            self._heard_before = None
        elif deaf is not None and not deaf.forgot:
            end, ms = now - (asked - deaf.end) * 1000, deaf.end - deaf.begin
            self._gap({"why": "box_not_heard", "from": end - ms * 1000, "to": end, "ms": ms})
        else:
            self._forgot(deaf)

    def _forgot(self, deaf: Deaf | None) -> None:
        """We are too slow for what the devices do. Told when it is over, or goes on for long, as one gap."""
        if deaf is not None and self._all.overrun.grows(deaf.begin, deaf.end, self._all.teller.clock.monotonic_ms()):
            self._all.counters.poll_gaps += 1

    def _gap(self, about: dict[str, object]) -> None:
        self._all.counters.poll_gaps += 1
        logger.warning("gap why=%s ms=%s", about["why"], about.get("ms"))
        self._waiting.append(self._all.teller.own("gap", about))
        if len(self._waiting) > _MOST_WAITING:  # a card that is full for days: the oldest become one, none is forgotten
            self._waiting[:2] = [_as_one(self._waiting[0], self._waiting[1])]

    def _keep_heard(self) -> None:
        """That nothing was to be heard until now is worth keeping too, though not every time.
        Not while something heard is neither in the spool nor told as lost: the gap after a restart has to begin before it."""
        if not self._all.intake.lost and not self._waiting:
            self._all.intake.keep({HEARD_UNTIL: self._heard_until(), POSITION: self._position.as_text()})

    def _heard_until(self) -> str:
        """By the wall clock, epoch microseconds; what the Box forgot and is not told yet counts as not heard."""
        return str(wall_of(self._all.overrun.heard_until(self._ears.sure_until), self._all.teller.clock))

    def _box_now(self) -> float | None:
        skew = self._all.skew.milliseconds
        return None if skew is None else self._all.teller.clock.now() / 1_000_000 - skew / 1000


def _as_one(older: Event, newer: Event) -> Event:
    """Two gaps as one, from the earliest begin to the latest end; `gaps` says for how many it stands."""
    one, two = json.loads(older.payload), json.loads(newer.payload)
    begin, end = min(one["from"], two["from"]), max(one["to"], two["to"])
    about = {"why": one["why"], "from": begin, "to": end, "ms": (end - begin) // 1000}
    about["gaps"] = one.get("gaps", 1) + two.get("gaps", 1)
    return replace(older, payload=json.dumps(about, separators=(",", ":"), sort_keys=True))
