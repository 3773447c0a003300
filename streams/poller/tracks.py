"""What a flow has to read, and whose turn it is. Pure: the clock (seconds that never go back) is passed in.

A flow reads on up to three tracks: the normal poll, ids asked for, a resync. Each page goes to the ready track that has waited longest since
its last page, so a resync of days delays the normal poll by one page at most, and ids asked for do not stand behind it. Each track has its
own setbacks: a resync that fails does not hold up the poll.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from connectors.kit.ports import Page
from streams.poller.commands import Command


class Kind(StrEnum):
    """Of a track."""

    POLL = "poll"
    FETCH = "fetch"
    RESYNC = "resync"


@dataclass(frozen=True, slots=True)
class Wish:
    """A command in hand; `done` marks it as carried out."""

    command: Command
    done: Callable[[], None]


@dataclass(slots=True)
class Track:
    """One of the three.

    due         not before this moment, unless a wish brings it forward
    not_before  not even then
    failures    setbacks in a row
    wishes      poll: those the next poll answers; else: what is read, one after the other
    serving     poll: those the current poll answers
    turn        when it had its last page, counted in pages of the flow
    """

    kind: Kind
    due: float = 0.0
    not_before: float = 0.0
    failures: int = 0
    pages: AsyncIterator[Page] | None = None
    wishes: deque[Wish] = field(default_factory=deque)
    serving: list[Wish] = field(default_factory=list)
    turn: int = 0

    @property
    def lane(self) -> str:
        """The lane its records keep to. What was asked for by id is wanted even if nothing changed: a lane lets it pass the dedupe."""
        return {Kind.RESYNC: "bulk", Kind.FETCH: "normal"}.get(self.kind, "")

    def ready_at(self) -> float:
        """When it may read a page; infinity when it has nothing to read."""
        if self.kind is not Kind.POLL and not self.wishes:
            return math.inf
        return max(self.due, self.not_before)

    def ask(self, wish: Wish, now: float) -> None:
        """A wish arrives."""
        self.wishes.append(wish)
        if self.kind is Kind.POLL and self.pages is None:
            self.due = min(self.due, now)

    def begin(self) -> None:
        """A poll begins: it answers every wish that is there by now."""
        if self.kind is Kind.POLL:
            self.serving.extend(self.wishes)
            self.wishes.clear()

    def end(self, now: float, pause: float) -> list[Wish]:
        """It has read to the end, or failed and will try again after the pause. Returns the wishes that are answered by that.

        A poll answers its wishes either way: trying again is its own business. Of the others see `answered`.
        """
        self.pages = None
        self.due = now + pause
        if self.kind is not Kind.POLL:
            return []
        answered, self.serving = self.serving, []
        if self.wishes:  # asked for while it was reading: what was read before may be too old
            self.due = now
        return answered

    def answered(self) -> list[Wish]:
        """The wish at hand of a fetch or resync is over."""
        return [self.wishes.popleft()] if self.kind is not Kind.POLL and self.wishes else []


def pick(tracks: Sequence[Track], now: float) -> tuple[Track | None, float]:
    """The track whose turn it is, or None and the seconds until one is ready."""
    ready = [track for track in tracks if track.ready_at() <= now]
    if ready:
        return min(ready, key=lambda track: track.turn), 0.0
    return None, min(track.ready_at() for track in tracks) - now
