"""What a glance at everything shows of Boxes: who is silent, what waits there, what was lost. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from streams.gateway.book import Book, Box

SILENT_AFTER = timedelta(minutes=5)  # reports of health come every minute; the alert in docs/gateway.md waits as long


@dataclass(frozen=True, slots=True)
class BoxLine:
    """One Box as it last said it is; None where it has not said. `oldest_seconds`: age of what waits longest; drops and gaps since it was set up."""

    box: str
    last_heard: datetime | None
    silent_seconds: float | None
    is_silent: bool
    spool_events: int | None
    oldest_seconds: float | None
    dropped: int | None
    poll_gaps: int | None
    used_twice: bool = False  # a second spool has spoken under its credential


def overview(book: Book, now: datetime) -> tuple[BoxLine, ...]:
    """Every Box whose credential counts, by name. One that was revoked, or never enrolled, is not missed."""
    return tuple(_line(box, now) for box in book.boxes() if box.credential is not None)


def _line(box: Box, now: datetime) -> BoxLine:
    heard = box.last_seen
    silent = max(0.0, (now - heard).total_seconds()) if heard is not None else None
    said = {name: value for name, value in box.health.items() if isinstance(value, int | float)}
    spool, dropped, gaps = (
        int(said[name]) if name in said else None for name in ("spool_events", "dropped", "poll_gaps")
    )
    is_silent = silent is None or silent > SILENT_AFTER.total_seconds()
    oldest, twice = said.get("oldest_seconds"), box.twice_at is not None
    return BoxLine(box.name, heard, silent, is_silent, spool, oldest, dropped, gaps, twice)
