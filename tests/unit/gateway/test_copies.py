"""EDGE-3: copies of a spool post to several gateways at the same moments: what each is promised stands on the topic, and readers have it."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.hardware import Event
from schemas.record import Message
from streams.gateway import entries
from streams.gateway.intake import AskFirst, Intake, Known, OtherSpool, Safe
from streams.gateway.spools import Spool
from streams.once import Once
from tests.unit.gateway.kit import BOX, NOW, SPOOL, Kafka, event, gateway, with_code

KEY = "key"


@dataclass
class Copy:
    """A spool by the agent's rules: asks first, lets go of what is promised, goes above what is not its own."""

    name: str
    spool: Spool
    first: int = 1
    waiting: list[str] = field(default_factory=list)
    promised: list[Event] = field(default_factory=list)
    pressed: int = 0
    has_asked: bool = False
    is_refused: bool = False

    def press(self, count: int) -> None:
        self.waiting += [f"{self.name}{self.pressed + number}" for number in range(count)]
        self.pressed += count

    def events(self) -> list[Event]:
        return [
            event(number, payload=json.dumps({"value": value})) for number, value in enumerate(self.waiting, self.first)
        ]

    async def call(self, intake: Intake, late: int) -> None:
        for _ in range(late):
            await asyncio.sleep(0)
        events = self.events()
        if self.is_refused or (self.has_asked and not events):
            return
        match await intake.take(BOX, KEY, self.spool, events if self.has_asked else []):
            case Known(through, last, strict):
                self.has_asked = True
                if strict and any((one.sequence, one.id) == (through, last) for one in events):
                    self._let_go(through)
                self.first = max(self.first, through + 1)
            case Safe(through):
                self._let_go(min(through, events[-1].sequence))
            case AskFirst():
                self.has_asked = False
            case OtherSpool():
                self.is_refused = True
            case other:
                raise AssertionError(f"a spool that did nothing wrong was answered {other}")

    def _let_go(self, through: int) -> None:
        count = max(0, through - self.first + 1)
        self.promised += self.events()[:count]
        self.waiting, self.first = self.waiting[count:], self.first + count


@dataclass
class SlowKafka(Kafka):
    """Takes its time, now and then, so that others speak in between."""

    chance: random.Random = field(default_factory=random.Random)

    async def deliver(self, messages: Sequence[Message]) -> None:
        await self._wait()
        await super().deliver(messages)
        await self._wait()

    async def _wait(self) -> None:
        for _ in range(self.chance.choice([0, 0, 2, 8])):
            await asyncio.sleep(0)


@given(st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_what_each_copy_is_promised_is_had(seed: int) -> None:
    asyncio.run(_whatever(random.Random(seed)))


async def _whatever(chance: random.Random) -> None:
    kafka = SlowKafka(chance=chance)
    offset = with_code(kafka)
    kafka.write(entries.credential(BOX, KEY, "digest", offset, called="", agent_version="", by="gw", at=NOW))
    kafka.write(entries.spool(BOX, KEY, SPOOL.name, by="gw", at=NOW))
    gateways = [gateway(kafka, number) for number in range(3)]
    copies = [Copy("v0-", SPOOL, has_asked=True)]
    for _ in range(20):
        if chance.random() < 0.3:
            copies.append(Copy(f"v{len(copies)}-", Spool(f"{len(copies):016x}", (copies[-1].spool.name,))))
        calls = []
        for copy in copies:
            copy.press(chance.randint(0, 2))
            calls.append(copy.call(chance.choice(gateways).intake, chance.randint(0, 6)))
        await asyncio.gather(*calls)
    once = Once()
    had = {one["id"] for one in kafka.published() if once.takes_event(one)}
    for copy in copies:
        assert [one.sequence for one in copy.promised if one.id not in had] == []
        assert len(copy.promised) + len(copy.waiting) == copy.pressed
