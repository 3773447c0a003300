"""What held deliveries wait for, and which of it is there now: `listing:` an item at Walmart, `category:` and `value:` lines in our tables."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.rate import Priority
from connectors.walmart.accounts import OpenClient
from connectors.walmart.item_maker import Maker
from connectors.walmart.items import get_item

LISTING = "listing"


async def resolve(waiting_for: Sequence[str], open_client: OpenClient, maker: Maker, patience: float) -> list[str]:
    """Of names `KIND:walmart:ACCOUNT:REST`. Items are asked for as far as the quota allows soon; the rest waits for the next time.

    Raises ConnectorError when Walmart cannot be asked."""
    found: list[str] = []
    tables: dict[str, list[str]] = {}
    for name in waiting_for:
        kind, _, rest = name.partition(":")
        source, _, rest = rest.partition(":")
        account, _, what = rest.partition(":")
        if source != "walmart" or not what:
            continue
        if kind == LISTING:
            client = open_client(account)
            if client.forecast_seconds("get_item", 1) > patience:
                continue
            if await get_item(client, what, Priority.PRODUCTS) is not None:
                found.append(name)
        else:
            tables.setdefault(account, []).append(name)
    for account, names in tables.items():
        found += maker.resolved([name for name in names if name.startswith(("category:", "value:"))], account)
    return found
