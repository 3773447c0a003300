"""A stage that does what it is told, and chunks to give it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet

from schemas.record import Record
from streams.runtime.chunk import Chunk, Partition
from streams.runtime.stage import StageContext, StageLimits

Work = Callable[[Chunk], Awaitable[None]]


def record(offset: int, value: bytes = b"", *, topic: str = "t", partition: int = 0) -> Record:
    return Record(topic, partition, offset, 1_700_000_000_000, None, value or b"%d" % offset)


def chunk(first: int, last: int, *, topic: str = "t", partition: int = 0) -> Chunk:
    """Offsets from `first` to `last`, both included; values are the offsets."""
    return Chunk(
        topic, partition, tuple(record(offset, topic=topic, partition=partition) for offset in range(first, last + 1))
    )


def offsets(of: Chunk) -> list[int]:
    return [record.offset for record in of.records]


async def nothing(_: Chunk) -> None: ...


class FakeStage:
    """Keeps the real interface; `work` is its `process`."""

    name = "fake"
    topics = ("t",)

    def __init__(self, work: Work = nothing, limits: StageLimits | None = None) -> None:
        self.limits = limits or StageLimits()
        self.work = work
        self.calls: list[str] = []
        self.processed: list[int] = []
        self.failures: list[tuple[list[int], Exception]] = []
        self.on_failed: Work = nothing
        self.on_assigned: Callable[[], Awaitable[None]] | None = None

    async def start(self, context: StageContext) -> None:
        self.calls.append("start")

    async def stop(self) -> None:
        self.calls.append("stop")

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        self.calls.append("assigned")
        if self.on_assigned is not None:
            await self.on_assigned()

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        self.calls.append("revoked")

    async def process(self, chunk: Chunk) -> None:
        await self.work(chunk)
        self.processed += offsets(chunk)

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        await self.on_failed(chunk)
        self.failures.append((offsets(chunk), error))
