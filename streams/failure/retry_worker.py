"""Brings records of the retry tiers back to their target topics when they are due (ERR-2).

One librdkafka consumer reads all tiers; of each partition it keeps the first records and pauses the rest (`waiting`). When the head is due
it is sent to its target, with its failure set, so that tries go on being counted. Nobody sleeps, nothing leaves the group for waiting.

Each round, in this order, so that a kill at any point repeats and never loses:

1. resume the partitions of which more should be read
2. read, until something arrives or is due
3. take what is due, pause the partitions of which enough is kept
4. send all that is due and wait until all of it is acknowledged
5. commit the offsets

What waits is remembered nowhere but in the topics, so a rebalance only makes the new owner read the heads again.
A record that cannot be carried on (no failure set, no such target) becomes a dead letter: it must not hold up the queue behind it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas import topics
from schemas.codec import Codec
from schemas.headers import Failure
from schemas.reasons import Reason
from schemas.record import Message, Record
from streams.failure.due import Place
from streams.failure.metrics import RETRY_BURIED, RETRY_LATENESS, RETRY_RECORDS, RETRY_SENT
from streams.failure.queues import depths
from streams.failure.routing import FailureRouting, previous_failure
from streams.failure.waiting import Parked, Waiting
from streams.kafka import QUIET, REFUSALS, BrokerError, SendError, SyncProducer, record_of
from streams.observe.logs import about
from streams.outage import OUTAGE, complaints
from streams.settings import Settings

logger = logging.getLogger(__name__)

GROUP = "causeway.retry"
STAGE = "retry"  # whose failure it is when a record does not say
_LONGEST_POLL_SECONDS = 0.5  # so that a stop is noticed
_AFTER_FAILURE_SECONDS = 1.0
_MEASURE_SECONDS = 15.0
_UNTARGETABLE = ("retry.", "dead.", "held.")


class RetryWorker:
    """One member of the retry group. `run` blocks until `stop` is set; give it a thread or a process of its own.

    session_seconds   how long the group waits for a worker that was killed; None: as for stages
    clock             epoch seconds; tests pass their own
    """

    def __init__(
        self, settings: Settings, codec: Codec, *, group: str = GROUP, batch: int = 1000, session_seconds: float | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._config = settings.kafka.librdkafka()
        self._settings = settings
        self._group = group
        self._batch = batch
        self._session_seconds = session_seconds or settings.stage.session_seconds
        self._clock = clock
        self._tiers: dict[str, timedelta] = {topics.retry(tier): tier for tier in settings.retry.delays()}
        self._targets = frozenset(
            topic.name for topic in settings.topic_table() if not topic.name.startswith(_UNTARGETABLE)
        )
        self._routing = FailureRouting(codec, settings)
        self._waiting = Waiting()
        self._mine: set[Place] = set()
        self._measured = 0.0

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`. Raises BrokerError when Kafka refuses for good; passing failures are waited out."""
        consumer = Consumer(self._consumer_config())
        with SyncProducer(self._config) as producer:
            try:
                producer.open()
                consumer.subscribe(
                    list(self._tiers), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
                )
                while not stop.is_set():
                    self._one_round(consumer, producer, stop)
            finally:
                consumer.close()

    def _consumer_config(self) -> dict[str, object]:
        return {
            **QUIET,
            **self._config,
            "group.id": self._group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
            "session.timeout.ms": int(self._session_seconds * 1000),
            "fetch.wait.max.ms": 50,
            "queued.min.messages": 2000,
            "topic.metadata.refresh.interval.ms": 10_000,
            "error_cb": complaints(self._config),
        }

    def _one_round(self, consumer: Consumer, producer: SyncProducer, stop: threading.Event) -> None:
        resumed = self._waiting.to_resume(self._now_ms())
        if resumed:
            consumer.resume([TopicPartition(*place) for place in resumed])
        for record in self._read(consumer):
            if (record.topic, record.partition) in self._mine:  # else it was given away while it was read
                failure = previous_failure(record.headers)
                self._waiting.add(Parked(record, failure, self._due_of(record, failure)))
        due = self._waiting.take_due(self._now_ms())
        paused = self._waiting.to_pause(self._now_ms())
        if paused:
            consumer.pause([TopicPartition(*place) for place in paused])
        if due and self._send(producer, due):
            self._commit(consumer, due)
        elif due:
            self._waiting.put_back(due)
            stop.wait(_AFTER_FAILURE_SECONDS)
        self._measure(consumer)

    def _read(self, consumer: Consumer) -> list[Record]:
        """Waits for the first record only: librdkafka's batch call would wait until the batch is full."""
        first = consumer.poll(self._poll_seconds())
        if first is None:
            return []
        records = []
        for consumed in [first, *consumer.consume(self._batch - 1, timeout=0)]:
            error = consumed.error()
            if error is None:
                records.append(record_of(consumed))
            elif error.fatal():
                raise BrokerError(f"the retry worker cannot go on: {error.str()}")
            else:
                level = logging.WARNING if error.code() in REFUSALS else logging.INFO
                logger.log(level, "retry_read_failed topic=%s detail=%s", consumed.topic(), error.str())
        return records

    def _poll_seconds(self) -> float:
        event_ms = self._waiting.next_event()
        if event_ms is None:
            return _LONGEST_POLL_SECONDS
        wait_ms = max(
            0, event_ms - self._now_ms()
        )  # whole milliseconds, as librdkafka counts: less would be a busy loop
        return min(_LONGEST_POLL_SECONDS, wait_ms / 1000)

    def _due_of(self, record: Record, failure: Failure | None) -> int:
        """Never later than a tier after it came here, whatever the header says: a wrong clock must not stop a queue."""
        if failure is None:
            return 0
        return min(failure.due, record.timestamp_ms + int(self._tiers[record.topic].total_seconds() * 1000))

    def _message(self, parked: Parked) -> Message:
        failure, record = parked.failure, parked.record
        if failure is not None and failure.target in self._targets:
            return Message(failure.target, record.key, record.value, record.headers)
        detail = "no failure set that can be read" if failure is None else f"no topic {failure.target!r} to go back to"
        return self._bury(record, detail)

    def _bury(self, record: Record, detail: str, *, with_value: bool = True) -> Message:
        failure = previous_failure(record.headers)
        destination = failure.destination if failure else _text(record, "failure.destination") or STAGE
        with about(record.headers):
            logger.error("retry_record_buried origin=%s detail=%s", record.origin, detail)
        RETRY_BURIED.labels(topics.tier_name(self._tiers[record.topic])).inc()
        target = failure.target if failure and failure.target in self._targets else ""
        routed = self._routing.bury(
            record, destination=destination, reason=Reason.DATA, detail=f"in {record.topic}: {detail}",
            now_ms=self._now_ms(), target=target, with_value=with_value,
        )  # fmt: skip
        return routed.messages[0]

    def _send(self, producer: SyncProducer, due: Sequence[Parked]) -> bool:
        """Whether everything is acknowledged; what the broker will never take goes to the dead letters instead."""
        messages = [self._message(parked) for parked in due]
        try:
            producer.send_all(messages)
        except SendError as error:
            logger.warning("retry_send_failed detail=%s", error)
            if error.unknown or not all(self._send_refused(producer, due[i], messages[i]) for i in error.refused):
                return False
        now = self._clock()
        for message, parked in zip(messages, due, strict=True):
            tier = topics.tier_name(self._tiers[parked.record.topic])
            RETRY_SENT.labels(tier, message.topic).inc()
            if parked.failure is not None:
                RETRY_LATENESS.labels(tier).observe(max(0.0, now - parked.due_ms / 1000))
        return True

    def _send_refused(self, producer: SyncProducer, parked: Parked, message: Message) -> bool:
        """Alone: a broker refuses whole batches, in which most are innocent. The guilty become dead letters, without value if need be."""
        refusal = _refusal(producer, message)
        if refusal is not None and not refusal.unknown:
            refusal = _refusal(producer, self._bury(parked.record, str(refusal)))
        if refusal is not None and not refusal.unknown:
            refusal = _refusal(producer, self._bury(parked.record, str(refusal), with_value=False))
        return refusal is None

    def _commit(self, consumer: Consumer, done: Sequence[Parked]) -> None:
        after = {parked.place: parked.record.offset + 1 for parked in done}
        places = [TopicPartition(*place, offset) for place, offset in after.items()]
        try:
            consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:  # the group moved on: the next owner repeats these, which is allowed
            logger.warning("retry_commit_failed detail=%s", error.args[0].str())

    def _assigned(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        self._mine.update((place.topic, place.partition) for place in places)
        consumer.incremental_assign(places)
        # librdkafka keeps a pause for good, also of what was given away meanwhile; nothing of these is waited for yet.
        consumer.resume(places)
        logger.info("retry_assigned partitions=%d", len(places))

    def _revoked(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        gone = [(place.topic, place.partition) for place in places]
        self._mine.difference_update(gone)
        self._waiting.forget(gone)
        consumer.incremental_unassign(places)
        logger.info("retry_revoked partitions=%d", len(places))

    def _measure(self, consumer: Consumer) -> None:
        if self._clock() - self._measured < _MEASURE_SECONDS:
            return
        self._measured = self._clock()
        places = [(place.topic, place.partition) for place in consumer.assignment()]
        try:
            found = depths(self._settings, self._group, self._measured, places)
        except BrokerError as error:
            if not OUTAGE.is_watched:
                logger.warning("retry_measure_failed detail=%s", error)
            return
        for topic, tier in self._tiers.items():
            mine = [depth for depth in found if depth.topic == topic]
            RETRY_RECORDS.labels(topics.tier_name(tier), "waiting").set(sum(depth.waiting for depth in mine))
            RETRY_RECORDS.labels(topics.tier_name(tier), "due").set(sum(depth.due for depth in mine))

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)


def _refusal(producer: SyncProducer, message: Message) -> SendError | None:
    try:
        producer.send_all([message])
    except SendError as error:
        return error
    return None


def _text(record: Record, name: str) -> str:
    return dict(record.headers).get(name, b"").decode(errors="replace")[:100]
