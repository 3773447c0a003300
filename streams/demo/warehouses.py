"""The warehouses of a demo's Odoo: the seller's own, and one for each marketplace that stands for what it keeps and ships itself (ORD-10)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

_LONGEST_CODE = 5  # as Odoo has it


@dataclass(frozen=True, slots=True)
class Warehouse:
    """stock: the location its goods are in."""

    odoo_id: int
    code: str
    stock: int


@dataclass(frozen=True, slots=True)
class Warehouses:
    """theirs: by marketplace."""

    own: Warehouse
    theirs: Mapping[str, Warehouse]

    def market_of(self, odoo_id: int) -> str:
        """Whose goods are there; empty: the seller's."""
        return next((name for name, one in self.theirs.items() if one.odoo_id == odoo_id), "")


def code_of(market: str) -> str:
    """Of the warehouse that stands for a marketplace's."""
    return market[:_LONGEST_CODE].upper()


def found_or_made(client: Any, markets: Collection[str]) -> Warehouses:
    """The first one is the seller's. `client`: a logged-in odoorpc client."""
    codes = {market: code_of(market) for market in markets}
    there = _all(client)
    for market, code in codes.items():
        if code not in there:
            values = {"name": f"Goods that {market} keeps", "code": code}
            client.execute_kw("stock.warehouse", "create", [values], {})
    found = _all(client)
    own = next(one for code, one in found.items() if code not in codes.values())
    return Warehouses(own, {market: found[code] for market, code in codes.items()})


def _all(client: Any) -> dict[str, Warehouse]:
    rows = client.execute_kw("stock.warehouse", "search_read", [[], ["code", "lot_stock_id"]], {"order": "id"})
    return {row["code"]: Warehouse(row["id"], row["code"], row["lot_stock_id"][0]) for row in rows}
