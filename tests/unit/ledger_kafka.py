"""A broker of a test's own for the stages that keep a ledger: what they send is kept, and read back when they restore."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.record import Message, Record
from tests.unit.observe.bodies import CODEC


class AwayError(Exception):
    """The broker is."""


@dataclass
class Kafka:
    """What was sent, send by send; `breaks`: which of them fails."""

    sends: list[list[Message]] = field(default_factory=list)
    breaks: int = -1

    async def deliver(self, messages: Sequence[Message]) -> None:
        if len(self.sends) == self.breaks:
            self.breaks = -1
            raise AwayError
        self.sends.append(list(messages))
        await asyncio.sleep(0)  # others go on while Kafka acknowledges

    def read(self, config: Any, names: Sequence[str], **_: Any) -> Iterator[Record]:
        return (Record(one.topic, 0, 0, 0, one.key, one.value, one.headers) for one in self.of(*names))

    def of(self, *topics: str) -> list[Message]:
        return [one for sent in self.sends for one in sent if one.topic in topics]

    def decoded(self, name: str, topic: str) -> list[Any]:
        return [CODEC.decode(name, one.value) for one in self.of(topic)]
