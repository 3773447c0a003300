"""ORD-6, ORD-11: taxes of a line, each rounded by itself."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.odoo.sandbox.models.tax_amounts import line_amounts


def tax(one: int, amount: float, kind: str = "percent", **more: Any) -> dict[str, Any]:
    plain = {"price_include_override": None, "include_base_amount": False}
    return {"id": one, "amount": amount, "amount_type": kind, **plain, **more}


@pytest.mark.parametrize(
    ("taxes", "price", "quantity", "discount", "excluded", "total_tax"),
    [
        ([], 7.5, 2, 0, 15.0, 0.0),
        # 59.97: 3.5982, 0.149925, 0.89955
        ([tax(1, 6.0), tax(2, 0.25), tax(3, 1.5)], 19.99, 3, 0, 59.97, 4.65),
        ([tax(1, 6.0), tax(2, 0.25), tax(3, 1.5)], -5.0, 1, 0, -5.0, -0.39),
        ([tax(1, 0.1, "fixed")], 1.0, 4, 0, 4.0, 0.4),
        ([tax(1, 5.0)], 10.12, 1, 12.35, 8.87, 0.44),
        # half a cent goes away from zero
        ([tax(1, 10.0)], 0.05, 1, 0, 0.05, 0.01),
        # 20 % of the gross amount, not of the net one
        ([tax(1, 20.0, "division")], 80.0, 1, 0, 80.0, 20.0),
        # the amount as stated: all of the price is tax (ORD-6: taxes of a marketplace, to the cent)
        ([tax(1, 100.0, "division", price_include_override="tax_included")], 1.23, 1, 0, 0.0, 1.23),
        ([tax(1, 20.0, "division", price_include_override="tax_included")], 100.0, 1, 0, 80.0, 20.0),
        # neighbours of one kind come out of the price together
        ([tax(n, 10.0, price_include_override="tax_included") for n in (1, 2)], 120.0, 1, 0, 100.0, 20.0),
        # the second tax sees the first in its base
        ([tax(1, 10.0, include_base_amount=True), tax(2, 10.0)], 100.0, 1, 0, 100.0, 21.0),
        # included in the price: the price stays what was shown
        ([tax(1, 21.0, price_include_override="tax_included")], 121.0, 1, 0, 100.0, 21.0),
        ([tax(1, 8.0, price_include_override="tax_included")], 9.99, 1, 0, 9.25, 0.74),
    ],
)
def test_amounts(
    taxes: list[dict[str, Any]], price: float, quantity: float, discount: float, excluded: float, total_tax: float
) -> None:
    found = line_amounts(taxes, price, quantity, discount)
    assert (found.excluded, found.tax) == (excluded, total_tax)
    assert found.included == pytest.approx(excluded + total_tax)


@given(
    price=st.decimals(0, 10_000, places=2),
    quantity=st.integers(1, 50),
    rates=st.lists(st.decimals(0, 20, places=3), max_size=4),
    included=st.booleans(),
)
def test_parts_always_add_up_to_the_cent(
    price: Decimal, quantity: int, rates: list[Decimal], *, included: bool
) -> None:
    override = "tax_included" if included else None
    taxes = [tax(n, float(rate), price_include_override=override) for n, rate in enumerate(rates)]
    found = line_amounts(taxes, float(price), quantity)
    assert round(found.excluded + found.tax, 2) == found.included
    assert round(sum(amount for _, amount in found.by_tax), 2) == found.tax
    if included or not rates:
        assert found.included == float(price * quantity)
