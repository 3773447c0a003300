"""ERR-2: what a retry worker does with partitions that come and go."""

from __future__ import annotations

from typing import Any, cast

from confluent_kafka import Consumer, TopicPartition

from streams.failure.retry_worker import RetryWorker
from streams.settings import Settings
from tests.unit.failure.samples import codec


class Partitions:
    """A consumer of librdkafka, as far as pauses go: they outlive giving a partition away and having it back (seen with 2.16.0, whichever the
    strategy of assignment)."""

    def __init__(self) -> None:
        self.paused: set[tuple[str, int]] = set()
        self.calls: list[str] = []

    def incremental_assign(self, places: list[TopicPartition]) -> None:
        self.calls.append("assign")

    def incremental_unassign(self, places: list[TopicPartition]) -> None:
        self.calls.append("unassign")

    def pause(self, places: list[TopicPartition]) -> None:
        self.paused |= {(place.topic, place.partition) for place in places}

    def resume(self, places: list[TopicPartition]) -> None:
        assert "assign" in self.calls, "what is not assigned cannot be resumed"
        self.paused -= {(place.topic, place.partition) for place in places}


def test_what_was_paused_when_it_was_given_away_is_read_when_it_is_back() -> None:
    """Else a tier stood still, whatever became due in it, until the process was started again."""
    worker, partitions = RetryWorker(Settings(), codec()), Partitions()
    consumer, places = cast(Consumer, partitions), [TopicPartition("retry.30s", number) for number in (0, 1)]
    call: Any = worker
    call._assigned(consumer, places)
    partitions.pause(places)
    call._revoked(consumer, places)
    call._assigned(consumer, places)
    assert partitions.paused == set()
