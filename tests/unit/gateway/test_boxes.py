"""EDGE-3: "caught up" means: with everything that was acknowledged before the call, also for those who share an answer. Gauges show the book."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from schemas.record import Record
from schemas.records import EdgeBox
from streams.gateway import entries
from streams.gateway.book import Book, key_of
from streams.gateway.boxes import Boxes
from streams.gateway.metrics import BoxMetrics, forget
from streams.kafka import BrokerError
from tests.unit.failure.samples import codec
from tests.unit.gateway.kit import BOX, NOW
from tests.waiting import soon


@pytest.fixture
def boxes() -> Boxes:
    return Boxes({"bootstrap.servers": "127.0.0.1:1"}, "edge.boxes", codec())


class Questions:
    """What is asked of Kafka, each answered when it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = threading.Semaphore(0)
        self.error: Exception | None = None

    def __call__(self) -> None:
        self.begun += 1
        assert self.go.acquire(timeout=60)
        if self.error:
            raise self.error


async def test_a_question_that_is_on_its_way_answers_nobody_who_comes_later(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written after it was asked may be missing from its answer."""
    asked = Questions()
    monkeypatch.setattr(boxes, "_catch_up", asked)
    first = asyncio.create_task(boxes.caught_up())
    await soon(lambda: asked.begun == 1)
    later = [asyncio.create_task(boxes.caught_up()) for _ in range(5)]
    asked.go.release()
    await first
    await soon(lambda: asked.begun == 2)
    assert not [task for task in later if task.done()]
    asked.go.release()
    await asyncio.gather(*later)
    assert asked.begun == 2  # those five shared one


async def test_an_error_is_told_to_all_who_share_it_and_to_nobody_after(
    boxes: Boxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Questions()
    asked.error = BrokerError("Kafka is away")
    monkeypatch.setattr(boxes, "_catch_up", asked)
    both = [asyncio.create_task(boxes.caught_up()) for _ in range(2)]
    asked.go.release()
    found = await asyncio.gather(*both, return_exceptions=True)
    assert [type(one) for one in found] == [BrokerError, BrokerError]
    asked.error = None
    asked.go.release()
    await boxes.caught_up()


async def test_one_who_gives_up_takes_nothing_from_the_others(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Questions()
    monkeypatch.setattr(boxes, "_catch_up", asked)
    given_up, other = asyncio.create_task(boxes.caught_up()), asyncio.create_task(boxes.caught_up())
    await soon(lambda: asked.begun == 1)
    given_up.cancel()
    asked.go.release()
    await other


def record(offset: int, entry: EdgeBox, value: bytes = b"") -> Record:
    return Record("edge.boxes", 0, offset, 0, key_of(entry).encode(), value or codec().encode("edge_box", entry))


def test_what_cannot_be_read_stops_nothing(boxes: Boxes, caplog: pytest.LogCaptureFixture) -> None:
    """SEC-5"""
    good = entries.through(BOX, 7, "id", "w", by="gw", at=NOW)
    broken: EdgeBox = {**entries.health(BOX, {}, by="gw", at=NOW), "content": "no JSON"}
    for number, one in enumerate(
        (record(0, good, b"broken"), Record("edge.boxes", 0, 1, 0, b"\xff", b""), record(2, broken), record(3, good))
    ):
        boxes._apply(one)
        assert caplog.text.count("box_entry_unreadable") == min(number + 1, 3)
    through = boxes.book.box(BOX).through
    assert through is not None
    assert through.sequence == 7


def gauge(name: str) -> float | None:
    return REGISTRY.get_sample_value(f"causeway_box_{name}", {"box": BOX})


@pytest.fixture
def clean() -> Iterator[None]:
    forget([BOX])
    yield
    forget([BOX])


@pytest.mark.usefixtures("clean")
def test_gauges_show_a_box_that_is_silent_drops_or_whose_clock_is_wrong() -> None:
    """OPS-1, EDGE-4; and a revoked Box is not missed."""
    book, now = Book(), [NOW.timestamp() + 400]
    metrics, sent_at = BoxMetrics(book, lambda: now[0]), int((NOW - timedelta(seconds=75)).timestamp() * 1e6)
    said = [
        entries.enrolment(BOX, "c", NOW + timedelta(minutes=15), by="ann", at=NOW - timedelta(hours=1)),
        entries.credential(BOX, "k", "d", 0, called="", agent_version="", by="gw", at=NOW - timedelta(hours=1)),
        entries.health(
            BOX, {"spool_events": 41, "oldest_seconds": 9.5, "dropped": 2, "poll_gaps": 1, "skew_ms": -1500, "sent_at": sent_at}, by="gw", at=NOW
        ),
        entries.revocation(BOX, by="ann", at=NOW),
    ]  # fmt: skip
    for offset, entry in enumerate(said[:3]):
        metrics.changed(book.apply(offset, key_of(entry), entry))
    shown = (
        "silent_seconds",
        "spool_records",
        "spool_oldest_seconds",
        "dropped_records",
        "poll_gaps_records",
        "skew_seconds",
        "clock_error_seconds",
    )
    assert [gauge(name) for name in shown] == [400, 41, 9.5, 2, 1, -1.5, -75]
    now[0] += 60
    assert gauge("silent_seconds") == 460
    metrics.changed(book.apply(3, key_of(said[3]), said[3]))
    assert [gauge(name) for name in shown] == [None] * len(shown)
