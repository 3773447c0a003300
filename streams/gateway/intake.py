"""Events of a Box to Kafka: how far is safe, what is new, published, written down, promised; in this order.

1. catch up      everything any gateway has promised of this Box is known, whether its credential still counts, and which spool speaks
2. judge         what is safe already is not published again; a hole is told, another spool refused (`spools`)
3. publish       all of it, acknowledged by all replicas
4. write down    a through record, acknowledged likewise
5. catch up      no other spool has spoken meanwhile
6. promise       only then the Box hears `through`, and lets go

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
from streams.gateway.book import Box, Writer
from streams.gateway.boxes import CaughtUp
from streams.gateway.judging import Judged, judge
from streams.gateway.spools import Says, Spool, is_foreign, says
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
class Known:
    """The answer to a question: everything up to `through` is safe, the event with that number is `last`. `strict`: another spool's, perhaps."""

    through: int
    last: str = ""
    strict: bool = False


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


@dataclass(frozen=True, slots=True)
class AskFirst:
    """The spool has to ask how far the Box is, before it sends (more)."""


@dataclass(frozen=True, slots=True)
class OtherSpool:
    """Another spool speaks for the Box."""


Answer = Safe | Known | Hole | Refused | Revoked | AskFirst | OtherSpool


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

    async def take(self, box: str, credential: str, spool: Spool, events: Sequence[Event]) -> Answer:
        """Events of one Box, following each other. Raises BrokerError and DeliveryError when Kafka cannot do it now: then nothing is promised."""
        async with self._turns[box]:  # a Box that did not wait for its answer is not published twice by us
            known = await self._known(box)
            if not _counts(known, credential):
                return Revoked()
            match says(known, spool):
                case Says.OTHER:
                    return OtherSpool()
                case Says.NEXT if events:
                    return AskFirst()
            if not events:
                return await self._asked(known, credential, spool)
            return await self._judged(known, spool, events)

    async def how_far(self, box: str, credential: str) -> Answer:
        """The question of somebody who has no spool: it binds nothing."""
        known = await self._known(box)
        return _known(known) if _counts(known, credential) else Revoked()

    async def _asked(self, known: Box, credential: str, spool: Spool) -> Answer:
        """Who asks may speak from now on."""
        if says(known, spool) is Says.NEXT:
            now = self._now()
            entry = entries.spool(known.name, credential, spool.name, by=self._place.name, at=now)
            await self._producer.deliver([entries.message(self._codec, self._place.boxes, entry)])
            logger.info("box_spool box=%s spool=%s", known.name, spool.name)
            known = await self._known(known.name)
            if not _counts(known, credential):
                return Revoked()
            if says(known, spool) is not Says.SAME:
                return OtherSpool()
        return _known(known)

    async def _judged(self, known: Box, spool: Spool, events: Sequence[Event]) -> Answer:
        judged, through = judge(events, known.through), known.through
        if is_foreign(known) and not judged.is_proven:
            return AskFirst()
        if judged.is_conflict:
            logger.error("box_numbers_twice box=%s sequence=%d", known.name, through.sequence if through else 0)
            return OtherSpool()
        if judged.expected:
            return Hole(judged.expected)
        if not judged.fresh:
            return Safe(through.sequence if through else 0, 0, judged.repeated)
        return await self._publish(known.name, spool, judged)

    async def _publish(self, box: str, spool: Spool, judged: Judged) -> Answer:
        events, repeated = judged.fresh, judged.repeated
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
            box, last.sequence, last.id, self._writer.name(now), by=self._place.name, at=now, spool=spool.name
        )  # fmt: skip
        await self._producer.deliver([entries.message(self._codec, self._place.boxes, entry)])
        self._at_step("written")
        after = await self._known(box)
        if (bound := after.spool) is not None and bound.spool != spool.name:
            return OtherSpool()
        if is_foreign(after):
            return AskFirst()
        return Safe(last.sequence, len(events), repeated)

    async def _known(self, box: str) -> Box:
        await self._boxes.caught_up()
        return self._boxes.book.box(box)

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


def _counts(box: Box, credential: str) -> bool:
    return box.credential is not None and box.credential.name == credential


def _known(box: Box) -> Known:
    through = box.through
    return Known(through.sequence, through.event_id, is_foreign(box)) if through else Known(0)
