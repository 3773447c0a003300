"""How far the Box's clock is from ours, by the `Date` of its answers. Pure.

`Date` has whole seconds: an answer got between two moments of ours tells an interval of at most a second and the way there. The intervals of
several answers overlap in less, so the measure gets better with each; where they do not overlap a clock was moved.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from edge_iotbox.box import Exchange

KEPT = 60
STEP_MS = 2000  # less is drift or the network


@dataclass
class SkewMeter:
    """Ours minus the Box's. Feed it every exchange; it keeps the latest ones. One thread feeds, any may ask.

    `bounds`: least and most that is possible, milliseconds; None before the first answer with a date."""

    bounds: tuple[float, float] | None = None
    _seen: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=KEPT))

    def feed(self, exchange: Exchange) -> int | None:
        """By how many milliseconds the difference jumped; None when it did not (or was not known)."""
        if exchange.box_seconds is None:
            return None
        least = exchange.sent_at / 1000 - exchange.box_seconds * 1000 - 1000
        most = exchange.got_at / 1000 - exchange.box_seconds * 1000
        before = self.milliseconds
        self._seen.append((least, most))
        low, high = max(low for low, _ in self._seen), min(high for _, high in self._seen)
        if low <= high:
            self.bounds = (low, high)
            return None
        self._seen.clear()
        self._seen.append((least, most))
        self.bounds = (least, most)
        after = self.milliseconds
        jumped = 0 if before is None or after is None else after - before
        return jumped if abs(jumped) >= STEP_MS else None

    def forget(self) -> None:
        """Our own clock was set: what was measured before says nothing of the Box's."""
        self._seen.clear()
        self.bounds = None

    @property
    def milliseconds(self) -> int | None:
        """The middle of what is possible; None before the first answer with a date."""
        bounds = self.bounds
        return None if bounds is None else round((bounds[0] + bounds[1]) / 2)
