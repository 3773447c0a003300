"""Bundles that Odoo does not know yet become kits (ORD-10): a product with a bill of materials of type phantom, delivered as its components.

The product gets its internal reference last. Until then nobody finds it, so a kit whose bill was not made yet is never sold as a plain product,
whatever happens between the calls.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectors.kit.errors import ConnectorError
from connectors.odoo.client import Odoo
from connectors.odoo.keys import below, xid
from connectors.odoo.loading import CONTEXT, Cell, load
from connectors.odoo.plan import Goods

_BOM = (
    "id", "product_tmpl_id/.id", "type", "product_qty", "bom_line_ids/id", "bom_line_ids/product_id/.id",
    "bom_line_ids/product_qty",
)  # fmt: skip


async def make_kit(
    odoo: Odoo, module: str, goods: Goods, components: Mapping[str, int], own: Mapping[str, Cell]
) -> int:
    """The kit's product. `components`: SKU -> product, of all of them; `own`: further columns of the product. Raises ConnectorError."""
    columns = ["id", "name", "type", *own]
    row: list[Cell] = [xid(module, "kit", goods.sku), goods.title or goods.sku, "consu", *own.values()]
    product = await _one(odoo, "product.product", columns, [row])
    fields = ["product_tmpl_id", "default_code"]
    (made,) = await odoo.rows("product.product", [["id", "=", product]], fields, context={"active_test": False})
    bill = xid(module, "bom", goods.sku)
    rows: list[list[Cell]] = []
    for position, (sku, quantity) in enumerate(goods.components):
        header: list[Cell] = [bill, made["product_tmpl_id"][0], "phantom", 1]
        line: list[Cell] = [below(bill, str(position)), components[sku], f"{quantity:f}"]
        rows.append([*(header if not position else [None] * len(header)), *line])
    await _one(odoo, "mrp.bom", _BOM, rows)
    if made["default_code"] != goods.sku:
        await odoo.tell("product.product", "write", [product], {"default_code": goods.sku}, context=CONTEXT)
    return product


async def _one(odoo: Odoo, model: str, columns: list[str] | tuple[str, ...], rows: list[list[Cell]]) -> int:
    (made,) = await load(odoo, model, columns, [rows])
    if isinstance(made, ConnectorError):
        raise made
    return made
