"""State changes of sale orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.moves import cancel_moves
from connectors.odoo.sandbox.models.stock_rules import launch_order

AUTO_LOCK = "sale.group_auto_done_setting"


def confirm(env: Env, ids: Sequence[int]) -> None:
    """All or none. Overwrites date_order with now and makes the deliveries. Raises UserError."""
    rows = [env.row("sale.order", one) for one in ids]
    if any(row["state"] not in ("draft", "sent") for row in rows):
        raise UserError("Some orders are not in a state requiring confirmation.")
    for one in ids:
        lines = env.related("sale.order.line", "order_id", one)
        if any(not line["product_id"] and not line["display_type"] and not line["is_downpayment"] for line in lines):
            raise UserError("A line on these orders missing a product, you cannot confirm it.")
    env.write("sale.order", ids, {"state": "sale", "date_order": env.now})
    for row in rows:
        launch_order(env, row["id"])
        if _locks_at_once(env, row["create_uid"]):
            env.write("sale.order", row["id"], {"locked": True})


def _locks_at_once(env: Env, creator: int | None) -> bool:
    user = env.find("res.users", creator)
    return user is not None and env.ref(AUTO_LOCK) in user["groups_id"]


def cancel(env: Env, ids: Sequence[int]) -> None:
    """Deliveries that are not done and invoices that are drafts go with it."""
    for one in ids:
        moves = env.table("stock.move")
        lines = list(env.table("sale.order.line").having("order_id", (one,)))
        cancel_moves(env, [move for move in moves.having("sale_line_id", lines) if moves.rows[move]["state"] != "done"])
        for invoice in env.value("sale.order", one, "invoice_ids"):
            if env.row("account.move", invoice)["state"] == "draft":
                env.write("account.move", invoice, {"state": "cancel"})
    env.write("sale.order", ids, {"state": "cancel"})


def cancel_dialog(order: int) -> dict[str, Any]:
    return {
        "name": "Cancel Sales Order",
        "type": "ir.actions.act_window",
        "res_model": "sale.order.cancel",
        "view_mode": "form",
        "views": [[False, "form"]],
        "target": "new",
        "context": {"default_order_id": order, "default_template_id": False, "mark_so_as_canceled": True},
    }
