"""What follows from deliveries and invoices: quantities and statuses of sale orders and their lines."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Row


def delivered(env: Env, line: Row) -> float:
    """Done moves to the customer minus those that came back. Of a kit: whole kits."""
    table = env.table("stock.move")
    moves = [table.rows[one] for one in table.having("sale_line_id", (line["id"],))]
    done = [move for move in moves if move["state"] == "done"]
    if not done:
        return float(line.get("manual_delivered") or 0.0)
    per_product: dict[int, float] = {}
    for move in done:
        sign = 1 if env.row("stock.location", move["location_dest_id"])["usage"] == "customer" else -1
        if sign > 0 or move["to_refund"]:
            per_product[move["product_id"]] = per_product.get(move["product_id"], 0.0) + sign * move["quantity"]
    if list(per_product) == [line["product_id"]]:
        return per_product[line["product_id"]]
    from connectors.odoo.sandbox.models.kits import kit_of

    parts = kit_of(env, env.row("product.product", line["product_id"]))
    return float(min((per_product.get(one, 0.0) // need for one, need in parts), default=0.0))


def invoiced(env: Env, line: Row) -> float:
    """Quantity on invoices that are not cancelled, credit notes counted back."""
    table = env.table("account.move.line")
    total = 0.0
    for one in table.having("_sale_line_id", (line["id"],)):
        move = env.row("account.move", table.rows[one]["move_id"])
        if move["state"] != "cancel":
            total += table.rows[one]["quantity"] * (-1 if move["move_type"] == "out_refund" else 1)
    return total


def to_invoice(env: Env, line: Row) -> float:
    if env.row("sale.order", line["order_id"])["state"] != "sale" or line["display_type"]:
        return 0.0
    policy = env.value("product.product", line["product_id"], "invoice_policy")
    wanted = delivered(env, line) if policy == "delivery" else line["product_uom_qty"]
    return float(wanted - invoiced(env, line))


def line_status(env: Env, line: Row) -> str:
    if env.row("sale.order", line["order_id"])["state"] != "sale":
        return "no"
    if to_invoice(env, line):
        return "to invoice"
    policy = env.value("product.product", line["product_id"], "invoice_policy")
    if policy != "delivery" and line["product_uom_qty"] >= 0 and delivered(env, line) > line["product_uom_qty"]:
        return "upselling"
    return "invoiced" if invoiced(env, line) >= line["product_uom_qty"] else "no"


def invoice_status(env: Env, order: Row) -> str:
    if order["state"] != "sale":
        return "no"
    lines = [row for row in env.related("sale.order.line", "order_id", order["id"]) if not row["display_type"]]
    found = [line_status(env, row) for row in lines if not row["is_downpayment"]]
    if "to invoice" in found:
        return "to invoice"
    if found and set(found) == {"invoiced"}:
        return "invoiced"
    return "upselling" if found and set(found) <= {"invoiced", "upselling"} else "no"


def delivery_status(env: Env, order: Row) -> str | None:
    pickings = pickings_of(env, order)
    states = {picking["state"] for picking in pickings}
    if states <= {"cancel"}:
        return None
    if states <= {"done", "cancel"}:
        return "full"
    if "done" not in states:
        return "pending"
    lines = env.related("sale.order.line", "order_id", order["id"])
    return "partial" if any(delivered(env, line) for line in lines) else "started"


def pickings_of(env: Env, order: Row) -> list[Row]:
    return _sorted(env.related("stock.picking", "sale_id", order["id"]))


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["id"])
