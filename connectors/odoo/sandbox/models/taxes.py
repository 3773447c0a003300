"""Taxes with their repartition: which account takes the tax, on invoices and on refunds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import ValidationError

DOCUMENTS = ("invoice", "refund")


class TaxGroup(Model):
    name = "account.tax.group"
    label = "Tax Group"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Name", required=True),
        "sequence": Field("integer", "Sequence", default=10),
        "company_id": many2one("res.company", "Company"),
        "country_id": many2one("res.country", "Country"),
    }


class Tax(Model):
    name = "account.tax"
    label = "Tax"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Tax Name", required=True, index=True),
        "type_tax_use": choice("sale=Sales", "purchase=Purchases", "none", default="sale", required=True),
        "amount_type": choice(
            "group=Group of Taxes", "fixed", "percent=Percentage of Price", "division=Percentage Tax Included",
            default="percent", required=True,
        ),
        "amount": Field("float", "Amount", digits=4, default=0.0),
        "active": Field("boolean", "Active", default=True),
        "sequence": Field("integer", "Sequence", default=1),
        "company_id": many2one("res.company", "Company", required=True, default=lambda env: env.company["id"]),
        "country_id": many2one("res.country", "Country", default=lambda env: env.company["country_id"] or None),
        "tax_group_id": many2one("account.tax.group", "Tax Group", default=lambda env: _first(env, "account.tax.group")),
        "children_tax_ids": many2many("account.tax", "Children Taxes"),
        "price_include_override": choice("tax_included", "tax_excluded", label="Included in Price"),
        "price_include": derived(
            "boolean", lambda env, row: row["price_include_override"] == "tax_included", "Included in Price"
        ),
        "include_base_amount": Field("boolean", "Affect Base of Subsequent Taxes"),
        "is_base_affected": Field("boolean", "Base Affected by Previous Taxes", default=True),
        "description": Field("html", "Description"),
        "invoice_label": Field("char", "Label on Invoices"),
        "tax_exigibility": choice("on_invoice", "on_payment", default="on_invoice"),
        "repartition_line_ids": one2many("account.tax.repartition.line", "tax_id", "Distribution"),
        "invoice_repartition_line_ids": one2many(
            "account.tax.repartition.line", "tax_id", "Distribution for Invoices",
            fixed=("document_type", ("invoice",)),
        ),
        "refund_repartition_line_ids": one2many(
            "account.tax.repartition.line", "tax_id", "Distribution for Refund Invoices",
            fixed=("document_type", ("refund",)),
        ),
    }  # fmt: skip

    def created(self, env: Env, record_id: int, given: Values) -> None:
        """Left out, the distribution is made: all of it on the tax line, without an account."""
        lines = "account.tax.repartition.line"
        for document in DOCUMENTS:
            if not env.children(lines, "tax_id", record_id, ("document_type", (document,))):
                for kind in ("base", "tax"):
                    env.create(lines, {"tax_id": record_id, "document_type": document, "repartition_type": kind})

    def check(self, env: Env, row: Row) -> None:
        twins = [env.rows(self.name)[one] for one in env.table(self.name).having("name", (row["name"],))]
        if sum(one["type_tax_use"] == row["type_tax_use"] for one in twins) > 1:
            raise ValidationError(f"Tax names must be unique!\n- {row['name']} in {env.company['name']}")


class RepartitionLine(Model):
    name = "account.tax.repartition.line"
    label = "Tax Repartition Line"
    order = "document_type, repartition_type, sequence, id"
    rec_name = "tax_id"
    fields: ClassVar[Fields] = {
        "tax_id": many2one("account.tax", "Tax", ondelete="cascade"),
        "document_type": choice("invoice", "refund", required=True, label="Related to"),
        "repartition_type": choice("base", "tax=of tax", default="tax", required=True, label="Based On"),
        "factor_percent": Field("float", "%", default=100.0),
        "factor": derived("float", lambda env, row: row["factor_percent"] / 100, "Factor Ratio"),
        "account_id": many2one("account.account", "Account"),
        "sequence": Field("integer", "Sequence", default=1),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
        "use_in_tax_closing": Field("boolean", "Tax Closing Entry"),
    }


def flat_taxes(env: Env, ids: Sequence[int]) -> list[Row]:
    """Rows in the order they are applied; groups are replaced by their children."""
    rows = [env.row("account.tax", one) for one in ids]
    flat: list[Row] = []
    for row in sorted(rows, key=lambda one: (one["sequence"], one["id"])):
        flat += flat_taxes(env, row["children_tax_ids"]) if row["amount_type"] == "group" else [row]
    return flat


def _first(env: Env, model: str) -> int | None:
    return next(iter(env.rows(model)), None)


TAXES: list[Any] = [TaxGroup, Tax, RepartitionLine]
