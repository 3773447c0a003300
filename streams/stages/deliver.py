"""deliver.<destination>.<lane> -> the destination: one stage per destination and lane.

The steps for a chunk, in order:

1. read each record; one that cannot be read, or is of another environment, becomes a dead letter
2. plan: stale (also a command of which a newer record is published, see `facts`), already applied, behind a parked command, batches (`batching`)
3. for each batch: wait while the circuit breaker is open (records keep their place, no attempt is counted), then hand it to the sink (`sending`)
4. each delivery has one outcome: applied, already applied, stale, failed with a reason; `failure.policy` decides what failing leads to (`settling`)
5. outcomes, key states, retries, dead and held records of the batch are acknowledged by Kafka before the next batch, the last before the offset moves
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from connectors.kit.ports import Announcing, Outcome, Result, Sink
from schemas.codec import Codec
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.topics import SUPPLIERS, Lane, deliver
from streams.failure.breaker import Breakers
from streams.failure.routing import FailureRouting
from streams.kafka import BrokerError
from streams.runtime import Chunk, InfrastructureError, Partition, StageContext, StageLimits
from streams.settings import Settings
from streams.stages.arrivals import Arrived, read
from streams.stages.batching import KeyView, Plan, plan
from streams.stages.facts import TOPIC as FACTS
from streams.stages.facts import NewestFacts
from streams.stages.follow import Follower
from streams.stages.keystate import KeyTable
from streams.stages.last_resort import deliver_or_bury
from streams.stages.sending import Sending
from streams.stages.settling import Settled, Settling
from streams.stages.shares import Owned
from streams.stages.transform import Clock

logger = logging.getLogger(__name__)

_PASSED_BY = 1000  # records of the other partitions that are kept unread at most, each


class DeliverStage:
    """The stage: one consumer group over one lane of one destination. The sink and the breakers are shared by the lanes of a process."""

    def __init__(
        self, settings: Settings, lane: Lane, sink: Sink, breakers: Breakers, codec: Codec,
        routing: FailureRouting, now: Clock, owned: Owned | None = None,
    ) -> None:  # fmt: skip
        self.name = f"causeway.deliver.{sink.destination}.{lane.value}"
        self.topics: tuple[str, ...] = (deliver(sink.destination, lane),)
        self.limits = StageLimits(
            chunk_records=min(settings.stage.chunk_records, 4 * sink.batch_limit), work_seconds=900
        )
        self._lane = lane
        self._sink = sink
        self._codec = codec
        self._routing = routing
        self._now = now
        self._environment = settings.environment
        self._owned = owned or Owned(sink, settings.topics.partitions)
        self._keys = KeyTable(sink.destination, codec)
        self._others = Follower(settings.kafka.librdkafka(), self._keys.topic)
        is_supplier = sink.destination in SUPPLIERS
        self._facts = NewestFacts(Follower(settings.kafka.librdkafka(), FACTS)) if is_supplier else None
        self._followed: tuple[Follower | NewestFacts, ...] = (self._others, *((self._facts,) if self._facts else ()))
        self._sending = Sending(sink, lane, breakers)
        self._settling = Settling(sink.destination, lane, settings, codec, routing, self._keys, now)

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer, self._progress = context.producer, context.progress

    async def stop(self) -> None:
        """Stop following; the sink is closed by who made it."""
        for reads in self._followed:
            await asyncio.to_thread(reads.close)

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Remember what the destination holds of the keys of these partitions."""
        numbers = {partition.partition for partition in partitions}
        self._owned.add(self._lane, numbers)
        for reads in self._followed:
            await asyncio.to_thread(reads.follow, numbers)
        keys = 0
        for number in numbers:
            count = await self._catch_up(number)
            keys += count
            logger.debug("key_state_partition_restored stage=%s partition=%d keys=%d", self.name, number, count)
        logger.info("key_state_restored stage=%s partitions=%d keys=%d", self.name, len(numbers), keys)

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Forget them: another worker may change them."""
        numbers = {partition.partition for partition in partitions}
        self._owned.remove(self._lane, numbers)
        for reads in self._followed:
            await asyncio.to_thread(reads.forget, numbers)
        for number in numbers:
            self._keys.drop(number)

    async def process(self, chunk: Chunk) -> None:
        """Every record has its outcome, acknowledged, when this returns."""
        arrived, unreadable = self._read(chunk)
        await self._producer.deliver(unreadable)
        await self._catch_up(chunk.partition)
        views = self._keys.views(chunk.partition)
        planned = plan(arrived, views, self._sink.batch_limit, self._newest(chunk.partition))
        await self._keep(chunk.partition, self._without_sending(planned, views))
        for batch in planned.batches:
            await self._work(chunk.partition, batch)
            self._progress.touch()

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """A bug of ours, or a record the broker refuses: dead letters with reason bug."""
        for record in chunk.records:
            messages = self._settling.unreadable(record, Reason.BUG, f"{type(error).__name__} in {self.name}")
            await deliver_or_bury(self._producer, messages, self._routing, record, self._sink.destination, self._now())

    async def _catch_up(self, partition: int) -> int:
        """Learn what other lanes wrote of this partition's keys."""
        try:
            records, passed_by = await asyncio.to_thread(self._read_others, partition)
        except BrokerError as error:
            raise InfrastructureError(str(error)) from error
        for other, passed in passed_by.items():
            if self._keys.has(other):
                self._keys.learn(other, passed)
        known = self._keys.learn(partition, records)
        if torn := self._keys.torn(partition, self._now()):
            logger.info(
                "key_state_told_again destination=%s partition=%d keys=%d", self._sink.destination, partition, len(torn)
            )
            await self._producer.deliver(torn)
        return known

    def _read_others(self, partition: int) -> tuple[list[Record], dict[int, list[Record]]]:
        """New of this partition, and what was read of others on the way. Called in a thread."""
        if self._facts is not None:
            self._facts.catch_up(partition)
        return self._others.catch_up(partition), self._others.passed_by(_PASSED_BY)

    def _newest(self, partition: int) -> Mapping[str, int]:
        return self._facts.of(partition) if self._facts is not None else {}

    # -- one batch

    async def _work(self, partition: int, batch: Sequence[Arrived]) -> None:
        """Deliver until each has an outcome that counts; what failed only because the destination is away stays while the breaker is open."""
        pending = list(batch)
        while pending:
            operation = pending[0].delivery.operation
            probe = await self._sending.let_through(operation, self._progress)
            pending = await self._still_due(partition, pending)  # other lanes, and time, may have overtaken them
            now, later = _split(pending, operation)
            if probe:
                now, later = now[:1], now[1:] + later
            if now:
                pending = await self._try(partition, now, probe) + later

    async def _still_due(self, partition: int, pending: Sequence[Arrived]) -> list[Arrived]:
        """What is still to be sent, with what is known of each key by now; the rest is settled."""
        await self._catch_up(partition)
        views = self._keys.views(partition)
        planned = plan(pending, views, self._sink.batch_limit, self._newest(partition))
        await self._keep(partition, self._without_sending(planned, views))
        return [item.with_known(views) for part in planned.batches for item in part]

    def _without_sending(self, planned: Plan[Arrived], views: dict[str, KeyView]) -> list[Settled]:
        done = [self._settling.settle(item, views, _stale(item)) for item in planned.stale]
        done += [self._settling.settle(item, views, _already(views[item.delivery.key])) for item in planned.applied]
        return done + [self._settling.wait_behind(item) for item in planned.behind]

    async def _try(self, partition: int, items: list[Arrived], probe: bool) -> list[Arrived]:
        """One call of the sink. Returns what has to be tried again in place because the breaker is open."""
        items, opened = await self._announced(partition, items)
        outcomes = await self._sending.send([item.delivery for item in items])
        kept, done, unsent = [], [], {}
        for item, outcome in zip(items, outcomes, strict=True):
            tried = replace(item, probes=item.probes + probe)
            if self._sending.keeps_its_place(item.delivery.operation, outcome, tried.probes):
                kept.append(tried)
                if not outcome.job and (jobs := opened.get(item.delivery.key)):
                    unsent[item.delivery.key] = jobs
            else:
                done.append(self._settling.settle(item, self._keys.views(partition), outcome))
        await self._keep(partition, done)
        await self._take_back(partition, unsent)
        return kept

    async def _take_back(self, partition: int, unsent: Mapping[str, AbstractSet[str]]) -> None:
        """What was announced and refused is not under way: else the next try would take it for what a process left that has died."""
        views = self._keys.views(partition)
        await self._tell(
            partition, {key: replace(views[key], jobs=views[key].jobs - jobs) for key, jobs in unsent.items()}
        )

    async def _tell(self, partition: int, after: Mapping[str, KeyView]) -> None:
        """The other lanes what is known of keys from now on; then it is known here."""
        views, now = self._keys.views(partition), self._now()
        await self._producer.deliver(
            [self._keys.message(key, view, now, views.get(key, KeyView())) for key, view in after.items()]
        )
        for key, view in after.items():
            self._keys.remember(partition, key, view)

    async def _announced(
        self, partition: int, items: list[Arrived]
    ) -> tuple[list[Arrived], Mapping[str, AbstractSet[str]]]:
        """Tell the other lanes what is going to be sent, then look at what they have told: of two that send at the same moment one knows.

        Also key -> what was announced now.
        """
        sink, now = self._sink, self._now()
        if not isinstance(sink, Announcing):
            return items, {}
        told = {item.delivery.key: item.delivery for item in items if sink.announces(item.delivery)}
        if not told:
            return items, {}
        views = self._keys.views(partition)
        before = {key: views.get(key, KeyView()) for key in told}
        after = {key: self._keys.before(before[key], delivery, now) for key, delivery in told.items()}
        await self._tell(partition, after)
        await self._catch_up(partition)
        opened = {key: after[key].jobs - before[key].jobs for key in told}
        return [item.with_known(self._keys.views(partition)) for item in items], opened

    async def _keep(self, partition: int, done: Sequence[Settled]) -> None:
        await self._producer.deliver([message for settled in done for message in settled.messages])
        for settled in done:
            if settled.view is not None:
                self._keys.remember(partition, settled.item.delivery.key, settled.view)

    # -- reading

    def _read(self, chunk: Chunk) -> tuple[list[Arrived], list[Message]]:
        arrived: list[Arrived] = []
        unreadable: list[Message] = []
        for record in chunk.records:
            try:
                arrived.append(read(record, self._codec, self._environment))
            except ValueError as error:  # DecodeError is one
                unreadable += self._settling.unreadable(record, Reason.DATA, str(error))
        return arrived, unreadable


def _stale(item: Arrived) -> Outcome:
    return Outcome(Result.STALE, detail="it has been changed since" if item.delivery.is_command else "")


def _already(view: KeyView) -> Outcome:
    known = view.known
    return Outcome(
        Result.ALREADY_APPLIED,
        remote_model=known.remote_model if known else "",
        remote_id=known.remote_id if known else "",
    )


def _split(items: list[Arrived], operation: str) -> tuple[list[Arrived], list[Arrived]]:
    same = [item for item in items if item.delivery.operation == operation]
    return same, [item for item in items if item.delivery.operation != operation]
