"""Walmart's item spec of one product type: where an attribute belongs, what is required, which values are allowed. Pure.

`POST /v3/items/spec` answers {"schema": JSON schema of a whole feed}; an item's part is at properties.MPItem.items.properties, its Visible block
keyed by product type. Which block an attribute is in changes between versions and types (productName is Visible since 5.0), so the spec decides
where it is known, and the table's block only where it is not.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from connectors.kit.catalogue.problems import MISSING_REQUIRED, NOT_ALLOWED, SPEC, FieldProblem

logger = logging.getLogger(__name__)
NOT_IN_SPEC = "NOT_IN_SPEC"
Json = dict[str, Any]
_SHOWN_VALUES = 12
_MOST_PROBLEMS = 50


class ItemSpec:
    """The spec of one product type."""

    def __init__(self, orderable: Mapping[str, Any], visible: Mapping[str, Any]) -> None:
        self._schemas = {"orderable": orderable, "visible": visible}
        self._properties = {
            name: frozenset(_object(schema.get("properties"))) for name, schema in self._schemas.items()
        }

    def placed(self, orderable: Json, visible: Json, optional: Collection[str]) -> tuple[Json, Json, list[str]]:
        """Attributes in the blocks the spec has them in, and notes. Of `optional` ones those the type does not know are left out."""
        placed: dict[str, Json] = {"orderable": {}, "visible": {}}
        notes = []
        for block, values in (("orderable", orderable), ("visible", visible)):
            for name, value in values.items():
                home = self._home(name, block)
                if home is None and name in optional:
                    notes.append(f"{name} {NOT_IN_SPEC}")
                    continue
                placed[home or block][name] = value
        return placed["orderable"], placed["visible"], notes

    def problems(self, orderable: Json, visible: Json, known: Collection[str] = ()) -> list[FieldProblem]:
        """What breaks the spec; nothing about attributes in `known`, which are told already."""
        found: list[FieldProblem] = []
        for block, values in (("orderable", orderable), ("visible", visible)):
            for problem in self._in_block(block, values):
                if problem.field.split(".")[0] not in known and problem not in found:
                    found.append(problem)
        return found[:_MOST_PROBLEMS]

    def _in_block(self, block: str, values: Json) -> Iterator[FieldProblem]:
        schema = self._schemas[block]
        kind = validator_for(schema, default=Draft7Validator)
        # An empty registry: a schema never makes us fetch another one.
        validator = kind(schema, registry=Registry())
        try:
            for error in validator.iter_errors(values):
                yield from _told(error)
        except Unresolvable:
            logger.warning("spec_unreadable", extra={"block": block})

    def _home(self, name: str, block: str) -> str | None:
        if name in self._properties[block] or not any(self._properties.values()):
            return block
        return next((other for other, names in self._properties.items() if name in names), None)


def part_for(schema: Mapping[str, Any], product_type: str) -> Json | None:
    """The schema of one type alone, to be kept; None when the type is not in it."""
    item = _object(_object(_object(_object(schema.get("properties")).get("MPItem")).get("items")).get("properties"))
    visible = _object(_object(item.get("Visible")).get("properties")).get(product_type)
    if not isinstance(visible, dict):
        return None
    return {"orderable": _object(item.get("Orderable")), "visible": visible}


def product_types_in(taxonomy: Any) -> frozenset[str]:
    """Names of all product types in a taxonomy answer.

    By spec 5.0: {"itemTaxonomy": [{category, productTypeGroup: [{productTypeGroupName, productType: [{productTypeName}]}]}]}, a single category
    also as an object; older answers: {"payload": [{category, subcategory: [{subCategoryName}]}]}.
    """
    found: set[str] = set()
    waiting = [taxonomy]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            found |= {one[name] for name in ("productTypeName", "subCategoryName") if isinstance(one.get(name), str)}
            waiting += [value for value in one.values() if isinstance(value, list | dict)]
    return frozenset(found)


def _told(error: ValidationError) -> Iterator[FieldProblem]:
    path = ".".join(str(part) for part in error.absolute_path if not isinstance(part, int))
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "required":
            names = [name for name in limit if isinstance(value, dict) and name not in value]
            for name in names:
                field = f"{path}.{name}" if path else name
                yield FieldProblem(
                    MISSING_REQUIRED,
                    field,
                    "Walmart requires it for this product type; add a line to the attribute table",
                )
        case "enum" | "const":
            allowed = limit if isinstance(limit, list) else [limit]
            yield FieldProblem(NOT_ALLOWED, path, f"{str(value)[:60]!r} is none of {_some(allowed)}")
        case "additionalProperties":
            names = sorted(
                set(_object(value))
                - set(_object(error.schema.get("properties") if isinstance(error.schema, dict) else None))
            )
            for name in names:
                yield FieldProblem(
                    SPEC,
                    f"{path}.{name}" if path else name,
                    "is unknown for this product type; take its line out of the table",
                )
        case "anyOf" | "oneOf" | "allOf":
            yield FieldProblem(SPEC, path or "item", f"fits none of the forms the spec allows ({error.validator})")
        case rule:
            yield FieldProblem(SPEC, path or "item", f"breaks the spec's {rule} {str(limit)[:60]}")


def _some(values: Sequence[Any]) -> str:
    shown = ", ".join(str(value) for value in values[:_SHOWN_VALUES])
    return f"{shown} and {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else shown


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
