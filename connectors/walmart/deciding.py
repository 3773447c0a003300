"""Which of the deliveries may be sent now, given everything that may still be on its way: Walmart is asked, `connectors.kit.ordering` decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Generic, TypeVar

from connectors.kit.errors import ConnectorError
from connectors.kit.jobs import AFTER, BEHIND, CHANGE, LOST, Job, parse
from connectors.kit.ordering import Situation, Step, step
from connectors.kit.ports import Delivery, Outcome, Result, submitted
from connectors.walmart import errors
from connectors.walmart.follower import Follower, Standing
from connectors.walmart.written import Written

FEED = "feed"
_SOON_SECONDS = 30.0
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Item(Generic[ValueT]):
    """A delivery with what it brings for a SKU, its own job, and another open job of its key. unsure: what is on its way could not be asked."""

    delivery: Delivery
    sku: str
    value: ValueT
    urgent: bool = False
    job: Job | None = None
    open: Job | None = None
    unsure: bool = False

    @property
    def id(self) -> str:
        return self.delivery.id

    @property
    def key(self) -> str:
        return self.delivery.key

    @property
    def known(self) -> int:
        """Newest version the destination is known to hold."""
        return self.delivery.known.version if self.delivery.known else 0

    @property
    def open_remote(self) -> str:
        return self.open.remote if self.open else ""

    def bound(self, how: str, remote: str) -> str:
        """The name of a job of this delivery."""
        return Job(how, remote, self.delivery.version).name


Sorted = defaultdict[Step, list[Item[ValueT]]]


class Deciding(Generic[ValueT]):
    """For one operation. `feed_types`: what its values travel in; `written`: this process's memory."""

    def __init__(
        self, follower: Follower, feed_types: frozenset[str], written: Written, now: Callable[[], datetime]
    ) -> None:
        self._follower = follower
        self._feed_types = feed_types
        self._written = written
        self._now = now

    async def sorted(self, account: str, items: Sequence[Item[ValueT]]) -> tuple[Sorted[ValueT], dict[str, Outcome]]:
        """Items by what is to be done with them, and the outcomes of those with which nothing is. Walmart is asked once per remote job.

        Raises ConnectorError when nothing can be said of any."""
        items = [await self._located(account, item) for item in items]
        deciding = [item for item in items if item.job is None or item.job.how in (AFTER, BEHIND, LOST, CHANGE)]
        listed, unlisted = await self._listed(account, deciding)
        jobs = [job for item in deciding for job in (item.job, item.open) if job]
        standing = await self._follower.standing(account, [job.remote for job in jobs if _is_sent(job.remote)])
        by: Sorted[ValueT] = defaultdict(list)
        outcomes: dict[str, Outcome] = {}
        for item in items:
            found, decided = self._decided(item, standing, listed)
            if found is Step.WRITE and unlisted and not item.urgent:
                outcomes[item.id] = kept(decided.delivery, unlisted)
            elif (outcome := self._outcome(found, decided, standing)) is not None:
                outcomes[item.id] = outcome
            else:
                by[found].append(replace(decided, unsure=unlisted is not None))
        return by, outcomes

    async def _located(self, account: str, item: Item[ValueT]) -> Item[ValueT]:
        """With the feed its lost one turned out to be, and the open job this process remembers."""
        item = replace(item, open=item.open or parse(self._written.open_job(item.key)))
        if item.job and item.job.how == CHANGE and int(item.job.id) <= self._now().timestamp():
            return replace(item, job=None)  # like one that comes first, with the value that is due now
        if item.job is None or item.job.how != LOST:
            return item
        found = await self._follower.feeds(account).locate(item.job.remote)
        return replace(item, job=Job(FEED, found, item.job.version)) if found else item

    def _decided(self, item: Item[ValueT], standing: Standing, listed: dict[str, Job]) -> tuple[Step, Item[ValueT]]:
        for job in (item.job, item.open):
            if job and standing.is_over(job.remote):
                self._written.over(item.key, job.remote)
        item = replace(item, open=_still_open(item.open, standing) or listed.get(item.sku))
        newest = self._written.newest(item.key)
        at = Situation(item.delivery.version, item.known, newest, item.job, item.open, item.urgent)
        return step(at, standing.is_over), item

    def _outcome(self, found: Step, item: Item[ValueT], standing: Standing) -> Outcome | None:
        """What is to be said when nothing has to be done for it; None when something has."""
        if found is Step.STALE:
            return Outcome(Result.STALE)
        if found is Step.WAIT and item.job is not None:
            wait = standing.wait(item.job.remote)
            if item.job.how == CHANGE:
                wait = int(item.job.id) - self._now().timestamp()
            return submitted(item.job.name, wait)
        if found is Step.BEHIND:
            return submitted(item.bound(BEHIND, item.open_remote), standing.wait(item.open_remote))
        if found is Step.ADOPT and item.open is not None:
            return submitted(item.open.name, standing.wait(item.open_remote))
        return None

    async def _listed(
        self, account: str, deciding: Sequence[Item[ValueT]]
    ) -> tuple[dict[str, Job], ConnectorError | None]:
        """SKU -> a feed on Walmart's list that holds it and is not over; or why the list could not be read."""
        if not deciding:
            return {}, None
        try:
            unfinished = await self._follower.feeds(account).unfinished(self._feed_types)
        except ConnectorError as error:
            return {}, error
        found: dict[str, Job] = {}
        for item in deciding:
            for feed_id, skus in unfinished.items():
                if skus is None or item.sku in skus:
                    found.setdefault(item.sku, Job(FEED, f"{FEED}:{feed_id}"))
        return found, None


def kept(delivery: Delivery, error: ConnectorError) -> Outcome:
    """A delivery that waits for a job keeps it whatever fails meanwhile: without it, it would be sent a second time."""
    if delivery.job:
        return submitted(delivery.job, error.retry_after or _SOON_SECONDS)
    return errors.outcome_of(error, delivery.attempt)


def _still_open(job: Job | None, standing: Standing) -> Job | None:
    """An open job as far as it matters: what can still change something, or the version of one that only waits."""
    if job is None or (job.how in (FEED, LOST) and standing.is_over(job.remote)):
        return None
    return job if _is_sent(job.remote) else replace(job, remote="")


def _is_sent(remote: str) -> bool:
    """Whether it names something at Walmart that can be asked for."""
    return remote.startswith((f"{FEED}:", f"{LOST}:"))
