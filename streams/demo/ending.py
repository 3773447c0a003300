"""How a program that has started many others ends: SIGTERM and SIGINT stop it in order, whoever sends them.

Left alone, SIGTERM ends Python at once and its processes stay behind; and a shell without job control starts what runs in its background with
SIGINT ignored, so that Python never hears of it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NUMBERS = (signal.SIGTERM, signal.SIGINT)


def _no_more(_number: int, _frame: FrameType | None) -> None:
    """It is ending already. Not SIG_IGN, which processes started meanwhile would inherit."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in NUMBERS:
        signal.signal(number, _no_more)
    raise KeyboardInterrupt


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Inside, the first of these signals raises KeyboardInterrupt; later ones do not disturb the cleaning up. From the main thread."""
    before = {number: signal.signal(number, _interrupt) for number in NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
