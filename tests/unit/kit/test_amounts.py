"""Amounts as files of several countries write them (FIN-1)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.amounts import Amounts
from connectors.kit.errors import DataError


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1234.50", "USD", "1234.50"),
        ("1,234.50", "USD", "1234.50"),
        ("1,234", "USD", "1234"),  # no dollar has three decimals
        ("1,234,567", "USD", "1234567"),
        ("1,234,567.8", "USD", "1234567.8"),
        ("-3.1", "USD", "-3.1"),
        ("(3.10)", "USD", "-3.10"),
        ("$2.00", "USD", "2.00"),
        ("-.5", "USD", "-0.5"),
        ("+5", "USD", "5"),
        ("-0.00", "USD", "0.00"),
        ("1.234,56", "EUR", "1234.56"),
        ("-12,34", "EUR", "-12.34"),
        ("1 234,56", "EUR", "1234.56"),
        ("1\u202f234,56 €", "EUR", "1234.56"),
        ("1.234.567", "EUR", "1234567"),
        ("3,10-", "EUR", "-3.10"),
        ("\N{MINUS SIGN}3,10", "EUR", "-3.10"),
        ("12,34,567.89", "INR", "1234567.89"),
        ("1,234", "JPY", "1234"),
        ("￥1234", "JPY", "1234"),
        ("1234.0", "JPY", "1234.0"),
        ("1.234", "KWD", "1.234"),
    ],
)
def test_amounts_of_many_countries(text: str, currency: str, amount: str) -> None:
    assert str(Amounts(currency).read(text, "amount")) == amount


@pytest.mark.parametrize(
    "text",
    ["", "-", "abc", "1..2", "1,2,3", "1.2.3,4", ",", "1,", "--1", "1e5", "NaN", "١٢", "1" * 16, "(1", "12,3456,789"],
)
def test_what_is_no_amount_is_told_without_telling_it(text: str) -> None:
    """SEC-3, SEC-5"""
    with pytest.raises(DataError, match=f"^row 3: expected an amount, found text of {len(text)} characters$"):
        Amounts("USD").read(text, "row 3")


@pytest.mark.parametrize(
    "texts", [("1,234", "0,99"), ("0,99", "1.234", "1.5"), ("12,50", "1,234.50"), ("1.234,5", "1,234.5")]
)
def test_a_file_that_contradicts_itself_is_refused(texts: tuple[str, ...]) -> None:
    """FIN-2: a thousandfold amount is worse than none."""
    amounts = Amounts("EUR")
    with pytest.raises(DataError, match="groups digits in one amount of this file and is the decimal mark in another"):
        _ = [amounts.read(text, "amount") for text in texts]


def test_a_sign_known_as_the_decimal_mark_never_groups() -> None:
    """1.234 in a file with decimal points has three decimals, which whoever checks the currency refuses."""
    assert Amounts("USD", mark=".").read("1.234", "amount") == Decimal("1.234")
    learned = Amounts("USD")
    assert [learned.read(text, "") for text in ("0.5", "1.234", "1,234")] == [
        Decimal("0.5"),
        Decimal("1.234"),
        Decimal(1234),
    ]


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), st.sampled_from([",.", ".,", " ,", "'."]))
def test_every_amount_written_in_any_style_is_read_as_it_is(amount: Decimal, style: str) -> None:
    written = f"{amount:,.2f}".translate({ord(","): style[0], ord("."): style[1]})
    assert Amounts("EUR").read(written, "amount") == amount
