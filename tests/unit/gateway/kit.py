"""A Kafka of lists, and gateways that read its log no faster than they are made to."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.hardware import Event, id_of
from schemas.record import Message, Record
from schemas.records import EdgeBox
from streams.gateway import entries
from streams.gateway.book import Book, Writer
from streams.gateway.credentials import code_hash
from streams.gateway.enrolling import Enrolling
from streams.gateway.intake import Intake, Place
from streams.gateway.quotas import Quotas
from streams.gateway.server import Gateway, Parts
from streams.gateway.spools import Spool
from streams.kafka import BrokerError
from streams.runtime.errors import DeliveryError, RejectedError
from tests.unit.failure.samples import codec

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BOX = "b8:27:eb:00:00:01"
BOOT = str(uuid.UUID(int=7))
PLACE = Place("hardware-events", "edge.boxes", "audit", "sandbox", "gw")
SPOOL = Spool("5b00000000000001")
CODE = "K7Q2-9F4M-XW3T-0BHZ"


def event(
    sequence: int, *, box: str = BOX, device: str = "usb_05e0:1200", first: int = 0, kind: str = "scan", **more: Any
) -> Event:
    made = Event(
        id="0" * 32, box=box, boot=BOOT, sequence=sequence, first_sequence=first or sequence, kind=kind,
        received_at=1_772_366_400_000_000 + sequence, monotonic_ms=sequence, device="" if kind in ("dropped", "gap") else device,
        value="CANARY-4006381333931", payload='{"value": "CANARY-4006381333931"}',
    )  # fmt: skip
    made = replace(made, **more)
    return replace(made, id=id_of(made))


def events(first: int, last: int, **more: Any) -> list[Event]:
    return [event(number, **more) for number in range(first, last + 1)]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.passed = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def seconds(self) -> float:
        return 1000.0 + self.passed

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        raise AssertionError("nothing is waited for")


@dataclass
class Kafka:
    """Topics as lists. `trouble`: (topic, messages) -> an error to raise instead; what the error leaves behind is `half`."""

    log: list[Record] = field(default_factory=list)
    events: list[Record] = field(default_factory=list)
    others: list[Message] = field(default_factory=list)
    is_down: bool = False
    too_large: int = 1_000_000

    def add(self, message: Message) -> None:
        topic = {PLACE.boxes: self.log, PLACE.events: self.events}.get(message.topic)
        if topic is None:
            self.others.append(message)
        else:
            topic.append(Record(message.topic, 0, len(topic), 0, message.key, message.value, message.headers))

    def write(self, entry: EdgeBox) -> int:
        """Gives its offset."""
        self.add(entries.message(codec(), PLACE.boxes, entry))
        return len(self.log) - 1

    async def deliver(self, messages: Sequence[Message]) -> None:
        if self.is_down:
            raise DeliveryError("the broker did not acknowledge: _MSG_TIMED_OUT")
        if any(len(message.value or b"") > self.too_large for message in messages):
            raise RejectedError("the broker refuses the record: MSG_SIZE_TOO_LARGE")
        for message in messages:
            self.add(message)
            await asyncio.sleep(0)  # others write in between

    def published(self) -> list[dict[str, Any]]:
        return [codec().decode("hardware_event", record.value) for record in self.events]


class FakeBoxes:
    """The book of one gateway."""

    def __init__(self, kafka: Kafka) -> None:
        self.kafka, self.book, self.asked, self._read = kafka, Book(), 0, 0

    async def caught_up(self) -> None:
        if self.kafka.is_down:
            raise BrokerError("Kafka cannot say where edge.boxes ends")
        self.asked += 1
        await asyncio.sleep(0)
        self.read()

    def read(self) -> None:
        self._read, new = len(self.kafka.log), self.kafka.log[self._read :]
        for record in new:
            key, entry = entries.read(codec(), record)
            self.book.apply(record.offset, key, entry)


@dataclass
class Made:
    """One gateway."""

    kafka: Kafka
    boxes: FakeBoxes
    intake: Intake
    enrolling: Enrolling
    app: Gateway
    clock: Clock


def gateway(kafka: Kafka, seed: int = 1, at_step: Callable[[str], None] = lambda step: None, **quotas: float) -> Made:
    boxes, clock, made = FakeBoxes(kafka), Clock(), iter(range(seed * 1000, seed * 1000 + 1000))

    def random_bytes(count: int) -> bytes:
        return next(made).to_bytes(count, "big")

    intake = Intake(boxes, kafka, codec(), PLACE, Writer(random_bytes), clock.now, at_step)
    enrolling = Enrolling(boxes, kafka, codec(), PLACE, random_bytes, clock.now)
    body_seconds = quotas.pop("body_seconds", 5.0)
    limits = {"requests_per_second": 1000.0, "events_per_second": 100_000.0} | quotas
    parts = Parts(boxes, intake, enrolling, kafka, codec(), PLACE, Quotas(**limits), clock, body_seconds)
    return Made(kafka, boxes, intake, enrolling, Gateway(parts), clock)


def with_code(kafka: Kafka, box: str = BOX, code: str = CODE, minutes: float = 15) -> int:
    """A code for the Box; gives the enrolment's offset."""
    return kafka.write(entries.enrolment(box, code_hash(code), NOW + timedelta(minutes=minutes), by="ann", at=NOW))
