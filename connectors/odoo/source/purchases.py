"""Purchase orders, and partners where that is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.kit.ports import Fetched
from connectors.odoo.source.documents import by_parent, named, skus_of
from connectors.odoo.source.models import Models, Row, link, link_name, newest, number, plain, text
from connectors.odoo.source.readers import Asked, fetched

MODEL = "purchase.order"
_HEADER = ("name", "state", "partner_id", "partner_ref", "currency_id", "date_planned", "write_date")
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

    def __init__(self, models: Models) -> None:
        self._models = models

    async def read(self, asked: Asked) -> list[Fetched]:
        orders = await self._models.by_id(MODEL, asked.ids, _HEADER)
        lines = await by_parent(self._models, "purchase.order.line", "order_id", list(orders), _LINE)
        goods = {one: [line for line in some if link(line["product_id"])] for one, some in lines.items()}
        products = [link(line["product_id"]) for some in goods.values() for line in some]
        skus = await skus_of(self._models, products)
        codes = await self._codes(list(orders.values()), products)
        suppliers = await self._models.by_id(
            "res.partner", (link(row["partner_id"]) for row in orders.values()), ("ref",)
        )
        found = []
        for one, order in orders.items():
            supplier = link(order["partner_id"])
            content = _header(order, text(suppliers.get(supplier, {}).get("ref")))
            content["lines"] = [
                _line(line, skus, codes.get((supplier, link(line["product_id"])), "")) for line in goods[one]
            ]
            version = newest([order, *lines[one]])
            found.append(fetched(f"odoo:purchase_order:{one}", "purchase_order", version, content))
        return found

    async def find(self, names: Sequence[str]) -> dict[str, int]:
        return await named(self._models, MODEL, names)

    def keep(self) -> None:
        """Nothing is remembered."""

    async def _codes(self, orders: Sequence[Row], products: Sequence[int]) -> dict[tuple[int, int], str]:
        """(supplier, product) -> the supplier's own code of it."""
        rows = await self._models.by_id("product.product", products, ("product_tmpl_id",))
        templates: dict[int, list[int]] = {}
        for one, row in rows.items():
            templates.setdefault(link(row["product_tmpl_id"]), []).append(one)
        domain = [
            ["partner_id", "in", sorted({link(row["partner_id"]) for row in orders})],
            ["product_tmpl_id", "in", sorted(templates)],
        ]
        fields = ("partner_id", "product_tmpl_id", "product_id", "product_code")
        found: dict[tuple[int, int], str] = {}
        for row in await self._models.optional("product.supplierinfo", domain, fields) if orders else []:
            only = link(row["product_id"])
            for product in [only] if only else templates.get(link(row["product_tmpl_id"]), []):
                found.setdefault((link(row["partner_id"]), product), text(row["product_code"]))
        return found


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
