"""Which SKUs Walmart has, and how they are published, asked before anything is sent: an item it has must not be set up again, with a price of
ours, and the first price of one it has must not come too early (PRC-1).

Up to `look_up_to` SKUs are asked for one by one; more are looked up in the list of items, which is good for ten minutes: 10,000 SKUs take some
fifty calls. Of what the list cannot tell, as much is asked for one by one as the quota allows soon; the rest comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.kit.errors import ConnectorError, DataError, ThrottledError
from connectors.kit.rate import Priority
from connectors.walmart.client import WalmartClient
from connectors.walmart.item_list import ItemList
from connectors.walmart.items import get_item
from connectors.walmart.settings import WalmartSettings


@dataclass(slots=True)
class Looked:
    """there: SKUs Walmart has; published: their publishedStatus; errors: SKU -> why that could not be learned now. All others it does not
    have; unlisted: of these, those of which only the list says so, which is some minutes old."""

    there: set[str] = field(default_factory=set)
    published: dict[str, str] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
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
        found, rest = await self._in_list(client, self._of(account), skus)
        return await self._one_by_one(client, rest, found, Priority.PRODUCTS)

    async def for_values(self, client: WalmartClient, account: str, skus: Sequence[str]) -> Looked:
        """The same before the first value of each is sent: a few are asked for as they are now, and that the list lacks one is believed once,
        for who waits for its item comes back when the item is there. Never raises ConnectorError."""
        found, rest, listed = Looked(), skus, self._of(account)
        if len(skus) > self._few:
            found, rest = await self._in_list(client, listed, skus, listed.doubted)
            listed.doubted |= found.unlisted
        return await self._one_by_one(client, rest, found, Priority.PRICES)

    def sent(self, account: str, skus: Collection[str]) -> None:
        """These are on their way to Walmart: from now on they are asked for."""
        self._of(account).sent(skus)

    def _of(self, account: str) -> ItemList:
        return self._lists.setdefault(account, ItemList(self._now))

    async def _in_list(
        self, client: WalmartClient, listed: ItemList, skus: Sequence[str], doubted: Collection[str] = ()
    ) -> tuple[Looked, Sequence[str]]:
        """What the list tells, or why it cannot be read now; and those to ask for. `doubted`: of which it is not believed that it lacks them."""
        many = len(skus) > self._few
        async with listed.lock:
            if many and not listed.is_fresh:
                try:
                    await listed.read(client)
                except DataError:
                    return Looked(), skus  # it says nothing of these items
                except ConnectorError as error:
                    return Looked(errors=dict.fromkeys(skus, error)), ()
            if not listed.is_fresh:
                return Looked(), skus
            found = Looked()
            for sku in skus:
                if (published := listed.published(sku)) is not None:
                    found.there.add(sku)
                    found.published[sku] = published
                # A few are worth a call each: the list is of some minutes ago.
                elif many and listed.lacks(sku) and sku not in doubted:
                    found.unlisted.add(sku)
            return found, [sku for sku in skus if sku not in found.there and sku not in found.unlisted]

    async def _one_by_one(
        self, client: WalmartClient, skus: Sequence[str], found: Looked, priority: Priority
    ) -> Looked:
        """Adds what Walmart says of these."""
        going: list[str] = []
        for place, sku in enumerate(skus, 1):
            if client.forecast_seconds("get_item", place) <= self._patience:
                going.append(sku)
            else:
                wait = round(client.postpone_seconds("get_item"), 1)
                found.errors[sku] = ThrottledError("the quota of get item is used up", retry_after=wait)
        with client.waiting("get_item", len(going)) as one_less:
            await asyncio.gather(*(self._one(client, sku, found, priority, one_less) for sku in going))
        return found

    async def _one(
        self, client: WalmartClient, sku: str, found: Looked, priority: Priority, done: Callable[[], None]
    ) -> None:
        async with self._places:
            try:
                if (item := await get_item(client, sku, priority)) is not None:
                    found.there.add(sku)
                    found.published[sku] = item.text("publishedStatus").upper()
            except ConnectorError as error:
                found.errors[sku] = error
            finally:
                done()
