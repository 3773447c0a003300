"""The hop as a stage of the pipeline: Faust, chunks, every delivery acknowledged before its chunk counts as done."""

from __future__ import annotations

import asyncio
import sys
import time
import uuid
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from work import report, task, transform  # type: ignore[import-not-found] # found beside this script, in any environment

from schemas.record import Message
from streams.runtime import Chunk, Partition, Runtime, StageContext, StageLimits, end_process
from streams.settings import KafkaSettings


class HopStage:
    """Transforms and forwards, and asks to stop after so many records."""

    limits = StageLimits(chunk_records=2_000)  # what a stage without a slow destination may well take at once

    def __init__(self, plan: dict[str, Any]) -> None:
        self.name = f"ours-{uuid.uuid4()}"
        self.topics = (plan["source"],)
        self._plan = plan
        self._began = self.seconds = 0.0
        self.done = 0
        self.finished = asyncio.Event()

    async def start(self, context: StageContext) -> None:
        self._deliver = context.producer.deliver

    async def stop(self) -> None: ...

    async def assigned(self, partitions: AbstractSet[Partition]) -> None: ...

    async def revoked(self, partitions: AbstractSet[Partition]) -> None: ...

    async def process(self, chunk: Chunk) -> None:
        self._began = self._began or time.perf_counter()
        target = self._plan["target"]
        await self._deliver(
            [Message(target, record.key, transform(record.value), record.headers) for record in chunk.records]
        )
        self.done += len(chunk)
        if self.done >= self._plan["records"]:
            self.seconds = time.perf_counter() - self._began
            self.finished.set()

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        raise error


async def main() -> None:
    plan = task()
    stage = HopStage(plan)
    runtime = Runtime([stage], KafkaSettings(bootstrap=plan["bootstrap"]))
    running = asyncio.create_task(runtime.run())
    waiting = asyncio.create_task(stage.finished.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    runtime.stop()
    assert await running == 0
    report(stage.done, stage.seconds)


asyncio.run(main())
end_process(0)
