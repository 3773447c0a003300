"""A product that is no longer for sale: nothing of it is left to sell, or its listing is deleted (`listings.remove`).

The 0 is a number beside those of the stock flow, which has keys of its own, so it goes by that flow's rules (INV-5). Its version is the product's, as
all are the time of what they say: a number worked out later is newer and rules, an older one is not written any more. What was sent before and is
still on its way cannot be called back and may come to lie over the 0. So the 0 is looked after until nothing older can come; should the listing show
something to sell then, it is written again.

What another process was sending when the 0 was written is known by time alone (`effect_minutes`); a feed it sent may take longer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from connectors.amazon.client import AmazonClient
from connectors.amazon.listing_items import MODEL, Shown, delete_listing, get_listing, patch_listing
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.stock import Stock
from connectors.amazon.taking import Taking, accepted
from connectors.kit.jobs import Job
from connectors.kit.ordering import FEED
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.publication import Status, listing
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Outcome, Result, submitted
from connectors.kit.rate import Priority
from schemas.records import Product

logger = logging.getLogger(__name__)

EMPTIED, DELETED, RULED, AGAIN = "stock_set_to_zero", "deleted", "newer_number", "older_number_undone"


class Withdrawing:
    """`numbers`: what this process has written and is sending of stock; `now`: the clock, aware UTC."""

    def __init__(
        self, settings: AmazonSettings, numbers: Written, taking: Taking, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._remove = settings.listings.remove
        self._stock = Stock(settings)
        self._numbers = numbers
        self._taking = taking
        self._now = now

    async def outcome(self, client: AmazonClient, item: Item[Product], shown: Shown | None) -> Outcome:
        """Of one that comes first. Raises ConnectorError."""
        if shown is None or (shown.by_amazon and not self._remove):
            return _done(item)
        if self._remove:
            return await self._deleted(client, item, shown)
        if self._is_ruled(item):
            return _done(item, RULED)
        older = await self._older(item)
        self._numbers.wrote(_key(item), item.delivery.version)
        if shown.quantity:
            return await self._emptied(client, item, shown)
        if (sent := self._sent_before(item)) or older:
            return self._looked_after(item, sent or accepted(self._now(), lone=False), older)
        return _done(item)

    async def followed(self, client: AmazonClient, item: Item[Product], remote: str) -> Outcome:
        """Of one that comes back from `remote`, when what was sent before it can come no more, as far as time tells. Raises ConnectorError."""
        if self._is_ruled(item):
            return _done(item, RULED, result=Result.APPLIED)
        shown = await get_listing(client, item.sku)
        if shown is not None and shown.quantity and not shown.by_amazon:
            logger.warning("amazon_withdrawn_again key=%s version=%d", item.key, item.delivery.version)
            return replace(await self._emptied(client, item, shown), notes=(AGAIN,))
        if older := await self._older(item):
            return self._looked_after(item, remote, older)
        return _done(item, EMPTIED, result=Result.APPLIED)

    async def _emptied(self, client: AmazonClient, item: Item[Product], shown: Shown) -> Outcome:
        key, version = _key(item), item.delivery.version
        async with self._numbers.lock(key):
            if self._is_ruled(item):
                return _done(item, RULED)
            # Told before it is sent: a number that is worked out meanwhile knows that this may come to lie over it.
            remote = accepted(self._now(), lone=False)
            self._numbers.took(key, Job(FEED, remote, version))
            value = self._stock.zero(item.delivery.account, item.sku)
            await patch_listing(client, item.sku, shown.product_type, self._stock.patches(value, shown), Priority.STOCK)
        return self._looked_after(item, remote)

    async def _deleted(self, client: AmazonClient, item: Item[Product], shown: Shown) -> Outcome:
        for marketplace in shown.marketplaces or client.account.marketplaces:
            await delete_listing(client, item.sku, marketplace)
        event = listing("amazon", item.delivery.account, item.sku, self._now(), Status.RETIRED)
        return replace(_done(item, DELETED, result=Result.APPLIED), events=(event,))

    def _looked_after(self, item: Item[Product], remote: str, older: float = 0.0) -> Outcome:
        return submitted(item.bound(FEED, remote), max(self._taking.left(remote), older, self._taking.first_look))

    def _is_ruled(self, item: Item[Product]) -> bool:
        """Whether the stock flow has written a number that was worked out later."""
        return self._numbers.newest(_key(item)) > item.delivery.version

    def _sent_before(self, item: Item[Product]) -> str:
        """The 0 that this process has sent already and that may take effect yet, "" when there is none."""
        own = (job.remote for job in self._numbers.open_jobs(_key(item)) if job.version == item.delivery.version)
        return next((remote for remote in own if self._taking.left(remote)), "")

    async def _older(self, item: Item[Product]) -> float:
        """Seconds until it should be looked whether an older number may take effect yet; 0: none may, as far as this process knows."""
        key, version = _key(item), item.delivery.version
        await self._numbers.being_sent(key)
        remotes = [job.remote for job in self._numbers.open_jobs(key) if job.version < version]
        standing = await self._taking.standing(item.delivery.account, remotes)
        return max((standing.wait(remote) for remote in remotes if not standing.is_over(remote)), default=0.0)


def _key(item: Item[Product]) -> str:
    """Of its number."""
    return f"stock:amazon:{item.delivery.account}:{item.sku}"


def _done(item: Item[Product], note: str = "", *, result: Result = Result.ALREADY_APPLIED) -> Outcome:
    return Outcome(result, remote_model=MODEL, remote_id=item.sku, notes=(note,) if note else ())
