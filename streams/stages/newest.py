"""The newest records of a few keys, read from the partitions they live in. Synchronous; called from a thread."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from confluent_kafka.admin import AdminClient

from schemas.record import Record
from streams.kafka import QUIET, partitions_of, read_to_end
from streams.poller.partition import partition_of


def newest_of(config: Mapping[str, Any], topics: Sequence[str], keys: Iterable[str]) -> dict[tuple[str, str], Record]:
    """(topic, key) -> its newest record; keys that have none, or a tombstone, are left out. Raises BrokerError."""
    wanted = {key.encode() for key in keys}
    counts: dict[str, int] = defaultdict(int)
    for place in partitions_of(AdminClient({**QUIET, **config}), config, topics):
        counts[place.topic] += 1
    places: dict[int, set[str]] = defaultdict(set)
    for topic, count in counts.items():
        for key in wanted:
            places[partition_of(key, count)].add(topic)
    found: dict[tuple[str, str], Record] = {}
    for number, names in places.items():
        for record in read_to_end(config, sorted(names), partitions={number}):
            if record.key in wanted:
                found[record.topic, (record.key or b"").decode()] = record
    return {place: record for place, record in found.items() if record.value is not None}
