"""What Walmart shows of an item, as the canonical listing (PRD-4)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.kit import exact_json
from connectors.kit.errors import DataError, TransientError
from connectors.kit.outgoing.publication import Status, as_of
from connectors.kit.outgoing.publishing import Look
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader
from connectors.walmart.catalogue import to_listing
from connectors.walmart.client import WalmartClient
from connectors.walmart.items import MODEL, get_item


def listing_in(account: str, item: Reader, now: datetime) -> Canonical:
    """The listing an item says, as of now. Raises TransientError for an item that cannot be read, or does not say how it stands: such an answer came
    damaged, and says nothing of the item."""
    try:
        (found,) = to_listing(exact_json.dumps(item.value), account)
        if found.body["status"] != Status.RETIRED:
            item.needed_text("publishedStatus")
    except DataError as error:
        raise TransientError(f"get item: Walmart gave an item that cannot be read ({error})") from None
    return as_of(found, now)


def look(now: Callable[[], datetime]) -> Look[WalmartClient]:
    """How the publication of an item is followed."""

    async def read(client: WalmartClient, account: str, sku: str) -> Canonical | None:
        found = await get_item(client, sku)
        return listing_in(account, found, now()) if found else None

    return Look("walmart", "get_item", MODEL, read)
