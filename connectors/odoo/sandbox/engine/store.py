"""Where committed rows live: one SQLite file, one transaction per call.

WAL with synchronous=NORMAL hands every commit to the operating system before the answer goes out, so it survives
kill -9 of the process (not a power cut, which a sandbox does not promise).
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import orjson

from connectors.odoo.sandbox.engine.fields import Row

_SCHEMA = """
CREATE TABLE IF NOT EXISTS row (model TEXT NOT NULL, id INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (model, id))
WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class Store:
    """`path` None keeps everything in memory. One writer at a time, one process at a time; `wait_seconds` for another
    process that is just stopping.

    Raises sqlite3.Error: the file is taken by another process, no database, or the disk is full."""

    def __init__(self, path: Path | None, wait_seconds: float = 5.0) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            path or ":memory:", isolation_level=None, check_same_thread=False, timeout=wait_seconds
        )
        # Rows live in memory: a second process on the same file would overwrite what this one has answered.
        self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def rows(self) -> Iterator[tuple[str, int, Row]]:
        for model, record_id, data in self._db.execute("SELECT model, id, data FROM row"):
            yield model, record_id, orjson.loads(data)

    def counters(self) -> dict[str, int]:
        return dict(self._db.execute("SELECT name, value FROM counter"))

    def commit(self, changes: Mapping[tuple[str, int], Row | None], counters: Mapping[str, int]) -> None:
        """All or nothing."""
        self._in_transaction(changes.items(), counters)

    def reset(self, rows: Iterable[tuple[tuple[str, int], Row]], counters: Mapping[str, int]) -> None:
        """Replace everything."""
        self._in_transaction(rows, counters, empty=True)

    def _in_transaction(
        self,
        changes: Iterable[tuple[tuple[str, int], Row | None]],
        counters: Mapping[str, int],
        *,
        empty: bool = False,
    ) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            if empty:
                self._db.execute("DELETE FROM row")
                self._db.execute("DELETE FROM counter")
            self._apply(changes)
            self._db.executemany("INSERT OR REPLACE INTO counter VALUES (?, ?)", counters.items())
            self._db.execute("COMMIT")
        except BaseException:
            self._db.execute("ROLLBACK")
            raise

    def _apply(self, changes: Iterable[tuple[tuple[str, int], Row | None]]) -> None:
        kept, gone = [], []
        for (model, record_id), row in changes:
            if row is None:
                gone.append((model, record_id))
            else:
                kept.append((model, record_id, orjson.dumps(row)))
        self._db.executemany("INSERT OR REPLACE INTO row VALUES (?, ?, ?)", kept)
        self._db.executemany("DELETE FROM row WHERE model = ? AND id = ?", gone)

    def close(self) -> None:
        self._db.close()
