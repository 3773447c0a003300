"""Pricelists: the currency of an order and, without a price, the price of its lines."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.models.places import in_currency

APPLIED = ("3_global", "2_product_category", "1_product", "0_product_variant")


class Pricelist(Model):
    name = "product.pricelist"
    label = "Pricelist"
    order = "sequence, id, name"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Pricelist Name", required=True),
        "currency_id": many2one(
            "res.currency", "Currency", required=True, default=lambda env: env.company["currency_id"]
        ),
        "company_id": many2one("res.company", "Company"),
        "sequence": Field("integer", "Sequence", default=16),
        "active": Field("boolean", "Active", default=True),
        "item_ids": one2many("product.pricelist.item", "pricelist_id", "Pricelist Rules"),
    }

    def display_name(self, env: Env, row: Row) -> str:
        return f"{row['name']} ({env.display('res.currency', row['currency_id'])})"


class PricelistItem(Model):
    name = "product.pricelist.item"
    label = "Pricelist Rule"
    order = "applied_on, min_quantity desc, id desc"
    rec_name = "pricelist_id"
    fields: ClassVar[Fields] = {
        "pricelist_id": many2one("product.pricelist", "Pricelist", required=True, ondelete="cascade"),
        "applied_on": choice(*APPLIED, default="3_global", required=True, label="Apply On"),
        "product_tmpl_id": many2one("product.template", "Product", ondelete="cascade"),
        "product_id": many2one("product.product", "Variant", ondelete="cascade"),
        "categ_id": many2one("product.category", "Category", ondelete="cascade"),
        "min_quantity": Field("float", "Min. Quantity", digits=2),
        "date_start": Field("datetime", "Start Date"),
        "date_end": Field("datetime", "End Date"),
        "compute_price": choice("fixed", "percentage", default="fixed", required=True, label="Price Type"),
        "fixed_price": Field("float", "Fixed Price", digits=2),
        "percent_price": Field("float", "Percentage Price"),
    }


def list_price(env: Env, product: int, quantity: float, pricelist: int | None, currency: int, at: str) -> float:
    """Price of one unit where the order names none, in the order's currency."""
    row = env.row("product.product", product)
    base = float(env.value("product.product", row, "lst_price"))
    company_currency = env.company["currency_id"]
    rule = _rule(env, row, quantity, pricelist, at) if pricelist else None
    if rule is None:
        return in_currency(env, base, company_currency, currency, at)
    if rule["compute_price"] == "fixed":
        return float(rule["fixed_price"])
    return in_currency(env, base * (1 - rule["percent_price"] / 100), company_currency, currency, at)


def _rule(env: Env, product: Row, quantity: float, pricelist: int, at: str) -> Row | None:
    for rule in env.related("product.pricelist.item", "pricelist_id", pricelist):
        in_time = (rule["date_start"] or "") <= at and at <= (rule["date_end"] or "9999")
        if in_time and quantity >= rule["min_quantity"] and _applies(env, rule, product):
            return rule
    return None


def _applies(env: Env, rule: Row, product: Row) -> bool:
    match rule["applied_on"]:
        case "0_product_variant":
            return bool(rule["product_id"] == product["id"])
        case "1_product":
            return bool(rule["product_tmpl_id"] == product["product_tmpl_id"])
        case "2_product_category":
            return bool(rule["categ_id"] == env.value("product.product", product, "categ_id"))
    return True


PRICELISTS: list[Any] = [Pricelist, PricelistItem]
