"""How often we may call Walmart (RATE-1): the quotas of one account, and which call draws from which.

Three numbers per second are our own and cover a whole area (orders, items, inventory); the others are Walmart's published limits, as two
transcriptions of its rate-limiting page agree on them. The headers of live answers lower them, nothing raises them.
"""

from __future__ import annotations

from pydantic import Field

from connectors.kit.rate import Plan, Quota
from connectors.kit.settings import Part

_SECOND, _MINUTE, _HOUR = 1, 60, 3600
_UNITS = {"per_second": _SECOND, "per_minute": _MINUTE, "per_hour": _HOUR}

# Operation -> the quotas it draws from; the last is the one Walmart's answer reports on.
DRAWS: dict[str, tuple[str, ...]] = {
    "token": ("token",),
    "token_detail": ("token",),
    "list_orders": ("orders", "order_reads"),
    "get_order": ("orders", "order_reads"),
    "acknowledge": ("orders", "acknowledge"),
    "shipping": ("orders", "shipping"),
    "cancel": ("orders", "cancel"),
    "refund": ("orders", "refund"),
    "list_returns": ("return_reads",),
    "return_refund": ("return_refund",),
    "get_inventory": ("inventory", "inventory_reads"),
    "set_inventory": ("inventory", "inventory_writes"),
    "list_inventories": ("inventory", "inventory_reads"),
    "node_inventory": ("inventory", "node_reads"),
    "set_node_inventory": ("inventory", "node_writes"),
    "list_ship_nodes": ("settings",),
    "set_price": ("price",),
    "list_items": ("items", "item_lists"),
    "get_item": ("items", "item_reads"),
    "retire_item": ("items", "item_retire"),
    "taxonomy": ("items", "taxonomy"),
    "item_spec": ("items", "item_spec"),
    "feed_status": ("feed_reads",),
    "list_feeds": ("feed_reads",),
    "submit_inventory": ("feed_inventory",),
    "submit_mp_inventory": ("feed_mp_inventory",),
    "submit_price": ("feed_price",),
    "submit_mp_item": ("feed_mp_item",),
    "submit_mp_maintenance": ("feed_mp_maintenance",),
    "list_recon": ("recon",),
    "recon_file": ("recon",),
    "statement": ("statement",),
    "request_report": ("report_requests",),
    "report_status": ("report_requests",),
    "download_report": ("report_requests",),
}


class WalmartRates(Part):
    """Calls we allow ourselves, each the name of its quota with its unit of time."""

    items_per_second: float = Field(5, gt=0)
    inventory_per_second: float = Field(10, gt=0)
    orders_per_second: float = Field(15, gt=0)
    token_per_minute: float = Field(30, gt=0)
    order_reads_per_minute: float = Field(5000, gt=0)
    acknowledge_per_minute: float = Field(60, gt=0)
    shipping_per_minute: float = Field(60, gt=0)
    cancel_per_minute: float = Field(60, gt=0)
    refund_per_minute: float = Field(60, gt=0)
    return_reads_per_minute: float = Field(50, gt=0)
    return_refund_per_minute: float = Field(60, gt=0)
    # Walmart names no limit for reading one SKU's inventory; that of writing it is taken.
    inventory_reads_per_minute: float = Field(200, gt=0)
    inventory_writes_per_minute: float = Field(200, gt=0)
    node_reads_per_minute: float = Field(200, gt=0)
    node_writes_per_minute: float = Field(200, gt=0)
    settings_per_minute: float = Field(60, gt=0, description="ship nodes; no published limit")
    price_per_hour: float = Field(100, gt=0, description="PUT /v3/price; more than a handful goes by feed")
    item_lists_per_minute: float = Field(60, gt=0, description="with any query parameter; 300 without")
    # One item by its SKU needs no parameter; with productIdType it would be 60.
    item_reads_per_minute: float = Field(900, gt=0)
    item_retire_per_minute: float = Field(60, gt=0, description="no published limit")
    taxonomy_per_minute: float = Field(10, gt=0, description="no published limit")
    item_spec_per_minute: float = Field(3, gt=0)
    feed_reads_per_minute: float = Field(5000, gt=0)
    feed_inventory_per_hour: float = Field(10, gt=0)
    feed_mp_inventory_per_hour: float = Field(50, gt=0)
    feed_price_per_hour: float = Field(10, gt=0, description="shared with promotions")
    feed_mp_item_per_hour: float = Field(10, gt=0)
    feed_mp_maintenance_per_hour: float = Field(10, gt=0)
    recon_per_minute: float = Field(100, gt=0)
    statement_per_minute: float = Field(15, gt=0)
    report_requests_per_minute: float = Field(15, gt=0, description="no published limit")

    def plan(self) -> Plan:
        """The quotas of one account and which call draws from which."""
        quotas = {}
        for name in type(self).model_fields:
            quota, unit = _split(name)
            quotas[quota] = Quota(getattr(self, name), _UNITS[unit])
        return Plan(quotas, DRAWS)


def _split(name: str) -> tuple[str, str]:
    quota, _, unit = name.rpartition("_per_")
    return quota, f"per_{unit}"
