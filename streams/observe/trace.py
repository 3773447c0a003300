"""Finding everything of one order, SKU or other thing in the topics. With its full key only the partitions it lives in are read, as every
producer here uses murmur2.

    an order    its own key, and what is about it under keys of its own (shipments, cancellations, refunds, returns): those say `order_key`
    a SKU       `sku:SKU`, and what each channel is told of it or shows of it: stock:..., price:..., listing:..., ...:item:SKU; under its
                own word, too, where it has another for it (ORD-9)
    any other   its own key, and of its order's deliveries those that follow from it
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from confluent_kafka.admin import AdminClient

from connectors.kit.ports import Connector
from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.topics import ENTITIES, FAILED_ACTIONS, SOURCES
from streams.connectors import part_of
from streams.kafka import QUIET, partitions_of, read_to_end
from streams.observe.facts import FACTS
from streams.observe.journey import Journey, journey_of
from streams.observe.operations import OWN_KINDS, is_order, kept_as, order_of
from streams.observe.telling import header_of, told_topics
from streams.poller.partition import partition_of
from streams.settings import Settings
from streams.stages.skus import SAME, Skus

SKU = "sku:"
_KEPT_BY_OPERATION = ("held.", "shadow.")  # key and operation, so a key may be in any partition
_ABOUT_ORDERS = ("shipment", "cancellation", "refund", "return_order", "settled_order")


class UnknownOrderError(LookupError):
    """No topic holds anything of it: says what was looked for."""


class AmbiguousOrderError(LookupError):
    """Several accounts have an order of this id: names their keys."""


def find_journey(
    settings: Settings, codec: Codec, what: str, connectors: Sequence[Connector] = (), skus: Skus = SAME
) -> Journey:
    """`what`: the marketplace's order id, `sku:SKU`, or any full key such as `source:account:id`; `skus`: which SKU is which.

    Raises UnknownOrderError, AmbiguousOrderError; BrokerError and RegistryError when these cannot be asked.
    """
    search = _Search(settings, codec)
    if what.startswith(SKU):
        records = search.of_sku(what.removeprefix(SKU), accounts_of(settings, connectors), skus)
        return _told(search, what, records)
    found = search.by_key(candidates(settings, what, connectors))
    if not found and ":" not in what:
        found = search.by_any(lambda key: is_order(key) and key.endswith(f":{what}"))
    if len(found) > 1:
        raise AmbiguousOrderError(f"several orders have this id, name one of: {', '.join(sorted(found))}")
    key, records = next(iter(found.items()), (what, []))
    more = search.about_order(key) if is_order(key) else search.following(records)
    return _told(search, key, [*records, *more])


def accounts_of(settings: Settings, connectors: Sequence[Connector]) -> list[tuple[str, str]]:
    """The configured accounts of marketplaces."""
    return [
        (connector.name, account)
        for connector in connectors
        if connector.name in SOURCES
        for account in connector.accounts(part_of(settings, connector))
    ]


def candidates(settings: Settings, order: str, connectors: Sequence[Connector]) -> list[str]:
    """The keys it may have: itself when it is one, else one for each configured account."""
    if ":" in order:
        return [order]
    return [f"{source}:{account}:{order}" for source, account in accounts_of(settings, connectors)]


def sku_keys(sku: str, accounts: Sequence[tuple[str, str]], skus: Skus = SAME) -> list[str]:
    """Every key under which something of a SKU travels, also before an entry gave it another word."""
    keys = dict.fromkeys([f"{SKU}{sku}"])
    for source, account in accounts:
        for name in (sku, *skus.names((source, account), sku)):
            keys[f"{SKU}{name}"] = None
            keys |= dict.fromkeys(f"{kind}:{source}:{account}:{name}" for kind in OWN_KINDS)
            keys[f"{source}:{account}:item:{name}"] = None
    return list(keys)


def is_of_sku(key: str, sku: str, skus: Skus = SAME) -> bool:
    """Whether it is one of those keys, for whatever account."""
    if key.startswith(SKU):
        return key == f"{SKU}{sku}"
    parts = key.split(":", 3)
    if len(parts) < 4:
        return False
    if parts[0] in OWN_KINDS:
        return parts[3] in (sku, *skus.names((parts[1], parts[2]), sku))
    return parts[0] in SOURCES and parts[2] == "item" and parts[3] in (sku, *skus.names((parts[0], parts[1]), sku))


def _told(search: _Search, key: str, records: Sequence[Record]) -> Journey:
    if not records:
        raise UnknownOrderError(
            f"no topic holds anything of {key}; was it fetched yet, and is it younger than the topics' retention?"
        )
    return journey_of(key, [*records, *search.actions(records)], search.codec)


class _Search:
    """Reads what one question needs."""

    def __init__(self, settings: Settings, codec: Codec) -> None:
        self.codec = codec
        self._config = settings.kafka.librdkafka()
        names = [topic.name for topic in settings.topic_table() if topic.name != FAILED_ACTIONS]
        told = told_topics(names)
        self._keyed = [name for name in told if not name.startswith(_KEPT_BY_OPERATION)]
        self._by_operation = [name for name in told if name.startswith(_KEPT_BY_OPERATION)]

    def by_key(self, keys: Sequence[str]) -> dict[str, list[Record]]:
        """Key -> its records, held and shadow included, of the keys that have any."""
        wanted = {key.encode() for key in keys}
        found: dict[str, list[Record]] = defaultdict(list)
        for number, names in _places(self._config, self._keyed, wanted).items():
            for record in read_to_end(self._config, sorted(names), partitions={number}):
                if record.key in wanted:
                    found[(record.key or b"").decode()].append(record)
        for record in read_to_end(self._config, self._by_operation) if wanted else ():
            own = kept_as((record.key or b"").decode(errors="replace"))[0].encode()
            if own in wanted:
                found[own.decode()].append(record)
        return dict(found)

    def by_any(self, wanted: Callable[[str], bool]) -> dict[str, list[Record]]:
        """The same of all keys that are wanted: every partition is read."""
        keys = {
            key
            for record in read_to_end(self._config, self._keyed)
            if record.key is not None and wanted(key := record.key.decode(errors="replace"))
        }
        return self.by_key(sorted(keys))

    def of_sku(self, sku: str, accounts: Sequence[tuple[str, str]], skus: Skus) -> list[Record]:
        """Everything under the keys of a SKU."""
        # The command may run where no account is configured: then everything is looked through.
        keys = sku_keys(sku, accounts, skus)
        found = self.by_key(keys) if accounts else self.by_any(lambda key: is_of_sku(key, sku, skus))
        return [record for records in found.values() for record in records]

    def about_order(self, key: str) -> list[Record]:
        """What is about the order under keys of its own, and everything else of those keys."""
        wanted = key.encode()
        topics = [ENTITIES[name].every for name in _ABOUT_ORDERS]
        keys = {
            record.key.decode(errors="replace")
            for record in read_to_end(self._config, topics)
            # Most are of other orders: only what holds the key's letters is worth decoding.
            if record.key is not None and wanted in (record.value or b"") and self._order_of(record) == key
        }
        found = self.by_key(sorted(keys - {key}))
        return [record for records in found.values() for record in records]

    def following(self, records: Sequence[Record]) -> list[Record]:
        """Of the deliveries of its order those that have the same correlation: commands travel under the order's key."""
        orders = {order for record in records if (order := self._order_of(record))}
        own = {correlation for record in records if (correlation := header_of(record, "correlation"))}
        found = self.by_key(sorted(orders))
        return [record for others in found.values() for record in others if header_of(record, "correlation") in own]

    def actions(self, records: Sequence[Record]) -> Iterator[Record]:
        """What was done with its failed records."""
        ids = {step_id for record in records if (step_id := self._failed_id(record))}
        if ids:
            for record in read_to_end(self._config, [FAILED_ACTIONS]):
                if (record.key or b"").decode(errors="replace") in ids and record.value is not None:
                    yield record

    def _order_of(self, record: Record) -> str:
        if record.topic not in {ENTITIES[name].every for name in _ABOUT_ORDERS} or record.value is None:
            return ""
        try:
            return order_of(self.codec.decode(FACTS[record.topic][0], record.value))
        except DecodeError:
            return ""

    def _failed_id(self, record: Record) -> str:
        if record.value is None or not record.topic.startswith(("dead.", "held.")):
            return ""
        try:
            return str(self.codec.decode("failed_record", record.value)["id"])
        except ValueError:
            return ""


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
