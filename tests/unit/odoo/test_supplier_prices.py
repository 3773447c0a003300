"""PO-3: prices by quantity -> rows of vendors' prices, and what of them changes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connectors.odoo.supplier_prices import Least, PriceRow, Strategy, Tier, changes_of, converted, tiers_of
from tests.supplier_records import tier

TODAY = date(2026, 11, 22)
OFFERED = [tier(100, "15"), tier(2, "18.50"), tier(500, "16")]


@pytest.mark.parametrize(
    ("strategy", "minimum", "rows"),
    [
        ("tiers", "2", [("2", "18.50"), ("100", "15"), ("500", "16")]),
        ("tiers", "1", [("2", "18.50"), ("100", "15"), ("500", "16")]),
        # Fewer than 100 cannot be ordered: what would cost more below that is no price.
        ("tiers", "100", [("100", "15"), ("500", "16")]),
        ("minimum", "2", [("2", "18.50")]),
        ("minimum", "200", [("200", "15")]),
        ("lowest", "2", [("2", "15")]),
    ],
)
def test_prices_by_strategy(strategy: Strategy, minimum: str, rows: list[tuple[str, str]]) -> None:
    currency, found = tiers_of(OFFERED, Least(Decimal(minimum)), strategy, "prices")
    assert currency == "CNY"
    assert found == tuple(Tier(Decimal(one), Decimal(price)) for one, price in rows)


def test_a_converted_price_is_rounded_like_odoo_rounds_it() -> None:
    """PO-3: half a cent away from zero."""
    assert converted(Decimal("18.50"), Decimal("0.139"), 2) == Decimal("2.57")
    assert converted(Decimal("0.05"), Decimal("0.1"), 2) == Decimal("0.01")
    assert converted(Decimal("0.04"), Decimal("0.1"), 2) == 0


def wanted(quantity: int = 2, price: str = "18.5", product: int = 7, code: str = "554/1/a") -> PriceRow:
    return PriceRow(product, code, "连衣裙", Decimal(quantity), Decimal(price), 3)


def stands(number: int = 1, **changes: Any) -> dict[str, Any]:
    row = {"product_id": [7, "P"], "product_code": "554/1/a", "product_name": "连衣裙", "min_qty": 2.0, "price": 18.5,
           "currency_id": [3, "CNY"], "date_end": False}  # fmt: skip
    return {"id": number, **row, **changes}


def test_what_stands_as_it_should_changes_nothing() -> None:
    """EVT-4"""
    found = changes_of([wanted()], [stands()], "554", TODAY)
    assert (found.new, found.writes, found.ended) == ([], {}, [])


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"price": 20.0}, {"price": 18.5}),
        ({"date_end": "2026-11-01"}, {"date_end": False}),
        ({"product_code": "554/1/b"}, {"product_code": "554/1/a"}),
        ({"product_code": False}, {"product_code": "554/1/a"}),
        ({"currency_id": [1, "USD"]}, {"currency_id": 3}),
    ],
)
def test_a_row_of_the_offer_is_made_what_the_supplier_says(changes: dict[str, Any], written: dict[str, Any]) -> None:
    """PO-3: also one that had ended, one of a spec made anew, and one a person made without a code."""
    assert changes_of([wanted()], [stands(**changes)], "554", TODAY).writes == {1: written}


def test_what_is_not_asked_any_more_ends_the_day_before_and_once() -> None:
    """PRD-2: nothing is deleted."""
    gone = stands(2, min_qty=100.0)
    found = changes_of([wanted()], [stands(), gone], "554", TODAY)
    assert (found.writes, found.ended) == ({2: {"date_end": "2026-11-21"}}, [2])
    again = changes_of([wanted()], [stands(), {**gone, "date_end": "2026-11-21"}], "554", TODAY)
    assert again.writes == {}


def test_ended_rows_of_a_product_say_the_code_it_has_now() -> None:
    """PO-1: whoever looks for a product's code at the supplier must not find that of a SKU that is gone."""
    ended = stands(2, min_qty=100.0, product_code="554/0/old", date_end="2026-01-01")
    assert changes_of([wanted()], [stands(), ended], "554", TODAY).writes == {2: {"product_code": "554/1/a"}}


def test_rows_of_skipped_variants_other_offers_and_persons_stay() -> None:
    """PRD-3: a variant that is left out keeps what stands."""
    rows = [
        stands(2, product_code="554/9/x", product_id=[9, "Q"]),
        stands(3, product_code="5541/1/x", product_id=[8, "R"]),
        stands(4, product_code=False, product_id=[7, "P"], min_qty=50.0),
        stands(5, product_code=False, product_id=False),
    ]
    found = changes_of([wanted()], [stands(), *rows], "554", TODAY, spared={"9"})
    assert (found.new, found.writes) == ([], {})
