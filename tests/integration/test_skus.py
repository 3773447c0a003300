"""ORD-9 on a real broker, through the real runtime: an entry that is made, changed and taken out later reaches the marketplace and the stock
ledger by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from schemas.codec import Codec
from schemas.headers import Headers, encode_headers
from schemas.record import Message
from schemas.topics import ENTITIES, MAPPINGS, state
from streams.failure.mappings import MappingDesk, MappingTable
from streams.failure.routing import FailureRouting
from streams.observe.trace import find_journey
from streams.phases import Phase
from streams.runtime import Runtime, RuntimeSettings, Stage
from streams.settings import Settings
from streams.stages.newest import newest_of
from streams.stages.renamed import Renaming
from streams.stages.route import Router, RouteStage
from streams.stages.skus import Skus
from streams.stages.stock import StockStage, StockTopics
from streams.stages.stock.explain import read_ledgers
from streams.stages.stock.ledger import open_units
from streams.worker import now
from tests.integration.failure_kit import now_ms, send, unique
from tests.integration.runtime.kit import LIMIT_SECONDS, QUICK
from tests.integration.stages_kit import Line, registry_of, settings_of
from tests.unit.observe.bodies import body_of
from tests.unit.stock.samples import demand, level
from tests.waiting import until

AVAILABILITY = ENTITIES["availability"].every


@dataclass
class World:
    """One account, its tables, and who changes them."""

    settings: Settings
    codec: Codec
    account: str
    table: MappingTable
    line: Line

    @property
    def routing(self) -> FailureRouting:
        return FailureRouting(self.codec, self.settings)

    def entry(self, external: str, internal: str | None, before: str = "") -> None:
        """As `causeway mapping set` and `remove` do it."""
        desk, key = MappingDesk(self.settings, self.codec), ("sku", "walmart", self.account, external)
        if internal is None:
            desk.remove(key, actor="ann", at=datetime.now(UTC), before=before)
        else:
            desk.put(key, internal, actor="ann", at=datetime.now(UTC), before=before)
        desk.close()

    def number(self, sku: str, quantity: str) -> None:
        """As the stock stage tells it."""
        key = f"stock:walmart:{self.account}:{sku}"
        body = body_of(
            "availability", key=key, sku=sku, channel="walmart", account=self.account, quantity=quantity, urgent=False
        )
        one = self.line.canonical("availability", body, now_ms())
        send(self.settings, [Message(AVAILABILITY, one.key, one.value, one.headers)])

    def say(self, topic: str, schema: str, value: Any) -> None:
        """A record of that topic."""
        said = Headers(uuid4().hex, "odoo", schema, value["version"], "c", value["key"], 1, "sandbox")
        send(
            self.settings,
            [Message(topic, value["key"].encode(), self.codec.encode(schema, value), encode_headers(said))],
        )

    def holds(self, name: str) -> None:
        """The marketplace took a number for this item once."""
        key = f"stock:walmart:{self.account}:{name}"
        value = self.codec.encode("key_state", body_of("key_state", key=key, checksum="c"))
        send(self.settings, [Message(state("walmart"), key.encode(), value)])

    def told(self) -> dict[str, str]:
        """Item -> the number with the greatest version on its way to the marketplace: what a sink that refuses older ones ends with."""
        newest: dict[str, Any] = {}
        for sent in self.line.decoded("deliver", "deliver.walmart.normal", "deliver.walmart.critical"):
            if sent["version"] >= newest.get(sent["key"], sent)["version"]:
                newest[sent["key"]] = sent
        return {
            key.rpartition(":")[2]: self.codec.decode("availability", sent["body"])["quantity"]
            for key, sent in newest.items()
        }


@pytest.fixture
def world(bootstrap: str, registry_url: str) -> Iterator[World]:
    account = unique("shop")
    settings = settings_of(bootstrap, registry_url, phases={"walmart": {account: {"all": Phase.ON}}})
    codec = Codec(registry_of(registry_url))
    table = MappingTable(settings, codec)
    table.start()
    yield World(settings, codec, account, table, Line(settings, codec, account, ("walmart", account), {}, now_ms()))
    table.close()


@asynccontextmanager
async def running(settings: Settings, *stages: Stage) -> AsyncIterator[None]:
    runtime = Runtime(list(stages), settings.kafka, RuntimeSettings(**QUICK))
    task = asyncio.create_task(runtime.run())
    try:
        yield
    finally:
        runtime.stop()
        assert await asyncio.wait_for(task, LIMIT_SECONDS) == 0


async def comes_to(condition: Callable[[], Any], wanted: Any) -> None:
    """In a thread, for it reads topics."""
    await asyncio.to_thread(until, lambda: condition() == wanted, f"it is {wanted}", so_far=lambda: str(condition()))


async def test_numbers_go_out_under_the_word_that_holds(world: World) -> None:
    """INV-2, INV-5: made, pointed elsewhere, taken out; an item that is nobody's any more ends at 0."""
    router = Router(world.codec, world.routing, now, world.line.switches(), Skus(world.table))
    renaming = Renaming(
        world.codec, router, world.table, (world.line.channel,), "sandbox", partial(newest_of, world.settings.kafka.librdkafka()), now_ms
    )  # fmt: skip
    stage = RouteStage(router, 100, renaming)
    stage.name = unique("route")
    stage.topics = (AVAILABILITY, MAPPINGS)  # of the broker's other topics nothing belongs to this test
    async with running(world.settings, stage):
        world.number("OURS", "4")
        world.number("OTHER", "9")
        await comes_to(world.told, {"OURS": "4", "OTHER": "9"})
        world.holds("OURS")
        world.entry("A", "OURS")
        await comes_to(
            lambda: world.table.lookup("sku", "walmart", world.account, "OURS"), "OURS"
        )  # it is an item there as well
        await comes_to(world.told, {"OURS": "4", "OTHER": "9", "A": "4"})
        world.number("OURS", "3")
        await comes_to(world.told, {"OURS": "3", "OTHER": "9", "A": "3"})
        world.entry("OURS", None, before="OURS")
        await comes_to(world.told, {"OURS": "0", "OTHER": "9", "A": "3"})
        world.holds("A")
        world.entry("A", "OTHER", before="OURS")
        await comes_to(world.told, {"OURS": "3", "OTHER": "9", "A": "9"})
        world.entry("A", None, before="OTHER")
        await comes_to(world.told, {"OURS": "3", "OTHER": "9", "A": "0"})
    skus = Skus(world.table)
    journey = find_journey(world.settings, world.codec, "sku:OURS", (), skus)
    assert f"stock:walmart:{world.account}:OURS" in {
        (step.record.key or b"").decode() for step in journey.steps if step.record
    }


async def test_open_orders_count_on_the_sku_that_the_entry_says(world: World, topic: Callable[..., str]) -> None:
    """INV-3: the order was seen before anybody made the entry."""
    keyed = {name: topic(f"stock.{name}", partitions=3) for name in ("inventory", "demand", "availability")}
    topics = StockTopics(**keyed, ledger=topic("stock.ledger", partitions=3, config={"cleanup.policy": "compact"}))
    stage = StockStage(
        world.settings, world.codec, world.routing, (("walmart", world.account),), now, skus=Skus(world.table), name=unique("stock"), topics=topics
    )  # fmt: skip

    def is_open() -> dict[str, list[str]]:
        found = read_ledgers(world.settings, world.codec, topics)
        return {ledger.sku: [str(one.units) for one in open_units(ledger)] for ledger in found}

    asked = demand(3, sku="A", channel=("walmart", world.account), external="A", ordered_at=datetime.now(UTC))
    async with running(world.settings, stage):
        world.say(topics.inventory, "stock_level", level(10, sku="OURS"))
        world.say(topics.demand, "demand", asked)
        await comes_to(is_open, {"OURS": [], "A": ["3"]})
        world.entry("A", "OURS")
        await comes_to(is_open, {"OURS": ["3"], "A": []})
        world.entry("A", None, before="OURS")
        await comes_to(is_open, {"OURS": [], "A": ["3"]})
