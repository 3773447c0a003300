"""Sale orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.accounts import position_for
from connectors.odoo.sandbox.models.messages import Thread
from connectors.odoo.sandbox.models.partners import address_of
from connectors.odoo.sandbox.models.places import rate_at
from connectors.odoo.sandbox.models.sale_flow import cancel, cancel_dialog, confirm
from connectors.odoo.sandbox.models.sale_lines import own_documents
from connectors.odoo.sandbox.models.sale_status import delivery_status, invoice_status, pickings_of
from connectors.odoo.sandbox.models.stock_rules import new_deadline

STATES = ("draft=Quotation", "sent=Quotation Sent", "sale=Sales Order", "cancel=Cancelled")


class SalesTeam(Model):
    name = "crm.team"
    label = "Sales Team"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Sales Team", required=True),
        "sequence": Field("integer", "Sequence", default=10),
        "active": Field("boolean", "Active", default=True),
        "company_id": many2one("res.company", "Company"),
        "user_id": many2one("res.users", "Team Leader"),
    }


class SaleTag(Model):
    name = "crm.tag"
    label = "CRM Tag"
    fields: ClassVar[Fields] = {"name": Field("char", "Tag Name", required=True), "color": Field("integer", "Color")}


class SaleOrder(Thread):
    name = "sale.order"
    label = "Sales Order"
    order = "date_order desc, id desc"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Order Reference", required=True, index=True),
        "state": choice(*STATES, label="Status", default="draft"),
        "locked": Field("boolean", "Locked"),
        "partner_id": many2one("res.partner", "Customer", required=True),
        "partner_invoice_id": many2one("res.partner", "Invoice Address", required=True),
        "partner_shipping_id": many2one("res.partner", "Delivery Address", required=True),
        "client_order_ref": Field("char", "Customer Reference", index=True),
        "origin": Field("char", "Source Document", index=True),
        "reference": Field("char", "Payment Ref."),
        "date_order": Field("datetime", "Order Date", required=True, default=lambda env: env.now),
        "commitment_date": Field("datetime", "Delivery Date"),
        "validity_date": Field("date", "Expiration"),
        "user_id": many2one("res.users", "Salesperson", default=lambda env: env.uid),
        "team_id": many2one("crm.team", "Sales Team", default=lambda env: next(iter(env.rows("crm.team")), None)),
        "company_id": many2one("res.company", "Company", required=True, default=lambda env: env.company["id"]),
        "warehouse_id": many2one("stock.warehouse", "Warehouse", required=True, default=lambda env: _warehouse(env)),
        "pricelist_id": many2one("product.pricelist", "Pricelist"),
        "currency_id": many2one("res.currency", "Currency"),
        "currency_rate": Field("float", "Currency Rate"),
        "fiscal_position_id": many2one("account.fiscal.position", "Fiscal Position"),
        "payment_term_id": many2one("account.payment.term", "Payment Terms"),
        "carrier_id": many2one("delivery.carrier", "Delivery Method"),
        "incoterm": many2one("account.incoterms", "Incoterm"),
        "picking_policy": choice("direct=As soon as possible", "one=When all products are ready", default="direct"),
        "tag_ids": many2many("crm.tag", "Tags"),
        "note": Field("html", "Terms and conditions"),
        "order_line": one2many("sale.order.line", "order_id", "Order Lines"),
        "amount_untaxed": Field("monetary", "Untaxed Amount"),
        "amount_tax": Field("monetary", "Taxes"),
        "amount_total": Field("monetary", "Total"),
        "picking_ids": one2many("stock.picking", "sale_id", "Transfers"),
        "delivery_count": derived("integer", lambda env, row: len(pickings_of(env, row)), "Delivery Orders"),
        "invoice_ids": derived("many2many", lambda env, row: _invoices(env, row), "Invoices", relation="account.move"),
        "invoice_count": derived("integer", lambda env, row: len(_invoices(env, row)), "Invoice Count"),
        "invoice_status": derived("selection", invoice_status, "Invoice Status", sortable=True, selection=(
            ("upselling", "Upselling Opportunity"), ("invoiced", "Fully Invoiced"), ("to invoice", "To Invoice"),
            ("no", "Nothing to Invoice"),
        )),
        "delivery_status": derived("selection", delivery_status, "Delivery Status", sortable=True, selection=(
            ("pending", "Not Delivered"), ("started", "Started"), ("partial", "Partially Delivered"),
            ("full", "Fully Delivered"),
        )),
    }  # fmt: skip

    def rule(self, env: Env) -> list[Any] | None:
        return own_documents(env, "user_id")

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        assert values["date_order"], "Datetime instance expected"
        if not values.get("name") or values["name"] == "New":
            values = {**values, "name": f"S{env.next_number('sale.order'):05}"}
        partner = values.get("partner_id")
        if not partner:
            return values
        row = env.row("res.partner", partner)
        invoice = values.get("partner_invoice_id") or address_of(env, partner, "invoice")
        delivery = values.get("partner_shipping_id") or address_of(env, partner, "delivery")
        values = {**values, "partner_invoice_id": invoice, "partner_shipping_id": delivery}
        if "fiscal_position_id" not in values:
            values["fiscal_position_id"] = position_for(env, partner, delivery)
        if "pricelist_id" not in values:
            values["pricelist_id"] = env.value("res.partner", row, "property_product_pricelist")
        # Whatever currency_id a client sends: only the pricelist sets it.
        pricelist = env.find("product.pricelist", values["pricelist_id"])
        values["currency_id"] = pricelist["currency_id"] if pricelist else env.company["currency_id"]
        values["currency_rate"] = rate_at(env, values["currency_id"], str(values["date_order"]))
        return values

    def changing(self, env: Env, ids: Sequence[int], values: dict[str, Any]) -> dict[str, Any]:
        assert values.get("date_order", True), "Datetime instance expected"
        if values.get("partner_id") and "partner_invoice_id" not in values and "partner_shipping_id" not in values:
            partner = values["partner_id"]
            invoice, delivery = address_of(env, partner, "invoice"), address_of(env, partner, "delivery")
            values = {**values, "partner_invoice_id": invoice, "partner_shipping_id": delivery}
        return values

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        for one in ids:
            if values.get("commitment_date"):
                new_deadline(env, one, values["commitment_date"])
            if "partner_shipping_id" in values and env.context.get("update_delivery_shipping_partner"):
                for picking in env.related("stock.picking", "sale_id", one):
                    env.patch("stock.picking", picking["id"], partner_id=values["partner_shipping_id"])

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        if any(env.row(self.name, one)["state"] not in ("draft", "cancel") for one in ids):
            raise UserError("You can not delete a sent quotation or a confirmed sales order. You must first cancel it.")

    # ---- buttons

    @exposed()
    def action_confirm(self, env: Env, ids: list[int]) -> bool:
        confirm(env, ids)
        return True

    @exposed()
    def action_cancel(self, env: Env, ids: list[int]) -> Any:
        """True, or a dialog (a dictionary) that has cancelled nothing."""
        rows = [env.row(self.name, one) for one in ids]
        if any(row["locked"] for row in rows):
            raise UserError("You cannot cancel a locked order. Please unlock it first.")
        if not env.context.get("disable_cancel_warning") and any(row["state"] != "draft" for row in rows):
            if len(ids) != 1:
                raise ValueError(f"Expected singleton: sale.order({', '.join(map(str, ids))})")
            return cancel_dialog(ids[0])
        cancel(env, ids)
        return True

    @exposed()
    def action_draft(self, env: Env, ids: list[int]) -> bool:
        again = [one for one in ids if env.row(self.name, one)["state"] in ("cancel", "sent")]
        return self.write(env, again, {"state": "draft"})

    @exposed()
    def action_quotation_sent(self, env: Env, ids: list[int]) -> None:
        if any(env.row(self.name, one)["state"] != "draft" for one in ids):
            raise UserError("Only draft orders can be marked as sent directly.")
        env.write(self.name, ids, {"state": "sent"})

    @exposed()
    def action_lock(self, env: Env, ids: list[int]) -> None:
        env.write(self.name, ids, {"locked": True})

    @exposed()
    def action_unlock(self, env: Env, ids: list[int]) -> None:
        env.write(self.name, ids, {"locked": False})


class CancelDialog(Model):
    name = "sale.order.cancel"
    label = "Sales Order Cancel"
    rec_name = "order_id"
    fields: ClassVar[Fields] = {
        "order_id": many2one("sale.order", "Sale Order", required=True, ondelete="cascade"),
        "subject": Field("char", "Subject"),
        "body": Field("html", "Contents"),
    }

    @exposed()
    def action_cancel(self, env: Env, ids: list[int]) -> bool:
        cancel(env, [env.row(self.name, one)["order_id"] for one in ids])
        return True


def _warehouse(env: Env) -> int | None:
    active = [row for row in env.rows("stock.warehouse").values() if row["active"]]
    return min(((row["sequence"], row["id"]) for row in active), default=(0, None))[1]


def _invoices(env: Env, row: Row) -> list[int]:
    lines, moves = env.table("sale.order.line"), env.table("account.move.line")
    mine = moves.having("_sale_line_id", list(lines.having("order_id", (row["id"],))))
    return sorted({moves.rows[one]["move_id"] for one in mine})


SALES: list[Any] = [SalesTeam, SaleTag, SaleOrder, CancelDialog]
