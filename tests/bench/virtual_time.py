"""Hours in seconds: an event loop whose clock jumps to the next moment something is due. Nothing in it may wait for sockets or threads."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class Clock:
    """Seconds, of the loop and of all that is asked for the time in it."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


class _Jumping(selectors.SelectSelector):
    """Waits by moving the clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everything waits for something that will not come: there is no outside here")
        if not found and timeout:
            self._clock.now += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        super().__init__(_Jumping(clock))
        self._virtual = clock

    def time(self) -> float:
        return self._virtual.now


def run_virtually(main: Coroutine[Any, Any, T], clock: Clock) -> T:
    """What `main` gives; `clock` tells the time in it."""
    with asyncio.Runner(loop_factory=lambda: _Loop(clock)) as runner:
        return runner.run(main)
