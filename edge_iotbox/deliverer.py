"""The thread that sends: the oldest first, until the other side says they are safe. It never gives up and never loses what it could not send."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from edge_iotbox.listener import Shared
from edge_iotbox.numbers import write_durably
from edge_iotbox.spool import SpoolFullError
from edge_iotbox.verdicts import TIMEOUT, AskFirst, Hole, Later, NotAllowed, Refused, Taken, TooLarge, Verdict, backoff
from schemas.edge_contract import OTHER_SPOOL
from schemas.hardware import MAX_BATCH_BYTES, MAX_BATCH_EVENTS, Event, to_json

logger = logging.getLogger(__name__)

NOT_ALLOWED_SECONDS = 3600.0
ASK_SECONDS = 1.0
_BAD_FILE_BYTES = 1024 * 1024
_NOT_ALLOWED = {
    "not_allowed": "not_allowed do=causeway-edge enrol",
    OTHER_SPOOL: "other_spool problem=another spool speaks for this Box: this one was copied, restored or made anew; nothing of it is lost "
    "do=if this is the right one, causeway gateway enrol BOX there and causeway-edge enrol CODE here; else stop this agent",
}


class Sender(Protocol):
    """A way out: the gateway over HTTPS, or Kafka."""

    def send(self, events: Sequence[Event]) -> Verdict:
        """Brings them there. An empty batch asks how far the other side is; who cannot know answers Later with `why` "not_known"."""
        ...

    def close(self) -> None: ...


class Deliverer:
    """`tick`: called about once a second whatever happens (health, configuration). `bad_file`: where events lie that nobody takes."""

    def __init__(
        self,
        sender: Sender,
        shared: Shared,
        bad_file: Path,
        tick: Callable[[], None] = lambda: None,
        idle_seconds: float = 1.0,
    ) -> None:
        self._sender, self._all, self._bad_file, self._tick, self._idle = sender, shared, bad_file, tick, idle_seconds
        self.most_events = MAX_BATCH_EVENTS
        self.pause = 0.0  # between batches while little happens: what comes in the meantime goes together
        self._most_now = MAX_BATCH_EVENTS
        self._slow_ms = 0  # how long a call took whose time was up
        self._proved = False
        self._attempt = 0
        self._not_before_ms = 0

    def run(self) -> None:
        """Until `stop`; then one last try, so that little is left lying."""
        clock, stop = self._all.teller.clock, self._all.stop
        while not stop.is_set():
            self._tick()
            left = self._not_before_ms - clock.monotonic_ms()
            if left > 0:
                stop.wait(min(left / 1000, self._idle))
            elif self._all.spool.wait(self._idle):
                if self.pause and self._all.spool.depth().events < self.most_events:
                    stop.wait(self.pause)
                self._not_before_ms = clock.monotonic_ms() + int(self.once() * 1000)
        if self._proved:
            self.once()
        self._sender.close()

    def once(self) -> float:
        """One batch. How long to wait before the next, seconds."""
        try:
            return self._one()
        except SpoolFullError:  # said by the spool; what was sent comes again, and the other side knows its numbers
            return self._again("spool_not_written", None)

    def _one(self) -> float:
        spool = self._all.spool
        if not self._proved:
            return self._ask()
        events = spool.batch(min(self.most_events, self._most_now), MAX_BATCH_BYTES - 4096)
        if not events:
            return 0.0
        began = self._all.teller.clock.monotonic_ms()
        verdict = self._sender.send(events)
        return self._settle(verdict, events, self._all.teller.clock.monotonic_ms() - began)

    def forget_wait(self) -> None:
        """Something changed (a new enrolment): try at once, and count from the beginning."""
        self._attempt, self._not_before_ms = 0, 0

    def _ask(self) -> float:
        verdict = self._sender.send([])
        if isinstance(verdict, Later) and verdict.why == "not_known":
            self._proved = True
            return 0.0
        if not isinstance(verdict, Taken):
            return self._settle(verdict, [])
        spool = self._all.spool
        moved = spool.settle(verdict.through, verdict.last) if verdict.strict else spool.prove(verdict.through)
        if moved:
            logger.error("numbers_moved by=%d through=%d", moved, verdict.through)
        self._proved = True
        self._good()
        return 0.0

    def _settle(self, verdict: Verdict, events: Sequence[Event], took_ms: int = 0) -> float:
        """What a verdict means for what was lent; the call took so long."""
        spool, counters = self._all.spool, self._all.counters
        match verdict:
            case Taken(through):
                if events and through < events[0].first_sequence:
                    return self._again("took_nothing", None)
                spool.acknowledge(min(through, events[-1].sequence) if events else through)
                counters.sent += sum(event.sequence <= through for event in events)
                if not self._slow_ms or took_ms * 4 < self._slow_ms:
                    self._most_now = min(self.most_events, self._most_now * 2)
                return self._good()
            case Hole(expected):
                done = spool.explain(expected)
                logger.warning("hole expected=%d done=%s", expected, done)
                return self._again("hole", None) if done == "nothing" else 0.0
            case Refused(index, problem) if 0 <= index < len(events):
                return self._aside(events, index, problem)
            case TooLarge() if len(events) == 1:
                return self._aside(events, 0, "too large")
            case TooLarge() if events:
                self._most_now = max(1, len(events) // 2)
                spool.give_back()
                return 0.0
            case NotAllowed(why):
                self._again(why, None, _NOT_ALLOWED.get(why, ""))
                return NOT_ALLOWED_SECONDS
            case AskFirst():
                self._proved = False
                return self._again("ask_first", ASK_SECONDS)
            case Later(why) if why == TIMEOUT and len(events) > 1:
                # The line is too slow for so many. Who waited this long need not wait more before he tries with fewer.
                self._most_now, self._slow_ms = max(1, len(events) // 4), took_ms
                return self._again(why, 0.0)
            case Later(why, seconds):
                return self._again(why, seconds)
            case _:
                return self._again("not_understood", None)

    def _good(self) -> float:
        counters = self._all.counters
        if counters.sender_state != "good":
            logger.info("sending")
        counters.sender_state, counters.sent_at, self._attempt = "good", self._all.teller.clock.now(), 0
        return 0.0

    def _again(self, why: str, seconds: float | None, words: str = "") -> float:
        counters = self._all.counters
        self._all.spool.give_back()
        counters.send_errors += 1
        if counters.sender_state != why:
            logger.log(logging.ERROR if words else logging.WARNING, "%s", words or f"not_sent why={why}")
        counters.sender_state = why
        wait = backoff(self._attempt, random.random()) if seconds is None else seconds  # noqa: S311 - no secret
        self._attempt += 1
        return wait

    def _aside(self, events: Sequence[Event], index: int, problem: str) -> float:
        """Kept in a file for somebody to look at, told as dropped in its place, and the rest goes on. Where that file cannot be written the event
        stays in the spool, for nobody else has it."""
        event = events[index]
        if event.kind in ("dropped", "gap"):
            # What stands for others cannot be told any other way: whoever refuses it is asked again later.
            return self._again("explanation_refused", None)
        try:
            keep_bad(self._bad_file, {"problem": problem, "event": to_json(event)})
        except OSError as error:
            self._most_now = max(1, index)  # those before it need not wait with it
            words = f"refused_not_kept sequence={event.sequence} problem={error} do=make {self._bad_file} writable, or room on the card"
            return self._again("refused_not_kept", 0.0 if index else None, words)
        logger.error("event_set_aside sequence=%d kind=%s problem=%s", event.sequence, event.kind, problem)
        self._all.spool.set_aside(event.sequence, "refused")
        self._all.counters.set_aside += 1
        return 0.0


def keep_bad(path: Path, entry: dict[str, Any]) -> None:
    """Adds a line that is not the last one already; of a file that grew too long the newer half stays. Raises OSError: the file is as it was."""
    content, line = path.read_bytes() if path.exists() else b"", json.dumps(entry).encode() + b"\n"
    if content.endswith(line):
        return  # the spool could not let go of it the last time
    if len(content) > _BAD_FILE_BYTES:
        content = content[len(content) // 2 :].partition(b"\n")[2]
    write_durably(path, content + line)
