"""One process at a time, by a lock on a file; the system frees it when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from streams.stack.errors import StackError
from streams.stack.process import wait_until


@contextmanager
def exclusive(path: Path, *, seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of this file, waiting at most `seconds` for another holder. Raises StackError."""
    with path.open("a") as file:
        if not _try(file):
            say(f"another causeway process holds {path}: waiting for it")
            if not wait_until(lambda: _try(file), seconds=seconds, every=0.1):
                raise StackError(
                    f"another causeway process still holds {path} after {seconds:.0f} s: stop it, try again"
                )
        yield


def _try(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
