"""A product that is no longer for sale: its stock at Walmart is set to 0, or, by configuration, the item is retired (up to 48 hours there).

The 0 goes by the rules of stock numbers (`connectors.kit.outgoing.emptying`). A single call takes effect when it is answered, so it is written at
once; feeds with an older number that are not over, of this process or on Walmart's list, may bring theirs later: then the product comes back
(`after:feed:ID`), and what there is to sell by then is taken away again. It also comes back (`after`) where the list could not be read, after a call
that nobody answered, and once where other processes write too, for a single call of theirs may have been under way.

What stays possible: another process has worked out a newer number, and the product's own newer version has not come yet; or a feed that was given up
ends after all. The next number of that SKU puts it right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectors.kit.errors import ConnectorError, UncertainError
from connectors.kit.follower import Follower
from connectors.kit.jobs import AFTER, SENDING, parse, sending
from connectors.kit.outgoing.deciding import Item, listed_feeds
from connectors.kit.outgoing.emptying import Emptying, Older, Zero, again
from connectors.kit.outgoing.publication import Status, listing
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Outcome, Result, submitted
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.items import MODEL, get_item, retire_item
from connectors.walmart.publication import listing_in
from connectors.walmart.restoring import SETTLE_SECONDS
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.stock import Stock
from schemas.records import Product

ProductItem = Item[Product]


@dataclass(frozen=True, slots=True)
class _Left:
    """What may bring an older number yet, by item; unsure: nobody could say, or another process may be writing."""

    older: Mapping[str, Older] = field(default_factory=dict)
    unsure: bool = False


class Withdrawing:
    """`numbers`: what this process has written and is sending of stock; `now`: the clock, aware UTC."""

    def __init__(
        self, settings: WalmartSettings, numbers: Written, follower: Follower, now: Callable[[], datetime]
    ) -> None:
        self._now = now
        self._retire = settings.listings.retire
        self._stock = Stock(settings)
        self._numbers = numbers
        self._emptying = Emptying("walmart", MODEL, numbers, follower, now)
        self._follower = follower
        self._places = asyncio.Semaphore(settings.single_call_concurrency)

    async def outcomes(
        self, client: WalmartClient, account: str, items: Sequence[ProductItem], *, alone: bool
    ) -> dict[str, Outcome]:
        """One for each. An item Walmart does not have, or that is withdrawn already, needs nothing. `alone`: whether no other process writes."""
        found = await asyncio.gather(*(self._one(client, item) for item in items))
        outcomes = {item.id: one for item, one in zip(items, found, strict=True) if isinstance(one, Outcome)}
        zeros = {item.id: one for item, one in zip(items, found, strict=True) if isinstance(one, Zero)}
        going = [item for item in items if zeros.get(item.id) in (Zero.WRITTEN, Zero.NEEDLESS)]
        left = await self._left(account, going)
        return outcomes | {
            item.id: self._done(item, zeros[item.id], left, alone=alone) for item in items if item.id in zeros
        }

    async def _one(self, client: WalmartClient, item: ProductItem) -> Outcome | Zero:
        try:
            async with self._places:
                return await (self._retired(client, item) if self._retire else self._emptied(client, item))
        except ConnectorError as error:
            return errors.outcome_of(error, item.delivery.attempt)

    # -- its stock

    async def _emptied(self, client: WalmartClient, item: ProductItem) -> Zero:
        async def write() -> bool:
            if not await self._stock.held(client, item.delivery.account, item.sku):
                return False
            await self._stock.put(client, self._stock.zero(item.delivery.account, item.sku))
            return True

        try:
            zero = await self._emptying.zero(item, write, back=_is_back(item))
        except UncertainError:  # nobody answered: it may take effect later, over a newer number
            self._is_sending(item)
            raise
        self._is_sent(item)
        return zero

    def _is_sending(self, item: ProductItem) -> None:
        """Numbers that are worked out meanwhile know of it; it is tried again."""
        if (job := parse(sending(item.delivery.version, self._now()))) is not None:
            self._numbers.took(self._emptying.key(item), job)

    def _is_sent(self, item: ProductItem) -> None:
        for job in self._numbers.open_jobs(key := self._emptying.key(item)):
            if job.how == SENDING and job.version == item.delivery.version:
                self._numbers.over(key, job.remote)

    async def _left(self, account: str, items: Sequence[ProductItem]) -> _Left:
        """Read after the last of them was written, once for all."""
        if not items:
            return _Left()
        feeds, skus, unsure = self._follower.feeds(account), [item.sku for item in items], False
        listed: dict[str, list[str]] = {}
        try:
            found = await listed_feeds(feeds, self._stock.feed_types, skus, fresh=True)
            listed = {sku: [job.remote for job in jobs] for sku, jobs in found.items()}
        except ConnectorError:
            unsure = True
        return _Left(await self._emptying.older(account, items, listed), unsure)

    def _done(self, item: ProductItem, zero: Zero, left: _Left, *, alone: bool) -> Outcome:
        back, older = _is_back(item), left.older.get(item.id)
        if zero is Zero.RULED or not (older or left.unsure or (zero is Zero.WRITTEN and not alone)):
            return self._emptying.done(item, zero, back=back)
        job = item.bound(AFTER, older.remote if older else "")
        return replace(submitted(job, older.seconds if older else SETTLE_SECONDS), notes=again(zero, back=back))

    # -- the item itself

    async def _retired(self, client: WalmartClient, item: ProductItem) -> Outcome:
        account = item.delivery.account
        found = await get_item(client, item.sku)
        if found is None or listing_in(account, found, self._now()).body["status"] == Status.RETIRED:
            return Outcome(Result.ALREADY_APPLIED, remote_model=MODEL, remote_id=item.sku)
        await retire_item(client, item.sku)
        event = listing("walmart", account, item.sku, self._now(), Status.RETIRED)
        return Outcome(Result.APPLIED, remote_model=MODEL, remote_id=item.sku, notes=("retired",), events=(event,))


def _is_back(item: ProductItem) -> bool:
    """Whether it was looked after."""
    return item.job is not None and item.job.how == AFTER
