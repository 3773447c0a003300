"""Goods leaving and coming back: deliver an order in one or more parcels, take returns in."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveFloat

from connectors.odoo.sandbox.control.client import HandError, Hands

OPEN_STATES = ["draft", "waiting", "confirmed", "assigned"]
MOVE = ["product_id", "product_uom_qty", "quantity", "state", "sale_line_id"]


class Parcel(BaseModel):
    """quantities by SKU of the order's lines; None = everything that is still to be shipped."""

    model_config = ConfigDict(extra="forbid")
    tracking: str | None = None
    carrier: str | None = None
    quantities: dict[str, PositiveFloat] | None = None


class Deliver(Parcel):
    """order: id, name, customer reference or origin. parcels: instead of one parcel given by the fields beside it.
    force: ship what is not reserved, too."""

    order: int | str
    parcels: list[Parcel] | None = None
    force: bool = False
    backorder: bool = True


def deliver(hands: Hands, body: Deliver) -> dict[str, Any]:
    """{"pickings": [...]}: what each parcel has become."""
    order = hands.order(body.order)
    parcels = body.parcels or [Parcel(tracking=body.tracking, carrier=body.carrier, quantities=body.quantities)]
    made: list[int] = []
    for parcel in parcels:
        made += _ship(hands, order["id"], parcel, force=body.force)
    if not body.backorder:
        for picking in _open_pickings(hands, order["id"]):
            hands.call("stock.picking", "action_cancel", [picking])
    return {"pickings": [hands.shown_picking(one) for one in made]}


def _open_pickings(hands: Hands, order: int, code: str = "outgoing") -> list[int]:
    domain = [["sale_id", "=", order], ["state", "in", OPEN_STATES], ["picking_type_code", "=", code]]
    return [row["id"] for row in hands.rows("stock.picking", domain, [])]


def _ship(hands: Hands, order: int, parcel: Parcel, *, force: bool) -> list[int]:
    left = None if parcel.quantities is None else dict(parcel.quantities)
    pickings = _open_pickings(hands, order)
    if not pickings or (left is not None and _is_too_much(hands, order, pickings, left)):
        raise HandError(f"nothing (more) to ship: {left or 'no open transfer'}")
    shipped = []
    for picking in pickings:
        if left is not None and not any(left.values()):
            break
        if _pack(hands, order, picking, left, force=force):
            _label(hands, picking, parcel)
            hands.validate(picking)
            shipped.append(picking)
    return shipped


def _is_too_much(hands: Hands, order: int, pickings: list[int], wanted: dict[str, float]) -> bool:
    domain = [["picking_id", "in", pickings], ["state", "not in", ["done", "cancel"]]]
    moves = hands.rows("stock.move", domain, MOVE)
    parts = _parts(hands, order, moves)
    # Of a kit every component is there once per transfer: the scarcest says how many kits are open.
    units: dict[str, dict[int, float]] = {}
    for move in moves:
        sku, need = parts[move["id"]]
        of_product = units.setdefault(sku, {})
        of_product[move["product_id"]] = of_product.get(move["product_id"], 0.0) + move["product_uom_qty"] / need
    return any(quantity > min(units.get(sku, {0: 0.0}).values()) for sku, quantity in wanted.items())


def _pack(hands: Hands, order: int, picking: int, left: dict[str, float] | None, *, force: bool) -> bool:
    """Write what goes into the parcel on the moves; `left` goes down by it."""
    moves = hands.rows("stock.move", [["picking_id", "=", picking], ["state", "not in", ["done", "cancel"]]], MOVE)
    if left is None:
        for move in moves if force else ():
            hands.call("stock.move", "write", [move["id"]], {"quantity": move["product_uom_qty"], "picked": True})
        return bool(moves)
    parts = _parts(hands, order, moves)
    any_packed = False
    for sku in [one for one, quantity in left.items() if quantity > 0]:
        mine = [move for move in moves if parts[move["id"]][0] == sku]
        units = min((move["product_uom_qty"] / parts[move["id"]][1] for move in mine), default=0.0)
        packed = min(left[sku], units)
        left[sku] -= packed
        for move in mine if packed else ():
            values = {"quantity": packed * parts[move["id"]][1], "picked": True}
            hands.call("stock.move", "write", [move["id"]], values)
            any_packed = True
    return any_packed


def _parts(hands: Hands, order: int, moves: list[dict[str, Any]]) -> dict[int, tuple[str, float]]:
    """Per move the SKU of its order line and how many of the moved product one unit of it takes (kits: components)."""
    lines = {line["id"]: line for line in hands.lines(order)}
    skus = hands.skus([move["product_id"] for move in moves])
    boms = hands.rows("mrp.bom.line", [["product_id", "in", list(skus)]], ["bom_id", "product_id", "product_qty"])
    found = {}
    for move in moves:
        line = lines.get(move["sale_line_id"])
        if line is None or line["product_id"] == move["product_id"]:
            found[move["id"]] = (skus[move["product_id"]], 1.0)
            continue
        needed = [one["product_qty"] for one in boms if one["product_id"] == move["product_id"]]
        found[move["id"]] = (line["sku"], needed[0] if needed else 1.0)
    return found


def _label(hands: Hands, picking: int, parcel: Parcel) -> None:
    values: dict[str, Any] = {}
    if parcel.carrier:
        values["carrier_id"] = _carrier(hands, parcel.carrier)
    if parcel.tracking:
        values["carrier_tracking_ref"] = parcel.tracking
    if values:
        hands.call("stock.picking", "write", [picking], values)


def _carrier(hands: Hands, name: str) -> int:
    found = hands.rows("delivery.carrier", [["name", "=", name]], ["product_id"])
    if found:
        return int(found[0]["id"])
    (any_other, *_) = hands.rows("delivery.carrier", [], ["product_id"])
    values = {"name": name, "product_id": any_other["product_id"], "delivery_type": "fixed"}
    return int(hands.call("delivery.carrier", "create", values))


# ---- coming back


class Return(BaseModel):
    """lines: quantities by SKU of what was moved; None = everything that was delivered. receive: also validate it."""

    model_config = ConfigDict(extra="forbid")
    order: int | str
    lines: dict[str, PositiveFloat] | None = None
    receive: bool = True
    to_refund: bool = True


class Receive(BaseModel):
    """The open return transfers of an order, or one transfer by its name or id. lines: received quantities by SKU, the
    rest is dropped; None = all."""

    model_config = ConfigDict(extra="forbid")
    order: int | str | None = None
    picking: int | str | None = None
    lines: dict[str, float] | None = None


def send_back(hands: Hands, body: Return) -> dict[str, Any]:
    """{"pickings": [...]}: the return transfers."""
    order = hands.order(body.order)
    left = None if body.lines is None else dict(body.lines)
    domain = [["sale_id", "=", order["id"]], ["state", "=", "done"], ["picking_type_code", "=", "outgoing"]]
    pickings = [row["id"] for row in hands.rows("stock.picking", domain, [])]
    found = [(one, _returned(hands, one, left, to_refund=body.to_refund)) for one in pickings]
    if not any(lines for _, lines in found) or (left is not None and any(left.values())):
        raise HandError(f"more than was delivered comes back: {left or 'nothing was delivered'}")
    made = []
    for picking, lines in found:
        if lines:
            values = {"picking_id": picking, "product_return_moves": [[0, 0, line] for line in lines]}
            dialog = hands.call("stock.return.picking", "create", values)
            made.append(hands.call("stock.return.picking", "action_create_returns", [dialog])["res_id"])
    for one in made if body.receive else ():
        hands.validate(one)
    return {"pickings": [hands.shown_picking(one) for one in made]}


def _returned(hands: Hands, picking: int, left: dict[str, float] | None, *, to_refund: bool) -> list[dict[str, Any]]:
    moves = hands.rows("stock.move", [["picking_id", "=", picking], ["state", "=", "done"]], MOVE)
    skus = hands.skus([move["product_id"] for move in moves])
    lines = []
    for move in moves:
        back = hands.rows("stock.move", [["origin_returned_move_id", "=", move["id"]], ["state", "!=", "cancel"]], MOVE)
        quantity = move["quantity"] - sum(one["product_uom_qty"] for one in back)
        if left is not None:
            quantity = min(quantity, left.get(skus[move["product_id"]], 0.0))
            left[skus[move["product_id"]]] = left.get(skus[move["product_id"]], 0.0) - quantity
        if quantity > 0:
            lines.append({"product_id": move["product_id"], "move_id": move["id"], "quantity": quantity,
                          "to_refund": to_refund})  # fmt: skip
    return lines


def receive(hands: Hands, body: Receive) -> dict[str, Any]:
    """{"pickings": [...]}: what came in."""
    if body.picking is not None:
        key = "id" if isinstance(body.picking, int) else "name"
        found = [row["id"] for row in hands.rows("stock.picking", [[key, "=", body.picking]], [])]
    elif body.order is not None:
        found = _open_pickings(hands, hands.order(body.order)["id"], "incoming")
    else:
        raise HandError("name an order or a transfer")
    if not found:
        raise HandError("no transfer to receive")
    for picking in found:
        _count(hands, picking, body.lines)
        if body.lines is None:
            hands.validate(picking)
        else:
            context = {"skip_backorder": True, "skip_sms": True, "picking_ids_not_to_backorder": [picking]}
            hands.call("stock.picking", "button_validate", [picking], context=context)
    return {"pickings": [hands.shown_picking(one) for one in found]}


def _count(hands: Hands, picking: int, lines: dict[str, float] | None) -> None:
    moves = hands.rows("stock.move", [["picking_id", "=", picking], ["state", "not in", ["done", "cancel"]]], MOVE)
    skus = hands.skus([move["product_id"] for move in moves])
    for move in moves if lines is not None else ():
        assert lines is not None
        quantity = min(lines.get(skus[move["product_id"]], 0.0), move["product_uom_qty"])
        hands.call("stock.move", "write", [move["id"]], {"quantity": quantity, "picked": quantity > 0})
