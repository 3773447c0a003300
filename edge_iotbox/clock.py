"""The agent's clocks: the wall clock (which may be wrong after a boot without network), the machine's, and whether the first can be trusted."""

from __future__ import annotations

import os
import time
from typing import Protocol

# Made by systemd-timesyncd and by chrony's and ntpd's units once the clock was set from the network.
SYNCHRONISED_MARKS = ("/run/systemd/timesync/synchronized", "/run/systemd/time-sync-done")


class Clock(Protocol):
    """Where times come from; tests hand in one they can set."""

    def now(self) -> int:
        """Epoch microseconds UTC by the wall clock."""
        ...

    def monotonic_ms(self) -> int:
        """Milliseconds since the machine's start; never jumps."""
        ...

    def trusted(self) -> bool:
        """Whether the wall clock was set from a source of time."""
        ...


class SystemClock:
    """The machine's. `always_trusted`: for machines whose clock is kept by other means than those we can see (a settings choice)."""

    def __init__(self, always_trusted: bool = False, marks: tuple[str, ...] = SYNCHRONISED_MARKS) -> None:
        self._always = always_trusted
        self._marks = marks

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic_ms(self) -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    def trusted(self) -> bool:
        return self._always or any(os.path.exists(mark) for mark in self._marks)


def wall_of(moment: int, clock: Clock) -> int:
    """A moment of the machine's clock (milliseconds) by the wall clock as it is now, epoch microseconds; not after it."""
    return clock.now() - max(0, clock.monotonic_ms() - moment) * 1000
