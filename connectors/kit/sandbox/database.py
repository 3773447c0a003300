"""The one SQLite file of a sandbox. Every store of the sandbox brings its own tables and shares this connection, so that
what belongs together is committed together and before its answer is sent."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Database:
    """Opened at once, used by one thread. data_dir: where `file_name` lies; None = memory only.

    Raises sqlite3.Error when the file cannot be used."""

    def __init__(self, data_dir: Path | None, file_name: str) -> None:
        if data_dir is not None:
            data_dir.mkdir(parents=True, exist_ok=True)
        path = ":memory:" if data_dir is None else str(data_dir / file_name)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._tables: list[str] = []
        self._depth = 0

    def create(self, schema: str, tables: Sequence[str]) -> None:
        """Make the tables that are not there yet. Each has a column `account`, by which clear() empties it."""
        self._db.executescript(schema)
        self._tables.extend(tables)

    def execute(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._db.execute(sql, values)

    def insert(self, table: str, row: Sequence[Any]) -> None:
        """Adds a whole row, or replaces the one with its key."""
        marks = ",".join("?" * len(row))
        self._db.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", row)  # noqa: S608 - our own names

    def number(self, sql: str, values: Sequence[Any] = ()) -> int:
        """The single number a query asks for; NULL is 0."""
        return int(self._db.execute(sql, values).fetchone()[0] or 0)

    def clear(self, account: str | None = None) -> None:
        with self.transaction():
            for table in self._tables:
                where = "" if account is None else " WHERE account = ?"
                self._db.execute(f"DELETE FROM {table}{where}", () if account is None else (account,))  # noqa: S608

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another one it is part of that one."""
        if self._depth:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        else:
            self._db.execute("COMMIT")
        finally:
            self._depth -= 1
