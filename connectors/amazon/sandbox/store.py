"""The orders a sandbox holds. Orders may lie in the future (`visible_at`): until then no call sees them. Some are absent
from lists for a while (`hidden_until`), though a call by id finds them. One thread uses a store.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.amazon.sandbox.blocks import status_of
from connectors.amazon.sandbox.moments import iso
from connectors.amazon.sandbox.search import Search
from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  account TEXT NOT NULL, order_id TEXT NOT NULL, marketplace TEXT NOT NULL, status TEXT NOT NULL,
  fulfilled_by TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, visible_at REAL NOT NULL,
  hidden_until REAL NOT NULL, traits TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, order_id));
CREATE INDEX IF NOT EXISTS orders_created ON orders (account, created, order_id);
CREATE INDEX IF NOT EXISTS orders_updated ON orders (account, updated, order_id);
CREATE INDEX IF NOT EXISTS orders_visible ON orders (account, visible_at);
"""
_COLUMNS = "account, body, created, updated, visible_at, hidden_until, traits"


@dataclass(frozen=True)
class StoredOrder:
    """created, updated: epoch milliseconds; visible_at, hidden_until: epoch seconds. `traits` is truth for tests."""

    account: str
    body: Json
    created: int
    updated: int
    visible_at: float
    hidden_until: float = 0.0
    traits: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return str(self.body["orderId"])

    @property
    def status(self) -> str:
        return status_of(self.body)

    @property
    def marketplace(self) -> str:
        found = self.body.get("salesChannel")
        return str(found.get("marketplaceId", "")) if isinstance(found, dict) else ""

    @property
    def fulfilled_by(self) -> str:
        found = self.body.get("fulfillment")
        return str(found.get("fulfilledBy", "")) if isinstance(found, dict) else ""


class Store:
    """Orders in the sandbox's database. `version` moves with every change of an order."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.version = 0
        database.create(_SCHEMA, ("orders",))

    def put(self, order: StoredOrder) -> None:
        times = (order.created, order.updated, order.visible_at, order.hidden_until)
        texts = (json.dumps(order.traits), json.dumps(order.body, ensure_ascii=False))
        row = (order.account, order.id, order.marketplace, order.status, order.fulfilled_by, *times, *texts)
        self._db.insert("orders", row)
        self.version += 1

    def known(self, account: str, order_id: str) -> bool:
        sql = "SELECT count(*) FROM orders WHERE account = ? AND order_id = ?"
        return self._db.number(sql, (account, order_id)) > 0

    def get(self, account: str, order_id: str, now: float) -> StoredOrder | None:
        sql = f"SELECT {_COLUMNS} FROM orders WHERE account = ? AND order_id = ? AND visible_at <= ?"  # noqa: S608
        row = self._db.execute(sql, (account, order_id, now)).fetchone()
        return _order(row) if row else None

    def page(self, account: str, search: Search, now: float) -> list[StoredOrder]:
        """One more than the page may have, if there is one: oldest first, from the search's position on."""
        where, values = _where(account, search, now)
        order = f"ORDER BY {search.column}, order_id LIMIT ?"
        sql = f"SELECT {_COLUMNS} FROM orders WHERE {where} {order}"  # noqa: S608
        return [_order(row) for row in self._db.execute(sql, (*values, search.limit + 1))]

    def all(self, account: str) -> list[StoredOrder]:
        """Every order, those still in the future too, in the order of their appearance."""
        sql = f"SELECT {_COLUMNS} FROM orders WHERE account = ? ORDER BY visible_at, order_id"  # noqa: S608
        return [_order(row) for row in self._db.execute(sql, (account,))]

    def arrivals(self, account: str, since: float, until: float) -> list[StoredOrder]:
        """Orders that became visible after `since`, up to `until`."""
        sql = f"SELECT {_COLUMNS} FROM orders WHERE account = ? AND visible_at > ? AND visible_at <= ? ORDER BY visible_at"  # noqa: S608
        return [_order(row) for row in self._db.execute(sql, (account, since, until))]

    def to_come(self, account: str, now: float) -> int:
        return self._db.number("SELECT count(*) FROM orders WHERE account = ? AND visible_at > ?", (account, now))


def dated(order: StoredOrder, body: Json, at: float) -> StoredOrder:
    """The order with a new body, updated at epoch seconds. Times have whole seconds, so a second change within one second
    is dated a second later: no two states of an order carry the same time."""
    updated = max(int(at) * 1000, order.updated + 1000)
    return replace(order, body={**body, "lastUpdatedTime": iso(updated)}, updated=updated)


def _order(row: Sequence[Any]) -> StoredOrder:
    account, body, created, updated, visible_at, hidden_until, traits = row
    return StoredOrder(account, json.loads(body), created, updated, visible_at, hidden_until, tuple(json.loads(traits)))


def _where(account: str, search: Search, now: float) -> tuple[str, list[Any]]:
    sql = ["account = ?", "visible_at <= ?", "hidden_until <= ?", f"{search.column} >= ?", f"{search.column} <= ?"]
    values: list[Any] = [account, now, now, search.after, search.before]
    for column, wanted in (
        ("marketplace", search.marketplaces),
        ("status", search.statuses),
        ("fulfilled_by", search.fulfilled_by),
    ):
        if wanted:
            # An order whose damage hides it is in every list: Amazon itself knows where it was sold.
            sql.append(f"{column} IN ('', {','.join('?' * len(wanted))})")
            values += wanted
    if search.position is not None:
        sql.append(f"({search.column}, order_id) > (?, ?)")
        values += search.position
    return " AND ".join(sql), values
