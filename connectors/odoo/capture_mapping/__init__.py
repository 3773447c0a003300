"""What Odoo said of one entity -> the canonical record it means. Pure: no IO, no clock. Raises DataError naming path and problem."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from connectors.kit.ports import EntityMapping
from connectors.odoo.capture_mapping.cancellations import to_cancellation
from connectors.odoo.capture_mapping.prices import to_price
from connectors.odoo.capture_mapping.products import to_product
from connectors.odoo.capture_mapping.purchases import to_purchase_order
from connectors.odoo.capture_mapping.refunds import to_refund
from connectors.odoo.capture_mapping.shipments import to_shipment
from connectors.odoo.capture_mapping.stock import to_stock_level
from connectors.odoo.settings import OdooSettings


def mappings(settings: OdooSettings) -> Mapping[str, EntityMapping]:
    """By entity, as the raw topics call them. Partners are read for people; nothing is made of them."""
    return {
        "sale_order": partial(to_cancellation, settings=settings.capture),
        "picking": partial(to_shipment, settings=settings.capture),
        "quant": to_stock_level,
        "product": to_product,
        "price": to_price,
        "refund": to_refund,
        "purchase_order": to_purchase_order,
    }
