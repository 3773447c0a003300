"""The Box's clock: may be wrong, may jump, and may run faster than ours, so that nobody waits fifty seconds."""

import asyncio
import time
from collections.abc import Callable


class BoxClock:
    """`speed`: Box seconds in one of ours. `shift`: how far the wall clock is off, in seconds; moving it wakes nobody."""

    def __init__(self, speed: float = 1.0, shift: float = 0.0, ours: Callable[[], float] = time.monotonic) -> None:
        self.speed, self.shift = speed, shift
        self._ours, self._began, self._wall = ours, ours(), time.time()
        self._skipped = 0.0
        self._moved = asyncio.Event()

    def uptime(self) -> float:
        """Seconds since the start; never jumps back."""
        return (self._ours() - self._began) * self.speed + self._skipped

    def now(self) -> float:
        """Epoch seconds as the Box has them."""
        return self._wall + self.uptime() + self.shift

    def advance(self, seconds: float) -> None:
        """So much time passes at once; whoever waits may be woken by it."""
        self._skipped += seconds
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait(self, event: asyncio.Event, seconds: float) -> bool:
        """Waits so long by this clock. Whether the event came."""
        until = self.uptime() + seconds
        while not event.is_set() and (left := until - self.uptime()) > 0:
            waits = [asyncio.ensure_future(one.wait()) for one in (event, self._moved)]
            try:
                await asyncio.wait(waits, timeout=left / self.speed, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waits:
                    one.cancel()
        return event.is_set()
