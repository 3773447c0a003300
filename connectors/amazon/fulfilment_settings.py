"""How shipments, cancellations and refunds are put into Amazon's words."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, field_validator

from connectors.kit.settings import Part

# `cancellation-reason-code` of the order acknowledgement file, and `adjustment-reason-code` of the payment adjustment file, as the templates of
# Seller Central list them.
_COMMON = frozenset(
    {
        "NoInventory", "GeneralAdjustment", "CarrierCreditDecision", "RiskAssessmentInformationNotValid",
        "CarrierCoverageFailure", "CustomerReturn",
    }
)  # fmt: skip
CANCEL_CODES = _COMMON | {
    "ShippingAddressUndeliverable", "CustomerExchange", "BuyerCanceled", "MerchandiseNotReceived", "PricingError",
}  # fmt: skip
REFUND_CODES = _COMMON | {
    "CouldNotShip", "DifferentItem", "Abandoned", "CustomerCancel", "PriceError", "ProductOutofStock",
    "CustomerAddressIncorrect", "Exchange", "Other",
}  # fmt: skip
BUYER_ASKED = "BuyerCanceled"
# Why an order is cancelled in Odoo -> Amazon's code. An item whose buyer asked for it says so by itself.
CANCEL_REASONS = {
    "out_of_stock": "NoInventory",
    "customer": BUYER_ASKED,
    "pricing": "PricingError",
    "fraud": "RiskAssessmentInformationNotValid",
    "payment": "RiskAssessmentInformationNotValid",
    "address": "ShippingAddressUndeliverable",
    "other": "GeneralAdjustment",
}


class AmazonFulfilment(Part):
    """Words for what goes out."""

    cancel_reasons: dict[str, str] = Field(
        default_factory=dict, description="reason in Odoo -> Amazon's code, beside the built-in ones"
    )
    refund_reasons: dict[str, str] = Field(
        default_factory=dict, description="part of a credit note's reason, in any letter case -> Amazon's code"
    )
    refund_reason: str = Field("CustomerReturn", description="Amazon's code where no other fits")
    carrier_codes: tuple[str, ...] = Field(
        (),
        description="carrier codes Amazon has told you of, beside the built-in ones; any other carrier goes as `Other` with its name",
    )
    shown_after_hours: float = Field(
        2,
        gt=0,
        le=48,
        description="so long after its feed a cancellation may take to show in the order; then it is sent again",
    )

    @field_validator("cancel_reasons")
    @classmethod
    def _cancels_known(cls, value: dict[str, str]) -> dict[str, str]:
        return {reason: _one_of(code, CANCEL_CODES) for reason, code in value.items()}

    @field_validator("refund_reasons")
    @classmethod
    def _refunds_known(cls, value: dict[str, str]) -> dict[str, str]:
        return {part.casefold(): _one_of(code, REFUND_CODES) for part, code in value.items()}

    @field_validator("refund_reason")
    @classmethod
    def _known(cls, value: str) -> str:
        return _one_of(value, REFUND_CODES)

    def cancels(self) -> Mapping[str, str]:
        """Reason -> Amazon's code; `other` is always there."""
        return CANCEL_REASONS | self.cancel_reasons

    def refund_code(self, reason: str) -> str:
        """Amazon's code for a credit note's reason."""
        said = reason.casefold()
        return next((code for part, code in self.refund_reasons.items() if part in said), self.refund_reason)


def _one_of(code: str, known: frozenset[str]) -> str:
    if code not in known:
        raise ValueError(f"Amazon knows these: {', '.join(sorted(known))}")
    return code
