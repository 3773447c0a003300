"""What kind of orders the generator makes, and how many of each: shares between 0 and 1, frozen, with presets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.kit.sandbox.mixes import check_shares, mix_of


@dataclass(frozen=True)
class OrderMix:
    """Shares of orders, or of items where the name ends in `_item`. Each becomes a trait of the order it strikes.

    items: weights of orders with 1, 2, 3 ... items; max_quantity: units of one item
    marketplaces: where they are placed (countries or ids); none means any of the seller's
    late_minutes: how far back the creation of a late order lies when it appears
    change_seconds: how long after an order appeared its change comes; pending_seconds: its payment
    """

    items: tuple[float, ...] = (1.0,)
    max_quantity: int = 1
    marketplaces: tuple[str, ...] = ()
    fba: float = 0.0
    prime: float = 0.0
    business: float = 0.0
    po_number: float = 0.5
    gift_item: float = 0.0
    promotion_item: float = 0.0
    shipping_charge: float = 0.0
    seller_tax: float = 0.0
    points: float = 0.0
    reporting_scheme: float = 0.0
    delivery_note: float = 0.0
    seller_order_id: float = 0.0
    unicode_name: float = 0.0
    long_name: float = 0.0
    odd_phone: float = 0.0
    missing_phone: float = 0.0
    missing_email: float = 0.0
    foreign_address: float = 0.0
    bad_postcode: float = 0.0
    bundle_item: float = 0.0
    unknown_sku: float = 0.0
    test_order: float = 0.0
    replacement: float = 0.0
    pending: float = 0.0
    preorder: float = 0.0
    shipped: float = 0.0
    part_shipped: float = 0.0
    cancelled_order: float = 0.0
    cancelled_item: float = 0.0
    cancel_asked: float = 0.0
    late: float = 0.0
    late_minutes: tuple[float, float] = (1.0, 8.0)
    changing: float = 0.0
    change_seconds: tuple[float, float] = (3.0, 20.0)
    pending_seconds: tuple[float, float] = (5.0, 60.0)
    malformed: float = 0.0

    def __post_init__(self) -> None:
        check_shares(self)
        if not self.items or min(self.items) < 0 or sum(self.items) <= 0 or not 1 <= self.max_quantity <= 99:
            raise ValueError("items needs positive weights, max_quantity 1 to 99")


PLAIN = OrderMix(items=(0.6, 0.3, 0.1), max_quantity=3)

DEFAULT = OrderMix(
    items=(0.5, 0.25, 0.13, 0.07, 0.05),
    max_quantity=4,
    fba=0.25,
    prime=0.3,
    business=0.12,
    gift_item=0.05,
    promotion_item=0.12,
    shipping_charge=0.3,
    seller_tax=0.05,
    points=0.5,
    reporting_scheme=0.1,
    delivery_note=0.1,
    seller_order_id=0.1,
    unicode_name=0.12,
    long_name=0.02,
    odd_phone=0.3,
    missing_phone=0.05,
    missing_email=0.03,
    foreign_address=0.03,
    bad_postcode=0.01,
    bundle_item=0.05,
    unknown_sku=0.03,
    test_order=0.02,
    replacement=0.01,
    pending=0.08,
    preorder=0.01,
    shipped=0.05,
    part_shipped=0.02,
    cancelled_order=0.02,
    cancelled_item=0.02,
    cancel_asked=0.02,
    late=0.05,
    changing=0.05,
)

HEAVY = replace(
    DEFAULT,
    items=(0.2, 0.25, 0.25, 0.15, 0.15),
    business=0.3,
    gift_item=0.2,
    promotion_item=0.3,
    unicode_name=0.4,
    long_name=0.1,
    missing_phone=0.2,
    missing_email=0.1,
    foreign_address=0.15,
    bad_postcode=0.05,
    bundle_item=0.15,
    unknown_sku=0.1,
    pending=0.15,
    cancelled_order=0.06,
    cancelled_item=0.1,
    part_shipped=0.08,
    cancel_asked=0.08,
    late=0.15,
    changing=0.2,
    malformed=0.03,
)

MIXES: Mapping[str, OrderMix] = {"plain": PLAIN, "default": DEFAULT, "heavy": HEAVY}


def mix_from(data: Any) -> OrderMix:
    """As mixes.mix_of."""
    return mix_of(data, MIXES)
