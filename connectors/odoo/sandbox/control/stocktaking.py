"""What the server's scheduler and people in the inventory views do to quants and reservations."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from connectors.odoo.sandbox.control.client import HandError, Hands
from connectors.odoo.sandbox.models.quants import tidy

WAITING = ["confirmed", "partially_available"]


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Split(BaseModel):
    """quantity goes from the product's oldest quant into a new one at the same place, as after concurrent work."""

    model_config = ConfigDict(extra="forbid")
    sku: str
    quantity: float
    warehouse: str | None = None


def merge(hands: Hands, body: Nothing) -> dict[str, Any]:
    """{"merged": quants that vanished, "deleted": empty ones}"""
    return hands.as_server(tidy)  # type: ignore[no-any-return]


def split(hands: Hands, body: Split) -> dict[str, Any]:
    """{"quants": [old id, new id]}"""
    place, product = hands.stock_location(body.warehouse), hands.product(body.sku)
    domain = [["product_id", "=", product], ["location_id", "=", place]]
    found = hands.rows("stock.quant", domain, ["quantity", "reserved_quantity"])
    if not found or found[0]["quantity"] - found[0]["reserved_quantity"] < body.quantity:
        raise HandError("not so much free stock in one quant")
    old = found[0]
    hands.call("stock.quant", "write", [old["id"]], {"quantity": old["quantity"] - body.quantity})
    values = {"product_id": product, "location_id": place, "quantity": body.quantity}
    return {"quants": [old["id"], hands.call("stock.quant", "create", values)]}


def schedule(hands: Hands, body: Nothing) -> dict[str, Any]:
    """The nightly job: reserve for what waits, merge quants. {"assigned": transfers it tried, "merged", "deleted"}"""
    moves = hands.rows("stock.move", [["state", "in", WAITING], ["picking_id", "!=", False]], ["picking_id"])
    pickings = sorted({move["picking_id"] for move in moves})
    if pickings:
        hands.call("stock.picking", "action_assign", pickings)
    return {"assigned": len(pickings), **hands.as_server(tidy)}
