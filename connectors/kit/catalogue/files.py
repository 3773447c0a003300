"""Table files named in the configuration -> checked `Tables`. What is wrong is told all at once with file, line, column and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar, cast

from connectors.kit.catalogue.colours import Colours, folded
from connectors.kit.catalogue.conversion import Around, Conversion
from connectors.kit.catalogue.html import HtmlPolicy
from connectors.kit.catalogue.rows import Faults, Row, did_you_mean, rows_in
from connectors.kit.catalogue.tables import (
    ANY,
    AttributeLine,
    CategoryLine,
    Direction,
    Place,
    Source,
    Tables,
    levels_of,
)
from schemas.records import Product

CATEGORY_COLUMNS = ("category", "product_type", "path")
ATTRIBUTE_COLUMNS = (
    "product_type", "block", "attribute", "from", "convert", "options", "required", "default", "allowed", "direction", "note",
)  # fmt: skip
COLOUR_COLUMNS = ("colour", "synonyms")
VALUE_COLUMNS = ("value", "becomes")
_DIRECTIONS = ("out", "in", "both")
_RECORD_FIELDS = frozenset(Product.__annotations__) - {"attributes", "fields", "images", "key", "version"}
_NOT_WRITABLE = frozenset(
    ("sku", "product_id", "template_id", "active", "images", "variant_group", "variant_attributes")
)
_Line = TypeVar("_Line", CategoryLine, AttributeLine)


@dataclass(frozen=True, slots=True)
class TableFiles:
    """Where the tables are. Later files add to earlier ones; of two lines that say the same of an attribute the later one counts.

    values: name -> CSV with the columns value, becomes; blocks: the parts of an item an attribute can be in, the first is the usual one.
    """

    categories: Sequence[Path] = ()
    attributes: Sequence[Path] = ()
    colours: Sequence[Path] = ()
    values: Mapping[str, Path] = field(default_factory=dict)
    blocks: Sequence[str] = ("visible",)

    def all(self) -> tuple[Path, ...]:
        """Every file, for seeing whether one changed."""
        return (*self.categories, *self.attributes, *self.colours, *self.values.values())


def load(files: TableFiles, conversions: Mapping[str, Conversion], html: HtmlPolicy | None = None) -> Tables:
    """Raises TableError telling every fault of every file."""
    faults = Faults()
    categories = [line for path in files.categories for line in _categories(path, faults)]
    _check_twice(categories, lambda line: "/".join(line.pattern), "category", faults)
    values = {name: _values(path, faults) for name, path in files.values.items()}
    attributes = [line for path in files.attributes for line in _attributes(path, files, conversions, values, faults)]
    around = Around(
        _colours(files.colours, faults),
        html or HtmlPolicy(),
        {name: {folded(word): becomes for word, becomes in pairs.items()} for name, pairs in values.items()},
        {name: _backward(pairs) for name, pairs in values.items()},
    )
    faults.raise_if_any()
    return Tables(categories, attributes, around)


def _categories(path: Path, faults: Faults) -> list[CategoryLine]:
    found = []
    for row in rows_in(path, "category", CATEGORY_COLUMNS, CATEGORY_COLUMNS[:2], faults):
        levels = levels_of(row.text("category"))
        if not levels or not row.text("product_type"):
            column = "product_type" if levels else "category"
            faults.add(
                row.place,
                column,
                "is empty; write the complete name as in Odoo (All / Home / Lamps), * for any one level",
            )
            continue
        found.append(CategoryLine(levels, row.text("product_type"), row.text("path"), row.place))
    return found


def _attributes(
    path: Path, files: TableFiles, conversions: Mapping[str, Conversion], values: Mapping[str, object], faults: Faults
) -> list[AttributeLine]:  # fmt: skip
    found = []
    for row in rows_in(path, "attribute", ATTRIBUTE_COLUMNS, ("attribute",), faults):
        before = len(faults.found)
        line = AttributeLine(
            product_type=row.text("product_type") or ANY,
            block=_one_of(row, "block", files.blocks, faults),
            attribute=tuple(part.strip() for part in row.text("attribute").split(".")),
            sources=_sources(row, faults),
            conversion=_conversion(row, conversions, faults),
            place=row.place,
            options=_options(row, faults),
            required=_one_of(row, "required", ("no", "yes"), faults) == "yes",
            default=row.text("default"),
            allowed=row.list("allowed"),
            direction=cast(Direction, _one_of(row, "direction", _DIRECTIONS, faults)),
        )
        _check(row, line, values, faults)
        if len(faults.found) == before:
            found.append(line)
    _check_twice(found, lambda line: (line.product_type.casefold(), line.block, line.name), "attribute", faults)
    return found


def _sources(row: Row, faults: Faults) -> tuple[Source, ...]:
    found = []
    for written in row.list("from"):
        kind, dot, name = written.partition(".")
        if written.startswith("="):
            found.append(Source("constant", written[1:].strip()))
        elif dot and kind in ("attributes", "fields") and name:
            found.append(Source(kind, name))
        elif written in _RECORD_FIELDS:
            found.append(Source("record", written))
        else:
            hint = "write a field of the product, attributes.NAME, fields.x_NAME or =VALUE"
            faults.add(row.place, "from", f"{written!r} is unknown: {hint}{did_you_mean(written, _RECORD_FIELDS)}")
    return tuple(found)


def _conversion(row: Row, conversions: Mapping[str, Conversion], faults: Faults) -> Conversion:
    name = row.text("convert") or "text"
    found = conversions.get(name)
    if found is None:
        faults.add(row.place, "convert", f"no conversion {name!r}" + did_you_mean(name, conversions))
        return conversions["text"]
    return found


def _options(row: Row, faults: Faults) -> dict[str, str]:
    if "options" in row.pairs:
        return dict(row.pairs["options"])
    found = {}
    for part in row.list("options", ";"):
        name, equals, value = part.partition("=")
        if not equals or not value.strip():
            faults.add(row.place, "options", f"{part!r} is no option; write name=value; name=value")
            continue
        found[name.strip()] = value.strip()
    return found


def _check(row: Row, line: AttributeLine, values: Mapping[str, object], faults: Faults) -> None:
    conversion = line.conversion
    if not all(line.attribute):
        faults.add(
            row.place, "attribute", "is empty or has an empty part; write the marketplace's name, a.b for b inside a"
        )
    if not row.list("from") and not line.default:
        faults.add(row.place, "from", "is empty and there is no default; fill one of them")
    for name in line.options:
        if name not in conversion.options:
            known = did_you_mean(name, conversion.options) if conversion.options else "; it takes none"
            faults.add(row.place, "options", f"{conversion.name} has no option {name!r}{known}")
    for name in sorted(conversion.needed - set(line.options)):
        faults.add(row.place, "options", f"{conversion.name} needs {name}=...")
    for name in ("limit", "places", "most"):
        if name in line.options and not line.options[name].isdecimal():
            faults.add(row.place, "options", f"{name} has to be a whole number")
    table = line.options.get("table")
    if table is not None and table not in values:
        faults.add(row.place, "options", f"no table of values {table!r}" + did_you_mean(table, values))
    if line.direction != "out":
        _check_back(row, line, faults)


def _check_back(row: Row, line: AttributeLine, faults: Faults) -> None:
    if line.conversion.back is None:
        faults.add(
            row.place, "direction", f"{line.conversion.name} knows no way back; write out, or another conversion"
        )
    if not line.sources:
        return
    source = line.sources[0]
    if source.kind not in ("record", "fields") or source.name in _NOT_WRITABLE:
        what = f"{source} cannot be written in Odoo; name a field of the product first (name, fields.x_NAME)"
        faults.add(row.place, "from", what)


def _colours(paths: Sequence[Path], faults: Faults) -> Colours:
    names: list[str] = []
    synonyms: dict[str, str] = {}
    for path in paths:
        for row in rows_in(path, "colour", COLOUR_COLUMNS, COLOUR_COLUMNS[:1], faults):
            name = row.text("colour")
            if not name:
                faults.add(row.place, "colour", "is empty; write the marketplace's name")
                continue
            names.append(name)
            synonyms |= {folded(word): name for word in row.list("synonyms")}
    return Colours(tuple(dict.fromkeys(names)), synonyms)


def _values(path: Path, faults: Faults) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in rows_in(path, "value", VALUE_COLUMNS, VALUE_COLUMNS, faults):
        if not row.text("value") or not row.text("becomes"):
            faults.add(row.place, "value" if not row.text("value") else "becomes", "is empty; fill it")
        else:
            found[row.text("value")] = row.text("becomes")
    return found


def _backward(pairs: Mapping[str, str]) -> dict[str, str]:
    """The first seller's word for each of the marketplace's."""
    back: dict[str, str] = {}
    for word, becomes in pairs.items():
        back.setdefault(folded(becomes), word)
    return back


def _one_of(row: Row, column: str, known: Sequence[str], faults: Faults) -> str:
    written = row.text(column).lower()
    if not written:
        return known[0]
    if written not in known:
        faults.add(row.place, column, f"{written!r} is unknown" + did_you_mean(written, known))
        return known[0]
    return written


def _check_twice(
    lines: Sequence[_Line], key: Callable[[_Line], object], column: str, faults: Faults
) -> None:  # fmt: skip
    seen: dict[object, Place] = {}
    for line in lines:
        earlier = seen.get(key(line))
        if earlier is not None and earlier.file == line.place.file:
            faults.add(line.place, column, f"says the same as line {earlier.line}; take one of them out")
        seen[key(line)] = line.place
