"""Events of a Box to Kafka: how far is safe, what is new, published, written down, promised; in this order.

1. catch up      everything any gateway has promised of this Box is known, and whether its credential still counts
2. judge         what is safe already is not published again; a hole is told
3. publish       all of it, acknowledged by all replicas
4. write down    a through record, acknowledged likewise
5. promise       only then the Box hears `through`, and lets go

Nobody owns a Box. Two gateways that hear the same batch at the same moment may both publish it, and so does whoever hears it again after a
gateway died between 3 and 4. That is the one way to a repeat on the topic; readers drop it by the sequence (`streams.once`). Owning a Box
would not prevent it: a fenced gateway's events are written already when it learns that it was fenced. What must be right is the promise, and it
is, by the through records (`book`): each says what is true by itself, and nobody's replaces anybody else's.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.codec import Codec
from schemas.hardware import Event, headers_of, to_json
from schemas.headers import encode_headers
from schemas.record import Message
from streams.gateway import entries
from streams.gateway.book import Writer
from streams.gateway.boxes import CaughtUp
from streams.gateway.judging import judge
from streams.runtime.errors import RejectedError

logger = logging.getLogger(__name__)


class Delivers(Protocol):
    """A producer: `streams.runtime.Producer`."""

    async def deliver(self, messages: Sequence[Message]) -> None:
        """Return when all are acknowledged. Raises RejectedError for a record the broker refuses, DeliveryError for anything else."""
        ...


@dataclass(frozen=True, slots=True)
class Safe:
    """Everything up to `through` is safe."""

    through: int
    published: int
    repeated: int


@dataclass(frozen=True, slots=True)
class Hole:
    """`expected` is missing."""

    expected: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Kafka will never take the event at this place of the batch."""

    index: int
    problem: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """The credential does not count any more."""


Answer = Safe | Hole | Refused | Revoked


@dataclass(frozen=True, slots=True)
class Place:
    """Where things go: three topics. `name`: the gateway's own, for people."""

    events: str
    boxes: str
    audit: str
    environment: str
    name: str


class Intake:
    """`at_step` is told "published" and "written" for tests to crash there."""

    def __init__(
        self, boxes: CaughtUp, producer: Delivers, codec: Codec, place: Place, writer: Writer, now: Callable[[], datetime],
        at_step: Callable[[str], None] = lambda step: None,
    ) -> None:  # fmt: skip
        self._boxes, self._producer, self._codec, self._place = boxes, producer, codec, place
        self._writer, self._now, self._at_step = writer, now, at_step
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, box: str, credential: str, events: Sequence[Event]) -> Answer:
        """Events of one Box, following each other. Raises BrokerError and DeliveryError when Kafka cannot do it now: then nothing is promised."""
        async with self._turns[box]:  # a Box that did not wait for its answer is not published twice by us
            await self._boxes.caught_up()
            known = self._boxes.book.box(box)
            if known.credential is None or known.credential.name != credential:
                return Revoked()
            judged = judge(events, known.through)
            if judged.is_conflict:
                logger.error(
                    "box_numbers_twice box=%s sequence=%d", box, known.through.sequence if known.through else 0
                )
            if judged.expected:
                return Hole(judged.expected)
            if not judged.fresh:
                return Safe(known.through.sequence if known.through else 0, 0, judged.repeated)
            return await self._publish(box, judged.fresh, judged.repeated)

    async def _publish(self, box: str, events: Sequence[Event], repeated: int) -> Answer:
        messages = [self._message(event) for event in events]
        try:
            await self._producer.deliver(messages)
        except RejectedError:
            index = await self._one_by_one(messages)
            if index is not None:
                return Refused(repeated + index, "Kafka does not take it: too large")
        self._at_step("published")
        now, last = self._now(), events[-1]
        entry = entries.through(
            box, last.sequence, last.id, self._writer.name(now), by=self._place.name, at=now
        )  # fmt: skip
        await self._producer.deliver([entries.message(self._codec, self._place.boxes, entry)])
        self._at_step("written")
        return Safe(last.sequence, len(events), repeated)

    async def _one_by_one(self, messages: Sequence[Message]) -> int | None:
        """The broker refuses one of them and does not say which. What stands before it comes again, and is dropped by readers."""
        for index, message in enumerate(messages):
            try:
                await self._producer.deliver([message])
            except RejectedError:
                return index
        return None

    def _message(self, event: Event) -> Message:
        headers = encode_headers(headers_of(event, self._place.environment))
        value = self._codec.encode("hardware_event", to_json(event))
        return Message(self._place.events, event.key.encode(), value, headers)
