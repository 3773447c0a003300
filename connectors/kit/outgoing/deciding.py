"""Which of the deliveries may be sent now, given everything that may still be on its way: the marketplace is asked,
`connectors.kit.ordering` decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from connectors.kit.errors import ConnectorError
from connectors.kit.feeds import Feeds
from connectors.kit.follower import Follower, Standing
from connectors.kit.jobs import AFTER, BEHIND, CHANGE, LOST, SENDING, SETTLE, Job, has_expired, parse
from connectors.kit.ordering import FEED, Situation, Step, adopted, in_the_way, newer_under_way, step
from connectors.kit.outgoing.marketplace import Marketplace
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Delivery, Outcome, Result, submitted

_SOON_SECONDS = 30.0
ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class Item(Generic[ValueT]):
    """A delivery with what it brings for a SKU, its own job, and other open jobs of its key. unsure: what is on its way could not be asked."""

    delivery: Delivery
    sku: str
    value: ValueT
    urgent: bool = False
    job: Job | None = None
    opens: tuple[Job, ...] = ()
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

    def bound(self, how: str, remote: str, until: int = 0) -> str:
        """The name of a job of this delivery."""
        return Job(how, remote, self.delivery.version, until).name


def jobs_of(delivery: Delivery) -> tuple[Job | None, tuple[Job, ...]]:
    """Its own job and the others of its key."""
    return parse(delivery.job), tuple(job for name in delivery.open_jobs if (job := parse(name)))


Sorted = defaultdict[Step, list[Item[ValueT]]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was learned for a batch. standing: of remote jobs; listed: SKU -> feeds on the marketplace's list that hold it and are not over; trouble:
    why the list could not be read."""

    standing: Standing
    listed: Mapping[str, Sequence[Job]]
    trouble: ConnectorError | None = None


class Deciding(Generic[ValueT]):
    """For one operation. `feed_types`: what its values travel in; `written`: this process's memory. `alone`: whether no other process writes
    here; then what this one has begun is all there is."""

    def __init__(
        self,
        at: Marketplace,
        follower: Follower,
        feed_types: frozenset[str],
        written: Written,
        now: Callable[[], datetime],
    ) -> None:
        self._at = at
        self._follower = follower
        self._feed_types = feed_types
        self._written = written
        self._now = now
        self.alone = True

    def announces(self, delivery: Delivery) -> bool:
        """Whether it may be sent now, while other processes may send an older or newer one. Also who believes to be alone tells: a process
        that was thought dead may go on where it stopped."""
        job = parse(delivery.job)
        if job is not None and job.how not in (AFTER, BEHIND, LOST, CHANGE):
            return False
        self._written.tells(delivery.key, delivery.version)
        return True

    async def sorted(self, account: str, items: Sequence[Item[ValueT]]) -> tuple[Sorted[ValueT], dict[str, Outcome]]:
        """Items by what is to be done with them, and the outcomes of those with which nothing is. The marketplace is asked once per remote job.

        Raises DataError for an account that is not configured."""
        lost = await self._found(account, items)
        items = [self._located(item, lost) for item in items]
        around = await self._around(account, [item for item in items if self._decides_by_others(item)], lost)
        by: Sorted[ValueT] = defaultdict(list)
        outcomes: dict[str, Outcome] = {}
        for item in items:
            found, decided = self._decided(item, around, lost)
            unsure = around.trouble is not None and self._reads_list(item)
            if found is Step.WRITE and unsure and around.trouble and not item.urgent:
                outcomes[item.id] = kept(decided.delivery, around.trouble, self._at)
            elif (outcome := self._outcome(found, decided, around.standing)) is not None:
                outcomes[item.id] = outcome
            else:
                by[found].append(replace(decided, unsure=unsure))
        return by, outcomes

    def after(self, item: Item[ValueT]) -> Outcome | None:
        """It was written, or its feed is over: that it comes back after what may bring an older value yet; None when nothing does."""
        blocking = in_the_way(self._situation(item), lambda remote: False)
        if blocking is None:
            return submitted(item.bound(AFTER, ""), self._follower.first_check) if item.unsure else None
        return self._bound(AFTER, item, blocking, Standing())

    def is_blocked(self, item: Item[ValueT]) -> bool:
        """Whether something older may come to lie over it yet, or that could not be asked."""
        return item.unsure or in_the_way(self._situation(item), lambda remote: False) is not None

    def waits_for_newer(self, item: Item[ValueT], remote: str) -> bool:
        """Whether a newer value was sent or written while this one was on its way by `remote`, and is not known yet."""
        at = self._situation(item)
        newer = max((job.version for job in at.opens), default=0)
        return newer_under_way(at, max(at.version, at.known)) and not self._written.was_past(item.key, remote, newer)

    async def looked_again(self, account: str, items: Sequence[Item[ValueT]]) -> list[Item[ValueT]]:
        """Items just written, with feeds that have come to the list since: another process may have sent one meanwhile."""
        if self.alone or not items:
            return list(items)
        listed, trouble = await self._listed(account, items, fresh=True)
        looked = []
        for item in items:
            known = {job.remote for job in item.opens}
            more = tuple(job for job in listed.get(item.sku, ()) if job.remote not in known)
            looked.append(replace(item, opens=item.opens + more, unsure=item.unsure or trouble is not None))
        return looked

    def _decides_by_others(self, item: Item[ValueT]) -> bool:
        """Whether it matters for it what others have on their way."""
        return not (self.alone and _only_asks(item))

    def _reads_list(self, item: Item[ValueT]) -> bool:
        """Whether the marketplace's list of feeds is read for it."""
        return True

    def _outdated(self, item: Item[ValueT]) -> Outcome:
        """What becomes of one that is older than what is written or on its way."""
        return Outcome(Result.STALE)

    async def _found(self, account: str, items: Sequence[Item[ValueT]]) -> dict[str, str | None]:
        """Lost job -> what it turned out to be (`Feeds.locate`), "" also where the list could not be read. All are looked for at once."""
        remotes = list(dict.fromkeys(item.job.remote for item in items if item.job and item.job.how == LOST))
        feeds = self._follower.feeds(account)
        try:
            return await feeds.locate_all(remotes)
        except ConnectorError:
            return dict.fromkeys(remotes, "")

    def _located(self, item: Item[ValueT], lost: Mapping[str, str | None]) -> Item[ValueT]:
        """With the feed its lost one turned out to be, and the open job this process remembers."""
        known = {job.remote for job in (item.job, *item.opens) if job}
        remembered = [job for job in self._written.open_jobs(item.key) if job.remote not in known]
        item = replace(item, opens=(*item.opens, *remembered))
        if item.job and item.job.how == CHANGE and int(item.job.id) <= self._now().timestamp():
            return replace(item, job=None)  # like one that comes first, with the value that is due now
        if item.job is None or item.job.how != LOST:
            return item
        found = lost[item.job.remote]
        return replace(item, job=replace(item.job, how=FEED, remote=found)) if found else item

    async def _around(
        self, account: str, deciding: Sequence[Item[ValueT]], lost: Mapping[str, str | None]
    ) -> Surroundings:
        # Whose feed is over asks what else is under way now: a reading of a moment ago may name feeds that are over as well.
        listing = [item for item in deciding if self._reads_list(item)]
        listed, trouble = await self._listed(account, listing, fresh=any(_only_asks(item) for item in listing))
        own = [item.job for item in deciding if item.job and not _only_asks(item)]
        jobs = [*own, *(job for item in deciding for job in item.opens)]
        standing = await self._follower.standing(account, [job.remote for job in jobs if _is_sent(job.remote)], lost)
        return Surroundings(standing, listed, trouble)

    def _decided(
        self, item: Item[ValueT], around: Surroundings, lost: Mapping[str, str | None]
    ) -> tuple[Step, Item[ValueT]]:
        standing = around.standing
        past = [job.remote for job in (item.job, *item.opens) if job and standing.is_over(job.remote)]
        for remote in past:
            self._written.over(item.key, remote)
        opens = [_as_it_stands(job, standing) for job in item.opens if not self._says_nothing(item.key, job)]
        known = {job.remote for job in (item.job, *opens) if job}
        opens += [job for job in around.listed.get(item.sku, ()) if job.remote not in known]
        item = replace(item, opens=tuple(opens))
        # A lost feed that is over may never have arrived, or may be done: only when it was looked for, it is known which.
        unknown = item.job.remote if item.job and lost.get(item.job.remote) == "" else ""
        found = step(self._situation(item), lambda remote: remote != unknown and standing.is_over(remote))
        if found in (Step.WRITE, Step.TWICE):
            feeds = self._follower.feeds(item.delivery.account)
            done = [remote for remote in past if not feeds.was_given_up(remote.partition(":")[2])]
            self._written.past(item.key, item.delivery.version, done)
        return found, item

    def _says_nothing(self, key: str, job: Job) -> bool:
        """A sending of long ago; or of this process: what it writes it remembers, and one at a time."""
        return job.how == SENDING and (has_expired(job, self._now()) or self._written.told(key, job.version))

    def _situation(self, item: Item[ValueT]) -> Situation:
        newest = self._written.newest(item.key)
        return Situation(item.delivery.version, item.known, newest, item.job, item.opens, item.urgent)

    def _outcome(self, found: Step, item: Item[ValueT], standing: Standing) -> Outcome | None:
        """What is to be said when nothing has to be done for it; None when something has."""
        at = self._situation(item)
        if found is Step.STALE:
            return self._outdated(item)
        if found is Step.WAIT and item.job is not None:
            wait = standing.wait(item.job.remote)
            if item.job.how == CHANGE:
                wait = int(item.job.id) - self._now().timestamp()
            return submitted(item.job.name, wait)
        if found in (Step.BEHIND, Step.AFTER) and (blocking := in_the_way(at, standing.is_over)):
            return self._bound(found.value, item, blocking, standing)
        if found is Step.ADOPT and (job := adopted(at, standing.is_over)):
            return submitted(job.name, standing.wait(job.remote))
        return None

    def _bound(self, how: str, item: Item[ValueT], blocking: Job, standing: Standing) -> Outcome:
        """It comes back after that. What is only being sent cannot be asked for: the key's other jobs tell when it is done."""
        if blocking.how == SENDING:
            return submitted(item.bound(how, ""), self._follower.first_check)
        return submitted(item.bound(how, blocking.remote), standing.wait(blocking.remote))

    async def _listed(
        self, account: str, deciding: Sequence[Item[ValueT]], *, fresh: bool = False
    ) -> tuple[dict[str, list[Job]], ConnectorError | None]:
        """SKU -> feeds on the list that hold it and are not over; or why the list could not be read."""
        if not deciding:
            return {}, None
        feeds, wanted = self._follower.feeds(account), [item.sku for item in deciding]
        try:
            return await listed_feeds(feeds, self._feed_types, wanted, fresh=fresh), None
        except ConnectorError as error:
            return {}, error


async def listed_feeds(
    feeds: Feeds, kinds: frozenset[str], skus: Sequence[str], *, fresh: bool = False
) -> dict[str, list[Job]]:
    """SKU -> feeds of these types on the marketplace's list that hold it, or do not tell, and are not over. `fresh`: as of now. Raises
    ConnectorError."""
    found: dict[str, list[Job]] = {}
    unfinished = await feeds.unfinished(kinds, fresh=fresh)
    for sku in dict.fromkeys(skus):
        if jobs := [Job(FEED, f"{FEED}:{name}") for name, held in unfinished.items() if held is None or sku in held]:
            found[sku] = jobs
    return found


def kept(delivery: Delivery, error: ConnectorError, at: Marketplace) -> Outcome:
    """A delivery that waits for a job keeps it whatever fails meanwhile: without it, it would be sent a second time."""
    if delivery.job:
        return submitted(delivery.job, error.retry_after or _SOON_SECONDS)
    return at.outcome_of(error, delivery.attempt)


def _only_asks(item: Item[Any]) -> bool:
    return item.job is not None and item.job.how not in (AFTER, BEHIND, LOST, CHANGE, SETTLE)


def _as_it_stands(job: Job, standing: Standing) -> Job:
    """An open job as far as it matters: what can still change something, or the version of one that only waits."""
    return (
        job
        if job.how == SENDING or (_is_sent(job.remote) and not standing.is_over(job.remote))
        else replace(job, remote="")
    )


def _is_sent(remote: str) -> bool:
    """Whether it names something there that can be asked for."""
    return remote.startswith((f"{FEED}:", f"{LOST}:"))
