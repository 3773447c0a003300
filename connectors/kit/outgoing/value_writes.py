"""Numbers out, as far as all marketplaces have it: by single calls or by feed, within the quotas, each outcome that of its own SKU.

By which way: urgent ones and small batches by single calls; larger batches in one feed per account, if the feed's quota has a place soon,
else by single calls too, as many as the quota allows soon. The rest comes back throttled, each with a time of its own to return.

*A feed is given up* (`Feeds.gives_up`): it blocks nothing any more. Where a newer number is known or waits, the older one's delivery goes on
asking for the feed for `follow_days`; when it ends, the newest number is looked after again. Where none is, the number is sent again.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from connectors.kit.accounts import ClientT, OpenClient
from connectors.kit.errors import ConnectorError, ThrottledError, UncertainError
from connectors.kit.feeds import FeedSettings, mark_of
from connectors.kit.follower import Follower
from connectors.kit.jobs import sending
from connectors.kit.outgoing.deciding import Deciding, Item, jobs_of
from connectors.kit.outgoing.marketplace import Marketplace
from connectors.kit.outgoing.ordered_writes import OrderedWrites, Outcomes
from connectors.kit.outgoing.value_outcomes import GIVEN_UP, refused, sent_again
from connectors.kit.outgoing.values import Value, ValueKind
from connectors.kit.ports import Delivery, Outcome, Result, failed_by, submitted


class Limits(Protocol):
    """A connector's settings, as far as they matter here. patience_seconds: how long a feed waits for its quota before single calls are taken;
    bulk_patience_seconds: how long a batch of single calls may take; single_call_concurrency: so many at once; feeds: how they are followed."""

    @property
    def patience_seconds(self) -> float: ...
    @property
    def bulk_patience_seconds(self) -> float: ...
    @property
    def single_call_concurrency(self) -> int: ...
    @property
    def feeds(self) -> FeedSettings: ...


class ValueWrites(OrderedWrites[ClientT, Value]):
    """The handler of one operation; `kind` says which."""

    def __init__(
        self, at: Marketplace, open_client: OpenClient[ClientT], kind: ValueKind[ClientT], follower: Follower, limits: Limits,
        now: Callable[[], datetime], deciding: type[Deciding[Value]] = Deciding,
    ) -> None:  # fmt: skip
        super().__init__(at, open_client, follower, kind.feed_types, now, deciding)
        self._limits = limits
        self._kind = kind
        # Places of their own: those who stand in line for a quota must not keep urgent ones from it.
        self._places = {urgent: asyncio.Semaphore(limits.single_call_concurrency) for urgent in (True, False)}

    def _read(self, delivery: Delivery) -> Item[Value]:
        value = self._kind.read(delivery)
        return Item(delivery, value.sku, value, value.urgent, *jobs_of(delivery))

    # -- what becomes of those whose feed is gone

    def _without_feed(self, item: Item[Value], remote: str) -> Outcome:
        """Of one whose feed has vanished or was given up."""
        return self._followed_on(item, remote) or self._sent_again(item, remote)

    def _followed_on(self, item: Item[Value], remote: str) -> Outcome | None:
        """Its feed was given up, and a newer number is written or on its way: that one is looked after should the feed end after all."""
        written = max(item.known, self._written.newest(item.key))
        newest = max(written, *(job.version for job in item.opens), 0)
        feeds = self._follower.feeds(item.delivery.account)
        if item.job is None or newest <= item.delivery.version or not feeds.is_followed(remote.partition(":")[2]):
            return None
        # A newer one that only waits may come to nothing: then this one is sent again.
        wait = self._limits.feeds.then_seconds if written > item.delivery.version else self._follower.first_check
        return replace(submitted(item.job.name, wait), notes=(GIVEN_UP,))

    def _sent_again(self, item: Item[Value], remote: str) -> Outcome:
        feed_id = remote.partition(":")[2]
        given_up = self._follower.feeds(item.delivery.account).was_given_up(feed_id)
        return sent_again(self._at, feed_id, self._limits.feeds.patience_hours if given_up else None)

    def _is_under(self, item: Item[Value]) -> bool:
        """Whether something newer of its key was written while it was on its way."""
        return item.known > item.delivery.version

    # -- writing

    async def _write(
        self, client: ClientT, account: str, items: Sequence[Item[Value]], written: list[Item[Value]]
    ) -> Outcomes:
        """By the way that fits; what no quota has a place for soon comes back throttled. Gives the outcomes of those that were not written by
        a single call; the others are added to `written`."""
        rest = [item for item in items if not item.urgent]
        if len(rest) > self._kind.few:
            feed = self._kind.feed(account, [item.value for item in rest], "")
            wait = self._follower.feeds(account).forecast_seconds(feed.kind, feed.skus, feed.query)
            if wait <= self._limits.patience_seconds:
                urgent = [item for item in items if item.urgent]
                singly = self._all_single(client, urgent, written)
                alone, fed = await asyncio.gather(singly, self._by_feed(account, rest))
                return alone | fed
        return await self._all_single(client, items, written)

    async def _by_feed(self, account: str, items: Sequence[Item[Value]]) -> Outcomes:
        """One feed of all that are still the newest of their key."""
        going = [item for item in items if self._written.newest(item.key) <= item.delivery.version]
        outcomes = {item.id: Outcome(Result.STALE) for item in items if item not in going}
        if not going:
            return outcomes
        mark = mark_of([f"{item.id}/{item.delivery.attempt}" for item in going])
        feed = self._kind.feed(account, [item.value for item in going], mark)
        until = {item.key: item.value.until for item in going}
        with self._written.sending([(item.key, item.delivery.version) for item in going], until) as sent:
            try:
                remote = await self._follower.feeds(account).submit(feed)
            except ConnectorError as error:
                return outcomes | {item.id: refused(self._at, item, error) for item in going}
            sent(remote)
        check, how = self._follower.first_check, remote.partition(":")[0]
        return outcomes | {item.id: submitted(item.bound(how, remote, item.value.until), check) for item in going}

    async def _all_single(self, client: ClientT, items: Sequence[Item[Value]], written: list[Item[Value]]) -> Outcomes:
        """Single calls, as many as the quota allows soon; urgent ones go first and wait for no others. Gives the outcomes of those that were
        not written; the others are added to `written`."""
        urgent = [item for item in items if item.urgent]
        rest = [item for item in items if not item.urgent]
        found = await asyncio.gather(*(self._singly(client, part, written) for part in (urgent, rest) if part))
        return {name: outcome for part in found for name, outcome in part.items()}

    async def _singly(self, client: ClientT, items: Sequence[Item[Value]], written: list[Item[Value]]) -> Outcomes:
        """All urgent or none. A worker stands still for its turn: that keeps their order and costs no try; but not for ever."""
        operation, priority = self._kind.put_operation, self._kind.priority(items[0].urgent)
        patience = self._limits.bulk_patience_seconds
        going: list[Item[Value]] = []
        late: list[Item[Value]] = []
        for place, item in enumerate(items, 1):
            fits = client.forecast_seconds(operation, place, priority) <= patience
            (going if fits else late).append(item)
        with client.waiting(operation, len(going), priority) as one_less:
            # Those who stand in line count in the turns of those who come back.
            outcomes = {item.id: self._too_late(client, item, patience) for item in late}
            found = await asyncio.gather(*(self._single(client, item, one_less) for item in going))
        for item, outcome in zip(going, found, strict=True):
            if isinstance(outcome, Outcome):
                outcomes[item.id] = outcome
            else:
                written.append(outcome)
        return outcomes

    def _too_late(self, client: ClientT, item: Item[Value], patience: float) -> Outcome:
        """It comes back in time to stand in line."""
        operation = self._kind.put_operation
        wait = round(client.postpone_seconds(operation, patience), 1)
        error = ThrottledError(f"the quota of {operation.replace('_', ' ')} is used up", retry_after=wait)
        # What is urgent stays where it is until the quota has a place; the rest makes room for others.
        return failed_by(error, of_record=not item.urgent)

    async def _single(self, client: ClientT, item: Item[Value], done: Callable[[], None]) -> Outcome | Item[Value]:
        """The outcome of one that was not written; of one that was, what `_put_done` makes of it."""
        async with self._places[item.urgent], self._written.lock(item.key):
            try:
                if self._written.newest(item.key) > item.delivery.version:
                    return Outcome(Result.STALE)
                await self._kind.put(client, item.value)
                self._written.wrote(item.key, item.delivery.version)
                self._note(item)
            except UncertainError as error:  # nobody answered: it may take effect later, over a newer one
                job = sending(item.delivery.version, self._now())
                self._written.unanswered(item.key, item.delivery.version, self._now().timestamp())
                return replace(refused(self._at, item, error), job=job)
            except ConnectorError as error:
                return refused(self._at, item, error)
            finally:
                done()
        return await self._put_done(item)

    def _note(self, item: Item[Value]) -> None:
        """A single call has just written it."""

    @abstractmethod
    async def _put_done(self, item: Item[Value]) -> Item[Value]:
        """The same item with what this process has on its way; called as soon as a single call has written it."""
