"""Reads a settlement report, GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2: tab-separated, by the names of its columns, a row at a time.

The first row of data is the summary: period, deposit, total, currency. Every other row is one amount; it may repeat the summary's cells or leave them
empty. Columns beyond those we read are left alone (a 24th, `promotion-id`, is common); order does not matter. Nothing is quoted.
(Source: "Settlement Reports" in the SP-API's list of report types; what files look like beyond that, from several sellers' code.)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from connectors.amazon.settlement_days import Days
from connectors.kit.amounts import Amounts
from connectors.kit.errors import DataError

_HEAD = ("settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency")
_TRIPLE = ("transaction-type", "amount-type", "amount-description")
_OWN = (*_TRIPLE, "amount", "order-id", "order-item-code", "sku", "quantity-purchased")
NEEDED = (*_HEAD, *_OWN)
POSTED = ("posted-date-time", "posted-date")  # at least one
DETAILS = ("adjustment-id", "shipment-id", "fulfillment-id", "marketplace-name", "promotion-id")
_CURRENCY = re.compile("[A-Z]{3}")
_ID = re.compile(r"[A-Za-z0-9-]{1,40}")
_UNWANTED = re.compile("[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
LONGEST_CELL = 500


@dataclass(frozen=True, slots=True)
class Summary:
    """The first row. total: what Amazon says it pays out, below zero where the seller owes."""

    settlement_id: str
    starts_at: datetime | None
    ends_at: datetime | None
    deposited_at: datetime | None
    total: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Row:
    """One amount. number: of its line in the file, the header's is 1. details: further cells that are not empty, by their columns."""

    number: int
    transaction_type: str
    amount_type: str
    description: str
    amount: Decimal
    order_id: str
    item_code: str
    sku: str
    quantity: str
    posted_at: datetime | None
    details: Mapping[str, str]


class SettlementFile:
    """A report that is being read. `summary` is there at once, `rows()` goes through the rest once. Raises DataError."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._cells = _cells(lines)
        self._columns = _columns(next(self._cells, (1, []))[1])
        first = next(self._cells, None)
        if first is None:
            raise DataError("the report has no rows", code="DATA")
        self._first = first
        self.summary = self._summary(*first)

    def rows(self) -> Iterator[Row]:
        """Every amount. The summary's own row is one only where it carries one."""
        for number, cells in self._all():
            self._check_head(number, cells)
            if any(self._at(cells, name) for name in (*_TRIPLE, "amount")):
                yield self._row(number, cells)

    def _all(self) -> Iterator[tuple[int, list[str]]]:
        yield self._first
        yield from self._cells

    def _at(self, cells: list[str], name: str) -> str:
        place = self._columns.get(name, -1)
        return _plain(cells[place]) if 0 <= place < len(cells) else ""

    def _summary(self, number: int, cells: list[str]) -> Summary:
        text = {name: self._at(cells, name) for name in _HEAD}
        where = f"row {number}: "
        if not _ID.fullmatch(text["settlement-id"]):
            raise DataError(f"{where}settlement-id: expected a number; the first row is not the summary", code="DATA")
        if not _CURRENCY.fullmatch(text["currency"]):
            raise DataError(f"{where}currency: expected three letters; the first row is not the summary", code="DATA")
        days = [text[name] for name in ("settlement-start-date", "settlement-end-date", "deposit-date")]
        self._days = Days(text["currency"], days)
        self._amounts = Amounts(text["currency"])
        start, end, deposit = (
            self._days.read(day, where + name)
            for day, name in zip(days, ("settlement-start-date", "settlement-end-date", "deposit-date"), strict=True)
        )
        total = self._amounts.read(text["total-amount"], where + "total-amount")
        return Summary(text["settlement-id"], start, end, deposit, total, text["currency"])

    def _check_head(self, number: int, cells: list[str]) -> None:
        """One report is one settlement in one currency: sums of two are compared with nothing."""
        if self._at(cells, "settlement-id") not in ("", self.summary.settlement_id):
            raise DataError(f"row {number}: another settlement-id than the summary's", code="DATA")
        if self._at(cells, "currency") not in ("", self.summary.currency):
            raise DataError(f"row {number}: another currency than the summary's", code="DATA")
        repeated = self._at(cells, "total-amount")
        if repeated and self._amounts.read(repeated, f"row {number}: total-amount") != self.summary.total:
            raise DataError(f"row {number}: another total-amount than the summary's", code="DATA")

    def _row(self, number: int, cells: list[str]) -> Row:
        where = f"row {number}: "
        posted = next((name for name in POSTED if self._at(cells, name)), POSTED[0])
        details = {name: text for name in DETAILS if (text := self._at(cells, name))}
        return Row(
            number=number,
            transaction_type=self._at(cells, "transaction-type"),
            amount_type=self._at(cells, "amount-type"),
            description=self._at(cells, "amount-description"),
            amount=self._amounts.read(self._at(cells, "amount"), where + "amount"),
            order_id=self._at(cells, "order-id"),
            item_code=self._at(cells, "order-item-code"),
            sku=self._at(cells, "sku"),
            quantity=self._at(cells, "quantity-purchased"),
            posted_at=self._days.read(self._at(cells, posted), where + posted),
            details=details,
        )


def _columns(header: list[str]) -> dict[str, int]:
    """Name -> place. Raises DataError naming all that is missing."""
    found: dict[str, int] = {}
    for place, cell in enumerate(header):
        name = re.sub("[ _]", "-", _plain(cell).lower())
        if name in found and name in NEEDED:
            raise DataError(f"the report has two columns `{name}`", code="DATA")
        found.setdefault(name, place)
    missing = [name for name in NEEDED if name not in found]
    missing += [] if any(name in found for name in POSTED) else [" or ".join(POSTED)]
    if missing:
        said = ", ".join(missing)
        raise DataError(f"the report lacks columns: {said}; expected is the flat file V2 of settlements", code="DATA")
    return {name: found[name] for name in (*NEEDED, *POSTED, *DETAILS) if name in found}


def _cells(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty. A row may end early, never late."""
    width = 0
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        cells = _UNWANTED.sub("", line).split("\t")
        width = width or len(cells)
        if len(cells) > width and any(cells[width:]):
            raise DataError(f"row {number} has more cells than the header", code="DATA")
        if len(line) > LONGEST_CELL and (longest := max(map(len, cells))) > LONGEST_CELL:
            raise DataError(f"row {number}: a cell of {longest} characters, more than {LONGEST_CELL}", code="DATA")
        yield number, cells


def _plain(cell: str) -> str:
    """Without what stands around it."""
    text = cell.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text
