"""Items of journal entries: signs, balance, and the lines an invoice makes by itself (taxes and what is due)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.commands import linked_ids
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one, rounded
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.invoice_flow import is_invoice, settle
from connectors.odoo.sandbox.models.places import in_currency
from connectors.odoo.sandbox.models.reconciling import reconcile

MONEY = ("balance", "debit", "credit", "amount_currency")
PRICING = ("price_unit", "quantity", "discount", "tax_ids", "product_id")


def _link_sale_line(env: Env, record_id: int, value: Any) -> None:
    """The sandbox keeps one; over RPC it is a many2many, as in Odoo."""
    now = env.value("account.move.line", record_id, "sale_line_ids")
    spec = env["account.move.line"].all_fields["sale_line_ids"]
    ids = linked_ids(env, "account.move.line", "sale_line_ids", spec, now, value)
    if len(ids) > 1:
        raise UserError("The sandbox links an invoice line to one order line.")
    env.patch("account.move.line", record_id, _sale_line_id=ids[0] if ids else None)


class EntryLine(Model):
    name = "account.move.line"
    label = "Journal Item"
    order = "date desc, move_name desc, id"
    fields: ClassVar[Fields] = {
        "move_id": many2one("account.move", "Journal Entry", required=True, ondelete="cascade"),
        "move_name": derived("char", lambda env, row: env.value("account.move", row["move_id"], "name"), sortable=True),
        "date": derived("date", lambda env, row: env.value("account.move", row["move_id"], "date"), sortable=True),
        "parent_state": derived(
            "selection", lambda env, row: env.value("account.move", row["move_id"], "state"), "Status", sortable=True
        ),
        "journal_id": derived(
            "many2one", lambda env, row: env.value("account.move", row["move_id"], "journal_id"), "Journal",
            relation="account.journal", sortable=True,
        ),
        "sequence": Field("integer", "Sequence", default=100),
        "display_type": choice(
            "product", "cogs", "tax", "discount", "rounding", "payment_term", "line_section", "line_note", "epd",
            "non_deductible_tax", default="product", required=True,
        ),
        "name": Field("char", "Label"),
        "account_id": many2one("account.account", "Account"),
        "partner_id": many2one("res.partner", "Partner"),
        "product_id": many2one("product.product", "Product"),
        "quantity": Field("float", "Quantity", digits=2),
        "price_unit": Field("float", "Unit Price", digits=2),
        "discount": Field("float", "Discount (%)", digits=2),
        "price_subtotal": Field("monetary", "Subtotal"),
        "price_total": Field("monetary", "Total"),
        "tax_ids": many2many("account.tax", "Taxes"),
        "tax_line_id": many2one("account.tax", "Originator Tax"),
        "balance": Field("monetary", "Balance"),
        "debit": Field("monetary", "Debit"),
        "credit": Field("monetary", "Credit"),
        "amount_currency": Field("monetary", "Amount in Currency"),
        "currency_id": many2one("res.currency", "Currency"),
        "amount_residual": Field("monetary", "Residual Amount"),
        "reconciled": Field("boolean", "Reconciled"),
        "matching_number": Field("char", "Matching #", index=True),
        "sale_line_ids": derived(
            "many2many", lambda env, row: [row["_sale_line_id"]] if row["_sale_line_id"] else [], "Sales Order Lines",
            relation="sale.order.line", assign=_link_sale_line,
        ),
        "_sale_line_id": many2one("sale.order.line", ondelete="set null"),
    }  # fmt: skip

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        move = env.row("account.move", values["move_id"])
        values = {"partner_id": move["partner_id"], "currency_id": move["currency_id"], **values}
        if is_invoice(move) and values["display_type"] == "product":
            return self._priced(env, move, values)
        return {**values, **amounts(env, move, values)}

    def _priced(self, env: Env, move: Row, values: dict[str, Any]) -> dict[str, Any]:
        values = {"quantity": 1.0, **values}
        product = values.get("product_id")
        if product:
            values.setdefault("name", env.display("product.product", product))
            values.setdefault("price_unit", env.value("product.product", product, "lst_price"))
            taxes = "taxes_id" if move["move_type"].startswith("out") else "supplier_taxes_id"
            values.setdefault("tax_ids", [[6, 0, env.value("product.product", product, taxes)]])
        if not values.get("account_id"):
            values["account_id"] = env.row("account.journal", move["journal_id"])["default_account_id"]
        return values

    def created(self, env: Env, record_id: int, given: Values) -> None:
        line = env.row(self.name, record_id)
        settle_later(env, line["move_id"], taxes=line["display_type"] == "product")

    def changing(self, env: Env, ids: Sequence[int], values: dict[str, Any]) -> dict[str, Any]:
        money = {name: values[name] for name in MONEY if name in values}
        if not money:
            return values
        for one in ids:
            if env.row(self.name, one)["matching_number"]:
                raise UserError("You cannot do this modification on a reconciled journal entry.")
        move = env.row("account.move", env.row(self.name, ids[0])["move_id"])
        return {**values, **amounts(env, move, {**_other_side(env, ids[0], money), **money})}

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        for one in ids:
            if any(name in values for name in (*PRICING, *MONEY)):
                priced = any(name in values for name in PRICING)
                settle_later(env, env.row(self.name, one)["move_id"], taxes=priced)

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        for one in ids:
            line = env.row(self.name, one)
            if line["matching_number"] or env.row("account.move", line["move_id"])["state"] == "posted":
                raise UserError("You cannot delete an item of a posted or reconciled journal entry.")

    def deleted(self, env: Env, rows: Sequence[Row]) -> None:
        for row in rows:
            if env.find("account.move", row["move_id"]):
                settle_later(env, row["move_id"], taxes=row["display_type"] == "product")

    def display_name(self, env: Env, row: Row) -> str:
        return f"{env.display('account.move', row['move_id'])} {row['name'] or ''}".strip()

    @exposed()
    def reconcile(self, env: Env, ids: list[int]) -> None:
        reconcile(env, ids)


def settle_later(env: Env, move: int, *, taxes: bool) -> None:
    """At the end of the operation, once for all lines: taxes first, when a price changed."""
    if env.context.get("settling"):
        return
    if taxes:
        env.defer(("invoice taxes", move), lambda: settle(env, move, taxes=True))
    env.defer(("invoice", move), lambda: settle(env, move, taxes=False))


def _other_side(env: Env, one: int, money: dict[str, Any]) -> dict[str, Any]:
    """A write of the debit alone keeps the credit, and the other way round."""
    row = env.row("account.move.line", one)
    return {name: row[name] for name in ("debit", "credit") if {"debit", "credit"} & money.keys()}


def amounts(env: Env, move: Row, values: Values) -> dict[str, float]:
    """balance, debit, credit and amount_currency from whichever of them is given; rounded first, as Odoo does."""
    own, currency = env.company["currency_id"], values.get("currency_id") or move["currency_id"]
    foreign = values.get("amount_currency")
    if "debit" in values or "credit" in values:
        balance = rounded(float(values.get("debit") or 0), 2) - rounded(float(values.get("credit") or 0), 2)
    elif "balance" in values:
        balance = float(values["balance"] or 0)
    else:
        balance = in_currency(env, float(foreign or 0), currency, own, move["date"])
    balance = rounded(balance, 2)
    if foreign is None:
        foreign = in_currency(env, balance, own, currency, move["date"])
    return {
        "balance": balance,
        "debit": max(balance, 0.0),
        "credit": max(-balance, 0.0),
        "amount_currency": rounded(float(foreign), 2),
    }


ENTRY_LINES: list[Any] = [EntryLine]
