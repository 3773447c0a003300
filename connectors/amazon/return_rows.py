"""The two reports of returns -> a raw entity for each return. Pure: bytes in, rows by the names of their columns out.

    GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE    to the seller: a row for each item, told again with each later state; a return is its RMA
    GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA    to Amazon's warehouses: a row for each unit that came in; a return is the unit

Names of columns differ in case and dashes between files; they are read folded (`return-request-date`). Cells stay as they are, empty ones are
left out. (Source: "Returns reports attributes" in the documentation; forms of cells from sellers' public code.)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from connectors.amazon.settlement_text import charset_of, lines_of
from connectors.kit.errors import DataError

BY_SELLER, BY_AMAZON = "GET_FLAT_FILE_RETURNS_DATA_BY_RETURN_DATE", "GET_FBA_FULFILLMENT_CUSTOMER_RETURNS_DATA"
ORDER_ID, SKU, ITEM_ID, PLATE = "order-id", "sku", "order-item-id", "license-plate-number"
_RMAS = ("amazon-rma-id", "merchant-rma-id")
_SELLERS_SKU = "merchant-sku"
_NEEDED = {
    BY_SELLER: (ORDER_ID, "return-request-date", "return-request-status", _SELLERS_SKU, "return-quantity"),
    BY_AMAZON: (ORDER_ID, "return-date", SKU, "quantity"),
}
_UNWANTED = re.compile(r"[^A-Za-z0-9._-]")
_LONGEST_ID = 80
Row = Mapping[str, str]


@dataclass(slots=True)
class RawReturn:
    """One return: its rows as they stand in the report, by folded names of columns."""

    return_id: str
    order_id: str
    rows: list[Row] = field(default_factory=list)

    def without_item(self) -> list[str]:
        """SKUs of rows that do not say which item of the order they are about."""
        return [sku for row in self.rows if not row.get(ITEM_ID) and (sku := sku_of(row))]


def returns_in(kind: str, content: bytes, content_type: str = "") -> tuple[list[RawReturn], list[str]]:
    """(returns, problems of single rows) of a downloaded report, plain or gzip. Raises DataError for what is no such report."""
    found: dict[tuple[str, str], RawReturn] = {}
    problems: list[str] = []
    for number, row in _rows(kind, content, content_type):
        if not row.get(ORDER_ID) or not sku_of(row):
            problems.append(f"row {number} of the report of returns has no order or no SKU")
            continue
        return_id = _id_of(kind, row)
        found.setdefault((row[ORDER_ID], return_id), RawReturn(return_id, row[ORDER_ID])).rows.append(row)
    return list(found.values()), problems


def sku_of(row: Row) -> str:
    """By either report's name for it."""
    return row.get(_SELLERS_SKU) or row.get(SKU, "")


def folded(name: str) -> str:
    """`Return request date` -> `return-request-date`."""
    return re.sub(r"[\s_-]+", "-", name.strip().strip("\ufeff").casefold())


def _rows(kind: str, content: bytes, content_type: str) -> Iterator[tuple[int, Row]]:
    names: list[str] = []
    for number, line in enumerate(lines_of(content, charset_of(content, content_type)), 1):
        cells = [cell.strip() for cell in line.rstrip("\r").split("\t")]
        if not any(cells):
            continue
        if not names:
            names = [folded(cell) for cell in cells]
            if missing := [name for name in _NEEDED[kind] if name not in names]:
                raise DataError(
                    f"the report of returns lacks columns: {', '.join(missing)}; Amazon has changed its form",
                    code="DATA",
                )
            continue
        yield number, {name: cell for name, cell in zip(names, cells, strict=False) if cell and name}


def _id_of(kind: str, row: Row) -> str:
    """The same for the same return, however often it is told."""
    if kind == BY_AMAZON:
        unit = row.get(PLATE) or _digest(
            [row.get(name, "") for name in ("return-date", SKU, "fnsku", "fulfillment-center-id")]
        )
        return _plain(f"{row[ORDER_ID]}-{unit}")
    rma = next((text for name in _RMAS if (text := row.get(name))), "")
    return _plain(rma or f"{row[ORDER_ID]}-{_digest([row.get('return-request-date', '')])}")


def _plain(text: str) -> str:
    return _UNWANTED.sub("_", text)[:_LONGEST_ID]


def _digest(parts: Sequence[str]) -> str:
    return hashlib.blake2b("\t".join(parts).encode(), digest_size=6).hexdigest()
