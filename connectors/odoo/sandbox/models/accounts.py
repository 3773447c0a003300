"""Chart of accounts, journals, fiscal positions, payment terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import ValidationError


class Account(Model):
    name = "account.account"
    label = "Account"
    order = "code, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Account Name", required=True),
        "code": Field("char", "Code", required=True, index=True),
        "account_type": choice(
            "asset_receivable=Receivable", "asset_cash=Bank and Cash", "asset_current=Current Assets",
            "asset_non_current", "asset_prepayments", "asset_fixed", "liability_payable=Payable",
            "liability_credit_card", "liability_current=Current Liabilities", "liability_non_current", "equity",
            "equity_unaffected", "income", "income_other", "expense", "expense_depreciation", "expense_direct_cost",
            "off_balance", label="Type", required=True,
        ),
        "reconcile": Field("boolean", "Allow Reconciliation"),
        "deprecated": Field("boolean", "Deprecated"),
        "currency_id": many2one("res.currency", "Account Currency"),
        "tax_ids": many2many("account.tax", "Default Taxes"),
        "company_ids": many2many("res.company", "Companies", default=lambda env: [[6, 0, [env.company["id"]]]]),
    }  # fmt: skip

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("account_type") in ("asset_receivable", "liability_payable"):
            values = {**values, "reconcile": True}
        return values

    def check(self, env: Env, row: Row) -> None:
        if len(list(env.table(self.name).having("code", (row["code"],)))) > 1:
            raise ValidationError(
                f"Account codes must be unique. You can't create accounts with these duplicate codes: {row['code']}"
            )

    def display_name(self, env: Env, row: Row) -> str:
        return f"{row['code']} {row['name']}"


class Journal(Model):
    name = "account.journal"
    label = "Journal"
    order = "sequence, type, code"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Journal Name", required=True),
        "code": Field("char", "Short Code", required=True, index=True),
        "type": choice("sale=Sales", "purchase", "cash", "bank", "credit", "general", label="Type", required=True),
        "default_account_id": many2one("account.account", "Default Account"),
        "currency_id": many2one("res.currency", "Currency"),
        "company_id": many2one("res.company", "Company", required=True, default=lambda env: env.company["id"]),
        "sequence": Field("integer", "Sequence", default=10),
        "active": Field("boolean", "Active", default=True),
    }

    def check(self, env: Env, row: Row) -> None:
        if len(list(env.table(self.name).having("code", (row["code"],)))) > 1:
            raise ValidationError("Journal codes must be unique per company.")


class FiscalPosition(Model):
    name = "account.fiscal.position"
    label = "Fiscal Position"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Fiscal Position", required=True),
        "sequence": Field("integer", "Sequence", default=10),
        "active": Field("boolean", "Active", default=True),
        "auto_apply": Field("boolean", "Detect Automatically"),
        "vat_required": Field("boolean", "VAT required"),
        "country_id": many2one("res.country", "Country"),
        "state_ids": many2many("res.country.state", "Federal States"),
        "zip_from": Field("char", "Zip Range From"),
        "zip_to": Field("char", "Zip Range To"),
        "company_id": many2one("res.company", "Company", required=True, default=lambda env: env.company["id"]),
        "tax_ids": one2many("account.fiscal.position.tax", "position_id", "Tax Mapping"),
        "account_ids": one2many("account.fiscal.position.account", "position_id", "Account Mapping"),
    }


class FiscalPositionTax(Model):
    name = "account.fiscal.position.tax"
    label = "Tax Mapping of Fiscal Position"
    rec_name = "position_id"
    fields: ClassVar[Fields] = {
        "position_id": many2one("account.fiscal.position", "Fiscal Position", required=True, ondelete="cascade"),
        "tax_src_id": many2one("account.tax", "Tax on Product", required=True),
        "tax_dest_id": many2one("account.tax", "Tax to Apply"),
    }


class FiscalPositionAccount(Model):
    name = "account.fiscal.position.account"
    label = "Accounts Mapping of Fiscal Position"
    rec_name = "position_id"
    fields: ClassVar[Fields] = {
        "position_id": many2one("account.fiscal.position", "Fiscal Position", required=True, ondelete="cascade"),
        "account_src_id": many2one("account.account", "Account on Product", required=True),
        "account_dest_id": many2one("account.account", "Account to Use Instead", required=True),
    }


def mapped_taxes(env: Env, position: int | None, taxes: Sequence[int]) -> list[int]:
    """What a fiscal position makes of a product's taxes; a mapping without destination drops the tax."""
    if not position:
        return list(taxes)
    mappings = env.related("account.fiscal.position.tax", "position_id", position)
    found: dict[int, None] = {}
    for tax in taxes:
        mine = [one for one in mappings if one["tax_src_id"] == tax]
        for target in [one["tax_dest_id"] for one in mine] if mine else [tax]:
            if target:
                found[target] = None
    return list(found)


def position_for(env: Env, partner: int, delivery: int | None) -> int | None:
    """The partner's own position, else the first automatic one that fits the delivery address."""
    own = env.row("res.partner", partner)["property_account_position_id"]
    if own:
        return int(own)
    address = env.row("res.partner", delivery or partner)
    for one in env.search("account.fiscal.position", [("auto_apply", "=", True)]):
        if _fits(env.row("account.fiscal.position", one), address):
            return one
    return None


def _fits(position: Row, address: Row) -> bool:
    if position["country_id"] and position["country_id"] != address["country_id"]:
        return False
    if position["state_ids"] and address["state_id"] not in position["state_ids"]:
        return False
    if position["zip_from"] and position["zip_to"]:
        return bool(address["zip"]) and position["zip_from"] <= address["zip"] <= position["zip_to"]
    return not (position["vat_required"] and not address["vat"])


class PaymentTerm(Model):
    name = "account.payment.term"
    label = "Payment Terms"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Payment Terms", required=True),
        "active": Field("boolean", "Active", default=True),
    }


class AnalyticDistribution(Model):
    """Looked up for every line that names no distribution of its own; there are none at first."""

    name = "account.analytic.distribution.model"
    label = "Analytic Distribution Model"
    rec_name = "id"
    fields: ClassVar[Fields] = {
        "partner_id": many2one("res.partner", "Partner"),
        "company_id": many2one("res.company", "Company"),
        "analytic_distribution": Field("json", "Analytic Distribution"),
    }


ACCOUNTS: list[Any] = [
    Account, Journal, FiscalPosition, FiscalPositionTax, FiscalPositionAccount, PaymentTerm, AnalyticDistribution,
]  # fmt: skip
