"""Waiting for what happens elsewhere, in a task, a thread or a process: on a condition with a limit, never for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

LIMIT_SECONDS = 120.0  # for what takes a second or two; reached only when it does not happen at all, also on a slow and busy machine
_FIRST_LOOK_SECONDS, _LAST_LOOK_SECONDS = 0.01, 0.25
_TURNS = 500


def until(
    condition: Callable[[], object], what: str = "it holds", limit_seconds: float = LIMIT_SECONDS,
    so_far: Callable[[], str] = lambda: "nothing more is known",
) -> None:  # fmt: skip
    """Returns when it holds. Raises AssertionError after the limit, saying what was waited for and how far it came."""
    deadline = time.monotonic() + limit_seconds
    for pause in _pauses():
        if condition():
            return
        assert time.monotonic() < deadline, f"waited {limit_seconds:.0f} s in vain until {what}: {so_far()}"
        time.sleep(pause)


async def soon(condition: Callable[[], object], what: str = "it holds", limit_seconds: float = LIMIT_SECONDS) -> None:
    """The same for what other tasks do: the first looks are one in each turn of the loop."""
    deadline = time.monotonic() + limit_seconds
    for turn, pause in enumerate(_pauses()):
        if condition():
            return
        assert time.monotonic() < deadline, f"waited {limit_seconds:.0f} s in vain until {what}"
        await asyncio.sleep(0 if turn < _TURNS else pause)


def _pauses() -> Iterator[float]:
    """Ever longer: some conditions read whole topics."""
    pause = _FIRST_LOOK_SECONDS
    while True:
        yield pause
        pause = min(pause * 1.2, _LAST_LOOK_SECONDS)
