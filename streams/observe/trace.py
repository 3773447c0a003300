"""Finding everything of one order in the topics. With the full key only the partition it lives in is read, as every producer here uses murmur2."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka.admin import AdminClient

from connectors.kit.ports import Connector
from schemas.codec import Codec
from schemas.record import Record
from schemas.topics import FAILED_ACTIONS, ORDERS, OUTCOMES
from streams.connectors import part_of
from streams.kafka import QUIET, partitions_of, read_to_end
from streams.observe.journey import Journey, journey_of
from streams.poller.partition import partition_of
from streams.settings import Settings

_KEYED = ("raw.", "deliver.", "retry.", "dead.")  # topics whose Kafka key is the natural key
_HELD = "held."  # key and operation, so a key may be in any partition


class UnknownOrderError(LookupError):
    """No topic holds anything of it: says what was looked for."""


class AmbiguousOrderError(LookupError):
    """Several accounts have an order of this id: names their keys."""


def find_journey(settings: Settings, codec: Codec, order: str, connectors: Sequence[Connector] = ()) -> Journey:
    """`order`: the marketplace's order id, or the full key `source:account:id`.

    Raises UnknownOrderError, AmbiguousOrderError; BrokerError and RegistryError when these cannot be asked.
    """
    found = _by_key(settings, candidates(settings, order, connectors))
    if not found and ":" not in order:
        found = _by_id(settings, order)
    if not found:
        raise UnknownOrderError(
            f"no topic holds anything of {order}; was it fetched yet, and is it younger than the topics' retention?"
        )
    if len(found) > 1:
        raise AmbiguousOrderError(f"several orders have this id, name one of: {', '.join(sorted(found))}")
    ((key, records),) = found.items()
    records += _held(settings, key)
    return journey_of(key, [*records, *_actions(settings, codec, records)], codec)


def candidates(settings: Settings, order: str, connectors: Sequence[Connector]) -> list[str]:
    """The keys it may have: itself when it is one, else one for each configured account."""
    if order.count(":") >= 2:
        return [order]
    return [
        f"{connector.name}:{account}:{order}"
        for connector in connectors
        if connector.source is not None
        for account in connector.accounts(part_of(settings, connector))
    ]


def _by_key(settings: Settings, keys: Sequence[str]) -> dict[str, list[Record]]:
    if not keys:
        return {}
    config = settings.kafka.librdkafka()
    wanted = {key.encode() for key in keys}
    found: dict[str, list[Record]] = defaultdict(list)
    for number, names in _places(config, _keyed_topics(settings), wanted).items():
        for record in read_to_end(config, sorted(names), partitions={number}):
            if record.key in wanted:
                found[(record.key or b"").decode()].append(record)
    return dict(found)


def _places(config: Mapping[str, Any], names: Sequence[str], keys: Iterable[bytes]) -> dict[int, set[str]]:
    """Partition number -> the topics in which one of the keys lives in that partition."""
    counts: dict[str, int] = defaultdict(int)
    for place in partitions_of(AdminClient({**QUIET, **config}), config, names):
        counts[place.topic] += 1
    places: dict[int, set[str]] = defaultdict(set)
    for key in keys:
        for name, count in counts.items():
            places[partition_of(key, count)].add(name)
    return places


def _by_id(settings: Settings, order_id: str) -> dict[str, list[Record]]:
    """Every partition is read: the account is not known."""
    end = f":{order_id}".encode()
    found: dict[str, list[Record]] = defaultdict(list)
    for record in read_to_end(settings.kafka.librdkafka(), _keyed_topics(settings)):
        if record.key is not None and record.key.endswith(end):
            found[record.key.decode(errors="replace")].append(record)
    return dict(found)


def _held(settings: Settings, key: str) -> Iterator[Record]:
    start = f"{key}|".encode()
    for record in read_to_end(
        settings.kafka.librdkafka(), [t.name for t in settings.topic_table() if t.name.startswith(_HELD)]
    ):
        if record.key is not None and record.key.startswith(start):
            yield record


def _actions(settings: Settings, codec: Codec, records: Sequence[Record]) -> Iterator[Record]:
    """What was done with its failed records."""
    ids = {step_id for record in records if (step_id := _failed_id(codec, record))}
    if ids:
        for record in read_to_end(settings.kafka.librdkafka(), [FAILED_ACTIONS]):
            if (record.key or b"").decode(errors="replace") in ids and record.value is not None:
                yield record


def _failed_id(codec: Codec, record: Record) -> str:
    if record.value is None or not record.topic.startswith(("dead.", _HELD)):
        return ""
    try:
        return str(codec.decode("failed_record", record.value)["id"])
    except ValueError:
        return ""


def _keyed_topics(settings: Settings) -> list[str]:
    names = [topic.name for topic in settings.topic_table() if topic.name != FAILED_ACTIONS]
    return [name for name in names if name in (ORDERS, OUTCOMES) or name.startswith(_KEYED)]
