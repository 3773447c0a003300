"""raw.<source>.<entity>s -> canonical records: map, filter, checksum, dedupe. Pure but for the stage class at the end.

What happens to one raw record, in this order; the first that fits ends it:

    it cannot be read, or not be mapped        -> dead letter of `transform` (data), or (bug) when our code failed
    it says less than what is known already    -> nothing: superseded or duplicate, counted
    an order that is never to be imported      -> outcome `excluded` with the reason
    else                                       -> the canonical record on its topic; an order on `orders` and `orders.current`

One raw record may mean nothing to us (a delivery that has not left yet): then nothing follows. It may mean more than one: a settlement, and what each
order in it brought. Those parts have keys below the raw record's, `KEY:...`, so other partitions; nothing is remembered of them. They go on when the
record of the raw record's own key does, and before it, so that what is known to have gone on has gone on whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Canonical, EntityMapping
from schemas.codec import Codec, DecodeError
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import RawEvent
from schemas.topics import ENTITIES, RAW, raw
from streams.failure.routing import FailureRouting
from streams.kafka import read_to_end
from streams.observe import metrics
from streams.observe.logs import about
from streams.runtime import Chunk, InfrastructureError, Partition, RejectedError, StageContext, StageLimits
from streams.settings import Settings
from streams.stages.canonical import canonical_headers, canonical_message
from streams.stages.dedupe import Draft, Memory, Verdict
from streams.stages.filters import OF_THE_MOMENT, exclusion
from streams.stages.last_resort import deliver_or_bury
from streams.stages.outcomes import Verdict as Ended
from streams.stages.outcomes import outcome_message

if TYPE_CHECKING:
    from schemas.records import Order

logger = logging.getLogger(__name__)

STAGE = "transform"
_MOST_AT_ONCE = 20_000  # messages: a settlement of a big seller has a part for each of 15,000 orders


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
    """One raw record -> the messages that follow from it. `mappings`: raw topic -> the pure mapping of its entity."""

    def __init__(
        self,
        settings: Settings,
        codec: Codec,
        mappings: Mapping[str, EntityMapping],
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
            return self._following(record, item, self._map(record, item), draft)
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
        if raw(event["source"], f"{event['entity']}s") not in self._mappings:
            raise UnreadableError(f"no connector maps entity {event['entity']!r} of {event['source']!r}")
        return Raw(headers, event)

    def _map(self, record: Record, item: Raw) -> Sequence[Canonical]:
        topic = raw(item.event["source"], f"{item.event['entity']}s")
        found, key = self._mappings[topic](item.event["payload"], item.event["account"]), item.event["key"]
        if found and (found[0].key != key or not all(made.key == key or _is_part(made, key) for made in found)):
            # The payload's own id is not told: whatever stands there got past nobody yet, and may be a person's name.
            raise UnreadableError(f"the payload is of another {item.event['entity']} than its record, {key}")
        return found

    def _following(self, record: Record, item: Raw, found: Sequence[Canonical], draft: Draft) -> list[Message]:
        key = item.event["key"]
        own = [
            message for made in found if made.key == key for message in self._judged(record, item, made, draft)
        ]  # fmt: skip
        return [self._part(item, made) for made in found if made.key != key] + own if own else []

    def _part(self, item: Raw, made: Canonical) -> Message:
        return canonical_message(self._codec, made, item.headers, self._checksum_key)

    def _judged(self, record: Record, item: Raw, made: Canonical, draft: Draft) -> list[Message]:
        value = self._codec.encode(made.entity, made.body)
        headers = canonical_headers(made, value, item.headers, self._checksum_key)
        key = record.key or b""
        verdict = draft.judge(key, headers.version, headers.checksum)
        if verdict is not Verdict.NEW and not headers.lane:  # a resync passes: the destination is asked again
            metrics.TRANSFORMED.labels(source=headers.source, result=verdict.value).inc()
            return []
        reason = self._exclusion(made)
        if reason is not None:
            metrics.TRANSFORMED.labels(source=headers.source, result="excluded").inc()
            draft.add(key, headers.version, headers.checksum)
            ended = Ended(STAGE, "import", "excluded", reason, status=made.body.get("status", ""))
            return [outcome_message(self._codec, key, item.event["account"], headers, ended, self.now())]
        metrics.TRANSFORMED.labels(source=headers.source, result="new").inc()
        encoded = encode_headers(headers)
        topics = ENTITIES[made.entity]
        messages = [Message(topics.every, key, value, encoded)] if topics.every != topics.current else []
        if (
            verdict is Verdict.SUPERSEDED
        ):  # asked for by a resync, and older than what is known: it must not become the current state
            return messages
        draft.add(key, headers.version, headers.checksum)
        return [*messages, Message(topics.current, key, value, encoded)]

    def _exclusion(self, made: Canonical) -> str | None:
        if made.entity != "order":
            return None
        reason = exclusion(cast("Order", made.body), self._settings.filters, self._settings.environment)
        return None if reason in OF_THE_MOMENT else reason

    def _headers_or_blank(self, record: Record) -> Headers:
        try:
            return decode_headers(record.headers)
        except ValueError:
            key = (record.key or b"").decode(errors="replace")
            return Headers(record.origin, _source_of(record), "order", 0, "", key, 0, self._settings.environment)


class TransformStage:
    """The stage: one consumer group over the raw topics that have a mapping. What is known of keys is kept for each raw topic apart, for
    workers may share them in any way."""

    name = "causeway.transform"

    def __init__(
        self, settings: Settings, transformer: Transformer, topics: tuple[str, ...], chunk_records: int
    ) -> None:
        self.topics = topics
        self.limits = StageLimits(chunk_records=chunk_records)
        self._settings = settings
        self._transformer = transformer
        self._memories = {topic: Memory() for topic in topics}

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer = context.producer

    async def stop(self) -> None:
        """Nothing of our own to close."""

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Remember what is known of the keys of these partitions (a canonical record has the key, and so the partition, of its raw record)."""
        config = self._settings.kafka.librdkafka()
        numbers = {partition.partition for partition in partitions}
        topics = sorted({_current_of(partition.topic) for partition in partitions})
        known = await asyncio.to_thread(_by_place, lambda: read_to_end(config, topics, partitions=numbers))
        keys = 0
        for topic, number in partitions:
            count = self._memories[topic].restore(number, known.get((_current_of(topic), number), []))
            keys += count
            logger.debug("dedupe_partition_restored topic=%s partition=%d keys=%d", topic, number, count)
        logger.info("dedupe_restored stage=%s partitions=%d keys=%d", STAGE, len(partitions), keys)

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Forget them: another worker may change them."""
        for topic, number in partitions:
            self._memories[topic].drop(number)

    async def process(self, chunk: Chunk) -> None:
        """Everything that follows from these records is acknowledged when this returns."""
        draft = self._memories[chunk.topic].draft(chunk.partition)
        messages: list[Message] = []
        for record in chunk.records:
            messages += self._transformer.messages(record, draft)
            if len(messages) >= _MOST_AT_ONCE:
                await self._tell(messages, chunk.topic)
                messages = []
        await self._tell(messages, chunk.topic)
        draft.keep()

    async def _tell(self, messages: Sequence[Message], raw_topic: str) -> None:
        """What is remembered across restarts is written last: a record whose memory is safe but whose order is not would be dropped as known."""
        remembered = _current_of(raw_topic)
        await self._producer.deliver([message for message in messages if message.topic != remembered])
        await self._producer.deliver([message for message in messages if message.topic == remembered])

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """What the broker refused, or a bug outside the mapping: dead letters."""
        for record in chunk.records:
            messages = self._transformer.failed(record, _reason_of(error), type(error).__name__)
            await deliver_or_bury(
                self._producer, messages, self._transformer.routing, record, STAGE, self._transformer.now()
            )


def raw_topics(mappings: Mapping[str, Mapping[str, EntityMapping]]) -> dict[str, EntityMapping]:
    """Source -> entity -> mapping, as raw topic -> mapping. Raises ValueError for an entity that the topic table does not name."""
    found = {}
    for source, entities in mappings.items():
        for entity, mapping in entities.items():
            if not RAW.get(source, {}).get(entity):
                raise ValueError(f"schemas.topics.RAW names no canonical entity for {entity!r} of {source!r}")
            found[raw(source, f"{entity}s")] = mapping
    return found


def _current_of(raw_topic: str) -> str:
    """The compacted topic of the canonical entity that is made of a raw topic's records."""
    _, source, entities = raw_topic.split(".", 2)
    return ENTITIES[RAW[source][entities.removesuffix("s")]].current


def _by_place(read: Callable[[], object]) -> dict[tuple[str, int], list[Record]]:
    found: dict[tuple[str, int], list[Record]] = {}
    for record in read():  # type: ignore[attr-defined]
        found.setdefault((record.topic, record.partition), []).append(record)
    return found


def _is_part(made: Canonical, key: str) -> bool:
    return made.key.startswith(f"{key}:") and len(made.key) > len(key) + 1


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
