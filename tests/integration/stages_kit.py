"""Stages fed by hand on a real broker: what they send is acknowledged by Kafka, what they restore is read from it; only the consumer group is
left out, so that tests of one cluster do not share one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from connectors.kit.ports import Delivery, Difference, Outcome, Result
from schemas.codec import Codec
from schemas.headers import encode_headers
from schemas.record import Message, Record
from schemas.registry import Registry
from schemas.topics import ENTITIES, Lane, deliver
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting
from streams.kafka import ensure_topics, read_to_end
from streams.runtime import Chunk, Partition, StageContext
from streams.runtime.progress import Progress
from streams.settings import KafkaSettings, RegistrySettings, Settings
from streams.stages.deliver import DeliverStage
from streams.stages.route import Router, RouteStage, Switches
from streams.worker import now
from tests.integration.failure_kit import headers, send

_SCHEMAS = frozenset(
    {
        "raw_event", "order", "shipment", "cancellation", "refund", "return_order", "availability", "price", "price_offer", "price_ledger",
        "approval", "product", "listing", "settlement", "stock_level", "stock_ledger", "demand", "deliver", "outcome", "failed_record",
        "failed_action", "audit", "key_state", "poll_command", "mapping",
    }
)  # fmt: skip


@lru_cache
def registry_of(url: str) -> Registry:
    return Registry({"url": url})  # one for all tests: its client keeps connections and cannot be closed


def settings_of(bootstrap: str, registry_url: str, **more: Any) -> Settings:
    """Settings whose topics exist and whose schemas are registered."""
    settings = Settings(kafka=KafkaSettings(bootstrap=bootstrap), registry=RegistrySettings(url=registry_url), **more)
    ensure_topics(settings)
    registry_of(registry_url).register(topic for topic in settings.topic_table() if topic.value in _SCHEMAS)
    return settings


class BrokerProducer:
    """What the runtime hands to stages, on librdkafka: returns when everything is acknowledged."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def deliver(self, messages: Sequence[Message]) -> None:
        await asyncio.to_thread(send, self._settings, list(messages))


@dataclass
class FakeSink:
    """Holds one number per key; counts what is written, tells what would be."""

    destination: str
    holds: dict[str, str] = field(default_factory=dict)
    written: list[Delivery] = field(default_factory=list)
    batch_limit: int = 100

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        self.written += batch
        return [Outcome(Result.APPLIED, remote_id=delivery.key) for delivery in batch]

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        return [
            (Difference("quantity", self.holds.get(delivery.key, ""), wanted),)
            if (wanted := str(delivery.body.get("quantity", "?"))) != self.holds.get(delivery.key)
            else ()
            for delivery in batch
        ]

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        return []

    async def aclose(self) -> None: ...


@dataclass
class Line:
    """Route and deliver stages of one test. `mine`: what its keys contain."""

    settings: Settings
    codec: Codec
    mine: str
    channel: tuple[str, str]
    sinks: Mapping[str, FakeSink]
    since_ms: int = 0

    def __post_init__(self) -> None:
        self.routing = FailureRouting(self.codec, self.settings)
        self.producer = BrokerProducer(self.settings)
        self._done: set[str] = set()

    def context(self) -> StageContext:
        return StageContext(self.producer, Progress())  # type: ignore[arg-type] # all of it that stages use

    def of(self, *topics: str) -> list[Record]:
        """What the topics hold now that is this test's; what is older than it need not be read."""
        found = read_to_end(self.settings.kafka.librdkafka(), list(topics), since_ms=self.since_ms)
        return [record for record in found if self.mine.encode() in (record.key or b"")]

    def decoded(self, name: str, *topics: str) -> list[Any]:
        return [self.codec.decode(name, record.value) for record in self.of(*topics) if record.value is not None]

    def results(self, operation: str = "") -> list[str]:
        """Results of the outcomes, of this operation when given."""
        found = self.decoded("outcome", "outcomes")
        return [outcome["result"] for outcome in found if operation in ("", outcome["operation"])]

    def switches(self) -> Switches:
        return Switches({"odoo", "walmart"}, (self.channel,), self.settings.phases, self.settings.pilot)

    def canonical(self, entity: str, body: Mapping[str, Any], version: int = 1) -> Record:
        """A canonical record as the transform, stock or pricing stage would send it."""
        value = self.codec.encode(entity, body)
        raw = encode_headers(headers(body["key"], entity=entity, version=version, checksum=f"{version}" * 32))
        return Record(ENTITIES[entity].every, 0, version, 0, body["key"].encode(), value, raw)

    async def route(self, *records: Record) -> None:
        """Through the route stage; what it sends is in Kafka when this returns."""
        stage = RouteStage(Router(self.codec, self.routing, now, self.switches()), 100)
        await stage.start(self.context())
        for record in records:
            await stage.process(Chunk(record.topic, record.partition, (record,)))

    async def deliver(self) -> None:
        """Everything of this test that lies on deliver topics and was not delivered yet, through the deliver stages."""
        for destination, sink in self.sinks.items():
            for lane in Lane:
                await self._deliver(DeliverStage(
                    self.settings, lane, sink, Breakers(5, 1, 1), self.codec, self.routing, now
                ), deliver(destination, lane))  # fmt: skip

    async def _deliver(self, stage: DeliverStage, topic: str) -> None:
        records = [record for record in self.of(topic) if record.origin not in self._done]
        self._done |= {record.origin for record in records}
        if not records:
            return
        await stage.start(self.context())
        try:
            await stage.assigned({Partition(topic, record.partition) for record in records})
            for chunk in chunks(records):
                await stage.process(chunk)
        finally:
            await stage.stop()


def chunks(records: Iterable[Record]) -> list[Chunk]:
    """One for each partition, in order."""
    found: dict[tuple[str, int], list[Record]] = {}
    for record in records:
        found.setdefault((record.topic, record.partition), []).append(record)
    return [Chunk(topic, number, tuple(part)) for (topic, number), part in found.items()]
