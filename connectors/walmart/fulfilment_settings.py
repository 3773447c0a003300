"""How shipments, cancellations and refunds are put into Walmart's words."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import Field, field_validator

from connectors.kit.settings import Part

# Why an order is cancelled in Odoo -> `CancelLineStatusType` of the model. A line whose buyer asked for it says so by itself.
CANCEL_REASONS = {
    "out_of_stock": "SELLER_CANCEL_OUT_OF_STOCK",
    "customer": "SELLER_CANCEL_OUT_OF_STOCK",  # Walmart takes the buyer's own wish only where the buyer told Walmart
    "pricing": "SELLER_CANCEL_PRICING_ERROR",
    "fraud": "SELLER_CANCEL_FRAUD_STOP_SHIPMENT",
    "payment": "SELLER_CANCEL_FRAUD_STOP_SHIPMENT",
    "address": "SELLER_CANCEL_ADDRESS_NOT_SERVICEABLE",
    "other": "SELLER_CANCEL_OUT_OF_STOCK",
}
REFUND_REASONS = frozenset(
    {
        "BillingError", "TaxExemptCustomer", "ItemNotAsAdvertised", "IncorrectItemReceived", "CancelledYetShipped",
        "ItemNotReceivedByCustomer", "IncorrectShippingPrice", "DamagedItem", "DefectiveItem", "CustomerChangedMind",
        "CustomerReceivedItemLate", "Missing Parts / Instructions", "Finance -> Goodwill", "Finance -> Rollback", "Buyer canceled",
        "Customer returned item", "General adjustment", "Merchandise not received", "Quality -> Missing Parts / Instructions",
        "Shipping & Delivery -> Damaged", "Shipping & Delivery -> Shipping Price Discrepancy", "Others",
    }
)  # fmt: skip # `RefundChargeType` of the model


class WalmartFulfilment(Part):
    """Words for what goes out."""

    cancel_reasons: dict[str, str] = Field(
        default_factory=dict, description="reason in Odoo -> Walmart's word, beside the built-in ones"
    )
    refund_reasons: dict[str, str] = Field(
        default_factory=dict, description="part of a credit note's reason, in any letter case -> Walmart's word"
    )
    refund_reason: str = Field("Customer returned item", description="Walmart's word where no other fits")
    tracking_urls: dict[str, str] = Field(
        default_factory=dict,
        description="carrier -> address to follow a parcel, {number} in it; for carriers Walmart does not know",
    )

    @field_validator("refund_reason")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in REFUND_REASONS:
            raise ValueError(f"Walmart knows these: {', '.join(sorted(REFUND_REASONS))}")
        return value

    @field_validator("refund_reasons")
    @classmethod
    def _all_known(cls, value: dict[str, str]) -> dict[str, str]:
        for word in value.values():
            cls._known(word)
        return {part.casefold(): word for part, word in value.items()}

    @field_validator("tracking_urls")
    @classmethod
    def _with_number(cls, value: dict[str, str]) -> dict[str, str]:
        for carrier, url in value.items():
            if "{number}" not in url or not url.startswith("https://"):
                raise ValueError(f"{carrier}: want an https:// address with {{number}} in it")
        return {carrier.casefold(): url for carrier, url in value.items()}

    def cancels(self) -> Mapping[str, str]:
        """Reason -> Walmart's word; `other` is always there."""
        return CANCEL_REASONS | self.cancel_reasons

    def refund_word(self, reason: str) -> str:
        """Walmart's word for a credit note's reason."""
        said = reason.casefold()
        return next((word for part, word in self.refund_reasons.items() if part in said), self.refund_reason)

    def tracking_url(self, carrier: str, number: str) -> str:
        """Where a parcel can be followed, empty when nobody said."""
        found = self.tracking_urls.get(carrier.casefold(), "")
        return found.replace("{number}", quote(number, safe="")) if number else ""
