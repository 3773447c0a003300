"""Listings against the schema of their product type (PRD-3): JSON Schema 2019-09 with Amazon's own words."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest

from connectors.amazon.definition_schema import DefinitionSchema
from connectors.kit.catalogue.problems import FieldProblem

DE, FR = "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
META = "https://schemas.amazon.com/selling-partners/definitions/product-types/meta-schema/v1"


def attribute(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"type": "object", "properties": items}, **more}


# In the form of a definition that Amazon links to; the words of our own.
SCHEMA: dict[str, Any] = {
    "$schema": META,
    "$id": "https://schemas.amazon.com/selling-partners/definitions/product-types/schema/v1/LAMP",
    "$comment": "of a lamp",
    "type": "object",
    "required": ["item_name"],
    "$defs": {"language_tag": {"enum": ["de_DE", "fr_FR"], "enumNames": ["German", "French"]}, "marketplace_id": {"type": "string"}},
    "properties": {
        "item_name": attribute(
            {"value": {"type": "string", "maxLength": 20, "minUtf8ByteLength": 2, "maxUtf8ByteLength": 12, "editable": True},
             "language_tag": {"$ref": "#/$defs/language_tag"}, "marketplace_id": {"$ref": "#/$defs/marketplace_id"}},
            selectors=["marketplace_id", "language_tag"], minUniqueItems=1, maxUniqueItems=1, hidden=False,
        ),
        "bullet_point": attribute({"value": {"type": "string"}}, selectors=["marketplace_id"], minUniqueItems=2, maxUniqueItems=3),
        "colors": attribute({"value": {"type": "string", "pattern": "^[a-z]+$"}}, maxUniqueItems=2),
        "odd_pattern": attribute({"value": {"type": "string", "pattern": r"^\p{Lu}(?<name>x)$"}}),
        "weight": attribute({"value": {"type": "number", "multipleOf": Decimal("0.01"), "maximum": 100}, "unit": {"enum": ["grams", "pounds"]}}),
        "batteries_required": attribute({"value": {"type": "boolean"}}),
        "battery": attribute({"value": {"type": "string"}}),
        "style": attribute({"value": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "string", "enum": ["modern"]}]}}),
    },
    "allOf": [
        {"if": {"required": ["batteries_required"], "properties": {"batteries_required": {"contains": {"properties": {"value": {"const": True}}}}}},
         "then": {"required": ["battery"]}}
    ],
    "additionalProperties": False,
    "propertyGroups": {"unknown": "word"},
}  # fmt: skip
GOOD: dict[str, Any] = {"item_name": [{"value": "Lampe", "language_tag": "de_DE", "marketplace_id": DE}]}


def found(**attributes: Any) -> list[tuple[str, str]]:
    """(field, first words of what to do)"""
    problems = DefinitionSchema(SCHEMA, "LAMP").problems({**GOOD, **attributes})
    return [(one.field, one.detail[:30]) for one in problems]


def values(*texts: Any, **more: Any) -> list[dict[str, Any]]:
    return [{"value": text, **more} for text in texts]


def test_what_amazon_would_take_is_not_held() -> None:
    """Each marketplace and language may have its own; words that only inform, and those nobody knows, say nothing."""
    both = [*GOOD["item_name"], {"value": "Lampe", "language_tag": "fr_FR", "marketplace_id": FR}]
    assert found(item_name=both, weight=[{"value": Decimal("19.99"), "unit": "grams"}], style=values("modern")) == []
    assert found(bullet_point=[*values("a", "b", marketplace_id=DE), *values("c", "d", "e", marketplace_id=FR)]) == []
    assert found(odd_pattern=values("anything"), batteries_required=values(False)) == []


@pytest.mark.parametrize(
    ("attributes", "problems"),
    [
        ({"item_name": values("ä" * 7)}, [("item_name.value", "is longer than 12 bytes (accented l")]),
        ({"item_name": values("L")}, [("item_name.value", "is shorter than 2 bytes; say more")]),
        ({"item_name": values("L" * 21)},
         [("item_name.value", "is longer than 20 characters; shorten it"), ("item_name.value", "is longer than 12 bytes (accented letters")]),
        ({"item_name": values("Lamp", "Light")}, [("item_name", "has more than 1 values; leave some")]),
        ({"item_name": values("Lamp", "Lamp")}, []),  # the same twice is one
        ({"bullet_point": values("a", marketplace_id=DE)}, [("bullet_point", "has fewer than 2 different values;")]),
        ({"bullet_point": values("a", "b", "c", "d", marketplace_id=DE)}, [("bullet_point", "has more than 3 values; leave some")]),
        ({"bullet_point": [*values("a", marketplace_id=DE), *values("b", marketplace_id=FR)]}, []),  # two in all
        ({"colors": values("red", "green", "blue")}, [("colors", "has more than 2 values; leave some")]),
        ({"colors": values("RED")}, [("colors.value", "breaks the spec's pattern ^[a-z]+$")]),
        ({"weight": [{"value": Decimal("19.999"), "unit": "stone"}]},
         [("weight.value", "is no multiple of 0.01; round it"), ("weight.unit", "'stone' is none of grams, pounds")]),
        ({"weight": [{"value": "heavy"}]}, [("weight.value", "is no number; correct the conversi")]),
        ({"weight": []}, [("weight", "has fewer than 1 values; give more")]),
        ({"style": values("classic")}, [("style.value", "fits none of the forms the spec al")]),
        ({"batteries_required": values(True)}, [("battery", "Amazon requires it for this produc")]),
        ({"colour": values("red")}, [("colour", "is unknown for this product type; ")]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_attribute_with_what_to_do(
    attributes: dict[str, Any], problems: list[tuple[str, str]]
) -> None:
    assert sorted(found(**attributes)) == sorted((field, text[:30]) for field, text in problems)


def test_what_is_required_is_missed_by_name() -> None:
    (problem,) = DefinitionSchema(SCHEMA).problems({})
    assert problem == FieldProblem(
        "MISSING_REQUIRED", "item_name", "Amazon requires it for this product type; add a line to the attribute table"
    )


def test_neither_texts_nor_the_schema_are_told() -> None:
    """SEC-3: a text may hold an address; a schema is megabytes."""
    secret = "call 555-0100 " * 10
    problems = DefinitionSchema(SCHEMA).problems({"item_name": values(secret), "style": values(secret)})
    assert problems
    assert not any("555" in str(one) or len(str(one)) > 300 for one in problems)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://elsewhere.example/schema"},
        {"properties": {"item_name": {"$ref": "#/$defs/none"}}},
        {"type": "amazon_object"},
        {"properties": 5},
        {"properties": {"item_name": {"maxItems": "many"}}},
        {"properties": {"item_name": {"maxUniqueItems": "many"}}},
        {"properties": {"item_name": {"selectors": 7, "maxUniqueItems": 1}}},
        {"required": 5},
        {"allOf": "x"},
    ],
)
def test_a_schema_that_is_not_understood_holds_nothing(
    schema: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert DefinitionSchema(schema, "LAMP").problems(GOOD) == []
    assert "amazon_schema_not_understood name=LAMP" in caplog.text
