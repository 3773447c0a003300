"""Settlements: what the store sold and refunded since the last one, as a reconciliation report that sums up to the cent.

On request a report is wrong in one way, to see whether its reader notices: a sum that is off by a cent, a transaction of unknown
type, the same report offered again.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from connectors.kit.sandbox.database import Database
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.errors import REPORTS, ApiError
from connectors.walmart.sandbox.item_store import ItemStore
from connectors.walmart.sandbox.lifecycle import RuleError
from connectors.walmart.sandbox.lines import lines_of
from connectors.walmart.sandbox.recon_rows import (
    ADJUSTMENT,
    SERVICE_FEE,
    ItemFacts,
    Row,
    Settled,
    cells,
    rows_of_order,
    summary_cells,
)
from connectors.walmart.sandbox.return_store import ReturnStore
from connectors.walmart.sandbox.store import Store

OFF_BY_CENT, UNKNOWN_TYPE = "off_by_cent", "unknown_type"
VARIANTS = ("", OFF_BY_CENT, UNKNOWN_TYPE)
DATE_FORMAT = "%m%d%Y"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS settlements (
  account TEXT NOT NULL, date TEXT NOT NULL, number INTEGER NOT NULL, offers INTEGER NOT NULL, variant TEXT NOT NULL,
  payable INTEGER NOT NULL, sum INTEGER NOT NULL, made_at REAL NOT NULL, rows TEXT NOT NULL,
  PRIMARY KEY (account, date));
CREATE TABLE IF NOT EXISTS settled (
  account TEXT NOT NULL, po TEXT NOT NULL, lines TEXT NOT NULL, PRIMARY KEY (account, po)) WITHOUT ROWID;
"""
_NAMES = ("reportDate", "number", "offers", "variant", "payable_cents", "sum_cents", "made_at")


@dataclass(frozen=True)
class Wish:
    """How a settlement shall be. date: MMDDYYYY, empty = today or the next free day; days: length of its period; offers: how
    often the list of dates names it; copy_of: publish the rows of that date again; adjustments: (description, cents)."""

    date: str = ""
    days: int = 14
    variant: str = ""
    offers: int = 1
    copy_of: str = ""
    wfs_storage_cents: int = 0
    adjustments: tuple[tuple[str, int], ...] = ()


class Settlements:
    """Reports by account and date, and what of each order they have booked."""

    def __init__(self, database: Database, orders: Store, returns: ReturnStore, items: ItemStore) -> None:
        self._db = database
        self._orders = orders
        self._returns = returns
        self._items = items
        database.create(_SCHEMA, ("settlements", "settled"))

    def publish(self, account: str, wish: Wish, now: float) -> Json:
        """Makes a report. Answers its date, number of rows, Total Payable and true sum. Raises RuleError."""
        if wish.variant not in VARIANTS:
            raise RuleError("variant", f"one of {', '.join(filter(None, VARIANTS))} is expected")
        date = wish.date or self._free_date(account, now)
        if self._find(account, date) is not None:
            raise RuleError("date", f"there is a report of {date} already")
        with self._db.transaction():
            rows = self.rows(account, wish.copy_of) if wish.copy_of else self._made(account, wish, now)
            total = sum(_cents(row["Amount"]) for row in rows if "Amount" in row)
            payable = _cents(rows[0]["Total Payable"])
            number = self._db.number("SELECT count(*) FROM settlements WHERE account = ?", (account,)) + 1
            text = json.dumps(rows, ensure_ascii=False)
            row = (account, date, number, wish.offers, wish.variant, payable, total, now, text)
            self._db.insert("settlements", row)
        return {"reportDate": date, "rows": len(rows), "payable_cents": payable, "sum_cents": total}

    def dates(self, account: str) -> list[str]:
        """As availableReconFiles lists them: oldest first, one offered twice stands there twice."""
        sql = "SELECT date, offers FROM settlements WHERE account = ? ORDER BY number"
        return [date for date, offers in self._db.execute(sql, (account,)) for _ in range(offers)]

    def rows(self, account: str, date: str) -> list[dict[str, str]]:
        """The rows of a report, its summary first. Raises ApiError."""
        found = self._find(account, date)
        if found is None:
            raise ApiError("CONTENT_NOT_FOUND", "no report of this date", field="reportDate", component=REPORTS)
        return found

    def shown(self, account: str) -> list[Json]:
        sql = (
            "SELECT date, number, offers, variant, payable, sum, made_at FROM settlements "
            "WHERE account = ? ORDER BY number"
        )
        return [dict(zip(_NAMES, row, strict=True)) for row in self._db.execute(sql, (account,))]

    def preview(self, account: str, now: float) -> list[Row]:
        """What the next report would book."""
        return self._unbooked(account, now)[0]

    def _find(self, account: str, date: str) -> list[dict[str, str]] | None:
        sql = "SELECT rows FROM settlements WHERE account = ? AND date = ?"
        row = self._db.execute(sql, (account, date)).fetchone()
        return json.loads(row[0]) if row else None

    def _free_date(self, account: str, now: float) -> str:
        day = datetime.fromtimestamp(now, UTC)
        while self._find(account, day.strftime(DATE_FORMAT)) is not None:
            day += timedelta(days=1)
        return day.strftime(DATE_FORMAT)

    def _made(self, account: str, wish: Wish, now: float) -> list[dict[str, str]]:
        now_ms = int(now * 1000)
        rows, booked = self._unbooked(account, now)
        rows += _extra_rows(wish, now_ms)
        for po, lines in booked.items():
            text = json.dumps({number: asdict(settled) for number, settled in lines.items()})
            self._db.insert("settled", (account, po, text))
        total = sum(row.cents for row in rows)
        payable = total + (1 if wish.variant == OFF_BY_CENT else 0)
        start = now_ms - wish.days * 86_400_000
        return [summary_cells(start, now_ms, payable), *(cells(row) for row in rows)]

    def _unbooked(self, account: str, now: float) -> tuple[list[Row], dict[str, dict[str, Settled]]]:
        rows: list[Row] = []
        booked: dict[str, dict[str, Settled]] = {}
        for order in self._orders.gone(account, now):
            before = self._settled(account, order.po)
            returns = [one.body for one in self._returns.of_order(account, order.po)]
            try:
                facts = self._facts(account, order.body)
                made, after = rows_of_order(order.body, before, facts, returns, int(now * 1000))
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
                continue  # an order of wrong form; it is kept on purpose (damage.py)
            rows += made
            if after != before:
                booked[order.po] = after
        return rows, booked

    def _settled(self, account: str, po: str) -> dict[str, Settled]:
        sql = "SELECT lines FROM settled WHERE account = ? AND po = ?"
        row = self._db.execute(sql, (account, po)).fetchone()
        return {number: Settled(**fields) for number, fields in json.loads(row[0]).items()} if row else {}

    def _facts(self, account: str, order: Json) -> dict[str, ItemFacts]:
        found: dict[str, ItemFacts] = {}
        for line in lines_of(order):
            item = self._items.get(account, line["item"]["sku"])
            if item is not None:
                found[item.sku] = ItemFacts(item.gtin, item.product_type)
        return found


def _extra_rows(wish: Wish, now_ms: int) -> list[Row]:
    rows = [
        Row(ADJUSTMENT, "Fee/Reimbursement", cents, text, f"ADJ_{now_ms}_{number}", now_ms, {})
        for number, (text, cents) in enumerate(wish.adjustments)
    ]
    if wish.wfs_storage_cents:
        name, key = "WFS Inventory Fee/Reimbursement", f"WFS_{now_ms}"
        rows.append(Row(SERVICE_FEE, name, -wish.wfs_storage_cents, "WFS StorageFee", key, now_ms, {}))
    if wish.variant == UNKNOWN_TYPE:
        rows.append(Row("Stardust Levy", "Stardust Amount", -123, "Levy of unknown kind", f"X_{now_ms}", now_ms, {}))
    return rows


def _cents(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    whole, _, part = text.lstrip("-").partition(".")
    return sign * (int(whole) * 100 + int(part))


def amounts_by(rows: Sequence[Row], kind: str) -> dict[str, int]:
    """Cents by amount type of the rows of one transaction type."""
    found: dict[str, int] = {}
    for row in rows:
        if row.kind == kind:
            found[row.amount_type] = found.get(row.amount_type, 0) + row.cents
    return found
