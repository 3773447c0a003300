"""The orders a sandbox holds, their pending changes, and the writes it answered or refused.

Each write is committed before its answer is sent, so a killed sandbox comes back with all it ever confirmed. Orders
may lie in the future (`visible_at`): until then no call sees them. One thread uses a store.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.journal import Journal
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.query import OrderQuery

_SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
  account TEXT NOT NULL, po TEXT NOT NULL, customer_order TEXT NOT NULL, node_type TEXT NOT NULL,
  order_type TEXT NOT NULL, program TEXT NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,
  ship_by INTEGER NOT NULL, visible_at REAL NOT NULL, statuses TEXT NOT NULL, skus TEXT NOT NULL,
  traits TEXT NOT NULL, PRIMARY KEY (account, po)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bodies (
  account TEXT NOT NULL, po TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, po));
CREATE INDEX IF NOT EXISTS orders_by_date ON orders (account, created DESC, po DESC);
"""


@dataclass(frozen=True)
class StoredOrder:
    """created, modified: epoch milliseconds; visible_at: epoch seconds. `traits` is truth for tests."""

    account: str
    body: Json
    created: int
    modified: int
    visible_at: float
    traits: tuple[str, ...] = ()

    @property
    def po(self) -> str:
        return str(self.body["purchaseOrderId"])


@dataclass(frozen=True)
class PendingChange:
    """A change (lifecycle.buyer_change) due at epoch seconds."""

    at: float
    account: str
    po: str
    change: Json


class Store:
    """Orders in the sandbox's database. `version` moves with every change of an order."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.version = 0
        self.journal = Journal(database)
        database.create(_SCHEMA, ("orders", "bodies"))

    def add(self, orders: Sequence[StoredOrder], changes: Sequence[PendingChange] = ()) -> list[str]:
        """Adds the orders that are not there yet, with their changes; answers the ids added."""
        added: list[str] = []
        with self._db.transaction():
            for order in orders:
                if self._known(order.account, order.po):
                    continue
                self._replace(order)
                added.append(order.po)
            fresh = set(added)
            for one in changes:
                if one.po in fresh:
                    self.journal.plan(one.at, one.account, one.po, one.change)
        return added

    def get(self, account: str, po: str, now: float) -> StoredOrder | None:
        sql = f"SELECT {_COLUMNS} FROM {_WHOLE} WHERE account = ? AND po = ? AND visible_at <= ?"  # noqa: S608
        row = self._db.execute(sql, (account, po, now)).fetchone()
        return _order(row) if row else None

    def put(self, order: StoredOrder, operation: str = "", at: float = 0.0) -> None:
        """Replaces an order; `operation` notes the write that did it."""
        with self._db.transaction():
            self._replace(order)
            if operation:
                self.journal.wrote(order.account, order.po, operation, at)

    def count(self, account: str, query: OrderQuery, now: float) -> int:
        where, values = _where(account, query, now)
        found: int = self._db.execute(f"SELECT count(*) FROM orders WHERE {where}", values).fetchone()[0]  # noqa: S608
        return found

    def page(self, account: str, query: OrderQuery, now: float) -> list[StoredOrder]:
        """Newest order date first, as the published examples are."""
        where, values = _where(account, query, now)
        order = "ORDER BY created DESC, po DESC"
        found = f"SELECT * FROM orders WHERE {where} {order} LIMIT ? OFFSET ?"  # noqa: S608
        sql = f"SELECT {_COLUMNS} FROM ({found}) JOIN bodies USING (account, po) {order}"  # noqa: S608
        return [_order(row) for row in self._db.execute(sql, (*values, query.limit, query.offset))]

    def all(self, account: str) -> list[StoredOrder]:
        """Every order, those still in the future too, in the order of their appearance."""
        sql = f"SELECT {_COLUMNS} FROM {_WHOLE} WHERE account = ? ORDER BY visible_at, po"  # noqa: S608
        return [_order(row) for row in self._db.execute(sql, (account,))]

    def visible(self, account: str, now: float) -> int:
        return self._db.number("SELECT count(*) FROM orders WHERE account = ? AND visible_at <= ?", (account, now))

    def open_bodies(self, account: str, now: float) -> Iterator[Json]:
        """Orders with units that are neither shipped nor cancelled."""
        sql = (
            f"SELECT body FROM {_WHOLE} WHERE account = ? AND visible_at <= ? "  # noqa: S608
            "AND (instr(statuses, '\nCreated\n') > 0 OR instr(statuses, '\nAcknowledged\n') > 0)"
        )
        return (json.loads(body) for (body,) in self._db.execute(sql, (account, now)))

    def gone(self, account: str, now: float) -> list[StoredOrder]:
        """Orders with shipped, delivered or refunded units, oldest first."""
        sql = (
            f"SELECT {_COLUMNS} FROM {_WHOLE} WHERE account = ? AND visible_at <= ? AND "  # noqa: S608
            "(instr(statuses, '\nShipped\n') > 0 OR instr(statuses, '\nDelivered\n') > 0 "
            "OR instr(statuses, '\nRefund\n') > 0) ORDER BY created, po"
        )
        return [_order(row) for row in self._db.execute(sql, (account, now))]

    def pending(self, account: str, now: float) -> tuple[int, int]:
        """(orders that will still appear, changes that will still happen)."""
        orders = self._db.execute("SELECT count(*) FROM orders WHERE account = ? AND visible_at > ?", (account, now))
        return int(orders.fetchone()[0]), self.journal.planned(account)

    def apply_due(self, now: float, change: Callable[[StoredOrder, Json, float], StoredOrder]) -> None:
        """Lets `change` (order, change, its time) turn each order whose change is due; orders gone are skipped."""

        def act(account: str, po: str, wanted: Json, at: float) -> None:
            order = self.get(account, po, now)
            if order is not None:
                self._replace(change(order, wanted, at))

        self.journal.apply_due(now, act)

    def _known(self, account: str, po: str) -> bool:
        return (
            self._db.execute("SELECT 1 FROM orders WHERE account = ? AND po = ?", (account, po)).fetchone() is not None
        )

    def _replace(self, order: StoredOrder) -> None:
        self._db.insert("orders", _row(order))
        self._db.insert("bodies", (order.account, order.po, json.dumps(order.body, ensure_ascii=False)))
        self.version += 1


_COLUMNS = "account, body, created, modified, visible_at, traits"
# Bodies lie apart, so that counting and sorting need not read them.
_WHOLE = "orders JOIN bodies USING (account, po)"


def _order(row: Sequence[Any]) -> StoredOrder:
    account, body, created, modified, visible_at, traits = row
    return StoredOrder(account, json.loads(body), created, modified, visible_at, tuple(json.loads(traits)))


def _row(order: StoredOrder) -> tuple[Any, ...]:
    body = order.body
    node, shipping = body.get("shipNode"), body.get("shippingInfo")
    ship_by = shipping.get("estimatedShipDate") if isinstance(shipping, dict) else 0
    lines = _lines(body)
    return (
        order.account,
        order.po,
        str(body.get("customerOrderId", "")),
        str(node.get("type", "SellerFulfilled")) if isinstance(node, dict) else "SellerFulfilled",
        str(body.get("orderType", "REGULAR")),
        _joined(_inner(line, "fulfillment", "shippingProgramType") for line in lines),
        order.created,
        order.modified,
        ship_by if isinstance(ship_by, int) and abs(ship_by) < 2**62 else 0,
        order.visible_at,
        _joined(status.get("status") for line in lines for status in _statuses(line)),
        _joined(_inner(line, "item", "sku") for line in lines),
        json.dumps(order.traits),
    )


def _lines(body: Json) -> list[Json]:
    """The lines as far as they have the form of lines; orders of wrong form are stored too."""
    holder = body.get("orderLines")
    found = holder.get("orderLine") if isinstance(holder, dict) else None
    return [line for line in found if isinstance(line, dict)] if isinstance(found, list) else []


def _statuses(line: Json) -> list[Json]:
    holder = line.get("orderLineStatuses")
    found = holder.get("orderLineStatus") if isinstance(holder, dict) else None
    return [status for status in found if isinstance(status, dict)] if isinstance(found, list) else []


def _inner(line: Json, holder: str, name: str) -> Any:
    found = line.get(holder)
    return found.get(name) if isinstance(found, dict) else None


def _joined(names: Iterator[Any]) -> str:
    """Values between line feeds, so that one can be looked for whole."""
    return "\n" + "".join(f"{name}\n" for name in names if isinstance(name, str))


def _where(account: str, query: OrderQuery, now: float) -> tuple[str, list[Any]]:
    conditions: list[tuple[str, Any]] = [
        ("account = ?", account),
        ("visible_at <= ?", now),
        ("created >= ?", query.created_from),
        ("created <= ?", query.created_to),
        ("node_type = ?", query.node_type),
        ("modified >= ?", query.modified_from),
        ("modified <= ?", query.modified_to),
        ("ship_by >= ?", query.ship_from),
        ("ship_by <= ?", query.ship_to),
        ("instr(statuses, ?) > 0", query.status and f"\n{query.status}\n"),
        ("instr(skus, ?) > 0", query.sku and f"\n{query.sku}\n"),
        ("instr(program, ?) > 0", query.program_type and f"\n{query.program_type}\n"),
        ("customer_order = ?", query.customer_order_id),
        ("po = ?", query.purchase_order_id),
        ("order_type = ?", query.order_type),
    ]
    used = [(sql, value) for sql, value in conditions if value is not None]
    return " AND ".join(sql for sql, _ in used), [value for _, value in used]
