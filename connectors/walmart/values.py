"""Numbers out: stock and prices, by single call or by feed, an older one never over a newer one (INV-5). What differs is a `ValueKind`.

By which way: urgent ones and small batches by single calls; larger batches in one feed per account, if the feed's quota has a place soon,
else by single calls too, as many as the quota allows soon. The rest comes back throttled, each with a time of its own to return.

Races, and who wins:

- *A feed with an older number is not over.* It may take effect after anything written now. An urgent number is written at once and again
  when that feed is over (`after:`); another waits for it (`behind:`). Which feeds hold a SKU is known from the delivery (`open_job`), from
  this process's memory, and from Walmart's own list of feeds that are not over: the last tells of feeds whose sending was never recorded
  because the process was killed, or which another process has just sent from another lane.
- *The answer to a feed was lost.* It counts as on its way until it is found on Walmart's list or has certainly not arrived (`lost:`).
- *The answer to a single call was lost.* It is tried again later with what is known then; a newer number has made it stale by then.
- *Delivered again* (kill before the offset moved): in a feed already -> that feed is followed; else the same number is written again.
- *An older delivery comes after a newer one*, from another lane or a retry: versions are compared with what the destination holds, with the
  key's open job and with what this process has written; older ones are stale.
- *Two lanes in one process* write the same key: one lock per key, the newest version is remembered.
- *Two lanes in two processes* (their share of the work is below 1) write the same key by single calls within the same second: a number that
  is not urgent comes back once (`settle`) to see whether a newer one was written meanwhile, and then writes that one again. The same when a
  feed ends with a number that is older than what is known by then. The pipeline keeps the newer number for this in `Known.remote_id`.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from connectors.kit.errors import ConnectorError, DataError, ThrottledError
from connectors.kit.jobs import AFTER, BEHIND, CHANGE, LOST, SETTLE, Job, parse
from connectors.kit.ordering import Situation, Step, step
from connectors.kit.ports import Delivery, Outcome, Result, failed, failed_by, submitted
from connectors.walmart import errors
from connectors.walmart.accounts import OpenClient
from connectors.walmart.client import WalmartClient
from connectors.walmart.feed_results import FeedState, failure_of
from connectors.walmart.feeds import mark_of
from connectors.walmart.follower import Follower, Standing
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.value_kinds import Value, ValueKind
from connectors.walmart.written import Written
from schemas.reasons import Reason

logger = logging.getLogger(__name__)

SETTLE_SECONDS = 30.0
FEED = "feed"
RESTORED = "newer_written_again"


@dataclass(frozen=True, slots=True)
class Item:
    """A delivery with the value it brings, its own job and another open one."""

    delivery: Delivery
    value: Value
    job: Job | None
    open: Job | None = None

    @property
    def key(self) -> str:
        return self.delivery.key

    def bound(self, how: str, remote: str) -> str:
        return Job(how, remote, self.delivery.version).name


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
        self._places = asyncio.Semaphore(settings.single_call_concurrency)
        self.alone = True  # whether no other process writes here; `WalmartSink.set_share` tells

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes: dict[str, Outcome] = {}
        accounts: dict[str, list[Item]] = {}
        for delivery in batch:
            try:
                item = Item(delivery, self._kind.read(delivery), parse(delivery.job), parse(delivery.open_job))
                accounts.setdefault(delivery.account, []).append(item)
            except ConnectorError as error:
                outcomes[delivery.id] = failed_by(error)
        for found in await asyncio.gather(*(self._account(name, items) for name, items in accounts.items())):
            outcomes.update(found)
        return [outcomes[delivery.id] for delivery in batch]

    async def _account(self, account: str, items: list[Item]) -> dict[str, Outcome]:
        try:
            client = self._open(account)
            items = [await self._located(account, item) for item in items]
            by, outcomes = await self._decided(account, items)
        except ConnectorError as error:
            return {item.delivery.id: _kept(item, error) for item in items}
        parts = await asyncio.gather(
            self._asked(client, by[Step.ASK]),
            self._all_single(client, by[Step.TWICE]),
            self._restored_all(client, by[Step.RESTORE]),
            self._write(client, account, [replace(item, open=None) for item in by[Step.WRITE]]),
        )
        return outcomes | {name: outcome for part in parts for name, outcome in part.items()}

    # -- deciding

    async def _located(self, account: str, item: Item) -> Item:
        """With the feed its lost one turned out to be, and the open job this process remembers."""
        item = replace(item, open=item.open or parse(self._written.open_job(item.key)))
        if item.job and item.job.how == CHANGE and int(item.job.id) <= self._now().timestamp():
            return replace(item, job=None)  # like one that comes first, with the value that is due now
        if item.job is None or item.job.how != LOST:
            return item
        found = await self._follower.feeds(account).locate(item.job.remote)
        return replace(item, job=Job(FEED, found, item.job.version)) if found else item

    async def _decided(
        self, account: str, items: Sequence[Item]
    ) -> tuple[defaultdict[Step, list[Item]], dict[str, Outcome]]:
        """Items by what is to be done with them, and the outcomes of those with which nothing is. Walmart is asked once per remote job."""
        deciding = [item for item in items if item.job is None or item.job.how in (AFTER, BEHIND, LOST, CHANGE)]
        listed, unlisted = await self._listed(account, deciding)
        standing = await self._follower.standing(
            account, [job.remote for item in deciding for job in (item.job, item.open) if job and _is_sent(job.remote)]
        )
        by: defaultdict[Step, list[Item]] = defaultdict(list)
        outcomes: dict[str, Outcome] = {}
        for item in items:
            for job in (item.job, item.open):
                if job and standing.is_over(job.remote):
                    self._written.over(item.key, job.remote)
            item = replace(item, open=_still_open(item.open, standing) or listed.get(item.value.sku))
            known = item.delivery.known.version if item.delivery.known else 0
            newest = self._written.newest(item.key)
            at = Situation(item.delivery.version, known, newest, item.job, item.open, item.value.urgent)
            found = step(at, standing.is_over)
            if found is Step.WRITE and unlisted and not item.value.urgent:
                outcomes[item.delivery.id] = _kept(item, unlisted)
            elif (outcome := self._outcome(found, item, standing)) is not None:
                outcomes[item.delivery.id] = outcome
            else:
                by[found].append(item)
        return by, outcomes

    def _outcome(self, found: Step, item: Item, standing: Standing) -> Outcome | None:
        """What is to be said when nothing has to be done for it; None when something has."""
        if found is Step.STALE:
            return Outcome(Result.STALE)
        if found is Step.WAIT and item.job is not None:
            wait = standing.wait(item.job.remote)
            if item.job.how == CHANGE:
                wait = int(item.job.id) - self._now().timestamp()
            return submitted(item.job.name, wait)
        if found is Step.BEHIND:
            return submitted(item.bound(BEHIND, _remote(item)), standing.wait(_remote(item)))
        if found is Step.ADOPT and item.open is not None:
            return submitted(item.open.name, standing.wait(_remote(item)))
        return self._settled(item) if found is Step.SETTLED else None

    async def _listed(self, account: str, deciding: Sequence[Item]) -> tuple[dict[str, Job], ConnectorError | None]:
        """SKU -> a feed on Walmart's list that holds it and is not over; or why the list could not be read."""
        if not deciding:
            return {}, None
        try:
            unfinished = await self._follower.feeds(account).unfinished(self._kind.feed_types)
        except ConnectorError as error:
            return {}, error
        found: dict[str, Job] = {}
        for item in deciding:
            for feed_id, skus in unfinished.items():
                if skus is None or item.value.sku in skus:
                    found.setdefault(item.value.sku, Job(FEED, f"feed:{feed_id}"))
        return found, None

    # -- asking for results

    async def _asked(self, client: WalmartClient, items: Sequence[Item]) -> dict[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        newer: list[Item] = []
        groups: dict[str, list[Item]] = {}
        for item in items:
            groups.setdefault(item.job.remote if item.job else "", []).append(item)
        for remote, group in groups.items():
            state, again = await self._follower.ask(group[0].delivery.account, remote)
            for item in group:
                if again is not None:
                    outcomes[item.delivery.id] = submitted(item.job.name if item.job else "", again)
                    continue
                self._written.over(item.key, remote)
                outcome = self._result(item, state)
                if outcome.ok and self._is_under(item):
                    newer.append(item)
                outcomes[item.delivery.id] = outcome
        return outcomes | await self._restored_all(client, newer)

    def _result(self, item: Item, state: FeedState | None) -> Outcome:
        if state is None:
            return replace(failed(Reason.TRANSIENT, "the feed has vanished at Walmart; sent again"), of_record=True)
        failure = failure_of(state, item.value.sku, item.value.waits_for)
        if failure is not None:
            return Outcome(Result.STALE, detail=failure.detail) if self._is_under(item) else failure
        return self._applied(item, f"feed {state.feed_id}")

    def _is_under(self, item: Item) -> bool:
        """Whether something newer of its key was written while it was on its way."""
        known = item.delivery.known.version if item.delivery.known else 0
        return known > item.delivery.version

    # -- a newer number that may lie under an older one

    async def _restored_all(self, client: WalmartClient, items: Sequence[Item]) -> dict[str, Outcome]:
        found = await asyncio.gather(*(self._restored(client, item) for item in items))
        return {item.delivery.id: outcome for item, outcome in zip(items, found, strict=True)}

    async def _restored(self, client: WalmartClient, item: Item) -> Outcome:
        """Write what is known to be newest again: this delivery's older number has taken effect meanwhile, or may have."""
        known = item.delivery.known
        assert known is not None
        if self._written.newest(item.key) > known.version:
            return Outcome(Result.STALE)
        try:
            value = self._kind.parse(item.delivery.account, item.value.sku, known.remote_id)
            async with self._written.lock(item.key):
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

    def _settled(self, item: Item) -> Outcome:
        """It was written a while ago, and nothing newer lies under it."""
        is_ours = item.job is not None and item.job.version == item.delivery.version
        newest = max(self._written.newest(item.key), item.delivery.known.version if item.delivery.known else 0)
        return self._applied(item, "") if is_ours and newest <= item.delivery.version else Outcome(Result.STALE)

    # -- writing

    async def _write(self, client: WalmartClient, account: str, items: Sequence[Item]) -> dict[str, Outcome]:
        """By the way that fits; what no quota has a place for soon comes back throttled."""
        urgent = [item for item in items if item.value.urgent]
        rest = [item for item in items if not item.value.urgent]
        outcomes = await self._all_single(client, urgent)
        if len(rest) > self._kind.few:
            wait = client.forecast_seconds(self._kind.feed_operation(account), 1)
            if wait <= self._settings.patience_seconds:
                return outcomes | await self._by_feed(account, rest)
        return outcomes | await self._all_single(client, rest)

    async def _by_feed(self, account: str, items: Sequence[Item]) -> dict[str, Outcome]:
        """One feed of all that are still the newest of their key."""
        going = [item for item in items if self._written.newest(item.key) <= item.delivery.version]
        outcomes = {item.delivery.id: Outcome(Result.STALE) for item in items if item not in going}
        if not going:
            return outcomes
        mark = mark_of([f"{item.delivery.id}/{item.delivery.attempt}" for item in going])
        feed = self._kind.feed(account, [item.value for item in going], mark)
        with self._written.sending([(item.key, item.delivery.version) for item in going]) as sent:
            try:
                remote = await self._follower.feeds(account).submit(feed)
            except ConnectorError as error:
                return outcomes | {item.delivery.id: _refused(item, error) for item in going}
            sent(remote)
        check, how = self._follower.first_check, remote.partition(":")[0]
        return outcomes | {item.delivery.id: submitted(item.bound(how, remote), check) for item in going}

    async def _all_single(self, client: WalmartClient, items: Sequence[Item]) -> dict[str, Outcome]:
        """Single calls, as many as the quota allows soon, urgent ones first in line."""
        if not items:
            return {}
        patience = self._settings.bulk_patience_seconds
        going: list[Item] = []
        outcomes: dict[str, Outcome] = {}
        for place, item in enumerate(items, 1):
            if client.forecast_seconds(self._kind.put_operation, place) <= patience:
                going.append(item)
                continue
            wait = client.postpone_seconds(self._kind.put_operation)
            error = ThrottledError(f"the quota of {self._kind.put_operation} is used up", retry_after=round(wait, 1))
            outcomes[item.delivery.id] = failed_by(error, of_record=not item.value.urgent)
        with client.waiting(self._kind.put_operation, len(going)) as one_less:
            found = await asyncio.gather(*(self._single(client, item, one_less) for item in going))
        return outcomes | {item.delivery.id: outcome for item, outcome in zip(going, found, strict=True)}

    async def _single(self, client: WalmartClient, item: Item, done: Callable[[], None]) -> Outcome:
        async with self._places, self._written.lock(item.key):
            try:
                if self._written.newest(item.key) > item.delivery.version:
                    return Outcome(Result.STALE)
                await self._kind.put(client, item.value)
                self._written.wrote(item.key, item.delivery.version)
            except ConnectorError as error:
                return _refused(item, error)
            finally:
                done()
        remote = await self._written.on_its_way(item.key) or (_remote(item) if item.open else "")
        if remote:
            return submitted(item.bound(AFTER, remote), self._follower.first_check)
        if self.alone or item.value.urgent:
            return self._applied(item, "")
        return submitted(Job(SETTLE, "", item.delivery.version).name, SETTLE_SECONDS)

    def _applied(self, item: Item, detail: str) -> Outcome:
        """It holds it now; when another value is due later, the delivery comes back for that one."""
        value = item.value
        if value.changes_at is not None:
            wait = max((value.changes_at - self._now()).total_seconds(), 1.0)
            job = item.bound(CHANGE, f"{CHANGE}:{int(value.changes_at.timestamp())}")
            return replace(submitted(job, wait), notes=value.notes)
        return Outcome(
            Result.APPLIED, detail=detail, remote_model=self._kind.model, remote_id=value.text, notes=value.notes
        )


def _remote(item: Item) -> str:
    return item.open.remote if item.open else ""


def _still_open(job: Job | None, standing: Standing) -> Job | None:
    """An open job as far as it matters: a feed that can still change something, or the version of one that only waits."""
    if job is None or (job.how in (FEED, LOST) and standing.is_over(job.remote)):
        return None
    return replace(job, remote="") if job.how == CHANGE else job


def _is_sent(remote: str) -> bool:
    """Whether it names something at Walmart that can be asked for."""
    return remote.startswith((f"{FEED}:", f"{LOST}:"))


def _kept(item: Item, error: ConnectorError) -> Outcome:
    """A delivery that waits for a job keeps it whatever fails meanwhile: without it, it would be sent a second time."""
    if item.delivery.job:
        return submitted(item.delivery.job, error.retry_after or SETTLE_SECONDS)
    return errors.outcome_of(error, item.delivery.attempt)


def _refused(item: Item, error: ConnectorError) -> Outcome:
    if error.code == errors.NOT_FOUND and item.value.waits_for:
        detail = f"{error}; Walmart has no item of this SKU"
        return failed(Reason.MAPPING, detail, waiting_for=item.value.waits_for)
    return errors.outcome_of(error, item.delivery.attempt)
