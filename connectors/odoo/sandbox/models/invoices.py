"""Journal entries and invoices."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.fields import Field, Fields, choice, derived, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
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
        "invoice_origin": Field("char", "Origin"),
        "line_ids": one2many("account.move.line", "move_id", "Journal Items"),
        "invoice_line_ids": one2many(
            "account.move.line", "move_id", "Invoice lines", fixed=("display_type", ON_INVOICE)
        ),
        "reversed_entry_id": many2one("account.move", "Reversal of"),
        "amount_untaxed": Field("monetary", "Untaxed Amount"),
        "amount_tax": Field("monetary", "Tax"),
        "amount_total": Field("monetary", "Total"),
        "amount_residual": Field("monetary", "Amount Due"),
        "payment_state": choice(*PAYMENT_STATES, default="not_paid", label="Payment Status"),
    }


class EntryLine(Model):
    name = "account.move.line"
    label = "Journal Item"
    order = "date desc, move_name desc, id"
    fields: ClassVar[Fields] = {
        "move_id": many2one("account.move", "Journal Entry", required=True, ondelete="cascade"),
        "move_name": derived("char", lambda env, row: env.value("account.move", row["move_id"], "name"), sortable=True),
        "date": derived("date", lambda env, row: env.value("account.move", row["move_id"], "date"), sortable=True),
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
        "sale_line_id": many2one("sale.order.line", "Sale Line", ondelete="set null"),
    }  # fmt: skip


INVOICES: list[Any] = [Entry, EntryLine]
