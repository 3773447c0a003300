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

What stays possible: a single call of a process that died with it on the wire takes effect only after another process has settled its
delivery; or a feed does that was given up (`Feeds.gives_up`). The next number of that SKU puts it right.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from connectors.kit.errors import ConnectorError, DataError, ThrottledError, UncertainError
from connectors.kit.jobs import CHANGE, SETTLE, Job, sending
from connectors.kit.ordering import Step
from connectors.kit.ports import Delivery, Outcome, Result, failed, failed_by, submitted
from connectors.walmart import errors
from connectors.walmart.accounts import OpenClient
from connectors.walmart.client import WalmartClient
from connectors.walmart.deciding import Deciding, Item, jobs_of, kept
from connectors.walmart.feed_results import FeedState, failure_of
from connectors.walmart.feeds import mark_of
from connectors.walmart.follower import Follower
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.value_kinds import STOCK, Value, ValueKind
from connectors.walmart.written import Written
from schemas.reasons import Reason

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 30.0
RESTORED = "newer_written_again"
TOO_EARLY = "item_is_too_new"
GIVEN_UP = "feed_given_up"
NOT_LISTED = "not_listed"


class Values:
    """The handler of one operation: one outcome per delivery, in order. Never raises ConnectorError."""

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient, kind: ValueKind, follower: Follower, now: Callable[[], datetime]
    ) -> None:  # fmt: skip
        self._settings = settings
        self._open = open_client
        self._kind = kind
        self._follower = follower
        self._now = now
        self._written = Written()
        self._deciding: Deciding[Value] = Deciding(follower, kind.feed_types, self._written, now)
        # Places of their own: those who stand in line for a quota must not keep urgent ones from it.
        self._places = {urgent: asyncio.Semaphore(settings.single_call_concurrency) for urgent in (True, False)}

    @property
    def alone(self) -> bool:
        """Whether no other process writes here; `WalmartSink.set_share` tells."""
        return self._deciding.alone

    @alone.setter
    def alone(self, alone: bool) -> None:
        self._deciding.alone = alone

    def announces(self, delivery: Delivery) -> bool:
        """Whether other processes must know of it before it is sent."""
        return self._deciding.announces(delivery)

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes: dict[str, Outcome] = {}
        accounts: dict[str, list[Item[Value]]] = {}
        for delivery in batch:
            try:
                value = self._kind.read(delivery)
            except ConnectorError as error:
                outcomes[delivery.id] = failed_by(error)
                continue
            item = Item(delivery, value.sku, value, value.urgent, *jobs_of(delivery))
            accounts.setdefault(delivery.account, []).append(item)
        try:
            for found in await asyncio.gather(*(self._account(name, items) for name, items in accounts.items())):
                outcomes.update(found)
        finally:
            self._written.done(batch)
        return [outcomes[delivery.id] for delivery in batch]

    async def _account(self, account: str, items: list[Item[Value]]) -> dict[str, Outcome]:
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
            self._restored_all(client, by[Step.RESTORE]),
            self._write(client, account, by[Step.WRITE], written),
        )
        outcomes |= {name: outcome for part in parts for name, outcome in part.items()}
        return outcomes | {item.id: self._done(item) for item in await self._deciding.looked_again(account, written)}

    # -- asking for results

    async def _asked(self, client: WalmartClient, items: Sequence[Item[Value]]) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        newer: list[Item[Value]] = []
        groups: dict[str, list[Item[Value]]] = {}
        for item in items:
            groups.setdefault(item.job.remote if item.job else "", []).append(item)
        for remote, group in groups.items():
            state, again = await self._follower.ask(group[0].delivery.account, remote)
            for item in group:
                if again is not None:
                    outcomes[item.id] = submitted(item.job.name if item.job else "", again)
                    continue
                self._written.over(item.key, remote)
                outcome = self._result(item, remote, state)
                if outcome is None:
                    newer.append(item)
                else:
                    outcomes[item.id] = outcome
        return outcomes | await self._restored_all(client, newer)

    def _result(self, item: Item[Value], remote: str, state: FeedState | None) -> Outcome | None:
        """What its feed, which is over, means for it; None when it may have come to lie over a newer number that is known."""
        if state is None:
            return self._sent_again(item, remote)
        failure = failure_of(state, item.sku, item.value.waits_for)
        if failure is not None:
            return Outcome(Result.STALE, detail=failure.detail) if self._is_under(item) else _none_needed(item, failure)
        detail, job = f"feed {state.feed_id}", item.job.name if item.job else ""
        if self._is_under(item) and self._written.was_past(item.key, remote, item.known):
            return Outcome(Result.STALE, detail=detail)
        if self._deciding.waits_for_newer(item, remote) or (item.unsure and not self.alone):
            return submitted(job, self._follower.first_check)
        if self._is_under(item):
            return None
        later = None if self.alone else self._deciding.after(item)
        return later or self._applied(item, detail, item.job.until if item.job else 0)

    def _sent_again(self, item: Item[Value], remote: str) -> Outcome:
        """Its feed is gone, or takes longer than we have patience for. That counts as a try: a person hears of one that never ends."""
        feed_id = remote.partition(":")[2]
        if not self._follower.feeds(item.delivery.account).was_given_up(feed_id):
            return replace(failed(Reason.TRANSIENT, "the feed has vanished at Walmart; sent again"), of_record=True)
        detail = (
            f"feed {feed_id} is not over after {self._settings.feeds.patience_hours:g} hours and given up; sent again"
        )
        return replace(failed(Reason.TRANSIENT, detail), of_record=True, notes=(GIVEN_UP,))

    def _is_under(self, item: Item[Value]) -> bool:
        """Whether something newer of its key was written while it was on its way."""
        return item.known > item.delivery.version

    # -- a newer number that may lie under an older one

    async def _restored_all(self, client: WalmartClient, items: Sequence[Item[Value]]) -> dict[str, Outcome]:
        found = await asyncio.gather(*(self._restored(client, item) for item in items))
        return {item.id: outcome for item, outcome in zip(items, found, strict=True)}

    async def _restored(self, client: WalmartClient, item: Item[Value]) -> Outcome:
        """Write what is known to be newest again: this delivery's older number has taken effect meanwhile, or may have."""
        known = item.delivery.known
        assert known is not None
        try:
            value = self._kind.parse(item.delivery.account, item.sku, known.remote_id)
            async with self._written.lock(item.key):
                if self._written.newest(item.key) > known.version:
                    return Outcome(Result.STALE)
                await self._kind.put(client, value)
        except DataError as error:
            return replace(
                failed(Reason.CONFLICT, f"a newer value could not be written again: {error}"), of_record=True
            )
        except ConnectorError as error:
            wait = error.retry_after or SETTLE_SECONDS
            return submitted(Job(SETTLE, "", item.delivery.version).name, wait)
        logger.warning("walmart_newer_written_again key=%s version=%d", item.key, known.version)
        if self.alone:
            return Outcome(Result.STALE, notes=(RESTORED,))
        return replace(submitted(Job(SETTLE, "", known.version).name, SETTLE_SECONDS), notes=(RESTORED,))

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
    ) -> dict[str, Outcome]:
        """By the way that fits; what no quota has a place for soon comes back throttled."""
        outcomes = await self._too_early(client, items)
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

    async def _too_early(self, client: WalmartClient, items: Sequence[Item[Value]]) -> dict[str, Outcome]:
        """Those whose SKU takes no value yet; they come back when it does."""
        first = [item for item in items if item.delivery.known is None]
        if not 0 < len(first) <= self._kind.look_up_to:
            return {}
        outcomes: dict[str, Outcome] = {}
        for item in first:
            try:
                wait = await self._kind.too_early_seconds(client, item.value)
            except ConnectorError as error:
                outcomes[item.id] = _refused(item, error)
                continue
            if wait > 0:
                due = int(self._now().timestamp() + wait)
                job = item.bound(CHANGE, f"{CHANGE}:{due}")
                outcomes[item.id] = replace(submitted(job, wait), notes=(TOO_EARLY,))
        return outcomes

    async def _by_feed(self, account: str, items: Sequence[Item[Value]]) -> dict[str, Outcome]:
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
                return outcomes | {item.id: _refused(item, error) for item in going}
            sent(remote)
        check, how = self._follower.first_check, remote.partition(":")[0]
        return outcomes | {item.id: submitted(item.bound(how, remote, item.value.until), check) for item in going}

    async def _all_single(
        self, client: WalmartClient, items: Sequence[Item[Value]], written: list[Item[Value]]
    ) -> dict[str, Outcome]:
        """Single calls, as many as the quota allows soon; urgent ones go first and wait for no others. Gives the outcomes of those that were
        not written; the others are added to `written`."""
        urgent = [item for item in items if item.urgent]
        rest = [item for item in items if not item.urgent]
        found = await asyncio.gather(*(self._singly(client, part, written) for part in (urgent, rest) if part))
        return {name: outcome for part in found for name, outcome in part.items()}

    async def _singly(
        self, client: WalmartClient, items: Sequence[Item[Value]], written: list[Item[Value]]
    ) -> dict[str, Outcome]:
        """All urgent or none. A worker stands still for its turn: that keeps their order and costs no try; but not for ever."""
        operation, priority = self._kind.put_operation, self._kind.priority(items[0].urgent)
        going: list[Item[Value]] = []
        outcomes: dict[str, Outcome] = {}
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
                return replace(_refused(item, error), job=sending(item.delivery.version, self._now()))
            except ConnectorError as error:
                return _refused(item, error)
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
        """It holds what was sent. `until`: when another value was due, as seen then: the delivery comes back for that one, at once where the
        moment has passed meanwhile. What `item.value` is now need not be what was sent."""
        value = item.value
        if until:
            wait = max(until - self._now().timestamp(), 1.0)
            return replace(submitted(item.bound(CHANGE, f"{CHANGE}:{until}"), wait), notes=value.notes)
        return Outcome(
            Result.APPLIED, detail=detail, remote_model=self._kind.model, remote_id=value.text, notes=value.notes
        )


def _refused(item: Item[Value], error: ConnectorError) -> Outcome:
    if error.code == errors.NOT_FOUND and item.value.waits_for:
        detail = f"{error}; Walmart has no item of this SKU"
        return _none_needed(item, failed(Reason.MAPPING, detail, waiting_for=item.value.waits_for))
    return errors.outcome_of(error, item.delivery.attempt)


def _none_needed(item: Item[Value], failure: Outcome) -> Outcome:
    """An item that Walmart does not have cannot be sold: that is what a 0 wants, and no reason to list it."""
    if not (item.value.needs_no_item and failure.waiting_for and failure.waiting_for == item.value.waits_for):
        return failure
    return Outcome(
        Result.APPLIED, remote_model=STOCK, remote_id=item.value.text, detail=failure.detail, notes=(NOT_LISTED,)
    )
