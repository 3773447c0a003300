"""What becomes of changes in suppliers' stock and smallest orders (PO-4): CAUSEWAY_SUPPLY__..., or `[supply]` in the configuration file."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field, model_validator

from connectors.kit.settings import Part

Mode = Literal["off", "ask", "automatic"]


class SupplySettings(Part):
    """When a SKU counts as out of stock at its supplier, when as back, and what is proposed then."""

    lead_time: Mode = Field(
        "ask",
        description="a SKU that is out of stock at the supplier: off, a longer lead time waits for a person, or is approved by itself",
    )
    out_of_stock_lead_days: int = Field(30, ge=1, le=365, description="the lead time proposed then, in days")
    short_at: Decimal = Field(Decimal(0), ge=0, description="out of stock: so many units or fewer")
    below_minimum: bool = Field(True, description="out of stock: fewer than the supplier's smallest order, too")
    short_percent: Decimal | None = Field(
        None,
        gt=0,
        lt=100,
        description="out of stock: less than so many percent of the most it had since it was in stock, too; empty = no such rule",
    )
    back_from: Decimal = Field(
        Decimal(10), gt=0, description="in stock again: so many units at least; more than short_at, so that it does not flap"
    )  # fmt: skip
    back_minimums: Decimal = Field(
        Decimal(2), ge=1, description="in stock again: so many smallest orders at least, with below_minimum"
    )
    quantity: Mode = Field(
        "off",
        description="another smallest order at the supplier: off, it stands in vendor prices at once; ask, it waits for a person, and until "
        "then vendor prices keep to the one that was accepted; automatic, accepted by itself and told in the audit trail",
    )
    quantity_change_percent: Decimal = Field(
        Decimal(0), ge=0, description="a smaller change than this of the smallest order is accepted without asking"
    )

    @model_validator(mode="after")
    def _apart(self) -> SupplySettings:
        if self.back_from <= self.short_at:
            raise ValueError("back_from: has to be more than short_at, or stock near it would be proposed for ever")
        return self
