"""Feeds that are sent at about the same time become one (INV-1, PRD-4, RATE-1).

Marketplaces take few feeds an hour, whatever is in them, while deliveries come in small batches, several partitions at a time. Who sends a feed
waits a few seconds for others of its kind; together they go as one, at once when it is full. Everyone gets the id of the whole.

No SKU is twice in a feed (which of them would win is chance), no feed has more than `most` items, and a part is never split: its sender wants
one answer. A group that is open has its call of the quota kept for it; who still fits in needs none. What fails, fails for all parts alike, as
for one feed. A sender that is cancelled leaves its part behind; the rest go on.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol


class Part(Protocol):
    """A feed, as far as it is put together with others. `kind` and `query`: those of one feed are the same; body: one list and what heads it."""

    @property
    def kind(self) -> str: ...
    @property
    def query(self) -> str: ...
    @property
    def skus(self) -> Sequence[str]: ...
    @property
    def mark(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...


@dataclass(slots=True)
class _Group:
    """Feeds that will be one. `full`: no more are waited for; `answer`: what Walmart said to the whole."""

    kind: tuple[str, str]
    parts: list[Any] = field(default_factory=list)
    skus: set[str] = field(default_factory=set)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Task[str] | None = None

    def has_room(self, skus: Sequence[str], most: int) -> bool:
        return len(self.skus) + len(skus) <= most and self.skus.isdisjoint(skus)


class Gathering:
    """Of one account. Used from one event loop.

    seconds  how long the first of a kind waits for others now, 0 = not at all
    send     sends parts as one
    most     how many items a feed of a kind has at most
    keep     keeps a call of a kind's quota while a group gathers
    """

    def __init__(
        self, seconds: Callable[[str], float], send: Callable[[list[Any]], Awaitable[str]], most: Callable[[str], int],
        keep: Callable[[str], AbstractContextManager[object]] = lambda _kind: nullcontext(),
    ) -> None:  # fmt: skip
        self._seconds = seconds
        self._send = send
        self._keep = keep
        self._most = most
        self._open: list[_Group] = []

    def has_room(self, kind: str, skus: Sequence[str], query: str = "") -> bool:
        """Whether a feed that gathers now takes these too."""
        return self._group(kind, skus, query) is not None

    async def submit(self, part: Part) -> str:
        """What `send` gives for the feed this part went in. Raises what `send` raises."""
        if len(part.skus) >= self._most(part.kind) or (seconds := self._seconds(part.kind)) <= 0:
            return await self._send([part])
        group = self._group(part.kind, part.skus, part.query)
        if group is None:
            group = _Group((part.kind, part.query))
            self._open.append(group)
            group.answer = asyncio.create_task(self._sent(group, seconds), name=f"gather-{part.kind}")
        group.parts.append(part)
        group.skus.update(part.skus)
        if len(group.skus) >= self._most(part.kind):
            group.full.set()
        assert group.answer is not None
        return await asyncio.shield(group.answer)

    def _group(self, kind: str, skus: Sequence[str], query: str) -> _Group | None:
        mine = (group for group in self._open if group.kind == (kind, query))
        return next((group for group in mine if group.has_room(skus, self._most(kind))), None)

    async def _sent(self, group: _Group, seconds: float) -> str:
        with self._keep(group.kind[0]):
            try:
                async with asyncio.timeout(seconds):
                    await group.full.wait()
            except TimeoutError:
                pass
            finally:
                self._open.remove(group)
            return await self._send(group.parts)


def whole_body(bodies: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One body of all: the lists one after another, under the heading of the first."""
    whole: dict[str, Any] = dict(bodies[0])
    for body in bodies[1:]:
        for name, value in body.items():
            if isinstance(value, list):
                whole[name] = [*whole[name], *value]
    return whole


def whole_mark(marks: Sequence[str]) -> str:
    """A mark of all; of one it is its own."""
    return marks[0] if len(marks) == 1 else hashlib.sha256("\n".join(marks).encode()).hexdigest()[:20]
