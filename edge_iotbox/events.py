"""How events are made: a draft says what happened, its number and id are given when the spool takes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from edge_iotbox.clock import Clock
from edge_iotbox.readings import Reading
from schemas.hardware import Event, id_of

NO_ID = "0" * 32


@dataclass(frozen=True, slots=True)
class Teller:
    """Who tells: one Box, one start of the agent."""

    box: str
    boot: str
    clock: Clock

    def own(
        self, kind: str, about: Mapping[str, Any], device: str = "", device_class: str = "", name: str = ""
    ) -> Event:
        """Something the agent itself has to tell; `about` becomes the payload. Its number is still to be given."""
        payload = json.dumps(dict(about), separators=(",", ":"), sort_keys=True)
        return Event(
            id=NO_ID, box=self.box, boot=self.boot, sequence=0, first_sequence=0, kind=kind, received_at=self.clock.now(),
            monotonic_ms=self.clock.monotonic_ms(), payload=payload, device=device, device_class=device_class, device_name=name,
            clock_trusted=self.clock.trusted(),
        )  # fmt: skip

    def heard(self, reading: Reading, skew_ms: int | None) -> Event:
        """What a device said. Its number is still to be given."""
        return Event(
            id=NO_ID, box=self.box, boot=self.boot, sequence=0, first_sequence=0, kind=reading.kind, received_at=self.clock.now(),
            monotonic_ms=self.clock.monotonic_ms(), payload=reading.payload, device=reading.device, device_class=reading.device_class,
            device_name=reading.device_name, value=reading.value, weight=reading.weight, status=reading.status,
            device_time=reading.device_time, skew_ms=skew_ms, clock_trusted=self.clock.trusted(),
        )  # fmt: skip


def numbered(draft: Event, sequence: int, first_sequence: int | None = None) -> Event:
    """The draft with its number and the id that goes with it."""
    placed = replace(draft, sequence=sequence, first_sequence=sequence if first_sequence is None else first_sequence)
    return replace(placed, id=id_of(placed))
