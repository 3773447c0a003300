"""raw.<source>.orders -> orders, orders.current: map, filter, checksum, dedupe. Pure but for the stage class at the end.

What happens to one raw record, in this order; the first that fits ends it:

    it cannot be read, or not be mapped        -> dead letter of `transform` (data), or (bug) when our code failed
    it says less than what is known already    -> nothing: superseded or duplicate, counted
    it is not to be imported                   -> outcome `excluded` with the reason
    else                                       -> the canonical order, on `orders` and `orders.current`
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import OrderMapping
from schemas.checksum import checksum, event_id
from schemas.codec import Codec, DecodeError
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Order, RawEvent
from schemas.topics import ORDERS, ORDERS_CURRENT, raw
from streams.failure.routing import FailureRouting
from streams.kafka import read_to_end
from streams.observe import metrics
from streams.observe.logs import about
from streams.runtime import Chunk, InfrastructureError, Partition, RejectedError, StageContext, StageLimits
from streams.settings import Settings
from streams.stages.dedupe import Draft, Memory, Verdict
from streams.stages.filters import exclusion
from streams.stages.last_resort import deliver_or_bury
from streams.stages.outcomes import Verdict as Ended
from streams.stages.outcomes import outcome_message

logger = logging.getLogger(__name__)

STAGE = "transform"


class UnreadableError(ValueError):
    """The raw record is damaged: says how."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw record, decoded."""

    headers: Headers
    event: RawEvent


class Clock(Protocol):
    """Aware UTC now."""

    def __call__(self) -> datetime: ...


class Transformer:
    """One raw record -> the messages that follow from it. `mappings`: source -> its pure mapping."""

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        mappings: Mapping[str, OrderMapping],
        routing: FailureRouting,
        now: Clock,
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._mappings = mappings
        self.routing = routing
        self.now = now
        self._checksum_key = settings.checksum_key.get_secret_value().encode()

    def messages(self, record: Record, draft: Draft) -> list[Message]:
        """Everything this record leads to; failures included, never an exception."""
        raw_checksum = dict(record.headers).get("checksum", b"").decode(errors="replace")
        if not _is_asked_for(record) and draft.failed_before(record.key or b"", raw_checksum):
            metrics.TRANSFORMED.labels(source=_source_of(record), result="duplicate").inc()
            return []
        try:
            item = self._read(record)
            return self._judged(record, item, self._map(item), draft)
        except UnreadableError as error:
            reason, detail = Reason.DATA, str(error)
        except InfrastructureError:
            raise
        except ConnectorError as error:
            reason, detail = error.reason, str(error)
        except Exception as error:  # noqa: BLE001 - whatever our mapping code did not expect
            with about(record.headers):
                logger.error("transform_bug origin=%s kind=%s", record.origin, type(error).__name__)
            reason, detail = Reason.BUG, f"{type(error).__name__} in the mapping"
        draft.add_failed(record.key or b"", raw_checksum)
        return self.failed(record, reason, detail)

    def failed(self, record: Record, reason: Reason, detail: str) -> list[Message]:
        """To the dead letters of this stage; replay brings it back to the raw topic, through newer code."""
        metrics.TRANSFORMED.labels(source=_source_of(record), result="failed").inc()
        routed = self.routing.route(
            record,
            destination=STAGE,
            operation=STAGE,
            reason=reason,
            detail=detail,
            now_ms=_milliseconds(self.now()),
            target=record.topic,
        )
        key = record.key or b""
        ended = Ended(STAGE, STAGE, routed.result, reason.value, routed.failure.detail)
        return [
            *routed.messages,
            outcome_message(self._codec, key, "", self._headers_or_blank(record), ended, self.now()),
        ]

    def _read(self, record: Record) -> Raw:
        if not record.key:
            raise UnreadableError("the record has no key")
        try:
            headers = decode_headers(record.headers)
            event: RawEvent = self._codec.decode("raw_event", record.value)
        except DecodeError as error:
            raise UnreadableError(f"the raw record cannot be read: {error}") from error
        except ValueError as error:
            raise UnreadableError(str(error)) from error
        if headers.env != self._settings.environment:
            raise UnreadableError(
                f"the record is of environment {headers.env}, this pipeline is {self._settings.environment}"
            )
        if event["source"] not in self._mappings:
            raise UnreadableError(f"no connector maps orders of {event['source']!r}")
        return Raw(headers, event)

    def _map(self, item: Raw) -> Order:
        order = self._mappings[item.event["source"]](item.event["payload"], item.event["account"])
        if order["key"] != item.event["key"]:
            # The payload's own id is not told: whatever stands there got past nobody yet, and may be a person's name.
            raise UnreadableError(f"the payload is of another order than its record, {item.event['key']}")
        return order

    def _judged(self, record: Record, item: Raw, order: Order, draft: Draft) -> list[Message]:
        value = self._codec.encode("order", order)
        headers = self._canonical_headers(item, order, value)
        key = record.key or b""
        verdict = draft.judge(key, headers.version, headers.checksum)
        if verdict is not Verdict.NEW and not headers.lane:  # a resync passes: the destination is asked again
            metrics.TRANSFORMED.labels(source=headers.source, result=verdict.value).inc()
            return []
        reason = exclusion(order, self._settings.filters, self._settings.environment)
        if reason is not None:
            metrics.TRANSFORMED.labels(source=headers.source, result="excluded").inc()
            draft.add(key, headers.version, headers.checksum)
            ended = Ended(STAGE, "import", "excluded", reason, status=order["status"])
            return [outcome_message(self._codec, key, order["account"], headers, ended, self.now())]
        metrics.TRANSFORMED.labels(source=headers.source, result="new").inc()
        encoded = encode_headers(headers)
        messages = [Message(ORDERS, key, value, encoded)]
        if verdict is not Verdict.SUPERSEDED:
            draft.add(key, headers.version, headers.checksum)
            messages.append(Message(ORDERS_CURRENT, key, value, encoded))
        return messages

    def _canonical_headers(self, item: Raw, order: Order, value: bytes) -> Headers:
        # A change dated in the future would make every later, rightly dated one look old: no change is newer than its reading.
        content = checksum(value[5:], self._checksum_key)  # without the schema id, which says nothing about the order
        return replace(
            item.headers,
            id=event_id(order["source"], order["key"], content),
            entity="order",
            version=min(order["version"], item.headers.fetched),
            checksum=content,
        )

    def _headers_or_blank(self, record: Record) -> Headers:
        try:
            return decode_headers(record.headers)
        except ValueError:
            key = (record.key or b"").decode(errors="replace")
            return Headers(record.origin, _source_of(record), "order", 0, "", key, 0, self._settings.environment)


class TransformStage:
    """The stage: one consumer group over the raw topics of all sources."""

    name = "causeway.transform"

    def __init__(
        self, settings: Settings, transformer: Transformer, sources: tuple[str, ...], chunk_records: int
    ) -> None:
        self.topics = tuple(raw(source, "orders") for source in sources)
        self.limits = StageLimits(chunk_records=chunk_records)
        self._settings = settings
        self._transformer = transformer
        self._memory = Memory()

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer = context.producer

    async def stop(self) -> None:
        """Nothing of our own to close."""

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Remember what is known of the keys of these partitions (`orders.current` has the same partition of each key)."""
        numbers = {partition.partition for partition in partitions}
        config = self._settings.kafka.librdkafka()
        known = await asyncio.to_thread(
            _by_partition, lambda: read_to_end(config, [ORDERS_CURRENT], partitions=numbers)
        )
        for number in numbers:
            count = self._memory.restore(number, known.get(number, []))
            logger.info("dedupe_restored partition=%d keys=%d", number, count)

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Forget them: another worker may change them."""
        for partition in partitions:
            self._memory.drop(partition.partition)

    async def process(self, chunk: Chunk) -> None:
        """Everything that follows from these records is acknowledged when this returns."""
        draft = self._memory.draft(chunk.partition)
        messages = [message for record in chunk.records for message in self._transformer.messages(record, draft)]
        await self._producer.deliver(messages)
        draft.keep()

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """What the broker refused, or a bug outside the mapping: dead letters."""
        for record in chunk.records:
            messages = self._transformer.failed(record, _reason_of(error), type(error).__name__)
            await deliver_or_bury(
                self._producer, messages, self._transformer.routing, record, STAGE, self._transformer.now()
            )


def _by_partition(read: Callable[[], object]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for record in read():  # type: ignore[attr-defined]
        found.setdefault(record.partition, []).append(record)
    return found


def _source_of(record: Record) -> str:
    parts = record.topic.split(".")
    return parts[1] if len(parts) > 1 else ""


def _reason_of(error: Exception) -> Reason:
    return Reason.DATA if isinstance(error, RejectedError) else Reason.BUG


def _is_asked_for(record: Record) -> bool:
    """A replay or a resync: somebody wants it to go through again."""
    headers = dict(record.headers)
    return bool(headers.get("lane") or headers.get("replays"))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
