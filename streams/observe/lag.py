"""How far consumer groups are behind: in records, and in seconds by the age of the oldest record they have not finished.

Asks the broker for offsets and members, and reads one record of each partition that is behind: cheap whatever the topics hold.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.record import Record
from streams.kafka import CONNECT_SECONDS, QUIET, BrokerError, committed_of, partitions_of, reader, record_of
from streams.observe.groups import Group
from streams.offsets import Place, begins, ends

HEAD_SECONDS = 5.0
_AT_ONCE = 4  # groups that are asked about
_HEAD_CONFIG: Mapping[str, Any] = {
    "max.partition.fetch.bytes": 1,
    "queued.min.messages": 1,
    "fetch.queue.backoff.ms": 5,
}


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """One partition as a group sees it. `head`: the oldest record not finished, None when there is none (or it was not read in time)."""

    topic: str
    partition: int
    done: int
    end: int
    head: Record | None = None

    @property
    def records(self) -> int:
        """Not finished yet."""
        return max(0, self.end - self.done)


@dataclass(frozen=True, slots=True)
class GroupLag:
    """One group. `members`: what its consumers call themselves; none means that nothing works on it."""

    group: Group
    members: tuple[str, ...]
    partitions: tuple[PartitionLag, ...]

    @property
    def records(self) -> int:
        """Not finished yet, all partitions."""
        return sum(partition.records for partition in self.partitions)

    def oldest_seconds(self, now: float) -> float:
        """Age of the oldest record not finished; 0 when nothing waits. `now` is epoch seconds."""
        heads = [partition.head.timestamp_ms for partition in self.partitions if partition.head is not None]
        return max(0.0, now - min(heads) / 1000) if heads else 0.0


def read_lag(config: Mapping[str, Any], groups: Sequence[Group]) -> list[GroupLag]:
    """Every group, in order; topics that do not exist yet are left out. Raises BrokerError."""
    admin = AdminClient({**QUIET, **config})
    offsets = _read_offsets(admin, config, groups)
    try:
        members = _members(admin, groups)
    except KafkaException as error:
        raise _cannot_say(error) from error
    behind = {place: done for (_, place), (done, end) in offsets.items() if done < end}
    heads = read_heads(config, behind)
    return [
        GroupLag(
            group,
            members.get(group.name, ()),
            tuple(
                PartitionLag(*place, done, end, heads.get(place))
                for (name, place), (done, end) in offsets.items()
                if name == group.name
            ),
        )
        for group in groups
    ]


def read_offsets(config: Mapping[str, Any], groups: Sequence[Group]) -> dict[tuple[str, Place], tuple[int, int]]:
    """Group name and place -> everything below is finished, and where the partition ends. Raises BrokerError."""
    return _read_offsets(AdminClient({**QUIET, **config}), config, groups)


def _read_offsets(
    admin: AdminClient, config: Mapping[str, Any], groups: Sequence[Group]
) -> dict[tuple[str, Place], tuple[int, int]]:
    wanted = sorted({topic for group in groups for topic in group.topics})
    places = [(place.topic, place.partition) for place in partitions_of(admin, config, wanted)]
    try:
        first, last = begins(admin, places), ends(admin, places)
        committed = _committed(config, groups, places)
    except KafkaException as error:
        raise _cannot_say(error) from error
    return {
        (group.name, place): (max(committed.get((group.name, place), 0), first[place]), last[place])
        for group in groups
        for place in places
        if place[0] in group.topics
    }


def _cannot_say(error: KafkaException) -> BrokerError:
    return BrokerError(f"Kafka cannot say how far the consumers are: {error.args[0].str()}")


def read_heads(
    config: Mapping[str, Any], offsets: Mapping[Place, int], limit_seconds: float = HEAD_SECONDS
) -> dict[Place, Record]:
    """The first record at or after each offset; a place without one in time is left out."""
    if not offsets:
        return {}
    consumer = reader(config, **_HEAD_CONFIG)
    try:
        return _heads(consumer, offsets, limit_seconds)
    finally:
        consumer.close()


def _heads(consumer: Consumer, offsets: Mapping[Place, int], limit_seconds: float) -> dict[Place, Record]:
    consumer.assign([TopicPartition(*place, offset) for place, offset in offsets.items()])
    waiting = set(offsets)
    found: dict[Place, Record] = {}
    deadline = time.monotonic() + limit_seconds
    while waiting and time.monotonic() < deadline:
        for consumed in consumer.consume(500, timeout=0.1):
            place = (consumed.topic() or "", consumed.partition() or 0)
            if place not in waiting:
                continue
            error = consumed.error()
            if error is None:
                found[place] = record_of(consumed)
            elif error.code() != KafkaError._PARTITION_EOF:
                continue
            waiting.discard(place)
            consumer.pause([TopicPartition(*place)])
    return found


def _committed(
    config: Mapping[str, Any], groups: Sequence[Group], places: Sequence[Place]
) -> dict[tuple[str, Place], int]:
    """By group name and place; a group that never committed there has no entry. Raises BrokerError."""
    asked = {group.name: [place for place in places if place[0] in group.topics] for group in groups}
    asked = {name: mine for name, mine in asked.items() if mine}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = pool.map(lambda name: committed_of(config, name, asked[name]), asked)
        return {
            (name, place): offset for name, found in zip(asked, answers, strict=True) for place, offset in found.items()
        }


def _members(admin: AdminClient, groups: Sequence[Group]) -> dict[str, tuple[str, ...]]:
    answers = admin.describe_consumer_groups([group.name for group in groups], request_timeout=CONNECT_SECONDS)
    found = {}
    for name, future in answers.items():
        try:
            found[name] = tuple(sorted(f"{member.client_id}{member.host}" for member in future.result().members))
        except KafkaException:  # a group that nobody ever joined
            found[name] = ()
    return found
