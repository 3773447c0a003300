"""Purchase orders, and partners where that is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.kit.order_numbers import order_numbers
from connectors.kit.ports import Fetched
from connectors.odoo.purchase_census import AT_MOST, Deleted, PurchaseCensus
from connectors.odoo.purchase_elsewhere import Elsewhere, elsewhere
from connectors.odoo.source.documents import by_parent, named, skus_of
from connectors.odoo.source.models import STAMP, Models, Row, link, link_name, newest, number, plain, text
from connectors.odoo.source.readers import Asked, fetched
from connectors.odoo.vendor_codes import vendor_codes

MODEL = "purchase.order"
_CONFIRMED = frozenset({"purchase", "done"})
_HEADER = (
    "name", "state", "partner_id", "partner_ref", "currency_id", "picking_type_id", "date_planned", "date_approve", "write_date",
)  # fmt: skip
_LINE = ("product_id", "product_qty", "price_unit", "date_planned", "display_type", "write_date")
_PARTNER = (
    "name",
    "ref",
    "active",
    "email",
    "phone",
    "street",
    "street2",
    "city",
    "zip",
    "state_id",
    "country_id",
    "parent_id",
    "type",
    "write_date",
)


class PurchaseReader:
    """`readers.Reader` of the flow `purchase_orders`."""

    def __init__(self, models: Models, deleted_at_most: int = AT_MOST) -> None:
        self._models, self._census = models, PurchaseCensus(models, deleted_at_most)

    async def deleted(self) -> list[int]:
        """Ids of those Causeway has ordered that do not exist any more, as far as nobody was told. Raises TooManyDeletedError."""
        return await self._census.deleted()

    async def read(self, asked: Asked) -> list[Fetched]:
        """A deleted one is told as cancelled, with the numbers of its orders, by which they can be found."""
        orders = await self._models.by_id(MODEL, asked.ids, _HEADER)
        lines = await by_parent(self._models, "purchase.order.line", "order_id", list(orders), _LINE)
        goods = {one: [line for line in some if link(line["product_id"])] for one, some in lines.items()}
        products = [link(line["product_id"]) for some in goods.values() for line in some]
        skus = await skus_of(self._models, products)
        codes = await self._codes(orders.values(), products)
        suppliers = await self._models.by_id(
            "res.partner", (link(row["partner_id"]) for row in orders.values()), ("ref",)
        )
        warehouses = await self._warehouses(link(row.get("picking_type_id")) for row in orders.values())
        gone = await self._census.of(set(asked.ids) - orders.keys())
        others = await self._elsewhere(orders, gone)
        found = []
        for one, order in orders.items():
            supplier = link(order["partner_id"])
            content = _header(order, text(suppliers.get(supplier, {}).get("ref")))
            content["warehouse"] = warehouses.get(link(order.get("picking_type_id")), "")
            content["lines"] = [
                _line(line, skus, codes.get((supplier, link(line["product_id"])), "")) for line in goods[one]
            ]
            content["elsewhere"] = others.get(one, [])
            if content["state"] in _CONFIRMED:
                self._census.saw(one, content["supplier"], content["name"])
            version = newest([order, *lines[one]])
            found.append(fetched(f"odoo:purchase_order:{one}", "purchase_order", version, content))
        return found + [
            fetched(f"odoo:purchase_order:{one}", "purchase_order", asked.stamp,
                    _gone(one, deleted, asked.stamp) | {"elsewhere": others.get(one, [])})
            for one, deleted in gone.items()
        ]  # fmt: skip

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        """Those that were deleted too, by their ids."""
        found = await named(self._models, MODEL, names)
        rest = {int(one): one for one in names if one not in found and one.isascii() and one.isdigit()}
        gone = await self._census.of(rest.keys()) if rest else {}
        return found | {rest[one]: one for one in gone}

    def keep(self) -> None:
        self._census.keep()

    async def _elsewhere(
        self, orders: Mapping[int, Row], gone: Mapping[int, Deleted]
    ) -> dict[int, list[dict[str, str]]]:
        """Of those that are not confirmed (any more), or gone: numbers of their orders that other purchase orders have."""
        left = {one: row for one, row in orders.items() if text(row["state"]) not in _CONFIRMED}
        known = await self._census.numbers(left) if left else {}
        numbers = {one: {*known.get(one, ()), *order_numbers(text(row["partner_ref"]))} for one, row in left.items()}
        numbers |= {one: set(deleted.numbers) for one, deleted in gone.items()}
        found = await elsewhere(self._models, {one: some for one, some in numbers.items() if some})
        return {one: _told(some) for one, some in found.items()}

    async def _warehouses(self, types: Iterable[int]) -> dict[int, str]:
        """Operation type -> short name of its warehouse; drop shipping has none, and without Inventory there are no types."""
        ids = sorted(set(types) - {0})
        domain = [["id", "in", ids]]
        kinds = await self._models.optional("stock.picking.type", domain, ("warehouse_id",)) if ids else []
        houses = {row["id"]: link(row["warehouse_id"]) for row in kinds}
        codes = await self._models.by_id("stock.warehouse", set(houses.values()) - {0}, ("code",))
        return {one: text(codes[house]["code"]) for one, house in houses.items() if house in codes}

    async def _codes(self, orders: Iterable[Row], products: Sequence[int]) -> dict[tuple[int, int], str]:
        """(supplier, product) -> the supplier's own code of it."""
        rows = await self._models.by_id("product.product", products, ("product_tmpl_id",))
        codes = await vendor_codes(self._models.optional, (link(row["partner_id"]) for row in orders), rows)
        return {one: known[0] for one, known in codes.items() if known}


class PartnerReader:
    """`readers.Reader` of the flow `partners`; reads nothing unless it is switched on."""

    def __init__(self, models: Models) -> None:
        self._models = models

    async def read(self, asked: Asked) -> list[Fetched]:
        rows = await self._models.by_id("res.partner", asked.ids, _PARTNER)
        return [
            fetched(f"odoo:partner:{one}", "partner", newest([row]), {**row, "state_id": link_name(row["state_id"]),
                    "country_id": link_name(row["country_id"]), "parent_id": link(row["parent_id"])})
            for one, row in rows.items()
        ]  # fmt: skip

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        return await named(self._models, "res.partner", names)

    def keep(self) -> None:
        """Nothing is remembered."""


def _told(found: Iterable[Elsewhere]) -> list[dict[str, str]]:
    return [{"order_id": one.number, "purchase_name": one.name} for one in found]


def _gone(number: int, deleted: Deleted, stamp: int) -> dict[str, Any]:
    """As one that was cancelled. When it was confirmed nobody knows any more, only that Causeway has ordered it."""
    at = datetime.fromtimestamp(stamp / 1000, UTC).strftime(STAMP)
    return {
        "id": number, "name": deleted.name, "state": "cancel", "supplier": deleted.supplier, "supplier_id": 0,
        "supplier_reference": ", ".join(deleted.numbers), "currency": "", "date_planned": "", "date_approve": at, "warehouse": "", "lines": [],
    }  # fmt: skip


def _header(order: Row, supplier: str) -> dict[str, Any]:
    return {
        "id": order["id"],
        "name": text(order["name"]),
        "state": text(order["state"]),
        "supplier": supplier,
        "supplier_id": link(order["partner_id"]),
        "supplier_reference": text(order["partner_ref"]),
        "currency": link_name(order["currency_id"]),
        "date_planned": text(order["date_planned"]),
        "date_approve": text(order["date_approve"]),
    }


def _line(line: Row, skus: Mapping[int, str], code: str) -> dict[str, Any]:
    return {
        "id": line["id"],
        "sku": skus.get(link(line["product_id"]), ""),
        "supplier_code": code,
        "quantity": plain(number(line["product_qty"])),
        "unit_price": plain(number(line["price_unit"])),
        "date_planned": text(line["date_planned"]),
    }
