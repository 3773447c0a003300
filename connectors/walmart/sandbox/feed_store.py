"""Feeds as they were sent and what became of each of their items."""

import json
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from connectors.kit.sandbox.database import Database
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.item_rules import FeedError

RECEIVED, INPROGRESS, PROCESSED, ERROR = "RECEIVED", "INPROGRESS", "PROCESSED", "ERROR"
SUCCESS = "SUCCESS"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS feeds (
  account TEXT NOT NULL, feed_id TEXT NOT NULL, kind TEXT NOT NULL, node TEXT NOT NULL, filename TEXT NOT NULL,
  items INTEGER NOT NULL, sent_at REAL NOT NULL, begins_at REAL NOT NULL, ends_at REAL, done INTEGER NOT NULL,
  modified REAL NOT NULL, error TEXT NOT NULL, marks TEXT NOT NULL, content BLOB NOT NULL,
  PRIMARY KEY (account, feed_id));
CREATE INDEX IF NOT EXISTS feeds_due ON feeds (ends_at) WHERE done = 0;
CREATE TABLE IF NOT EXISTS feed_items (
  account TEXT NOT NULL, feed_id TEXT NOT NULL, position INTEGER NOT NULL, sku TEXT NOT NULL, wpid TEXT NOT NULL,
  status TEXT NOT NULL, errors TEXT NOT NULL, PRIMARY KEY (account, feed_id, position)) WITHOUT ROWID;
"""
_COLUMNS = "account, feed_id, kind, node, filename, items, sent_at, begins_at, ends_at, done, modified, error, marks"


@dataclass(frozen=True)
class Feed:
    """Times: epoch seconds. ends_at None: stuck, it never ends. error: what fails the whole feed. marks: by position, what
    shall befall an item ("DATA_ERROR", "SYSTEM_ERROR", "TIMEOUT_ERROR", "unpublish")."""

    account: str
    feed_id: str
    kind: str
    node: str
    filename: str
    items: int
    sent_at: float
    begins_at: float
    ends_at: float | None
    done: bool = False
    modified: float = 0.0
    error: FeedError | None = None
    marks: tuple[tuple[int, str], ...] = ()

    def status(self, now: float) -> str:
        if self.done:
            return ERROR if self.error else PROCESSED
        return RECEIVED if now < self.begins_at else INPROGRESS


@dataclass(frozen=True)
class FeedItem:
    """position: place in the file, from 0; status: INPROGRESS until the feed is done, then what became of the item."""

    position: int
    sku: str
    status: str = INPROGRESS
    wpid: str = ""
    errors: tuple[FeedError, ...] = ()


class FeedStore:
    """Feeds in the sandbox's database. Files are kept until they are processed."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._tallies: dict[str, dict[str, int]] = {}
        database.create(_SCHEMA, ("feeds", "feed_items"))

    def transaction(self) -> AbstractContextManager[None]:
        return self._db.transaction()

    def add(self, feed: Feed, items: Iterable[FeedItem], content: bytes) -> None:
        with self._db.transaction():
            self._db.insert("feeds", (*_row(feed), content))
            self._put_items(feed, items)

    def get(self, account: str, feed_id: str) -> Feed | None:
        sql = f"SELECT {_COLUMNS} FROM feeds WHERE account = ? AND feed_id = ?"  # noqa: S608
        row = self._db.execute(sql, (account, feed_id)).fetchone()
        return _feed(row) if row else None

    def content(self, feed: Feed) -> bytes:
        sql = "SELECT content FROM feeds WHERE account = ? AND feed_id = ?"
        found: bytes = self._db.execute(sql, (feed.account, feed.feed_id)).fetchone()[0]
        return found

    def page(self, account: str, limit: int, offset: int) -> list[Feed]:
        """Newest first."""
        sql = f"SELECT {_COLUMNS} FROM feeds WHERE account = ? ORDER BY sent_at DESC, rowid DESC LIMIT ? OFFSET ?"  # noqa: S608
        return [_feed(row) for row in self._db.execute(sql, (account, limit, offset))]

    def count(self, account: str) -> int:
        return self._db.number("SELECT count(*) FROM feeds WHERE account = ?", (account,))

    def due(self, now: float) -> list[Feed]:
        """Feeds to be processed by now, in the order they end."""
        sql = f"SELECT {_COLUMNS} FROM feeds WHERE done = 0 AND ends_at <= ? ORDER BY ends_at, rowid"  # noqa: S608
        return [_feed(row) for row in self._db.execute(sql, (now,))]

    def finish(self, feed: Feed, items: Iterable[FeedItem]) -> None:
        """The feed is done: its items' fates, its file no longer needed."""
        with self._db.transaction():
            sql = "UPDATE feeds SET done = 1, modified = ?, content = x'' WHERE account = ? AND feed_id = ?"
            self._db.execute(sql, (feed.ends_at, feed.account, feed.feed_id))
            self._put_items(feed, items)

    def end_at(self, feed: Feed, ends_at: float) -> None:
        """Lets a stuck feed end."""
        sql = "UPDATE feeds SET ends_at = ? WHERE account = ? AND feed_id = ? AND done = 0"
        self._db.execute(sql, (ends_at, feed.account, feed.feed_id))

    def items(self, feed: Feed, limit: int, offset: int) -> list[FeedItem]:
        sql = (
            "SELECT position, sku, status, wpid, errors FROM feed_items "
            "WHERE account = ? AND feed_id = ? AND position >= ? ORDER BY position LIMIT ?"
        )
        rows = self._db.execute(sql, (feed.account, feed.feed_id, offset, limit))
        return [FeedItem(position, sku, status, wpid, _errors(errors)) for position, sku, status, wpid, errors in rows]

    def tally(self, feed: Feed) -> dict[str, int]:
        """Number of items by status. Of a feed that is done it never changes, so it is counted once."""
        if feed.feed_id in self._tallies:
            return self._tallies[feed.feed_id]
        sql = "SELECT status, count(*) FROM feed_items WHERE account = ? AND feed_id = ? GROUP BY status"
        found = dict(self._db.execute(sql, (feed.account, feed.feed_id)).fetchall())
        if feed.done:
            self._tallies[feed.feed_id] = found
        return found

    def _put_items(self, feed: Feed, items: Iterable[FeedItem]) -> None:
        for item in items:
            errors = json.dumps([_error_fields(error) for error in item.errors]) if item.errors else ""
            row = (feed.account, feed.feed_id, item.position, item.sku, item.wpid, item.status, errors)
            self._db.insert("feed_items", row)


def _error_fields(error: FeedError) -> Json:
    return {"code": error.code, "description": error.description, "field": error.field, "type": error.type}


def _errors(text: str) -> tuple[FeedError, ...]:
    return tuple(FeedError(**fields) for fields in json.loads(text)) if text else ()


def _row(feed: Feed) -> Sequence[Any]:
    first = (feed.account, feed.feed_id, feed.kind, feed.node, feed.filename, feed.items)
    times = (feed.sent_at, feed.begins_at, feed.ends_at, int(feed.done), feed.modified or feed.sent_at)
    error = json.dumps(_error_fields(feed.error)) if feed.error else ""
    return (*first, *times, error, json.dumps(feed.marks))


def _feed(row: Sequence[Any]) -> Feed:
    names = ("account", "feed_id", "kind", "node", "filename", "items", "sent_at", "begins_at", "ends_at")
    fields: dict[str, Any] = dict(zip(names, row[:9], strict=True))
    done, modified, error, marks = row[9:]
    found = FeedError(**json.loads(error)) if error else None
    pairs = tuple((position, mark) for position, mark in json.loads(marks))
    return Feed(**fields, done=bool(done), modified=modified, error=found, marks=pairs)
