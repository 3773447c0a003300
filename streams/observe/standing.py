"""What stands in topics until somebody does something: deliveries in shadow, proposals and dead letters that wait for a person (OPS-1, OPS-7,
PRC-1, ERR-5).

Followed from their beginning by whoever serves metrics, a little at every scrape; nothing is told before the end was reached once.
Every worker says the same: take `max` over them, not `sum`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaError
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas.codec import Codec, DecodeError
from schemas.record import Record
from schemas.registry import RegistryError
from schemas.topics import APPROVALS, DESTINATIONS, FAILED_ACTIONS, STAGES, dead, shadow
from streams.failure.superseded import OpenLetters
from streams.kafka import BrokerError, partitions_of, reader, record_of
from streams.observe.operations import account_of, kept_as, whose_record
from streams.stages.pricing.ledger import PROPOSED
from streams.stages.rules import FLOW_OF

logger = logging.getLogger(__name__)

SCRAPE_SECONDS = 1.0  # so long at most does one scrape read on
DEAD = "causeway_dead_records"
FAMILIES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "causeway_shadow_records": ("Deliveries that flows in shadow would make", ("account", "flow")),
    "causeway_approvals_records": ("Proposals that wait for a person", ("account", "kind")),
    DEAD: ("Dead letters that wait for a person, of a state the newest only", ("destination", "reason", "owner")),
}
_DEAD_TOPICS = frozenset(dead(name) for name in (*DESTINATIONS, *STAGES))
TOPICS = (*(shadow(name) for name in DESTINATIONS), APPROVALS, *sorted(_DEAD_TOPICS), FAILED_ACTIONS)


class Standing:
    """What stands now. Feed it the records of `TOPICS` in the order of each key."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._shadow: dict[tuple[str, bytes], tuple[str, str]] = {}
        self._proposals: dict[str, tuple[str, str]] = {}
        self._dead = OpenLetters()

    def add(self, record: Record) -> None:
        """Take one record into account; one that cannot be read is passed over."""
        if record.topic == APPROVALS:
            self._answer(record)
        elif record.topic in _DEAD_TOPICS:
            self._die(record)
        elif record.topic == FAILED_ACTIONS:
            self._dead.act((record.key or b"").decode(errors="replace"), is_done=record.value is not None)
        elif record.key is not None:
            self._switch(record, record.key)

    def counts(self) -> dict[str, Counter[tuple[str, ...]]]:
        """Metric -> its label values -> how many."""
        return {
            "causeway_shadow_records": Counter(self._shadow.values()),
            "causeway_approvals_records": Counter(self._proposals.values()),
            DEAD: Counter(self._dead.counts()),
        }

    def _die(self, record: Record) -> None:
        try:
            self._dead.add(self._codec.decode("failed_record", record.value))
        except DecodeError:
            return

    def _switch(self, record: Record, name: bytes) -> None:
        key, operation = kept_as(name.decode(errors="replace"))
        if record.value is None:
            self._shadow.pop((record.topic, name), None)
        elif operation in FLOW_OF:
            self._shadow[record.topic, name] = (
                ":".join(whose_record(self._codec, operation, key, record.value)), FLOW_OF[operation].value,
            )  # fmt: skip

    def _answer(self, record: Record) -> None:
        try:
            said = self._codec.decode("approval", record.value)
        except DecodeError:
            return
        if said["state"] == PROPOSED:
            self._proposals[said["proposal"]] = (":".join(account_of(said["subject"])), said["kind"])
        else:
            self._proposals.pop(said["proposal"], None)


class Reading(Protocol):
    """Reads on for a while; says whether the end was reached."""

    def read(self, take: Callable[[Record], None], seconds: float) -> bool: ...

    def close(self) -> None: ...


class Following:
    """Topics from their beginning, by a consumer of its own that belongs to no group. Opens with the first read. `and_close`: what to close with
    it."""

    def __init__(
        self, config: Mapping[str, Any], and_close: Callable[[], None] = lambda: None, topics: Iterable[str] = TOPICS
    ) -> None:
        self._config = config
        self._and_close = and_close
        self._topics = tuple(topics)
        self._consumer: Consumer | None = None
        self._behind: set[tuple[str, int]] = set()

    def read(self, take: Callable[[Record], None], seconds: float) -> bool:
        """At most so long. Raises BrokerError."""
        consumer = self._consumer or self._open()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = consumer.consume(5000, timeout=0.1)
            for consumed in found:
                place = (consumed.topic() or "", consumed.partition() or 0)
                error = consumed.error()
                if error is None:
                    take(record_of(consumed))
                elif error.code() == KafkaError._PARTITION_EOF:
                    self._behind.discard(place)
            if not found and not self._behind:
                return True
        return not self._behind

    def close(self) -> None:
        """Let go of the connection."""
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None
        self._and_close()

    def _open(self) -> Consumer:
        consumer = reader(self._config)
        try:
            places = partitions_of(consumer, self._config, self._topics)
        except BrokerError:
            consumer.close()
            raise
        consumer.assign(places)
        self._behind = {(place.topic, place.partition) for place in places}
        self._consumer = consumer
        return consumer


class StandingCollector(Collector):
    """The metrics of it."""

    def __init__(self, standing: Standing, reading: Reading) -> None:
        self._standing = standing
        self._reading = reading
        self._is_complete = False
        self._told: dict[str, set[tuple[str, ...]]] = {name: set() for name in FAMILIES}

    def describe(self) -> Iterable[Metric]:
        """So that registering asks nothing yet."""
        return (GaugeMetricFamily(name, about) for name, (about, _) in FAMILIES.items())

    def collect(self) -> Iterator[Metric]:
        """One scrape. Kafka or the registry away: what was known last."""
        try:
            self._is_complete = self._reading.read(self._standing.add, SCRAPE_SECONDS) or self._is_complete
        except (BrokerError, RegistryError) as error:
            logger.warning("standing_not_read detail=%s", error)
        counts = self._standing.counts() if self._is_complete else {}
        for name, (about, labels) in FAMILIES.items():
            family = GaugeMetricFamily(name, about, labels=labels)
            found = counts.get(name, Counter())
            self._told[name] |= set(found)
            for values in sorted(self._told[name]):  # what is over is 0, not gone
                family.add_metric(values, found[values])
            yield family

    def close(self) -> None:
        """Let go of the connection."""
        self._reading.close()
