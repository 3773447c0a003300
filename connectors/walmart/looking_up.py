"""Which SKUs Walmart has, asked before anything is sent: an item it has must not be set up again, with a price of ours (PRC-1).

Up to `look_up_to` SKUs are asked for one by one; more are looked up in the list of items, which is good for ten minutes: 10,000 SKUs take some
fifty calls. Of what the list cannot tell, as much is asked for one by one as the quota allows soon; the rest comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.kit.errors import ConnectorError, DataError, ThrottledError
from connectors.walmart.client import WalmartClient
from connectors.walmart.item_list import ItemList
from connectors.walmart.items import get_item
from connectors.walmart.settings import WalmartSettings


@dataclass(slots=True)
class Looked:
    """there: SKUs Walmart has; errors: SKU -> why that could not be learned now. All others it does not have."""

    there: set[str] = field(default_factory=set)
    errors: dict[str, ConnectorError] = field(default_factory=dict)


class LookingUp:
    """`now`: the clock, aware UTC. Used from one event loop."""

    def __init__(self, settings: WalmartSettings, now: Callable[[], datetime]) -> None:
        self._few = settings.listings.look_up_to
        self._patience = settings.bulk_patience_seconds
        self._places = asyncio.Semaphore(settings.single_call_concurrency)
        self._now = now
        self._lists: dict[str, ItemList] = {}

    async def look_up(self, client: WalmartClient, account: str, skus: Sequence[str]) -> Looked:
        """For each SKU, what is known of it now. Never raises ConnectorError."""
        there, rest = await self._in_list(client, self._of(account), skus)
        if isinstance(rest, ConnectorError):
            return Looked(errors=dict.fromkeys(skus, rest))
        found = await self._one_by_one(client, rest)
        found.there |= there
        return found

    def sent(self, account: str, skus: Collection[str]) -> None:
        """These are on their way to Walmart: from now on they are asked for."""
        self._of(account).sent(skus)

    def _of(self, account: str) -> ItemList:
        return self._lists.setdefault(account, ItemList(self._now))

    async def _in_list(
        self, client: WalmartClient, listed: ItemList, skus: Sequence[str]
    ) -> tuple[set[str], list[str] | ConnectorError]:
        """Those the list shows, and those to ask for; or why it cannot be read now."""
        many = len(skus) > self._few
        async with listed.lock:
            if many and not listed.is_fresh:
                try:
                    await listed.read(client)
                except DataError:
                    return set(), list(skus)  # it says nothing of these items
                except ConnectorError as error:
                    return set(), error
            if not listed.is_fresh:
                return set(), list(skus)
            there = {sku for sku in skus if listed.has(sku)}
            # A few are worth a call each: the list is of some minutes ago.
            return there, [sku for sku in skus if sku not in there and not (many and listed.lacks(sku))]

    async def _one_by_one(self, client: WalmartClient, skus: Sequence[str]) -> Looked:
        found = Looked()
        going: list[str] = []
        for place, sku in enumerate(skus, 1):
            if client.forecast_seconds("get_item", place) <= self._patience:
                going.append(sku)
            else:
                wait = round(client.postpone_seconds("get_item"), 1)
                found.errors[sku] = ThrottledError("the quota of get item is used up", retry_after=wait)
        with client.waiting("get_item", len(going)) as one_less:
            await asyncio.gather(*(self._one(client, sku, found, one_less) for sku in going))
        return found

    async def _one(self, client: WalmartClient, sku: str, found: Looked, done: Callable[[], None]) -> None:
        async with self._places:
            try:
                if await get_item(client, sku) is not None:
                    found.there.add(sku)
            except ConnectorError as error:
                found.errors[sku] = error
            finally:
                done()
