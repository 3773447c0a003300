"""The rights to read that each flow of change capture needs (EVT-6, AUTH-4): the models it watches and those its entities are read from.

A model may be watched or read by several flows. What an app brings that is not installed has nothing to say, so it is optional where a
flow has more to read; a right that is missing where the app is there stops the flow, or tells less than there is (kits, tracking).
"""

from __future__ import annotations

from collections.abc import Iterable

from connectors.odoo.rights import INTERNAL, INVENTORY, SALES, Need, need
from connectors.odoo.source.journal import MODEL as JOURNAL

CAPTURE_OF = "capture of "
OUTBOX = "Causeway outbox"  # as `outbox` calls it

# flow -> (model, app it comes with, group that gives it, whether the flow can do without the app)
_READ: dict[str, tuple[tuple[str, str, str, bool], ...]] = {
    "sale_orders": (
        ("sale.order", "Sales", SALES, False),
        ("sale.order.line", "Sales", SALES, False),
        ("product.product", "Sales", INTERNAL, False),
        ("crm.tag", "Sales", SALES, True),
        ("ir.attachment", "Discuss", INTERNAL, False),
    ),
    "pickings": (
        ("stock.picking", "Inventory", SALES, False),
        ("stock.move", "Inventory", SALES, False),
        ("stock.move.line", "Inventory", INTERNAL, True),
        ("sale.order", "Sales", SALES, False),
        ("sale.order.line", "Sales", SALES, False),
        ("product.product", "Sales", INTERNAL, False),
        ("uom.uom", "Sales", INTERNAL, False),
        ("delivery.carrier", "Delivery Costs", SALES, True),
        ("mrp.bom", "Manufacturing", SALES, True),
        ("mrp.bom.line", "Manufacturing", SALES, True),
    ),
    "stock": (
        ("product.product", "Sales", INTERNAL, False),
        ("product.template", "Sales", INTERNAL, False),
        ("product.category", "Sales", INTERNAL, False),
        ("stock.quant", "Inventory", INTERNAL, False),
        ("stock.move", "Inventory", SALES, False),
        ("stock.warehouse", "Inventory", INTERNAL, False),
        ("stock.location", "Inventory", INTERNAL, False),
        ("sale.order", "Sales", SALES, False),
        ("sale.order.line", "Sales", SALES, False),
        ("uom.uom", "Sales", INTERNAL, False),
        ("mrp.bom", "Manufacturing", SALES, True),
        ("mrp.bom.line", "Manufacturing", SALES, True),
    ),
    "products": (
        ("product.product", "Sales", INTERNAL, False),
        ("product.template", "Sales", INTERNAL, False),
        ("product.category", "Sales", INTERNAL, False),
        ("product.tag", "Sales", INTERNAL, True),
        ("product.template.attribute.line", "Sales", INTERNAL, False),
        ("product.template.attribute.value", "Sales", INTERNAL, False),
        ("product.image", "eCommerce", INTERNAL, True),
        ("ir.attachment", "Discuss", INTERNAL, False),
    ),
    "prices": (
        ("product.product", "Sales", INTERNAL, False),
        ("product.template", "Sales", INTERNAL, False),
        ("product.category", "Sales", INTERNAL, False),
        ("product.tag", "Sales", INTERNAL, False),
        ("product.template.attribute.value", "Sales", INTERNAL, False),
        ("product.pricelist", "Sales", INTERNAL, False),
        ("product.pricelist.item", "Sales", INTERNAL, False),
        ("res.currency", "Sales", INTERNAL, False),
        ("res.currency.rate", "Sales", INTERNAL, False),
    ),
    "refunds": (
        ("account.move", "Invoicing", SALES, False),
        ("account.move.line", "Invoicing", SALES, False),
        ("sale.order", "Sales", SALES, False),
        ("sale.order.line", "Sales", SALES, False),
        ("product.product", "Sales", INTERNAL, False),
    ),
    "purchase_orders": (
        ("purchase.order", "Purchase", INVENTORY, True),
        ("purchase.order.line", "Purchase", INVENTORY, True),
        ("product.product", "Sales", INTERNAL, False),
        ("product.supplierinfo", "Sales", INTERNAL, True),
        ("res.partner", "Contacts", INTERNAL, False),
        ("stock.picking.type", "Inventory", INTERNAL, True),
        ("stock.warehouse", "Inventory", INTERNAL, True),
        ("ir.attachment", "Discuss", INTERNAL, True),
    ),
    "partners": (("res.partner", "Contacts", INTERNAL, False),),
}  # fmt: skip


def capture_needs(flows: Iterable[str], *, outbox: bool) -> list[Need]:
    """What reading these flows needs; `outbox`: from the journal Odoo writes itself, too."""
    found = [
        need(model, app, "read", group, f"{CAPTURE_OF}{flow}", optional=optional)
        for flow in flows
        for model, app, group, optional in _READ[flow]
    ]
    if outbox:
        found.append(need(JOURNAL, "", "read unlink", OUTBOX, "the journal of changes"))
    return found
