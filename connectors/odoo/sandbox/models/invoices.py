"""Journal entries and invoices, and the dialogs that make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.invoice_flow import (
    SALE_TYPES,
    back_to_draft,
    invoice_orders,
    post,
    reverse,
)
from connectors.odoo.sandbox.models.messages import Thread

TYPES = (
    "entry=Journal Entry", "out_invoice=Customer Invoice", "out_refund=Customer Credit Note", "in_invoice=Vendor Bill",
    "in_refund=Vendor Credit Note", "out_receipt=Sales Receipt", "in_receipt=Purchase Receipt",
)  # fmt: skip
PAYMENT_STATES = (
    "not_paid=Not Paid", "in_payment=In Payment", "paid", "partial=Partially Paid", "reversed", "blocked",
    "invoicing_legacy=Invoicing App Legacy",
)  # fmt: skip
ON_INVOICE = ("product", "line_section", "line_note")


class Entry(Thread):
    name = "account.move"
    label = "Journal Entry"
    order = "date desc, name desc, invoice_date desc, id desc"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Number", index=True),
        "ref": Field("char", "Reference", index=True),
        "date": Field("date", "Date", required=True, default=lambda env: env.today),
        "invoice_date": Field("date", "Invoice/Bill Date"),
        "invoice_date_due": Field("date", "Due Date"),
        "state": choice("draft", "posted", "cancel=Cancelled", default="draft", required=True, label="Status"),
        "move_type": choice(*TYPES, default="entry", required=True, label="Type"),
        "journal_id": many2one("account.journal", "Journal", required=True),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
        "currency_id": many2one(
            "res.currency", "Currency", required=True, default=lambda env: env.company["currency_id"]
        ),
        "partner_id": many2one("res.partner", "Partner"),
        "fiscal_position_id": many2one("account.fiscal.position", "Fiscal Position"),
        "invoice_origin": Field("char", "Origin", index=True),
        "line_ids": one2many("account.move.line", "move_id", "Journal Items"),
        "invoice_line_ids": one2many(
            "account.move.line", "move_id", "Invoice lines", fixed=("display_type", ON_INVOICE)
        ),
        "reversed_entry_id": many2one("account.move", "Reversal of"),
        "reversal_move_ids": one2many("account.move", "reversed_entry_id", "Reversals"),
        "amount_untaxed": Field("monetary", "Untaxed Amount"),
        "amount_tax": Field("monetary", "Tax"),
        "amount_total": Field("monetary", "Total"),
        "amount_residual": Field("monetary", "Amount Due"),
        "payment_state": choice(*PAYMENT_STATES, default="not_paid", label="Payment Status"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("journal_id"):
            return values
        kind = "general"
        if values["move_type"] != "entry":
            kind = "sale" if values["move_type"] in SALE_TYPES else "purchase"
        journals = env.search("account.journal", [("type", "=", kind)], limit=1)
        return {**values, "journal_id": journals[0] if journals else False}

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        if any(env.row(self.name, one)["state"] == "posted" for one in ids):
            raise UserError("You cannot delete a posted entry; set it back to draft first.")

    def display_name(self, env: Env, row: Row) -> str:
        name = row["name"] or f"Draft {dict(self.all_fields['move_type'].selection)[row['move_type']]} (* {row['id']})"
        return f"{name} ({row['ref']})" if row["ref"] else str(name)

    # ---- buttons

    @exposed()
    def action_post(self, env: Env, ids: list[int]) -> bool:
        """False is success."""
        post(env, ids)
        return False

    @exposed()
    def button_draft(self, env: Env, ids: list[int]) -> None:
        back_to_draft(env, ids)

    @exposed()
    def button_cancel(self, env: Env, ids: list[int]) -> None:
        back_to_draft(env, [one for one in ids if env.row(self.name, one)["state"] == "posted"])
        env.write(self.name, ids, {"state": "cancel"})


class InvoiceDialog(Model):
    name = "sale.advance.payment.inv"
    label = "Sales Advance Payment Invoice"
    rec_name = "id"
    fields: ClassVar[Fields] = {
        "advance_payment_method": choice(
            "delivered=Regular invoice", "percentage", "fixed", default="delivered", required=True
        ),
        "sale_order_ids": many2many("sale.order", "Sale Orders"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if values["advance_payment_method"] != "delivered":
            raise UserError("The sandbox makes no down payments.")
        return {"sale_order_ids": [[6, 0, list(env.context.get("active_ids") or [])]], **values}

    @exposed()
    def create_invoices(self, env: Env, ids: list[int]) -> dict[str, Any]:
        orders = [order for one in ids for order in env.row(self.name, one)["sale_order_ids"]]
        return _shown("Invoices", invoice_orders(env, orders))


class ReversalDialog(Model):
    name = "account.move.reversal"
    label = "Account Move Reversal"
    rec_name = "reason"
    fields: ClassVar[Fields] = {
        "reason": Field("char", "Reason displayed on Credit Note"),
        "journal_id": many2one("account.journal", "Journal"),
        "date": Field("date", "Reversal date", default=lambda env: env.today),
        "move_ids": many2many("account.move", "Move"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        return {"move_ids": [[6, 0, list(env.context.get("active_ids") or [])]], **values}

    @exposed()
    def refund_moves(self, env: Env, ids: list[int]) -> dict[str, Any]:
        """A draft over everything."""
        row = env.row(self.name, ids[0])
        return _shown("Reverse Moves", [reverse(env, one, row) for one in row["move_ids"]])

    @exposed()
    def reverse_moves(self, env: Env, ids: list[int]) -> dict[str, Any]:
        return self.refund_moves(env, ids)


def _shown(name: str, ids: Sequence[int]) -> dict[str, Any]:
    action = {"name": name, "type": "ir.actions.act_window", "res_model": "account.move", "view_mode": "form"}
    return {**action, "res_id": ids[0]} if len(ids) == 1 else {**action, "domain": [["id", "in", list(ids)]]}


INVOICES: list[Any] = [Entry, InvoiceDialog, ReversalDialog]
