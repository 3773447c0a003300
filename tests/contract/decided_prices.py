"""What the pricing stage decided, as sinks are told of it (`connectors.kit.ports.FirstPrices`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from schemas.records import Money


@dataclass
class Decided:
    """SKU -> amount, of all accounts. `is_on`: whether their prices come by the price flow."""

    amounts: dict[str, str] = field(default_factory=dict)
    is_on: bool = True
    currency: str = "USD"

    def decides(self, source: str, account: str) -> bool:
        return self.is_on

    def price_of(self, source: str, account: str, sku: str) -> Money | None:
        amount = self.amounts.get(sku)
        return {"amount": amount, "currency": self.currency} if amount else None
