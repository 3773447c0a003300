"""Stock levels, demands and a stage without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.headers import Headers, encode_headers
from schemas.record import Message, Record
from schemas.records import Availability, Demand, StockLevel, StockOrder
from streams.failure.routing import FailureRouting
from streams.runtime import Chunk, Progress, StageContext
from streams.settings import Settings
from streams.stages.skus import SAME, Skus
from streams.stages.stock import StockStage
from streams.stock_settings import Channel, StockSettings
from tests.unit.failure.samples import codec

NOW = datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
CODEC = codec()
SKU = "CWT-1"
WALMART: Channel = ("walmart", "main")
AMAZON: Channel = ("amazon", "main")


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def known(order_key: str, demanded: Any = 0, reserved: Any = 0, done: Any = 0, cancelled: Any = 0) -> StockOrder:
    """What Odoo knows of one order."""
    return StockOrder(
        order_key=order_key, demanded=str(demanded), reserved=str(reserved), done=str(done), cancelled=str(cancelled)
    )


def level(
    on_hand: Any = 10, reserved: Any = 0, orders: Iterable[StockOrder] = (), *, version: int = 1, sku: str = SKU, **changes: Any
) -> StockLevel:  # fmt: skip
    """One warehouse, WH, unless `locations` are given."""
    base: dict[str, Any] = {
        "key": f"sku:{sku}", "sku": sku, "product_id": 7, "version": version, "read_at": NOW + timedelta(seconds=version),
        "active": True, "category": "All / Toys", "kit": False, "orders": list(orders), "components": [],
        "locations": [{"warehouse": "WH", "on_hand": str(on_hand), "reserved": str(reserved)}],
    }  # fmt: skip
    return base | changes  # type: ignore[return-value] # each test names real fields


def demand(
    quantity: Any = 1, order: str = "1", *, version: int = 1, sku: str = SKU, channel: Channel = WALMART, **changes: Any
) -> Demand:
    """Of an order placed now."""
    source, account = channel
    base: dict[str, Any] = {
        "key": f"sku:{sku}", "sku": sku, "order_key": f"{source}:{account}:{order}", "source": source, "account": account,
        "version": version, "quantity": str(quantity), "status": "created", "seen_at": NOW + timedelta(seconds=version),
        "ordered_at": NOW, "via": "", "external": "",
    }  # fmt: skip
    return base | changes  # type: ignore[return-value]


def record(
    topic: str, schema: str, value: Mapping[str, Any], *, lane: str = "", env: str = "sandbox", offset: int = 0
) -> Record:
    headers = Headers(f"id-{offset}", "odoo", schema, value["version"], "c", f"corr-{value['key']}", 1, env, lane=lane)
    return Record(topic, 0, offset, 0, value["key"].encode(), CODEC.encode(schema, value), encode_headers(headers))


class Sent:
    """A producer that keeps what it is given; `refuses` raises instead."""

    def __init__(self) -> None:
        self.calls: list[list[Message]] = []
        self.refuses: list[Exception] = []
        self.said = asyncio.Event()

    async def deliver(self, messages: Sequence[Message]) -> None:
        if self.refuses:
            raise self.refuses.pop()
        self.calls.append(list(messages))
        if any(message.topic == "availability" for message in messages):
            self.said.set()

    def on(self, topic: str) -> list[Message]:
        return [message for call in self.calls for message in call if message.topic == topic]

    def offers(self) -> list[Availability]:
        return [CODEC.decode("availability", message.value) for message in self.on("availability")]

    def clear(self) -> None:
        self.calls.clear()


class Bench:
    """A stage with a clock that the test turns."""

    def __init__(
        self, stock: StockSettings | None = None, channels: Sequence[Channel] = (WALMART, AMAZON), skus: Skus = SAME
    ) -> None:
        self.now = NOW
        self.sent = Sent()
        self.settings = Settings(stock=stock or StockSettings())
        routing = FailureRouting(CODEC, self.settings)
        self.stage = StockStage(self.settings, CODEC, routing, channels, lambda: self.now, skus=skus)
        self._offset = 0

    async def start(self) -> Bench:
        await self.stage.start(StageContext(self.sent, Progress()))  # type: ignore[arg-type] # the part of it that stages use
        return self

    async def levels(self, *values: StockLevel, lane: str = "") -> None:
        await self._process("inventory", "stock_level", values, lane)

    async def demands(self, *values: Demand) -> None:
        await self._process("demand", "demand", values, "")

    async def flush(self) -> int:
        return await self.stage.flusher.flush(frozenset({WALMART, AMAZON}))

    async def records(self, *records: Record) -> None:
        await self.stage.process(Chunk(records[0].topic, 0, records))

    async def restart(self) -> Bench:
        """A new stage over what the old one wrote."""
        fresh = Bench(self.settings.stock, self.stage._folding._allocations.channels)
        fresh.now = self.now
        await fresh.start()
        written = [
            Record(message.topic, 0, index, 0, message.key, message.value, message.headers)
            for index, message in enumerate(self.sent.on("stock.ledger"))
        ]
        await fresh.stage._restore(0, written)
        return fresh

    async def _process(self, topic: str, schema: str, values: Sequence[Mapping[str, Any]], lane: str) -> None:
        records = []
        for value in values:
            self._offset += 1
            records.append(record(topic, schema, value, lane=lane, offset=self._offset))
        await self.records(*records)


def numbers(offers: Iterable[Availability]) -> dict[str, int]:
    """Channel -> number."""
    return {offer["channel"]: int(offer["quantity"]) for offer in offers}
