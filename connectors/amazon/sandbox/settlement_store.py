"""Settlements that were made, and what of each order they have booked."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connectors.amazon.sandbox.settlement_rows import Booked
from connectors.kit.sandbox.database import Database

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settlements (
  account TEXT NOT NULL, settlement_id TEXT NOT NULL, currency TEXT NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
  total INTEGER NOT NULL, sum INTEGER NOT NULL, rows INTEGER NOT NULL, variant TEXT NOT NULL, reserve INTEGER NOT NULL,
  reports TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (account, settlement_id));
CREATE TABLE IF NOT EXISTS settled_orders (
  account TEXT NOT NULL, order_id TEXT NOT NULL, booked TEXT NOT NULL, PRIMARY KEY (account, order_id)) WITHOUT ROWID;
"""
_COLUMNS = "account, settlement_id, currency, start, end, total, sum, rows, variant, reserve, reports, content"


@dataclass(frozen=True)
class Settlement:
    """total: what the file says is paid; sum: of its rows; both in smallest units, as reserve, which the next one gives back. start, end: epoch
    milliseconds; reports: ids of the reports that carry it."""

    account: str
    id: str
    currency: str
    start: int
    end: int
    total: int
    sum: int
    rows: int
    variant: str
    reserve: int
    reports: tuple[str, ...]
    content: bytes


class SettlementStore:
    def __init__(self, database: Database) -> None:
        self._db = database
        database.create(_SCHEMA, ("settlements", "settled_orders"))

    def put(self, one: Settlement) -> None:
        counts = (one.start, one.end, one.total, one.sum, one.rows, one.variant, one.reserve)
        self._db.insert(
            "settlements", (one.account, one.id, one.currency, *counts, json.dumps(one.reports), one.content)
        )

    def get(self, account: str, settlement_id: str) -> Settlement | None:
        return next((one for one in self.all(account) if one.id == settlement_id), None)

    def all(self, account: str) -> list[Settlement]:
        """Oldest first."""
        sql = f"SELECT {_COLUMNS} FROM settlements WHERE account = ? ORDER BY end, rowid"  # noqa: S608 - our own words
        rows = self._db.execute(sql, (account,))
        return [_settlement(row) for row in rows]

    def last(self, account: str, currency: str) -> Settlement | None:
        found = [one for one in self.all(account) if one.currency == currency]
        return found[-1] if found else None

    def booked(self, account: str, order_id: str) -> Booked:
        sql = "SELECT booked FROM settled_orders WHERE account = ? AND order_id = ?"
        row = self._db.execute(sql, (account, order_id)).fetchone()
        return Booked(**json.loads(row[0])) if row else Booked()

    def book(self, account: str, order_id: str, booked: Booked) -> None:
        self._db.insert("settled_orders", (account, order_id, json.dumps(asdict(booked))))


def _settlement(row: Sequence[Any]) -> Settlement:
    account, settlement_id, currency, start, end, total, amount, rows, variant, reserve, reports, content = row
    texts, counts = (account, settlement_id, currency), (start, end, total, amount, rows)
    return Settlement(*texts, *counts, variant, reserve, tuple(json.loads(reports)), content)
