"""Whether a stage moves: chunks in work, pauses on purpose, offsets that advanced. Written by the event loop, read by the watchdog thread.

A pause belongs to the chunk in whose `process` it is entered, also when `process` started tasks of its own (context variables follow them).
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from streams.runtime.chunk import Partition


@dataclass(slots=True)
class Work:
    """One chunk in work (or a partition's state being restored). Times are of the monotonic clock, in seconds."""

    partition: Partition
    limit_seconds: float
    since: float
    pauses: dict[int, str] = field(default_factory=dict)

    @property
    def is_paused(self) -> bool:
        """Whether it waits on purpose."""
        return bool(self.pauses)

    def is_overdue(self, now: float) -> bool:
        """Whether it has been at it for longer than it may."""
        return not self.pauses and now - self.since > self.limit_seconds


_current: ContextVar[Work | None] = ContextVar("causeway_work", default=None)
_pause_ids = itertools.count()


class Progress:
    """What one stage is doing, partition by partition."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._work: dict[Partition, Work] = {}

    @contextmanager
    def paused(self, reason: str) -> Iterator[None]:
        """While inside, the chunk waits on purpose (an open circuit breaker): the watchdog leaves it alone.

        A pause is also where a chunk may be cancelled at once when its partition is taken away.
        """
        work = _current.get()
        if work is None:
            yield
            return
        key = next(_pause_ids)
        work.pauses[key] = reason
        try:
            yield
        finally:
            del work.pauses[key]
            work.since = self._clock()

    def touch(self) -> None:
        """The chunk in work has got further (one batch of many): its time limit starts again."""
        work = _current.get()
        if work is not None:
            work.since = self._clock()

    @contextmanager
    def working(self, partition: Partition, limit_seconds: float) -> Iterator[Work]:
        """Around the work on one chunk. For the runtime."""
        work = Work(partition, limit_seconds, self._clock())
        token = _current.set(work)
        self._work[partition] = work
        try:
            yield work
        finally:
            if self._work.get(partition) is work:
                del self._work[partition]
            _current.reset(token)

    def work(self, partition: Partition) -> Work | None:
        """What is in work of this partition."""
        return self._work.get(partition)

    def all_work(self) -> tuple[Work, ...]:
        """Everything in work."""
        return tuple(self._work.values())

    def pauses(self) -> tuple[tuple[Partition, str], ...]:
        """What waits on purpose, with the reason, for status and metrics."""
        return tuple((work.partition, reason) for work in self.all_work() for reason in tuple(work.pauses.values()))
