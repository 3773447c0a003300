"""Memory does not grow with what others write: readers that are asked now and then only, on a real broker."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from schemas.record import Message
from schemas.topics import Topic
from streams.kafka import ensure_topics, reader
from streams.settings import Settings
from streams.stages.follow import Follower
from tests.integration.failure_kit import send, unique
from tests.integration.stages_kit import settings_of
from tests.waiting import until

_RECORDS, _SIZE = 12_000, 1_000


@pytest.fixture
def settings(bootstrap: str, registry_url: str) -> Settings:
    return settings_of(bootstrap, registry_url)


def topic_of(settings: Settings, partitions: int) -> str:
    name = unique("ahead")
    ensure_topics(settings, [Topic(name, "any", "", partitions, None, "for a test")])
    return name


def test_a_reader_that_is_not_asked_fetches_little_ahead_and_still_everything_when_asked(settings: Settings) -> None:
    name = topic_of(settings, 1)
    send(settings, [Message(name, b"k", os.urandom(_SIZE), partition=0) for _ in range(_RECORDS)])
    told: list[dict[str, Any]] = []
    watched = {"stats_cb": lambda text: told.append(json.loads(text)), "statistics.interval.ms": 100}
    consumer = reader(settings.kafka.librdkafka(), **watched)
    read = 0

    def ahead() -> int:
        """Bytes that lie in memory unread, once it fetches no more."""
        nonlocal read
        read += consumer.poll(0.05) is not None
        sizes = [one["topics"].get(name, {}).get("partitions", {}).get("0", {}).get("fetchq_size", 0) for one in told]
        still = len(sizes) > 5 and max(sizes[-5:]) - min(sizes[-5:]) < 20 * (_SIZE + 100)
        return int(sizes[-1]) if still else 0

    try:
        consumer.assign([TopicPartition(name, 0, OFFSET_BEGINNING)])
        until(ahead)
        assert 0 < ahead() < 4 * 2**20
        while read < _RECORDS:
            found = consumer.consume(1000, timeout=10)
            assert found, f"nothing more came after {read} records"
            read += sum(one.error() is None for one in found)
    finally:
        consumer.close()


def test_what_is_read_of_other_partitions_on_the_way_can_be_taken(settings: Settings) -> None:
    """INV-5: nothing of it is lost, and its order is kept."""
    name = topic_of(settings, 2)
    follower = Follower(settings.kafka.librdkafka(), name)
    taken: list[bytes] = []

    def passes() -> bool:
        send(settings, [Message(name, b"mine", b"m", partition=0)])
        assert follower.catch_up(0)
        for number, records in follower.passed_by(1000).items():
            assert number == 1
            taken.extend(record.value or b"" for record in records)
        return bool(taken)

    try:
        follower.follow({0, 1})
        send(settings, [Message(name, b"k", str(n).encode(), partition=1) for n in range(3000)])
        until(passes)
        taken.extend(record.value or b"" for record in follower.catch_up(1))
    finally:
        follower.close()
    assert taken == [str(n).encode() for n in range(3000)]
