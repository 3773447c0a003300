"""Orders and money: cancel an order or some of a line, open it again, refund lines by a credit note."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, PositiveFloat

from connectors.odoo.sandbox.control.client import HandError, Hands


class Cancel(BaseModel):
    """order: id, name, customer reference or origin. lines: how many to cancel by SKU; None = the whole order."""

    model_config = ConfigDict(extra="forbid")
    order: int | str
    lines: dict[str, PositiveFloat] | None = None


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")
    order: int | str


class Refund(BaseModel):
    """lines: quantities by SKU; prices: price of one unit by SKU, default the order's. post: False leaves a draft."""

    model_config = ConfigDict(extra="forbid")
    order: int | str
    lines: dict[str, PositiveFloat]
    prices: dict[str, float] = {}
    reason: str = ""
    post: bool = True


def cancel(hands: Hands, body: Cancel) -> dict[str, Any]:
    """{"order", "state", "quantities": what is still ordered by SKU}"""
    order = hands.order(body.order)["id"]
    if body.lines is None:
        hands.call("sale.order", "action_cancel", [order], context={"disable_cancel_warning": True})
    else:
        _lower(hands, order, dict(body.lines))
    return _shown(hands, order)


def _lower(hands: Hands, order: int, left: dict[str, float]) -> None:
    changes = []
    for line in hands.lines(order):
        part = min(left.get(line["sku"], 0.0), line["product_uom_qty"] - line["qty_delivered"])
        if part > 0:
            left[line["sku"]] -= part
            changes.append([1, line["id"], {"product_uom_qty": line["product_uom_qty"] - part}])
    if any(left.values()):
        raise HandError(f"more than is still open: {left}")
    hands.call("sale.order", "write", [order], {"order_line": changes})


def reopen(hands: Hands, body: Order) -> dict[str, Any]:
    """A cancelled order becomes a quotation and is confirmed again."""
    order = hands.order(body.order)["id"]
    hands.call("sale.order", "action_draft", [order])
    hands.call("sale.order", "action_confirm", [order])
    return _shown(hands, order)


def _shown(hands: Hands, order: int) -> dict[str, Any]:
    (row,) = hands.rows("sale.order", [["id", "=", order]], ["name", "state", "delivery_status"])
    quantities: dict[str, float] = {}
    for line in hands.lines(order):
        quantities[line["sku"]] = quantities.get(line["sku"], 0.0) + line["product_uom_qty"]
    return {**row, "quantities": quantities}


def refund(hands: Hands, body: Refund) -> dict[str, Any]:
    """{"id", "name", "state", "amount_total"} of a credit note that names the order's invoice (made when missing)."""
    order = hands.order(body.order)
    invoice = _invoice(hands, order["id"])
    lines = {line["sku"]: line for line in hands.lines(order["id"])}
    unknown = [sku for sku in body.lines if sku not in lines]
    if unknown:
        raise HandError(f"not on the order: {', '.join(unknown)}")
    commands = [
        [0, 0, {
            "product_id": lines[sku]["product_id"], "name": lines[sku]["name"], "quantity": quantity,
            "price_unit": body.prices.get(sku, lines[sku]["price_unit"]),
            "tax_ids": [[6, 0, lines[sku]["tax_id"]]], "sale_line_ids": [[6, 0, [lines[sku]["id"]]]],
        }]
        for sku, quantity in body.lines.items()
    ]  # fmt: skip
    note = hands.call(
        "account.move",
        "create",
        {
            "move_type": "out_refund", "partner_id": invoice["partner_id"], "currency_id": invoice["currency_id"],
            "reversed_entry_id": invoice["id"], "invoice_origin": order["name"],
            "ref": f"Reversal of: {invoice['name']}{', ' + body.reason if body.reason else ''}",
            "invoice_line_ids": commands,
        },
    )  # fmt: skip
    if body.post:
        hands.call("account.move", "action_post", [note])
    fields = ["name", "state", "amount_total", "reversed_entry_id"]
    return hands.rows("account.move", [["id", "=", note]], fields)[0]


def _invoice(hands: Hands, order: int) -> dict[str, Any]:
    """The order's posted invoice; made and posted when there is none."""
    fields = ["name", "partner_id", "currency_id", "state", "move_type"]

    def posted() -> list[dict[str, Any]]:
        ids = hands.rows("sale.order", [["id", "=", order]], ["invoice_ids"])[0]["invoice_ids"]
        found = hands.rows("account.move", [["id", "in", ids]], fields)
        return [one for one in found if one["move_type"] == "out_invoice" and one["state"] == "posted"]

    if not posted():
        about = {"active_ids": [order], "active_model": "sale.order"}
        dialog = hands.call("sale.advance.payment.inv", "create", {}, context=about)
        made = hands.call("sale.advance.payment.inv", "create_invoices", [dialog], context=about)
        hands.call("account.move", "action_post", [made["res_id"]])
    return posted()[0]
