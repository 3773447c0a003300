"""REC-4: what was published of an entity since a time is told by its raw topic on a real broker, by its headers alone."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.headers import Headers, encode_headers
from schemas.record import Message
from streams.kafka import QUIET, SyncProducer
from streams.poller.flows import Names
from streams.poller.seen import Seen
from tests.integration.conftest import MakeTopic


@dataclass(frozen=True)
class OneTopic(Names):
    """Every raw topic is this one."""

    topic: str = ""

    def raw(self, source: str, entity: str) -> str:
        return self.topic


def published(topic: str, key: str, version: int) -> Message:
    headers = encode_headers(Headers("id", "amazon", "order", version, "c", "c", 1, "sandbox"))
    return Message(topic, f"amazon:main:{key}".encode(), b"never decoded", headers)


async def test_a_census_learns_what_any_flow_has_published_since(topic: MakeTopic, bootstrap: str) -> None:
    """Over several partitions, the newest version of each; what is older than asked for is not read."""
    name = topic("raw", partitions=3)
    config = {**QUIET, "bootstrap.servers": bootstrap}
    seen = Seen(config, OneTopic(topic=name))
    with SyncProducer(config) as producer:
        producer.send_all([published(name, "old", 1)])
        await asyncio.sleep(0.01)  # so that the next ones are of a later millisecond
        since = datetime.now(UTC)
        producer.send_all(
            [published(name, key, version) for key, version in (("a", 2), ("b", 1), ("a", 5), ("c", 7), ("a", 3))]
        )
    assert await seen("amazon", "order", since) == {"amazon:main:a": 5, "amazon:main:b": 1, "amazon:main:c": 7}
    assert await Seen(config, OneTopic(topic="no.such.topic"))("amazon", "order", since) == {}
