"""Returns of done transfers. The dialog's lines start at quantity 0."""

from __future__ import annotations

from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.moves import reserve, settle_state

BACKWARDS = {"outgoing": "in_type_id", "incoming": "out_type_id", "internal": "int_type_id"}


class ReturnDialog(Model):
    name = "stock.return.picking"
    label = "Return Picking"
    rec_name = "picking_id"
    fields: ClassVar[Fields] = {
        "picking_id": many2one("stock.picking", "Picking", required=True),
        "product_return_moves": one2many("stock.return.picking.line", "wizard_id", "Moves"),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
    }

    def created(self, env: Env, record_id: int, given: Values) -> None:
        if given.get("product_return_moves"):
            return
        picking = env.row(self.name, record_id)["picking_id"]
        moves = [move for move in env.related("stock.move", "picking_id", picking) if move["state"] == "done"]
        if not moves:
            raise UserError("You may only return Done pickings.")
        for move in moves:
            values = {"wizard_id": record_id, "product_id": move["product_id"], "move_id": move["id"]}
            env.create("stock.return.picking.line", values)

    @exposed()
    def action_create_returns(self, env: Env, ids: list[int]) -> dict[str, Any]:
        return _made(_return(env, ids[0], env.related("stock.return.picking.line", "wizard_id", ids[0])))

    @exposed()
    def action_create_returns_all(self, env: Env, ids: list[int]) -> dict[str, Any]:
        for line in env.related("stock.return.picking.line", "wizard_id", ids[0]):
            done = env.row("stock.move", line["move_id"])["quantity"]
            env.write("stock.return.picking.line", line["id"], {"quantity": done})
        return self.action_create_returns(env, ids)


class ReturnLine(Model):
    name = "stock.return.picking.line"
    label = "Return Picking Line"
    rec_name = "product_id"
    fields: ClassVar[Fields] = {
        "wizard_id": many2one("stock.return.picking", "Wizard", ondelete="cascade"),
        "product_id": many2one("product.product", "Product", required=True),
        "quantity": Field("float", "Quantity", digits=2),
        "move_id": many2one("stock.move", "Move"),
        "to_refund": Field("boolean", "Update quantities on SO/PO", default=True),
    }


def _made(picking: int) -> dict[str, Any]:
    return {
        "name": "Returned Picking",
        "type": "ir.actions.act_window",
        "res_model": "stock.picking",
        "res_id": picking,
        "view_mode": "form",
        "context": {},
    }


def _return(env: Env, dialog: int, lines: list[Row]) -> int:
    wanted = [line for line in lines if line["quantity"]]
    if not wanted:
        raise UserError("Please specify at least one non-zero quantity.")
    source = env.row("stock.picking", env.row("stock.return.picking", dialog)["picking_id"])
    kind = env.row("stock.picking.type", source["picking_type_id"])
    back = env.row("stock.warehouse", kind["warehouse_id"])[BACKWARDS[kind["code"]]]
    picking = env.create(
        "stock.picking",
        {
            "picking_type_id": back,
            "origin": f"Return of {source['name']}",
            "partner_id": source["partner_id"],
            "location_id": source["location_dest_id"],
            "location_dest_id": source["location_id"],
            "sale_id": source["sale_id"],
            "purchase_id": source["purchase_id"],
            "return_id": source["id"],
        },
    )
    moves = [_move_back(env, picking, line) for line in wanted]
    for one in moves:
        settle_state(env, one)
    reserve(env, moves)
    return picking


def _move_back(env: Env, picking: int, line: Row) -> int:
    move = env.row("stock.move", line["move_id"])
    return env.create(
        "stock.move",
        {
            "name": move["name"],
            "product_id": line["product_id"],
            "product_uom_qty": line["quantity"],
            "product_uom": move["product_uom"],
            "picking_id": picking,
            "state": "confirmed",
            "location_id": move["location_dest_id"],
            "location_dest_id": move["location_id"],
            "partner_id": move["partner_id"],
            "sale_line_id": move["sale_line_id"],
            "purchase_line_id": move["purchase_line_id"],
            "origin_returned_move_id": move["id"],
            "to_refund": line["to_refund"],
        },
    )


RETURNS: list[Any] = [ReturnDialog, ReturnLine]
