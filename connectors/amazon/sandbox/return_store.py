"""Returns by account and id, and how one goes on."""

import json
from dataclasses import asdict, dataclass, field, replace

from connectors.kit.sandbox.database import Database
from connectors.kit.sandbox.steering import Json

MERCHANT, AMAZON = "MERCHANT", "AMAZON"
APPROVED, COMPLETED, CLOSED = "Approved", "Completed", "Closed"
SELLABLE = "SELLABLE"
# What Amazon finds the goods to be -> where they stand in its stock afterwards.
DISPOSITIONS = {SELLABLE: "fulfillable", "DEFECTIVE": "defective", "CUSTOMER_DAMAGED": "customer_damaged"}
REASONS = ("UNWANTED_ITEM", "DEFECTIVE", "ORDERED_WRONG_ITEM", "NOT_COMPATIBLE", "QUALITY_UNACCEPTABLE")
# After how many seconds the goods are there by themselves. "refunded": and the seller has given the money back.
TIMELINES: dict[str, float | None] = {"manual": None, "received": 0.0, "refunded": 0.0, "week": 7 * 86_400.0}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS returns (
  account TEXT NOT NULL, return_id TEXT NOT NULL, order_id TEXT NOT NULL, due REAL, body TEXT NOT NULL,
  PRIMARY KEY (account, return_id));
CREATE INDEX IF NOT EXISTS returns_by_order ON returns (account, order_id);
CREATE INDEX IF NOT EXISTS returns_due ON returns (due) WHERE due IS NOT NULL;
"""


@dataclass(frozen=True)
class Line:
    item_id: str
    sku: str
    asin: str
    title: str
    quantity: int
    reason: str
    disposition: str = SELLABLE


@dataclass(frozen=True)
class StoredReturn:
    """by: whose goods these are to take care of, MERCHANT or AMAZON. requested, received: epoch milliseconds; due: epoch seconds, when the goods
    are there by themselves; refunds: what Amazon gave back, or the seller in Seller Central, in the form of OrderFeeds.refunds."""

    account: str
    id: str
    order_id: str
    marketplace: str
    by: str
    requested: int
    lines: tuple[Line, ...]
    received: int | None = None
    status: str = APPROVED
    due: float | None = None
    refunds: list[Json] = field(default_factory=list)


class ReturnStore:
    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("returns",))

    def put(self, one: StoredReturn) -> StoredReturn:
        body = json.dumps(asdict(one), ensure_ascii=False)
        self._db.insert("returns", (one.account, one.id, one.order_id, one.due, body))
        return one

    def get(self, account: str, return_id: str) -> StoredReturn | None:
        found = self._find("account = ? AND return_id = ?", account, return_id)
        return found[0] if found else None

    def all(self, account: str) -> list[StoredReturn]:
        return self._find("account = ?", account)

    def of_order(self, account: str, order_id: str) -> list[StoredReturn]:
        return self._find("account = ? AND order_id = ?", account, order_id)

    def due(self, now: float) -> list[StoredReturn]:
        return self._find("due <= ?", now)

    def _find(self, where: str, *values: str | float) -> list[StoredReturn]:
        sql = f"SELECT body FROM returns WHERE {where} ORDER BY rowid"  # noqa: S608 - our own words
        return [_return(body) for (body,) in self._db.execute(sql, values)]


def received(one: StoredReturn, at: float) -> StoredReturn:
    """at: epoch seconds."""
    status = COMPLETED if one.by == AMAZON else one.status
    return replace(one, received=int(at * 1000), due=None, status=status)


def refunded(one: StoredReturn, refunds: list[Json]) -> StoredReturn:
    return replace(one, refunds=refunds)


def closed(one: StoredReturn) -> StoredReturn:
    return replace(one, status=CLOSED, due=None)


def _return(body: str) -> StoredReturn:
    fields = json.loads(body)
    fields["lines"] = tuple(Line(**line) for line in fields["lines"])
    return StoredReturn(**fields)
