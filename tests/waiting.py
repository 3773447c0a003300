"""Waiting for what happens elsewhere, in a thread or a process: on a condition with a limit, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT_SECONDS = 60.0
_LOOK_SECONDS = 0.02


def until(condition: Callable[[], object], limit_seconds: float = LIMIT_SECONDS) -> None:
    """Returns when it holds; fails the test when it does not within the limit."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit_seconds:.0f} s"
        time.sleep(_LOOK_SECONDS)
