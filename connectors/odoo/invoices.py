"""The invoices of an order that count: customer invoices (`out_invoice` of `account.move`) that are posted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.odoo.client import Odoo


async def posted_invoices(odoo: Odoo, order: int, fields: Sequence[str]) -> list[dict[str, Any]]:
    """Of the sale order with this id, the oldest first; none when there is no such order. Raises ConnectorError."""
    orders = await odoo.rows("sale.order", [["id", "=", order]], ["invoice_ids"])
    invoices = [number for row in orders for number in row["invoice_ids"]]
    domain = [["id", "in", invoices], ["move_type", "=", "out_invoice"], ["state", "=", "posted"]]
    return await odoo.rows("account.move", domain, fields)
