"""From confirmed lines to deliveries: one outgoing transfer per order, moves per line (per component for kits)."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import DATETIME, Row
from connectors.odoo.sandbox.models.kits import kit_of
from connectors.odoo.sandbox.models.moves import OPEN, cancel_moves, process, reserve, settle_state


def launch_order(env: Env, order: int) -> None:
    for line in env.children("sale.order.line", "order_id", order):
        launch_line(env, line)


def launch_line(env: Env, line: int) -> None:
    """What the line still needs: of an order that is confirmed again, some may have left already."""
    row = env.row("sale.order.line", line)
    missing = row["product_uom_qty"] - _procured(env, row)
    if missing > 0:
        _need(env, row, missing)


def _procured(env: Env, line: Row) -> float:
    """Units of the line that moves take care of, done or not; what came back counts no more."""
    parts = dict(_parts(env, line))
    under_way = dict.fromkeys(parts, 0.0)
    for move in env.related("stock.move", "sale_line_id", line["id"]):
        if move["state"] != "cancel" and move["product_id"] in parts:
            out = env.row("stock.location", move["location_dest_id"])["usage"] == "customer"
            counted = move["product_uom_qty"] if out else -move["product_uom_qty"] if move["to_refund"] else 0.0
            under_way[move["product_id"]] += counted / (parts[move["product_id"]] or 1.0)
    return min(under_way.values(), default=0.0)


def follow_quantity(env: Env, line: int, before: float) -> None:
    """A confirmed line changed: more is added to its open moves or makes a new one, less is taken from them."""
    row = env.row("sale.order.line", line)
    if env.row("sale.order", row["order_id"])["state"] != "sale":
        return
    change = row["product_uom_qty"] - before
    if change > 0:
        _need(env, row, change)
    else:
        _less(env, row, -change)


def _parts(env: Env, line: Row) -> list[tuple[int, float]]:
    """(product, quantity per sold unit) of what has to leave the warehouse."""
    if not line["product_id"] or env.value("product.product", line["product_id"], "type") != "consu":
        return []
    return kit_of(env, env.row("product.product", line["product_id"])) or [(line["product_id"], 1.0)]


def _need(env: Env, line: Row, quantity: float) -> None:
    order = env.row("sale.order", line["order_id"])
    deadline = _deadline(order, line)
    for product, per_unit in _parts(env, line):
        move = _open_move(env, line, product, deadline)
        if move is None:
            move = _new_move(env, order, line, product, quantity * per_unit, deadline)
        else:
            env.patch("stock.move", move["id"], product_uom_qty=move["product_uom_qty"] + quantity * per_unit)
            settle_state(env, move["id"])
            move = env.row("stock.move", move["id"])
        reserve(env, [move["id"]])


def _open_move(env: Env, line: Row, product: int, deadline: str) -> Row | None:
    """A move that the quantity may be added to: same product, same deadline, not finished."""
    for move in env.related("stock.move", "sale_line_id", line["id"]):
        same = move["product_id"] == product and move["date_deadline"] == deadline
        if same and move["state"] in OPEN and not move["origin_returned_move_id"]:
            return move
    return None


def _new_move(env: Env, order: Row, line: Row, product: int, quantity: float, deadline: str) -> Row:
    picking = _open_picking(env, order) or _new_picking(env, order, deadline)
    transfer = env.row("stock.picking", picking)
    one = env.create(
        "stock.move",
        {
            "name": line["name"].splitlines()[0],
            "product_id": product,
            "product_uom_qty": quantity,
            "product_uom": env.value("product.product", product, "uom_id"),
            "state": "confirmed",
            "picking_id": picking,
            "location_id": transfer["location_id"],
            "location_dest_id": transfer["location_dest_id"],
            "partner_id": transfer["partner_id"],
            "date": deadline,
            "date_deadline": deadline,
            "origin": order["name"],
            "sale_line_id": line["id"],
        },
    )
    settle_state(env, one)
    return env.row("stock.move", one)


def _open_picking(env: Env, order: Row) -> int | None:
    for picking in env.related("stock.picking", "sale_id", order["id"]):
        kind = env.row("stock.picking.type", picking["picking_type_id"])["code"]
        if kind == "outgoing" and picking["state"] not in ("done", "cancel"):
            return int(picking["id"])
    return None


def _new_picking(env: Env, order: Row, deadline: str) -> int:
    kind = env.row("stock.warehouse", order["warehouse_id"])["out_type_id"]
    reference = order["client_order_ref"]
    return env.create(
        "stock.picking",
        {
            "picking_type_id": kind,
            "origin": f"{order['name']} - {reference}" if reference else order["name"],
            "partner_id": order["partner_shipping_id"],
            "sale_id": order["id"],
            "carrier_id": order["carrier_id"],
            "scheduled_date": deadline,
            "date_deadline": deadline,
            "move_type": order["picking_policy"],
        },
    )


def _deadline(order: Row, line: Row) -> str:
    if order["commitment_date"]:
        return str(order["commitment_date"])
    ordered = datetime.strptime(order["date_order"], DATETIME)  # noqa: DTZ007 - Odoo's UTC text
    return (ordered + timedelta(days=line["customer_lead"])).strftime(DATETIME)


def new_deadline(env: Env, order: int, deadline: str) -> None:
    """The promise of an order changed: its open deliveries have the new deadline, their planned date stays."""
    for picking in env.related("stock.picking", "sale_id", order):
        for move in env.related("stock.move", "picking_id", picking["id"]):
            if move["state"] in OPEN:
                env.patch("stock.move", move["id"], date_deadline=deadline)
        if picking["state"] not in ("done", "cancel"):
            env.patch("stock.picking", picking["id"], date_deadline=deadline)


def _less(env: Env, line: Row, quantity: float) -> None:
    for product, per_unit in _parts(env, line):
        left = quantity * per_unit
        for move in reversed(env.related("stock.move", "sale_line_id", line["id"])):
            if move["product_id"] != product or move["state"] not in OPEN or left <= 0:
                continue
            part = min(left, move["product_uom_qty"])
            left -= part
            rest = move["product_uom_qty"] - part
            if rest <= 0:
                cancel_moves(env, [move["id"]])
                continue
            env.patch("stock.move", move["id"], product_uom_qty=rest)
            if move["quantity"] > rest:
                process(env, move["id"], rest)
            settle_state(env, move["id"])
