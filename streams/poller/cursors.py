"""How far each flow was read: one record per flow in the compacted topic `poll.cursors`, written by one poller at a time (EVT-3).

A page and its cursor are two writes, in this order: 1. the raw records, acknowledged by all replicas; 2. the cursor. A crash between them
repeats that page; nothing can skip one. Only the cursor is written in a transaction. The raw topics are read by Faust, which must not see
transactions (design: at-least-once, idempotent destinations), and a repeated raw record is harmless; a cursor that goes backwards or jumps
is not. So the transaction is there for its fence: `init_transactions` under the flow's transactional.id makes every earlier producer of that
id fail for good (KIP-98), also one that was stopped for minutes and wakes up believing it owns the flow.

Taking over, in this order:

1. `CursorWriter.open` for every flow of the partition: from now on no predecessor can write, and what it left open is aborted.
2. `read_cursors` to the end of the partition as it then stands, its high watermark, whatever became of the transactions. A cursor says that pages
   are safe, and is sent when they are; so one that was never committed is as true as one that was. Waiting for what is committed would mean waiting
   for the last stable offset, and a broker that dies at the wrong moment leaves a transaction that nobody ends: the offset stands still for good,
   and with it every flow of the partition. (Seen with Kafka 4.3: `kafka-transactions.sh find-hanging`. The flow's next cursor ends it.)
3. Only then the first page.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any, TypedDict

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from connectors.kit.ports import Page
from schemas.codec import Codec
from schemas.headers import DETAIL_LIMIT_CHARACTERS
from schemas.record import Record
from schemas.records import Cursor
from streams.kafka import PRODUCER_DEFAULTS, QUIET, REFUSALS, BrokerError, reader, record_of
from streams.offsets import ends
from streams.outage import OUTAGE, complaints
from streams.poller.errors import CursorError, FencedError
from streams.poller.flows import FlowKey
from streams.runtime.errors import DeliveryError

logger = logging.getLogger(__name__)

ENV = "env"  # header: which environment wrote the cursor (AUTH-7)
TRANSACTION_SECONDS = 60.0
_STEP_SECONDS = 10.0
_FENCES = frozenset({KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED})


class _Trouble(TypedDict):
    failing_since: datetime | None
    failing_reason: str
    failing_detail: str
    next_try: datetime | None


_WELL = _Trouble(failing_since=None, failing_reason="", failing_detail="", next_try=None)


def first_cursor(key: FlowKey, now: datetime) -> Cursor:
    """Of a flow that was never read."""
    return Cursor(
        account=key.owner, flow=key.flow, position="", read_until=None, pages=0, records=0, owner="", at=now, **_WELL
    )  # fmt: skip


def advanced(cursor: Cursor, page: Page, owner: str, now: datetime) -> Cursor:
    """The cursor once this page is safe. In the middle of a window `read_until` stays what it was; the last page of a poll ends what failed."""
    return {
        **(recovered(cursor) if page.last else cursor),
        "position": page.position,
        "read_until": page.read_until or cursor["read_until"],
        "pages": cursor["pages"] + 1,
        "records": cursor["records"] + len(page.items),
        "owner": owner,
        "at": now,
    }


def failing(cursor: Cursor, reason: str, detail: str, now: datetime, next_try: datetime) -> Cursor:
    """The cursor after a poll that failed: what has been read stays, and it says why nothing is being added."""
    trouble = _Trouble(
        failing_since=cursor["failing_since"] or now,
        failing_reason=reason,
        failing_detail=detail[:DETAIL_LIMIT_CHARACTERS],
        next_try=next_try,
    )
    return {**cursor, **trouble}


def recovered(cursor: Cursor) -> Cursor:
    """The cursor after a poll that read to the end."""
    return {**cursor, **_WELL}


class CursorWriter:
    """Writes one flow's cursor. Blocking: call it from a thread, one call at a time. `at_step` is told when a record is sent but not committed."""

    def __init__(self, config: Mapping[str, Any], transaction: str, topic: str, at_step: Callable[[str], None]) -> None:
        self._config = {
            **PRODUCER_DEFAULTS,
            "transaction.timeout.ms": int(TRANSACTION_SECONDS * 1000),
            "message.timeout.ms": int(TRANSACTION_SECONDS * 1000),
            **config,
            "transactional.id": transaction,
            "error_cb": complaints(config),
        }
        self._topic = topic
        self._at_step = at_step
        self._producer: Producer | None = None

    def open(self) -> None:
        """Fence whoever wrote this cursor before. Raises DeliveryError when the cluster cannot be reached: try again."""
        producer = Producer(self._config)
        self._repeat("open", lambda: producer.init_transactions(_STEP_SECONDS))
        self._producer = producer

    def write(self, key: bytes, value: bytes, headers: Mapping[str, str]) -> None:
        """Write and return when it counts.

        Raises FencedError when another poller has taken over, DeliveryError when it was surely not written, CursorError when nobody knows.
        """
        if self._producer is None:
            raise CursorError("the cursor's producer is not open")
        producer = self._producer
        encoded: Any = [(name, text.encode()) for name, text in headers.items()]
        try:
            producer.begin_transaction()
            producer.produce(self._topic, value, key, headers=encoded)
            if producer.flush(_STEP_SECONDS) and not OUTAGE.is_watched:
                logger.warning("cursor_slow topic=%s waited_seconds=%.0f", self._topic, _STEP_SECONDS)
            self._at_step("cursor_sent")
            self._repeat("commit", lambda: producer.commit_transaction(_STEP_SECONDS))
        except KafkaException as error:
            self._give_up(producer, error.args[0])

    def close(self) -> None:
        """Let go; an open transaction is aborted by the next owner or the broker."""
        self._producer = None

    def _repeat(self, what: str, action: Callable[[], Any]) -> None:
        """Some calls of a transaction say "again" until they are through."""
        deadline = time.monotonic() + TRANSACTION_SECONDS
        while True:
            try:
                action()
            except KafkaException as error:
                cause: KafkaError = error.args[0]
                if not cause.retriable() or time.monotonic() > deadline:
                    if what == "open":
                        raise DeliveryError(
                            f"the cursor cannot be taken over: {cause.name()}: {cause.str()}"
                        ) from error
                    raise
            else:
                return

    def _give_up(self, producer: Producer, cause: KafkaError) -> None:
        text = f"{cause.name()}: {cause.str()}"
        if cause.code() in _FENCES:
            raise FencedError(f"another poller has taken over: {text}")
        if cause.fatal() or not cause.txn_requires_abort():
            raise CursorError(f"the cursor may or may not be written: {text}")
        try:
            self._repeat("abort", lambda: producer.abort_transaction(_STEP_SECONDS))
        except KafkaException as error:
            if error.args[0].code() in _FENCES:
                raise FencedError(f"another poller has taken over: {error.args[0].str()}") from error
            raise CursorError(f"the cursor's transaction cannot be ended: {error.args[0].str()}") from error
        raise DeliveryError(f"the cursor was not written: {text}")


def read_cursors(
    config: Mapping[str, Any], topic: str, partitions: Collection[int], limit_seconds: float
) -> dict[bytes, Record]:
    """The newest cursor record of each key in those partitions, committed or not. Blocking.

    Raises BrokerError when the end is not reached within the limit: a cursor that is not surely the newest is never used.
    """
    waiting = _ends(config, topic, partitions)
    newest: dict[bytes, Record] = {}
    consumer = reader(config)
    deadline = time.monotonic() + limit_seconds
    try:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in partitions])
        while waiting:
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"{topic} was not read to its end within {limit_seconds:.0f} s: partitions {sorted(waiting)}"
                )
            consumed = consumer.poll(0.5)
            if consumed is None:
                continue
            error = consumed.error()
            if error is None:
                record = record_of(consumed)
                newest[record.key or b""] = record
            elif error.code() == KafkaError._PARTITION_EOF:
                partition, offset = consumed.partition(), consumed.offset()
                if partition is not None and offset is not None and offset >= waiting.get(partition, 0):
                    waiting.pop(partition, None)
            elif error.fatal() or error.code() in REFUSALS:
                raise BrokerError(f"Kafka stopped reading {topic}: {error.str()}")
    finally:
        consumer.close()
    return {key: record for key, record in newest.items() if record.value is not None}


def decode_cursor(codec: Codec, record: Record) -> Cursor:
    """Raises DecodeError: a cursor that cannot be read must stop the flow, starting anew is for a person to decide."""
    cursor: Cursor = codec.decode("cursor", record.value)
    return cursor


def _ends(config: Mapping[str, Any], topic: str, partitions: Collection[int]) -> dict[int, int]:
    """High watermarks: where committed, open and aborted records end alike."""
    try:
        found = ends(AdminClient({**QUIET, **config}), [(topic, partition) for partition in partitions])
    except KafkaException as error:
        raise BrokerError(f"Kafka cannot say where {topic} ends: {error.args[0].str()}") from error
    return {partition: offset for (_, partition), offset in found.items()}
