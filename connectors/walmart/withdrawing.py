"""A product that is no longer for sale: its stock at Walmart is set to 0, or, by configuration, the item is retired (up to 48 hours there)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from connectors.kit.errors import ConnectorError
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.publication import Status, listing
from connectors.kit.ports import Outcome, Result
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.items import MODEL, get_item, retire_item
from connectors.walmart.publication import listing_in
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.stock import Stock
from schemas.records import Product


class Withdrawing:
    """`now`: the clock, aware UTC."""

    def __init__(self, settings: WalmartSettings, now: Callable[[], datetime]) -> None:
        self._now = now
        self._retire = settings.listings.retire
        self._stock = Stock(settings)
        self._places = asyncio.Semaphore(settings.single_call_concurrency)

    async def outcomes(self, client: WalmartClient, items: Sequence[Item[Product]]) -> dict[str, Outcome]:
        """One for each. An item Walmart does not have, or that is withdrawn already, needs nothing."""
        found = await asyncio.gather(*(self._one(client, item) for item in items))
        return {item.id: outcome for item, outcome in zip(items, found, strict=True)}

    async def _one(self, client: WalmartClient, item: Item[Product]) -> Outcome:
        try:
            async with self._places:
                return await (self._retired(client, item) if self._retire else self._emptied(client, item))
        except ConnectorError as error:
            return errors.outcome_of(error, item.delivery.attempt)

    async def _emptied(self, client: WalmartClient, item: Item[Product]) -> Outcome:
        account = item.delivery.account
        if not await self._stock.held(client, account, item.sku):
            return Outcome(Result.ALREADY_APPLIED, remote_model=MODEL, remote_id=item.sku)
        await self._stock.put(client, self._stock.zero(account, item.sku))
        return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=item.sku, notes=("stock_set_to_zero",))

    async def _retired(self, client: WalmartClient, item: Item[Product]) -> Outcome:
        account = item.delivery.account
        found = await get_item(client, item.sku)
        if found is None or listing_in(account, found, self._now()).body["status"] == Status.RETIRED:
            return Outcome(Result.ALREADY_APPLIED, remote_model=MODEL, remote_id=item.sku)
        await retire_item(client, item.sku)
        event = listing("walmart", account, item.sku, self._now(), Status.RETIRED)
        return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=item.sku, notes=("retired",), events=(event,))
