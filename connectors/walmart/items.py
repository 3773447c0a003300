"""One item at Walmart, by its SKU. (Source: model items.json: the SKU is the default sort of id, and the answer is a list.)"""

from __future__ import annotations

from connectors.kit.errors import DataError
from connectors.kit.outgoing.values import quoted
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient, count_in

ITEMS = "/v3/items"
MODEL = "item"  # what an outcome calls it


async def get_item(client: WalmartClient, sku: str, priority: Priority = Priority.PRODUCTS) -> Reader | None:
    """The item as it came, None when Walmart has none of that SKU: only its own words say so, never an answer that came damaged. Raises
    ConnectorError."""
    try:
        answer, content = await client.call("get_item", "GET", f"{ITEMS}/{quoted(sku)}", priority=priority)
    except DataError as error:
        if error.code == errors.NOT_FOUND:
            return None
        raise
    try:
        found = _items(Reader(content).an_object())
    except DataError as error:
        raise answer.asked.left(f"gave an item that cannot be read ({error})") from None
    # Other ids than the SKU match too: only an item of this very SKU is meant.
    return found.get(sku)


def _items(page: Reader) -> dict[str, Reader]:
    """By SKU. What is decided by is there and can be read. Raises DataError."""
    found = page.children("ItemResponse")
    if not found and count_in(page["totalItems"].value) != 0:
        raise page["ItemResponse"].wrong("an item")
    for item in found:
        for name in ("publishedStatus", "lifecycleStatus"):
            item.text(name)
    return {item.needed_text("sku"): item for item in found}


async def retire_item(client: WalmartClient, sku: str) -> None:
    """Ask Walmart to take an item off; doing it twice does no harm. Raises ConnectorError."""
    path = f"{ITEMS}/{quoted(sku)}"
    await client.call("retire_item", "DELETE", path, priority=Priority.PRODUCTS, repeatable=True)
