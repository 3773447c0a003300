"""What rows of settlement reports are (FIN-1)."""

from __future__ import annotations

import pytest

from connectors.amazon.settlement_kinds import kind_of, name_of, told_kinds
from connectors.amazon.settlements import mapping_for
from connectors.kit.errors import DataError

FACILITATED = "MarketplaceFacilitatorTax-Principal"


@pytest.mark.parametrize(("triple", "kind"), [
    ("Order|ItemPrice|Principal", "sale"), ("Order|ItemPrice|Shipping", "shipping"), ("Order|ItemPrice|GiftWrap", "sale"),
    ("Order|ItemPrice|Tax", "tax"), ("Order|ItemPrice|ShippingTax", "tax"), ("Order|ItemPrice|GiftWrapTax", "tax"),
    ("Order|Promotion|Principal", "promotion"), ("Order|Promotion|Shipping", "promotion"), ("Order|Promotion|TaxDiscount", "tax"),
    ("Order|ItemFees|Commission", "commission"), ("Order|ItemFees|FBAPerUnitFulfillmentFee", "fee"), ("Order|ItemFees|ShippingHB", "fee"),
    (f"Order|ItemWithheldTax|{FACILITATED}", "facilitator_tax"), ("Order|ItemWithheldTax|MarketplaceFacilitatorVAT-Shipping", "facilitator_tax"),
    ("Order|ItemWithheldTax|LowValueGoodsTax-Principal", "facilitator_tax"),
    ("Order|ItemWithheldTax|TDS (Section 194-O)", "unknown"),  # the seller's own tax, paid in advance
    ("Order|ItemWithheldTax|GST on restocking fee", "unknown"),  # a tax, whatever its last word
    ("Refund|ItemPrice|Principal", "refund"), ("Refund|ItemPrice|Shipping", "refund"), ("Refund|Promotion|Principal", "refund"),
    ("Refund|ItemPrice|Tax", "refund_tax"), (f"Refund|ItemWithheldTax|{FACILITATED}", "facilitator_tax"),
    ("Refund|ItemFees|Commission", "commission"), ("Refund|ItemFees|RefundCommission", "commission"),
    ("Refund|ItemPrice|RestockingFee", "refund"), ("Order|ItemPrice|RestockingFee", "unknown"),
    ("Chargeback Refund|ItemPrice|Principal", "refund"), ("A-to-z Guarantee Refund|ItemPrice|Goodwill", "refund"),
    ("Order_Retrocharge|ItemPrice|Tax", "tax"), ("Refund_Retrocharge|ItemPrice|ShippingTax", "refund_tax"),
    ("ServiceFee|Cost of Advertising|TransactionTotalAmount", "fee"), ("CouponRedemptionFee|CouponRedemptionFee|Save 5%", "fee"),
    ("FBAFees|FBA Inventory Storage Fee|Base fee", "fee"), ("other-transaction|other-transaction|Subscription Fee", "fee"),
    ("other-transaction|other-transaction|StorageRenewalBilling", "fee"),
    ("other-transaction|other-transaction|Shipping label purchase for return", "fee"),
    ("other-transaction|FBA Inventory Reimbursement|WAREHOUSE_LOST", "adjustment"),
    ("other-transaction|other-transaction|Manual Processing Fee Reimbursement", "adjustment"),
    ("other-transaction|other-transaction|BalanceAdjustment", "adjustment"),
    ("other-transaction|other-transaction|Current Reserve Amount", "reserve"),
    ("other-transaction|other-transaction|Previous Reserve Amount Balance", "reserve"),
    ("other-transaction|other-transaction|Payable to Amazon", "unknown"),
    ("Stardust Levy|Stardust|Base levy", "unknown"), ("Order|ItemPrice|Stardust", "unknown"), ("Liquidations|ItemPrice|Principal", "unknown"),
    ("||", "unknown"), ("Order||", "unknown"),
])  # fmt: skip
def test_what_a_row_is(triple: str, kind: str) -> None:
    """FIN-1: what we do not know is unknown, never guessed; spelling does not matter."""
    for written in (triple, triple.upper().replace(" ", "").replace("OTHER-", "Other_")):
        transaction, amount_type, description = written.split("|")
        assert kind_of(transaction, amount_type, description) == kind


@pytest.mark.parametrize(("triple", "name"), [
    ("Order|ItemFees|Commission", "ItemFees/Commission/Order"),
    ("other-transaction|other-transaction|Subscription Fee", "other-transaction/Subscription Fee"),
    ("ServiceFee|Cost of Advertising|TransactionTotalAmount", "Cost of Advertising/TransactionTotalAmount/ServiceFee"),
    ("Order||", "Order"), ("||", ""),
])  # fmt: skip
def test_a_name_goes_from_the_family_to_the_triple(triple: str, name: str) -> None:
    """FIN-1: so that accounts can be named for either."""
    assert name_of(*triple.split("|")) == name


def test_a_person_may_say_what_a_triple_is() -> None:
    """FIN-1: configuration wins, for that triple alone."""
    told = told_kinds({"Stardust Levy/Stardust/Base levy": "fee", "order/itemfees/COMMISSION": "adjustment"})
    assert kind_of("Stardust Levy", "Stardust", "Base levy", told) == "fee"
    assert kind_of("Order", "ItemFees", "Commission", told) == "adjustment"
    assert kind_of("Refund", "ItemFees", "Commission", told) == "commission"
    with pytest.raises(DataError, match="settlement kind 'fees' of 'A/B/C': there are adjustment, commission"):
        mapping_for({"A/B/C": "fees"})
