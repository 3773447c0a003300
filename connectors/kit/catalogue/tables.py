"""The tables of a marketplace: which category is which product type, which attribute is filled from what (PRD-1, PRD-5).

Pure; `files` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from connectors.kit.catalogue.conversion import Around, Conversion

Direction = Literal["out", "in", "both"]
ANY = "*"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands, for messages."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """pattern: the levels of a category's complete name, each with wildcards; path: the marketplace's own category, for people."""

    pattern: tuple[str, ...]
    product_type: str
    path: str
    place: Place

    def matches(self, levels: Sequence[str]) -> bool:
        """Whether the first levels of a name are these."""
        if len(self.pattern) > len(levels):
            return False
        return all(fnmatchcase(level, wanted) for level, wanted in zip(levels, self.pattern, strict=False))

    @property
    def rank(self) -> tuple[int, int, int]:
        """The longest prefix first; of equally long ones the one with fewer wildcards, then with more letters."""
        plain = sum("*" not in level and "?" not in level for level in self.pattern)
        return (len(self.pattern), plain, sum(len(level.replace("*", "")) for level in self.pattern))


def levels_of(category: str) -> tuple[str, ...]:
    """`All / Home / Lamps` -> its levels, for comparing without case and spaces."""
    return tuple(" ".join(level.casefold().split()) for level in category.split("/") if level.strip())


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from. kind: `record` (a field of the product record), `attributes` (variant attribute), `fields` (other Odoo
    field), `constant`."""

    kind: str
    name: str

    def __str__(self) -> str:
        if self.kind == "constant":
            return f"={self.name}"
        return self.name if self.kind == "record" else f"{self.kind}.{self.name}"


@dataclass(frozen=True, slots=True)
class AttributeLine:
    """attribute: path in the marketplace's item, outermost first; sources: the first that has a value counts."""

    product_type: str
    block: str
    attribute: tuple[str, ...]
    sources: tuple[Source, ...]
    conversion: Conversion
    place: Place
    options: Mapping[str, str] = field(default_factory=dict)
    required: bool = False
    default: str = ""
    allowed: tuple[str, ...] = ()
    direction: Direction = "out"

    @property
    def name(self) -> str:
        return ".".join(self.attribute)

    @property
    def is_general(self) -> bool:
        return self.product_type == ANY

    def applies(self, product_type: str) -> bool:
        return fnmatchcase(product_type.casefold(), self.product_type.casefold())


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables of one marketplace, checked."""

    categories: Sequence[CategoryLine] = ()
    attributes: Sequence[AttributeLine] = ()
    around: Around = field(default_factory=Around)
    _chosen: dict[str, tuple[AttributeLine, ...]] = field(default_factory=dict, compare=False, repr=False)

    def category(self, name: str) -> CategoryLine | None:
        """The line for a category: the longest matching prefix."""
        levels = levels_of(name)
        found = [line for line in self.categories if line.matches(levels)]
        return max(found, key=lambda line: line.rank, default=None)

    def lines_for(self, product_type: str) -> tuple[AttributeLine, ...]:
        """The lines of a type; a line for the type stands instead of a general one for the same attribute."""
        chosen = self._chosen.get(product_type)
        if chosen is None:
            by_name: dict[tuple[str, str], AttributeLine] = {}
            for line in sorted(self.attributes, key=lambda one: _closeness(one.product_type)):
                if line.applies(product_type):
                    by_name[line.block, line.name] = line
            chosen = self._chosen[product_type] = tuple(by_name.values())
        return chosen


def _closeness(pattern: str) -> tuple[int, int]:
    """Later stands instead of earlier: `*`, then patterns by how much they say, then names."""
    return (0 if pattern == ANY else 1 if "*" in pattern or "?" in pattern else 2, len(pattern))
