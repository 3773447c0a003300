"""Events for tests of the edge. Only the standard library and pytest may be imported in this folder: it also runs where no more is there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from schemas.hardware import Event, id_of

BOX = "b8:27:eb:00:00:01"
BOOT = "0c9f6bd2-7f0e-4c7e-9d2a-1f6a4f3f0001"
SCANNER = "usb_05e0:1200"
NOW = 1_795_240_783_000_000  # epoch microseconds


def event(sequence: int = 1, **changes: Any) -> Event:
    """A scan, with its id."""
    plain = Event(
        id="0" * 32, box=BOX, boot=BOOT, sequence=sequence, first_sequence=sequence, kind="scan", received_at=NOW + sequence,
        monotonic_ms=1000 + sequence, payload='{"value":"9780201"}', device=SCANNER, device_class="scanner", device_name="Symbol",
        value="9780201", device_time=NOW, skew_ms=12, clock_trusted=True,
    )  # fmt: skip
    changed = replace(plain, **changes)
    return changed if "id" in changes else replace(changed, id=id_of(changed))
