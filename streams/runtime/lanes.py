"""One lane per partition: chunks of a partition are worked off in order, one at a time; partitions side by side.

Side by side, because a chunk spends much of its time waiting (for the broker's acknowledgement, for a destination), and because a partition
that is paused or slow must hold up no other. They share one event loop, so nothing runs in parallel that could race.

A lane knows when a chunk is done; Faust's own acknowledgements count for nothing (see `consumer`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from streams.runtime.chunk import Chunk, Partition, joined
from streams.runtime.isolate import work_off
from streams.runtime.progress import Progress
from streams.runtime.stage import Stage
from streams.runtime.watermark import Ticket, Watermarks

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """A chunk on its way through Faust, with the ticket that says whether it still counts."""

    chunk: Chunk
    ticket: Ticket

    @property
    def partition(self) -> Partition:
        """Whose it is."""
        return Partition(self.chunk.topic, self.chunk.partition)


class _Lane:
    __slots__ = ("filled", "parcels", "task")

    def __init__(self) -> None:
        self.parcels: deque[Parcel] = deque()
        self.filled = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def put(self, parcel: Parcel) -> None:
        self.parcels.append(parcel)
        self.filled.set()

    async def next(self, most: int) -> list[Parcel]:
        """All that waits and still counts, as far as it fits into one chunk, at least one parcel. What trickled in while the lane was busy is
        worked off together: for many stages, and for all that is sent in batches, a chunk costs more than its records."""
        found: list[Parcel] = []
        while not found:
            await self.filled.wait()
            records = 0
            while self.parcels and (not found or records + len(self.parcels[0].chunk) <= most):
                parcel = self.parcels.popleft()
                if parcel.ticket.is_live:
                    found.append(parcel)
                    records += len(parcel.chunk)
            if not self.parcels:
                self.filled.clear()
        return found


class Lanes:
    """All lanes of one stage. `fail` is called once with an error that must end the process."""

    def __init__(self, stage: Stage, progress: Progress, fail: Callable[[BaseException], None]) -> None:
        self._stage = stage
        self._progress = progress
        self._fail = fail
        self._marks: Watermarks[Partition] = Watermarks()
        self._lanes: dict[Partition, _Lane] = {}
        self._restore: asyncio.Task[None] | None = None
        self._open = False
        self._closing = False
        self.assignment: frozenset[Partition] = frozenset()
        self.room = asyncio.Event()  # set whenever a chunk ends: a partition may have room again

    @property
    def is_open(self) -> bool:
        """Whether partitions were assigned (perhaps none) and not revoked since."""
        return self._open

    # What the consumer asks

    @property
    def chunk_records(self) -> int:
        """Most records in one chunk."""
        return self._stage.limits.chunk_records

    def room_of(self, partition: Partition) -> int:
        """How many records of this partition may be fetched now."""
        if self._closing:
            return 0
        limits = self._stage.limits
        return max(0, limits.pending_chunks * limits.chunk_records - self._marks.pending(partition))

    def take(self, chunk: Chunk) -> Parcel:
        """A fetched chunk goes out."""
        return Parcel(chunk, self._marks.take(Partition(chunk.topic, chunk.partition), chunk.last_offset, len(chunk)))

    def position(self, partition: Partition) -> int | None:
        """Everything below this offset is done and may be committed."""
        return self._marks.position(partition)

    def positions(self) -> dict[Partition, int]:
        """The same for all partitions with something done."""
        found = ((partition, self._marks.position(partition)) for partition in self._marks)
        return {partition: position for partition, position in found if position is not None}

    def forget(self, partition: Partition) -> None:
        """The partition is lost or sought: what is out counts no more."""
        self._marks.forget(partition)
        self.room.set()

    # What the agent does

    def put(self, parcel: Parcel) -> None:
        """Queue a chunk in its lane. One that counts no more, or comes while the lanes are closed, is dropped: it is read again."""
        if not self._open or not parcel.ticket.is_live:
            return
        lane = self._lanes.get(parcel.partition)
        if lane is None:
            lane = self._lanes[parcel.partition] = _Lane()
            lane.task = asyncio.get_running_loop().create_task(
                self._run(lane), name=f"lane-{self._stage.name}-{parcel.partition}"
            )
        lane.put(parcel)

    async def _run(self, lane: _Lane) -> None:
        try:
            if self._restore is not None:
                await asyncio.shield(self._restore)
            while True:
                await self._work(await lane.next(self.chunk_records))
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - whatever it is, it must not pass for done
            self._fail(error)

    async def _work(self, parcels: Sequence[Parcel]) -> None:
        partition = parcels[0].partition
        try:
            with self._progress.working(partition, self._stage.limits.work_seconds):
                await work_off(self._stage, joined([parcel.chunk for parcel in parcels]))
            for parcel in parcels:
                self._marks.finish(partition, parcel.ticket)
        finally:
            self.room.set()

    # Coming and going of partitions

    def assign(self, partitions: AbstractSet[Partition]) -> None:
        """These partitions are ours: restore the stage's state of them, then let chunks in."""
        self.assignment = frozenset(partitions)
        self._open = not self._closing
        if self._open and self.assignment:
            self._restore = asyncio.get_running_loop().create_task(
                self._assigned(self.assignment), name=f"restore-{self._stage.name}"
            )

    async def _assigned(self, partitions: frozenset[Partition]) -> None:
        try:
            with self._progress.working(min(partitions), self._stage.limits.work_seconds):
                await self._stage.assigned(partitions)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self._fail(error)
            raise

    async def settle(self, limit_seconds: float) -> None:
        """Let no further chunk begin, wait for those in work, at most this long, then cancel them. Paused ones are cancelled at once.

        Afterwards no lane runs and `position` says what is done. Chunks that did not end are read again by whoever comes next.
        """
        self._open = False
        deadline = time.monotonic() + limit_seconds
        for lane in self._lanes.values():
            lane.parcels.clear()
        while self._busy() and time.monotonic() < deadline:
            self.room.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.room.wait(), _LOOK_SECONDS)
        for work in self._busy():
            logger.warning("chunk_cancelled stage=%s partition=%s", self._stage.name, work)
        await self._cancel_all()

    def _busy(self) -> list[Partition]:
        found = ((partition, self._progress.work(partition)) for partition in self._lanes)
        return [partition for partition, work in found if work is not None and not work.is_paused]

    async def _cancel_all(self) -> None:
        lanes, self._lanes = self._lanes, {}
        restore, self._restore = self._restore, None
        tasks = [task for task in (restore, *(lane.task for lane in lanes.values())) if task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.gather(*tasks, return_exceptions=True)

    async def revoked(self) -> None:
        """After `settle` and the commit: forget everything and tell the stage."""
        partitions, self.assignment = self.assignment, frozenset()
        self._marks.forget_all()
        self.room.set()
        if partitions:
            try:
                await self._stage.revoked(partitions)
            except Exception as error:  # noqa: BLE001 - the stage's state is unknown now
                self._fail(error)

    def close(self) -> None:
        """The process is going to stop: fetch and begin nothing more, whatever is assigned meanwhile."""
        self._closing = True
