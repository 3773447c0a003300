"""INV-5: two lanes of a destination in two workers, on a real broker. What each knows of a key the other learns, though both write it at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from connectors.kit.jobs import parse
from connectors.kit.ports import Delivery, Outcome, Result
from schemas.codec import Codec
from schemas.headers import encode_headers
from schemas.record import Message, Record
from schemas.records import Deliver
from schemas.topics import Lane, deliver, state
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting
from streams.kafka import read_to_end
from streams.runtime import Chunk, Partition, StageContext
from streams.runtime.progress import Progress
from streams.settings import Settings
from streams.stages.deliver import DeliverStage
from streams.worker import now
from tests.integration.failure_kit import headers, send, unique
from tests.integration.stages_kit import BrokerProducer, FakeSink, registry_of, settings_of
from tests.unit.observe.bodies import body_of


@dataclass
class Told(FakeSink):
    """Its deliveries are told to the others first. `together`: each call waits until as many have come."""

    together: asyncio.Barrier | None = None
    calls: list[Delivery] = field(default_factory=list)

    def announces(self, delivery: Delivery) -> bool:
        return True

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        self.calls += batch
        if self.together is not None:
            async with asyncio.timeout(60):
                await self.together.wait()
        return [Outcome(Result.APPLIED, remote_id=str(delivery.version)) for delivery in batch]


@pytest.fixture
def settings(bootstrap: str, registry_url: str) -> Settings:
    return settings_of(bootstrap, registry_url)


@pytest.fixture
def codec(registry_url: str) -> Codec:
    return Codec(registry_of(registry_url))


def stage(settings: Settings, codec: Codec, lane: Lane, sink: Told) -> DeliverStage:
    routing = FailureRouting(codec, settings)
    return DeliverStage(settings, lane, sink, Breakers(5, 1, 1), codec, routing, now)


def number(settings: Settings, codec: Codec, lane: Lane, key: str, version: int) -> Record:
    """A number on its way in a lane, as it lies there."""
    body = codec.encode("availability", body_of("availability", key=key, sku="A-1", channel="walmart", account="a"))
    value = Deliver(
        id=f"{key}/{version}", destination="walmart", operation="set_stock", kind="state", lane=lane.value, source="odoo",
        account="a", key=key, version=version, checksum=f"c{version}", correlation=key, created_at=now(),
        schema="availability", body=body,
    )  # fmt: skip
    topic = deliver("walmart", lane)
    encoded = encode_headers(headers(key, entity="availability", version=version))
    send(settings, [Message(topic, key.encode(), codec.encode("deliver", value), encoded)])
    [found] = [one for one in read_to_end(settings.kafka.librdkafka(), [topic]) if one.key == key.encode()]
    return found


async def work(settings: Settings, made: DeliverStage, record: Record) -> None:
    await made.start(StageContext(BrokerProducer(settings), Progress()))  # type: ignore[arg-type] # all of it that stages use
    try:
        await made.assigned({Partition(record.topic, record.partition)})
        await made.process(Chunk(record.topic, record.partition, (record,)))
    finally:
        await made.stop()


async def test_of_two_that_send_at_once_one_knows_and_both_are_remembered(settings: Settings, codec: Codec) -> None:
    key, together = unique("stock:walmart:a"), asyncio.Barrier(2)
    sinks = {lane: Told("walmart", together=together) for lane in (Lane.CRITICAL, Lane.BULK)}
    records = {lane: number(settings, codec, lane, key, version) for version, lane in enumerate(sinks, 1)}
    assert len({record.partition for record in records.values()}) == 1
    await asyncio.gather(*(work(settings, stage(settings, codec, lane, sinks[lane]), records[lane]) for lane in sinks))
    told = {call.version: [parse(job) for job in call.open_jobs] for sink in sinks.values() for call in sink.calls}
    seen = {version: {job.version for job in jobs if job} for version, jobs in told.items()}
    assert seen[1] | seen[2] == {1, 2}
    assert 2 in seen[1] or 1 in seen[2]
    # A third worker begins with what the topic holds: the newest version, nothing under way, whoever wrote last.
    third = Told("walmart")
    await work(settings, stage(settings, codec, Lane.CRITICAL, third), records[Lane.CRITICAL])
    assert third.calls == []
    last = [one for one in read_to_end(settings.kafka.librdkafka(), [state("walmart")]) if one.key == key.encode()][-1]
    found = codec.decode("key_state", last.value)
    assert (found["version"], found["remote_id"], found["jobs"]) == (2, "2", [])
