"""Which of the table lines that held products wait for are there now (`Sink.resolve`). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.catalogue.colours import folded
from connectors.kit.catalogue.conversions import COLOURS
from connectors.kit.catalogue.tables import Tables
from connectors.walmart.listing import OTHER_THAN, SOURCE


def resolved(waiting_for: Sequence[str], tables: Tables, account: str) -> list[str]:
    """Of `category:walmart:ACCOUNT:NAME[:not:TYPE]` and `value:walmart:ACCOUNT:TABLE:VALUE`, those of this account that the tables answer now."""
    return [name for name in waiting_for if _is_there(name, tables, account)]


def _is_there(name: str, tables: Tables, account: str) -> bool:
    for_category, for_value = f"category:{SOURCE}:{account}:", f"value:{SOURCE}:{account}:"
    if name.startswith(for_category):
        category, _, other_than = name.removeprefix(for_category).partition(OTHER_THAN)
        line = tables.category(category)
        return line is not None and line.product_type != other_than
    if name.startswith(for_value):
        table, _, value = name.removeprefix(for_value).partition(":")
        if table == COLOURS:
            return tables.around.colours.normalised(value) is not None
        return folded(value) in tables.around.values.get(table, {})
    return False
