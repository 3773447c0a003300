"""Commands that go by a feed: cancellations and refunds (FUL-3, RET-2). What both do, each under the job its delivery comes back with.

1. Look at the order: what is done there already, what cannot be done, which lines are still to be sent (`_lines`).
2. One feed for all that came together, of an account and a marketplace: createFeed is one in two minutes. `feed:ID`, or `lost:...` when nobody
   answered.
3. When the feed is over, its result says what was refused; the rest is for `_settled` to prove.

A delivery that comes again without its job (its process died) is in `open_jobs` with it: then that feed is followed. Never raises ConnectorError.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.amazon.client import AmazonClient
from connectors.amazon.feed_documents import COLUMNS, LINES
from connectors.amazon.feed_results import item_name
from connectors.amazon.feeds import AmazonFeeds, operation_of
from connectors.amazon.order_state import OrderNow, order_now
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, RuleError, ThrottledError
from connectors.kit.feed_results import DATA_ERROR, PROCESSED, SUCCESS, FeedState, ItemResult, told
from connectors.kit.feeds import Feed, mark_of
from connectors.kit.follower import Follower
from connectors.kit.jobs import LOST, Job, parse
from connectors.kit.ports import Delivery, Outcome, failed, failed_by, submitted
from connectors.kit.rate import Priority
from schemas.reasons import Reason

FEED = "feed"
MODEL = "order"
MOST_MARKETPLACES = 25  # of a feed
_SOON_SECONDS = 30.0
Lines = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Going:
    """A delivery whose lines are still to be sent."""

    delivery: Delivery
    marketplaces: str
    lines: Lines
    names: tuple[str, ...]


class OrderFeed(ABC):
    """The handler of one operation. kind: type of its feeds; columns: of their lines; item: the column with the order item; data: what is asked
    for of an order; patience: seconds a batch waits for quota."""

    kind: str
    columns: tuple[str, ...]
    item: str
    data: tuple[str, ...]

    def __init__(
        self, open_client: OpenClient[AmazonClient], feeds: Callable[[str], AmazonFeeds], follower: Follower, now: Callable[[], datetime],
        patience: float, concurrency: int,
    ) -> None:  # fmt: skip
        self._open = open_client
        self._feeds = feeds
        self._follower = follower
        self._now = now
        self._patience = patience
        # Deliveries whose feed is being sent: who is cut off there and comes again to this process finds it.
        self._sending: dict[str, asyncio.Task[str]] = {}
        self._places = asyncio.Semaphore(concurrency)

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One outcome per delivery, in order."""
        counted: Counter[str] = Counter()
        begun = []
        for delivery in batch:
            counted[delivery.account] += not delivery.job
            begun.append(self._begun(delivery, counted[delivery.account]))
        found = await asyncio.gather(*begun)
        going = [one for one in found if isinstance(one, Going)]
        outcomes = {one.delivery.id: outcome for one, outcome in await self._sent(going)}
        return [outcomes[one.delivery.id] if isinstance(one, Going) else one for one in found]

    # -- what an operation says

    @abstractmethod
    async def _fresh(self, client: AmazonClient, delivery: Delivery) -> Outcome | Lines:
        """What is to be said without sending anything, or the lines to be sent. Raises ConnectorError."""

    @abstractmethod
    async def _settled(self, client: AmazonClient, delivery: Delivery, job: Job, state: FeedState) -> Outcome:
        """What its feed, which is over, means for it. Raises ConnectorError."""

    @abstractmethod
    async def _lost(self, client: AmazonClient, delivery: Delivery, job: Job) -> Outcome | Job | None:
        """Its feed's answer was lost: what is to be said, the feed it is in after all, or None: it is not in any. Raises ConnectorError."""

    # -- looking

    async def now(self, client: AmazonClient, delivery: Delivery) -> OrderNow | None:
        """The order as it is; None when Amazon has none of that id. Raises ConnectorError."""
        order = await client.get_order(order_id_of(delivery), self.data)
        return None if order is None else order_now(order)

    async def _begun(self, delivery: Delivery, place: int) -> Outcome | Going:
        """`place`: the how manieth of its account in this batch that has to be looked at."""
        try:
            client = self._open(delivery.account)
            if not delivery.job and (wait := client.forecast_seconds("getOrder", place)) > self._patience:
                raise ThrottledError("the quota of getOrder calls is used up", retry_after=round(wait, 1))
            async with self._places:
                return await self._looked(client, delivery)
        except ConnectorError as error:
            return self._kept(delivery, error)

    def _kept(self, delivery: Delivery, error: ConnectorError) -> Outcome:
        """One that waits for a feed keeps it whatever fails meanwhile: without it, it would be sent a second time. What the order says once the
        feed is over stands."""
        job = own_job(delivery)
        if job is None or isinstance(error, (RuleError, DataError)):
            return failed_by(error)
        return submitted(job.name, error.retry_after or _SOON_SECONDS)

    async def _looked(self, client: AmazonClient, delivery: Delivery) -> Outcome | Going:
        job = await self._job(delivery)
        if job is not None and job.how == LOST:
            found = await self._lost(client, delivery, job)
            if isinstance(found, Outcome):
                return found
            job = found
        if job is not None and job.how == FEED:
            return await self._asked(client, delivery, job)
        return await self._going(client, delivery)

    async def _job(self, delivery: Delivery) -> Job | None:
        """The feed it is in, also the one this process was sending when the delivery was taken from it."""
        sending = self._sending.get(delivery.id)
        if (job := own_job(delivery)) is None and sending is not None:
            try:
                remote = await asyncio.shield(sending)
                job = Job(remote.partition(":")[0], remote, delivery.version)
            except ConnectorError:
                pass  # it certainly has not arrived
        self._sending.pop(delivery.id, None)
        return job

    async def _going(self, client: AmazonClient, delivery: Delivery) -> Outcome | Going:
        lines = await self._fresh(client, delivery)
        if isinstance(lines, Outcome):
            return lines
        names = tuple(item_name(line["order-id"], line[self.item]) for line in lines)
        # An account's orders travel together, whichever of its marketplaces they are of.
        return Going(delivery, ",".join(client.account.marketplaces[:MOST_MARKETPLACES]), lines, names)

    async def _asked(self, client: AmazonClient, delivery: Delivery, job: Job) -> Outcome:
        state, again = await self._follower.ask(delivery.account, job.remote)
        if again is not None:
            return submitted(job.name, again)
        if state is None:
            return self._vanished(job)
        return await self._settled(client, delivery, job, state)

    def _vanished(self, job: Job) -> Outcome:
        """Its feed is gone, or takes longer than we have patience for."""
        return replace(
            failed(Reason.TRANSIENT, f"feed {job.id} has vanished or never ends; looked at again, then sent again"),
            of_record=True,
        )

    # -- sending

    async def _sent(self, going: Sequence[Going]) -> list[tuple[Going, Outcome]]:
        groups: list[list[Going]] = []
        for one in going:
            _place(groups, one)
        found = await asyncio.gather(*(self._feed(group) for group in groups))
        return [
            pair for group, outcomes in zip(groups, found, strict=True) for pair in zip(group, outcomes, strict=True)
        ]

    async def _feed(self, group: Sequence[Going]) -> list[Outcome]:
        account, marketplaces = group[0].delivery.account, group[0].marketplaces
        names = [name for one in group for name in one.names]
        try:
            feeds = self._feeds(account)
            wait = feeds.forecast_seconds(self.kind, names, marketplaces)
            if wait > self._patience:
                operation = operation_of(self.kind)
                raise ThrottledError(
                    f"the quota of {operation} calls is used up",
                    retry_after=round(self._open(account).postpone_seconds(operation), 1),
                )
            body: dict[str, Any] = {COLUMNS: self.columns, LINES: [line for one in group for line in one.lines]}
            mark = mark_of([f"{one.delivery.id}/{one.delivery.attempt}" for one in group])
            remote = await self._submitted(
                group, feeds, Feed(self.kind, body, names, mark, Priority.ORDERS, marketplaces)
            )
        except ConnectorError as error:
            return [failed_by(error)] * len(group)
        how = remote.partition(":")[0]
        return [submitted(Job(how, remote, one.delivery.version).name, self._follower.first_check) for one in group]

    async def _submitted(self, group: Sequence[Going], feeds: AmazonFeeds, feed: Feed) -> str:
        sending = asyncio.create_task(feeds.submit(feed), name=f"feed-{self.kind}")
        sending.add_done_callback(lambda task: task.cancelled() or task.exception())
        for one in group:
            self._sending[one.delivery.id] = sending
        try:
            return await asyncio.shield(sending)
        finally:
            if sending.done():
                for one in group:
                    self._sending.pop(one.delivery.id, None)


def _place(groups: list[list[Going]], one: Going) -> None:
    """Into the first feed that has not got its order items: which of two lines of an item counts is not said."""
    for group in groups:
        taken = {name for other in group for name in other.names}
        first = group[0]
        same = (first.delivery.account, first.marketplaces) == (one.delivery.account, one.marketplaces)
        if same and taken.isdisjoint(one.names):
            group.append(one)
            return
    groups.append([one])


def own_job(delivery: Delivery) -> Job | None:
    """The feed a delivery is in: as it says itself, else as its key's open jobs say, which outlive the process that sent it."""
    if (own := parse(delivery.job)) is not None:
        return own
    jobs = [job for name in delivery.open_jobs if (job := parse(name))]
    return next((job for job in jobs if job.how in (FEED, LOST) and job.version == delivery.version), None)


def refused_in(state: FeedState, names: Sequence[str], order_id: str) -> list[ItemResult]:
    """What the result of a feed says went wrong with these items, or with the order as a whole."""
    found = [state.items.get(name) for name in (*names, item_name(order_id, ""))]
    return [one for one in found if one is not None and one.status == DATA_ERROR]


def says_nothing(state: FeedState) -> bool:
    """Whether the result leaves open what became of items it does not name."""
    return state.status != PROCESSED or state.unnamed != SUCCESS


def refusal_of(state: FeedState, found: Sequence[ItemResult]) -> Outcome:
    """Amazon's words about it, for a person."""
    said = told([error for one in found for error in one.errors])
    return failed(Reason.RULE, f"feed {state.feed_id}: refused: {said}")


def order_id_of(delivery: Delivery) -> str:
    """Raises DataError for a body without an order key."""
    key: Any = delivery.body.get("order_key")
    if not isinstance(key, str) or key.count(":") < 2:
        raise DataError("order_key: expected `amazon:ACCOUNT:AMAZON_ORDER_ID`")
    return key.split(":", 2)[2]


def no_order() -> Outcome:
    """It is not there."""
    return failed(Reason.DATA, "Amazon has no order of this id; check the account and the id")
