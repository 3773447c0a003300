"""Walking Avro schemas: a named type is defined where it first stands and only named afterwards."""

from __future__ import annotations

from typing import Any


def named_types(schema: Any) -> dict[str, Any]:
    """Every record type of a schema by its name, at whatever depth it is defined."""
    found: dict[str, Any] = {}
    _collect(schema, found)
    return found


def one_type(schema: Any, named: dict[str, Any]) -> tuple[Any, bool]:
    """A field's type with names looked up, and whether null is allowed. Our unions are null and one other."""
    optional = isinstance(schema, list)
    if optional:
        schema = next(item for item in schema if item != "null")
    while isinstance(schema, dict) and isinstance(schema["type"], dict):
        schema = schema["type"]
    return (named.get(schema, schema) if isinstance(schema, str) else schema), optional


def kind_of(schema: Any) -> str:
    """`record`, `array`, `map`, `string`, `long`, ..."""
    return str(schema["type"] if isinstance(schema, dict) else schema)


def _collect(schema: Any, found: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for item in schema:
            _collect(item, found)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            found[schema["name"]] = schema
        for inner in (*schema.get("fields", ()), schema.get("items"), schema.get("values"), schema["type"]):
            _collect(inner, found)
