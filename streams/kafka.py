"""Kafka for code that is not a stage: make topics, read a topic to its end, send and wait. Synchronous, on librdkafka.

Stages use `streams.runtime`; workers with a thread of their own, the command line and tests use this.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka import (
    Message as Consumed,
)
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from schemas.record import Message, Record
from schemas.topics import Topic
from streams.outage import complaints
from streams.settings import Settings

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0
SEND_SECONDS = 60.0
_FETCH_RECORDS = 5000
_LEADERS_SECONDS = 30.0
_LOOK_SECONDS = 0.1

QUIET: Mapping[str, Any] = {
    "log_level": 2
}  # librdkafka writes to standard error by itself; `outage.complaints` has it for our log
PRODUCER_DEFAULTS: Mapping[str, Any] = {
    **QUIET,
    "enable.idempotence": True,
    "acks": "all",
    "linger.ms": 2,
    "compression.type": "lz4",
    "partitioner": "murmur2_random",  # as every other producer here: a key has one partition whoever writes it
    "message.max.bytes": 5 * 1024 * 1024,  # as the stages' producer: what fits in one topic fits in the next
    "message.timeout.ms": int(SEND_SECONDS * 1000),
}

# What the broker (or the client on its behalf) says of a record that no retry will mend.
REFUSALS = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_EXCEPTION,
    }
)


class BrokerError(RuntimeError):
    """The cluster cannot be reached or refuses: says where and what to do."""


class SendError(BrokerError):
    """Not everything was acknowledged. `refused`: positions of messages the broker will never take; `unknown`: the others that failed."""

    def __init__(self, text: str, refused: Sequence[int], unknown: Sequence[int]) -> None:
        super().__init__(text)
        self.refused = tuple(refused)
        self.unknown = tuple(unknown)


def record_of(consumed: Consumed) -> Record:
    """What librdkafka handed over, as the pipeline's Record."""
    headers: Any = consumed.headers() or ()
    return Record(
        topic=consumed.topic() or "",
        partition=-1 if (partition := consumed.partition()) is None else partition,
        offset=-1 if (offset := consumed.offset()) is None else offset,
        timestamp_ms=consumed.timestamp()[1],
        key=consumed.key(),
        value=consumed.value(),
        headers=tuple((name, content or b"") for name, content in headers),
    )


def ensure_topics(settings: Settings, topics: Iterable[Topic] | None = None) -> list[str]:
    """Make the topics of the topic table (or just these) that do not exist. Returns those made. Idempotent, safe to race.

    Raises BrokerError when the cluster cannot be reached or refuses.
    """
    wanted = settings.topic_table() if topics is None else tuple(topics)
    config = settings.kafka.librdkafka()
    admin = AdminClient({**QUIET, **config})
    present = set(_metadata(admin, config).topics)
    missing = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            replication_factor=settings.topics.replication,
            config=topic.config(),
        )
        for topic in wanted
        if topic.name not in present
    ]
    if not missing:
        return []
    made = []
    for name, future in admin.create_topics(missing, operation_timeout=30).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise BrokerError(f"Kafka refused to make the topic {name}: {error.args[0].str()}") from error
        else:
            made.append(name)
    _await_leaders(admin, missing)  # also those that another process has made at the same time
    return made


def _await_leaders(admin: AdminClient, topics: Sequence[NewTopic]) -> None:
    """Wait until new partitions answer. A broker names itself leader before it acts as one; consumers that start meanwhile were seen to miss
    partitions until the watchdog started them again. Whoever takes longer is left to it."""
    waiting = [TopicPartition(topic.topic, number) for topic in topics for number in range(topic.num_partitions)]
    deadline = time.monotonic() + _LEADERS_SECONDS
    while waiting and time.monotonic() < deadline:
        newest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = admin.list_offsets(dict.fromkeys(waiting, newest), request_timeout=10)
        waiting = [place for place, answer in asked.items() if answer.exception(timeout=15) is not None]
        if waiting:
            time.sleep(_LOOK_SECONDS)
    if waiting:
        logger.warning("partitions_without_leader count=%d first=%s", len(waiting), waiting[0].topic)


def partitions_of(
    client: Consumer | AdminClient, config: Mapping[str, Any], topics: Iterable[str]
) -> list[TopicPartition]:
    """All partitions of those of the topics that exist, from their beginning. Raises BrokerError."""
    known = _metadata(client, config).topics
    return [
        TopicPartition(name, partition, OFFSET_BEGINNING)
        for name in topics
        if name in known and known[name].error is None
        for partition in sorted(known[name].partitions)
    ]


def reader(config: Mapping[str, Any], **more: Any) -> Consumer:
    """A consumer that belongs to no group and commits nothing: for looking at topics."""
    return Consumer(
        {
            **QUIET,
            **config,
            "group.id": f"causeway.reader.{uuid.uuid4().hex}",  # librdkafka wants one; it never joins it
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "fetch.wait.max.ms": 100,
            # Some of these are read now and then only (at a scrape, when a lane has work): what librdkafka fetches ahead for them stays in
            # memory meanwhile, by default up to 64 MB each.
            "queued.min.messages": 2_000,
            "queued.max.messages.kbytes": 2_048,
            # Only cursors are written in transactions, and those count however their transaction ends: see `poller.cursors`.
            "isolation.level": "read_uncommitted",
            "error_cb": complaints(config),
            **more,
        }
    )


def committed_of(
    config: Mapping[str, Any], group: str, places: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], int]:
    """How far a group has come: (topic, partition) -> offset; those without one are left out. Raises BrokerError.

    Asked as a consumer of the group that never joins it. librdkafka's admin client would end the process by a segmentation fault where a broker that
    has just started is not the group's coordinator yet (2.16.0: rd_kafka_handle_OffsetFetch, rd_kafka_cgrp_op).
    """
    consumer = Consumer(
        {**QUIET, **config, "group.id": group, "enable.auto.commit": False, "error_cb": complaints(config)}
    )
    try:
        answers = consumer.committed([TopicPartition(*place) for place in places], timeout=CONNECT_SECONDS)
    except KafkaException as error:
        raise BrokerError(f"Kafka cannot say how far {group} is: {error.args[0].str()}") from error
    finally:
        consumer.close()
    if refused := next((place.error for place in answers if place.error is not None), None):
        raise BrokerError(f"Kafka cannot say how far {group} is: {refused.str()}")
    return {(place.topic, place.partition): place.offset for place in answers if place.offset >= 0}


def read_to_end(
    config: Mapping[str, Any],
    topics: Sequence[str],
    *,
    partitions: Container[int] | None = None,
    since_ms: int | None = None,
    stalled_seconds: float = 30.0,
) -> Iterator[Record]:
    """Every record of those topics that was there at the call, partition by partition in order; topics that do not exist are empty.

    `partitions`: only those numbers. `since_ms` skips records older than that (epoch milliseconds). Raises BrokerError when the cluster
    cannot be reached, or sends nothing for `stalled_seconds` although there is more.
    """
    consumer = reader(config)
    try:
        places = partitions_of(consumer, config, topics)
        if partitions is not None:
            places = [place for place in places if place.partition in partitions]
        if since_ms is not None and places:
            places = _from_time(consumer, places, since_ms)
        if places:
            consumer.assign(places)
            yield from _until_end(consumer, {(place.topic, place.partition) for place in places}, stalled_seconds)
    finally:
        consumer.close()


class SyncProducer:
    """Sends and waits until everything is acknowledged. For one thread at a time.

    Opens on first use, or before by `open`: an idempotent producer needs about half a second to get its id from the broker.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = {**PRODUCER_DEFAULTS, **config, "error_cb": complaints(config)}
        self._producer: Producer | None = None

    def open(self) -> Producer:
        """Connect in the background; an unreachable broker shows when sending."""
        if self._producer is None:
            self._producer = Producer(self._config)
        return self._producer

    def send_all(self, messages: Sequence[Message]) -> None:
        """Send all, in order within each partition, and return when the broker has acknowledged every one. Raises SendError."""
        if not messages:
            return
        producer = self.open()
        errors: dict[int, KafkaError] = {}
        for index, message in enumerate(messages):
            self._hand_over(producer, message, _reporter(index, errors))
        left = producer.flush(SEND_SECONDS + 5)
        if left or errors:
            fatal = any(error.fatal() for error in errors.values())
            if left or fatal:  # what is still queued must not surface in a later call
                producer.purge()
                producer.flush(1)
                self._producer = None
            raise _send_error(messages, errors)

    def close(self) -> None:
        """Everything was waited for by `send_all`, so this only lets go."""
        self._producer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hand_over(self, producer: Producer, message: Message, report: Callable[..., None]) -> None:
        partition = -1 if message.partition is None else message.partition
        headers: Any = list(message.headers)
        while True:
            try:
                producer.produce(
                    message.topic, message.value, message.key, partition, on_delivery=report, headers=headers
                )
            except BufferError:
                producer.poll(0.1)  # full: let some out first
            except KafkaException as error:
                report(error.args[0], None)
                return
            else:
                producer.poll(0)
                return


def _reporter(index: int, errors: dict[int, KafkaError]) -> Callable[..., None]:
    def report(error: KafkaError | None, _message: Any) -> None:
        if error is not None:
            errors[index] = error

    return report


def _send_error(messages: Sequence[Message], errors: Mapping[int, KafkaError]) -> SendError:
    refused = [index for index, error in sorted(errors.items()) if error.code() in REFUSALS]
    unknown = [index for index in sorted(errors) if errors[index].code() not in REFUSALS]
    if not errors:
        return SendError(f"Kafka acknowledged nothing for {SEND_SECONDS:.0f} s", (), range(len(messages)))
    first = min(errors)
    what = f"topic {messages[first].topic}: {errors[first].name()}: {errors[first].str()}"
    if len(messages) == 1:
        return SendError(what, refused, unknown)
    return SendError(
        f"{len(errors)} of {len(messages)} records were not acknowledged; the first: {what}", refused, unknown
    )


def _metadata(client: Consumer | AdminClient, config: Mapping[str, Any]) -> Any:
    try:
        return client.list_topics(timeout=CONNECT_SECONDS)
    except KafkaException as error:
        raise BrokerError(
            f"Kafka at {config.get('bootstrap.servers')} cannot be reached: {error.args[0].str()}; "
            "start the local one with `causeway up` or set CAUSEWAY_KAFKA__BOOTSTRAP"
        ) from error


def _from_time(consumer: Consumer, places: Sequence[TopicPartition], since_ms: int) -> list[TopicPartition]:
    asked = [TopicPartition(place.topic, place.partition, since_ms) for place in places]
    try:
        return consumer.offsets_for_times(asked, timeout=CONNECT_SECONDS)
    except KafkaException as error:
        raise BrokerError(f"Kafka cannot say where to start reading: {error.args[0].str()}") from error


def _until_end(consumer: Consumer, waiting: set[tuple[str, int]], stalled_seconds: float) -> Iterator[Record]:
    """The end is the partition's end as the broker first reports it; what is written later is not waited for."""
    moved = time.monotonic()
    while waiting:
        batch = consumer.consume(_FETCH_RECORDS, timeout=0.2)
        if batch:
            moved = time.monotonic()
        elif time.monotonic() - moved > stalled_seconds:
            raise BrokerError(
                f"Kafka sent nothing for {stalled_seconds:.0f} s although {len(waiting)} partitions have more"
            )
        for consumed in batch:
            error = consumed.error()
            place = (consumed.topic() or "", -1 if (number := consumed.partition()) is None else number)
            if error is None:
                if place in waiting:
                    yield record_of(consumed)
            elif error.code() == KafkaError._PARTITION_EOF:
                waiting.discard(place)
            elif error.fatal() or error.code() in REFUSALS:
                raise BrokerError(f"Kafka stopped reading {place[0]}: {error.str()}")
