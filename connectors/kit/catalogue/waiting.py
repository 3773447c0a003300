"""What held products wait for: lines of our own tables, and which of them are there now (`Sink.resolve`). Pure.

category:MARKETPLACE:ACCOUNT:NAME[:not:TYPE]   a line for that category, and not one that names this product type again
value:MARKETPLACE:ACCOUNT:TABLE:VALUE          a line for that value
price:MARKETPLACE:ACCOUNT:SKU                  what it costs at first (`first_price`)
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.catalogue.colours import folded
from connectors.kit.catalogue.conversions import COLOURS
from connectors.kit.catalogue.tables import Tables

TABLES = ("category", "value", "price")
_OTHER_THAN = ":not:"


def category_name(scope: str, category: str, other_than: str = "") -> str:
    """scope: `MARKETPLACE:ACCOUNT`; other_than: the product type its line names now, which does not exist."""
    return f"category:{scope}:{category}" + (f"{_OTHER_THAN}{other_than}" if other_than else "")


def resolved(waiting_for: Sequence[str], tables: Tables, scope: str) -> list[str]:
    """Of those of this scope, those that the tables answer now."""
    return [name for name in waiting_for if _is_there(name, tables, scope)]


def _is_there(name: str, tables: Tables, scope: str) -> bool:
    for_category, for_value = f"category:{scope}:", f"value:{scope}:"
    if name.startswith(for_category):
        category, _, other_than = name.removeprefix(for_category).partition(_OTHER_THAN)
        line = tables.category(category)
        return line is not None and line.product_type != other_than
    if name.startswith(for_value):
        table, _, value = name.removeprefix(for_value).partition(":")
        if table == COLOURS:
            return tables.around.colours.normalised(value) is not None
        return folded(value) in tables.around.values.get(table, {})
    return False
