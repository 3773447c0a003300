"""When what is not urgent goes out: aligned windows, so that a restart neither delays nor doubles a flush (INV-1). Pure.

Every channel has its own length; windows begin at midnight UTC of 1 January 1970, so 15 minutes means :00, :15, :30, :45.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

Name = TypeVar("Name")


class Windows(Generic[Name]):
    """The windows of several channels. `lengths_ms`: name -> length."""

    def __init__(self, lengths_ms: Mapping[Name, int], now_ms: int) -> None:
        self._lengths = dict(lengths_ms)
        self._ends = {name: _next(now_ms, length) for name, length in self._lengths.items()}

    def next_ms(self) -> int | None:
        """When the next window ends; None when there is none."""
        return min(self._ends.values(), default=None)

    def ended(self, now_ms: int) -> frozenset[Name]:
        """Whose window has ended by now; each is told once."""
        found = frozenset(name for name, end in self._ends.items() if end <= now_ms)
        for name in found:
            self._ends[name] = _next(now_ms, self._lengths[name])
        return found


def _next(now_ms: int, length_ms: int) -> int:
    return (now_ms // length_ms + 1) * length_ms
