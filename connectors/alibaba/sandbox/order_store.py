"""The orders a sandbox holds, and how lists find them. One thread uses a store."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.alibaba.sandbox.orders import Order, order_from
from connectors.kit.sandbox.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  account TEXT NOT NULL, order_id TEXT PRIMARY KEY, status TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL,
  out_order_id TEXT NOT NULL, creation TEXT NOT NULL, seller TEXT NOT NULL, refund_status TEXT NOT NULL, hidden_until REAL NOT NULL,
  body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_created ON orders (account, created);
CREATE INDEX IF NOT EXISTS orders_modified ON orders (account, modified);
"""


@dataclass(frozen=True)
class Search:
    """Times in epoch seconds, both ends belong to their window; equal: column -> value."""

    now: float
    created: tuple[float, float]
    modified: tuple[float, float]
    equal: dict[str, str] = field(default_factory=dict)


class OrderStore:
    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("orders",))

    def put(self, order: Order) -> None:
        times = (order.created, order.modified)
        names = (order.out_order_id, order.creation, order.seller, order.refund_status)
        body = json.dumps(order.as_json(), ensure_ascii=False)
        self._db.insert("orders", (order.account, order.id, order.status, *times, *names, order.hidden_until, body))

    def get(self, order_id: str) -> Order | None:
        """Of any buyer."""
        row = self._db.execute("SELECT body FROM orders WHERE order_id = ?", (order_id,)).fetchone()
        return order_from(json.loads(row[0])) if row else None

    def count(self) -> int:
        return self._db.number("SELECT count(*) FROM orders")

    def all(self, account: str) -> list[Order]:
        """Oldest first."""
        rows = self._db.execute("SELECT body FROM orders WHERE account = ? ORDER BY created, order_id", (account,))
        return [order_from(json.loads(row[0])) for row in rows]

    def page(self, account: str, search: Search, size: int, page: int) -> tuple[list[Order], int]:
        """(the page, how many there are in all): the newest first, as the platform's own list has them."""
        where, values = _where(account, search)
        total = self._db.number(f"SELECT count(*) FROM orders WHERE {where}", values)  # noqa: S608
        sql = f"SELECT body FROM orders WHERE {where} ORDER BY created DESC, order_id DESC LIMIT ? OFFSET ?"  # noqa: S608
        rows = self._db.execute(sql, (*values, size, (page - 1) * size))
        return [order_from(json.loads(row[0])) for row in rows], total


def _where(account: str, search: Search) -> tuple[str, Sequence[Any]]:
    sql = ["account = ?", "hidden_until <= ?", "created BETWEEN ? AND ?", "modified BETWEEN ? AND ?"]
    values: list[Any] = [account, search.now, *search.created, *search.modified]
    for column, value in search.equal.items():
        sql.append(f"{column} = ?")
        values.append(value)
    return " AND ".join(sql), values
