"""Vendors' prices of products (`product.supplierinfo`): a row belongs to a template, or to one variant of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, derived, many2one
from connectors.odoo.sandbox.engine.model import Model


class SupplierPrice(Model):
    name = "product.supplierinfo"
    label = "Supplier Pricelist"
    order = "sequence, min_qty DESC, price, id"
    rec_name = "partner_id"
    fields: ClassVar[Fields] = {
        "partner_id": many2one("res.partner", "Vendor", required=True, ondelete="cascade"),
        "product_name": Field("char", "Vendor Product Name"),
        "product_code": Field("char", "Vendor Product Code", index=True),
        "sequence": Field("integer", "Sequence", default=1),
        "product_uom": derived(
            "many2one", lambda env, row: _of_template(env, row, "uom_po_id"), "Unit of Measure", relation="uom.uom"
        ),
        "min_qty": Field("float", "Quantity", required=True, digits=2),
        "price": Field("float", "Price", required=True, digits=2),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
        "currency_id": many2one(
            "res.currency", "Currency", required=True, default=lambda env: env.company["currency_id"]
        ),
        "date_start": Field("date", "Start Date"),
        "date_end": Field("date", "End Date"),
        "product_id": many2one("product.product", "Product Variant"),
        "product_tmpl_id": many2one("product.template", "Product Template", ondelete="cascade"),
        "delay": Field("integer", "Delivery Lead Time", default=1, required=True),
        "discount": Field("float", "Discount (%)", digits=2),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        return _with_template(env, values)

    def changing(self, env: Env, ids: Sequence[int], values: dict[str, Any]) -> dict[str, Any]:
        return _with_template(env, values)

    def display_name(self, env: Env, row: Row) -> str:
        return env.display("res.partner", row["partner_id"])


def _with_template(env: Env, values: dict[str, Any]) -> dict[str, Any]:
    """Whoever names a variant need not name its template."""
    if values.get("product_id") and not values.get("product_tmpl_id"):
        return {**values, "product_tmpl_id": env.value("product.product", values["product_id"], "product_tmpl_id")}
    return values


def _of_template(env: Env, row: Row, name: str) -> Any:
    return env.value("product.template", row["product_tmpl_id"], name) if row["product_tmpl_id"] else None


SUPPLIER_PRICES: list[Any] = [SupplierPrice]
