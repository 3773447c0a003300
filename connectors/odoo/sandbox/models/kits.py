"""Bills of materials; one of type phantom makes its product a kit, sold and counted by its components."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model


class Bom(Model):
    name = "mrp.bom"
    label = "Bill of Material"
    order = "sequence, id"
    rec_name = "product_tmpl_id"
    fields: ClassVar[Fields] = {
        "product_tmpl_id": many2one("product.template", "Product", required=True, index=True),
        "product_id": many2one("product.product", "Product Variant"),
        "type": choice("normal=Manufacture this product", "phantom=Kit", default="normal", required=True),
        "product_qty": Field("float", "Quantity", required=True, default=1.0, digits=2),
        "bom_line_ids": one2many("mrp.bom.line", "bom_id", "BoM Lines"),
        "code": Field("char", "Reference"),
        "sequence": Field("integer", "Sequence"),
        "active": Field("boolean", "Active", default=True),
    }

    def display_name(self, env: Env, row: Row) -> str:
        return env.display("product.template", row["product_tmpl_id"])


class BomLine(Model):
    name = "mrp.bom.line"
    label = "Bill of Material Line"
    order = "sequence, id"
    rec_name = "product_id"
    fields: ClassVar[Fields] = {
        "bom_id": many2one("mrp.bom", "Parent BoM", required=True, ondelete="cascade"),
        "product_id": many2one("product.product", "Component", required=True),
        "product_qty": Field("float", "Quantity", required=True, default=1.0, digits=2),
        "sequence": Field("integer", "Sequence", default=1),
    }

    def display_name(self, env: Env, row: Row) -> str:
        return env.display("product.product", row["product_id"])


def kit_of(env: Env, product: Row) -> list[tuple[int, float]]:
    """Components with the quantity one kit needs; empty for what is no kit."""
    boms = env.related("mrp.bom", "product_tmpl_id", product["product_tmpl_id"])
    for bom in boms:
        if bom["type"] == "phantom" and bom["product_id"] in (None, product["id"]):
            lines = env.related("mrp.bom.line", "bom_id", bom["id"])
            return [(line["product_id"], line["product_qty"] / (bom["product_qty"] or 1.0)) for line in lines]
    return []


KITS: list[Any] = [Bom, BomLine]
