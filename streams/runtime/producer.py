"""One librdkafka producer per process: hand it a list of messages, wait until the broker has acknowledged every one.

Delivery reports are collected by polling from the event loop while something is outstanding, not from a thread of its own: each report takes
Python's lock once, and a thread doing that beside a busy loop waits for the lock again and again (up to 5 ms each time). From the loop a
report costs less than a microsecond.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException

from schemas.record import Message
from streams.outage import complaints
from streams.runtime.errors import DeliveryError, RejectedError
from streams.runtime.logs import LIBRDKAFKA

logger = logging.getLogger(__name__)
library = logging.getLogger(LIBRDKAFKA)

DEFAULTS: Mapping[str, Any] = {
    "log_level": 2,  # what is not critical comes through `error_cb`
    "enable.idempotence": True,  # implies acks=all and keeps order within a partition across retries
    "acks": "all",
    "linger.ms": 2,  # a whole chunk is handed over at once, so there is little to wait for
    "compression.type": "lz4",
    "partitioner": "murmur2_random",  # the Java clients' choice: a key has the same partition whoever writes it
    "message.max.bytes": 5 * 1024 * 1024,  # a record wrapped as a delivery or a dead letter is larger than it was
    "message.timeout.ms": 120_000,  # longer than a broker restart, shorter than a chunk may take
    "queue.buffering.max.messages": 200_000,
    "queue.buffering.max.kbytes": 262_144,
}

# What the broker (or the client on its behalf) says of a record that no retry will mend.
_REJECTED = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG_SIZE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
    }
)
_POLL_SECONDS = 0.001
_IDLE_POLL_SECONDS = 1.0
_STUCK_SECONDS, _STUCK_POLL_SECONDS = 1.0, 0.05  # nobody answers: no reason to ask a thousand times a second


class Producer:
    """Delivers messages. Opened by `start` (or the first delivery), closed by `stop`. For one event loop."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = {**DEFAULTS, **config, "error_cb": complaints(config), "logger": library}
        self._producer: confluent_kafka.Producer | None = None
        self._busy: asyncio.Task[None] | None = None
        self._idle: asyncio.Task[None] | None = None

    @property
    def outstanding(self) -> int:
        """Messages handed over and not yet acknowledged."""
        return len(self._producer) if self._producer is not None else 0

    async def start(self) -> None:
        """Open the producer. Connects in the background; an unreachable broker shows when delivering."""
        self._open()

    async def deliver(self, messages: Sequence[Message]) -> None:
        """Send all and return when the broker has acknowledged all; order is kept within each partition.

        Raises RejectedError when the broker refuses a message for what it is, DeliveryError when it could not be reached in time or refuses
        for any other reason. Either way some of the messages may have been written. A full buffer is waited out.
        """
        if not messages:
            return
        batch = _Batch(asyncio.get_running_loop().create_future(), len(messages))
        handed_over = await self._hand_over(messages, batch)
        batch.expect_only(handed_over)
        if not batch.finished.done():
            self._keep_polling()
            await batch.finished
        if batch.error is not None:
            raise batch.error

    async def stop(self, limit_seconds: float) -> int:
        """Wait until nothing is outstanding, at most this long, and close. Returns how many messages were given up."""
        deadline = time.monotonic() + limit_seconds
        while self.outstanding and time.monotonic() < deadline:
            self._serve()
            await asyncio.sleep(_POLL_SECONDS)
        for task in (self._busy, self._idle):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._busy = self._idle = None
        left = self.outstanding
        if left:
            logger.error("producer_gave_up messages=%d waited_seconds=%.1f", left, limit_seconds)
        if self._producer is not None:
            self._producer.purge()
            self._producer.poll(0)
            self._producer = None
        return left

    def _open(self) -> confluent_kafka.Producer:
        if self._producer is None:
            self._producer = confluent_kafka.Producer(self._config)
            self._idle = asyncio.get_running_loop().create_task(self._poll_idly(), name="producer-idle")
        return self._producer

    async def _hand_over(self, messages: Sequence[Message], batch: _Batch) -> int:
        produce, report = self._open().produce, batch.report
        for number, message in enumerate(messages):
            partition = -1 if message.partition is None else message.partition
            headers: list[Any] = list(message.headers)
            while True:
                try:
                    produce(message.topic, message.value, message.key, partition, on_delivery=report, headers=headers)
                except BufferError:
                    self._serve()
                    await asyncio.sleep(_POLL_SECONDS)
                    continue
                except KafkaException as error:
                    batch.fail(error.args[0], message.topic)
                    return number
                break
        return len(messages)

    def _serve(self) -> None:
        if self._producer is not None:
            self._producer.poll(0)

    def _keep_polling(self) -> None:
        if self._busy is None or self._busy.done():
            self._busy = asyncio.get_running_loop().create_task(self._poll_while_busy(), name="producer-busy")

    async def _poll_while_busy(self) -> None:
        outstanding, moved = self.outstanding, time.monotonic()
        while self.outstanding:
            self._serve()
            if self.outstanding != outstanding:
                outstanding, moved = self.outstanding, time.monotonic()
            is_stuck = time.monotonic() - moved > _STUCK_SECONDS
            await asyncio.sleep(_STUCK_POLL_SECONDS if is_stuck else _POLL_SECONDS)

    async def _poll_idly(self) -> None:
        while True:  # errors and reports of cancelled deliveries are served even when nobody waits
            await asyncio.sleep(_IDLE_POLL_SECONDS)
            self._serve()


class _Batch:
    """Counts down what is open of one `deliver`; the worst error wins."""

    __slots__ = ("_expected", "_open", "error", "finished")

    def __init__(self, finished: asyncio.Future[None], expected: int) -> None:
        self.finished = finished
        self._open = expected
        self.error: DeliveryError | RejectedError | None = None
        self._expected = expected

    def report(self, error: KafkaError | None, message: Any) -> None:
        """What librdkafka says of one message."""
        self._open -= 1
        if error is not None:
            self.fail(error, message.topic())
        if self._open == 0:
            self._finish()

    def expect_only(self, handed_over: int) -> None:
        """Fewer than expected were handed over."""
        self._open -= self._expected - handed_over
        if self._open == 0:
            self._finish()

    def fail(self, error: KafkaError, topic: str) -> None:
        """Remember what went wrong: that the broker cannot be reached outweighs that it refuses a record."""
        text = f"{error.name()} on topic {topic}: {error.str()}"
        if error.code() not in _REJECTED:
            self.error = DeliveryError(f"the broker did not acknowledge: {text}")
        elif self.error is None:
            self.error = RejectedError(f"the broker refuses the record: {text}")

    def _finish(self) -> None:
        if not self.finished.done():
            self.finished.set_result(None)
