"""PO-1, ERR-6, EVT-2: a purchase order that comes later than its time is not ordered as it was: replayed, tried again, or from shadow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.jobs import sending
from schemas.headers import Headers, encode_headers
from schemas.record import Record
from schemas.records import PurchaseOrder
from streams.runtime import Chunk
from streams.stages.batching import KeyView
from streams.stages.deliver import DeliverStage
from streams.stages.facts import TOPIC as FACTS
from streams.stages.facts import NewestFacts
from tests.contract.alibaba_box import Shop, alibaba_box
from tests.contract.alibaba_connected import now_of
from tests.contract.test_alibaba_purchase_refused import TOPIC, record, stage
from tests.contract.test_alibaba_purchases import Buying, buying, two_lines
from tests.unit.stages.test_deliver import FakeProducer, NobodyElse

KEY = "odoo:purchase_order:7"


@pytest.fixture
def shop() -> Iterator[Shop]:
    with alibaba_box(offers=4) as box:
        yield Shop(box)


@dataclass
class Published(NobodyElse):
    """The canonical topic."""

    new: list[Record] = field(default_factory=list)

    def catch_up(self, partition: int) -> list[Record]:
        found, self.new = self.new, []
        return found

    def says(self, order: Any) -> None:
        headers = Headers("f" * 32, "odoo", "purchase_order", order["version"], "c", "c-1", 0, "sandbox")
        self.new.append(Record(FACTS, 0, 0, 0, order["key"].encode(), b"?", encode_headers(headers)))


def followed(buyer: Buying) -> tuple[DeliverStage, FakeProducer, Published]:
    made, producer = stage(buyer)
    published = Published()
    made._facts = NewestFacts(published)  # type: ignore[arg-type] # as far as it is used here
    return made, producer, published


async def brought(made: DeliverStage, buyer: Buying, *orders: PurchaseOrder) -> None:
    await made.process(Chunk(TOPIC, 0, tuple(record(one, buyer) for one in orders)))


@pytest.mark.parametrize("since", ["cancel", "draft", "purchase"])
async def test_what_odoo_has_changed_since_is_not_ordered(shop: Shop, tmp_path: Path, since: str) -> None:
    """ERR-6: cancelled, taken back to a draft, another quantity: a record of the topic is enough, whether it led to a delivery or not."""
    async with buying(shop, tmp_path) as buyer:
        made, producer, published = followed(buyer)
        order = two_lines(shop)
        published.says(order)
        published.says({**order, "version": 9, "state": since})
        await brought(made, buyer, order)
        assert (producer.outcomes(), buyer.orders()) == ({KEY: ["stale"]}, [])
        if since == "purchase":
            await brought(made, buyer, two_lines(shop, version=9))
            assert (producer.outcomes(), len(buyer.orders())) == ({KEY: ["stale", "applied"]}, 1)


async def test_what_is_still_so_is_ordered(shop: Shop, tmp_path: Path) -> None:
    """PO-1: also where the topic is not read that far yet."""
    async with buying(shop, tmp_path) as buyer:
        made, producer, published = followed(buyer)
        published.says(two_lines(shop))
        await brought(made, buyer, two_lines(shop))
        await brought(made, buyer, two_lines(shop, version=4))
        assert producer.outcomes() == {KEY: ["applied", "already_applied"]}
        assert len(buyer.orders()) == 1


async def test_what_may_have_been_sent_stays_in_doubt(shop: Shop, tmp_path: Path) -> None:
    """EVT-4: a process died while it sent the older one: the newer is not sent before that has arrived or never will."""
    async with buying(shop, tmp_path) as buyer:
        made, producer, published = followed(buyer)
        job = sending(3, now_of(shop.box))
        made._keys.remember(0, KEY, KeyView(jobs=frozenset({job})))
        shop.box.clock.tick(5)
        published.says(two_lines(shop, version=9))
        await brought(made, buyer, two_lines(shop))
        assert made._keys.views(0)[KEY].jobs == {job}
        await brought(made, buyer, two_lines(shop, version=9))
        assert (producer.outcomes(), buyer.orders()) == ({KEY: ["stale", "submitted"]}, [])
