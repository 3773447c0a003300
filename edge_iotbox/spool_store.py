"""The spool's SQLite file: opening it, judging it, its rows. What the rows mean is the spool's business.

WAL with synchronous=FULL: each committed append has been through fsync. Acknowledgements may be forgotten by a power cut (then they come
again), so they are committed without one, which spares the card. `psow=0` (sqlite.org/psow.html): a cut while a sector of a card is written may
spoil what stood in it before, so what is committed must not share a sector with what is written next; SQLite fills the sector up then.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from edge_iotbox.numbers import sync_folder
from schemas.hardware import SPANNING_KINDS, Event, to_json

logger = logging.getLogger(__name__)

NAME = "spool.db"
ROW_BYTES = 100  # what a row costs beside its body
_FILES = (NAME, f"{NAME}-wal", f"{NAME}-shm")
_TABLES = """
CREATE TABLE IF NOT EXISTS events (
  sequence INTEGER PRIMARY KEY, first_sequence INTEGER NOT NULL, kind TEXT NOT NULL, stands_for INTEGER NOT NULL, received_at INTEGER NOT NULL,
  boot TEXT NOT NULL, monotonic_ms INTEGER NOT NULL, trusted INTEGER NOT NULL, size INTEGER NOT NULL, crc INTEGER NOT NULL,
  body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
_COLUMNS = "sequence, first_sequence, kind, stands_for, received_at, boot, monotonic_ms, trusted, size, crc, body"
_KNOWN = frozenset(field.name for field in fields(Event))


class SpoolDamagedError(RuntimeError):
    """The spool's file is no longer what was written: the agent has to start anew, which sets it aside."""


class SpoolFullError(RuntimeError):
    """The spool takes no more, by its settings or because the card cannot be written."""


@dataclass(frozen=True, slots=True)
class Row:
    """One event as it lies in the spool. `stands_for`: how many real events; `body`: its JSON form."""

    sequence: int
    first_sequence: int
    kind: str
    stands_for: int
    received_at: int
    boot: str
    monotonic_ms: int
    trusted: int
    size: int
    crc: int
    body: bytes

    @property
    def spans(self) -> bool:
        """Whether it stands for others rather than for itself."""
        return self.kind in SPANNING_KINDS

    def event(self) -> Event | None:
        """The event; None when the body is not what was written. Fields of other versions of the agent are taken as they are known here."""
        try:
            if zlib.crc32(self.body) != self.crc:
                return None
            found = json.loads(self.body)
            return Event(**{name: value for name, value in found.items() if name in _KNOWN})
        except (ValueError, TypeError, AttributeError):
            return None


def row_of(event: Event, stands_for: int = 1) -> Row:
    """An event as a row."""
    body = json.dumps(to_json(event), separators=(",", ":"), ensure_ascii=False).encode()
    return Row(
        event.sequence, event.first_sequence, event.kind, stands_for, event.received_at, event.boot, event.monotonic_ms, event.clock_trusted,
        len(body) + ROW_BYTES, zlib.crc32(body), body,
    )  # fmt: skip


class Store:
    """Rows and named values in one file. Not thread-safe: the spool holds a lock."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db, self._path, self._inode = connection, path, _inode(path)
        self._cannot_write = False

    @classmethod
    def open(cls, folder: Path, checkpoint_pages: int = 256) -> Store:
        """Opens or makes it. Raises SpoolDamagedError for a file that is no sound spool."""
        place = f"{(folder / NAME).absolute().as_uri()}?psow=0"
        connection = sqlite3.connect(place, uri=True, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint={int(checkpoint_pages)}")
            connection.execute("PRAGMA journal_size_limit=4194304")
            connection.execute("PRAGMA cache_size=-512")
            connection.executescript(_TABLES)
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
            connection.execute(f"SELECT {_COLUMNS} FROM events LIMIT 1").fetchone()  # noqa: S608 - a constant
        except sqlite3.DatabaseError as error:
            connection.close()
            if isinstance(error, sqlite3.OperationalError) and not _tells_damage(error):
                raise
            raise SpoolDamagedError(f"{folder / NAME}: {error}") from error
        if found is None or found[0] != "ok":
            connection.close()
            raise SpoolDamagedError(f"{folder / NAME}: {found[0] if found else 'no answer'}")
        sync_folder(folder)
        return cls(connection, folder / NAME)

    def is_there(self) -> bool:
        """Whether the file still stands under its name. One that was deleted, or covered by another mount, can be written, and is gone in the end."""
        return self._inode is not None and _inode(self._path) == self._inode

    @contextmanager
    def transaction(self, durable: bool = True) -> Iterator[None]:
        """All or nothing; with `durable` it has been through fsync when it ends. One inside another is part of it.
        Raises SpoolDamagedError, and SpoolFullError where the card cannot be written, which is logged when it begins and when it ends."""
        if self._db.in_transaction:
            yield
            return
        try:
            self._db.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            self._db.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            self._roll_back()
            if isinstance(error, sqlite3.OperationalError) and not _tells_damage(error):
                raise self._unwritable(error) from error
            raise SpoolDamagedError(str(error)) from error
        if self._cannot_write:
            self._cannot_write = False
            logger.info("spool_written_again")

    def _unwritable(self, error: Exception) -> SpoolFullError:
        if not self._cannot_write:
            self._cannot_write = True
            logger.error("spool_not_written problem=%s do=make room on the card; events are counted until then", error)
        return SpoolFullError(f"the spool cannot be written: {error}")

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def put(self, row: Row) -> None:
        values = (
            row.sequence, row.first_sequence, row.kind, row.stands_for, row.received_at, row.boot, row.monotonic_ms, int(row.trusted),
            row.size, row.crc, row.body,
        )  # fmt: skip
        self._db.execute(f"INSERT OR REPLACE INTO events ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?)", values)  # noqa: S608 - a constant

    def rows(self, above: int = 0) -> Iterator[Row]:
        """Oldest first, of numbers above that one. Close or exhaust it before writing."""
        query = f"SELECT {_COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence"  # noqa: S608 - a constant
        for found in self._db.execute(query, (above,)):
            yield Row(*found)

    def remove(self, first: int, last: int) -> None:
        self._db.execute("DELETE FROM events WHERE sequence BETWEEN ? AND ?", (first, last))

    def totals(self) -> tuple[int, int, int, int]:
        """(rows, bytes, lowest number, highest number); zeros when empty."""
        query = (
            "SELECT count(*), coalesce(sum(size),0), coalesce(min(sequence),0), coalesce(max(sequence),0) FROM events"
        )
        found: tuple[int, int, int, int] = self._db.execute(query).fetchone()
        return found

    def get(self, name: str, default: str = "") -> str:
        found = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return default if found is None else str(found[0])

    def set(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO state (name, value) VALUES (?,?)", (name, value))

    def checkpoint(self) -> None:
        """Brings the log into the file. SQLite does so by itself from time to time."""
        self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        self._db.close()


def set_aside(folder: Path, keep: int = 2) -> Path | None:
    """Moves a spool's files out of the way, for somebody to look at; of earlier ones `keep` stay. None when there was none."""
    aside = folder / "aside"
    aside.mkdir(mode=0o700, exist_ok=True)
    here = [folder / name for name in _FILES if (folder / name).exists()]
    place = aside / f"{time.time_ns()}"
    if here:
        place.mkdir(mode=0o700)
    for path in here:
        path.rename(place / path.name)
    for old in sorted(path for path in aside.iterdir() if path.is_dir())[:-keep]:
        for path in old.iterdir():
            path.unlink()
        old.rmdir()
    sync_folder(folder)
    return place if here else None


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _tells_damage(error: sqlite3.OperationalError) -> bool:
    """Python gives some errors of damage as operational ones; what is full, locked or unreadable is no damage."""
    return any(word in str(error) for word in ("malformed", "not a database", "no such column", "no such table"))
