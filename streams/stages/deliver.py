"""deliver.<destination>.<lane> -> the destination: one stage per destination and lane.

The steps for a chunk, in order:

1. read each record; one that cannot be read, or is of another environment, becomes a dead letter
2. plan: stale, already applied, behind a parked command, batches (`batching`)
3. for each batch: wait while the circuit breaker is open (records keep their place, no attempt is counted), then hand it to the sink
4. each delivery has one outcome: applied, already applied, stale, or failed with a reason; `failure.policy` decides what a failure leads to
5. outcomes, key states, retries, dead and held records of the batch are acknowledged by Kafka before the next batch, the last before the offset moves
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import timedelta

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Announcing, Delivery, Outcome, Result, Sink, failed, failed_by
from schemas.codec import Codec
from schemas.headers import decode_headers
from schemas.reasons import Reason
from schemas.record import Message, Record
from schemas.topics import Lane, deliver
from streams.failure.breaker import Breaker, Breakers, State, Wait
from streams.failure.policy import Again
from streams.failure.routing import FailureRouting
from streams.kafka import BrokerError
from streams.observe import metrics
from streams.observe.business import count_outcome
from streams.runtime import Chunk, InfrastructureError, Partition, StageContext, StageLimits
from streams.settings import Settings
from streams.stages.arrivals import Arrived, read
from streams.stages.batching import KeyView, Plan, plan
from streams.stages.canonical import canonical_message
from streams.stages.follow import Follower
from streams.stages.follow_ups import about
from streams.stages.keystate import KeyTable
from streams.stages.last_resort import deliver_or_bury
from streams.stages.outcomes import Verdict, outcome_message
from streams.stages.shares import Owned
from streams.stages.transform import Clock

logger = logging.getLogger(__name__)

_BREAKING = frozenset({Reason.TRANSIENT, Reason.THROTTLED, Reason.AUTH})
_MOST_PROBES = (
    3  # then the record is tried later like any other: perhaps it is the trouble, and another one gets through
)


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one arrived record. `parked`: it waits for a retry."""

    item: Arrived
    messages: tuple[Message, ...]
    view: KeyView | None


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
        self._settings = settings
        self._lane = lane
        self._sink = sink
        self._breakers = breakers
        self._codec = codec
        self._routing = routing
        self._now = now
        self._checksum_key = settings.checksum_key.get_secret_value().encode()
        self._owned = owned or Owned(sink, settings.topics.partitions)
        self._keys = KeyTable(sink.destination, codec)
        self._others = Follower(settings.kafka.librdkafka(), self._keys.topic)

    async def start(self, context: StageContext) -> None:
        """Keep what the runtime hands out."""
        self._producer, self._progress = context.producer, context.progress

    async def stop(self) -> None:
        """Stop following; the sink is closed by who made it."""
        await asyncio.to_thread(self._others.close)

    async def assigned(self, partitions: AbstractSet[Partition]) -> None:
        """Remember what the destination holds of the keys of these partitions."""
        numbers = {partition.partition for partition in partitions}
        self._owned.add(self._lane, numbers)
        await asyncio.to_thread(self._others.follow, numbers)
        for number in numbers:
            count = await self._catch_up(number)
            logger.info("key_state_restored destination=%s partition=%d keys=%d", self._sink.destination, number, count)

    async def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """Forget them: another worker may change them."""
        self._owned.remove(self._lane, {partition.partition for partition in partitions})
        await asyncio.to_thread(self._others.forget, {partition.partition for partition in partitions})
        for partition in partitions:
            self._keys.drop(partition.partition)

    async def process(self, chunk: Chunk) -> None:
        """Every record has its outcome, acknowledged, when this returns."""
        arrived, unreadable = self._read(chunk)
        await self._producer.deliver(unreadable)
        await self._catch_up(chunk.partition)
        views = self._keys.views(chunk.partition)
        planned = plan(arrived, views, self._sink.batch_limit)
        await self._keep(chunk.partition, self._without_sending(planned, views))
        for batch in planned.batches:
            await self._work(chunk.partition, batch)
            self._progress.touch()

    async def failed(self, chunk: Chunk, error: Exception) -> None:
        """A bug of ours, or a record the broker refuses: dead letters with reason bug."""
        for record in chunk.records:
            messages = self._unreadable(record, Reason.BUG, f"{type(error).__name__} in {self.name}")
            await deliver_or_bury(self._producer, messages, self._routing, record, self._sink.destination, self._now())

    async def _catch_up(self, partition: int) -> int:
        """Learn what other lanes wrote of this partition's keys."""
        try:
            records = await asyncio.to_thread(self._others.catch_up, partition)
        except BrokerError as error:
            raise InfrastructureError(str(error)) from error
        known = self._keys.learn(partition, records)
        if torn := self._keys.torn(partition, self._now()):
            logger.info(
                "key_state_told_again destination=%s partition=%d keys=%d", self._sink.destination, partition, len(torn)
            )
            await self._producer.deliver(torn)
        return known

    # -- one batch

    async def _work(self, partition: int, batch: Sequence[Arrived]) -> None:
        """Deliver until each has an outcome that counts; what failed only because the destination is away stays while the breaker is open."""
        pending = list(batch)
        while pending:
            operation = pending[0].delivery.operation
            breaker = self._breakers.of(self._sink.destination, operation)
            probe = await self._let_through(breaker, operation)
            pending = await self._still_due(partition, pending)  # other lanes, and time, may have overtaken them
            now, later = _split(pending, operation)
            if probe:
                now, later = now[:1], now[1:] + later
            if now:
                pending = await self._try(partition, breaker, now, probe) + later

    async def _still_due(self, partition: int, pending: Sequence[Arrived]) -> list[Arrived]:
        """What is still to be sent, with what is known of each key by now; the rest is settled."""
        await self._catch_up(partition)
        views = self._keys.views(partition)
        planned = plan(pending, views, self._sink.batch_limit)
        await self._keep(partition, self._without_sending(planned, views))
        return [item.with_known(views) for part in planned.batches for item in part]

    def _without_sending(self, planned: Plan[Arrived], views: dict[str, KeyView]) -> list[Settled]:
        done = [self._settle(item, views, Outcome(Result.STALE)) for item in planned.stale]
        done += [self._settle(item, views, _already(views[item.delivery.key])) for item in planned.applied]
        return done + [self._wait_behind(item) for item in planned.behind]

    async def _try(self, partition: int, breaker: Breaker, items: list[Arrived], probe: bool) -> list[Arrived]:
        """One call of the sink. Returns what has to be tried again in place because the breaker is open."""
        items = await self._announced(partition, items)
        started = time.monotonic()
        outcomes = await self._outcomes([item.delivery for item in items])
        metrics.SINK_SECONDS.labels(self._sink.destination, items[0].delivery.operation).observe(
            time.monotonic() - started
        )
        for outcome in outcomes:
            if not outcome.of_record:
                breaker.after(time.monotonic(), outcome.reason, outcome.retry_after)
        kept, done = [], []
        for item, outcome in zip(items, outcomes, strict=True):
            tried = replace(item, probes=item.probes + probe)
            if breaker.state is not State.CLOSED and _is_of_destination(tried, outcome):
                kept.append(tried)
            else:
                done.append(self._settle(item, self._keys.views(partition), outcome))
        await self._keep(partition, done)
        return kept

    async def _announced(self, partition: int, items: list[Arrived]) -> list[Arrived]:
        """Tell the other lanes what is going to be sent, then look at what they have told: of two that send at the same moment one knows."""
        sink, now = self._sink, self._now()
        if not isinstance(sink, Announcing):
            return items
        told = {item.delivery.key: item.delivery for item in items if sink.announces(item.delivery)}
        if not told:
            return items
        views = self._keys.views(partition)
        before = {key: views.get(key, KeyView()) for key in told}
        after = {key: self._keys.before(before[key], delivery, now) for key, delivery in told.items()}
        await self._producer.deliver([self._keys.message(key, after[key], now, before[key]) for key in told])
        for key, view in after.items():
            self._keys.remember(partition, key, view)
        await self._catch_up(partition)
        return [item.with_known(self._keys.views(partition)) for item in items]

    async def _let_through(self, breaker: Breaker, operation: str) -> bool:
        """Wait until the breaker lets something through; True = one as a probe. The watchdog is told that this is no stall."""
        gauge = metrics.BREAKER_OPEN.labels(self._sink.destination, operation)
        answer = breaker.before(time.monotonic())
        if isinstance(answer, Wait):
            gauge.set(1)
            logger.warning(
                "breaker_open destination=%s operation=%s lane=%s reason=%s",
                self._sink.destination, operation, self._lane.value, breaker.reason,
            )  # fmt: skip
            with self._progress.paused(f"breaker {self._sink.destination}/{operation}"):
                while isinstance(answer, Wait):
                    await asyncio.sleep(max(0.05, min(answer.until - time.monotonic(), 5.0)))
                    answer = breaker.before(time.monotonic())
        gauge.set(1 if answer.probe else 0)
        return answer.probe

    async def _outcomes(self, batch: list[Delivery]) -> list[Outcome]:
        try:
            outcomes = list(await self._sink.deliver(batch))
        except ConnectorError as error:
            return [failed_by(error)] * len(batch)
        except Exception as error:  # noqa: BLE001 - a bug of the sink must cost as few records as possible
            logger.error(
                "sink_bug destination=%s records=%d kind=%s correlation=%s",
                self._sink.destination, len(batch), type(error).__name__, batch[0].correlation if len(batch) == 1 else "",
            )  # fmt: skip
            if len(batch) > 1:
                halves = (batch[: len(batch) // 2], batch[len(batch) // 2 :])
                return [outcome for half in halves for outcome in await self._outcomes(half)]
            return [failed(Reason.BUG, f"{type(error).__name__} in the {self._sink.destination} sink")]
        if len(outcomes) != len(batch):
            return [
                failed(Reason.BUG, f"the sink answered {len(outcomes)} outcomes for {len(batch)} deliveries")
            ] * len(batch)
        return outcomes

    # -- what follows from an outcome

    def _settle(self, item: Arrived, views: dict[str, KeyView], outcome: Outcome) -> Settled:
        view = views.get(item.delivery.key, KeyView())
        attempt = item.failure.attempt + 1 if item.failure else 1
        verdict = Verdict(
            self._sink.destination, item.delivery.operation, outcome.result.value, "", outcome.detail, outcome.remote_model,
            outcome.remote_id, attempt, self._lane.value, item.status, outcome.job, outcome.notes,
            about(item.delivery.operation, item.delivery.body),
        )  # fmt: skip
        events = self._events(item, outcome)
        count_outcome(self._sink.destination, item.delivery, item.failure, outcome, self._now())
        if outcome.result is Result.SUBMITTED:
            return self._wait_for_job(item, outcome, events, verdict, view)
        if outcome.ok:
            self._count(item, verdict.result)
            after = self._keys.after(
                view,
                item.delivery,
                outcome if outcome.result is not Result.STALE else None,
                parked=False,
                now=self._now(),
            )
            return self._settled(item, events, verdict, view, after)
        reason = outcome.reason or Reason.BUG
        metrics.FAILED.labels(self._sink.destination, item.delivery.operation, reason.value).inc()
        routed = self._routing.route(
            item.record, destination=self._sink.destination, operation=item.delivery.operation, reason=reason,
            detail=outcome.detail, now_ms=self._now_ms(), retry_after=outcome.retry_after, waiting_for=outcome.waiting_for,
        )  # fmt: skip
        parked = isinstance(routed.decision, Again)
        self._count(item, routed.result)
        verdict = replace(verdict, result=routed.result, reason=reason.value, detail=routed.failure.detail)
        return self._settled(
            item,
            (*routed.messages, *events),
            verdict,
            view,
            self._keys.after(view, item.delivery, None, parked, set_aside=not parked, job=outcome.job, now=self._now()),
        )

    def _settled(
        self, item: Arrived, messages: tuple[Message, ...], verdict: Verdict, before: KeyView, after: KeyView
    ) -> Settled:
        now = self._now()
        event = outcome_message(self._codec, item.record.key or b"", item.delivery.account, item.headers, verdict, now)
        if after == before:
            return Settled(item, (*messages, event), None)
        return Settled(item, (*messages, self._keys.message(item.delivery.key, after, now, before), event), after)

    def _wait_for_job(
        self, item: Arrived, outcome: Outcome, events: tuple[Message, ...], verdict: Verdict, view: KeyView
    ) -> Settled:
        """It comes back after the tier that fits, to ask how the job went. That is no failure: no try is counted."""
        self._count(item, verdict.result)
        routed = self._routing.route(
            item.record, destination=self._sink.destination, operation=item.delivery.operation, reason=Reason.TRANSIENT,
            detail=f"waits for {outcome.job}", now_ms=self._now_ms(), behind=timedelta(seconds=outcome.retry_after or 0.0), job=outcome.job,
        )  # fmt: skip
        after = self._keys.after(view, item.delivery, None, parked=True, job=outcome.job, now=self._now())
        return self._settled(item, (*routed.messages, *events), verdict, view, after)

    def _events(self, item: Arrived, outcome: Outcome) -> tuple[Message, ...]:
        """What else the sink learned, as canonical records."""
        return tuple(
            canonical_message(self._codec, event, item.headers, self._checksum_key, is_ours=True)
            for event in outcome.events
        )

    def _wait_behind(self, item: Arrived) -> Settled:
        """A command behind an earlier one of its key: into the same wait, without an attempt."""
        routed = self._routing.route(
            item.record, destination=self._sink.destination, operation=item.delivery.operation, reason=Reason.CONFLICT,
            detail="an earlier command of this key waits for its retry", now_ms=self._now_ms(),
            behind=self._settings.retry.delays()[0],
        )  # fmt: skip
        return Settled(item, routed.messages, None)

    async def _keep(self, partition: int, done: Sequence[Settled]) -> None:
        await self._producer.deliver([message for settled in done for message in settled.messages])
        for settled in done:
            if settled.view is not None:
                self._keys.remember(partition, settled.item.delivery.key, settled.view)

    def _count(self, item: Arrived, result: str) -> None:
        metrics.DELIVERED.labels(self._sink.destination, item.delivery.operation, result).inc()
        if result == "applied" and item.headers.fetched:
            seconds = max(0.0, self._now().timestamp() - item.headers.fetched / 1000)
            metrics.LATENCY.labels(self._sink.destination, item.delivery.operation).observe(seconds)

    # -- reading

    def _read(self, chunk: Chunk) -> tuple[list[Arrived], list[Message]]:
        arrived: list[Arrived] = []
        unreadable: list[Message] = []
        for record in chunk.records:
            try:
                arrived.append(read(record, self._codec, self._settings.environment))
            except ValueError as error:  # DecodeError is one
                unreadable += self._unreadable(record, Reason.DATA, str(error))
        return arrived, unreadable

    def _unreadable(self, record: Record, reason: Reason, detail: str) -> list[Message]:
        destination = self._sink.destination
        routed = self._routing.route(
            record, destination=destination, operation="", reason=reason, detail=detail, now_ms=self._now_ms()
        )
        metrics.FAILED.labels(destination, "", reason.value).inc()
        try:
            headers = decode_headers(record.headers)
        except ValueError:
            return list(routed.messages)
        verdict = Verdict(destination, "", routed.result, reason.value, routed.failure.detail, lane=self._lane.value)
        return [*routed.messages, outcome_message(self._codec, record.key or b"", "", headers, verdict, self._now())]

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


def _is_of_destination(item: Arrived, outcome: Outcome) -> bool:
    """Whether the failure says that the destination is away, so that the record keeps its place and no try is counted (ERR-4).

    Refused credentials are waited out. Of other troubles the record itself may be the cause: one that failed as a probe several times makes
    room, else it would keep the lane closed for ever.
    """
    if outcome.of_record or outcome.reason not in _BREAKING:
        return False
    return outcome.reason is Reason.AUTH or item.probes < _MOST_PROBES


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
