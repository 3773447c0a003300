"""Purchase orders, their lines and receipts. Here state 'done' still is the lock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.accounts import mapped_taxes, position_for
from connectors.odoo.sandbox.models.messages import Thread
from connectors.odoo.sandbox.models.moves import cancel_moves, reserve, settle_state
from connectors.odoo.sandbox.models.places import in_currency
from connectors.odoo.sandbox.models.tax_amounts import line_amounts
from connectors.odoo.sandbox.models.taxes import flat_taxes

STATES = (
    "draft=RFQ", "sent=RFQ Sent", "to approve=To Approve", "purchase=Purchase Order", "done=Locked", "cancel=Cancelled",
)  # fmt: skip


def received(env: Env, line: Row) -> float:
    moves = env.related("stock.move", "purchase_line_id", line["id"])
    total = 0.0
    for move in moves:
        if move["state"] == "done":
            came = env.row("stock.location", move["location_dest_id"])["usage"] == "internal"
            total += move["quantity"] if came else -move["quantity"]
    return total


def _receipt_status(env: Env, row: Row) -> str | None:
    states = {one["state"] for one in _receipts(env, row["id"])}
    if states <= {"cancel"}:
        return None
    if states <= {"done", "cancel"}:
        return "full"
    return "partial" if "done" in states else "pending"


def _receipts(env: Env, order: int) -> list[Row]:
    return env.related("stock.picking", "purchase_id", order)


class PurchaseOrder(Thread):
    name = "purchase.order"
    label = "Purchase Order"
    order = "priority desc, id desc"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Order Reference", required=True, index=True),
        "state": choice(*STATES, label="Status", default="draft"),
        "priority": choice("0=Normal", "1=Urgent", default="0"),
        "partner_id": many2one("res.partner", "Vendor", required=True),
        "partner_ref": Field("char", "Vendor Reference", index=True),
        "origin": Field("char", "Source Document"),
        "date_order": Field("datetime", "Order Deadline", required=True, default=lambda env: env.now),
        "date_planned": Field("datetime", "Expected Arrival"),
        "date_approve": Field("datetime", "Confirmation Date"),
        "currency_id": many2one("res.currency", "Currency", required=True, default=lambda env: env.company["currency_id"]),
        "company_id": many2one("res.company", "Company", required=True, default=lambda env: env.company["id"]),
        "user_id": many2one("res.users", "Buyer", default=lambda env: env.uid),
        "picking_type_id": many2one("stock.picking.type", "Deliver To", required=True, default=lambda env: _receiving(env)),
        "fiscal_position_id": many2one("account.fiscal.position", "Fiscal Position"),
        "payment_term_id": many2one("account.payment.term", "Payment Terms"),
        "notes": Field("html", "Terms and Conditions"),
        "order_line": one2many("purchase.order.line", "order_id", "Order Lines"),
        "amount_untaxed": Field("monetary", "Untaxed Amount"),
        "amount_tax": Field("monetary", "Taxes"),
        "amount_total": Field("monetary", "Total"),
        "picking_ids": derived(
            "many2many", lambda env, row: [one["id"] for one in _receipts(env, row["id"])], "Receptions",
            relation="stock.picking",
        ),
        "receipt_status": derived("selection", _receipt_status, "Receipt Status", sortable=True, selection=(
            ("pending", "Not Received"), ("partial", "Partially Received"), ("full", "Fully Received"),
        )),
    }  # fmt: skip

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if "fiscal_position_id" not in values and values.get("partner_id"):
            values = {**values, "fiscal_position_id": position_for(env, values["partner_id"], None)}
        if not values.get("name") or values["name"] == "New":
            values = {**values, "name": f"P{env.next_number('purchase.order'):05}"}
        return values

    def created(self, env: Env, record_id: int, given: Values) -> None:
        if not given.get("date_planned"):
            planned = [line["date_planned"] for line in env.related("purchase.order.line", "order_id", record_id)]
            env.patch(self.name, record_id, date_planned=min(filter(None, planned), default=None))

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        if any(env.row(self.name, one)["state"] != "cancel" for one in ids):
            raise UserError("In order to delete a purchase order, you must cancel it first.")

    def display_name(self, env: Env, row: Row) -> str:
        return f"{row['name']} ({row['partner_ref']})" if row["partner_ref"] else str(row["name"])

    # ---- buttons

    @exposed()
    def button_confirm(self, env: Env, ids: list[int]) -> bool:
        for one in ids:
            if env.row(self.name, one)["state"] in ("draft", "sent"):
                env.write(self.name, one, {"state": "purchase", "date_approve": env.now})
                _receive(env, one)
        return True

    @exposed()
    def button_cancel(self, env: Env, ids: list[int]) -> None:
        came = [one for one in ids if any(receipt["state"] == "done" for receipt in _receipts(env, one))]
        if came:
            names = ", ".join(env.display(self.name, one) for one in came)
            raise UserError(
                f"Unable to cancel purchase order(s): {names} since they have receipts that are already done."
            )
        for one in ids:
            for receipt in _receipts(env, one):
                cancel_moves(env, env.children("stock.move", "picking_id", receipt["id"]))
        env.write(self.name, ids, {"state": "cancel"})

    @exposed()
    def button_draft(self, env: Env, ids: list[int]) -> Any:
        env.write(self.name, ids, {"state": "draft"})
        return {}

    @exposed()
    def button_done(self, env: Env, ids: list[int]) -> None:
        env.write(self.name, ids, {"state": "done"})

    @exposed()
    def button_unlock(self, env: Env, ids: list[int]) -> None:
        env.write(self.name, ids, {"state": "purchase"})


class PurchaseLine(Model):
    name = "purchase.order.line"
    label = "Purchase Order Line"
    order = "order_id, sequence, id"
    fields: ClassVar[Fields] = {
        "order_id": many2one("purchase.order", "Order Reference", required=True, ondelete="cascade"),
        "sequence": Field("integer", "Sequence", default=10),
        "display_type": choice("line_section=Section", "line_note=Note"),
        "product_id": many2one("product.product", "Product"),
        "name": Field("text", "Description", required=True),
        "product_qty": Field("float", "Quantity", required=True, digits=2, default=1.0),
        "product_uom": many2one("uom.uom", "Unit of Measure"),
        "price_unit": Field("float", "Unit Price", required=True, digits=2),
        "discount": Field("float", "Discount (%)", digits=2),
        "taxes_id": many2many("account.tax", "Taxes"),
        "date_planned": Field("datetime", "Expected Arrival"),
        "price_subtotal": Field("monetary", "Subtotal"),
        "price_tax": Field("float", "Tax"),
        "price_total": Field("monetary", "Total"),
        "qty_received": derived("float", received, "Received Qty", sortable=True),
        "state": derived("selection", lambda env, row: env.value("purchase.order", row["order_id"], "state"), "Status"),
    }

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        order = env.row("purchase.order", values["order_id"])
        product = values.get("product_id")
        values = {"date_planned": order["date_planned"] or env.now, **values}
        if not product:
            return values
        if not values.get("name"):
            values["name"] = env.display("product.product", product)
        if not values.get("product_uom"):
            values["product_uom"] = env.value("product.product", product, "uom_po_id")
        if "taxes_id" not in values:
            taxes = env.value("product.product", product, "supplier_taxes_id")
            values["taxes_id"] = [[6, 0, mapped_taxes(env, order["fiscal_position_id"], taxes)]]
        if values.get("price_unit") is None:
            cost = env.value("product.product", product, "standard_price")
            own = env.company["currency_id"]
            values["price_unit"] = in_currency(env, cost, own, order["currency_id"], order["date_order"])
        return values

    def created(self, env: Env, record_id: int, given: Values) -> None:
        self._amounts(env, record_id)

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        if any(name in values for name in ("price_unit", "product_qty", "discount", "taxes_id")):
            for one in ids:
                self._amounts(env, one)

    def _amounts(self, env: Env, record_id: int) -> None:
        line = env.row(self.name, record_id)
        found = line_amounts(
            flat_taxes(env, line["taxes_id"]), line["price_unit"], line["product_qty"], line["discount"]
        )
        env.patch(self.name, record_id, price_subtotal=found.excluded, price_tax=found.tax, price_total=found.included)
        env.defer(("purchase amounts", line["order_id"]), lambda: _order_amounts(env, line["order_id"]))


def _order_amounts(env: Env, order: int) -> None:
    lines = env.related("purchase.order.line", "order_id", order)
    untaxed = round(sum(line["price_subtotal"] for line in lines), 6)
    tax = round(sum(line["price_tax"] for line in lines), 6)
    total = round(untaxed + tax, 6)
    env.patch_if_changed("purchase.order", order, amount_untaxed=untaxed, amount_tax=tax, amount_total=total)


def _receiving(env: Env) -> int | None:
    house = min((row["sequence"], row["id"]) for row in env.rows("stock.warehouse").values() if row["active"])[1]
    return int(env.row("stock.warehouse", house)["in_type_id"])


def _receive(env: Env, order: int) -> None:
    """One incoming transfer over the lines of goods; it is ready at once."""
    row = env.row("purchase.order", order)
    lines = [
        line
        for line in env.related("purchase.order.line", "order_id", order)
        if line["product_id"] and env.value("product.product", line["product_id"], "type") == "consu"
    ]
    if not lines:
        return
    planned = row["date_planned"] or env.now
    picking = env.create(
        "stock.picking",
        {"picking_type_id": row["picking_type_id"], "origin": row["name"], "partner_id": row["partner_id"],
         "purchase_id": order, "scheduled_date": planned, "date_deadline": planned},
    )  # fmt: skip
    transfer = env.row("stock.picking", picking)
    for line in lines:
        move = env.create(
            "stock.move",
            {"name": line["name"], "product_id": line["product_id"], "product_uom_qty": line["product_qty"],
             "product_uom": line["product_uom"], "picking_id": picking, "state": "confirmed",
             "location_id": transfer["location_id"], "location_dest_id": transfer["location_dest_id"],
             "date": line["date_planned"] or planned, "origin": row["name"], "purchase_line_id": line["id"]},
        )  # fmt: skip
        settle_state(env, move)
        reserve(env, [move])


PURCHASES: list[Any] = [PurchaseOrder, PurchaseLine]
