"""A stage that folds records into a ledger of each key and tells what follows; its ledgers are restored from their compacted topic.

All that is about a key meets in one partition. What follows from a chunk is acknowledged first, its ledgers after that: a repeat after a crash
finds the ledger as it was and says the same again, with a newer version, which destinations take as already applied. The other way round it
would find everything told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import ClassVar, Generic

from schemas.checksum import event_id
from schemas.codec import Codec
from schemas.headers import Headers, decode_headers, encode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.records import Approval
from schemas.topics import APPROVALS
from streams.failure.routing import FailureRouting
from streams.kafka import read_to_end
from streams.runtime import Chunk, Partition, StageContext, StageLimits
from streams.settings import Settings
from streams.stages.last_resort import deliver_or_bury
from streams.stages.ledgers import Draft, Ledger, Ledgers
from streams.stages.transform import Clock


class LedgerStage(Generic[Ledger]):
    """What such stages share. One says which it is by the names below, and what a record comes to by `_taken`.

    name, topics  as `runtime.Stage`; the topics and the ledger's have the same partition of a key
    stage         what it is called in dead letters
    schema        of its ledgers
    ledger        the topic they lie in
    """

    name: ClassVar[str]
    topics: tuple[str, ...]
    stage: ClassVar[str]
    schema: ClassVar[str]
    ledger: ClassVar[str]

    def __init__(self, settings: Settings, codec: Codec, routing: FailureRouting, now: Clock) -> None:
        self.limits = StageLimits(chunk_records=settings.stage.chunk_records)
        self._settings = settings
        self._codec = codec
        self._routing = routing
        self._now = now
        self._checksum_key = settings.checksum_key.get_secret_value().encode()
        self._books: Ledgers[Ledger] = Ledgers(codec, self.schema, self.ledger)
        self._lock = asyncio.Lock()  # each topic has partitions of its own, which are worked on side by side

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer = context.producer

    async def stop(self) -> None:
        """Nothing of our own to close."""

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Remember what is known of the keys of these partitions."""
        numbers = {partition.partition for partition in partitions if partition.partition not in self._books}
        if not numbers:
            return
        config = self._settings.kafka.librdkafka()
        records = await asyncio.to_thread(lambda: list(read_to_end(config, [self.ledger], partitions=numbers)))
        async with self._lock:
            for number in numbers:
                self._books.open(number)
            for record in records:
                self._books.learn(record)
            for number in numbers:
                self._restored(number)

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Forget them: another worker may change them."""
        async with self._lock:
            for partition in partitions:
                self._books.drop(partition.partition)
                self._dropped(partition.partition)

    async def process(self, chunk: Chunk) -> None:
        """Everything that follows, and every ledger, is acknowledged when this returns."""
        async with self._lock:
            books = self._books.draft(chunk.partition)
            messages: list[Message] = []
            for record in chunk.records:
                messages += self._messages(record, books)
            await self._keep(messages, books)

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """What the broker refused, or a bug: dead letters."""
        for record in chunk.records:
            messages = self._route(record, Reason.BUG, type(error).__name__)
            await deliver_or_bury(self._producer, messages, self._routing, record, self.stage, self._now())

    def _taken(self, record: Record, headers: Headers, books: Draft[Ledger]) -> list[Message]:
        """What a record comes to; its ledger is put into `books`. Raises ValueError for what cannot be read: it becomes a dead letter."""
        raise NotImplementedError

    def _restored(self, partition: int) -> None:
        """The ledgers of a partition are there."""

    def _dropped(self, partition: int) -> None:
        """A partition is not ours any more."""

    def _messages(self, record: Record, books: Draft[Ledger]) -> list[Message]:
        try:
            headers = decode_headers(record.headers)
            self._check_environment(headers)
            return self._taken(record, headers, books)
        except ValueError as error:  # DecodeError is one
            return self._route(record, Reason.DATA, str(error))

    def _check_environment(self, headers: Headers) -> None:
        if headers.env != self._settings.environment:
            raise ValueError(f"the record is of environment {headers.env}, not of {self._settings.environment}")

    async def _keep(self, messages: Sequence[Message], books: Draft[Ledger]) -> None:
        ledgers = books.messages()
        await self._producer.deliver(messages)
        await self._producer.deliver(ledgers)
        books.keep(ledgers)

    def _proposal(self, approval: Approval, cause: Headers) -> Message:
        headers = replace(
            cause, id=event_id("approval", approval["proposal"], approval["state"]), entity="approval", lane=""
        )
        return Message(
            APPROVALS, approval["key"].encode(), self._codec.encode("approval", approval), encode_headers(headers)
        )

    def _route(self, record: Record, reason: Reason, detail: str, waiting_for: str = "") -> list[Message]:
        routed = self._routing.route(
            record, destination=self.stage, operation=self.stage, reason=reason, detail=detail,
            now_ms=int(self._now().timestamp() * 1000), target=record.topic, waiting_for=waiting_for,
        )  # fmt: skip
        return list(routed.messages)
