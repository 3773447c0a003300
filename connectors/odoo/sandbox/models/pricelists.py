"""Pricelists: the currency of an order and, without a price, the price of its lines."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import ValidationError
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
        "compute_price": choice(
            "percentage=Discount", "formula", "fixed=Fixed Price", default="fixed", required=True, label="Price Type"
        ),
        "fixed_price": Field("float", "Fixed Price", digits=2),
        "percent_price": Field("float", "Percentage Price"),
        "base": choice(
            "list_price=Sales Price", "standard_price=Cost", "pricelist=Other Pricelist", default="list_price",
            required=True, label="Based on",
        ),
        "base_pricelist_id": many2one("product.pricelist", "Other Pricelist"),
        "price_discount": Field("float", "Price Discount", digits=2),
        "price_markup": derived("float", lambda env, row: -row["price_discount"], "Markup"),
        "price_round": Field("float", "Price Rounding", digits=2),
        "price_surcharge": Field("float", "Extra Fee", digits=2),
        "price_min_margin": Field("float", "Min. Price Margin", digits=2),
        "price_max_margin": Field("float", "Max. Price Margin", digits=2),
        "active": derived(
            "boolean", lambda env, row: env.value("product.pricelist", row["pricelist_id"], "active"), "Active"
        ),
        "currency_id": derived(
            "many2one", lambda env, row: env.value("product.pricelist", row["pricelist_id"], "currency_id"), "Currency",
            relation="res.currency", sortable=True,
        ),
        "company_id": derived(
            "many2one", lambda env, row: env.value("product.pricelist", row["pricelist_id"], "company_id"), "Company",
            relation="res.company", sortable=True,
        ),
    }  # fmt: skip

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        """A rule for a variant names its template, too."""
        if values.get("product_id") and not values.get("product_tmpl_id"):
            template = env.row("product.product", values["product_id"])["product_tmpl_id"]
            values = {**values, "product_tmpl_id": template}
        return values

    def check(self, env: Env, row: Row) -> None:
        if row["date_start"] and row["date_end"] and row["date_start"] >= row["date_end"]:
            raise ValidationError("The end date must be later than the start date.")


def list_price(env: Env, product: int, quantity: float, pricelist: int | None, currency: int, at: str) -> float:
    """Price of one unit where the order names none, in the order's currency."""
    row = env.row("product.product", product)
    company_currency = env.company["currency_id"]
    rule = _rule(env, row, quantity, pricelist, at) if pricelist else None
    if rule is None:
        return in_currency(env, float(env.value("product.product", row, "lst_price")), company_currency, currency, at)
    if rule["compute_price"] == "fixed":
        return float(rule["fixed_price"])
    if rule["base"] == "pricelist" and rule["base_pricelist_id"]:
        base = list_price(env, product, quantity, rule["base_pricelist_id"], currency, at)
    else:
        field = "standard_price" if rule["base"] == "standard_price" else "lst_price"
        base = in_currency(env, float(env.value("product.product", row, field)), company_currency, currency, at)
    if rule["compute_price"] == "percentage":
        return float(base * (1 - rule["percent_price"] / 100))
    return _by_formula(rule, base)


def _by_formula(rule: Row, base: float) -> float:
    """Discount, rounding, extra fee, then the margins around the base, as the form says."""
    price = base * (1 - rule["price_discount"] / 100)
    if rule["price_round"]:
        price = round(price / rule["price_round"]) * rule["price_round"]
    price += rule["price_surcharge"]
    if rule["price_min_margin"]:
        price = max(price, base + rule["price_min_margin"])
    if rule["price_max_margin"]:
        price = min(price, base + rule["price_max_margin"])
    return float(price)


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
