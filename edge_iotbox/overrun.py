"""What the Box forgot before we asked for it: one gap for a burst, however many polls it takes to get through.

The thread that listens finds it, and may then wait for fifty seconds; the thread that looks tells it, once it has not grown for a second.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

QUIET_MS = 1000
LONGEST_MS = 10_000  # one that goes on is told in pieces


@dataclass
class Overrun:
    """One stretch that is not told yet. Times by the machine's clock, milliseconds. From any thread."""

    _begin: int | None = None
    _end: int = 0
    _since: int = 0
    _grew: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def grows(self, begin: int, end: int, at: int) -> bool:
        """Something was forgotten between begin and end, found out at `at`; whether this is the first of a stretch."""
        with self._lock:
            first = self._begin is None
            self._begin = begin if self._begin is None else min(self._begin, begin)
            self._end = end if first else max(self._end, end)
            self._since, self._grew = at if first else self._since, at
            return first

    def tell(self, at: int, say: Callable[[int, int], bool], now: bool = False) -> None:
        """Says the stretch if it is time, or now; where `say` could not, it is kept."""
        with self._lock:
            if self._begin is None or not (now or at - self._grew >= QUIET_MS or at - self._since >= LONGEST_MS):
                return
            if say(self._begin, self._end):
                self._begin = None

    def heard_until(self, moment: int) -> int:
        """The moment, or the begin of what is not told yet."""
        with self._lock:
            return moment if self._begin is None else min(moment, self._begin)
