"""PRC-1, PRC-2: what Odoo's pricelists ask, as Odoo 18 computes it (product.pricelist.item: `_compute_price`, `_order`)."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.kit.errors import DataError
from tests.unit.odoo_capture.raws import mapped, price, rule

WEB = {"id": 1, "name": "Web", "currency": "USD", "offered": True}


def asked(*rules: dict[str, Any], **changes: Any) -> list[str]:
    (body,) = mapped("price", price(*rules, **changes))
    return [one["price"]["amount"] for one in body["pricelists"]]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        ({"compute_price": "fixed", "fixed_price": "17.50"}, "17.50"),
        ({"compute_price": "percentage", "percent_price": "12.5"}, "17.50"),
        ({"compute_price": "percentage", "percent_price": "-10"}, "22.00"),
        (
            {"compute_price": "formula", "price_discount": "12.5", "price_round": "0.5", "price_surcharge": "-0.01"},
            "17.49",
        ),
        ({"compute_price": "formula", "price_discount": "33", "price_round": "5"}, "15.00"),
        (
            {"compute_price": "formula", "base": "standard_price", "price_markup": "50", "price_discount": "-50"},
            "12.00",
        ),
        (
            {"compute_price": "formula", "base": "standard_price", "price_markup": "10", "price_min_margin": "2"},
            "10.00",
        ),
        (
            {"compute_price": "formula", "base": "standard_price", "price_markup": "90", "price_max_margin": "5"},
            "13.00",
        ),
        ({"compute_price": "percentage", "base": "standard_price", "percent_price": "25"}, "6.00"),
    ],
)
def test_one_rule(made: dict[str, Any], expected: str) -> None:
    """PRC-2: sales price 20, cost 8."""
    assert asked(rule(**made)) == [expected]


def test_without_a_rule_the_sales_price_counts() -> None:
    assert asked() == ["20.00"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"applied_on": "0_product_variant", "product_id": 2}, {"applied_on": "1_product", "product_tmpl_id": 3}),
        ({"applied_on": "1_product", "product_tmpl_id": 3}, {"applied_on": "2_product_category", "category": "All"}),
        (
            {"applied_on": "2_product_category", "category": "All / Shoes"},
            {"applied_on": "2_product_category", "category": "All"},
        ),
        ({"applied_on": "2_product_category", "category": "All"}, {"applied_on": "3_global"}),
        ({"min_quantity": "1"}, {"min_quantity": "0"}),
        ({"id": 9}, {"id": 8}),
    ],
)
def test_which_of_two_rules_counts(first: dict[str, Any], second: dict[str, Any]) -> None:
    """PRC-2: variant, product, innermost category, everything; then the newest. In whatever order they come."""
    winner, loser = rule(**{"id": 5, **first, "fixed_price": "11"}), rule(**{"id": 6, **second, "fixed_price": "12"})
    assert asked(winner, loser) == asked(loser, winner) == ["11.00"]


def test_rules_for_more_than_one_unit_do_not_count() -> None:
    assert asked(rule(min_quantity="10", fixed_price="9")) == ["20.00"]


def test_rules_with_dates_are_told_before_what_holds_else() -> None:
    """PRC-1: sale prices with dates; rules behind one that always holds never count."""
    sale = rule(
        id=3, applied_on="1_product", fixed_price="15", date_start="2026-12-01 00:00:00", date_end="2026-12-24 00:00:00"
    )
    always, hidden = rule(id=2, applied_on="1_product", fixed_price="18"), rule(id=1, fixed_price="19")
    (body,) = mapped("price", price(hidden, always, sale))
    assert [(one["price"]["amount"], one["starts_at"] is not None) for one in body["pricelists"]] == [
        ("15.00", True),
        ("18.00", False),
    ]
    assert asked(sale) == ["15.00", "20.00"]


def test_a_pricelist_based_on_another() -> None:
    """PRC-2: also when that one is not offered itself, and in another currency."""
    base = {"id": 2, "name": "Base", "currency": "EUR", "offered": False}
    rules = [
        rule(id=1, compute_price="percentage", base="pricelist", base_pricelist_id=2, percent_price="10"),
        rule(id=2, pricelist_id=2, fixed_price="18"),
    ]
    assert asked(*rules, pricelists=[WEB, base], rates={"USD": "1", "EUR": "0.9"}) == ["18.00"]


def test_another_currency_is_converted_at_odoos_rate() -> None:
    pricelist = {"id": 1, "name": "Europe", "currency": "EUR", "offered": True}
    assert asked(pricelists=[pricelist], rates={"USD": "1", "EUR": "0.925"}) == ["18.50"]
    assert asked(rule(fixed_price="17"), pricelists=[pricelist], rates={}) == ["17.00"]
    with pytest.raises(DataError, match="rates: none for EUR"):
        asked(pricelists=[pricelist], rates={})


def test_pricelists_in_a_circle_end() -> None:
    rules = [
        rule(id=1, compute_price="percentage", base="pricelist", base_pricelist_id=2, percent_price="0"),
        rule(
            id=2, pricelist_id=2, compute_price="percentage", base="pricelist", base_pricelist_id=1, percent_price="0"
        ),
    ]
    base = {"id": 2, "name": "Base", "currency": "USD", "offered": False}
    assert asked(*rules, pricelists=[WEB, base]) == ["20.00"]


def test_a_price_says_which_rule_made_it() -> None:
    """INV-6's sister: people see why."""
    made = {"compute_price": "percentage", "percent_price": "12.50", "applied_on": "2_product_category"}
    (body,) = mapped("price", price(rule(id=4, category="All / Shoes", **made)))
    assert body["pricelists"][0]["rule"] == "rule 4 (category All / Shoes): 12.5 % off"
    (body,) = mapped("price", price())
    assert body["pricelists"][0]["rule"] == "sales price"


def test_what_is_not_sold_any_more_has_no_prices() -> None:
    (body,) = mapped("price", {"version": 3, "id": 2, "sku": "A", "active": False})
    assert (body["active"], body["pricelists"], body["cost"]) == (False, [], None)


def test_halves_of_a_cent_are_rounded_as_odoo_rounds_them() -> None:
    """PRC-2: 15 % off 12.50 is 10.63 in Odoo, not 10.62."""
    assert asked(rule(compute_price="percentage", percent_price="15"), list_price="12.5") == ["10.63"]


def test_a_rate_of_many_digits_is_exact() -> None:
    """PRC-1: a dong in dollars has its first digit behind four zeros."""
    dollars = {"id": 1, "name": "Web", "currency": "USD", "offered": True}
    told = {"currency": "VND", "list_price": "2540000", "pricelists": [dollars]}
    assert asked(**told, rates={"USD": "0.00003937007874015748", "VND": "1"}) == ["100.00"]
