"""PO-4: when a SKU is out of stock at its supplier, and when it is back; nothing changes in between."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from streams.stages.supply.judging import Supply, amount, is_significant, recovery, shortage
from streams.supply_settings import SupplySettings

TEN_PERCENT = {"short_percent": Decimal(10)}


def supply(stock: str, minimum: str = "2", most: str = "100") -> Supply:
    return Supply(Decimal(stock), Decimal(minimum), Decimal(most))


@pytest.mark.parametrize(
    ("settings", "found", "why"),
    [
        ({}, supply("0"), "the supplier has 0; out of stock at 0"),
        ({}, supply("2"), ""),
        ({"short_at": Decimal(5)}, supply("5"), "the supplier has 5; out of stock at 5"),
        ({"short_at": Decimal(5)}, supply("6"), ""),
        ({}, supply("1"), "the supplier has 1, less than its smallest order of 2"),
        ({"below_minimum": False}, supply("1"), ""),
        (TEN_PERCENT, supply("49", most="500"), "the supplier has 49, less than 10 % of the 500 it had"),
        (TEN_PERCENT, supply("50", most="500"), ""),
        ({}, supply("49", most="500"), ""),
    ],
)
def test_out_of_stock(settings: dict[str, Any], found: Supply, why: str) -> None:
    assert shortage(found, SupplySettings(**settings)) == why


@pytest.mark.parametrize(
    ("settings", "found", "is_back"),
    [
        ({}, supply("9"), False),  # more than none, less than back_from
        ({}, supply("10"), True),
        ({}, supply("99", minimum="50"), False),  # two smallest orders
        ({}, supply("100", minimum="50"), True),
        ({"below_minimum": False}, supply("99", minimum="50"), True),
        (TEN_PERCENT, supply("99", most="500"), False),  # twice the percentage
        (TEN_PERCENT, supply("100", most="500"), True),
        ({"short_percent": Decimal(60)}, supply("99", most="100"), False),  # never more than all it had
        ({"short_percent": Decimal(60)}, supply("100", most="100"), True),
    ],
)
def test_in_stock_again(settings: dict[str, Any], found: Supply, is_back: bool) -> None:
    assert bool(recovery(found, SupplySettings(**settings))) is is_back


def test_what_is_short_is_never_back_at_once() -> None:
    """Whatever the settings: no number of units is both, so nothing flaps."""
    for rules in ({}, TEN_PERCENT, {"short_at": Decimal(9)}, {"back_from": Decimal(1), "back_minimums": Decimal(1)}):
        settings = SupplySettings(**rules)
        for units in range(300):
            found = supply(str(units), minimum="20", most="1000")
            assert not (shortage(found, settings) and recovery(found, settings)), (rules, units)


def test_a_gap_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="more than short_at"):
        SupplySettings(short_at=Decimal(10))


@pytest.mark.parametrize(
    ("before", "after", "percent", "asked"),
    [("2", "2", 0, False), ("2", "3", 0, True), ("3", "2", 0, True), ("10", "11", 20, False), ("10", "12", 20, True)],
)
def test_another_smallest_order(before: str, after: str, percent: int, asked: bool) -> None:
    rules = SupplySettings(quantity_change_percent=Decimal(percent))
    assert is_significant(Decimal(before), Decimal(after), rules) is asked


@pytest.mark.parametrize("text", ["", "many", "NaN", "-1", "Infinity"])
def test_what_is_no_number_of_things_says_nothing(text: str) -> None:
    assert amount(text) is None
