"""OPS-8: consumers start when the partitions of new topics answer, for those that do not are missed until a restart."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition

from streams import kafka
from streams.settings import Settings


class Admin:
    """A cluster without topics, whose partitions answer at the `answers_at`-th question."""

    def __init__(self, answers_at: int) -> None:
        self.answers_at = answers_at
        self.asked: list[int] = []

    def list_topics(self, *_args: Any, **_kwargs: Any) -> Any:
        return type("Metadata", (), {"topics": {}})()

    def create_topics(self, topics: list[Any], **_kwargs: Any) -> dict[str, Future[None]]:
        return {topic.topic: _done(None) for topic in topics}

    def list_offsets(self, places: dict[TopicPartition, Any], **_kwargs: Any) -> dict[TopicPartition, Future[None]]:
        self.asked.append(len(places))
        late = len(self.asked) < self.answers_at
        return {place: _done(KafkaException("not leader") if late and place.partition else None) for place in places}


def _done(error: Exception | None) -> Future[None]:
    future: Future[None] = Future()
    future.set_exception(error) if error else future.set_result(None)
    return future


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time passes in sleeps only."""
    now = [0.0]
    monkeypatch.setattr("streams.kafka.time.monotonic", lambda: now[0])
    monkeypatch.setattr("streams.kafka.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def made(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(kafka, "AdminClient", lambda _config: admin)
    settings = Settings()
    return kafka.ensure_topics(settings, settings.topic_table()[:2])


def test_only_those_that_do_not_answer_yet_are_asked_again(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    admin = Admin(answers_at=3)
    assert len(made(admin, monkeypatch)) == 2
    assert admin.asked == [12, 10, 10]


def test_the_wait_ends_and_is_told(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    assert len(made(Admin(answers_at=1_000_000), monkeypatch)) == 2
    assert clock[0] == pytest.approx(30.0, abs=0.2)
    assert "partitions_without_leader count=10" in caplog.text
