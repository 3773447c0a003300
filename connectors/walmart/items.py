"""One item at Walmart, by its SKU. (Source: model items.json: the SKU is the default sort of id, and the answer is a list.)"""

from __future__ import annotations

from connectors.kit.errors import DataError
from connectors.kit.outgoing.values import quoted
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient

ITEMS = "/v3/items"
MODEL = "item"  # what an outcome calls it


async def get_item(client: WalmartClient, sku: str, priority: Priority = Priority.PRODUCTS) -> Reader | None:
    """The item as it came, None when Walmart has none of that SKU. Raises ConnectorError."""
    try:
        _, content = await client.call("get_item", "GET", f"{ITEMS}/{quoted(sku)}", priority=priority)
    except DataError as error:
        if error.code == errors.NOT_FOUND:
            return None
        raise
    found = Reader(content).an_object().children("ItemResponse")
    # Other ids than the SKU match too: only an item of this very SKU is meant.
    return next((item for item in found if item.text("sku") == sku), None)


async def retire_item(client: WalmartClient, sku: str) -> None:
    """Ask Walmart to take an item off; doing it twice does no harm. Raises ConnectorError."""
    path = f"{ITEMS}/{quoted(sku)}"
    await client.call("retire_item", "DELETE", path, priority=Priority.PRODUCTS, repeatable=True)
