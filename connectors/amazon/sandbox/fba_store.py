"""What Amazon's own warehouses hold for a seller: by marketplace and SKU, with what is on its way, reserved or of no use.

Orders that Amazon fulfils move units by themselves: one that is placed takes them from the sellable to the reserved ones, one that is shipped takes
them out, a cancelled one puts them back."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from connectors.kit.sandbox.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fba_stock (
  account TEXT NOT NULL, marketplace TEXT NOT NULL, sku TEXT NOT NULL, updated INTEGER NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (account, marketplace, sku)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fba_stock_updated ON fba_stock (account, marketplace, updated);
CREATE TABLE IF NOT EXISTS fba_orders (
  account TEXT NOT NULL, order_id TEXT NOT NULL, sku TEXT NOT NULL, open INTEGER NOT NULL, shipped INTEGER NOT NULL,
  PRIMARY KEY (account, order_id, sku)) WITHOUT ROWID;
"""
# How many there are of each kind. Those on their way are not counted as changes (the model's startDateTime).
INBOUND = ("inbound_working", "inbound_shipped", "inbound_receiving")
OTHERS = (
    "fulfillable",
    "reserved_orders",
    "reserved_transshipment",
    "reserved_processing",
    "customer_damaged",
    "warehouse_damaged",
)
KINDS = (*OTHERS, "defective", "researching", *INBOUND)


@dataclass(frozen=True)
class FbaStock:
    """updated: epoch milliseconds; units: by KINDS, missing ones are none."""

    account: str
    marketplace: str
    sku: str
    asin: str
    fn_sku: str
    name: str
    updated: int
    condition: str = "NewItem"
    units: dict[str, int] = field(default_factory=dict)

    def count(self, *kinds: str) -> int:
        return sum(self.units.get(kind, 0) for kind in kinds)


class FbaStore:
    """In the sandbox's database."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("fba_stock", "fba_orders"))

    def get(self, account: str, marketplace: str, sku: str) -> FbaStock | None:
        sql = "SELECT body FROM fba_stock WHERE account = ? AND marketplace = ? AND sku = ?"
        row = self._db.execute(sql, (account, marketplace, sku)).fetchone()
        return FbaStock(**json.loads(row[0])) if row else None

    def all(self, account: str, marketplace: str | None = None) -> list[FbaStock]:
        """By marketplace and SKU."""
        where = "account = ?" if marketplace is None else "account = ? AND marketplace = ?"
        values = (account,) if marketplace is None else (account, marketplace)
        sql = f"SELECT body FROM fba_stock WHERE {where} ORDER BY marketplace, sku"  # noqa: S608 - our own words
        return [FbaStock(**json.loads(body)) for (body,) in self._db.execute(sql, values)]

    def put(self, stock: FbaStock) -> None:
        body = json.dumps(asdict(stock), ensure_ascii=False)
        self._db.insert("fba_stock", (stock.account, stock.marketplace, stock.sku, stock.updated, body))

    def change(self, stock: FbaStock, units: Mapping[str, int], now_ms: int) -> FbaStock:
        """Sets the kinds given. What only changes on its way leaves the time of change alone."""
        after = {**stock.units, **units}
        counted = any(after.get(kind, 0) != stock.units.get(kind, 0) for kind in KINDS if kind not in INBOUND)
        changed = replace(stock, units=after, updated=now_ms if counted else stock.updated)
        self.put(changed)
        return changed

    def ordered(self, key: tuple[str, str, str], order_id: str, open_units: int, shipped: int, now_ms: int) -> None:
        """What an order holds of a SKU now. key: (account, marketplace, SKU)."""
        account, _, sku = key
        sql = "SELECT open, shipped FROM fba_orders WHERE account = ? AND order_id = ? AND sku = ?"
        before = self._db.execute(sql, (account, order_id, sku)).fetchone() or (0, 0)
        stock = self.get(*key)
        if stock is None or tuple(before) == (open_units, shipped):
            return
        self._db.insert("fba_orders", (account, order_id, sku, open_units, shipped))
        taken = open_units + shipped - sum(before)
        reserved = stock.count("reserved_orders") + open_units - before[0]
        fulfillable = max(0, stock.count("fulfillable") - taken)
        self.change(stock, {"fulfillable": fulfillable, "reserved_orders": max(0, reserved)}, now_ms)
