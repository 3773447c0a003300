"""When a partition counts as stalled. Decides only; looking and acting are the watchdog's.

A partition is judged by one number: since when has it had no excuse. Its excuses:

    nothing to do       the end of the log is done and committed
    it moves            the done or the committed offset changed since the last look
    working             a chunk of it is in work and within its time limit
    paused              a chunk of it waits on purpose (open circuit breaker)
    unknown             the broker does not say where the log ends: nothing can be concluded

Without one for longer than the limit it is stalled. A chunk over its own time limit is stalled at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from streams.runtime.chunk import Partition


class Doing(StrEnum):
    """What a partition's lane does at the moment of the look."""

    IDLE = "idle"
    WORKING = "working"
    OVERDUE = "overdue"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Sight:
    """One look at one partition.

    done        everything below is worked off (or was, when we got the partition)
    committed   everything below is committed, None when nothing is
    end         where the log ends, None when the broker does not say
    """

    partition: Partition
    doing: Doing
    done: int
    committed: int | None
    end: int | None

    @property
    def lag(self) -> int | None:
        """Records not yet worked off, None when unknown."""
        return None if self.end is None else max(0, self.end - self.done)

    @property
    def is_behind(self) -> bool:
        """Whether something is left to work off or to commit."""
        return bool(self.lag) or (self.committed is not None and self.committed < self.done)


class StallJudge:
    """Remembers since when each partition has had no excuse. Times are seconds of one monotonic clock."""

    def __init__(self, limit_seconds: float) -> None:
        self._limit_seconds = limit_seconds
        self._seen: dict[Partition, tuple[float, Sight]] = {}

    def judge(self, sights: Iterable[Sight], now: float) -> tuple[str, ...]:
        """The partitions looked at now -> one line for each that is stalled. Partitions not among them are forgotten."""
        found: list[str] = []
        seen: dict[Partition, tuple[float, Sight]] = {}
        for sight in sights:
            since, last = self._seen.get(sight.partition, (now, sight))
            if _has_excuse(sight, last):
                since = now
            seen[sight.partition] = (since, sight)
            if sight.doing is Doing.OVERDUE:
                found.append(f"{sight.partition} chunk in work is over its time limit lag={sight.lag}")
            elif now - since >= self._limit_seconds:
                found.append(
                    f"{sight.partition} no progress for {now - since:.0f} s "
                    f"done={sight.done} committed={sight.committed} end={sight.end}"
                )
        self._seen = seen
        return tuple(found)


def _has_excuse(sight: Sight, last: Sight) -> bool:
    moved = (sight.done, sight.committed) != (last.done, last.committed)
    return (
        moved or sight.end is None or not sight.is_behind or sight.doing is Doing.WORKING or sight.doing is Doing.PAUSED
    )
