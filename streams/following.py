"""Follows a compacted topic in a thread of its own: everything that is in it is loaded at the start, what comes later is known within moments."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from schemas.record import Record
from streams.kafka import BrokerError, partitions_of, reader, record_of

logger = logging.getLogger(__name__)

LOAD_SECONDS = 30.0
_AGAIN_SECONDS = 5.0


class Following:
    """`start` before what was read is used, `close` at the end.

    apply     one record; in the following thread. It must not raise
    changed   called there after each batch
    """

    def __init__(
        self, config: Mapping[str, Any], topic: str, apply: Callable[[Record], None], changed: Callable[[], None] | None = None,
        load_seconds: float = LOAD_SECONDS,
    ) -> None:  # fmt: skip
        self._config = config
        self._topic = topic
        self._apply = apply
        self._changed = changed
        self._load_seconds = load_seconds
        self._stop = threading.Event()
        self._loaded = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None
        self._reached: dict[int, int] = {}
        self._moved = threading.Condition()

    def start(self) -> None:
        """Returns when everything that is in the topic now is loaded. Raises BrokerError when that fails or takes too long."""
        self._thread = threading.Thread(target=self._follow, name=self._topic, daemon=True)
        self._thread.start()
        done = self._loaded.wait(self._load_seconds)
        if self._error is not None or not done:
            self.close()
            raise BrokerError(f"{self._topic} could not be loaded: {self._error or 'Kafka did not answer in time'}")

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(10)

    def wait_for(self, partition: int, offset: int, seconds: float) -> bool:
        """Whether everything of that partition below the offset is applied, or is within so many seconds. Blocks; not in the following thread."""
        with self._moved:
            return self._moved.wait_for(lambda: self._reached.get(partition, 0) >= offset, seconds)

    def _follow(self) -> None:
        """Until closed. What goes wrong before everything is loaded ends it and is told by `start`; later it is tried again."""
        while not self._stop.is_set():
            consumer = reader(self._config)
            try:
                self._read(consumer, partitions_of(consumer, self._config, [self._topic]))
            except Exception as error:  # noqa: BLE001 - this thread has nobody to raise to
                logger.error("topic_not_followed topic=%s kind=%s detail=%s", self._topic, type(error).__name__, error)
                if not self._loaded.is_set():
                    self._error = error
                    self._loaded.set()
                    return
                self._stop.wait(_AGAIN_SECONDS)
            finally:
                consumer.close()

    def _read(self, consumer: Consumer, places: Sequence[TopicPartition]) -> None:
        consumer.assign(list(places))
        loading = {place.partition for place in places}
        if not loading:
            self._loaded.set()
        while not self._stop.is_set():
            first = consumer.poll(0.2)
            if first is None:
                continue
            changed = False
            for consumed in [first, *consumer.consume(1000, timeout=0)]:
                error = consumed.error()
                if error is None:
                    self._apply(record_of(consumed))
                    changed = True
                    self._note(consumed, 1)
                elif error.code() == KafkaError._PARTITION_EOF:
                    loading.discard(consumed.partition() or 0)
                    self._note(consumed, 0)
            if changed and self._changed is not None:
                self._changed()
            with self._moved:
                self._moved.notify_all()
            if not loading:
                self._loaded.set()

    def _note(self, consumed: Message, beyond: int) -> None:
        """How far it is applied; after an error everything is read once more, which takes nothing back."""
        partition, offset = consumed.partition() or 0, consumed.offset()
        if offset is not None:
            self._reached[partition] = max(self._reached.get(partition, 0), offset + beyond)
