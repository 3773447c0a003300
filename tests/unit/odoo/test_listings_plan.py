"""What a listing says of a product's fields, and what is remembered of it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connectors.odoo.listing_settings import ListingSettings
from connectors.odoo.listings_plan import Memory, said_by
from tests.builders import money
from tests.odoo_records import listing_of

TYPES = {"name": "char", "description": "html", "description_sale": "text", "barcode": "char", "list_price": "float",
         "weight": "float", "x_count": "integer", "x_ok": "boolean"}  # fmt: skip


def said(fields: dict[str, str], **changes: object) -> tuple[dict[str, object], list[str]]:
    found = said_by(listing_of("A", **changes), fields, TYPES, "USD")
    return found.values, found.notes


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("weight", "2.5", 2.5),
        ("weight", "heavy", None),
        ("weight", "Infinity", None),
        ("x_count", "3", 3),
        ("x_count", "3.0", 3),
        ("x_count", "3.5", None),
        ("x_ok", "Yes", True),
        ("x_ok", "no", False),
        ("x_ok", "maybe", None),
        ("name", "anything", "anything"),
    ],
)
def test_an_attribute_becomes_a_value_of_the_fields_type(field: str, text: str, value: object) -> None:
    """PRD-5: what does not fit is told and left out."""
    values, notes = said({field: "attributes.Attr"}, attributes={"attr": text})
    assert (values, notes) == (({}, [f"unfit_{field}"]) if value is None else ({field: value}, []))


def test_what_a_listing_does_not_say_changes_nothing() -> None:
    """PRD-2"""
    assert said({"barcode": "barcode", "list_price": "price", "weight": "attributes.weight"}) == ({}, [])


def test_a_price_in_another_currency_is_left_out() -> None:
    """PRD-2: Odoo's list price is in the company's currency."""
    assert said({"list_price": "price"}, price=money("9.99")) == ({"list_price": 9.99}, [])
    assert said({"list_price": "price"}, price=money("9.99", "CAD")) == ({}, ["price_in_CAD"])


def test_a_description_is_markup_only_where_the_field_is() -> None:
    """PRD-2"""
    text = "<p>Fine &amp; small</p>"
    assert said({"description": "description"}, description=text)[0] == {"description": text}
    assert said({"description_sale": "description"}, description=text)[0] == {"description_sale": "Fine & small"}


def test_memory_survives_being_kept_and_anything_else_is_no_memory() -> None:
    """PRD-2: whatever a person did to the attachment, the worst is a conflict told once more."""
    memory = Memory("d1", {"list_price": 9.5, "name": "Ä"}, ({"field": "name"},))
    assert Memory.read(memory.datas()) == memory
    for broken in ("", False, None, "!!!", "e30=", "W10="):
        assert Memory.read(broken) == Memory()


def test_fields_are_checked_at_start_and_defaults_can_be_switched_off() -> None:
    """PRD-5"""
    assert ListingSettings(fields={"name": "", "x_brand": "brand"}).wanted() == {
        "description_sale": "description", "barcode": "barcode", "list_price": "price", "x_brand": "brand",
    }  # fmt: skip
    with pytest.raises(ValidationError, match=r"'colour' is no part of a listing"):
        ListingSettings(fields={"x_colour": "colour"})
