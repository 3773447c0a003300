"""Validating transfers: what asks first, what is shipped, what becomes of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Row
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.moves import OPEN, cancel_moves, finish, reserve, settle_picking, settle_state

NOTHING_RESERVED = (
    "You cannot validate a transfer if no quantities are reserved. To force the transfer, encode quantities."
)


def dialog_before(env: Env, ids: Sequence[int]) -> dict[str, Any] | None:
    """The dialog that has to be answered first, if any. Raises UserError when there is nothing to ship."""
    for one in ids:
        if not any(_processed(env, one)):
            raise UserError(NOTHING_RESERVED)
    short = [one for one in ids if _is_short(env, one)]
    if short and not env.context.get("skip_backorder"):
        return _dialog("stock.backorder.confirmation", "Create Backorder?", short, ids)
    if not env.context.get("skip_sms") and env.company["stock_move_sms_validation"]:
        texted = [one for one in ids if _would_text(env, one)]
        if texted:
            return _dialog("confirm.stock.sms", "SMS", texted, ids)
    return None


def _dialog(model: str, name: str, about: Sequence[int], ids: Sequence[int]) -> dict[str, Any]:
    links = [[4, one] for one in about]
    return {
        "name": name,
        "type": "ir.actions.act_window",
        "view_mode": "form",
        "res_model": model,
        "views": [[False, "form"]],
        "target": "new",
        "context": {"button_validate_picking_ids": list(ids), "default_pick_ids": links},
    }


def _would_text(env: Env, picking: int) -> bool:
    row = env.row("stock.picking", picking)
    partner = env.find("res.partner", row["partner_id"])
    outgoing = env.row("stock.picking.type", row["picking_type_id"])["code"] == "outgoing"
    return outgoing and partner is not None and bool(partner["phone"] or partner["mobile"])


def _open(env: Env, picking: int) -> list[Row]:
    return [move for move in env.related("stock.move", "picking_id", picking) if move["state"] in OPEN]


def _processed(env: Env, picking: int) -> list[Row]:
    """The moves that will be shipped: the picked ones, or without any picked all that have a quantity."""
    moves = [move for move in _open(env, picking) if move["quantity"] > 0]
    return [move for move in moves if move["picked"]] or moves


def _is_short(env: Env, picking: int) -> bool:
    shipped = {move["id"] for move in _processed(env, picking)}
    return any(m["id"] not in shipped or m["quantity"] < m["product_uom_qty"] for m in _open(env, picking))


def validate(env: Env, ids: Sequence[int]) -> None:
    dropped = env.context.get("picking_ids_not_to_backorder") or ()
    for one in ids:
        _validate_one(env, one, with_backorder=one not in dropped)


def _validate_one(env: Env, picking: int, *, with_backorder: bool) -> None:
    shipped = {move["id"] for move in _processed(env, picking)}
    rest: list[int] = []
    for move in _open(env, picking):
        if move["id"] not in shipped:
            rest.append(move["id"])
            continue
        left = move["product_uom_qty"] - move["quantity"]
        if left > 0:
            rest.append(_split(env, move, left))
            env.patch("stock.move", move["id"], product_uom_qty=move["quantity"])
        finish(env, move["id"])
    if rest and with_backorder:
        _backorder(env, picking, rest)
    else:
        cancel_moves(env, rest)
    env.patch("stock.picking", picking, date_done=env.now)
    settle_picking(env, picking)
    sale = env.row("stock.picking", picking)["sale_id"]
    if sale:
        env.patch("sale.order", sale)


def _split(env: Env, move: Row, quantity: float) -> int:
    copied = (
        "name", "product_id", "product_uom", "picking_id", "location_id", "location_dest_id", "partner_id", "date",
        "date_deadline", "origin", "sale_line_id", "purchase_line_id", "origin_returned_move_id", "to_refund",
    )  # fmt: skip
    values = {name: move[name] for name in copied}
    return env.create("stock.move", {**values, "product_uom_qty": quantity, "state": "confirmed"})


def _backorder(env: Env, picking: int, moves: Sequence[int]) -> None:
    """The rest goes into a transfer of its own, which tries to reserve at once; tracking is not copied."""
    row = env.row("stock.picking", picking)
    copied = (
        "picking_type_id", "origin", "partner_id", "location_id", "location_dest_id", "move_type", "priority",
        "scheduled_date", "date_deadline", "sale_id", "purchase_id", "carrier_id", "return_id",
    )  # fmt: skip
    new = env.create("stock.picking", {**{name: row[name] for name in copied}, "backorder_id": picking})
    env.write("stock.move", moves, {"picking_id": new})
    for one in moves:
        settle_state(env, one)
    reserve(env, moves)
