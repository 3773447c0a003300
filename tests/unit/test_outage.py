"""A broker that is away is told of in a few lines, whoever complains and how often (OPS-8)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from confluent_kafka import KafkaError

from streams import outage
from streams.outage import Outage, complaints
from streams.runtime.logs import Sparing

CONFIG = {"bootstrap.servers": "b:1"}


class Broker:
    """Answers by a script; each question and each wait takes a second."""

    def __init__(self, *answers: bool) -> None:
        self.answers = list(answers)
        self.now = 1000.0
        self.begun: list[Callable[[], None]] = []
        self.outage = Outage(self._line, lambda: self.now, self._wait, self.begun.append)

    def _line(self, config: Mapping[str, Any]) -> Any:
        assert config is CONFIG
        return self._answer

    def _answer(self) -> bool:
        self.now += 1
        return self.answers.pop(0) if self.answers else True

    def _wait(self, seconds: float) -> None:
        self.now += seconds


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "streams.outage"]


def test_away_is_told_once_a_minute_and_back_once(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(*[False] * 90, True)
    broker.outage.watch(CONFIG, "Connection refused", broker.now)
    told = lines(caplog)
    assert [line.split()[0] for line in told] == ["kafka_away"] * 3 + ["kafka_back"]
    assert told[0].endswith("detail=Connection refused")
    assert told[-1].startswith("kafka_back away_seconds=181 ")


def test_what_is_said_right_after_it_is_back_is_old(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(False, True, True)
    broker.outage.watch(CONFIG, "refused", broker.now)
    broker.outage.watch(CONFIG, "refused", broker.now)
    assert [line.split()[0] for line in lines(caplog)] == ["kafka_away", "kafka_back"]
    broker.now += 60
    broker.outage.watch(CONFIG, "one of three is away", broker.now)
    assert lines(caplog)[-1].startswith("kafka_unsteady")


def test_a_broker_that_is_going_down_does_not_hide_that_it_is_away(caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(True, False, True)
    broker.outage.watch(CONFIG, "closing", broker.now)
    broker.outage.watch(CONFIG, "refused", broker.now)
    assert [line.split()[0] for line in lines(caplog)] == ["kafka_unsteady", "kafka_away", "kafka_back"]


def test_many_complaints_are_one_watch(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    broker = Broker(False, True)
    monkeypatch.setattr(outage, "OUTAGE", broker.outage)
    log = complaints(CONFIG)
    for _ in range(1000):
        log(KafkaError(KafkaError._TRANSPORT, "Connection refused"))
    assert len(broker.begun) == 1
    assert [broker.outage.is_watched] == [True]
    assert lines(caplog) == []
    broker.begun[0]()
    assert "complaints=1000" in lines(caplog)[-1]
    assert not broker.outage.is_watched
    log(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED, "no right"))
    assert lines(caplog)[-1] == "kafka_client code=TOPIC_AUTHORIZATION_FAILED detail=no right"


def record(text: str, level: int = logging.ERROR) -> logging.LogRecord:
    return logging.LogRecord("aiokafka", level, "client.py", len(text), text, None, None)  # each from a line of its own


def test_what_libraries_say_of_it_begins_a_watch_and_is_not_written() -> None:
    broker = Broker()
    sparing = Sparing(CONFIG, outage=broker.outage)
    assert sparing.filter(record("Topic x is not authorized for this client"))
    assert not sparing.filter(record("Unable connect to node with id 0"))
    assert len(broker.begun) == 1
    assert not sparing.filter(record("Failed fetch messages")), "it follows from that"
    assert sparing.filter(record("Heartbeat session expired", logging.CRITICAL))
