"""Releases held records when what they wait for exists (ORD-9): by a mapping that was made, or because the destination has it by now.

One worker owns a partition of the held topics (consumer group), reads it from the beginning, for it is compacted, and follows it. Each
release, in this order, so that a kill at any point repeats and never loses:

1. the original record goes to its target topic: its key, value and headers, without the failure set; wait for the acknowledgement
2. its tombstone, `dead.actions` and `audit` are written; wait again

A newer state of the same key that was delivered meanwhile makes the released one stale; the sink skips it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from schemas.codec import Codec, DecodeError
from schemas.record import Message, Record
from streams.failure.actions import noted
from streams.failure.due import Place
from streams.failure.heldbook import Book, Held, original, tombstone
from streams.failure.mappings import MappingTable
from streams.failure.metrics import HELD_OLDEST, HELD_RECORDS, HELD_RELEASED
from streams.failure.routing import sent_again
from streams.kafka import QUIET, BrokerError, SendError, SyncProducer, record_of
from streams.outage import complaints
from streams.settings import Settings

logger = logging.getLogger(__name__)

GROUP = "causeway.release"
ACTOR = "causeway"
BY_MAPPING = "mapping"
BY_CHECK = "check"
_POLL_SECONDS = 0.5
_RESOLVE_SECONDS = 60.0
_AFTER_FAILURE_SECONDS = 1.0
_MEASURE_SECONDS = 5.0


class Resolver(Protocol):
    """Who can say whether the things that held records wait for exist now: sinks, and stages that hold."""

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]: ...


class ReleaseWorker:
    """One member of the release group. `run` blocks until `stop` is set; give it a thread of its own.

    sinks   destination -> sink, asked by `resolve`; of a stage that holds, its resolver. Sinks live in an event loop: the one that runs where
            this object is made, else one of its own.
    clock   epoch seconds; tests pass their own
    """

    def __init__(
        self, settings: Settings, codec: Codec, sinks: Mapping[str, Resolver], *, group: str = GROUP,
        clock: Callable[[], float] = time.time, producer: SyncProducer | None = None,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._config = settings.kafka.librdkafka()
        self._codec = codec
        self._sinks = sinks
        self._producer = producer or SyncProducer(self._config)
        self._group = group
        self._clock = clock
        self._check_seconds = settings.retry.held_check_seconds
        self._book = Book(lambda value: dict(codec.decode("failed_record", value)))
        self._behind: set[Place] = set()  # partitions that are not read to their end yet
        self._wake = threading.Event()
        self._mappings = MappingTable(settings, codec, changed=self._wake.set)
        self._again: list[Message] = []  # held records that the tombstone of an older one would end
        self._checked = 0.0
        self._measured = 0.0
        self._loop = _running_loop()
        self._shown: set[tuple[str, str, str]] = set()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`. Raises BrokerError when Kafka refuses for good; passing failures are waited out."""
        self._mappings.start()
        consumer = Consumer(self._consumer_config())
        try:
            with self._producer as producer:
                held = [topic.name for topic in self._settings.topic_table() if topic.name.startswith("held.")]
                consumer.subscribe(held, on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked)
                while not stop.is_set():
                    self._one_round(consumer, producer, stop)
        finally:
            consumer.close()
            self._mappings.close()

    def _consumer_config(self) -> dict[str, object]:
        return {
            **QUIET,
            **self._config,
            "group.id": self._group,
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": int(self._settings.stage.session_seconds * 1000),
            "topic.metadata.refresh.interval.ms": 10_000,
            "error_cb": complaints(self._config),
        }

    def _one_round(self, consumer: Consumer, producer: SyncProducer, stop: threading.Event) -> None:
        arrived = self._read(consumer)
        if self._behind:
            return  # a release decided on half a topic could be of a record that was released before
        changed = self._wake.is_set() or arrived
        self._wake.clear()
        try:
            producer.send_all(self._again)
            self._again = []
            if changed:
                self._release_mapped(producer)
            if self._clock() - self._checked >= self._check_seconds:
                self._checked = self._clock()
                self._release_mapped(producer)
                self._release_resolved(producer, stop)
        except SendError as error:
            logger.warning("held_release_failed detail=%s", error)
            self._wake.set()
            stop.wait(_AFTER_FAILURE_SECONDS)
        self._measure()

    def _read(self, consumer: Consumer) -> bool:
        """Whether something new is held."""
        first = consumer.poll(_POLL_SECONDS)
        if first is None:
            return False
        arrived = False
        for consumed in [first, *consumer.consume(1000, timeout=0)]:
            error = consumed.error()
            if error is None:
                record = record_of(consumed)
                arrived = arrived or record.value is not None
                self._apply(record)
            elif error.code() == KafkaError._PARTITION_EOF:
                self._behind.discard((consumed.topic() or "", consumed.partition() or 0))
            elif error.fatal():
                raise BrokerError(f"the release worker cannot go on: {error.str()}")
            else:
                logger.info("held_read_failed topic=%s detail=%s", consumed.topic(), error.str())
        return arrived

    def _apply(self, record: Record) -> None:
        try:
            again = self._book.apply(record)
        except DecodeError as error:
            logger.error("held_unreadable origin=%s detail=%s", record.origin, error)
            return
        if again is not None:
            self._again.append(again)

    def _release_mapped(self, producer: SyncProducer) -> None:
        waiting = self._book.releasable(self._clock(), self._check_seconds)
        known = [item for (_, word), items in waiting.items() if self._mappings.knows(word) for item in items]
        self._release(producer, known, BY_MAPPING)

    def _release_resolved(self, producer: SyncProducer, stop: threading.Event) -> None:
        waiting = self._book.releasable(self._clock(), self._check_seconds)
        words: defaultdict[str, list[str]] = defaultdict(list)
        for destination, word in waiting:
            words[destination].append(word)
        for destination, asked in words.items():
            exist = self._resolve(destination, asked, stop)
            self._release(producer, [item for word in exist for item in waiting.get((destination, word), ())], BY_CHECK)

    def _resolve(self, destination: str, words: Sequence[str], stop: threading.Event) -> Sequence[str]:
        sink = self._sinks.get(destination)
        if sink is None:
            return ()
        try:
            return _result(self._loop, sink.resolve(words), stop)
        except Exception as error:  # noqa: BLE001 - a destination that cannot be asked now is asked again later
            logger.warning("held_check_failed destination=%s kind=%s", destination, type(error).__name__)
            return ()

    def _release(self, producer: SyncProducer, items: Sequence[Held], by: str) -> None:
        if not items:
            return
        now = datetime.fromtimestamp(self._clock(), UTC)
        release(producer, self._codec, items, actor=ACTOR, at=now, note=f"by {by}")
        self._book.remove(items)
        for item in items:
            HELD_RELEASED.labels(item.failed["destination"], by).inc()
            logger.info(
                "held_released failed_id=%s correlation=%s waited_for=%s by=%s",
                item.id, item.failed["correlation"], item.waiting_for, by,
            )  # fmt: skip

    def _measure(self) -> None:
        if self._clock() - self._measured < _MEASURE_SECONDS:
            return
        self._measured = self._clock()
        now, counts, oldest = (
            self._clock(),
            defaultdict[tuple[str, str, str], int](int),
            dict[tuple[str, str, str], float](),
        )
        for item in self._book.all():
            labels = (item.failed["destination"], item.failed["reason"], item.failed["owner"])
            counts[labels] += 1
            oldest.setdefault(labels, now - item.failed["first_failure"].timestamp())
        for labels in self._shown | set(counts):
            HELD_RECORDS.labels(*labels).set(counts[labels])
            HELD_OLDEST.labels(*labels).set(oldest.get(labels, 0.0))
        self._shown = {labels for labels, count in counts.items() if count}

    def _assigned(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        """From the beginning, whatever was committed: the topic is the state."""
        self._behind.update((place.topic, place.partition) for place in places)
        consumer.incremental_assign(
            [TopicPartition(place.topic, place.partition, OFFSET_BEGINNING) for place in places]
        )

    def _revoked(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        gone = [(place.topic, place.partition) for place in places]
        self._book.forget(gone)
        self._behind.difference_update(gone)
        consumer.incremental_unassign(places)


def release(
    producer: SyncProducer, codec: Codec, items: Sequence[Held], *, actor: str, at: datetime, note: str
) -> None:
    """Release them, in the order above. Raises SendError; then some may have been released and not yet marked, and are released again."""
    producer.send_all([original(item.failed, sent_again) for item in items])
    producer.send_all(
        [
            message
            for item in items
            for message in (
                tombstone(item),
                *noted(codec, item.failed, "released", "release", actor=actor, at=at, note=note),
            )
        ]
    )


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _result(
    loop: asyncio.AbstractEventLoop | None, call: Coroutine[Any, Any, Sequence[str]], stop: threading.Event
) -> Sequence[str]:
    """The answer of a sink, asked in its own loop from this thread. Raises TimeoutError, also when it is time to stop."""
    if loop is None:
        return asyncio.run(asyncio.wait_for(call, _RESOLVE_SECONDS))
    future = asyncio.run_coroutine_threadsafe(call, loop)
    deadline = time.monotonic() + _RESOLVE_SECONDS
    while not stop.is_set() and time.monotonic() < deadline:
        try:
            return future.result(timeout=_POLL_SECONDS)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise
    future.cancel()
    raise TimeoutError
