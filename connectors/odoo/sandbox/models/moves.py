"""Stock moves: reserving, releasing, finishing, cancelling. `quantity` is what is reserved or processed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from connectors.odoo.sandbox.engine.base import Olds, Values
from connectors.odoo.sandbox.engine.domains import compile_domain
from connectors.odoo.sandbox.engine.env import Env
from connectors.odoo.sandbox.engine.fields import Field, Fields, Row, choice, derived, many2one
from connectors.odoo.sandbox.engine.model import Model
from connectors.odoo.sandbox.errors import UserError
from connectors.odoo.sandbox.models.quants import quants_of, shift, unreserve
from connectors.odoo.sandbox.models.system import parameter

OPEN = ("draft", "waiting", "confirmed", "partially_available", "assigned")
DONE_REFUSAL = (
    "You cannot cancel a stock move that has been set to 'Done'. Create a return in order to reverse the moves which "
    "took place."
)


class Move(Model):
    name = "stock.move"
    label = "Stock Move"
    order = "sequence, id"
    fields: ClassVar[Fields] = {
        "name": Field("char", "Description", required=True),
        "sequence": Field("integer", "Sequence", default=10),
        "product_id": many2one("product.product", "Product", required=True),
        "product_uom_qty": Field("float", "Demand", required=True, digits=2, default=1.0),
        "product_uom": many2one("uom.uom", "UoM"),
        "quantity": Field("float", "Quantity", digits=2),
        "picked": Field("boolean", "Picked"),
        "state": choice(
            "draft=New", "waiting=Waiting Another Move", "confirmed=Waiting Availability", "partially_available",
            "assigned=Available", "done", "cancel=Cancelled", default="draft", label="Status",
        ),
        "picking_id": many2one("stock.picking", "Transfer"),
        "location_id": many2one("stock.location", "Source Location", required=True),
        "location_dest_id": many2one("stock.location", "Destination Location", required=True),
        "partner_id": many2one("res.partner", "Destination Address"),
        "date": Field("datetime", "Date Scheduled", default=lambda env: env.now),
        "date_deadline": Field("datetime", "Deadline"),
        "origin": Field("char", "Source Document"),
        "reference": derived("char", lambda env, row: env.value("stock.picking", row["picking_id"], "name"), "Reference"),
        "sale_line_id": many2one("sale.order.line", "Sale Line", ondelete="set null"),
        "purchase_line_id": many2one("purchase.order.line", "Purchase Order Line", ondelete="set null"),
        "origin_returned_move_id": many2one("stock.move", "Origin return move"),
        "to_refund": Field("boolean", "Update quantities on SO/PO", default=True),
        "company_id": many2one("res.company", "Company", default=lambda env: env.company["id"]),
    }  # fmt: skip

    def completed(self, env: Env, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("product_id") and not values.get("name"):
            values = {**values, "name": env.display("product.product", values["product_id"])}
        return values

    def changing(self, env: Env, ids: Sequence[int], values: dict[str, Any]) -> dict[str, Any]:
        if "quantity" in values:
            values = dict(values)
            wanted = float(values.pop("quantity") or 0)
            for one in ids:
                process(env, one, wanted)
        return values

    def changed(self, env: Env, ids: Sequence[int], values: Values, olds: Olds) -> None:
        if "product_uom_qty" in values:
            for one in ids:
                settle_state(env, one)

    def display_name(self, env: Env, row: Row) -> str:
        return str(row["name"])


# ---- reserving


def bypasses(env: Env, move: Row) -> bool:
    """Whether nothing has to be reserved: untracked goods, or goods that come from outside."""
    storable = env.value("product.product", move["product_id"], "is_storable")
    return not storable or env.row("stock.location", move["location_id"])["usage"] not in ("internal", "transit")


def reserve(env: Env, ids: Iterable[int]) -> None:
    for one in ids:
        move = env.row("stock.move", one)
        if move["state"] in ("confirmed", "partially_available", "waiting"):
            _take(env, one, move["product_uom_qty"] - move["quantity"], force=False)
            settle_state(env, one)


def process(env: Env, one: int, wanted: float) -> None:
    """Somebody writes the quantity: it is reserved as far as there is stock, and taken all the same."""
    move = env.row("stock.move", one)
    if wanted < move["quantity"]:
        _release(env, one, move["quantity"] - wanted)
    else:
        _take(env, one, wanted - move["quantity"], force=True)
    settle_state(env, one)


def release_all(env: Env, ids: Iterable[int]) -> None:
    for one in ids:
        move = env.row("stock.move", one)
        if move["state"] in OPEN:
            _release(env, one, move["quantity"])
            env.patch("stock.move", one, picked=False)
            settle_state(env, one)


def _take(env: Env, one: int, need: float, *, force: bool) -> None:
    move = env.row("stock.move", one)
    taken: list[list[Any]] = [list(pair) for pair in move.get("taken") or []]
    left = need
    for quant in _quants(env, move) if not bypasses(env, move) and need > 0 else ():
        part = min(left, quant["quantity"] - quant["reserved_quantity"])
        if part > 0:
            env.patch("stock.quant", quant["id"], reserved_quantity=quant["reserved_quantity"] + part)
            taken.append([quant["location_id"], part])
            left -= part
    got = need if force or bypasses(env, move) else need - left
    env.patch("stock.move", one, quantity=move["quantity"] + max(got, 0.0), taken=taken)


def _quants(env: Env, move: Row) -> list[Row]:
    below = compile_domain(env, env["stock.location"], [("id", "child_of", move["location_id"])])
    return [row for row in quants_of(env, move["product_id"]) if below(env.row("stock.location", row["location_id"]))]


def _release(env: Env, one: int, quantity: float) -> list[tuple[int, float]]:
    """Give back reserved stock; (place, quantity) of what was."""
    move = env.row("stock.move", one)
    taken, left, given = [list(pair) for pair in move.get("taken") or []], quantity, []
    while taken and left > 0:
        place, part = taken.pop()
        give = min(part, left)
        left -= give
        unreserve(env, move["product_id"], place, give)
        given.append((place, give))
        if part > give:
            taken.append([place, part - give])
    env.patch("stock.move", one, quantity=move["quantity"] - quantity, taken=taken)
    return given


def settle_state(env: Env, one: int) -> None:
    """State from how much of the demand is covered; the transfer follows."""
    move = env.row("stock.move", one)
    if move["state"] in ("done", "cancel", "draft"):
        return
    state = "partially_available" if move["quantity"] > 0 else "confirmed"
    if move["quantity"] >= move["product_uom_qty"]:
        state = "assigned"
    env.patch_if_changed("stock.move", one, state=state)
    settle_picking(env, move["picking_id"])


def settle_picking(env: Env, picking: int | None) -> None:
    """A transfer is ready as soon as any of its moves has something."""
    if not picking:
        return
    states = [move["state"] for move in env.related("stock.move", "picking_id", picking)]
    still = [state for state in states if state not in ("done", "cancel")]
    if not states or "draft" in still:
        state = "draft"
    elif not still:
        state = "done" if "done" in states else "cancel"
    elif any(one in ("assigned", "partially_available") for one in still):
        state = "assigned"
    else:
        state = "confirmed" if "confirmed" in still else "waiting"
    env.patch_if_changed("stock.picking", picking, state=state)


# ---- finishing


def finish(env: Env, one: int) -> None:
    """Move the processed quantity; what was reserved is used up, and what arrives goes to transfers that wait for it."""
    move = env.row("stock.move", one)
    quantity = move["quantity"]
    given = _release(env, one, quantity)
    env.patch("stock.move", one, quantity=quantity, state="done", picked=True, date=env.now)
    if not env.value("product.product", move["product_id"], "is_storable"):
        return
    rest = quantity - sum(part for _, part in given)
    for place, part in (*given, (move["location_id"], rest)):
        if part:
            shift(env, move["product_id"], place, -part)
    shift(env, move["product_id"], move["location_dest_id"], quantity)
    serve_waiting(env, move["product_id"], move["location_dest_id"])


def serve_waiting(env: Env, product: int, place: int) -> None:
    """Stock has come in: moves that wait for it reserve at once (parameter stock.picking_no_auto_reserve turns it off)."""
    if env.row("stock.location", place)["usage"] != "internal" or parameter(env, "stock.picking_no_auto_reserve"):
        return
    table = env.table("stock.move")
    waiting = [table.rows[one] for one in table.having("product_id", (product,))]
    waiting = [one for one in waiting if one["state"] in ("confirmed", "partially_available")]
    for move in sorted(waiting, key=lambda one: (one["date"] or "", one["id"])):
        above = compile_domain(env, env["stock.location"], [("id", "parent_of", place)])
        if above(env.row("stock.location", move["location_id"])):
            reserve(env, [move["id"]])


def cancel_moves(env: Env, ids: Iterable[int]) -> None:
    """Raises UserError for a done move."""
    for one in ids:
        move = env.row("stock.move", one)
        if move["state"] == "done":
            raise UserError(DONE_REFUSAL)
        _release(env, one, move["quantity"])
        env.patch("stock.move", one, state="cancel", quantity=0.0)
        settle_picking(env, move["picking_id"])


MOVES: list[Any] = [Move]
