"""Which orders are not imported (ORD-4), as one decision on plain data. An excluded order always has a reason; it is counted and shown.

In this order, the first that fits:

    test_order       a test order: always in production, elsewhere unless `filters.test` lets it in (TEST-4)
    fulfilment       shipped by somebody whose orders are not imported (FBA, WFS)
    marketplace      of a marketplace that is not listed
    sku              none of its SKUs matches the pattern
    pending          not yet released by the marketplace, unless `filters.pending`
    status           in a state that is not listed

The last two are about the moment, not about the order: its units are sold all the same. It goes on as a canonical record, so that no channel
promises them again (INV-2, INV-3), and only Odoo is left out.
"""

from __future__ import annotations

import re

from schemas.records import Order
from streams.settings import Environment, FilterSettings

OF_THE_MOMENT = frozenset({"pending", "status"})


def exclusion(order: Order, filters: FilterSettings, environment: Environment) -> str | None:
    """Why this order is not imported, or None when it is."""
    if order["test"] and (environment is Environment.PRODUCTION or not filters.test):
        return "test_order"
    if filters.fulfilment and order["fulfilment"] not in filters.fulfilment:
        return "fulfilment"
    if filters.marketplaces and order["marketplace"] not in filters.marketplaces:
        return "marketplace"
    if filters.sku_pattern and not any(re.search(filters.sku_pattern, line["sku"]) for line in order["lines"]):
        return "sku"
    if order["status"] == "pending" and not filters.pending:
        return "pending"
    if filters.statuses and order["status"] not in filters.statuses:
        return "status"
    return None
