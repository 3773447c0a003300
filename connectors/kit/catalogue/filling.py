"""A product and a table's lines -> the marketplace's values, and all that is wrong; the opposite for catalogue-in. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from connectors.kit.catalogue.conversion import Around, NotInTable
from connectors.kit.catalogue.problems import (
    BAD_GTIN,
    BAD_VALUE,
    CONVERSION,
    MISSING_REQUIRED,
    NOT_ALLOWED,
    FieldProblem,
)
from connectors.kit.catalogue.tables import AttributeLine, Source
from connectors.kit.catalogue.text import Cleaned
from schemas.records import Listing, Product

_SHOWN_VALUES = 8


@dataclass(slots=True)
class Filled:
    """values: block -> the item's part of that name; notes: `attribute CODE` of what was changed on the way; sources: what each
    attribute was really filled from, by its name (defaults are not in it)."""

    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    sources: dict[str, Source] = field(default_factory=dict)


@dataclass(slots=True)
class Back:
    """values: Odoo's field names with what to write there."""

    values: dict[str, Any] = field(default_factory=dict)
    problems: list[FieldProblem] = field(default_factory=list)


def filled(product: Product, lines: Sequence[AttributeLine], around: Around, scope: str) -> Filled:
    """scope: `marketplace:account`, for the names of what a product waits for."""
    result = Filled()
    for line in lines:
        if line.direction == "in":
            continue
        value = _converted(product, line, around, scope, result)
        if value is None:
            if line.required and not any(problem.field == _field(line) for problem in result.problems):
                detail = f"is required; fill {' or '.join(map(str, line.sources)) or 'a default'}"
                result.problems.append(FieldProblem(MISSING_REQUIRED, _field(line), detail))
            continue
        _check_allowed(line, value, result)
        _put(result.values.setdefault(line.block, {}), line.attribute, value)
    return result


def value_of(product: Product, source: Source) -> Any:
    """What stands there; None when there is nothing. What is no JSON in a custom field counts as text."""
    if source.kind == "constant":
        return source.name
    if source.kind == "attributes":
        wanted = source.name.casefold()
        return next((text for name, text in product["attributes"].items() if name.casefold() == wanted and text), None)
    if source.kind == "fields":
        return _custom(product["fields"].get(source.name, ""))
    value = product.get(source.name)
    return value if value not in ("", None, []) else None


def odoo_values(
    listing: Listing, lines: Sequence[AttributeLine], around: Around, own: Mapping[str, str] | None = None
) -> Back:
    """Catalogue-in: the marketplace's attributes that a table sends back, as values of Odoo's fields (also x_...).

    own: attributes the record keeps in fields of its own: marketplace's name -> `title`, `brand` ...
    """
    result = Back()
    for line in lines:
        if line.direction == "out" or line.conversion.back is None:
            continue
        given = _given(listing, line, own or {})
        if given in (None, ""):
            continue
        target = line.sources[0].name
        try:
            result.values[target] = line.conversion.back(given, line.options, around)
        except ValueError as error:
            result.problems.append(FieldProblem(BAD_VALUE, f"{target} <- {line.name}", str(error)))
    return result


def _converted(product: Product, line: AttributeLine, around: Around, scope: str, result: Filled) -> Any:
    raw, source = _chosen(product, line)
    if source is not None:
        result.sources[line.name] = source
    if raw is None:
        return None
    try:
        value = line.conversion.out(raw, line.options, around)
    except NotInTable as gap:
        waiting_for = f"value:{scope}:{gap.table}:{gap.value}"
        result.problems.append(FieldProblem(BAD_VALUE, _field(line), str(gap), waiting_for))
        return None
    except ValueError as error:
        code = BAD_GTIN if line.conversion.name == "gtin" else BAD_VALUE
        result.problems.append(FieldProblem(code, _field(line), str(error)))
        return None
    except Exception as error:  # noqa: BLE001 - a user's own function may fail in any way; that is one item's trouble, not a batch's
        detail = f"the conversion {line.conversion.name} failed ({type(error).__name__}); mend it or name another in {line.place}"
        result.problems.append(FieldProblem(CONVERSION, _field(line), detail))
        return None
    if isinstance(value, Cleaned):
        result.notes.extend(f"{line.name} {note}" for note in value.notes)
        value = value.text
    return value if value not in ("", [], {}) else None


def _check_allowed(line: AttributeLine, value: Any, result: Filled) -> None:
    if not line.allowed:
        return
    for one in value if isinstance(value, list) else [value]:
        if str(one) not in line.allowed:
            some = ", ".join(line.allowed[:_SHOWN_VALUES]) + (" ..." if len(line.allowed) > _SHOWN_VALUES else "")
            result.problems.append(FieldProblem(NOT_ALLOWED, _field(line), f"{str(one)[:60]!r} is none of {some}"))


def _put(block: dict[str, Any], path: Sequence[str], value: Any) -> None:
    *parents, last = path
    for name in parents:
        block = block.setdefault(name, {})
    block[last] = value


def _field(line: AttributeLine) -> str:
    return f"{line.name} <- {' | '.join(map(str, line.sources))}" if line.sources else line.name


def _custom(text: str) -> Any:
    if not text:
        return None
    try:
        value = json.loads(text, parse_float=Decimal)
    except ValueError:
        return text
    return value if value not in (None, "", []) else None


def _chosen(product: Product, line: AttributeLine) -> tuple[Any, Source | None]:
    """The first source that says something, and which one; else the default."""
    for source in line.sources:
        value = value_of(product, source)
        if value is not None and (value is not False or line.conversion.takes_false):
            return value, source
    return line.default or None, None


def _given(listing: Listing, line: AttributeLine, own: Mapping[str, str]) -> Any:
    text = listing["attributes"].get(line.name, "")
    if not text:
        return listing.get(own.get(line.name, ""))
    if text[:1] in "[{":
        try:
            return json.loads(text, parse_float=Decimal)
        except ValueError:
            return text
    return text
