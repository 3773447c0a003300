"""Tables that follow their files: a line added for a held product counts at the next look, without a restart.

A file that is wrong while somebody edits it changes nothing: the last good tables stay, and the fault is logged once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from connectors.kit.catalogue.rows import TableError
from connectors.kit.catalogue.tables import Tables

logger = logging.getLogger(__name__)
Stamp = tuple[tuple[str, int, int], ...]


class LiveTables:
    """load: reads all files, raising TableError. The first load is done at once, so that wrong tables are told at start."""

    def __init__(self, load: Callable[[], Tables], files: tuple[Path, ...]) -> None:
        self._load = load
        self._files = files
        self._stamp = _stamp(files)
        self._tables = load()

    def current(self) -> Tables:
        """The tables as the files say now. Never raises."""
        stamp = _stamp(self._files)
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._tables = self._load()
            except TableError as error:
                logger.error("tables_wrong", extra={"faults": error.faults[:10]})
            else:
                logger.info("tables_read", extra={"files": len(self._files)})
        return self._tables


def _stamp(files: tuple[Path, ...]) -> Stamp:
    found = []
    for path in files:
        try:
            status = path.stat()
        except OSError:
            found.append((str(path), 0, 0))
        else:
            found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)
