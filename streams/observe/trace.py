"""Finding everything of one order, SKU or other thing in the topics. With its full key only the partitions it lives in are read, as every
producer here uses murmur2.

    an order    its own key, and what is about it under keys of its own (shipments, cancellations, refunds, returns): those say `order_key`
    a SKU       `sku:SKU`, and what each channel is told of it or shows of it: stock:..., price:..., listing:..., ...:item:SKU; under its
                own word, too, where it has another for it (ORD-9)
    an offer    its own key, and what was decided of it, which has keys below that
    a purchase  of Odoo or at a supplier's platform: both, whichever was asked for, and the steps of its parcels
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
from schemas.topics import EDGE, ENTITIES, FAILED_ACTIONS, ORDERS_CURRENT, PARTNERS, SOURCES, SUPPLIERS, SUPPLY_LEDGER
from streams.connectors import part_of
from streams.kafka import QUIET, partitions_of, read_to_end
from streams.observe.facts import FACTS
from streams.observe.journey import Journey, journey_of
from streams.observe.names import SKU, asked_for, bought_as, ends_in, is_purchase, is_supplier_order, meant, named
from streams.observe.operations import OWN_KINDS, is_order, kept_as, order_of
from streams.observe.telling import header_of, told_topics
from streams.poller.partition import partition_of
from streams.settings import Settings
from streams.stages.skus import SAME, Skus
from streams.stages.supply.ledger import decided

_KEPT_BY_OPERATION = ("held.", "shadow.")  # key and operation, so a key may be in any partition
_ABOUT_ORDERS = ("shipment", "cancellation", "refund", "return_order", "settled_order")
_RESULTS, _EVENTS = ENTITIES["purchase_result"].every, ENTITIES["delivery_event"].every


class UnknownOrderError(LookupError):
    """No topic holds anything of it: says what was looked for."""


class AmbiguousOrderError(LookupError):
    """Several accounts have an order of this id: names their keys."""


def find_journey(
    settings: Settings, codec: Codec, what: str, connectors: Sequence[Connector] = (), skus: Skus = SAME
) -> Journey:
    """`what`: an order's number at a configured account, `sku:SKU`, or any full key such as `source:account:id`; `skus`: which SKU is which.

    Raises UnknownOrderError (see `find_called`), AmbiguousOrderError; BrokerError and RegistryError when these cannot be asked.
    """
    search = _Search(settings, codec)
    if what.startswith(SKU):
        records = search.of_sku(what.removeprefix(SKU), accounts_of(settings, connectors), skus)
        return _told(search, what, records)
    found = search.by_key(candidates(settings, what, connectors))
    key = _one_of(sorted(found), what)
    records = found[key]
    more = search.about_order(key) if is_order(key) else [*search.following(records), *search.decided(records)]
    if is_purchase(key) or is_supplier_order(key):
        more += search.bought(key, records)
    return _told(search, key, [*records, *more])


def find_called(settings: Settings, codec: Codec, word: str) -> str:
    """The key of what is called so, where `find_journey` does not know it: everything is read, so an order may be of an account that is not
    configured here. Raises as that does."""
    return _one_of([] if ":" in word else _Search(settings, codec).by_name(word), word)


def _one_of(keys: Sequence[str], word: str) -> str:
    if not keys:
        raise UnknownOrderError(f"no topic holds anything of {word}: {asked_for(word)}")
    if len(keys) > 1:
        raise AmbiguousOrderError(f"{word} may be several things, name one of: {', '.join(keys)}")
    return keys[0]


def accounts_of(settings: Settings, connectors: Sequence[Connector]) -> list[tuple[str, str]]:
    """The configured accounts of marketplaces."""
    return [one for one in partners_of(settings, connectors) if one[0] in SOURCES]


def partners_of(settings: Settings, connectors: Sequence[Connector]) -> list[tuple[str, str]]:
    """The configured accounts of marketplaces and of suppliers' platforms, and packing stations."""
    accounts = [
        (connector.name, account)
        for connector in connectors
        if connector.name in PARTNERS
        for account in connector.accounts(part_of(settings, connector))
    ]
    return [*accounts, *((EDGE, station) for station in settings.packing.stations)]


def candidates(settings: Settings, order: str, connectors: Sequence[Connector]) -> list[str]:
    """The keys it may have: itself when it is one, else one for each configured account."""
    if ":" in order:
        return [order]
    partners = partners_of(settings, connectors)
    sold = [f"{source}:{account}:{order}" for source, account in partners if source in SOURCES]
    return sold + [f"{source}:{account}:order:{order}" for source, account in partners if source in SUPPLIERS]


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
        raise UnknownOrderError(f"no topic holds anything of {key}: {asked_for(key)}")
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

    def by_name(self, word: str) -> list[str]:
        """The keys that a word may mean: every partition is read."""
        keys: set[str] = set()
        called: set[str] = set()
        for record in read_to_end(self._config, [*self._keyed, ORDERS_CURRENT]):
            if record.key is not None and ends_in(key := record.key.decode(errors="replace"), word):
                keys.add(key)
            called.update(named(record, word, self.codec))
        return meant(keys, called, word)

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

    def decided(self, records: Sequence[Record]) -> list[Record]:
        """Of an offer, what was decided of its terms (PO-4), by what the newest ledger of it says."""
        keys: list[str] = []
        for record in records:
            if record.topic == SUPPLY_LEDGER and record.value is not None:
                try:
                    keys = decided(self.codec.decode("supply_ledger", record.value))
                except DecodeError:
                    continue
        found = self.by_key(keys)
        return [record for others in found.values() for record in others]

    def bought(self, key: str, records: Sequence[Record]) -> list[Record]:
        """Of a purchase order the orders at the supplier's platform that it has become; of such an order its purchase order. And the steps of
        the parcels (PO-1, PO-2, LOG-1)."""
        results = [record for record in records if record.topic == _RESULTS]
        orders = {key}
        others: set[str] = set()
        if is_purchase(key):
            orders = {order for record in results for order in self._bought_as(record)}
            others = set(orders)
        else:
            number = key.rpartition(":")[2].encode()
            every = (record for record in read_to_end(self._config, [_RESULTS]) if number in (record.value or b""))
            others = {(record.key or b"").decode() for record in every if key in self._bought_as(record)}
        for record in read_to_end(self._config, [_EVENTS]) if orders else ():
            if (step := (record.key or b"").decode(errors="replace")).partition(":parcel:")[0] in orders:
                others.add(step)
        found = self.by_key(sorted(others - {key}))
        return [record for some in found.values() for record in some]

    def actions(self, records: Sequence[Record]) -> Iterator[Record]:
        """What was done with its failed records."""
        ids = {step_id for record in records if (step_id := self._failed_id(record))}
        if ids:
            for record in read_to_end(self._config, [FAILED_ACTIONS]):
                if (record.key or b"").decode(errors="replace") in ids and record.value is not None:
                    yield record

    def _bought_as(self, record: Record) -> list[str]:
        try:
            return bought_as(record, self.codec)
        except DecodeError:
            return []

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
