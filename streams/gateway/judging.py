"""Which events of a batch are new, by what is safe of the Box already. Pure; the rules are those of `schemas.hardware`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.hardware import Event
from streams.gateway.book import Through


@dataclass(frozen=True, slots=True)
class Judged:
    """fresh         to be published, in order
    repeated      how many are safe already
    expected      of a hole: the first number that is missing; 0 where there is none
    is_conflict   the last number that is safe was another event's: the Box gives its numbers twice
    """

    fresh: tuple[Event, ...]
    repeated: int
    expected: int = 0
    is_conflict: bool = False


def judge(events: Sequence[Event], through: Through | None) -> Judged:
    """`events` follow each other without holes (`schemas.hardware.from_batch`). `through`: how far the Box is safe, None when nothing is."""
    safe = through.sequence if through else 0
    fresh = tuple(event for event in events if event.sequence > safe)
    repeated = len(events) - len(fresh)
    is_conflict = through is not None and any(
        event.sequence == safe and event.id != through.event_id for event in events
    )
    is_hole = bool(fresh) and fresh[0].first_sequence > safe + 1
    return Judged(() if is_hole else fresh, repeated, safe + 1 if is_hole else 0, is_conflict)
