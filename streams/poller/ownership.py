"""Membership in the pollers' consumer group: which partitions of `poll.commands` are ours, what stands in them, what of it is done.

A thread of its own talks to librdkafka; everything else happens in the event loop. The thread

    assigned   tells the loop and goes on
    revoked    tells the loop and waits until those flows have ended (bounded): only then does the group give them to another poller
    lost       the same; the group has given them away already, the cursor's fence makes that safe
    record     hands it to the loop

Every few seconds the thread asks the loop for an answer. A loop that gives none (a connector blocks it) polls nothing, so the thread leaves
the group and others take over; nobody would notice otherwise, for librdkafka goes on sending heartbeats.

Assignment is cooperative: flows that stay here are not interrupted by a rebalance.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.record import Record
from streams.kafka import QUIET, BrokerError, record_of
from streams.outage import complaints
from streams.poller.settings import PollSettings

logger = logging.getLogger(__name__)

_POLL_SECONDS = 0.2
_COMMITTED_SECONDS = 10.0
ANSWER_SECONDS = 5.0
_GIVE_UP_SECONDS = 60.0  # longest that flows may take to end; far below max.poll.interval.ms


class Handler(Protocol):
    """What the event loop does about it."""

    async def assigned(self, partitions: Sequence[int]) -> None: ...
    async def revoked(self, partitions: Sequence[int]) -> None: ...
    async def received(self, record: Record) -> None: ...
    async def answer(self) -> None: ...


def consumer_config(kafka: Mapping[str, Any], group: str, settings: PollSettings) -> dict[str, Any]:
    """librdkafka's words for a member of the group."""
    config = {
        **QUIET,
        **kafka,
        "group.id": group,
        "client.id": "causeway-poller",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": int(settings.session_seconds * 1000),
        "heartbeat.interval.ms": int(settings.session_seconds * 1000 / 6),
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",  # wishes made before the first poller ever ran are wishes
        "error_cb": complaints(kafka),
    }
    return config | ({"group.instance.id": settings.instance} if settings.instance else {})


class Member:
    """One member. `run` is the thread; the other methods may be called from anywhere."""

    def __init__(
        self, config: Mapping[str, Any], topic: str, handler: Handler, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._config = dict(config)
        self._topic = topic
        self._handler = handler
        self._loop = loop
        self._todo: queue.SimpleQueue[Callable[[Consumer], object]] = queue.SimpleQueue()
        self._is_stopping = False
        self._is_deaf = False
        self._patience_seconds = float(config["session.timeout.ms"]) / 1000
        self._answered_at = time.monotonic()

    def run(self) -> None:
        """Take part until stopped, then leave the group, so that others take over at once. Raises BrokerError when that is not possible any more."""
        consumer = Consumer(self._config)
        consumer.subscribe([self._topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)
        try:
            while not self._is_stopping:
                self._work_off(consumer)
                self._ask_loop()
                consumed = consumer.poll(_POLL_SECONDS)
                if consumed is None:
                    continue
                error = consumed.error()
                if error is None:
                    self._in_loop(self._handler.received(record_of(consumed)))
                elif error.fatal():
                    raise BrokerError(f"the group {self._config['group.id']} cannot be kept: {error.str()}")
                else:
                    logger.warning("poll_consumer code=%s detail=%s", error.name(), error.str())
        finally:
            self._work_off(consumer)
            consumer.close()  # gives the partitions back through `_revoked`

    def stop(self) -> None:
        """End `run` soon."""
        self._is_stopping = True

    def commit(self, partition: int, offset: int) -> None:
        """Everything below this offset is done. What cannot be committed is done again by the next owner."""
        self._todo.put(lambda consumer: self._commit(consumer, partition, offset))

    async def is_ours(self, partition: int) -> bool:
        """Whether the group's coordinator takes a commit of this partition from us; it takes none from a member it has replaced."""
        answer: asyncio.Future[bool] = self._loop.create_future()

        def settle(confirmed: bool) -> None:
            if not answer.done():
                answer.set_result(confirmed)

        def ask(consumer: Consumer) -> None:
            self._loop.call_soon_threadsafe(settle, self._is_confirmed(consumer, partition))

        self._todo.put(ask)
        return await answer

    def pause(self, partition: int) -> None:
        """Hand over no more of this partition for now."""
        self._todo.put(lambda consumer: _quietly(consumer.pause, TopicPartition(self._topic, partition)))

    def resume(self, partition: int) -> None:
        """Hand over again."""
        self._todo.put(lambda consumer: _quietly(consumer.resume, TopicPartition(self._topic, partition)))

    def _work_off(self, consumer: Consumer) -> None:
        while True:
            try:
                action = self._todo.get_nowait()
            except queue.Empty:
                return
            action(consumer)

    def _commit(self, consumer: Consumer, partition: int, offset: int) -> bool:
        try:
            places = consumer.commit(offsets=[TopicPartition(self._topic, partition, offset)], asynchronous=False)
            error = next((place.error for place in places or () if place.error), None)
        except KafkaException as raised:
            error = raised.args[0]
        if error is not None:
            logger.warning("poll_commit_failed partition=%d detail=%s", partition, error.str())
        return error is None

    def _is_confirmed(self, consumer: Consumer, partition: int) -> bool:
        """The offset stays what it is."""
        try:
            if all(place.partition != partition for place in consumer.assignment()):
                return False
            (known,) = consumer.committed([TopicPartition(self._topic, partition)], timeout=_COMMITTED_SECONDS)
        except KafkaException as error:
            logger.warning("poll_group_silent partition=%d detail=%s", partition, error.args[0].str())
            return False
        return self._commit(consumer, partition, max(known.offset, 0))  # none yet: from the beginning, as without one

    def _ask_loop(self) -> None:
        if time.monotonic() - self._answered_at < ANSWER_SECONDS:
            return
        try:
            self._in_loop(self._handler.answer(), self._patience_seconds)
        except TimeoutError:
            self._is_deaf = True
            text = f"the event loop has not answered for {self._patience_seconds:.0f} s: leaving the group"
            logger.critical("poll_loop_hangs waited_seconds=%.0f", self._patience_seconds)
            raise BrokerError(text) from None
        self._answered_at = time.monotonic()

    def _assigned(self, _consumer: Consumer, places: list[TopicPartition]) -> None:
        numbers = [place.partition for place in places]
        logger.info("poll_assigned partitions=%s", numbers)
        self._in_loop(self._handler.assigned(numbers))

    def _revoked(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        numbers = [place.partition for place in places]
        logger.info("poll_revoked partitions=%s", numbers)
        self._in_loop(self._handler.revoked(numbers))
        self._work_off(consumer)

    def _lost(self, _consumer: Consumer, places: list[TopicPartition]) -> None:
        numbers = [place.partition for place in places]
        logger.error("poll_lost partitions=%s", numbers)
        self._in_loop(self._handler.revoked(numbers))

    def _in_loop(self, action: Any, limit_seconds: float = _GIVE_UP_SECONDS) -> None:
        done = asyncio.run_coroutine_threadsafe(action, self._loop)
        if not self._is_deaf:  # else nothing can be waited for; the cursor's fence makes that safe
            done.result(limit_seconds)


def _quietly(action: Callable[[list[TopicPartition]], None], place: TopicPartition) -> None:
    """Pausing a partition that was given up meanwhile is no trouble."""
    try:
        action([place])
    except KafkaException as error:
        logger.debug("poll_pause_skipped detail=%s", error.args[0].str())
