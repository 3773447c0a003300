"""EVT-4, ERR-4: a purchase order that 1688 refuses to take for a while is not in doubt: nothing was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.checksum import event_id
from schemas.headers import Headers, encode_headers
from schemas.record import Record
from schemas.records import Deliver, PurchaseOrder
from schemas.topics import Lane, deliver
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting
from streams.runtime import Chunk
from streams.runtime.progress import Progress
from streams.settings import Settings
from streams.stages.deliver import DeliverStage
from tests.contract.alibaba_box import CREATE as CREATE_API
from tests.contract.alibaba_box import Shop, alibaba_box
from tests.contract.alibaba_connected import now_of
from tests.contract.test_alibaba_purchases import Buying, buying, two_lines
from tests.unit.stages.test_deliver import CODEC, FakeProducer, NobodyElse

TOPIC = deliver("alibaba", Lane.NORMAL)


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


def record(order: PurchaseOrder, buyer: Buying) -> Record:
    now = now_of(buyer.shop.box)
    checksum = f"c{order['version']}"
    ident = event_id("alibaba/create_purchase", order["key"], checksum)
    value = Deliver(
        id=ident, destination="alibaba", operation="create_purchase", kind="command", lane="normal", source="odoo", account="main",
        key=order["key"], version=order["version"], checksum=checksum, correlation="c-1", created_at=now, schema="purchase_order",
        body=CODEC.encode("purchase_order", {**order, "confirmed_at": now}),
    )  # fmt: skip
    headers = Headers(ident, "odoo", "create_purchase", order["version"], checksum, "c-1", 0, "sandbox")
    return Record(TOPIC, 0, 0, 0, order["key"].encode(), CODEC.encode("deliver", value), encode_headers(headers))


def stage(buyer: Buying) -> tuple[DeliverStage, FakeProducer]:
    settings = Settings()
    made = DeliverStage(
        settings, Lane.NORMAL, buyer.sink, Breakers(1, 0.01, 0.02), CODEC, FailureRouting(CODEC, settings),
        lambda: now_of(buyer.shop.box),
    )  # fmt: skip
    producer = FakeProducer()
    made._producer, made._progress = producer, Progress()  # type: ignore[assignment] # what start() takes from the runtime
    made._others = NobodyElse()  # type: ignore[assignment]
    return made, producer


@pytest.mark.parametrize("restarted", [False, True])
async def test_what_was_refused_is_sent_as_soon_as_it_may_be(shop: Shop, tmp_path: Path, restarted: bool) -> None:
    """EVT-4, ERR-4: the record keeps its place meanwhile; each try announces itself, and none of them is taken for one that was sent."""
    async with buying(shop, tmp_path) as buyer:
        order = two_lines(shop)
        made, producer = stage(buyer)
        shop.box.account(denied=[CREATE_API])
        work = asyncio.create_task(made.process(Chunk(TOPIC, 0, (record(order, buyer),))))
        await _tries(buyer, producer, 4)
        assert producer.outcomes() == {}
        if restarted:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            known = [_as_record(message) for message in producer.on("state.alibaba")]
            buyer.restart()
            made, producer = stage(buyer)
            made._keys.learn(0, known)
            work = asyncio.create_task(made.process(Chunk(TOPIC, 0, (record(order, buyer),))))
        shop.box.account(denied=[])
        await asyncio.wait_for(work, 20)
        assert producer.outcomes() == {order["key"]: ["applied"]}
        assert len(buyer.orders()) == 1


async def _tries(buyer: Buying, producer: FakeProducer, count: int) -> None:
    """Until so many tries were announced and refused; the clock moves on meanwhile, as it does while a breaker is open."""
    for _ in range(400):
        told: list[Any] = [CODEC.decode("key_state", one.value) for one in producer.on("state.alibaba")]
        is_between = told and told[-1]["closed"]  # killed in the middle of a try it would be in doubt, rightly
        if (is_between and sum(bool(one["opened"]) for one in told) > count) or producer.outcomes():
            return
        await asyncio.sleep(0.05)
        buyer.shop.box.clock.tick(5)
    raise AssertionError("it was not tried again")


def _as_record(message: Any) -> Record:
    return Record(message.topic, 0, 0, 0, message.key, message.value, message.headers or ())
