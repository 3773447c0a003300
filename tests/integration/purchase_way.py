"""From a purchase order in Odoo to the 1688 sandbox and back: sources, publisher, transform, route and deliver on a real broker, both sandboxes at
the ends. Only consumer groups and the retry worker's waiting are left out: what waits in a tier comes back when the test says so."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors import alibaba, odoo
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.alibaba.settings import AlibabaSettings
from connectors.kit.ports import Deps, NoMappings, Sink, Source
from schemas.codec import Codec
from schemas.record import Message, Record
from schemas.topics import ENTITIES, OUTCOMES, RAW, Lane, deliver, raw, retry
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting, previous_failure
from streams.kafka import read_to_end
from streams.phases import Phase
from streams.poller.flows import FlowKey, Names
from streams.poller.publisher import Publisher
from streams.poller.records import Shaper
from streams.runtime import Chunk, Partition, StageContext
from streams.runtime.progress import Progress
from streams.settings import Settings
from streams.stages.deliver import DeliverStage
from streams.stages.route import Router, RouteStage, Switches
from streams.stages.rules import ENTITY_OF
from streams.stages.transform import Transformer, TransformStage, raw_topics
from tests.contract.alibaba_box import Json, Shop
from tests.contract.alibaba_connected import settings_of
from tests.contract.odoo_capture_box import CaptureBox
from tests.integration.failure_kit import now_ms
from tests.integration.stages_kit import BrokerProducer, chunks, registry_of

ON = {"alibaba": {"main": {"all": Phase.ON}}}
VENDOR = f"alibaba:main:{SELLERS['s1'].open_id}"
ENTITIES_HERE = ("purchase_order", "purchase_result", "supplier_order", "supplier_product", "delivery_event")


@dataclass
class Way:
    """`mark`: beginning of the purchase orders' names, which no other test uses."""

    settings: Settings
    odoo: CaptureBox
    shop: Shop
    folder: Path
    mark: str
    since_ms: int = field(default_factory=now_ms)
    positions: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    later: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        registry = registry_of(self.settings.registry.url)
        registry.register(self.settings.topic_table())
        self.codec = Codec(registry)
        self.routing = FailureRouting(self.codec, self.settings)
        self.producer = BrokerProducer(self.settings)
        shaper = Shaper(Names(), self.codec, self.routing, "sandbox", b"", os.urandom)
        self.publisher = Publisher(shaper, self.producer, self.now)
        purchases = {"reference_prefix": self.mark, "addresses": {"default": {"address_id": "1234567"}}}
        self.buyer: AlibabaSettings = settings_of(self.shop.box, self.folder, purchases=purchases)
        self.deps = Deps("sandbox", NoMappings(), self.now)
        self.sinks = self._opened()

    def now(self) -> datetime:
        """One clock for all: Odoo's, which goes on by itself."""
        moment = self.odoo.clock.now()
        self.shop.box.clock.now = max(self.shop.box.clock.now, moment.timestamp())
        return moment

    async def restart(self) -> None:
        """Other processes: nothing is known but what Kafka holds."""
        await self.aclose()
        self.sinks = self._opened()

    async def aclose(self) -> None:
        for sink in self.sinks.values():
            await sink.aclose()

    # -- Odoo's side

    def vendor(self) -> int:
        return int(self.odoo.call("res.partner", "create", {"name": "Factory", "ref": VENDOR}))

    def purchase(self, vendor: int, offer: Json, quantity: int = 2, *, confirm: bool = True) -> int:
        """Units of the first variant of an offer, at its own price."""
        spec = offer["specs"][0]
        product = self.odoo.product(f"BUY-{spec['sku_id']}-{self.odoo.clock.now().timestamp()}")
        (template,) = self.odoo.rows("product.product", [["id", "=", product]], ["product_tmpl_id"])
        code = f"{offer['id']}/{spec['sku_id']}/{spec['spec_id']}"
        (yuan,) = self.odoo.rows("res.currency", [["name", "=", "CNY"]], ["active"])
        self.odoo.call("res.currency", "write", [yuan["id"]], {"active": True})
        info = {"partner_id": vendor, "product_tmpl_id": template["product_tmpl_id"][0], "product_code": code}
        self.odoo.call(
            "product.supplierinfo", "create", info | {"price": spec["price"] / 100, "currency_id": yuan["id"]}
        )
        line = {"product_id": product, "product_qty": quantity, "price_unit": spec["price"] / 100, "taxes_id": [[5]]}
        values = {"partner_id": vendor, "currency_id": yuan["id"], "order_line": [[0, 0, line]]}
        number = int(self.odoo.call("purchase.order", "create", values))
        if confirm:
            self.odoo.call("purchase.order", "button_confirm", [number])
        return number

    def row(self, number: int, *fields: str) -> dict[str, Any]:
        (found,) = self.odoo.rows("purchase.order", [["id", "=", number]], fields)
        return found

    def notes(self, number: int) -> list[str]:
        """On the purchase order, oldest first."""
        domain = [["model", "=", "purchase.order"], ["res_id", "=", number], ["message_type", "=", "comment"]]
        return [str(row["body"]) for row in self.odoo.rows("mail.message", domain, ["body"])]

    def tracking(self, number: int) -> list[str]:
        """Of its receipts."""
        rows = self.odoo.rows("stock.picking", [["purchase_id", "=", number]], ["carrier_tracking_ref"])
        return [str(row["carrier_tracking_ref"] or "") for row in rows]

    # -- 1688's side

    def orders(self, number: int) -> list[Json]:
        """Those of a purchase order."""
        reference = self.mark + self.row(number, "name")["name"]
        every = self.shop.box.http.get("/sandbox/snapshot").json()["orders"]
        told = [self.shop.told(one) for one in every]
        return [one for one in told if one["out_order_id"] == reference]

    def doubled(self) -> Any:
        return self.shop.box.http.get("/sandbox/snapshot", params={"sections": "doubled"}).json()["doubled"]

    # -- the pipeline

    async def poll_odoo(self) -> None:
        await self._polled(self.odoo.source("purchase_orders"), "odoo")

    async def poll_supplier(self) -> None:
        assert alibaba.CONNECTOR.source is not None
        self.now()
        await self._polled(alibaba.CONNECTOR.source(self.buyer, "main", "orders", self.deps), "alibaba")

    async def run(self, *, retries: bool = True) -> list[str]:
        """Everything that lies anywhere, until nothing is left; what waits in a tier is due, unless `retries` says that it goes on waiting. The
        operations that were delivered."""
        told: list[str] = []
        for _ in range(60):
            found = self._fresh()
            self.later += [record for record in found if record.topic.startswith("retry.")]
            moved = [record for record in found if not record.topic.startswith("retry.")]
            if not moved and not (self.later and retries):
                return told
            if not moved:
                due, self.later = self.later, []
                await self._brought_back(due)
            await self._transformed([record for record in moved if record.topic in self._raw])
            await self._routed([record for record in moved if record.topic in self._routes])
            told += await self._delivered([record for record in moved if record.topic.startswith("deliver.")])
        raise AssertionError(f"it does not end: {told[-20:]}")

    def _fresh(self) -> list[Record]:
        """What nobody has taken yet."""
        lanes = [deliver(name, lane) for name in self.sinks for lane in Lane]
        tiers = [retry(delay) for delay in self.settings.retry.delays()]
        topics = [*self._raw, *self._routes, *lanes, *tiers]
        found = read_to_end(self.settings.kafka.librdkafka(), topics, since_ms=self.since_ms)
        fresh = [record for record in found if record.origin not in self.taken and _is_ours(record)]
        self.taken |= {record.origin for record in fresh}
        return fresh

    def told(self, entity: str) -> list[Any]:
        """Everything on the entity's topic."""
        records = read_to_end(self.settings.kafka.librdkafka(), [ENTITIES[entity].every], since_ms=self.since_ms)
        return [self.codec.decode(entity, record.value) for record in records if _is_ours(record)]

    async def _polled(self, source: Source, name: str) -> None:
        async for page in source.pages(self.positions.get(name, "")):
            assert not page.problems
            await self.publisher.page(FlowKey(name, "main", source.flow), page, "")
            self.positions[name] = page.position
            if page.last:
                break
        await source.aclose()

    async def _transformed(self, records: Sequence[Record]) -> None:
        entities = {
            "odoo": odoo.CONNECTOR.entity_mappings(self.odoo.settings),
            "alibaba": alibaba.CONNECTOR.entity_mappings(self.buyer),
        }
        transformer = Transformer(self.settings, self.codec, raw_topics(entities), self.routing, self.now)
        stage = TransformStage(self.settings, transformer, self._raw, 100)
        if records:
            await stage.start(self._context())
            await stage.assigned({Partition(record.topic, record.partition) for record in records})
        for chunk in chunks(records):
            await stage.process(chunk)

    async def _routed(self, records: Sequence[Record]) -> None:
        switches = Switches({"odoo", "alibaba"}, (), ON, {}, (("alibaba", "main"),))
        stage = RouteStage(Router(self.codec, self.routing, self.now, switches), 100)
        await stage.start(self._context())
        for chunk in chunks(records):
            await stage.process(chunk)

    async def _delivered(self, records: Sequence[Record]) -> list[str]:
        for topic in sorted({record.topic for record in records}):
            _, name, lane = topic.split(".")
            await self._through(DeliverStage(
                self.settings, Lane(lane), self.sinks[name], Breakers(50, 1, 1), self.codec, self.routing, self.now
            ), [record for record in records if record.topic == topic])  # fmt: skip
        return [self.codec.decode("deliver", record.value)["operation"] for record in records]

    async def _through(self, stage: DeliverStage, records: Sequence[Record]) -> None:
        await stage.start(self._context())
        try:
            await stage.assigned({Partition(record.topic, record.partition) for record in records})
            for record in records:  # one by one, as a worker does that is not behind
                await stage.process(Chunk(record.topic, record.partition, (record,)))
        finally:
            await stage.stop()

    async def _brought_back(self, waiting: Sequence[Record]) -> None:
        """What waits for a retry is due."""
        self.odoo.clock.forward(120)
        self.now()
        for record in waiting:
            failure = previous_failure(record.headers)
            assert failure is not None
            await self.producer.deliver([Message(failure.target, record.key, record.value, record.headers)])

    @property
    def _raw(self) -> tuple[str, ...]:
        return (raw("odoo", "purchase_orders"), *(raw("alibaba", f"{entity}s") for entity in RAW["alibaba"]))

    @property
    def _routes(self) -> tuple[str, ...]:
        return (*(ENTITIES[name].every for name in ENTITIES_HERE if ENTITIES[name].every in ENTITY_OF), OUTCOMES)

    def _context(self) -> StageContext:
        return StageContext(self.producer, Progress())  # type: ignore[arg-type] # all of it that stages use

    def _opened(self) -> dict[str, Sink]:
        assert alibaba.CONNECTOR.sink is not None
        assert odoo.CONNECTOR.sink is not None
        return {
            "alibaba": alibaba.CONNECTOR.sink(self.buyer, self.deps),
            "odoo": odoo.CONNECTOR.sink(self.odoo.settings, self.deps),
        }


def _is_ours(record: Record) -> bool:
    return (record.key or b"").startswith((b"odoo:purchase_order:", b"alibaba:main:"))
