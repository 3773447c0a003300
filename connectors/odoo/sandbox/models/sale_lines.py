"""Lines of sale orders: defaults from the product, amounts per line, what may still change after confirmation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.accounts import mapped_taxes
from connectors.odoo.sandbox.models.pricelists import list_price
from connectors.odoo.sandbox.models.sale_status import delivered, invoiced, line_status, to_invoice
from connectors.odoo.sandbox.models.stock_rules import follow_quantity, launch_line
from connectors.odoo.sandbox.models.tax_amounts import line_amounts
from connectors.odoo.sandbox.models.taxes import flat_taxes

LOCKED = ("product_id", "name", "price_unit", "product_uom", "product_uom_qty", "tax_id", "analytic_distribution")
AMOUNTS = ("price_unit", "product_uom_qty", "discount", "tax_id")
BELOW_DELIVERED = (
    "The ordered quantity of a sale order line cannot be decreased below the amount already delivered. Instead, create "
    "a return in your inventory."
)
CANNOT_REMOVE = (
    "Once a sales order is confirmed, you can't remove one of its lines (we need to track if something gets invoiced "
    "or delivered).\n                Set the quantity to 0 instead."
)


def _of_order(name: str) -> Any:
    return lambda env, row: env.value("sale.order", row["order_id"], name)


class SaleLine(Model):
    name = "sale.order.line"
    label = "Sales Order Line"
    order = "order_id, sequence, id"
    fields: ClassVar[Fields] = {
        "order_id": many2one("sale.order", "Order Reference", required=True, ondelete="cascade"),
        "sequence": Field("integer", "Sequence", default=10),
        "display_type": choice("line_section=Section", "line_note=Note"),
        "product_id": many2one("product.product", "Product", ondelete="restrict"),
        "product_template_id": derived(
            "many2one", lambda env, row: env.value("product.product", row["product_id"], "product_tmpl_id"),
            "Product Template", relation="product.template",
        ),
        "name": Field("text", "Description", required=True),
        "product_uom_qty": Field("float", "Quantity", required=True, digits=2),
        "product_uom": many2one("uom.uom", "Unit of Measure"),
        "price_unit": Field("float", "Unit Price", required=True, digits=2),
        "discount": Field("float", "Discount (%)", digits=2),
        "tax_id": many2many("account.tax", "Taxes"),
        "price_subtotal": Field("monetary", "Subtotal"),
        "price_tax": Field("float", "Total Tax"),
        "price_total": Field("monetary", "Total"),
        "is_delivery": Field("boolean", "Is a Delivery"),
        "is_downpayment": Field("boolean", "Is a down payment"),
        "analytic_distribution": Field("json", "Analytic Distribution"),
        "customer_lead": Field("float", "Lead Time", required=True),
        "qty_delivered": derived("float", delivered, "Delivery Quantity", sortable=True),
        "qty_to_deliver": derived(
            "float", lambda env, row: max(row["product_uom_qty"] - delivered(env, row), 0.0), "Quantity To Deliver"
        ),
        "qty_invoiced": derived("float", invoiced, "Invoiced Quantity", sortable=True),
        "qty_to_invoice": derived("float", to_invoice, "Quantity To Invoice", sortable=True),
        "invoice_status": derived("selection", line_status, "Invoice Status", sortable=True, selection=(
            ("upselling", "Upselling Opportunity"), ("invoiced", "Fully Invoiced"), ("to invoice", "To Invoice"),
            ("no", "Nothing to Invoice"),
        )),
        "currency_id": derived("many2one", _of_order("currency_id"), "Currency", relation="res.currency", sortable=True),
        "order_partner_id": derived("many2one", _of_order("partner_id"), "Customer", relation="res.partner", sortable=True),
        "salesman_id": derived("many2one", _of_order("user_id"), "Salesperson", relation="res.users", sortable=True),
        "state": derived("selection", _of_order("state"), "Order Status", sortable=True),
        "move_ids": derived(
            "many2many", lambda env, row: env.children("stock.move", "sale_line_id", row["id"]), "Stock Moves",
            relation="stock.move",
        ),
    }  # fmt: skip

    def rule(self, env: Env) -> list[Any] | None:
        return own_documents(env, "salesman_id")

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("display_type"):
            return {**values, "product_id": False, "product_uom_qty": 0.0, "price_unit": 0.0, "tax_id": [[5]]}
        values = {"product_uom_qty": 1.0, **values}
        product = values.get("product_id")
        if not product:
            return values
        order, known = env.row("sale.order", values["order_id"]), env.row("product.product", product)
        if not values.get("name"):
            text = env.value("product.product", known, "description_sale")
            name = env.display("product.product", product)
            values["name"] = f"{name}\n{text}" if text else name
        if not values.get("product_uom"):
            values["product_uom"] = env.value("product.product", known, "uom_id")
        if "tax_id" not in values:
            taxes = env.value("product.product", known, "taxes_id")
            values["tax_id"] = [[6, 0, mapped_taxes(env, order["fiscal_position_id"], taxes)]]
        if values.get("price_unit") is None:
            quantity, at = float(values["product_uom_qty"]), order["date_order"]
            values["price_unit"] = list_price(env, product, quantity, order["pricelist_id"], order["currency_id"], at)
        return values

    def created(self, env: Env, record_id: int, given: Values) -> None:
        self._amounts(env, record_id)
        line = env.row(self.name, record_id)
        if env.row("sale.order", line["order_id"])["state"] == "sale":
            env.defer(("launch", record_id), lambda: launch_line(env, record_id))

    def changing(self, env: Env, ids: Sequence[int], values: dict[str, Any]) -> dict[str, Any]:
        for one in ids:
            line = env.row(self.name, one)
            order = env.row("sale.order", line["order_id"])
            touched = [self.all_fields[name].label for name in LOCKED if name in values]
            if order["locked"] and touched:
                raise UserError(
                    "It is forbidden to modify the following fields in a locked order:\n" + "\n".join(touched)
                )
            if "product_uom_qty" in values and order["state"] == "sale":
                _require_not_below_delivered(env, line, float(values["product_uom_qty"] or 0))
            if values.get("product_id", line["product_id"]) != line["product_id"] and not _may_swap(env, order, line):
                raise UserError("You cannot modify the product of this order line.")
            if "display_type" in values and (values["display_type"] or None) != line["display_type"]:
                raise UserError("You cannot change the type of a sale order line. Delete it and create a new one.")
        return values

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        for one in ids:
            line = env.row(self.name, one)
            if any(name in values for name in AMOUNTS):
                self._amounts(env, one)
            if line["product_uom_qty"] != olds[one]["product_uom_qty"]:
                follow_quantity(env, one, olds[one]["product_uom_qty"])

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        for one in ids:
            line = env.row(self.name, one)
            confirmed = env.row("sale.order", line["order_id"])["state"] == "sale"
            if confirmed and not line["display_type"] and not line["is_delivery"]:
                raise UserError(CANNOT_REMOVE)

    def deleted(self, env: Env, rows: Sequence[Row]) -> None:
        for order in {row["order_id"] for row in rows}:
            env.defer(("amounts", order), lambda order=order: order_amounts(env, order))  # type: ignore[misc]

    def display_name(self, env: Env, row: Row) -> str:
        return f"{env.display('sale.order', row['order_id'])} - {(row['name'] or '').splitlines()[0]}"

    def _amounts(self, env: Env, record_id: int) -> None:
        line = env.row(self.name, record_id)
        order = line["order_id"]
        places = env.row("res.currency", env.row("sale.order", order)["currency_id"])["decimal_places"]
        taxes = flat_taxes(env, line["tax_id"])
        found = line_amounts(taxes, line["price_unit"], line["product_uom_qty"], line["discount"], places)
        env.patch(self.name, record_id, price_subtotal=found.excluded, price_tax=found.tax, price_total=found.included)
        env.defer(("amounts", order), lambda: order_amounts(env, order))


def order_amounts(env: Env, order: int) -> None:
    """Sums over the lines; bumps the order's write_date only when a sum changed."""
    if env.find("sale.order", order) is None:
        return
    lines = [row for row in env.related("sale.order.line", "order_id", order) if not row["display_type"]]
    untaxed = round(sum(row["price_subtotal"] for row in lines), 6)
    tax = round(sum(row["price_tax"] for row in lines), 6)
    total = round(untaxed + tax, 6)
    env.patch_if_changed("sale.order", order, amount_untaxed=untaxed, amount_tax=tax, amount_total=total)


def own_documents(env: Env, field: str) -> list[Any] | None:
    """A salesperson sees their own and nobody's, unless their group sees all."""
    if env.has_group("sales_team.group_sale_salesman_all_leads"):
        return None
    return ["|", (field, "=", env.uid), (field, "=", False)]


def _require_not_below_delivered(env: Env, line: Row, wanted: float) -> None:
    goods = line["product_id"] and env.value("product.product", line["product_id"], "type") == "consu"
    if goods and wanted != line["product_uom_qty"] and wanted < delivered(env, line):
        raise UserError(BELOW_DELIVERED)


def _may_swap(env: Env, order: Row, line: Row) -> bool:
    if order["state"] != "sale":
        return bool(order["state"] != "cancel")
    moves = env.related("stock.move", "sale_line_id", line["id"])
    return not (order["locked"] or invoiced(env, line) or any(move["state"] != "cancel" for move in moves))


SALE_LINES: list[Any] = [SaleLine]
