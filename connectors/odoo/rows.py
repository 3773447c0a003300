"""An order with database ids -> the rows of `sale.order.load()`. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.odoo.changes import stamp
from connectors.odoo.loading import Cell
from connectors.odoo.partners import Parties
from connectors.odoo.plan import Service
from connectors.odoo.references import Resolved, ResolvedLine

HEADER = (
    "id", "client_order_ref", "origin", "partner_id/.id", "partner_invoice_id/.id", "partner_shipping_id/.id",
    "date_order", "commitment_date", "note",
)  # fmt: skip
LINE = ("id", "sequence", "product_id/.id", "name", "product_uom_qty", "price_unit", "tax_id/.id", "is_delivery")


def columns(optional: Sequence[str], blank: Sequence[str] = ()) -> list[str]:
    """The columns of a call. A column sent empty means "none", left out it means "Odoo's default": so `optional` differs from call to call.

    blank    fields of lines that are to be empty
    """
    return [*HEADER, *optional, *(f"order_line/{name}" for name in (*LINE, *blank))]


def order_rows(order: Resolved, parties: Parties, blank: Sequence[str] = ()) -> list[list[Cell]]:
    """The order's row with its first line, then one row for each further line."""
    plan = order.plan
    header: list[Cell] = [
        plan.xid, plan.reference, plan.origin, parties.customer, parties.invoice, parties.delivery,
        stamp(plan.ordered_at), stamp(plan.promised_at) or None, plan.note or None,
        *(number for _, number in order.optional),
    ]  # fmt: skip
    empty: list[Cell] = [None] * len(header)
    lines = [line_cells(line, position) for position, line in enumerate(order.lines)]
    ends: list[Cell] = [None] * len(blank)
    return [[*(empty if position else header), *cells, *ends] for position, cells in enumerate(lines)]


def line_columns() -> list[str]:
    """The columns of a call that finds or adds single lines."""
    return ["order_id/.id", *LINE]


def line_cells(line: ResolvedLine, position: int) -> list[Cell]:
    """A line. Many2many cells must be text; an empty one means no tax, and a missing column would mean the product's own taxes."""
    plan = line.plan
    return [
        plan.xid, 10 * (position + 1), line.product, plan.name, f"{plan.quantity:f}", f"{plan.price:f}",
        ",".join(map(str, line.taxes)) or None, "1" if plan.item is Service.SHIPPING else None,
    ]  # fmt: skip
