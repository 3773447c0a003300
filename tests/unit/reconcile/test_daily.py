"""REC-1: once a day by itself, at its time, by one process; what was missed is made up for, what failed is tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError

from schemas.record import Message, Record
from schemas.records import Reconciliation
from streams.kafka import BrokerError
from streams.reconcile.daily import LOOK_AFTER, Timer, World, is_due, ticking
from streams.reconcile.findings import Finding, Place, Report, What
from streams.reconcile.settings import ReconcileSettings
from streams.reconcile.telling import newest_of
from streams.settings import ConfigurationError
from tests.unit.failure.samples import codec

PLACE = Place("purchases", "shop", "main")
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_TWO = NOON.replace(hour=2)


def event(looked: datetime | None, failed: datetime | None = None) -> Reconciliation:
    failure = "down" if failed else ""
    return cast(Reconciliation, {"looked_at": looked, "at": failed or looked, "failure": failure})


@pytest.mark.parametrize(
    ("settings", "told", "tried", "started", "due"),
    [
        # nobody ever looked: at the next time of day, not at once
        ({}, None, None, NOON - HOUR, False), ({}, None, None, AT_TWO - HOUR, True),
        # looked before and after the time of day
        ({}, event(AT_TWO - HOUR), None, NOON, True), ({}, event(AT_TWO), None, NOON, False), ({}, event(NOON - HOUR), None, NOON, False),
        # missed while no process ran
        ({}, event(NOON - 50 * HOUR), None, NOON, True),
        # failed: again after an hour, whoever tried
        ({}, event(AT_TWO - HOUR, NOON - HOUR / 2), None, NOON, False), ({}, event(AT_TWO - HOUR, NOON - HOUR), None, NOON, True),
        ({}, event(AT_TWO - HOUR), NOON - HOUR / 2, NOON, False), ({}, event(None, NOON - 2 * HOUR), None, AT_TWO - HOUR, True),
        # several times a day; never
        ({"every": "6h"}, event(NOON - 5 * HOUR), None, NOON, True), ({"every": "6h"}, event(NOON - 3 * HOUR), None, NOON, False),
        ({"every": "off"}, event(NOON - 99 * HOUR), None, NOON, False),
    ],
)  # fmt: skip
def test_when_it_is_due(
    settings: dict[str, Any], told: Reconciliation | None, tried: datetime | None, started: datetime, due: bool
) -> None:
    """REC-1: daily."""
    assert is_due(ReconcileSettings(**settings), told, tried, started, NOON) is due


@pytest.mark.parametrize(
    ("settings", "newest"),
    [
        ({}, AT_TWO), ({"at": "12:00"}, NOON), ({"at": "12:01"}, NOON - timedelta(hours=23, minutes=59)),
        ({"every": "6h"}, NOON - 4 * HOUR), ({"every": "6h", "at": "23:30"}, NOON - timedelta(minutes=30) - 6 * HOUR + 6 * HOUR),
    ],
)  # fmt: skip
def test_the_time_of_day_counts(settings: dict[str, Any], newest: datetime) -> None:
    assert ReconcileSettings(**settings).newest_due(NOON) == newest


@pytest.mark.parametrize(
    "wrong", [{"every": "1m"}, {"every": "daily"}, {"every": "200h"}, {"at": "12:00Z"}, {"grace_minutes": -1}]
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReconcileSettings(**wrong)


@dataclass
class Kafka:
    """A topic, a clock that goes on while somebody waits, and looks that are counted."""

    now_is: datetime = NOON - 20 * HOUR
    messages: list[Message] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)
    failing: list[Exception | str] = field(default_factory=list)
    is_ours: bool = True
    ends: datetime = NOON
    reads: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        return self.now_is

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        self.now_is += timedelta(seconds=seconds)
        if self.now_is > self.ends:
            self.over.set()
            await asyncio.Event().wait()

    async def newest(self) -> dict[str, Reconciliation]:
        self.reads += 1
        return newest_of(codec(), [Record(one.topic, 0, 0, 0, one.key, one.value, ()) for one in self.messages])

    async def look(self, place: Place) -> Report:
        self.looks.append(self.now_is)
        failure = self.failing.pop(0) if self.failing else ""
        if isinstance(failure, Exception):
            raise failure
        since = self.now_is - timedelta(days=30)
        found = [] if failure else [Finding(What.AMOUNT, "P1", ("1",), "1", "2", "correct it")]
        return Report(place, since, self.now_is, 1, 1, 1, found, failure=failure)

    async def publish(self, messages: Sequence[Message]) -> None:
        self.messages += messages

    async def ran(self, **settings: Any) -> None:
        """A timer until the end of the time, as the poller runs it."""
        self.over.clear()
        world = World(self.newest, self.look, self.publish, lambda key: self.is_ours, codec(), self)
        async with ticking(Timer(ReconcileSettings(**settings), [PLACE], world)):
            if ReconcileSettings(**settings).is_on:
                await asyncio.wait_for(self.over.wait(), 30)


def shown(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"kind": "purchases", "source": "shop", "account": "main", **labels})


async def test_it_is_done_once_a_day_and_told() -> None:
    """REC-1: event and metric, also after a restart."""
    kafka = Kafka()
    await kafka.ran()
    assert [one - AT_TWO <= LOOK_AFTER for one in kafka.looks] == [True]
    assert len(kafka.messages) == 1
    assert shown("causeway_reconciliation_differences_records", what="amount") == 1
    assert shown("causeway_reconciliation_differences_records", what="status") == 0
    kafka.ends += 2 * HOUR
    await kafka.ran()
    assert len(kafka.looks) == 1


async def test_what_failed_is_tried_again_each_hour_and_no_error_ends_it() -> None:
    """REC-1: the other side, Kafka, a bug of ours."""
    kafka = Kafka(failing=["shop is down", BrokerError("no broker"), KeyError("a bug"), "shop is down"])
    await kafka.ran()
    gaps = [later - before for before, later in zip(kafka.looks, kafka.looks[1:], strict=False)]
    assert len(kafka.looks) == 5
    assert all(HOUR <= gap < 1.2 * HOUR for gap in gaps)
    (told,) = (await kafka.newest()).values()
    assert (told["result"], len(kafka.messages)) == ("differences", 3)


async def test_a_book_that_cannot_be_opened_is_told_too() -> None:
    """REC-1: a poller without Odoo's password, say: it is an event, not only a line in a log."""
    kafka = Kafka(failing=[ConfigurationError("CAUSEWAY_ODOO__PASSWORD is missing")] * 99)
    await kafka.ran()
    (told,) = (await kafka.newest()).values()
    assert (told["result"], told["failure"]) == ("failed", "CAUSEWAY_ODOO__PASSWORD is missing")


async def test_another_process_does_it_where_the_place_is_not_ours() -> None:
    """REC-1: exactly one; its metrics are the other one's too."""
    kafka = Kafka()
    await kafka.ran()
    assert shown("causeway_reconciliation_age_seconds") is not None
    other = Kafka(is_ours=False)
    await other.ran()
    assert (other.looks, other.reads) == ([], 0)
    assert shown("causeway_reconciliation_age_seconds") is None
    assert shown("causeway_reconciliation_differences_records", what="amount") is None


async def test_what_becomes_ours_is_looked_at_at_once() -> None:
    """REC-1: when the process that did it is gone."""
    kafka = Kafka()
    await kafka.ran()
    kafka.messages, kafka.is_ours, kafka.looks = kafka.messages[:1], False, []
    kafka.now_is, kafka.ends = NOON + 20 * HOUR, NOON + 30 * HOUR
    world = World(kafka.newest, kafka.look, kafka.publish, lambda key: kafka.is_ours, codec(), kafka)
    timer = Timer(ReconcileSettings(), [PLACE], world)
    await timer.tick(NOON)
    kafka.is_ours = True
    await timer.tick(NOON)
    assert len(kafka.looks) == 1
    reads = kafka.reads
    await timer.tick(NOON)
    assert (kafka.reads, len(kafka.looks)) == (reads, 1)


async def test_switched_off_it_does_nothing() -> None:
    kafka = Kafka()
    await kafka.ran(every="off")
    assert (kafka.looks, kafka.reads) == ([], 0)
