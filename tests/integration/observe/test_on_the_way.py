"""OPS-5, TEST-3: an order that is on its way counts as waiting before any outcome speaks of it: in = applied + ... + waiting holds at any moment."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas.record import Message
from streams.kafka import QUIET, SyncProducer
from streams.observe import on_the_way
from streams.observe.groups import Group
from streams.settings import KafkaSettings, Settings
from tests.integration.conftest import MakeTopic


@pytest.fixture
def hops(topic: MakeTopic, monkeypatch: pytest.MonkeyPatch) -> list[list[Group]]:
    """An order's way, with topics and groups of its own."""
    run = uuid.uuid4().hex[:8]
    names = [topic(name, partitions=2) for name in ("raw", "orders", "deliver.critical", "deliver.bulk")]
    groups = [Group(name, f"test.{run}.{name}", (name,)) for name in names]
    made = [groups[:1], groups[1:2], groups[2:]]
    monkeypatch.setattr(on_the_way, "order_hops", lambda connectors, settings: made)
    return made


def finish(config: dict[str, Any], group: Group, places: Sequence[tuple[int, int]]) -> None:
    consumer = Consumer({**QUIET, **config, "group.id": group.name})
    try:
        offsets = [TopicPartition(group.topics[0], partition, offset) for partition, offset in places]
        consumer.commit(offsets=offsets, asynchronous=False)
    finally:
        consumer.close()


def test_orders_between_poller_and_odoo_are_found_by_key(bootstrap: str, hops: list[list[Group]]) -> None:
    """Once each, wherever they are; not what is finished, and not what is no order."""
    settings = Settings(kafka=KafkaSettings(bootstrap=bootstrap))
    config = settings.kafka.librdkafka()

    def message(group: Group, key: str, partition: int = 0) -> Message:
        return Message(group.topics[0], key.encode(), b"v", (), partition)

    (raw,), (orders,), (critical, bulk) = hops
    assert on_the_way.orders_on_the_way(settings, ()).keys == frozenset()
    with SyncProducer(config) as producer:
        producer.send_all(
            [
                message(raw, "walmart:main:done"), message(raw, "walmart:main:1"), message(raw, "walmart:main:2", 1), message(raw, "walmart:main:1"),
                message(orders, "walmart:main:2"), message(orders, "walmart:main:3"),
                message(critical, "walmart:main:done", 1), message(critical, "walmart:main:return:7"), message(bulk, "walmart:main:4"),
            ]
        )  # fmt: skip
    finish(config, raw, [(0, 1)])
    finish(config, critical, [(1, 1)])
    found = on_the_way.orders_on_the_way(settings, ())
    assert found.keys == {f"walmart:main:{number}" for number in (1, 2, 3, 4)}
    assert found.is_cut is False
    assert on_the_way.orders_on_the_way(settings, (), most=3).is_cut is True
    for group, ends in ((raw, [(0, 3), (1, 1)]), (orders, [(0, 2)]), (critical, [(0, 1)]), (bulk, [(0, 1)])):
        finish(config, group, ends)
    assert on_the_way.orders_on_the_way(settings, ()).keys == frozenset()
