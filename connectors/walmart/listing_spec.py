"""Walmart's item spec of one product type: where an attribute belongs, what is required, which values are allowed. Pure.

`POST /v3/items/spec` answers {"schema": JSON schema of a whole feed}; an item's part is at properties.MPItem.items.properties, its Visible block
keyed by product type. Which block an attribute is in changes between versions and types (productName is Visible since 5.0), so the spec decides
where it is known, and the table's block only where it is not.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from connectors.kit.catalogue.problems import FieldProblem
from connectors.kit.catalogue.schema_check import told

logger = logging.getLogger(__name__)
NOT_IN_SPEC = "NOT_IN_SPEC"
Json = dict[str, Any]
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
                yield from told(error, "Walmart")
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


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
