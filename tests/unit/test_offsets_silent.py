"""OPS-8, EDGE-3: a broker that says nothing has not said that a topic is empty."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaException, TopicPartition

from streams.offsets import at_times, begins, ends


class Admin:
    """Answers every place with this offset."""

    def __init__(self, offset: int) -> None:
        self.offset = offset

    def list_offsets(self, places: dict[TopicPartition, Any], **_: Any) -> dict[TopicPartition, Future[Any]]:
        return {place: self._answer() for place in places}

    def _answer(self) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(SimpleNamespace(offset=self.offset))
        return future


def test_no_answer_in_time_is_an_error() -> None:
    """confluent-kafka 2.16.0 against a broker that was stopped: offset -1001, and no error."""
    silent: Any = Admin(OFFSET_INVALID)
    with pytest.raises(KafkaException, match="did not say"):
        ends(silent, [("t", 0)])
    with pytest.raises(KafkaException, match="did not say"):
        begins(silent, [("t", 0)])
    with pytest.raises(KafkaException, match="did not say"):
        at_times(silent, {("t", 0): 1})


def test_answers_are_as_they_are() -> None:
    empty: Any = Admin(0)
    assert ends(empty, [("t", 0)]) == {("t", 0): 0}
    none_so_young: Any = Admin(-1)
    assert at_times(none_so_young, {("t", 0): 1}) == {("t", 0): -1}
