"""How what a supplier's platform says comes into purchase orders: CAUSEWAY_ODOO__PURCHASES__REFERENCE_PREFIX, __LOST_ORDERS, ..."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from connectors.kit.settings import Part


class PurchaseSettings(Part):
    """Purchase orders of suppliers' platforms (PO-1, PO-2, LOG-1)."""

    reference_prefix: str = Field(
        "",
        pattern=r"[A-Za-z0-9._-]{0,20}",
        description="what stands before a purchase order's name in the platform's reference. Taken from the platform's own setting, "
        "CAUSEWAY_ALIBABA__PURCHASES__REFERENCE_PREFIX; say it here only for a process that has none of the platform's settings",
    )
    accounts: tuple[str, ...] = Field(
        (),
        description="accounts of suppliers' platforms, as vendors' references begin: `alibaba:main`. By them `verify odoo` and reconciliation find "
        "vendors whose reference names none. Taken from the platform's own settings; say it here only for a process that has none of these",
    )
    foreign_orders: Literal["leave", "hold"] = Field(
        "leave",
        description="an order of the platform that was not made by Causeway, and whose number no purchase order has: left alone, or held "
        "until one has it",
    )
    lost_orders: Literal["hold", "leave"] = Field(
        "hold",
        description="an order that Causeway made for a purchase order Odoo does not have (any more): held until it is there, or left alone",
    )
    when_cancelled: Literal["tell", "cancel"] = Field(
        "tell",
        description="what happens when the supplier's side cancels: the buyer gets an activity, or the purchase order is cancelled when all "
        "its orders are and nothing of it was received",
    )
    amount_tolerance: Decimal = Field(
        Decimal(1),
        ge=0,
        description="so much the orders may come to more or less than the purchase order, in its currency",
    )
    carriers: dict[str, str] = Field(
        default_factory=dict,
        description="the platform's code of a carrier -> name of a delivery method for receipts, where the mapping `carrier` has none",
    )
