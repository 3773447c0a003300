"""What a conversion is: a named function from a product's value to a marketplace's, and back where that can be said (PRD-5).

A user's own conversion is a `Conversion` too; tables name it like the ones shipped in `conversions`. See docs/products.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.kit.catalogue.colours import Colours
from connectors.kit.catalogue.html import HtmlPolicy

Options = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Around:
    """What conversions may look into besides value and options.

    colours   the marketplace's colours
    html      its HTML
    values    named tables of values: seller's word, folded -> marketplace's word
    backward  the same the other way: marketplace's word, folded -> seller's
    """

    colours: Colours = field(default_factory=Colours)
    html: HtmlPolicy = field(default_factory=HtmlPolicy)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    backward: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


Function = Callable[[Any, Options, Around], Any]


@dataclass(frozen=True, slots=True)
class Conversion:
    """out(value, options, around) -> the marketplace's value, a `text.Cleaned` to leave notes with it, or None for "nothing to say".

    It is pure and raises ValueError saying what is wrong with the value, NotInTable for a gap in a table. value is what stands in the
    product: text, a list of texts, a Money, or what a custom field holds in JSON. `back` does the opposite, None when there is no opposite.
    options: names a table may give it; needed: those it must. takes_false: whether false is a value to it: Odoo writes false for every empty
    field, so for other conversions it is none.
    """

    name: str
    out: Function
    back: Function | None = None
    options: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()
    takes_false: bool = False


class NotInTable(ValueError):  # noqa: N818 - says what it is, not that it is an error
    """A table of values lacks a line: the product waits for it. table: its name; value: what is to be added."""

    def __init__(self, table: str, value: str) -> None:
        super().__init__(f"{value[:60]!r} is not in the table {table!r}: add a line for it")
        self.table = table
        self.value = value


def named(*conversions: Conversion) -> dict[str, Conversion]:
    """Conversions by name. Raises ValueError when two have the same."""
    found: dict[str, Conversion] = {}
    for one in conversions:
        if one.name in found:
            raise ValueError(f"two conversions are named {one.name!r}")
        found[one.name] = one
    return found
