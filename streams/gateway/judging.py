"""Which events of a batch are new, by what is safe of the Box already. Pure; the rules are those of `schemas.hardware`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.hardware import SPANNING_KINDS, Event
from streams.gateway.book import Through


@dataclass(frozen=True, slots=True)
class Judged:
    """fresh         to be published, in order
    repeated      how many are safe already
    expected      of a hole: the first number that is missing; 0 where there is none
    is_conflict   the last number that is safe was another event's: the Box gives its numbers twice
    is_proven     the last event that is safe is among them, so that those before it are what they seem: repeats
    """

    fresh: tuple[Event, ...]
    repeated: int
    expected: int = 0
    is_conflict: bool = False
    is_proven: bool = True


def judge(events: Sequence[Event], through: Through | None) -> Judged:
    """`events` follow each other without holes (`schemas.hardware.from_batch`). `through`: how far the Box is safe, None when nothing is."""
    safe = through.sequence if through else 0
    fresh = tuple(event for event in events if event.sequence > safe)
    repeated = len(events) - len(fresh)
    last = next((event for event in events if through is not None and event.sequence == safe), None)
    is_same = last is not None and through is not None and last.id == through.event_id
    # What was let go of after it had been sent, its answer lost, has another event in its place: no conflict.
    is_conflict = last is not None and not is_same and last.kind not in SPANNING_KINDS
    is_hole = bool(fresh) and fresh[0].first_sequence > safe + 1
    return Judged(() if is_hole else fresh, repeated, safe + 1 if is_hole else 0, is_conflict, is_same or not repeated)
