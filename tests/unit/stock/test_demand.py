"""What an order asks of each SKU (INV-2, ORD-10)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.headers import Headers
from streams.stages.demand import demands, number, quantity_text
from streams.stages.skus import Skus
from tests.builders import order, order_line
from tests.unit.stages.references import tables

HEADERS = Headers("id", "walmart", "order", 70, "c", "corr", 1_772_366_400_000, "sandbox")


def asked(*lines: object, **changes: object) -> dict[tuple[str, str], str]:
    found = demands(order("1", lines, **changes), HEADERS)  # type: ignore[arg-type]
    return {(one["sku"], one["via"]): one["quantity"] for one in found}


def test_lines_of_one_sku_are_added_up_without_what_is_cancelled() -> None:
    lines = (
        order_line("A", 3, quantity_cancelled="1"),
        order_line("B", 1, line_id="2"),
        order_line("A", 2, line_id="3"),
    )
    assert asked(*lines) == {("A", ""): "4", ("B", ""): "1"}


def test_an_order_cancelled_as_a_whole_asks_for_nothing_and_says_so() -> None:
    """Else what it held would never be free again."""
    assert asked(order_line("A", 3), status="cancelled") == {("A", ""): "0"}
    assert asked(order_line("A", 3, quantity_cancelled="3")) == {("A", ""): "0"}


def test_a_bundle_asks_for_its_parts_too() -> None:
    parts = [{"sku": "C", "quantity": "2"}, {"sku": "D", "quantity": "1"}]
    assert asked(order_line("KIT", 3, components=parts)) == {("KIT", ""): "3", ("C", "KIT"): "6", ("D", "KIT"): "3"}


@pytest.mark.parametrize("fulfilment", ["marketplace", "third_party"])
def test_an_order_somebody_else_ships_takes_nothing(fulfilment: str) -> None:
    """ORD-10: FBA and WFS have stock of their own."""
    assert asked(order_line("A", 3), fulfilment=fulfilment) == {}


def test_the_record_carries_version_and_times() -> None:
    """The version is that of the headers: capped there when the source dates it in the future."""
    (one,) = demands(order("1", [order_line("A", 3)], version=99), HEADERS)
    assert (one["key"], one["order_key"], one["source"], one["account"], one["version"], one["status"]) == (
        "sku:A", "walmart:MAIN:1", "walmart", "MAIN", 70, "created",
    )  # fmt: skip
    assert int(one["seen_at"].timestamp() * 1000) == HEADERS.fetched


def test_the_cross_reference_table_says_whose_stock_it_is() -> None:
    """ORD-9: what the marketplace calls B-1 is X-1 in Odoo; its own word is kept, for the entry may change."""
    skus = Skus(tables(("walmart", "MAIN", "B-1", "X-1")))
    lines = [order_line("B-1", 2), order_line("X-1", 1, line_id="2")]
    found = demands(order("1", lines), HEADERS, skus)
    assert [(one["key"], one["external"], one["quantity"]) for one in found] == [
        ("sku:X-1", "B-1", "2"), ("sku:X-1", "X-1", "1"),
    ]  # fmt: skip


def test_parts_of_a_bundle_are_translated_too() -> None:
    """ORD-9, ORD-10: through the bundle as Odoo calls it, so that what its kit asks for is the same demand."""
    skus = Skus(tables(("walmart", "", "BUNDLE", "KIT"), ("walmart", "", "PART", "C")))
    line = order_line("BUNDLE", 3, components=[{"sku": "PART", "quantity": "2"}])
    found = [(one["sku"], one["via"], one["external"]) for one in demands(order("1", [line]), HEADERS, skus)]
    assert found == [("KIT", "", "BUNDLE"), ("C", "KIT", "BUNDLE")]


def test_a_quantity_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a quantity"):
        asked(order_line("A", 3, quantity_cancelled="0") | {"quantity": "three"})


@pytest.mark.parametrize(
    ("value", "text"), [("3.000", "3"), ("1E+2", "100"), ("0.50", "0.5"), ("0", "0"), ("-0.0", "-0")]
)
def test_quantities_are_plain_text(value: str, text: str) -> None:
    assert quantity_text(Decimal(value)) == text
    assert number(quantity_text(Decimal(value))) == number(value)
