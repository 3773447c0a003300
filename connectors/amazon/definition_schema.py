"""The JSON Schema of a product type, and what it finds wrong with attributes before Amazon does. Pure.

(Source: developer-docs.amazon.com/sp-api/docs/product-type-definition-meta-schema: JSON Schema 2019-09 with words of Amazon's own.) Of those words
the ones that say what is valid are known here: maxUniqueItems, minUniqueItems (with `selectors`), maxUtf8ByteLength, minUtf8ByteLength. All others
inform. The check saves a round trip and Amazon makes it again, so where a schema cannot be understood, nothing is wrong.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft201909Validator
from jsonschema.exceptions import UnknownType, ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from connectors.kit import exact_json
from connectors.kit.catalogue.problems import FieldProblem
from connectors.kit.catalogue.schema_check import told

logger = logging.getLogger(__name__)

_MOST_PROBLEMS = 50
# What working with a schema raises that is not of the form it should have.
_NOT_UNDERSTOOD = (
    Unresolvable, UnknownType, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, re.error
)  # fmt: skip
Errors = Iterator[ValidationError]


class DefinitionSchema:
    """Of one product type, marketplace and set of requirements. name: for logs."""

    def __init__(self, schema: Mapping[str, Any], name: str = "") -> None:
        # The meta-schema it names is no address, and a schema never makes us fetch another one.
        own = {word: value for word, value in schema.items() if word != "$schema"}
        self._validator = _Validator(own, registry=Registry())
        self._name = name

    def problems(self, attributes: Mapping[str, Any]) -> list[FieldProblem]:
        """What is wrong, each once and for each attribute; empty also where the schema is not understood."""
        try:
            # As Amazon reads them: lists and objects, numbers with all their digits.
            sent = exact_json.loads(exact_json.dumps(dict(attributes)))
            found = [problem for error in self._validator.iter_errors(sent) for problem in told(error, "Amazon")]
        except _NOT_UNDERSTOOD as error:
            logger.warning("amazon_schema_not_understood name=%s error=%s", self._name, type(error).__name__)
            return []
        return list(dict.fromkeys(found))[:_MOST_PROBLEMS]


def _max_unique(validator: Any, limit: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
    """Values that differ, of each that the selectors tell apart (each marketplace, each language)."""
    if max(map(len, _groups(instance, schema)), default=0) > limit:
        yield ValidationError(f"more than {limit}")


def _min_unique(validator: Any, limit: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
    """Whether also of each that the selectors tell apart is not said: the lenient reading."""
    if isinstance(instance, list) and len(set().union(*_groups(instance, schema))) < limit:
        yield ValidationError(f"fewer than {limit}")


def _max_bytes(validator: Any, limit: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
    if isinstance(instance, str) and len(instance.encode()) > limit:
        yield ValidationError(f"more than {limit} bytes")


def _min_bytes(validator: Any, limit: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
    if isinstance(instance, str) and len(instance.encode()) < limit:
        yield ValidationError(f"fewer than {limit} bytes")


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Mapping[str, Any]) -> Errors:
    """Patterns are of another dialect: one that cannot be read here says nothing."""
    try:
        fits = not isinstance(instance, str) or re.search(pattern, instance) is not None
    except (re.error, TypeError):
        return
    if not fits:
        yield ValidationError("does not fit")


def _groups(instance: Any, schema: Mapping[str, Any]) -> list[set[bytes]]:
    if not isinstance(instance, list):
        return []
    selectors = schema.get("selectors", [])
    found: defaultdict[bytes, set[bytes]] = defaultdict(set)
    for one in instance:
        chosen = [one.get(name) for name in selectors] if isinstance(one, dict) else []
        found[exact_json.dumps(chosen)].add(exact_json.dumps(one))
    return list(found.values())


_Validator: Any = extend(
    Draft201909Validator,
    {
        "maxUniqueItems": _max_unique,
        "minUniqueItems": _min_unique,
        "maxUtf8ByteLength": _max_bytes,
        "minUtf8ByteLength": _min_bytes,
        "pattern": _pattern,
    },
)
