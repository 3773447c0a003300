"""A process that runs one stage, for tests that kill, stop and freeze processes: copies records from one topic to another.

Its one argument is a JSON object: see `Plan`. A record's value says what happens to it:

    poison...   `process` raises ValueError
    pause...    `process` waits on purpose, for good
    hang...     `process` waits for good without saying why
    block...    `process` blocks the event loop for good
    lost...     `process` raises InfrastructureError
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
import sys
import time
from collections.abc import AsyncIterator
from collections.abc import Set as AbstractSet
from typing import Any

from schemas.record import Message
from streams.runtime import (
    Chunk,
    InfrastructureError,
    Partition,
    RuntimeSettings,
    StageContext,
    StageLimits,
    run_stages,
)
from streams.runtime.consumer import ChunkConsumer
from streams.settings import KafkaSettings


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """What the worker does. `stall_after`: after so many chunks the consumer goes quiet, with everything alive."""

    bootstrap: str
    group: str
    source: str
    target: str
    failures: str = ""
    delay_seconds: float = 0.0
    stall_after: int = 0
    settings: dict[str, float] = dataclasses.field(default_factory=dict)
    limits: dict[str, Any] = dataclasses.field(default_factory=dict)


class CopyStage:
    """Copies, or does what the record says."""

    def __init__(self, plan: Plan) -> None:
        self.name = plan.group
        self.topics = (plan.source,)
        self.limits = StageLimits(**plan.limits)
        self._plan = plan
        self._context: StageContext | None = None

    async def start(self, context: StageContext) -> None:
        self._context = context

    async def stop(self) -> None:
        say("stopped")

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        say("assigned", partitions=sorted(partition.partition for partition in partitions))

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        say("revoked", partitions=sorted(partition.partition for partition in partitions))

    async def process(self, chunk: Chunk) -> None:
        assert self._context is not None
        await asyncio.sleep(self._plan.delay_seconds)
        for record in chunk.records:
            await self._obey(record.value or b"")
        await self._copy(chunk, self._plan.target)
        say("chunk", partition=chunk.partition, first=chunk.first_offset, last=chunk.last_offset)

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        if not self._plan.failures:
            raise RuntimeError("there is nowhere to put failures")
        await self._copy(chunk, self._plan.failures)

    async def _obey(self, value: bytes) -> None:
        assert self._context is not None
        if value.startswith(b"poison"):
            raise ValueError("poison")
        if value.startswith(b"lost"):
            raise InfrastructureError("the world is broken")
        if value.startswith(b"pause"):
            say("paused")
            with self._context.progress.paused("told to"):
                await asyncio.sleep(3600)
        if value.startswith(b"hang"):
            say("hanging")
            await asyncio.sleep(3600)
        if value.startswith(b"block"):
            say("blocking")
            time.sleep(3600)  # noqa: ASYNC251 - that is the point

    async def _copy(self, chunk: Chunk, topic: str) -> None:
        assert self._context is not None
        await self._context.producer.deliver([Message(topic, r.key, r.value, r.headers) for r in chunk.records])


def say(event: str, **fields: Any) -> None:
    """One JSON line for the test."""
    print(json.dumps({"event": event, **fields}), flush=True)


def go_quiet_after(chunks: int) -> None:
    """Make the consumer behave like one of the known stalls: it fetches nothing more and everything else lives on."""
    fetch = ChunkConsumer.getmany
    seen = 0

    async def getmany(self: ChunkConsumer, timeout: float) -> AsyncIterator[Any]:  # noqa: ASYNC109 - Faust's signature
        nonlocal seen
        if seen >= chunks:
            say("quiet")
            await asyncio.sleep(3600)
        async for item in fetch(self, timeout):
            seen += 1
            yield item

    ChunkConsumer.getmany = getmany  # type: ignore[method-assign]


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", stream=sys.stderr)
    if plan.stall_after:
        go_quiet_after(plan.stall_after)
    run_stages([CopyStage(plan)], KafkaSettings(bootstrap=plan.bootstrap), RuntimeSettings(**plan.settings))


if __name__ == "__main__":
    main()
