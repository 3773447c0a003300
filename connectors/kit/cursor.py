"""Where a source stands: windows of time that are read one after the other, and a guard against cursors that go round.

A flow reads what changed in a window of time, then in the next. Between polls the start goes back by an overlap, because "changed" at
the source is not exact: entities appear late, clocks differ. Times are aware UTC in whole seconds, which is what the APIs take.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.kit.errors import DataError, TransientError

SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Changes from `start` to `end`, both included."""

    start: datetime
    end: datetime

    def halved(self) -> Window | None:
        """Its first half in whole seconds; None when it cannot be split any more."""
        half = whole_second(self.start + (self.end - self.start) / 2)
        return Window(self.start, half) if self.start < half < self.end else None

    def after(self, goal: datetime) -> Window:
        """The next window, up to `goal`. The second on the border is read twice rather than not at all."""
        return Window(self.end, goal)


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far back a poll starts before what has been read: `usual`, and every `wide_every` polls `wide`."""

    usual: timedelta
    wide: timedelta
    wide_every: int

    def of(self, poll: int) -> timedelta:
        return max(self.usual, self.wide) if self.wide_every and poll % self.wide_every == 0 else self.usual


def content_of(text: str, version: int) -> dict[str, Any]:
    """What a position says, whose "v" is that version; nothing of "", which is the beginning. Raises DataError for what is no position."""
    if not text:
        return {}
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("v") != version:
        raise DataError("position: not one of this connector's; resync to start over")
    return content


def whole_second(moment: datetime) -> datetime:
    """Cut to the second: never later than `moment`."""
    return moment.astimezone(UTC).replace(microsecond=0)


def to_text(moment: datetime) -> str:
    """`2026-11-20T08:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: object, field: str) -> datetime:
    """The reverse. Raises DataError naming the field of the position."""
    try:
        return datetime.strptime(str(text), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise DataError(f"position.{field}: not a time like 2026-11-20T08:30:00Z; resync to start over") from None


def count_of(position: Mapping[str, Any], field: str) -> int:
    """A count in a position, 0 when it is not there. Raises DataError."""
    value = position.get(field, 0)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise DataError(f"position.{field}: not a count; resync to start over")
    return value


class LoopGuard:
    """Notices a cursor that has been there before. `follow` raises TransientError: the pass has to be read again from its start."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._seen: set[str] = set()

    def follow(self, cursor: str) -> None:
        if cursor in self._seen:
            raise TransientError(
                f"{self._what}: the cursor of page {len(self._seen)} leads back to a page that was read before; "
                "the window is read again from its start",
                code="CURSOR_LOOP",
            )
        self._seen.add(cursor)
