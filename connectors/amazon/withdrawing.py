"""A product that is no longer for sale: nothing of it is left to sell, or its listing is deleted (`listings.remove`).

The 0 goes by the rules of stock numbers (`connectors.kit.outgoing.emptying`). Amazon takes it and says not when it takes effect: it is a job like all
that was accepted, and looked after until nothing older can come; should the listing show something to sell then, it is written again.

What another process was sending when the 0 was written is known by time alone (`effect_minutes`); a feed it sent may take longer.
"""

from __future__ import annotations

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
from connectors.kit.outgoing.emptying import Emptying, Zero, again
from connectors.kit.outgoing.publication import Status, listing
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Outcome, Result, submitted
from connectors.kit.rate import Priority
from schemas.records import Product

DELETED = "deleted"


class Withdrawing:
    """`numbers`: what this process has written and is sending of stock; `now`: the clock, aware UTC."""

    def __init__(
        self, settings: AmazonSettings, numbers: Written, taking: Taking, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._remove = settings.listings.remove
        self._stock = Stock(settings)
        self._numbers = numbers
        self._emptying = Emptying("amazon", MODEL, numbers, taking, now)
        self._taking = taking
        self._now = now

    async def outcome(self, client: AmazonClient, item: Item[Product], shown: Shown | None) -> Outcome:
        """Of one that comes first. Raises ConnectorError."""
        if shown is None or (shown.by_amazon and not self._remove):
            return self._emptying.done(item, Zero.NEEDLESS, back=False)
        if self._remove:
            return await self._deleted(client, item, shown)
        return await self._emptied(client, item, shown)

    async def followed(self, client: AmazonClient, item: Item[Product], remote: str) -> Outcome:
        """Of one that comes back from `remote`, when what was sent before it can come no more, as far as time tells. Raises ConnectorError."""
        return await self._emptied(client, item, None, remote)

    async def _emptied(
        self, client: AmazonClient, item: Item[Product], shown: Shown | None, remote: str = ""
    ) -> Outcome:
        back = bool(remote)

        async def write() -> bool:
            found = await get_listing(client, item.sku) if back else shown
            if found is None or not found.quantity or found.by_amazon:
                return False
            await self._write(client, item, found)
            return True

        zero = await self._emptying.zero(item, write, back=back)
        if zero is Zero.RULED:
            return self._emptying.done(item, zero, back=back)
        older = (await self._emptying.older(item.delivery.account, [item])).get(item.id)
        own = self._sent_before(item)
        if not own and older is None:
            return self._emptying.done(item, zero, back=back)
        remote = own or remote or accepted(self._now(), lone=False)
        wait = max(self._taking.left(remote), older.seconds if older else 0.0, self._taking.first_look)
        return replace(submitted(item.bound(FEED, remote), wait), notes=again(zero, back=back))

    async def _write(self, client: AmazonClient, item: Item[Product], shown: Shown) -> None:
        # Told before it is sent: a number that is worked out meanwhile knows that this may come to lie over it.
        self._numbers.took(
            self._emptying.key(item), Job(FEED, accepted(self._now(), lone=False), item.delivery.version)
        )
        value = self._stock.zero(item.delivery.account, item.sku)
        await patch_listing(client, item.sku, shown.product_type, self._stock.patches(value, shown), Priority.STOCK)

    async def _deleted(self, client: AmazonClient, item: Item[Product], shown: Shown) -> Outcome:
        for marketplace in shown.marketplaces or client.account.marketplaces:
            await delete_listing(client, item.sku, marketplace)
        event = listing("amazon", item.delivery.account, item.sku, self._now(), Status.RETIRED)
        return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=item.sku, notes=(DELETED,), events=(event,))

    def _sent_before(self, item: Item[Product]) -> str:
        """The 0 that this process has sent last and that may take effect yet, "" when there is none."""
        sent = reversed(self._numbers.open_jobs(self._emptying.key(item)))
        own = (job.remote for job in sent if job.version == item.delivery.version)
        return next((remote for remote in own if self._taking.left(remote)), "")
