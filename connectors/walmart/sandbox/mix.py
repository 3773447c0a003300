"""What kind of orders the generator makes, and how many of each: shares between 0 and 1, frozen, with presets."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from connectors.kit.sandbox.mixes import check_shares, mix_of


@dataclass(frozen=True)
class OrderMix:
    """Shares of orders, or of lines where the name ends in `_line`. Each becomes a trait of the order it strikes.

    lines: weights of orders with 1, 2, 3 ... lines; max_quantity: units of one line
    late_minutes: how far back the dates of a late order lie when it appears
    change_seconds: how long after an order appeared its change comes
    """

    lines: tuple[float, ...] = (1.0,)
    max_quantity: int = 1
    shipping_charge: float = 0.0
    discount_line: float = 0.0
    untaxed: float = 0.0
    split_tax: float = 0.0
    order_summary: float = 0.0
    repeat_customer: float = 0.0
    unicode_name: float = 0.0
    long_name: float = 0.0
    odd_phone: float = 0.0
    missing_phone: float = 0.0
    missing_email: float = 0.0
    foreign_address: float = 0.0
    bad_postcode: float = 0.0
    bundle_line: float = 0.0
    unknown_sku: float = 0.0
    test_order: float = 0.0
    replacement: float = 0.0
    second_order: float = 0.0
    acknowledged: float = 0.0
    shipped: float = 0.0
    part_shipped: float = 0.0
    cancelled_order: float = 0.0
    cancelled_line: float = 0.0
    part_cancelled: float = 0.0
    late: float = 0.0
    late_minutes: tuple[float, float] = (1.0, 8.0)
    changing: float = 0.0
    change_seconds: tuple[float, float] = (3.0, 20.0)
    walmart_fulfilled: float = 0.0
    odd_unit_price: float = 0.0
    malformed: float = 0.0

    def __post_init__(self) -> None:
        check_shares(self)
        if not self.lines or min(self.lines) < 0 or sum(self.lines) <= 0 or not 1 <= self.max_quantity <= 99:
            raise ValueError("lines needs positive weights, max_quantity 1 to 99")


PLAIN = OrderMix(lines=(0.6, 0.3, 0.1), max_quantity=3, order_summary=1.0)

DEFAULT = OrderMix(
    lines=(0.45, 0.25, 0.14, 0.08, 0.05, 0.03),
    max_quantity=5,
    shipping_charge=0.35,
    discount_line=0.08,
    untaxed=0.08,
    split_tax=0.4,
    order_summary=0.5,
    repeat_customer=0.2,
    unicode_name=0.12,
    long_name=0.02,
    odd_phone=0.3,
    missing_phone=0.02,
    missing_email=0.06,
    foreign_address=0.05,
    bad_postcode=0.01,
    bundle_line=0.05,
    unknown_sku=0.03,
    test_order=0.02,
    replacement=0.01,
    second_order=0.03,
    acknowledged=0.1,
    shipped=0.04,
    part_shipped=0.02,
    cancelled_order=0.02,
    cancelled_line=0.03,
    part_cancelled=0.02,
    late=0.05,
    changing=0.05,
)

HEAVY = replace(
    DEFAULT,
    lines=(0.2, 0.2, 0.2, 0.15, 0.15, 0.1),
    unicode_name=0.4,
    long_name=0.1,
    odd_phone=0.6,
    missing_phone=0.1,
    missing_email=0.2,
    foreign_address=0.15,
    bad_postcode=0.05,
    bundle_line=0.15,
    unknown_sku=0.1,
    test_order=0.06,
    replacement=0.04,
    second_order=0.1,
    cancelled_order=0.06,
    cancelled_line=0.1,
    part_cancelled=0.1,
    part_shipped=0.08,
    late=0.15,
    changing=0.2,
    odd_unit_price=0.02,
    malformed=0.03,
)

MIXES: Mapping[str, OrderMix] = {"plain": PLAIN, "default": DEFAULT, "heavy": HEAVY}


def mix_from(data: Any) -> OrderMix:
    """As mixes.mix_of."""
    return mix_of(data, MIXES)
