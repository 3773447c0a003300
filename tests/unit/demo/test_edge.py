"""EDGE-3, EVT-4: the demo's verdict takes each event of its own Box once, and of outcomes those that say how a check ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest

from schemas.codec import Codec, DecodeError
from schemas.topics import ENTITIES, HARDWARE_EVENTS
from streams.demo import edge
from streams.demo.edge import HeardBox
from streams.demo.station import BOX, SCANNER
from tests.unit.observe.outcomes import AT, outcome

CHECKS = ENTITIES["packing_check"].current
KEY = "iotbox:bench1:WH/OUT/00012"


class FakeRecord:
    """As librdkafka's, and as `record_of` makes of it."""

    def __init__(self, topic: str, content: Any) -> None:
        self._topic, self.content = topic, content

    def topic(self) -> str:
        return self._topic

    def error(self) -> None:
        return None

    def value(self) -> bytes:
        return b"something"


@dataclass
class Plain:
    value: Any


class FakeReader:
    def __init__(self, records: list[FakeRecord]) -> None:
        self.left = [records]

    def assign(self, _partitions: Any) -> None: ...

    def consume(self, _count: int, timeout: float) -> list[FakeRecord]:
        return self.left.pop() if self.left else []


class FakeCodec:
    def decode(self, _name: str, value: Any) -> Any:
        if value is None:
            raise DecodeError("damaged")
        return value


def event(sequence: int, box: str = BOX) -> FakeRecord:
    return FakeRecord(HARDWARE_EVENTS, {"box": box, "device": SCANNER, "sequence": sequence})


def heard(monkeypatch: pytest.MonkeyPatch, *records: FakeRecord) -> HeardBox:
    monkeypatch.setattr(edge, "reader", lambda _config: FakeReader(list(records)))
    monkeypatch.setattr(edge, "partitions_of", lambda *_: [])
    monkeypatch.setattr(edge, "record_of", lambda consumed: Plain(consumed.content))
    return HeardBox({}, cast(Codec, FakeCodec()))


def test_events_of_the_box_count_once_and_others_not(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = FakeRecord(HARDWARE_EVENTS, None)
    found = heard(monkeypatch, event(1), event(2), event(1), damaged, event(3, box="another")).heard()
    assert [one["sequence"] for one in found.events] == [1, 2]


def test_a_check_that_is_told_again_is_one_and_its_next_version_another(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [FakeRecord(CHECKS, {"key": KEY, "version": version}) for version in (7, 7, 8)]
    assert [one["version"] for one in heard(monkeypatch, *records).heard().checks] == [7, 8]


def test_outcomes_are_kept_in_order_and_retries_and_other_operations_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    box = heard(monkeypatch)
    for result in ("retry", "held", "stale"):
        box.hear(outcome("check_packing", result, KEY, version=7))
    box.hear(outcome("upsert_order", "applied", KEY, version=7))
    at = round(AT.timestamp() * 1_000_000)
    assert box.heard().outcomes == {(KEY, 7): [("held", at), ("stale", at)]}
