"""Transfers, and the dialogs that stand between a client and a validated one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.exposed import exposed
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2many, many2one, one2many
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.messages import Thread
from connectors.odoo.sandbox.models.moves import OPEN, cancel_moves, release_all, reserve, settle_picking, settle_state
from connectors.odoo.sandbox.models.picking_flow import dialog_before, validate
from connectors.odoo.sandbox.models.stock_places import CODES

_CODE_OPTIONS = tuple(tuple(one.split("=")) for one in CODES)


class Picking(Thread):
    name = "stock.picking"
    label = "Transfer"
    order = "priority desc, scheduled_date asc, id desc"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Reference", index=True),
        "origin": Field("char", "Source Document", index=True),
        "state": choice(
            "draft", "waiting=Waiting Another Operation", "confirmed=Waiting", "assigned=Ready", "done",
            "cancel=Cancelled", default="draft", label="Status",
        ),
        "picking_type_id": many2one("stock.picking.type", "Operation Type", required=True),
        "picking_type_code": derived(
            "selection", lambda env, row: env.value("stock.picking.type", row["picking_type_id"], "code"),
            "Type of Operation", selection=_CODE_OPTIONS, sortable=True,
        ),
        "partner_id": many2one("res.partner", "Contact"),
        "location_id": many2one("stock.location", "Source Location", required=True),
        "location_dest_id": many2one("stock.location", "Destination Location", required=True),
        "move_type": choice("direct=As soon as possible", "one=When all products are ready", default="direct"),
        "priority": choice("0=Normal", "1=Urgent", default="0"),
        "scheduled_date": Field("datetime", "Scheduled Date", default=lambda env: env.now),
        "date_deadline": Field("datetime", "Deadline"),
        "date_done": Field("datetime", "Date of Transfer"),
        "move_ids": one2many("stock.move", "picking_id", "Stock moves"),
        "move_ids_without_package": one2many("stock.move", "picking_id", "Stock move"),
        "backorder_id": many2one("stock.picking", "Back Order of"),
        "backorder_ids": one2many("stock.picking", "backorder_id", "Back Orders"),
        "return_id": many2one("stock.picking", "Return of"),
        "return_ids": one2many("stock.picking", "return_id", "Returns"),
        "sale_id": many2one("sale.order", "Sales Order"),
        "purchase_id": many2one("purchase.order", "Purchase Orders"),
        "carrier_id": many2one("delivery.carrier", "Carrier"),
        "carrier_tracking_ref": Field("char", "Tracking Reference"),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
        "user_id": many2one("res.users", "Responsible"),
        "shipping_weight": Field("float", "Weight for Shipping", digits=2),
        "weight_uom_name": derived("char", lambda env, row: "kg", "Weight unit of measure label"),
        "note": Field("html", "Notes"),
    }  # fmt: skip

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        kind = env.find("stock.picking.type", values.get("picking_type_id"))
        if kind is None:
            return values
        places = {
            "location_id": values.get("location_id") or kind["default_location_src_id"],
            "location_dest_id": values.get("location_dest_id") or kind["default_location_dest_id"],
        }
        code = env.row("stock.warehouse", kind["warehouse_id"])["code"]
        prefix = f"{code}/{kind['sequence_code']}/"
        return {**values, **places, "name": values.get("name") or f"{prefix}{env.next_number(prefix):05}"}

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        if values.get("scheduled_date"):
            for one in ids:
                for move in env.related("stock.move", "picking_id", one):
                    if move["state"] in OPEN:
                        env.patch("stock.move", move["id"], date=values["scheduled_date"])

    def deleting(self, env: Env, ids: Sequence[int]) -> None:
        for one in ids:
            cancel_moves(env, env.children("stock.move", "picking_id", one))

    # ---- buttons

    @exposed()
    def action_confirm(self, env: Env, ids: list[int]) -> bool:
        for one in ids:
            for move in env.related("stock.move", "picking_id", one):
                if move["state"] == "draft":
                    env.patch("stock.move", move["id"], state="confirmed")
                    settle_state(env, move["id"])
        return True

    @exposed()
    def action_assign(self, env: Env, ids: list[int]) -> bool:
        moves = [move["id"] for one in ids for move in _open_moves(env, one)]
        if not moves:
            raise UserError("Nothing to check the availability for.")
        self.action_confirm(env, ids)
        reserve(env, moves)
        return True

    @exposed()
    def do_unreserve(self, env: Env, ids: list[int]) -> None:
        for one in ids:
            release_all(env, [move["id"] for move in _open_moves(env, one)])
            env.patch(self.name, one)

    @exposed()
    def action_cancel(self, env: Env, ids: list[int]) -> bool:
        for one in ids:
            cancel_moves(env, env.children("stock.move", "picking_id", one))
            settle_picking(env, one)
        return True

    @exposed()
    def button_validate(self, env: Env, ids: list[int]) -> Any:
        """True, or a dialog (a dictionary) that has validated nothing."""
        dialog = dialog_before(env, ids)
        if dialog is not None:
            return dialog
        validate(env, ids)
        return True


def _open_moves(env: Env, picking: int) -> list[Row]:
    return [move for move in env.related("stock.move", "picking_id", picking) if move["state"] in OPEN]


class BackorderDialog(Model):
    name = "stock.backorder.confirmation"
    label = "Backorder Confirmation"
    rec_name = "id"
    fields: ClassVar[Fields] = {"pick_ids": many2many("stock.picking", "Pick")}

    @exposed()
    def process(self, env: Env, ids: list[int]) -> Any:
        return self._go(env, ids)

    @exposed()
    def process_cancel_backorder(self, env: Env, ids: list[int]) -> Any:
        pickings = [pick for one in ids for pick in env.row(self.name, one)["pick_ids"]]
        return self._go(env.with_context(picking_ids_not_to_backorder=pickings), ids)

    def _go(self, env: Env, ids: list[int]) -> Any:
        pickings = [pick for one in ids for pick in env.row(self.name, one)["pick_ids"]]
        picking = env["stock.picking"]
        assert isinstance(picking, Picking)
        return picking.button_validate(env.with_context(skip_backorder=True), pickings)


class SmsDialog(Model):
    name = "confirm.stock.sms"
    label = "Confirm Stock SMS"
    rec_name = "id"
    fields: ClassVar[Fields] = {"pick_ids": many2many("stock.picking", "Pick")}

    @exposed()
    def send_sms(self, env: Env, ids: list[int]) -> Any:
        return self.dont_send_sms(env, ids)

    @exposed()
    def dont_send_sms(self, env: Env, ids: list[int]) -> Any:
        pickings = [pick for one in ids for pick in env.row(self.name, one)["pick_ids"]]
        picking = env["stock.picking"]
        assert isinstance(picking, Picking)
        return picking.button_validate(env.with_context(skip_sms=True), pickings)


PICKINGS: list[Any] = [Picking, BackorderDialog, SmsDialog]
