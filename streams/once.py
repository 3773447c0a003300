"""Each hardware event once, for whoever reads `hardware-events`: a gateway that dies at the wrong moment publishes some twice. Pure.

Within a key (a device of a Box) events stand in the order of their sequences; what comes again comes again within the length of a batch.
So a reader remembers the newest sequences of each key, twice as many as a batch can have. Even an event whose first try failed while the
next one's did not, and which therefore stands behind it, is told apart from a repeat; what is older than all that is remembered is one.

What is remembered must be as old as the offsets that were committed, or repeats are taken anew after a restart: keep `state` with them,
or be idempotent by the event's id, as every sink here is.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Any

from schemas.hardware import MAX_BATCH_EVENTS, MAX_SEQUENCE

KEPT = 2 * MAX_BATCH_EVENTS  # sequences of each key, 8 bytes each


class Once:
    """Which events were had. Not for several threads."""

    def __init__(self, state: Mapping[str, Sequence[int]] | None = None) -> None:
        self._had = {key: array("q", sorted(sequences)[-KEPT:]) for key, sequences in (state or {}).items()}

    def takes(self, key: str, sequence: int) -> bool:
        """Whether this event is had for the first time. key: the record's; sequence: the event's, its `version` header."""
        if not 0 < sequence <= MAX_SEQUENCE:
            raise ValueError("a sequence is a whole number from 1")
        had = self._had.setdefault(key, array("q"))
        place = bisect_left(had, sequence)
        if place < len(had) and had[place] == sequence:
            return False
        if len(had) == KEPT:
            if place == 0:
                return False
            del had[0]
            place -= 1
        had.insert(place, sequence)
        return True

    def takes_event(self, event: Mapping[str, Any]) -> bool:
        """The same for a decoded `hardware_event`."""
        return self.takes(f"box:{event['box']}:{event['device']}", event["sequence"])

    @property
    def state(self) -> dict[str, list[int]]:
        """key -> the sequences it remembers, growing: what a new one begins with."""
        return {key: had.tolist() for key, had in self._had.items()}
