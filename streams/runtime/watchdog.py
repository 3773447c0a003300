"""Ends the process when it is alive but does not move (OPS-8): Faust and aiokafka are known to stall after a rebalance or a lost broker with
every task still running (faust #175 #523 #640, aiokafka #1154). Whoever started the process starts it again, and it reads on from the last commit.

It looks from a thread of its own, so a blocked event loop cannot hide, and asks the broker itself where the logs end, so a fetcher that has
stopped asking cannot pretend that there is nothing to do.
"""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from streams.runtime.chunk import Partition
from streams.runtime.logs import Sparing
from streams.runtime.settings import RuntimeSettings
from streams.runtime.stall import Sight, StallJudge

logger = logging.getLogger(__name__)
logger.addFilter(Sparing())  # a broker that is away is away for many looks, and told of elsewhere

LogEnds = Callable[[Sequence[Partition]], Mapping[Partition, tuple[int, int]]]


class Watched(Protocol):
    """What the watchdog looks at of one stage. Everything may be called from another thread."""

    name: str

    def is_settled(self) -> bool:
        """Whether it has its assignment (which may be empty) and no rebalance is going on."""
        ...

    def assignment(self) -> Sequence[Partition]:
        """Its partitions."""
        ...

    def sights(self, ends: Mapping[Partition, tuple[int, int]]) -> Sequence[Sight]:
        """One look at each partition, given where their logs begin and end."""
        ...


class Watchdog:
    """Looks every `settings.watch` seconds. `die` is called once with what is stalled."""

    def __init__(
        self,
        stages: Sequence[Watched],
        settings: RuntimeSettings,
        log_ends: LogEnds,
        die: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stages = stages
        self._settings = settings
        self._log_ends = log_ends
        self._die = die
        self._clock = clock
        self._judges = {stage.name: StallJudge(settings.stalled) for stage in stages}
        self._unsettled: dict[str, float] = {}
        self._beat = clock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self.verdict: tuple[str, ...] = ()
        self.seen: Mapping[str, Sequence[Sight]] = {}  # the last look, per stage: for health and metrics

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more. Does not wait: a look may be in a request to a broker that does not answer."""
        self._stopping.set()

    def beat(self) -> None:
        """The event loop turns. To be called from it, more often than `settings.stalled`."""
        self._beat = self._clock()

    def look(self) -> tuple[str, ...]:
        """One look at everything -> what is stalled, one line each."""
        found: list[str] = []
        seen: dict[str, Sequence[Sight]] = {}
        ends = self._ends()
        for stage in self._stages:
            seen[stage.name] = stage.sights(ends)
            now = self._clock()
            stalled = self._judges[stage.name].judge(seen[stage.name], now)
            found += [f"stage={stage.name} {line}" for line in stalled]
            found += self._unsettled_too_long(stage, now, is_broker_there=bool(ends) or not stage.assignment())
        silent = self._clock() - self._beat
        if silent >= self._settings.stalled and not any(s.doing != "idle" for sights in seen.values() for s in sights):
            found.append(f"the event loop has not turned for {silent:.0f} s")
        self.seen = seen
        self.verdict = tuple(found)
        return self.verdict

    def _ends(self) -> Mapping[Partition, tuple[int, int]]:
        partitions = sorted({partition for stage in self._stages for partition in stage.assignment()})
        if not partitions:
            return {}
        try:
            return self._log_ends(partitions)
        except Exception as error:  # noqa: BLE001 - no answer is an answer: nothing can be concluded
            logger.warning("watchdog_cannot_ask error=%s", type(error).__name__)
            return {}

    def _unsettled_too_long(self, stage: Watched, now: float, *, is_broker_there: bool) -> list[str]:
        if stage.is_settled() or not is_broker_there:
            self._unsettled.pop(stage.name, None)
            return []
        since = self._unsettled.setdefault(stage.name, now)
        if now - since < self._settings.joining:
            return []
        return [f"stage={stage.name} without an assignment for {now - since:.0f} s"]

    def _run(self) -> None:
        while not self._stopping.wait(self._settings.watch):
            if self.look() and not self._stopping.is_set():
                for line in self.verdict:
                    logger.critical("stalled %s", line)
                faulthandler.dump_traceback(sys.stderr, all_threads=True)
                self._die("; ".join(self.verdict))
                return
