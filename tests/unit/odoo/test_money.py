"""Amounts: reading them, and splitting a line's amount over its units."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.errors import DataError
from connectors.odoo.money import amount_of, remainder, rounded, units_at
from tests.builders import money


@pytest.mark.parametrize(
    ("amount", "quantity", "units"),
    [
        ("59.97", "3", [("3", "19.99")]),
        ("10.00", "3", [("2", "3.33"), ("1", "3.34")]),  # no price of a unit makes it
        ("20.00", "3", [("1", "6.66"), ("2", "6.67")]),
        ("0.01", "5", [("4", "0.00"), ("1", "0.01")]),
        ("-10.00", "3", [("1", "-3.34"), ("2", "-3.33")]),  # towards minus infinity, then one cent up
        ("0.00", "2", [("2", "0.00")]),
        ("7.40", "0.37", [("0.37", "20.00")]),
        ("5.00", "0", [("0", "0")]),
    ],
)  # fmt: skip
def test_units_add_up_to_the_amount(amount: str, quantity: str, units: list[tuple[str, str]]) -> None:
    """ORD-6: one price where one exists, two neighbouring ones where not."""
    found = units_at(Decimal(amount), Decimal(quantity), "USD")
    assert found == [(Decimal(count), Decimal(price)) for count, price in units]


@given(st.integers(-100_000, 1_000_000), st.integers(1, 400))
def test_whole_quantities_never_leave_a_cent(cents: int, quantity: int) -> None:
    """ORD-6"""
    amount = Decimal(cents) / 100
    units = units_at(rounded(amount, "USD"), Decimal(quantity), "USD")
    assert remainder(amount, units, "USD") == 0
    assert sum(count for count, _ in units) == quantity
    assert all(price == rounded(price, "USD") for _, price in units)


def test_a_broken_quantity_leaves_what_no_price_makes() -> None:
    """ORD-6: 0.37 kg for 7.39 would need 19.973 each; the missing cents are booked beside."""
    units = units_at(Decimal("100.01"), Decimal("3.7"), "USD")
    assert remainder(Decimal("100.01"), units, "USD") == Decimal("0.00")
    units = units_at(Decimal("1000.01"), Decimal("37.5"), "USD")
    assert units == [(Decimal("37.5"), Decimal("26.67"))]
    assert remainder(Decimal("1000.01"), units, "USD") == Decimal("-0.12")


@pytest.mark.parametrize(
    ("given_money", "said"),
    [
        (money("1.00", "EUR"), "currency EUR"),
        (money("1.001"), "more digits"),
        (money("abc"), "not a number"),
        (money("NaN"), "not a number"),
        (money("Infinity"), "not a number"),
    ],
)
def test_an_amount_that_cannot_be_booked_names_its_field(given_money: dict[str, str], said: str) -> None:
    with pytest.raises(DataError, match=f"where: .*{said}"):
        amount_of(given_money, "USD", "where")  # type: ignore[arg-type]


def test_yen_have_no_cents() -> None:
    assert amount_of(money("120", "JPY"), "JPY", "where") == 120
    with pytest.raises(DataError, match="more digits than JPY"):
        amount_of(money("1.5", "JPY"), "JPY", "where")
