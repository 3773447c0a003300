"""Records as JSON that a person may edit, and back, held against the schema: every problem names its place (`lines[2].quantity`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.codec import load_schema
from schemas.walk import kind_of, named_types, one_type


class DocumentError(ValueError):
    """A document that does not fit its schema: all problems, each with its place."""


def to_document(name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """A record as plain JSON values: times as ISO text. Nothing is masked."""
    schema = load_schema(name)
    document = _Walk(schema).out(schema, value)
    assert isinstance(document, dict)
    return document


def from_document(name: str, document: Any) -> dict[str, Any]:
    """The record again. Raises DocumentError naming unknown, missing and wrong fields."""
    schema = load_schema(name)
    walk = _Walk(schema)
    value = walk.back(schema, document, "")
    if walk.problems:
        raise DocumentError("; ".join(walk.problems[:20]))
    assert isinstance(value, dict)
    return value


class _Walk:
    def __init__(self, root: Any) -> None:
        self._named = named_types(root)
        self.problems: list[str] = []

    def out(self, schema: Any, value: Any) -> Any:
        schema, _ = one_type(schema, self._named)
        kind = kind_of(schema)
        if value is None:
            return None
        if kind == "record":
            return {field["name"]: self.out(field["type"], value[field["name"]]) for field in schema["fields"]}
        if kind == "array":
            return [self.out(schema["items"], item) for item in value]
        if kind == "map":
            return {key: self.out(schema["values"], item) for key, item in value.items()}
        return value.isoformat() if isinstance(value, datetime) else value

    def back(self, schema: Any, content: Any, place: str) -> Any:
        schema, optional = one_type(schema, self._named)
        kind = kind_of(schema)
        if content is None and optional:
            return None
        if kind == "record":
            return self._record(schema, content, place)
        if kind == "array":
            if not isinstance(content, list):
                return self._wrong(place, "a list", content)
            return [self.back(schema["items"], item, f"{place}[{index}]") for index, item in enumerate(content)]
        if kind == "map":
            if not isinstance(content, dict):
                return self._wrong(place, "an object", content)
            return {key: self.back(schema["values"], item, f"{place}.{key}") for key, item in content.items()}
        if isinstance(schema, dict) and schema.get("logicalType") == "timestamp-millis":
            return self._time(content, place)
        return self._plain(kind, content, place)

    def _record(self, schema: Mapping[str, Any], content: Any, place: str) -> Any:
        if not isinstance(content, dict):
            return self._wrong(place, "an object", content)
        fields = {field["name"]: field for field in schema["fields"]}
        for name in content.keys() - fields.keys():
            self.problems.append(f"{_below(place, name)}: there is no such field")
        value = {}
        for name, field in fields.items():
            if name in content:
                value[name] = self.back(field["type"], content[name], _below(place, name))
            elif "default" in field:
                value[name] = field["default"]
            else:
                self.problems.append(f"{_below(place, name)}: is missing")
        return value

    def _time(self, content: Any, place: str) -> Any:
        try:
            moment = datetime.fromisoformat(content)
        except (TypeError, ValueError):
            return self._wrong(place, "a time such as 2026-01-31T12:00:00+00:00", content)
        return moment if moment.tzinfo else self._wrong(place, "a time with its zone", content)

    def _plain(self, kind: str, content: Any, place: str) -> Any:
        wanted: dict[str, tuple[type, str]] = {
            "string": (str, "text"), "long": (int, "a whole number"), "int": (int, "a whole number"), "boolean": (bool, "true or false"),
        }  # fmt: skip
        kind_of, words = wanted.get(kind, (str, kind))
        if not isinstance(content, kind_of) or (kind_of is int and isinstance(content, bool)):
            return self._wrong(place, words, content)
        return content

    def _wrong(self, place: str, wanted: str, content: Any) -> None:
        self.problems.append(f"{place or 'the document'}: must be {wanted}, is {type(content).__name__}")


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name
