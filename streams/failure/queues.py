"""How many records wait in the retry tiers and how many of them are due. Asks the broker's index by time; reads no record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from schemas import topics
from streams.kafka import CONNECT_SECONDS, QUIET, BrokerError, partitions_of
from streams.settings import Settings

_SPEC: Any = OffsetSpec  # its methods have no types


@dataclass(frozen=True, slots=True)
class Depth:
    """One partition of a tier. `waiting`: not due yet, `due`: due and not brought back yet."""

    topic: str
    partition: int
    waiting: int
    due: int


def depths(
    settings: Settings, group: str, now: float, only: Iterable[tuple[str, int]] | None = None
) -> list[Depth]:  # fmt: skip
    """The depth of every partition of the tiers (or `only` these). `now` is epoch seconds. Raises BrokerError.

    A record is due one tier after it was written, so the first record younger than `now` minus the tier is the first that still waits.
    """
    config = settings.kafka.librdkafka()
    tiers = {topics.retry(tier): tier for tier in settings.retry.delays()}
    try:
        admin = _admin(tuple(sorted(config.items())))
        places = _all_places(admin, config, tiers) if only is None else list(only)
        if not places:
            return []
        ends = _offsets(admin, {place: _SPEC.latest() for place in places})
        starts = _offsets(admin, {place: _SPEC.earliest() for place in places})
        edge = _offsets(
            admin,
            {place: _SPEC.for_timestamp(int((now - tiers[place[0]].total_seconds()) * 1000)) for place in places},
        )
        done = _committed(admin, group, places)
    except KafkaException as error:
        raise BrokerError(f"Kafka cannot say how many records wait: {error.args[0]}") from error
    return [_depth(place, max(done[place], starts[place]), edge[place], ends[place]) for place in places]


def _all_places(admin: AdminClient, config: Mapping[str, Any], names: Iterable[str]) -> list[tuple[str, int]]:
    return [(place.topic, place.partition) for place in partitions_of(admin, config, names)]


def _depth(place: tuple[str, int], done: int, edge: int, end: int) -> Depth:
    first_waiting = end if edge < 0 else max(edge, done)  # the broker answers -1 when every record is older
    return Depth(*place, waiting=max(0, end - first_waiting), due=max(0, first_waiting - done))


@lru_cache(maxsize=4)
def _admin(config: tuple[tuple[str, Any], ...]) -> AdminClient:
    return AdminClient({**QUIET, **dict(config)})


def _offsets(admin: AdminClient, wanted: Mapping[tuple[str, int], Any]) -> dict[tuple[str, int], int]:
    asked = {TopicPartition(*place): spec for place, spec in wanted.items()}
    answers = admin.list_offsets(asked, request_timeout=CONNECT_SECONDS)
    return {(place.topic, place.partition): future.result().offset for place, future in answers.items()}


def _committed(admin: AdminClient, group: str, places: list[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """The group's offsets; 0 where it has none yet."""
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(*place) for place in places])
    (future,) = admin.list_consumer_group_offsets([asked], request_timeout=CONNECT_SECONDS).values()
    answers = future.result().topic_partitions
    return {(place.topic, place.partition): max(0, place.offset) for place in answers}
