"""The part of Faust that is replaced: what comes out of the consumer, and which offsets are committed.

Faust hands records to an agent one by one and keeps book of each; that costs two tasks per record and commits past an event in flight as soon as
two are open (faust #606). Here one Faust message carries a whole chunk, and the lanes keep book of chunks:

    aiokafka fetch -> getmany: one message per partition and fetch -> Faust's conductor and agent -> lane -> done -> committed

- The topics are subscribed with acks=False, so Faust's own acknowledgement (which also happens when an agent raised) counts for nothing.
- Nothing that was taken from aiokafka's buffer may be dropped without reading it again: aiokafka's position is already behind it. Whatever
  is not handed out (a rebalance began, a seek happened meanwhile) is sought back to.
- A fetch that began before a seek or a rebalance is not trusted: the epoch of its partition has changed.
- A partition without a committed offset begins at its start: Faust's own seek leaves it where the lost fetch ended.

Names of Faust and aiokafka that are used here and are not their public interface are listed in `guards` and checked at start.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aiokafka.errors import KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from mode import get_logger

from schemas.record import Record
from streams.runtime.chunk import Chunk, Partition
from streams.runtime.lanes import Lanes

logger = logging.getLogger(__name__)

RETRY_MS = 1000  # aiokafka's 100 ms, times the consumers of a worker, burn a fifth of a core while a broker is away
FETCH_WAIT_MS = 200  # one request per broker at a time: a long wait for idle partitions would hold up the busy one
_FETCH_SECONDS = 1.0
_FETCH_SECONDS_WHILE_FULL = 0.02  # some lane is full: look again soon whether it has room
_ROOM_SECONDS = 0.5
_AGAIN_SECONDS = 0.2
_COMING_UP_SECONDS = 0.01


class ChunkThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc] # faust ships no types
    """Faust's consumer thread. A fetch takes what each partition has room for at once: a hop between threads is dear on a busy machine."""

    logger = get_logger("faust.consumer")  # mode would log under this module's name, as if it were ours
    _error: Exception | None = None

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # Faust fixes it at 1.5 s
        consumer._retry_backoff_ms = RETRY_MS
        consumer._client._retry_backoff = RETRY_MS / 1000
        return consumer

    async def stop(self) -> None:
        """mode does nothing while the thread is not up yet, and it would go on by itself, calling an event loop that is gone."""
        while self._thread is not None and self._thread.is_alive() and not self._started.is_set():  # noqa: ASYNC110 - set by the thread
            await asyncio.sleep(_COMING_UP_SECONDS)
        await super().stop()

    async def _fetch_records(
        self, consumer: Any, active_partitions: Mapping[TP, int], timeout: float = 0, max_records: int | None = None  # noqa: ASYNC109
    ) -> Mapping[TP, Sequence[Any]]:  # fmt: skip
        """Partition -> records, at most as many as `active_partitions` says for it. Waits for the first ones at most `timeout`."""
        found: dict[TP, Sequence[Any]] = {}
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        try:
            for tp, room in active_partitions.items():
                found.update(await super()._fetch_records(consumer, {tp}, timeout=0, max_records=room))
        except Exception as error:
            if not found:
                raise
            self._error = error  # what was taken before it is handed out first
        if found or not timeout:
            return found
        least = min(active_partitions.values())
        waited: Mapping[TP, Sequence[Any]] = await super()._fetch_records(
            consumer, active_partitions, timeout=timeout, max_records=least
        )
        return waited


class ChunkConsumer(driver.Consumer):  # type: ignore[misc] # faust ships no types
    """Yields chunks, commits what the lanes have done."""

    logger = get_logger("faust.consumer")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lanes: Lanes = self.app.lanes
        self._epochs: Counter[TP] = Counter()
        self._resume_at: dict[TP, int | None] = {}  # where to read on; None = from the start of the partition
        self._unread: set[TP] = set()  # taken from the buffer and not handed out
        self._seeking = asyncio.Lock()
        self.committed: dict[TP, int] = {}  # what the broker has confirmed

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    # Reading

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109 - Faust's signature
        """One fetch: as many chunks of each partition as there is room for. Faust calls this in a loop."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        if self._unread and not await self._read_again():
            await asyncio.sleep(_AGAIN_SECONDS)
            return
        active = self._get_active_partitions()
        rooms = {tp: room for tp in active if (room := self._lanes.room_of(Partition(*tp)))}
        if not rooms:
            await self._wait_for_room()
            return
        epochs = {tp: self._epochs[tp] for tp in rooms}
        left = await self._fetch(rooms, is_full=len(rooms) < len(active))
        pieces = deque(_cut(left, self._lanes.chunk_records))
        try:
            while pieces:
                tp, records = pieces[0]
                if self.flow_active and self._epochs[tp] == epochs[tp]:
                    message = self._to_chunk(tp, records)
                    del pieces[0]
                    yield tp, message
                else:
                    return
        finally:
            self._unread.update(tp for tp, _ in pieces)

    async def _fetch(self, rooms: Mapping[TP, int], *, is_full: bool) -> dict[TP, Sequence[Any]]:
        seconds = _FETCH_SECONDS_WHILE_FULL if is_full else _FETCH_SECONDS
        try:
            return dict(await self._getmany(active_partitions=rooms, timeout=seconds) or {})
        except asyncio.CancelledError:
            self._unread.update(rooms)
            raise

    async def _wait_for_room(self) -> None:
        self._lanes.room.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._lanes.room.wait(), _ROOM_SECONDS)

    async def _read_again(self) -> bool:
        """Seek back to what was taken and not handed out. False when that must be tried again."""
        async with self._seeking:
            for tp in self._unread & self.assignment():
                offset = self._resume_at.get(tp)
                try:
                    await self._seek_back(tp, offset)
                except (KafkaError, TimeoutError) as error:
                    logger.warning("read_again_failed partition=%s error=%s", Partition(*tp), type(error).__name__)
                    return False
                self._unread.discard(tp)
                logger.info("read_again partition=%s offset=%s", Partition(*tp), offset)
            self._unread.clear()
        return True

    async def _seek_back(self, tp: TP, offset: int | None) -> None:
        if offset is None:
            await self._thread.seek_to_beginning(driver.ensure_aiokafka_TP(tp))
        else:
            await self._thread.seek_wait({driver.ensure_aiokafka_TP(tp): offset})

    def _to_chunk(self, tp: TP, records: Sequence[Any]) -> ConsumerMessage:
        first = records[0]
        committed = self.committed.get(tp)
        if committed is not None and first.offset < committed:  # the log was cut back: the broker lost its end
            logger.warning(
                "offsets_went_back partition=%s offset=%d committed=%d", Partition(*tp), first.offset, committed
            )
            self._drop([tp])
        chunk = Chunk(tp.topic, tp.partition, tuple([_to_record(record) for record in records]))
        parcel = self._lanes.take(chunk)
        self._resume_at[tp] = chunk.last_offset + 1
        self._read_offset[tp] = None  # Faust drops what lies before its own read offset; the ticket decides here
        return ConsumerMessage(
            tp.topic, tp.partition, first.offset, first.timestamp / 1000.0, first.timestamp_type, None, None, parcel, None, 0, 0, tp,
            generation_id=self.app.consumer_generation_id,
        )  # fmt: skip

    # Committing

    def _new_offset(self, tp: TP) -> int | None:
        return self._lanes.position(Partition(*tp))

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        for topic, partition in self._lanes.positions():
            tp = TP(topic, partition)
            if topics is None or tp in topics or topic in topics:
                yield tp

    def _should_commit(self, tp: TP, offset: int) -> bool:
        return offset > self.committed.get(tp, -1)

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        confirmed = await self._confirm(offsets)
        if confirmed:
            self.committed.update(offsets)
        return confirmed

    async def _confirm(self, offsets: Mapping[TP, int]) -> bool:
        answer: bool = await super()._commit(offsets)
        return answer

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """A gap in the offsets needs no book-keeping: the chunk after it ends behind it."""

    # Seeking

    async def perform_seek(self) -> None:
        """To the committed offsets, or to the start where there is none; what is out counts no more."""
        async with self._seeking:
            assigned = self.assignment()
            self._drop(assigned)
            for found, offset in (await self.seek_to_committed() if assigned else {}).items():
                tp = TP(found.topic, found.partition)
                self._resume_at[tp] = offset or None
                if offset:
                    self.committed[tp] = offset
                else:
                    await self._seek_back(tp, None)

    async def seek(self, partition: TP, offset: int) -> None:
        """To this offset; what is out of this partition counts no more."""
        self._drop([partition])
        self._resume_at[partition] = offset
        await super().seek(partition, offset)

    def _drop(self, tps: Iterable[TP]) -> None:
        for tp in tps:
            self._epochs[tp] += 1
            self._lanes.forget(Partition(*tp))
            self.committed.pop(tp, None)

    # Coming and going of partitions

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Before Faust resumes the flow, so that the stage's state is on its way when the first chunk arrives."""
        self._lanes.assign({Partition(*tp) for tp in assigned})
        await super().on_partitions_assigned(assigned, generation_id)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Faust stops the flow and calls `wait_empty`; then everything is forgotten. Faust always revokes all partitions."""
        await super().on_partitions_revoked(revoked)
        self._drop(revoked)
        for tp in revoked:
            self._resume_at.pop(tp, None)
            self._unread.discard(tp)
        await self._lanes.revoked()

    async def wait_empty(self) -> None:
        """Finish what is in work and commit it. Called by Faust at every revocation and at the end."""
        await self._lanes.settle(self.app.settle_seconds)
        await self.commit_all()

    async def commit_all(self) -> None:
        """Commit everything that is done by now."""
        await self.maybe_wait_for_commit_to_finish()  # that one may have begun before the last chunk was done
        await self.commit()

    def close(self) -> None:
        """Faust closes the client under a running stop when a rebalance comes in between; our stop ends in order instead."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Faust's stall detector only logs, and takes a paused lane for a stalled one: the watchdog replaces it."""


class ChunkTransport(driver.Transport):  # type: ignore[misc] # faust ships no types
    """Faust's aiokafka transport with this consumer."""

    Consumer = ChunkConsumer


def _cut(batches: Mapping[Any, Sequence[Any]], size: int) -> Iterator[tuple[TP, Sequence[Any]]]:
    for found, records in batches.items():
        tp = TP(found.topic, found.partition)
        for start in range(0, len(records), size):
            yield tp, records[start : start + size]


# A frozen dataclass costs a microsecond to make, as much as librdkafka takes to produce a record; its slots set directly, half of that.
_new_record = Record.__new__
_topic, _partition, _offset, _timestamp, _key, _value, _headers = (
    getattr(Record, name).__set__
    for name in ("topic", "partition", "offset", "timestamp_ms", "key", "value", "headers")
)


def _to_record(source: Any) -> Record:
    record = _new_record(Record)
    _topic(record, source.topic)
    _partition(record, source.partition)
    _offset(record, source.offset)
    _timestamp(record, source.timestamp)
    _key(record, source.key)
    _value(record, source.value)
    headers = source.headers
    if headers and any(content is None for _, content in headers):  # Kafka allows a header without a value
        headers = tuple((name, content or b"") for name, content in headers)
    _headers(record, headers)
    return record
