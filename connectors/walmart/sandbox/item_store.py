"""The items a seller has set up: what they are, whether they are published, and what will become of them and when."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from connectors.kit.sandbox.database import Database
from connectors.walmart.sandbox.charges import Json

PUBLISHED, UNPUBLISHED, IN_PROGRESS, SYSTEM_PROBLEM = "PUBLISHED", "UNPUBLISHED", "IN_PROGRESS", "SYSTEM_PROBLEM"
ACTIVE, ARCHIVED, RETIRED = "ACTIVE", "ARCHIVED", "RETIRED"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
  account TEXT NOT NULL, sku TEXT NOT NULL, gtin TEXT NOT NULL, wpid TEXT NOT NULL, published TEXT NOT NULL,
  lifecycle TEXT NOT NULL, variant_group TEXT NOT NULL, wfs INTEGER NOT NULL, due_at REAL, body TEXT NOT NULL,
  PRIMARY KEY (account, sku)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS items_by_gtin ON items (account, gtin);
CREATE INDEX IF NOT EXISTS items_by_wpid ON items (account, wpid);
CREATE INDEX IF NOT EXISTS items_due ON items (due_at) WHERE due_at IS NOT NULL;
"""


@dataclass(frozen=True)
class Item:
    """gtin: 14 digits; content: the blocks of the last item feed; created, modified: epoch milliseconds.
    due_at (epoch seconds) and due: the fields that change then, e.g. {"published": "PUBLISHED"}."""

    account: str
    sku: str
    gtin: str
    wpid: str
    name: str
    product_type: str
    price_cents: int
    published: str = PUBLISHED
    lifecycle: str = ACTIVE
    reasons: tuple[str, ...] = ()
    variant_group: str = ""
    variant_attributes: tuple[tuple[str, str], ...] = ()
    is_primary: bool = False
    wfs: bool = False
    content: Json = field(default_factory=dict)
    created: int = 0
    modified: int = 0
    due_at: float | None = None
    due: Json = field(default_factory=dict)


@dataclass(frozen=True)
class ItemFilter:
    """None = any."""

    sku: str | None = None
    lifecycle: str | None = None
    published: str | None = None
    variant_group: str | None = None


class ItemStore:
    """Items in the sandbox's database, by account and SKU."""

    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("items",))

    def get(self, account: str, sku: str) -> Item | None:
        row = self._db.execute("SELECT body FROM items WHERE account = ? AND sku = ?", (account, sku)).fetchone()
        return _item(row[0]) if row else None

    def known(self, account: str, sku: str) -> bool:
        sql = "SELECT 1 FROM items WHERE account = ? AND sku = ?"
        return self._db.execute(sql, (account, sku)).fetchone() is not None

    def by_gtin(self, account: str, gtin: str) -> list[Item]:
        """All items with a GTIN; a seller should have one, retired ones aside."""
        # Named, because the planner would rather read the whole account by its key.
        sql = "SELECT body FROM items INDEXED BY items_by_gtin WHERE account = ? AND gtin = ?"
        return sorted((_item(body) for (body,) in self._db.execute(sql, (account, gtin))), key=lambda item: item.sku)

    def by_wpid(self, account: str, wpid: str) -> list[Item]:
        sql = "SELECT body FROM items INDEXED BY items_by_wpid WHERE account = ? AND wpid = ?"
        return [_item(body) for (body,) in self._db.execute(sql, (account, wpid))]

    def put(self, items: Iterable[Item]) -> None:
        with self._db.transaction():
            for item in items:
                self._db.insert("items", _row(item))

    def delete(self, account: str, sku: str) -> None:
        self._db.execute("DELETE FROM items WHERE account = ? AND sku = ?", (account, sku))

    def skus(self, account: str, wanted: ItemFilter, *, wfs: bool | None = None) -> list[str]:
        """SKUs in their order of listing."""
        where, values = _where(account, wanted, wfs)
        return [sku for (sku,) in self._db.execute(f"SELECT sku FROM items WHERE {where} ORDER BY sku", values)]  # noqa: S608

    def count(self, account: str, wanted: ItemFilter | None = None) -> int:
        where, values = _where(account, wanted or ItemFilter(), None)
        return self._db.number(f"SELECT count(*) FROM items WHERE {where}", values)  # noqa: S608

    def page(self, account: str, wanted: ItemFilter, limit: int, offset: int) -> list[Item]:
        where, values = _where(account, wanted, None)
        sql = f"SELECT body FROM items WHERE {where} ORDER BY sku LIMIT ? OFFSET ?"  # noqa: S608
        return [_item(body) for (body,) in self._db.execute(sql, (*values, limit, offset))]

    def all(self, account: str) -> list[Item]:
        sql = "SELECT body FROM items WHERE account = ? ORDER BY sku"
        return [_item(body) for (body,) in self._db.execute(sql, (account,))]

    def advance(self, now: float) -> None:
        """Lets happen what was due by `now`: publication, retirement."""
        due = self._db.execute("SELECT body FROM items WHERE due_at <= ?", (now,)).fetchall()
        if due:
            self.put(matured(_item(body)) for (body,) in due)


def matured(item: Item) -> Item:
    """The item after what is due has happened to it."""
    moment = item.modified if item.due_at is None else int(item.due_at * 1000)
    fields: dict[str, Any] = {**item.due, "reasons": tuple(item.due.get("reasons", ()))}
    return replace(item, **fields, modified=moment, due_at=None, due={})


def _item(body: str) -> Item:
    fields: Json = json.loads(body)
    fields["reasons"] = tuple(fields["reasons"])
    fields["variant_attributes"] = tuple((name, value) for name, value in fields["variant_attributes"])
    return Item(**fields)


def _row(item: Item) -> Sequence[Any]:
    body = json.dumps(asdict(item), ensure_ascii=False)
    keys = (item.account, item.sku, item.gtin, item.wpid, item.published, item.lifecycle, item.variant_group)
    return (*keys, int(item.wfs), item.due_at, body)


def _where(account: str, wanted: ItemFilter, wfs: bool | None) -> tuple[str, list[Any]]:
    conditions: list[tuple[str, Any]] = [
        ("account = ?", account),
        ("sku = ?", wanted.sku),
        ("lifecycle = ?", wanted.lifecycle),
        ("published = ?", wanted.published),
        ("variant_group = ?", wanted.variant_group),
        ("wfs = ?", None if wfs is None else int(wfs)),
    ]
    used = [(sql, value) for sql, value in conditions if value is not None]
    return " AND ".join(sql for sql, _ in used), [value for _, value in used]
