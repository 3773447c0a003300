"""Amounts and quantities: equal ones are equal text, what is beyond sense is refused."""

from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.errors import DataError
from connectors.kit.money import amount_in, decimal_text, quantity_text, unit_price
from connectors.kit.reading import Reader


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("10", "10.00"),
        ("10.1", "10.10"),
        ("0.1", "0.10"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("1.005", "1.005"),
        ("3.333333", "3.333333"),
        ("1E+2", "100.00"),
        ("-12.5", "-12.50"),
    ],
)
def test_equal_amounts_are_equal_text(number: str, text: str) -> None:
    assert decimal_text(Decimal(number)) == text


@pytest.mark.parametrize(("number", "text"), [("1", "1"), ("2.0", "2"), ("2.50", "2.5"), ("1E+2", "100"), ("0", "0")])
def test_quantity_text(number: str, text: str) -> None:
    assert quantity_text(Decimal(number)) == text


@pytest.mark.parametrize(
    ("amount", "meant"),
    [
        (Decimal("0.30000000000000004"), "0.30"),
        (Decimal("48.559999999999995"), "48.56"),
        (Decimal("1.005"), "1.005"),
        ("10.10", "10.10"),
    ],
)
def test_the_noise_of_doubles_is_not_money(amount: Any, meant: str) -> None:
    assert amount_in(Reader({"amount": amount})) == Decimal(meant)


@pytest.mark.parametrize("amount", [Decimal("0.123456"), 10**10, None, "x", True])
def test_amounts_beyond_sense_are_refused(amount: Any) -> None:
    with pytest.raises(DataError, match=r"^amount: "):
        amount_in(Reader({"amount": amount}))


@pytest.mark.parametrize(
    ("item", "units", "price"),
    [("30.30", "3", "10.10"), ("10", "3", "3.333333"), ("20", "3", "6.666667"), ("0", "0", "0"), ("12.5", "0", "12.5")],
)
def test_unit_price(item: str, units: str, price: str) -> None:
    assert unit_price(Decimal(item), Decimal(units)) == Decimal(price)
