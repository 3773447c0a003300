"""Following a compacted topic partition by partition: everything up to now, whenever it is asked. Synchronous; called from a thread.

Lanes of a destination run side by side, perhaps in other processes, and write what they know of a key to the same topic. Before a chunk is
worked on, the stage reads what the others have written since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from schemas.record import Record
from streams.kafka import BrokerError, reader, record_of

_LIMIT_SECONDS = 60.0


class Follower:
    """Reads partitions of one topic up to their end, again and again. Safe to call from several threads."""

    def __init__(self, config: Mapping[str, Any], topic: str) -> None:
        self._config = config
        self._topic = topic
        self._consumer: Consumer | None = None
        self._next: dict[int, int] = {}
        self._buffered: dict[int, list[Record]] = {}
        self._lock = threading.Lock()

    def follow(self, partitions: set[int]) -> None:
        """From now on these partitions, new ones from their beginning; others are forgotten."""
        with self._lock:
            if self._consumer is None:
                self._consumer = reader(self._config)
            self._next = {number: self._next.get(number, 0) for number in partitions}
            self._buffered = {number: self._buffered.get(number, []) for number in partitions}
            places = [
                TopicPartition(self._topic, number, self._next[number] or OFFSET_BEGINNING)
                for number in sorted(partitions)
            ]
            self._consumer.assign(places)

    def forget(self, partitions: set[int]) -> None:
        """These are somebody else's now."""
        self.follow(set(self._next) - partitions)

    def catch_up(self, partition: int) -> list[Record]:
        """What was written to the partition since the last call. Raises BrokerError when the broker does not answer in time."""
        with self._lock:
            consumer = self._consumer
            if consumer is None or partition not in self._next:
                return []
            self._read(consumer, partition, self._end(consumer, partition))
            found, self._buffered[partition] = self._buffered[partition], []
            return found

    def passed_by(self, least: int) -> dict[int, list[Record]]:
        """Of other partitions what was read on the way: of those where it is at least so much, that it does not pile up for one that has no
        work for long."""
        with self._lock:
            full = [number for number, records in self._buffered.items() if len(records) >= least]
            found = {number: self._buffered[number] for number in full}
            self._buffered.update((number, []) for number in full)
            return found

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._consumer is not None:
                self._consumer.close()
                self._consumer = None

    def _end(self, consumer: Consumer, partition: int) -> int:
        try:
            edges = consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=_LIMIT_SECONDS)
        except KafkaException as error:
            raise BrokerError(
                f"Kafka cannot say how long {self._topic}/{partition} is: {error.args[0].str()}"
            ) from error
        return edges[1] if edges else 0

    def _read(self, consumer: Consumer, partition: int, end: int) -> None:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while self._next[partition] < end:
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"Kafka sent nothing of {self._topic}/{partition} for {_LIMIT_SECONDS:.0f} s although there is more"
                )
            for consumed in consumer.consume(5000, timeout=0.2):
                number = consumed.partition()
                error = consumed.error()
                if number is None or number not in self._next:
                    continue
                if error is None:
                    self._buffered[number].append(record_of(consumed))
                    self._next[number] = (consumed.offset() or 0) + 1
                elif (
                    error.code() == KafkaError._PARTITION_EOF
                ):  # compaction leaves gaps: the end has no record of its own
                    self._next[number] = max(self._next[number], consumed.offset() or 0)
