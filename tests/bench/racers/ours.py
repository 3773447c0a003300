"""The hop as a stage of the pipeline: its runtime, its codec, every delivery acknowledged before a chunk counts as done."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any

import fastavro

from schemas.codec import Codec
from schemas.record import Message
from streams.runtime import Chunk, Partition, Runtime, RuntimeSettings, StageContext, StageLimits, end_process
from streams.runtime.producer import Producer
from streams.settings import KafkaSettings, StageSettings
from tests.bench.racers.work import COMMIT_SECONDS, PRODUCER, SCHEMAS, Plan, mapped, now, plan, report


class _Ids:
    """The registry's place: two schemas."""

    def id_of(self, name: str) -> int:
        return SCHEMAS[name][0]

    def schema_of(self, schema_id: int) -> dict[str, Any]:
        return dict(SCHEMAS.values())[schema_id]


@cache
def _parsed(name: str) -> Any:
    return fastavro.parse_schema(SCHEMAS[name][1])


class HopStage:
    """Maps and forwards, and says when so many records are through."""

    limits = StageLimits(chunk_records=StageSettings().chunk_records)  # as transform and route take them

    def __init__(self, told: Plan) -> None:
        self.name = told.group
        self.topics = (told.source,)
        self.began = 0.0
        self.finished = asyncio.Event()
        self._target = told.target
        self._left = told.records
        self._codec = Codec(_Ids(), _parsed)

    async def start(self, context: StageContext) -> None:
        self._deliver = context.producer.deliver

    async def stop(self) -> None: ...

    async def assigned(self, partitions: AbstractSet[Partition]) -> None: ...

    async def revoked(self, partitions: AbstractSet[Partition]) -> None: ...

    async def process(self, chunk: Chunk) -> None:
        self.began = self.began or now()
        decode, encode, target = self._codec.decode, self._codec.encode, self._target
        await self._deliver(
            [
                Message(target, record.key, encode("order", mapped(decode("sold", record.value))), record.headers)
                for record in chunk.records
            ]
        )
        self._left -= len(chunk)
        if self._left <= 0:
            self.finished.set()

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        raise error


async def main() -> None:
    told = plan()
    kafka = KafkaSettings(bootstrap=told.bootstrap)
    stage = HopStage(told)
    producer = Producer({**kafka.librdkafka(), **PRODUCER})
    runtime = Runtime([stage], kafka, RuntimeSettings(commit=COMMIT_SECONDS), producer=producer)
    running = asyncio.create_task(runtime.run())
    waiting = asyncio.create_task(stage.finished.wait())
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    runtime.stop()
    code = await running
    if code:
        raise RuntimeError(f"the runtime ended with code {code}")
    report(stage.began)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except BaseException:  # noqa: BLE001 - shown, and the process ends
        traceback.print_exc()
        end_process(1)  # Faust's thread would keep the process alive
    end_process(0)
