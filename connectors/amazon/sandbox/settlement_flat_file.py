"""Rows of a settlement as GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2, written as the marketplace's country writes it (amazon.md section 9). Pure.

The first row is the summary: period, deposit, total. Dates, decimal sign and charset differ by country; some files name a column more, and some
repeat the summary's cells in each row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from connectors.amazon.sandbox.marketplaces import Marketplace
from connectors.amazon.sandbox.settlement_rows import Row

COLUMNS = (
    "settlement-id",
    "settlement-start-date",
    "settlement-end-date",
    "deposit-date",
    "total-amount",
    "currency",
    "transaction-type",
    "order-id",
    "merchant-order-id",
    "adjustment-id",
    "shipment-id",
    "marketplace-name",
    "amount-type",
    "amount-description",
    "amount",
    "fulfillment-id",
    "posted-date",
    "posted-date-time",
    "order-item-code",
    "merchant-order-item-id",
    "merchant-adjustment-item-id",
    "sku",
    "quantity-purchased",
)
EXTRA = "promotion-id"


@dataclass(frozen=True)
class Style:
    """day: strftime of a day; comma: decimal comma; charset: Python's name; named: what the download's Content-Type calls it, or nothing;
    extra: with a 24th column; repeated: each row has the summary's cells."""

    day: str
    charset: str = "utf-8"
    named: str = "UTF-8"
    comma: bool = False
    extra: bool = False
    repeated: bool = False

    @property
    def content_type(self) -> str:
        return f"text/plain; charset={self.named}" if self.named else "text/plain"


_DOLLAR = Style("%Y-%m-%d", extra=True)
_EURO = Style("%d.%m.%Y", "cp1252", "windows-1252", comma=True)
STYLES = {
    "US": _DOLLAR,
    "CA": _DOLLAR,
    "MX": _DOLLAR,
    "AU": Style("%Y-%m-%d"),
    "UK": Style("%d/%m/%Y", "utf-8-sig", "", repeated=True),
    "DE": _EURO,
    "FR": _EURO,
    "IT": _EURO,
    "ES": _EURO,
    "JP": Style("%Y/%m/%d", "cp932", "Shift_JIS"),
}


@dataclass(frozen=True)
class Head:
    """Times: epoch milliseconds. total: smallest units."""

    settlement_id: str
    start: int
    end: int
    deposit: int
    total: int


def written(head: Head, rows: Sequence[Row], place: Marketplace) -> bytes:
    style = STYLES[place.country]
    columns = (*COLUMNS, EXTRA) if style.extra else COLUMNS
    summary = {
        "settlement-id": head.settlement_id,
        "settlement-start-date": _moment(head.start, style),
        "settlement-end-date": _moment(head.end, style),
        "deposit-date": _moment(head.deposit, style),
        "total-amount": _amount(head.total, place, style),
        "currency": place.currency,
    }
    common = summary if style.repeated else {"settlement-id": head.settlement_id}
    lines = [
        columns,
        _cells(summary, columns),
        *(_cells({**common, **_row(row, place, style)}, columns) for row in rows),
    ]
    # A text that a country's charset cannot write is no reason to have no settlement.
    return "".join("\t".join(line) + "\r\n" for line in lines).encode(style.charset, errors="replace")


def _row(row: Row, place: Marketplace, style: Style) -> dict[str, str]:
    transaction, kind, description = row.triple
    return {
        **row.details,
        "transaction-type": transaction,
        "amount-type": kind,
        "amount-description": description,
        "amount": _amount(row.minor, place, style),
        "posted-date": _day(row.posted, style),
        "posted-date-time": _moment(row.posted, style),
    }


def _cells(values: dict[str, str], columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(values.get(name, "") for name in columns)


def _amount(minor: int, place: Marketplace, style: Style) -> str:
    text = f"{Decimal(minor).scaleb(-place.digits):.{place.digits}f}"
    return text.replace(".", ",") if style.comma else text


def _moment(ms: int, style: Style) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime(f"{style.day} %H:%M:%S UTC")


def _day(ms: int, style: Style) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime(style.day)
