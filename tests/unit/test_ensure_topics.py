"""OPS-6: processes that start at the same time on an empty cluster make its topics once, and each goes on when they are there."""

from __future__ import annotations

from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from schemas.topics import EDGE_BOXES
from streams.kafka import ensure_topics
from streams.settings import Settings


def future(error: KafkaError | None = None) -> Future[Any]:
    made: Future[Any] = Future()
    if error is not None:
        made.set_exception(KafkaException(error))
    else:
        made.set_result(None)
    return made


class Cluster:
    """Knows no topic when it is asked; somebody else makes `theirs` meanwhile. A partition answers when it is asked for the second time."""

    def __init__(self, theirs: str) -> None:
        self.theirs = theirs
        self.asked: dict[Any, int] = {}

    def list_topics(self, timeout: float) -> Any:
        return SimpleNamespace(topics={})

    def create_topics(self, topics: Any, operation_timeout: float) -> dict[str, Future[Any]]:
        exists = KafkaError(KafkaError.TOPIC_ALREADY_EXISTS)
        return {topic.topic: future(exists if topic.topic == self.theirs else None) for topic in topics}

    def list_offsets(self, places: Any, request_timeout: float) -> dict[Any, Future[Any]]:
        for place in places:
            self.asked[place] = self.asked.get(place, 0) + 1
        leaderless = KafkaError(KafkaError.LEADER_NOT_AVAILABLE)
        return {place: future(leaderless if self.asked[place] < 2 else None) for place in places}


def test_what_another_process_has_made_is_waited_for_too(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    wanted = [topic for topic in settings.topic_table() if topic.name in (EDGE_BOXES, "orders")]
    cluster = Cluster(theirs=EDGE_BOXES)
    monkeypatch.setattr("streams.kafka.AdminClient", lambda _: cluster)
    monkeypatch.setattr("streams.kafka._LOOK_SECONDS", 0)
    assert ensure_topics(settings, wanted) == ["orders"]
    answered = {place.topic for place, times in cluster.asked.items() if times == 2}
    assert answered == {EDGE_BOXES, "orders"}
