"""Which devices there are, which are wanted, and which came or went. Pure.

A device counts as gone when it was missing twice in a row: the Box itself lists anew while it looks for hardware.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from edge_iotbox.readings import Device

MISSES = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """Patterns (`*`, `?`) on identifiers or classes. Empty `include` = all; `exclude` wins."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, device: Device) -> bool:
        if _fits(device, self.exclude):
            return False
        return not self.include or _fits(device, self.include)


def _fits(device: Device, patterns: Iterable[str]) -> bool:
    # An identifier itself is compared as text: `?` and `[` occur in those of printers.
    return any(
        device.identifier == pattern or fnmatchcase(device.identifier, pattern) or device.device_class == pattern
        for pattern in patterns
    )


@dataclass(frozen=True, slots=True)
class Change:
    """What a look showed. `came` holds those seen for the first time, `back` those that had been gone."""

    came: tuple[Device, ...] = ()
    back: tuple[Device, ...] = ()
    gone: tuple[Device, ...] = ()


@dataclass
class Inventory:
    """Devices ever seen, by identifier, and how often in a row each was missing. A device is polled for even while it is gone."""

    known: dict[str, Device] = field(default_factory=dict)
    _missed: dict[str, int] = field(default_factory=dict)

    def looked(self, listed: Sequence[Device]) -> Change:
        """What changed with this list."""
        here = {device.identifier: device for device in listed}
        came = tuple(device for name, device in here.items() if name not in self.known)
        back = tuple(device for name, device in here.items() if self._missed.get(name, 0) >= MISSES)
        gone = []
        for name, device in self.known.items():
            missed = 0 if name in here else self._missed.get(name, 0) + 1
            if missed == MISSES:
                gone.append(device)
            self._missed[name] = missed
        self.known = {**self.known, **here}  # another thread may be going through the old one
        return Change(came, back, tuple(gone))

    def wanted(self, wanted: Wanted) -> list[str]:
        """Identifiers to listen to."""
        return sorted(device.identifier for device in self.known.values() if wanted.takes(device))

    def present(self) -> int:
        """How many are there."""
        return sum(self._missed.get(name, 0) < MISSES for name in self.known)

    def as_text(self) -> str:
        """To keep over a restart."""
        rows = [
            [d.identifier, d.device_class, d.name, self._missed.get(d.identifier, 0) >= MISSES]
            for d in self.known.values()
        ]
        return json.dumps(rows)


def inventory_from(text: str) -> Inventory:
    """What `as_text` made; an empty one for anything else."""
    inventory = Inventory()
    try:
        for identifier, device_class, name, gone in json.loads(text):
            inventory.known[str(identifier)] = Device(str(identifier), str(device_class), str(name))
            inventory._missed[str(identifier)] = MISSES if gone else 0
    except (ValueError, TypeError):
        return Inventory()
    return inventory
