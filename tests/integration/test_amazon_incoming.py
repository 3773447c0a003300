"""FIN-1, ORD-10: from Amazon's sandbox to the topics analysts read: what settlements brought for each order, and the stock at Amazon.

Sources, publisher and the stage `transform` on a real broker; only the consumer group is left out (`stages_kit`).
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from connectors.amazon import CONNECTOR
from connectors.amazon.fba_stock import AmazonFbaStock
from connectors.amazon.reports import reports_of
from connectors.amazon.settlement_source import AmazonSettlements
from connectors.kit.ports import Page, Source
from schemas.codec import Codec
from schemas.headers import decode_headers
from schemas.record import Record
from schemas.topics import ENTITIES, raw
from streams.failure.routing import FailureRouting
from streams.kafka import read_to_end
from streams.poller.flows import FlowKey, Names
from streams.poller.known import Known
from streams.poller.publisher import Publisher
from streams.poller.records import Shaper
from streams.runtime import Chunk, Partition, StageContext
from streams.runtime.progress import Progress
from streams.settings import Settings
from streams.stages.transform import Transformer, TransformStage, raw_topics
from streams.worker import now
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, connected
from tests.contract.test_amazon_settlement_goldens import content_of
from tests.contract.test_amazon_settlement_source import paid_out
from tests.integration.failure_kit import now_ms, unique
from tests.integration.stages_kit import BrokerProducer, registry_of, settings_of

NEW = ("settled_order", "fulfilment_stock", "settlement", "raw_event")


@dataclass
class Pipeline:
    """Pollers and transform of one account, whose name no other test uses."""

    settings: Settings
    codec: Codec
    amazon: Connected
    account: str
    since_ms: int = field(default_factory=now_ms)
    taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.routing = FailureRouting(self.codec, self.settings)
        self.producer = BrokerProducer(self.settings)
        shaper = Shaper(Names(), self.codec, self.routing, "sandbox", b"", os.urandom)
        self._publisher = Publisher(shaper, self.producer, now)

    async def publish(self, flow: str, pages: AsyncIterator[Page], lane: str = "") -> str:
        """As a poller does; the position after the last page."""
        position = ""
        async for page in pages:
            assert not page.problems
            await self._publisher.page(FlowKey("amazon", self.account, flow), page, lane)
            position = page.position
        return position

    def of(self, topic: str) -> list[Record]:
        found = read_to_end(self.settings.kafka.librdkafka(), [topic], since_ms=self.since_ms)
        return [record for record in found if f":{self.account}:".encode() in (record.key or b"")]

    def told(self, entity: str) -> dict[str, list[Mapping[str, Any]]]:
        """Everything on the entity's topic, by key, oldest first."""
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for record in self.of(ENTITIES[entity].every):
            assert decode_headers(record.headers).entity == entity
            found[(record.key or b"").decode()].append(self.codec.decode(entity, record.value))
        return dict(found)

    async def transform(self, entity: str) -> None:
        """A worker that has just started takes what is new on the raw topic."""
        topic = raw("amazon", f"{entity}s")
        mappings = raw_topics({"amazon": CONNECTOR.entity_mappings(self.amazon.settings)})
        transformer = Transformer(self.settings, self.codec, mappings, self.routing, now)
        stage = TransformStage(self.settings, transformer, (topic,), 100)
        await stage.start(StageContext(self.producer, Progress()))  # type: ignore[arg-type] # all of it that stages use
        await stage.assigned({Partition(topic, number) for number in range(self.settings.topics.partitions)})
        by_partition: dict[int, list[Record]] = defaultdict(list)
        for record in self.of(topic):
            if record.origin not in self.taken:
                self.taken.add(record.origin)
                by_partition[record.partition].append(record)
        assert by_partition, "nothing new was published"
        for number, records in by_partition.items():
            await stage.process(Chunk(topic, number, tuple(records)))


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,)) as found:
        yield found


@pytest.fixture
async def pipeline(bootstrap: str, registry_url: str, box: Box) -> AsyncIterator[Pipeline]:
    settings = settings_of(bootstrap, registry_url)
    registry_of(registry_url).register(topic for topic in settings.topic_table() if topic.value in NEW)
    account = unique("shop")
    amazon = connected(box, accounts={account: account_of(US_SELLER)})
    yield Pipeline(settings, Codec(registry_of(registry_url)), amazon, account)
    await amazon.aclose()


def settlements(pipeline: Pipeline) -> Source:
    amazon = pipeline.amazon
    client = amazon.client(pipeline.account)
    return AmazonSettlements(amazon.settings, pipeline.account, reports_of(amazon.settings, client), amazon.now)


def fba_stock(pipeline: Pipeline) -> Source:
    amazon = pipeline.amazon
    known = Known(pipeline.settings.kafka.librdkafka(), pipeline.codec, Names())
    return AmazonFbaStock(amazon.settings, pipeline.account, amazon.client(pipeline.account), amazon.now, known)


async def test_a_settlement_tells_what_each_order_brought_and_a_report_read_again_tells_nothing(
    pipeline: Pipeline, box: Box
) -> None:
    """FIN-1, ORD-5: also after a restart; a resync tells the same under the same keys. Everything in sum is the deposit."""
    paid_out(box, content_of("us"), "1001")
    source = settlements(pipeline)
    await pipeline.publish("settlements", source.pages(""))
    await pipeline.transform("settlement")
    ((settlement,),) = pipeline.told("settlement").values()
    orders = pipeline.told("settled_order")
    assert len(orders) > 5
    assert [len(told) for told in orders.values()] == [1] * len(orders)
    assert all(key == f"{settlement['key']}:order:{one['order_id']}" for key, (one,) in orders.items())
    brought = sum(Decimal(one["margin"]) + Decimal(one["tax"]) for (one,) in orders.values())
    rest = sum(Decimal(line["amount"]) for line in settlement["lines"] if not line["order_id"])
    assert brought + rest == Decimal(settlement["deposit"]) == Decimal("914.61")
    # An overlap, or a position that was lost.
    await pipeline.publish("settlements", source.pages(""))
    await pipeline.transform("settlement")
    assert pipeline.told("settled_order") == orders
    assert len(pipeline.told("settlement")[settlement["key"]]) == 1
    await pipeline.publish("settlements", source.pages(""), lane="bulk")
    await pipeline.transform("settlement")
    again = pipeline.told("settled_order")
    assert again == {key: told * 2 for key, told in orders.items()}
    await source.aclose()


async def test_stock_at_amazon_arrives_with_each_change_and_what_is_gone_is_told(pipeline: Pipeline, box: Box) -> None:
    """ORD-10: of its own topic; what did not change is not told again."""
    key = f"amazon:{pipeline.account}:fba:"
    box.control(
        "/sandbox/fba", items=[{"sku": "TEA", "fulfillable": 7, "inbound_shipped": 3}, {"sku": "MUG", "fulfillable": 1}]
    )
    box.clock.tick(600)
    source = fba_stock(pipeline)
    position = await pipeline.publish("fba_stock", source.pages(""))
    await pipeline.transform("fba_stock")
    first = pipeline.told("fulfilment_stock")
    assert {name: [(one["sellable"], one["inbound"], one["active"]) for one in told] for name, told in first.items()} == {
        f"{key}TEA": [("7", "3", True)], f"{key}MUG": [("1", "0", True)],
    }  # fmt: skip
    box.control("/sandbox/fba/TEA/change", fulfillable=5)
    box.app.world.database.execute("DELETE FROM fba_stock WHERE sku = ?", ("MUG",))
    box.clock.tick(25 * 3600)
    position = await pipeline.publish("fba_stock", source.pages(position))
    await pipeline.transform("fba_stock")
    box.clock.tick(25 * 3600)
    await pipeline.publish("fba_stock", source.pages(position))
    await pipeline.transform("fba_stock")
    told = pipeline.told("fulfilment_stock")
    assert [one["sellable"] for one in told[f"{key}TEA"]] == ["7", "5"]
    assert [(one["sellable"], one["active"]) for one in told[f"{key}MUG"]] == [("1", True), ("0", False)]
    await source.aclose()
