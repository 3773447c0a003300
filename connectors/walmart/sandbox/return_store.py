"""Returns as the API shows them, with what is still to happen to each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.kit.sandbox.database import Database
from connectors.walmart.sandbox.charges import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS returns (
  account TEXT NOT NULL, return_id TEXT NOT NULL, customer_order TEXT NOT NULL, po TEXT NOT NULL, status TEXT NOT NULL,
  kind TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL, due_at REAL, steps TEXT NOT NULL,
  wfs INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, return_id));
CREATE INDEX IF NOT EXISTS returns_due ON returns (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS return_refunds (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, return_id TEXT NOT NULL, line INTEGER NOT NULL,
  quantity INTEGER NOT NULL, at REAL NOT NULL, via TEXT NOT NULL);
"""
_COLUMNS = "account, created, modified, steps, wfs, body"


@dataclass(frozen=True)
class StoredReturn:
    """created, modified: epoch milliseconds; steps: (epoch seconds, step of return_steps) still to come, in order."""

    account: str
    created: int
    modified: int
    steps: tuple[tuple[float, str], ...]
    wfs: bool
    body: Json

    @property
    def return_id(self) -> str:
        return str(self.body["returnOrderId"])

    @property
    def po(self) -> str:
        return str(self.body["returnOrderLines"][0]["purchaseOrderId"])


@dataclass(frozen=True)
class ReturnQuery:
    """Times are epoch milliseconds, both ends included; None = any."""

    return_id: str | None = None
    customer_order: str | None = None
    status: str | None = None
    kind: str | None = None
    created_from: int | None = None
    created_to: int | None = None
    modified_from: int | None = None
    modified_to: int | None = None
    limit: int = 10
    offset: int = 0
    replacement_info: bool = False


class ReturnStore:
    """Returns and their refunds in the sandbox's database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("returns", "return_refunds"))

    def put(self, found: StoredReturn, refunds: Sequence[tuple[int, int]] = (), at: float = 0.0, via: str = "") -> None:
        """refunds: (line, quantity) refunded by this change."""
        with self._db.transaction():
            self._db.insert("returns", _row(found))
            for line, quantity in refunds:
                row = (None, found.account, found.return_id, line, quantity, at, via)
                self._db.insert("return_refunds", row)

    def get(self, account: str, return_id: str) -> StoredReturn | None:
        sql = f"SELECT {_COLUMNS} FROM returns WHERE account = ? AND return_id = ?"  # noqa: S608
        row = self._db.execute(sql, (account, return_id)).fetchone()
        return _stored(row) if row else None

    def count(self, account: str, query: ReturnQuery) -> int:
        where, values = _where(account, query)
        return self._db.number(f"SELECT count(*) FROM returns WHERE {where}", values)  # noqa: S608

    def page(self, account: str, query: ReturnQuery) -> list[StoredReturn]:
        """Newest first."""
        where, values = _where(account, query)
        sql = f"SELECT {_COLUMNS} FROM returns WHERE {where} ORDER BY created DESC, return_id LIMIT ? OFFSET ?"  # noqa: S608
        return [_stored(row) for row in self._db.execute(sql, (*values, query.limit, query.offset))]

    def all(self, account: str) -> list[StoredReturn]:
        sql = f"SELECT {_COLUMNS} FROM returns WHERE account = ? ORDER BY created, return_id"  # noqa: S608
        return [_stored(row) for row in self._db.execute(sql, (account,))]

    def of_order(self, account: str, po: str) -> list[StoredReturn]:
        sql = f"SELECT {_COLUMNS} FROM returns WHERE account = ? AND po = ? ORDER BY created, return_id"  # noqa: S608
        return [_stored(row) for row in self._db.execute(sql, (account, po))]

    def refunds(self, account: str, return_id: str) -> list[Json]:
        """Every refund of a return, as it was made."""
        sql = "SELECT line, quantity, at, via FROM return_refunds WHERE account = ? AND return_id = ? ORDER BY id"
        names = ("line", "quantity", "at", "via")
        return [dict(zip(names, row, strict=True)) for row in self._db.execute(sql, (account, return_id))]

    def due(self, now: float) -> list[StoredReturn]:
        sql = f"SELECT {_COLUMNS} FROM returns WHERE due_at <= ? ORDER BY due_at"  # noqa: S608
        return [_stored(row) for row in self._db.execute(sql, (now,)).fetchall()]


def _row(found: StoredReturn) -> Sequence[Any]:
    body = found.body
    keys = (found.account, found.return_id, body["customerOrderId"], found.po)
    first = (*keys, body["returnOrderLines"][0]["status"], body["returnType"], found.created, found.modified)
    due = found.steps[0][0] if found.steps else None
    return (*first, due, json.dumps(found.steps), int(found.wfs), json.dumps(body, ensure_ascii=False))


def _stored(row: Sequence[Any]) -> StoredReturn:
    account, created, modified, steps, wfs, body = row
    pairs = tuple((at, step) for at, step in json.loads(steps))
    return StoredReturn(account, created, modified, pairs, bool(wfs), json.loads(body))


def _where(account: str, query: ReturnQuery) -> tuple[str, list[Any]]:
    conditions: list[tuple[str, Any]] = [
        ("account = ?", account),
        ("return_id = ?", query.return_id),
        ("customer_order = ?", query.customer_order),
        ("status = ?", query.status),
        ("kind = ?", query.kind),
        ("created >= ?", query.created_from),
        ("created <= ?", query.created_to),
        ("modified >= ?", query.modified_from),
        ("modified <= ?", query.modified_to),
    ]
    used = [(sql, value) for sql, value in conditions if value is not None]
    return " AND ".join(sql for sql, _ in used), [value for _, value in used]
