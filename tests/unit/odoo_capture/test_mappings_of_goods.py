"""RET-2, INV-2, ORD-10, PRD-1, PRD-5: refunds, stock, products and purchases from raw payloads of Odoo."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.errors import DataError
from connectors.odoo.capture_mapping.refunds import split
from tests.unit.odoo_capture.raws import credit_note, mapped, note_line, product, purchase, stock, stock_move

# ---- refunds


def test_shipping_and_taxes_are_shared_out_over_the_goods_to_the_cent() -> None:
    """RET-2: a marketplace refunds by line; nothing is lost in rounding."""
    lines = [
        note_line(amount="10", quantity="1"),
        note_line(id=2, line_id="2", sku="B", amount="20", quantity="2"),
        note_line(id=3, kind="shipping", line_id="", sku="MKT-SHIPPING", amount="5"),
        note_line(id=4, kind="tax", line_id="", sku="MKT-TAX", amount="0", tax="2.81"),
    ]
    (body,) = mapped("refund", credit_note(*lines, total="37.81"))
    one, two = body["lines"]
    assert (one["amount"]["amount"], one["shipping"]["amount"], two["shipping"]["amount"]) == ("10.00", "1.67", "3.33")
    parts = [line[name]["amount"] for line in body["lines"] for name in ("amount", "tax", "shipping", "shipping_tax")]
    assert sum(round(float(part) * 100) for part in parts) == 3781
    assert body["total"] == {"amount": "37.81", "currency": "USD"}


def test_a_refund_of_shipping_alone_names_no_line() -> None:
    (body,) = mapped("refund", credit_note(note_line(kind="shipping", line_id="", amount="5", tax="0.4"), total="5.4"))
    assert [(one["line_id"], one["shipping"]["amount"], one["shipping_tax"]["amount"]) for one in body["lines"]] == [
        ("", "5.00", "0.40")
    ]


def test_taxes_of_rates_stand_on_their_lines() -> None:
    (body,) = mapped("refund", credit_note(note_line(amount="40", tax="6", quantity="2"), total="46"))
    assert body["lines"][0]["tax"] == {"amount": "6.00", "currency": "USD"}


def test_two_prices_and_extras_of_a_line_are_one_line() -> None:
    lines = [
        note_line(amount="6.66", quantity="2"),
        note_line(id=2, amount="3.34"),
        note_line(id=3, kind="extra", sku="MKT-FEE", amount="1"),
    ]
    (body,) = mapped("refund", credit_note(*lines, total="11"))
    assert [(one["quantity"], one["amount"]["amount"], one["sku"]) for one in body["lines"]] == [("3", "11.00", "A")]


def test_a_note_of_several_orders_is_refused_in_words() -> None:
    with pytest.raises(DataError, match="2 marketplace orders"):
        mapped("refund", credit_note(note_line(), order_keys=["walmart:main:1", "walmart:main:2"]))


amounts = st.decimals(min_value=0, max_value=1000, places=2)


@given(total=amounts, weights=st.lists(amounts, min_size=1, max_size=6))
def test_shares_add_up(total: Any, weights: Any) -> None:
    """RET-2."""
    parts = split(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)


# ---- stock


def test_what_each_order_takes_adds_up_over_its_moves() -> None:
    """INV-2: a delivery in two, a cancelled rest, another order."""
    moves = [
        stock_move(state="done", demanded="2", quantity="2"),
        stock_move(id=2, state="partially_available", demanded="3", quantity="1"),
        stock_move(id=3, state="cancel", demanded="4", quantity="0"),
        stock_move(id=4, order_key="walmart:main:OTHER", state="confirmed", demanded="1", quantity="0"),
    ]
    (body,) = mapped("quant", stock(*moves))
    assert body["orders"] == [
        {"order_key": "walmart:main:PO", "demanded": "9", "reserved": "1", "done": "2", "cancelled": "4"},
        {"order_key": "walmart:main:OTHER", "demanded": "1", "reserved": "0", "done": "0", "cancelled": "0"},
    ]


def test_orders_of_a_kit_count_in_kits() -> None:
    """ORD-10."""
    parts = [{"product_id": 5, "sku": "BOARD", "quantity": "2"}, {"product_id": 6, "sku": "SCREW", "quantity": "8"}]
    moves = [
        stock_move(product_id=5, demanded="6", quantity="6"),
        stock_move(id=2, product_id=6, demanded="24", quantity="8"),
    ]
    (body,) = mapped("quant", stock(*moves, components=parts))
    assert body["kit"] is True
    assert body["orders"] == [
        {"order_key": "walmart:main:PO", "demanded": "3", "reserved": "1", "done": "0", "cancelled": "0"}
    ]


def test_what_is_not_sold_any_more_has_no_stock() -> None:
    (body,) = mapped(
        "quant", {"version": 5, "read_at": 1795262911208, "active": False, "product": {"id": 2, "sku": "A"}}
    )
    assert (body["active"], body["locations"], body["orders"]) == (False, [], [])


# ---- products and purchases


def test_measures_are_metric() -> None:
    """PRD-1: exact by definition."""
    (body,) = mapped("product", product(weight="1.5", weight_unit="lb", volume="2", volume_unit="ft³"))
    assert (body["weight_kg"], body["volume_m3"]) == ("0.680389", "0.056634")
    (body,) = mapped("product", product())
    assert (body["weight_kg"], body["volume_m3"]) == ("", "")


def test_variants_share_a_group() -> None:
    values = [("Color", "Red"), ("Material", "Wood"), ("Material", "Steel")]
    attributes = [{"attribute": name, "value": value} for name, value in values]
    (body,) = mapped("product", product(variants=3, choices=["Color"], attributes=attributes))
    assert (body["variant_group"], body["variant_attributes"]) == ("odoo:product_template:3", ["Color"])
    assert body["attributes"] == {"Color": "Red", "Material": "Wood, Steel"}


def test_further_fields_are_json_text() -> None:
    """PRD-5."""
    (body,) = mapped("product", product(fields={"x_map": 12.5, "x_warn": "hot", "x_off": False}))
    assert body["fields"] == {"x_map": "12.5", "x_off": "false", "x_warn": '"hot"'}


def test_a_purchase_order_has_its_lines() -> None:
    (body,) = mapped("purchase_order", purchase())
    assert body["lines"][0]["unit_price"] == {"amount": "2.5", "currency": "USD"}
    assert body["planned_at"] is None


def test_a_purchase_order_has_its_warehouse() -> None:
    """PO-1: raw records of before it was read have none."""
    assert mapped("purchase_order", purchase())[0]["warehouse"] == ""
    assert mapped("purchase_order", purchase(warehouse="YIWU"))[0]["warehouse"] == "YIWU"
