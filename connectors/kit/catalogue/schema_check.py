"""What a marketplace's JSON Schema of a product type finds wrong with attributes, as problems for people: where, what, and what to do. Pure.

Values stand in it where they are short words to choose from; texts never do, and never the schema.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from jsonschema.exceptions import ValidationError

from connectors.kit.catalogue.problems import MISSING_REQUIRED, NOT_ALLOWED, SPEC, FieldProblem

_SHOWN_VALUES = 12
# Rule of a schema -> what is wrong and what to do.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "maxLength": "is longer than {} characters; shorten it, or give its table line limit={}",
        "minLength": "is shorter than {} characters; say more",
        "maxUtf8ByteLength": "is longer than {} bytes (accented letters take two or more); shorten it",
        "minUtf8ByteLength": "is shorter than {} bytes; say more",
        "maxItems": "has more than {} values; leave some out",
        "minItems": "has fewer than {} values; give more",
        "maxUniqueItems": "has more than {} values; leave some out",
        "minUniqueItems": "has fewer than {} different values; give more",
        "minimum": "is less than {}; correct it",
        "exclusiveMinimum": "is not more than {}; correct it",
        "maximum": "is more than {}; correct it",
        "exclusiveMaximum": "is not less than {}; correct it",
        "multipleOf": "is no multiple of {}; round it",
        "type": "is no {}; correct the conversion in its table line",
    }
)


def told(error: ValidationError, who: str) -> Iterator[FieldProblem]:
    """The problems of one error. who: the marketplace's name."""
    path = ".".join(str(part) for part in error.absolute_path if not isinstance(part, int))
    field, value, limit = path or "item", error.instance, error.validator_value
    match error.validator:
        case "required":
            text = f"{who} requires it for this product type; add a line to the attribute table"
            for name in limit if isinstance(value, dict) else ():
                if name not in value:
                    yield FieldProblem(MISSING_REQUIRED, f"{path}.{name}" if path else name, text)
        case "enum" | "const":
            allowed = limit if isinstance(limit, list) else [limit]
            yield FieldProblem(NOT_ALLOWED, field, f"{str(value)[:60]!r} is none of {_some(allowed)}")
        case "additionalProperties" | "unevaluatedProperties":
            text = "is unknown for this product type; take its line out of the table"
            for name in _unknown(error):
                yield FieldProblem(SPEC, f"{path}.{name}" if path else name, text)
        case "anyOf" | "oneOf" | "allOf" | "not":
            yield FieldProblem(SPEC, field, f"fits none of the forms the spec allows ({error.validator})")
        case rule if str(rule) in _WORDS:
            yield FieldProblem(SPEC, field, _WORDS[str(rule)].replace("{}", str(limit)[:60]))
        case rule:
            yield FieldProblem(SPEC, field, f"breaks the spec's {rule} {str(limit)[:60]}")


def _unknown(error: ValidationError) -> list[str]:
    """Names that a schema does not know; "" where it does not say which it knows."""
    schema = error.schema if isinstance(error.schema, dict) else {}
    known = schema.get("properties")
    return (
        sorted(set(error.instance) - set(known)) if isinstance(known, dict) and isinstance(error.instance, dict) else []
    )


def _some(values: Sequence[Any]) -> str:
    shown = ", ".join(str(value) for value in values[:_SHOWN_VALUES])
    return f"{shown} and {len(values) - _SHOWN_VALUES} more" if len(values) > _SHOWN_VALUES else shown
