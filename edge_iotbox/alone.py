"""One agent at a spool: two would give the same numbers, and write over each other's events."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

NAME = "lock"


class InUseError(RuntimeError):
    """Another agent runs at this spool."""


class Alone:
    """Holds the folder from `hold` to `release`, or to the end of the process, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._handle = -1

    def hold(self) -> None:
        """Raises InUseError, OSError."""
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            if isinstance(error, BlockingIOError):
                raise InUseError(
                    f"another agent runs at the spool in {self._path.parent}: stop it first (systemctl stop causeway-edge)"
                ) from error
            raise
        self._handle = handle

    def release(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
