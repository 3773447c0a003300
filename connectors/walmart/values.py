"""Numbers out: stock and prices, by single call or by feed, an older one never over a newer one (INV-5). What differs is a `ValueKind`.

By which way: urgent ones and small batches by single calls; larger batches in one feed per account, if the feed's quota has a place soon,
else by single calls too, as many as the quota allows soon. The rest comes back throttled, each with a time of its own to return.

Races, and who wins:

- *A feed with an older number is not over.* It may take effect after anything written now. An urgent number is written at once and again
  when that feed is over (`after:`); another waits for it (`behind:`). Which feeds hold a SKU is known from the key's open jobs
  (`Delivery.open_jobs`, all of them: one that only waits hides no feed), from this process's memory, and from Walmart's own list of feeds
  that are not over: the last tells of feeds whose sending was never recorded because the process was killed.
- *Walmart's list cannot be read.* An urgent number is written and comes back to be written again when the list can be read; another waits.
- *The answer to a feed was lost.* It counts as on its way until it is found on Walmart's list or has certainly not arrived (`lost:`), also
  when a newer number is known by then: it may lie over it.
- *Nobody answered a single call.* It is tried again later, and may take effect late: it stays known as `sending:`. A newer number that is
  written meanwhile comes back and is written once more.
- *Delivered again* (kill before the offset moved): in a feed already -> that feed is followed; else the same number is written again.
- *An older delivery comes after a newer one*, from another lane or a retry: versions are compared with what the destination holds, with the
  key's open jobs and with what this process has written; older ones are stale.
- *Two lanes in one process* write the same key: one lock per key, the newest version is remembered.
- *Two processes* write the same key: each tells the other before it sends (`announces`, `sending:`) and reads what was told, so one of the
  two knows. An older number gives way; a newer one is written and comes back, or waits, until the other has said how it went, also when that
  one died, or stood still and was thought dead. Where the lanes are known to be shared (this process's part of the work is below 1) there are
  three looks more:
  Walmart's list is read again after writing and when a feed is over; a number that is not urgent comes back once (`settle`);
  and whose feed or call may lie over a newer number waits until that one is known, then writes it again (`Known.remote_id` has it).
- *A feed is over, and a newer number is known.* If this process wrote that one when the feed was over, nothing is to be done.

- *A feed is given up* (`Feeds.gives_up`): it blocks nothing any more. Where a newer number is known or waits, the older one's delivery goes on
  asking for the feed for `follow_days`; when it ends, the newest number is written again. Where none is, the number is sent again.

What stays possible: a single call of a process that died with it on the wire takes effect only after another process has settled its
delivery; or a feed does that was given up, for a SKU whose number changed only after that. The next number of that SKU puts it right.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, ThrottledError, UncertainError
from connectors.kit.feed_results import FeedState, failure_of
from connectors.kit.feeds import mark_of
from connectors.kit.follower import Follower
from connectors.kit.jobs import SETTLE, Job, sending
from connectors.kit.ordering import Step
from connectors.kit.ports import Delivery, Outcome, Result, failed_by, submitted
from connectors.walmart.client import WalmartClient
from connectors.walmart.deciding import Item, jobs_of, kept
from connectors.walmart.first_values import FirstValues
from connectors.walmart.looking_up import LookingUp
from connectors.walmart.ordered_writes import OrderedWrites, Outcomes
from connectors.walmart.restoring import SETTLE_SECONDS, Restoring
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.value_kinds import Value, ValueKind
from connectors.walmart.value_outcomes import GIVEN_UP, applied, none_needed, refused, sent_again


class Values(OrderedWrites[Value]):
    """The handler of one operation; `kind` says which."""

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient[WalmartClient], kind: ValueKind, follower: Follower, looking_up: LookingUp,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        super().__init__(open_client, follower, kind.feed_types, now)
        self._settings = settings
        self._kind = kind
        self._first = FirstValues(kind, looking_up, now)
        self._restoring = Restoring(kind, self._written, self._deciding)
        # Places of their own: those who stand in line for a quota must not keep urgent ones from it.
        self._places = {urgent: asyncio.Semaphore(settings.single_call_concurrency) for urgent in (True, False)}

    def _read(self, delivery: Delivery) -> Item[Value]:
        value = self._kind.read(delivery)
        return Item(delivery, value.sku, value, value.urgent, *jobs_of(delivery))

    async def _account(self, account: str, items: list[Item[Value]]) -> Outcomes:
        try:
            client = self._open(account)
            by, outcomes = await self._deciding.sorted(account, items)
        except ConnectorError as error:
            return {item.id: kept(item.delivery, error) for item in items}
        outcomes |= {item.id: self._settled(item) for item in by[Step.SETTLED]}
        written: list[Item[Value]] = []
        parts = await asyncio.gather(
            self._asked(client, by[Step.ASK]),
            self._all_single(client, by[Step.TWICE], written),
            self._restoring.outcomes(client, by[Step.RESTORE]),
            self._write(client, account, by[Step.WRITE], written),
        )
        outcomes |= {name: outcome for part in parts for name, outcome in part.items()}
        return outcomes | {item.id: self._done(item) for item in await self._deciding.looked_again(account, written)}

    # -- results

    async def _further(self, client: WalmartClient, items: Sequence[Item[Value]]) -> Outcomes:
        return await self._restoring.outcomes(client, items)

    def _result(self, item: Item[Value], remote: str, state: FeedState | None) -> Outcome | None:
        """None when it may have come to lie over a newer number that is known: that one is written again."""
        if state is None:
            return self._followed_on(item, remote) or self._sent_again(item, remote)
        failure = failure_of(state, item.sku, item.value.waits_for)
        if failure is not None:
            return Outcome(Result.STALE, detail=failure.detail) if self._is_under(item) else none_needed(item, failure)
        detail, job = f"feed {state.feed_id}", item.job.name if item.job else ""
        if self._is_under(item) and self._written.was_past(item.key, remote, item.known):
            return Outcome(Result.STALE, detail=detail)
        if self._deciding.waits_for_newer(item, remote) or (item.unsure and not self.alone):
            return submitted(job, self._follower.first_check)
        if self._is_under(item):
            return None
        later = None if self.alone else self._deciding.after(item)
        return later or self._applied(item, detail, item.job.until if item.job else 0)

    def _followed_on(self, item: Item[Value], remote: str) -> Outcome | None:
        """Its feed was given up, and a newer number is written or on its way: that one is written again should the feed end after all."""
        written = max(item.known, self._written.newest(item.key))
        newest = max(written, *(job.version for job in item.opens), 0)
        feeds = self._follower.feeds(item.delivery.account)
        if item.job is None or newest <= item.delivery.version or not feeds.is_followed(remote.partition(":")[2]):
            return None
        # A newer one that only waits may come to nothing: then this one is sent again.
        wait = self._settings.feeds.then_seconds if written > item.delivery.version else self._follower.first_check
        return replace(submitted(item.job.name, wait), notes=(GIVEN_UP,))

    def _sent_again(self, item: Item[Value], remote: str) -> Outcome:
        feed_id = remote.partition(":")[2]
        given_up = self._follower.feeds(item.delivery.account).was_given_up(feed_id)
        return sent_again(feed_id, self._settings.feeds.patience_hours if given_up else None)

    def _is_under(self, item: Item[Value]) -> bool:
        """Whether something newer of its key was written while it was on its way."""
        return item.known > item.delivery.version

    def _settled(self, item: Item[Value]) -> Outcome:
        """It was written a while ago, and nothing newer lies under it."""
        is_ours = item.job is not None and item.job.version == item.delivery.version
        newest = max(self._written.newest(item.key), item.known, *(job.version for job in item.opens))
        if item.job is None or not is_ours or newest > item.delivery.version:
            return Outcome(Result.STALE)
        return self._applied(item, "", item.job.until)

    # -- writing

    async def _write(
        self, client: WalmartClient, account: str, items: Sequence[Item[Value]], written: list[Item[Value]]
    ) -> Outcomes:
        """By the way that fits; what no quota has a place for soon comes back throttled."""
        outcomes = await self._first.outcomes(client, account, items)
        items = [item for item in items if item.id not in outcomes]
        rest = [item for item in items if not item.urgent]
        if len(rest) > self._kind.few:
            feeds = self._follower.feeds(account)
            wait = feeds.forecast_seconds(self._kind.feed_type(account), [item.sku for item in rest])
            if wait <= self._settings.patience_seconds:
                urgent = [item for item in items if item.urgent]
                singly = self._all_single(client, urgent, written)
                alone, fed = await asyncio.gather(singly, self._by_feed(account, rest))
                return outcomes | alone | fed
        return outcomes | await self._all_single(client, items, written)

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
                return outcomes | {item.id: refused(item, error) for item in going}
            sent(remote)
        check, how = self._follower.first_check, remote.partition(":")[0]
        return outcomes | {item.id: submitted(item.bound(how, remote, item.value.until), check) for item in going}

    async def _all_single(
        self, client: WalmartClient, items: Sequence[Item[Value]], written: list[Item[Value]]
    ) -> Outcomes:
        """Single calls, as many as the quota allows soon; urgent ones go first and wait for no others. Gives the outcomes of those that were
        not written; the others are added to `written`."""
        urgent = [item for item in items if item.urgent]
        rest = [item for item in items if not item.urgent]
        found = await asyncio.gather(*(self._singly(client, part, written) for part in (urgent, rest) if part))
        return {name: outcome for part in found for name, outcome in part.items()}

    async def _singly(
        self, client: WalmartClient, items: Sequence[Item[Value]], written: list[Item[Value]]
    ) -> Outcomes:
        """All urgent or none. A worker stands still for its turn: that keeps their order and costs no try; but not for ever."""
        operation, priority = self._kind.put_operation, self._kind.priority(items[0].urgent)
        going: list[Item[Value]] = []
        outcomes: Outcomes = {}
        for place, item in enumerate(items, 1):
            if client.forecast_seconds(operation, place, priority) <= self._settings.bulk_patience_seconds:
                going.append(item)
                continue
            wait = round(client.postpone_seconds(operation), 1)
            error = ThrottledError(f"the quota of {operation.replace('_', ' ')} is used up", retry_after=wait)
            # What is urgent stays where it is until the quota has a place; the rest makes room for others.
            outcomes[item.id] = failed_by(error, of_record=not item.urgent)
        with client.waiting(operation, len(going), priority) as one_less:
            found = await asyncio.gather(*(self._single(client, item, one_less) for item in going))
        for item, outcome in zip(going, found, strict=True):
            if isinstance(outcome, Outcome):
                outcomes[item.id] = outcome
            else:
                written.append(outcome)
        return outcomes

    async def _single(
        self, client: WalmartClient, item: Item[Value], done: Callable[[], None]
    ) -> Outcome | Item[Value]:
        """The outcome of one that was not written; of one that was, the same with what this process has on its way."""
        async with self._places[item.urgent], self._written.lock(item.key):
            try:
                if self._written.newest(item.key) > item.delivery.version:
                    return Outcome(Result.STALE)
                await self._kind.put(client, item.value)
                self._written.wrote(item.key, item.delivery.version)
            except UncertainError as error:  # nobody answered: it may take effect later, over a newer one
                return replace(refused(item, error), job=sending(item.delivery.version, self._now()))
            except ConnectorError as error:
                return refused(item, error)
            finally:
                done()
        remote = await self._written.on_its_way(item.key)
        if not remote or remote in {job.remote for job in item.opens}:
            return item
        return replace(item, opens=(*item.opens, Job(remote.partition(":")[0], remote)))

    def _done(self, item: Item[Value]) -> Outcome:
        """Of one that was written: it comes back when something older may land on it yet."""
        if (later := self._deciding.after(item)) is not None:
            return later
        if self.alone or item.urgent:
            return self._applied(item, "", item.value.until)
        return submitted(item.bound(SETTLE, "", item.value.until), SETTLE_SECONDS)

    def _applied(self, item: Item[Value], detail: str, until: int) -> Outcome:
        return applied(item, self._kind.model, detail, until, self._now())
