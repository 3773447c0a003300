"""Which of the table lines that held products wait for are there now (`Sink.resolve`). Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from connectors.kit.catalogue.colours import folded
from connectors.kit.catalogue.tables import Tables
from connectors.walmart.listing import SOURCE


def resolved(
    waiting_for: Sequence[str], tables: Tables, account: str, product_types: Collection[str] | None = None
) -> list[str]:
    """Of names as `category:walmart:ACCOUNT:NAME` and `value:walmart:ACCOUNT:TABLE:VALUE`, those of this account that the tables answer.

    product_types: all that exist, None when not known; a category mapped to none of them still waits.
    """
    return [name for name in waiting_for if _is_there(name, tables, account, product_types)]


def _is_there(name: str, tables: Tables, account: str, product_types: Collection[str] | None) -> bool:
    for_category, for_value = f"category:{SOURCE}:{account}:", f"value:{SOURCE}:{account}:"
    if name.startswith(for_category):
        line = tables.category(name.removeprefix(for_category))
        return line is not None and (product_types is None or line.product_type in product_types)
    if name.startswith(for_value):
        table, _, value = name.removeprefix(for_value).partition(":")
        if table == "colours":
            return tables.around.colours.normalised(value) is not None
        return folded(value) in tables.around.values.get(table, {})
    return False
