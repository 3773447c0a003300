"""Stock of SKUs: what is on hand and reserved by warehouse, and the marketplace orders these numbers account for (INV-2).

Warehouses of goods that marketplaces ship are left out, kits of them and deliveries from them too: nobody else may sell what is there, and what is
delivered from there is taken from nobody else (ORD-10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.kit.ports import Fetched
from connectors.odoo.source.catalogue import MODEL, Catalogue, Item
from connectors.odoo.source.kits import Component, Kits, Units
from connectors.odoo.source.links import Links
from connectors.odoo.source.models import CONTEXT, STAMP, Models, Row, link, link_name, number, plain, text
from connectors.odoo.source.readers import Asked, fetched

_MOVE = ("product_id", "product_uom_qty", "quantity", "product_uom", "state", "sale_line_id", "location_id")
Stocks = dict[int, list[dict[str, str]]]


class StockReader:
    """`readers.Reader` of the flow `stock`: entities `quant`, one for each SKU, whatever number of stock.quant rows it has."""

    def __init__(
        self, models: Models, catalogue: Catalogue, kits: Kits, units: Units, links: Links, *,
        moves_days: int, now: Callable[[], datetime], apart: frozenset[str] = frozenset(),
    ) -> None:  # fmt: skip
        self._models, self._catalogue, self._kits, self._units, self._links = models, catalogue, kits, units, links
        self._days, self._now, self._apart = timedelta(days=moves_days), now, apart
        self._places: dict[int, str] = {}
        self._warehouses: dict[int, str] = {}

    async def read(self, asked: Asked) -> list[Fetched]:
        items = await self._catalogue.items(asked, ())
        live = [item for item in items if item.active and item.row is not None]
        parts = {item.product: await self._kits.components(item.product) for item in live}
        tracked = [item for item in live if parts[item.product] or (item.row and item.row.get("is_storable", True))]
        kits = [item.product for item in tracked if parts[item.product]]
        plain_ones = [item.product for item in tracked if not parts[item.product]]
        # Moves first, quantities after: a reservation made in between is then in the quantities but of an order that does not seem to be
        # accounted for, so it is taken off twice. The other way round it would not be taken off at all, and could be sold again.
        moves = await self._moves(plain_ones, kits)
        stocks = await self._stocks(plain_ones) | await self._kit_stocks(kits)
        # What is not tracked (any more: a kit whose bill of materials is gone) has no number that could be promised.
        counted = {item.product for item in tracked}
        found = [self._gone(item, asked.stamp) for item in items if not item.active or item.product not in counted]
        for item in tracked:
            mine = [move for move in moves if _is_of(move, item.product, parts[item.product])]
            found.append(self._level(item, asked.stamp, stocks[item.product], mine, parts[item.product]))
        return found

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        return await self._catalogue.find(names)

    def keep(self) -> None:
        self._catalogue.keep()

    # ---- what is told

    @staticmethod
    def _gone(item: Item, stamp: int) -> Fetched:
        content = {"read_at": stamp, "active": False, "product": _product(item)}
        return fetched(f"sku:{item.sku}", "quant", stamp, content)

    @staticmethod
    def _level(
        item: Item, stamp: int, stock: Sequence[Mapping[str, str]], moves: Sequence[Mapping[str, Any]], parts: Sequence[Component]
    ) -> Fetched:  # fmt: skip
        content = {
            "read_at": stamp,
            "active": True,
            "product": _product(item),
            "stock": stock,
            "moves": [{name: value for name, value in move.items() if name != "kit"} for move in moves],
            "components": [
                {"product_id": one.product, "sku": one.sku, "quantity": plain(one.quantity)} for one in parts
            ],
        }
        return fetched(f"sku:{item.sku}", "quant", stamp, content)

    # ---- moves

    async def _moves(self, products: Sequence[int], kits: Sequence[int]) -> list[dict[str, Any]]:
        """Deliveries of marketplace orders: open ones, and those finished or cancelled lately. Quantities in the product's unit."""
        if not products and not kits:
            return []
        lately = (self._now() - self._days).strftime(STAMP)
        domain: list[Any] = [
            ["sale_line_id", "!=", False], ["location_dest_id.usage", "=", "customer"], ["state", "!=", "draft"],
            "|", ["state", "not in", ["done", "cancel"]], ["write_date", ">=", lately],
            "|", ["product_id", "in", list(products)], ["sale_line_id.product_id", "in", list(kits)],
        ]  # fmt: skip
        rows = await self._own(await self._models.rows("stock.move", domain, _MOVE))
        lines = await self._models.by_id(
            "sale.order.line", (link(row["sale_line_id"]) for row in rows), ("order_id", "product_id")
        )
        keys = await self._links.orders(link(line["order_id"]) for line in lines.values())
        units = await self._units_of(rows)
        found = []
        for row in rows:
            line = lines.get(link(row["sale_line_id"]))
            key = keys.get(link(line["order_id"])) if line else None
            if line is not None and key:
                found.append(self._move(row, line, key, units))
        return found

    async def _own(self, rows: Sequence[Row]) -> list[Row]:
        """Those that do not leave a warehouse apart."""
        if not self._apart:
            return list(rows)
        await self._know({link(row["location_id"]) for row in rows})
        return [row for row in rows if self._places[link(row["location_id"])] not in self._apart]

    def _move(self, row: Row, line: Row, key: str, units: Mapping[int, int]) -> dict[str, Any]:
        product, unit = link(row["product_id"]), link(row.get("product_uom"))
        into = units.get(product, unit)
        return {
            "id": row["id"],
            "order_key": key,
            "line": line["id"],
            "product_id": product,
            "state": text(row["state"]),
            "demanded": plain(self._units.convert(number(row["product_uom_qty"]), unit, into)),
            "quantity": plain(self._units.convert(number(row["quantity"]), unit, into)),
            "kit": link(line["product_id"]),
        }

    async def _units_of(self, rows: Iterable[Row]) -> dict[int, int]:
        """product -> its own unit, where a move is in another."""
        await self._units.load()
        products = {link(row["product_id"]) for row in rows}
        found = await self._models.by_id(MODEL, products, ("uom_id",))
        return {one: link(row["uom_id"]) for one, row in found.items()}

    # ---- quantities

    async def _stocks(self, products: Sequence[int]) -> Stocks:
        """The sum of all quants by warehouse: Odoo keeps several rows for one product and place, and merges them as it likes."""
        found: Stocks = {one: [] for one in products}
        if not products:
            return found
        domain = [["product_id", "in", list(products)], ["location_id.usage", "=", "internal"]]
        sums = await self._models.odoo.ask(
            "stock.quant", "read_group", domain, ["quantity:sum", "reserved_quantity:sum"], ["product_id", "location_id"],
            lazy=False, context=CONTEXT,
        )  # fmt: skip
        await self._know({link(one["location_id"]) for one in sums})
        totals: dict[tuple[int, str], list[Any]] = {}
        for one in sums:
            total = totals.setdefault((link(one["product_id"]), self._places.get(link(one["location_id"]), "")), [0, 0])
            total[0] += number(one["quantity"])
            total[1] += number(one["reserved_quantity"])
        for (product, warehouse), (quantity, reserved) in sorted(totals.items()):
            if warehouse in self._apart:
                continue
            found[product].append({"warehouse": warehouse, "on_hand": plain(quantity), "reserved": plain(reserved)})
        return found

    async def _kit_stocks(self, kits: Sequence[int]) -> Stocks:
        """As many as the components make, which Odoo computes for each warehouse."""
        found: Stocks = {one: [] for one in kits}
        if not kits:
            return found
        await self._know(set())
        for warehouse, code in sorted(self._warehouses.items()):
            if code in self._apart:
                continue
            rows = await self._models.by_id(
                MODEL, kits, ("qty_available", "free_qty"), context={"warehouse_id": warehouse}
            )
            for product, row in rows.items():
                on_hand, free = number(row["qty_available"]), number(row["free_qty"])
                if on_hand or free:
                    one = {"warehouse": code, "on_hand": plain(on_hand), "reserved": plain(on_hand - free)}
                    found[product].append(one)
        return found

    async def _know(self, places: set[int]) -> None:
        """Codes of warehouses, and which place is in which; read anew when a place is not known."""
        if self._warehouses and places <= self._places.keys():
            return
        rows = await self._models.rows("stock.warehouse", [], ("code",))
        self._warehouses = {row["id"]: text(row["code"]) for row in rows}
        rows = await self._models.rows("stock.location", [["usage", "=", "internal"]], ("warehouse_id",))
        self._places |= dict.fromkeys(places, "")
        self._places |= {row["id"]: self._warehouses.get(link(row["warehouse_id"]), "") for row in rows}


def _product(item: Item) -> dict[str, Any]:
    row = item.row or {}
    return {"id": item.product, "sku": item.sku, "category": link_name(row.get("categ_id"))}


def _is_of(move: Mapping[str, Any], product: int, parts: Sequence[Component]) -> bool:
    return bool(move["kit"] == product if parts else move["product_id"] == product)
