"""Stock and prices as the seller wrote them, with every write they ever made.

A number written is kept with the time its request arrived (`sent_at`) and the time it took effect (`applied_at`); a feed
takes effect later than it was sent. The last one to take effect wins, as with Walmart, whatever was sent first: a test that
looks for an older number over a newer one finds it here as an entry that is `stale`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from connectors.kit.sandbox.database import Database
from connectors.walmart.sandbox.charges import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS stock (
  account TEXT NOT NULL, sku TEXT NOT NULL, node TEXT NOT NULL, amount INTEGER NOT NULL, sold INTEGER NOT NULL,
  writes INTEGER NOT NULL, sent_at REAL NOT NULL, applied_at REAL NOT NULL,
  PRIMARY KEY (account, sku, node)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stock_history (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, sku TEXT NOT NULL, node TEXT NOT NULL, amount INTEGER NOT NULL,
  sent_at REAL NOT NULL, applied_at REAL NOT NULL, via TEXT NOT NULL, reference TEXT NOT NULL, stale INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS stock_history_by_sku ON stock_history (account, sku);
CREATE TABLE IF NOT EXISTS price_history (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, sku TEXT NOT NULL, cents INTEGER NOT NULL, kind TEXT NOT NULL,
  sent_at REAL NOT NULL, applied_at REAL NOT NULL, via TEXT NOT NULL, reference TEXT NOT NULL, stale INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS price_history_by_sku ON price_history (account, sku);
"""


@dataclass(frozen=True)
class Origin:
    """Where a write came from. via: put | feed | control; reference: correlation id or feed id; times: epoch seconds."""

    sent_at: float
    applied_at: float
    via: str
    reference: str = ""


@dataclass(frozen=True)
class Stock:
    """amount: as last written (Walmart's inputQty); sold: units shipped since."""

    node: str
    amount: int
    sold: int
    writes: int
    sent_at: float
    applied_at: float


class StockStore:
    """Stock by account, SKU and ship node; history of stock and prices."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("stock", "stock_history", "price_history"))

    def write(self, account: str, sku: str, node: str, amount: int, origin: Origin) -> None:
        key = (account, sku, node)
        with self._db.transaction():
            sql = "SELECT writes, sent_at FROM stock WHERE account = ? AND sku = ? AND node = ?"
            writes, newest = self._db.execute(sql, key).fetchone() or (0, 0.0)
            times = (max(origin.sent_at, newest), origin.applied_at)
            self._db.insert("stock", (*key, amount, 0, writes + 1, *times))
            self._note("stock_history", (*key, amount), origin, newest)

    def wrote_price(self, account: str, sku: str, cents: int, kind: str, origin: Origin) -> None:
        """Notes a price; the item itself holds the one in force."""
        newest = "SELECT max(sent_at) FROM price_history WHERE account = ? AND sku = ?"
        sent = self._db.execute(newest, (account, sku)).fetchone()[0] or 0.0
        self._note("price_history", (account, sku, cents, kind), origin, sent)

    def sold(self, account: str, units: Counter[str], node: str) -> None:
        """Units shipped: they are reserved no more, and not there any more until the seller writes a new number."""
        for sku, count in units.items():
            sql = "UPDATE stock SET sold = sold + ? WHERE account = ? AND sku = ? AND node = ?"
            self._db.execute(sql, (count, account, sku, node))

    def of(self, account: str, sku: str) -> list[Stock]:
        """Stock of a SKU by node; a node never written to is left out."""
        return self.of_many(account, (sku,)).get(sku, [])

    def of_many(self, account: str, skus: Iterable[str]) -> dict[str, list[Stock]]:
        found: dict[str, list[Stock]] = {}
        columns = "node, amount, sold, writes, sent_at, applied_at"
        for sku in skus:
            sql = f"SELECT {columns} FROM stock WHERE account = ? AND sku = ? ORDER BY node"  # noqa: S608
            if rows := self._db.execute(sql, (account, sku)).fetchall():
                found[sku] = [Stock(*row) for row in rows]
        return found

    def delete(self, account: str, sku: str) -> None:
        self._db.execute("DELETE FROM stock WHERE account = ? AND sku = ?", (account, sku))

    def history(self, account: str, sku: str) -> list[Json]:
        """Every number written, in the order they took effect."""
        names = ("node", "amount", "sent_at", "applied_at", "via", "reference", "stale")
        return self._history("stock_history", names, account, sku)

    def prices(self, account: str, sku: str) -> list[Json]:
        names = ("cents", "kind", "sent_at", "applied_at", "via", "reference", "stale")
        return self._history("price_history", names, account, sku)

    def counts(self, account: str) -> dict[str, tuple[int, int]]:
        """(stock writes, stale ones among them) by SKU."""
        sql = "SELECT sku, count(*), sum(stale) FROM stock_history WHERE account = ? GROUP BY sku"
        return {sku: (writes, stale) for sku, writes, stale in self._db.execute(sql, (account,))}

    def _note(self, table: str, first: tuple[Any, ...], origin: Origin, newest: float) -> None:
        stale = int(origin.sent_at < newest)
        row = (None, *first, origin.sent_at, origin.applied_at, origin.via, origin.reference, stale)
        self._db.insert(table, row)

    def _history(self, table: str, names: tuple[str, ...], account: str, sku: str) -> list[Json]:
        sql = f"SELECT {', '.join(names)} FROM {table} WHERE account = ? AND sku = ? ORDER BY id"  # noqa: S608
        rows = self._db.execute(sql, (account, sku))
        return [{**dict(zip(names, row, strict=True)), "stale": bool(row[-1])} for row in rows]


def shown(stock: Stock) -> Json:
    return asdict(stock)
