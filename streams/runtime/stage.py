"""What a stage gives to the runtime, and what it gets from it."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from streams.runtime.chunk import Chunk, Partition
from streams.runtime.producer import Producer
from streams.runtime.progress import Progress


@dataclass(frozen=True, slots=True)
class StageLimits:
    """How much at once, and how long.

    chunk_records     most records in one chunk; a stage that only reads and writes Kafka is a tenth faster with 2000 than with 500
    pending_chunks    so many full chunks of one partition in memory at most: one in work, the rest waiting
    work_seconds      longest time that one chunk may take before the watchdog calls it stalled;
                      `Progress.touch()` starts it again, `Progress.paused()` stops it
    bisect            on failure of a chunk, halve it until the bad record stands alone; else the whole chunk fails
    """

    chunk_records: int = 500
    pending_chunks: int = 3
    work_seconds: float = 300.0
    bisect: bool = True


@dataclass(frozen=True, slots=True)
class StageContext:
    """What the runtime hands to a stage at start."""

    producer: Producer
    progress: Progress


class Stage(Protocol):
    """One step of the pipeline. It runs as one Faust app and one consumer group, both called `name`.

    Chunks of one partition come one at a time, in order. Partitions are lanes that work side by side in one event loop,
    so a slow or paused partition holds up no other; `process` must not block the loop.

    A chunk counts as done when `process` returned, or when `failed` returned for what `process` could not do. Nothing
    else moves the offset. A chunk may come again after a crash or a rebalance, whole or cut differently.
    """

    @property
    def name(self) -> str:
        """Faust app id and consumer group."""
        ...

    @property
    def topics(self) -> tuple[str, ...]:
        """What it reads."""
        ...

    @property
    def limits(self) -> StageLimits:
        """How much at once, and how long."""
        ...

    async def start(self, context: StageContext) -> None:
        """Before anything else, in the running loop. An error ends the process."""
        ...

    async def stop(self) -> None:
        """After the last chunk."""
        ...

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """These partitions are ours from now on: restore their state. No chunk is processed before this returns.

        Every rebalance revokes all and assigns anew, also what stays here: in between another worker may have had it.
        """
        ...

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """These partitions are no longer ours; no chunk of them is in work. Drop their state."""
        ...

    async def process(self, chunk: Chunk) -> None:
        """Do the work and return when every delivery it made is acknowledged (`await producer.deliver(...)`).

        Raises InfrastructureError: nothing is acknowledged and the process ends. Any other error: the chunk is halved and
        processed again until the bad record stands alone (see `StageLimits.bisect`), and that goes to `failed`.
        Deliveries made before the error are made again: ids are deterministic, destinations idempotent.
        Cancelled when the partition is taken away and the chunk does not end in time, or while it is paused.
        """
        ...

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """Bring these records to retry or dead letters and return when that is acknowledged.

        Raising anything ends the process without acknowledging: it is started again and reads the records again.
        """
        ...
