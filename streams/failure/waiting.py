"""What the retry worker has read and what of it is due. Pure: the clock is passed in, epoch milliseconds UTC.

For each partition the first records of its queue are kept in memory, so that they leave at the millisecond they are due; fetching them only
then was measured to take up to 0.6 s. A partition is paused as soon as what is kept reaches further into the future than `LEAD_MS`, or is
large; it is resumed `LEAD_MS` before the last of it is due, so that the records behind it are there in time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.headers import Failure
from schemas.record import Record
from streams.failure.due import DueTimes, Place

LEAD_MS = 1500
MOST_BYTES = 512 * 1024  # kept per partition; with 13 tiers of 6 partitions 40 MB at the very worst


@dataclass(frozen=True, slots=True)
class Parked:
    """A record of a retry tier, its failure set (None when it has none that can be read) and when it is due."""

    record: Record
    failure: Failure | None
    due_ms: int

    @property
    def place(self) -> Place:
        return self.record.topic, self.record.partition

    @property
    def size(self) -> int:
        return len(self.record.value or b"") + sum(len(name) + len(content) for name, content in self.record.headers)


@dataclass(slots=True)
class _Queue:
    items: deque[Parked] = field(default_factory=deque)
    size: int = 0


class Waiting:
    """The kept records of all partitions."""

    def __init__(self) -> None:
        self._queues: dict[Place, _Queue] = {}
        self._heads = DueTimes()
        self._resumes = DueTimes()

    def add(self, parked: Parked) -> None:
        """Read from its partition, behind all that was read before."""
        queue = self._queues.setdefault(parked.place, _Queue())
        queue.items.append(parked)
        queue.size += parked.size
        if len(queue.items) == 1:
            self._heads.wait(parked.place, parked.due_ms)

    def take_due(self, now_ms: int) -> list[Parked]:
        """What is due, in order within each partition; it is no longer kept."""
        taken: list[Parked] = []
        for place in self._heads.take_due(now_ms):
            queue = self._queues[place]
            while queue.items and queue.items[0].due_ms <= now_ms:
                taken.append(queue.items.popleft())
                queue.size -= taken[-1].size
            if queue.items:
                self._heads.wait(place, queue.items[0].due_ms)
        return taken

    def put_back(self, taken: Iterable[Parked]) -> None:
        """It could not be sent: in front again, in the order it was taken."""
        for parked in reversed(list(taken)):
            queue = self._queues.setdefault(parked.place, _Queue())
            queue.items.appendleft(parked)
            queue.size += parked.size
            self._heads.wait(parked.place, parked.due_ms)

    def to_pause(self, now_ms: int) -> list[Place]:
        """Partitions of which enough is kept for now; they count as paused from here on."""
        paused = []
        for place, queue in self._queues.items():
            if not queue.items or place in self._resumes:
                continue
            resume_ms = queue.items[-1].due_ms - LEAD_MS
            if queue.size > MOST_BYTES:
                resume_ms = max(resume_ms, queue.items[0].due_ms)
            if resume_ms > now_ms:
                self._resumes.wait(place, resume_ms)
                paused.append(place)
        return paused

    def to_resume(self, now_ms: int) -> list[Place]:
        """Paused partitions of which more should be read; they count as running from here on."""
        return self._resumes.take_due(now_ms)

    def next_event(self) -> int | None:
        """When something is due or a partition is to be resumed, None when nothing waits."""
        times = [at for at in (self._heads.next_due(), self._resumes.next_due()) if at is not None]
        return min(times, default=None)

    def forget(self, places: Iterable[Place]) -> None:
        """These partitions are no longer ours; whoever gets them reads them anew."""
        gone = list(places)
        for place in gone:
            self._queues.pop(place, None)
        self._heads.forget(gone)
        self._resumes.forget(gone)
