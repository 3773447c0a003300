"""`refund_order` (refund) -> the payment adjustment file, each credit note once (RET-2, EVT-4).

Amazon takes a partial refund as often as it is sent, shows none in the order, and in its finances up to two days later without our reference.
So a refund is known by the feed it went in, and never sent while it may be in one:

    its feed is known          the delivery's job, or the key's open job of its version: its result decides
    it was refunded before     its mark stands in what the key state remembers of the order (`refunds_told`)
    its feed's answer was lost, or its process died while it was sending (`announces` had it written down before)
        no feed of the type was begun then                    it has not arrived: sent
        one may hold it, and is not over                      waited for
        its result names our items, or it must be that one    followed as its own
        else                                                  `rule`: a person looks at the order and discards the record, or replays it

A feed that was refused whole is sent again when it is replayed; one that refunded some items of the note and refused others gives the same
answer again, for nothing of it may be sent twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar, cast

from connectors.amazon.client import AmazonClient
from connectors.amazon.feed_documents import REFUNDS
from connectors.amazon.feed_results import CANCELLED, item_name
from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.order_feeds import (
    FEED,
    MODEL,
    Going,
    Lines,
    OrderFeed,
    no_order,
    order_id_of,
    own_job,
    refusal_of,
    refused_in,
    says_nothing,
)
from connectors.amazon.order_refunds import REFUND_COLUMNS, gives_back, refund_lines
from connectors.amazon.order_state import WITH_MONEY
from connectors.amazon.refunds_told import mark_of_refund, remote_id, told_by
from connectors.amazon.settings import AmazonSettings
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError
from connectors.kit.feed_results import ERROR, PROCESSED, FeedState
from connectors.kit.feeds import lost_in
from connectors.kit.follower import Follower
from connectors.kit.jobs import LOST, SENDING, SENDING_SECONDS, Job, parse
from connectors.kit.ports import Delivery, Difference, Outcome, Result, failed, submitted
from connectors.kit.reading import millis_of
from schemas.reasons import Reason
from schemas.records import Refund

SHIPPED = "shipped"  # `shipped:amazon:ACCOUNT:ORDER`: what a refund waits for
_KEPT = 20_000
# The stage takes the time of an announcement a moment before it asks.
_A_MOMENT_SECONDS = 2
_CLOCKS_APART_MS = 120_000
T = TypeVar("T")


class Refunding(OrderFeed):
    """The handler."""

    kind = REFUNDS
    columns = REFUND_COLUMNS
    item = "order-item-id"
    data = WITH_MONEY

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], feeds: Callable[[str], AmazonFeeds], follower: Follower,
        now: Callable[[], datetime],
    ) -> None:  # fmt: skip
        super().__init__(open_client, feeds, follower, now, settings.patience_seconds, settings.order_concurrency)
        self._words = settings.fulfilment
        self._late_ms = int(settings.feeds.lost_after_seconds * 1000)
        # Delivery -> since when this process says that it sends it; what was said before and came to nothing; its feed, "" once it is refunded.
        self._announced: OrderedDict[str, int] = OrderedDict()
        self._unsent: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._jobs: OrderedDict[str, str] = OrderedDict()

    def announces(self, delivery: Delivery) -> bool:
        """Whether it may be sent now: then that is written down first, so that a process that dies leaves a trace."""
        job = parse(delivery.job)
        if job is not None and job.how == FEED:
            return False
        if delivery.id not in self._announced:
            _keep(self._announced, delivery.id, int(self._now().timestamp()))
        return True

    async def __call__(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        outcomes = await super().__call__(batch)
        for delivery, outcome in zip(batch, outcomes, strict=True):
            self._announced.pop(delivery.id, None)
            if outcome.result is Result.SUBMITTED and not outcome.job.startswith(SENDING):
                _keep(self._jobs, delivery.id, outcome.job)
            elif outcome.ok:
                _keep(self._jobs, delivery.id, "")
            elif not outcome.job:
                self._jobs.pop(delivery.id, None)
                _keep(self._unsent, delivery.id, frozenset(delivery.open_jobs))
        return outcomes

    async def differences(self, delivery: Delivery) -> list[Difference]:
        """What it would change now; reads only. Raises ConnectorError."""
        found = await self._fresh(self._open(delivery.account), delivery)
        if isinstance(found, Outcome):
            return [] if found.ok else [Difference("refund", "", found.detail, refused=True)]
        reference = cast("Refund", delivery.body)["reference"]
        return [
            Difference(f"item {line[self.item]} refund", "", f"{_told(line)} {line['currency']}, {reference}") for line in found
        ]  # fmt: skip

    # -- is it anywhere yet?

    async def _looked(self, client: AmazonClient, delivery: Delivery) -> Outcome | Going:
        if self._mark(delivery) in told_by(delivery):
            return self._done(delivery, Result.ALREADY_APPLIED)
        job = await self._job(delivery) or self._remembered(delivery)
        if job is None and self._jobs.get(delivery.id) == "":
            return self._done(delivery, Result.ALREADY_APPLIED)
        found: Outcome | Job | None = job if job is not None and job.how == FEED else None
        if job is not None and job.how == LOST:
            found = await self._lost(client, delivery, job)
        # Also one whose first feed never arrived may have been sent again by a process that died.
        if found is None and (earlier := self._earlier(delivery, job)) is not None:
            found = await self._interrupted(delivery, earlier)
        if isinstance(found, Job):
            return await self._asked(client, delivery, found)
        return found or await self._going(client, delivery)

    def _remembered(self, delivery: Delivery) -> Job | None:
        """The feed this process has sent it in."""
        return parse(self._jobs.get(delivery.id, ""))

    def _earlier(self, delivery: Delivery, job: Job | None) -> Job | None:
        """The job that says since when (`id`) and until when (`until`), epoch seconds, it was begun by somebody who did not live to say what came
        of it; None: by nobody."""
        begun = self._announced.get(delivery.id)
        times: list[int] = []
        for one in (parse(name) for name in delivery.open_jobs if name not in self._unsent.get(delivery.id, ())):
            if one is not None and one.how == SENDING and one.version == delivery.version and one.id.isdecimal():
                times += [int(one.id)] if begun is None or int(one.id) < begun - _A_MOMENT_SECONDS else []
        if job is not None and job.how == SENDING and job.id.isdecimal():
            times += [int(job.id), job.until or int(job.id)]
        if not times:
            return None
        return Job(SENDING, f"{SENDING}:{min(times)}", delivery.version, max(times))

    async def _lost(self, client: AmazonClient, delivery: Delivery, job: Job) -> Outcome | Job | None:
        lost, feeds = lost_in(job.remote), self._feeds(delivery.account)
        since_ms, until_ms = feeds.window(lost)
        suspects = await feeds.suspects(self.kind, since_ms, until_ms)
        maybe = [one for one in suspects if _may_hold(one, lost.count, exact=True)]
        is_late = millis_of(self._now()) > lost.sent_ms + self._late_ms
        if len(maybe) == 1 and feeds.is_alone and maybe[0].is_over:
            return self._feed_job(delivery, maybe[0])
        return self._judged(delivery, maybe, job.name, is_late)

    async def _interrupted(self, delivery: Delivery, begun: Job) -> Outcome | Job | None:
        """A worker is at one chunk for at most `SENDING_SECONDS`, so it was sent by then or never."""
        since_ms = int(begun.id) * 1000 - _CLOCKS_APART_MS
        until_ms = (begun.until + SENDING_SECONDS) * 1000 + _CLOCKS_APART_MS
        suspects = await self._feeds(delivery.account).suspects(self.kind, since_ms, until_ms)
        maybe = [one for one in suspects if _may_hold(one, len(self._names(delivery)), exact=False)]
        is_late = millis_of(self._now()) > until_ms + self._late_ms
        return self._judged(delivery, maybe, begun.name, is_late)

    def _judged(self, delivery: Delivery, maybe: Sequence[FeedState], job: str, is_late: bool) -> Outcome | Job | None:
        feeds, names = self._feeds(delivery.account), self._names(delivery)
        for one in maybe:
            if one.is_over and refused_in(one, names, order_id_of(delivery)):
                return self._feed_job(delivery, one)
        if any(not one.is_over and not feeds.gives_up(one) for one in maybe) or not is_late:
            return submitted(job, self._follower.first_check)
        if not maybe:
            return None
        return _in_doubt(", ".join(one.feed_id for one in maybe[:5]))

    def _feed_job(self, delivery: Delivery, state: FeedState) -> Job:
        return Job(FEED, f"{FEED}:{state.feed_id}", delivery.version)

    # -- what its feed means

    async def _fresh(self, client: AmazonClient, delivery: Delivery) -> Outcome | Lines:
        now, refund = await self.now(client, delivery), cast("Refund", delivery.body)
        if now is None:
            return no_order()
        if not now.has_shipped:
            return failed(
                Reason.CONFLICT, "nothing of the order has been shipped at Amazon yet; it is refunded after that",
                waiting_for=f"{SHIPPED}:{delivery.key}",
            )  # fmt: skip
        return refund_lines(now, refund, self._words.refund_code(refund["reason"])) or self._done(
            delivery, Result.ALREADY_APPLIED
        )

    async def _settled(self, client: AmazonClient, delivery: Delivery, job: Job, state: FeedState) -> Outcome:
        names = self._names(delivery)
        if any(error.code == CANCELLED for error in state.errors):
            return replace(failed(Reason.TRANSIENT, f"feed {state.feed_id} was cancelled; sent again"), of_record=True)
        refused = refused_in(state, names, order_id_of(delivery))
        is_whole = any(one.sku == item_name(order_id_of(delivery), "") for one in refused)
        if refused and (is_whole or len(refused) >= len(names)):
            return refusal_of(state, refused)
        if refused:
            detail = f"{refusal_of(state, refused).detail}; the note's other items were refunded: refund the rest in Seller Central"
            return replace(failed(Reason.RULE, detail), job=job.name)
        if says_nothing(state):
            return _in_doubt(state.feed_id)
        return self._done(delivery, Result.APPLIED)

    def _vanished(self, job: Job) -> Outcome:
        return _in_doubt(job.id)

    def _kept(self, delivery: Delivery, error: ConnectorError) -> Outcome:
        """Only what was found before anything was sent is the record's own failure."""
        if (own := own_job(delivery)) is None:
            earlier = self._earlier(delivery, None)
            if earlier is None:
                return super()._kept(delivery, error)
            return submitted(earlier.name, error.retry_after or self._follower.first_check)
        return submitted(own.name, error.retry_after or self._follower.first_check)

    def _done(self, delivery: Delivery, result: Result) -> Outcome:
        remembered = remote_id(order_id_of(delivery), delivery, [self._mark(delivery)])
        return Outcome(result, remote_model=MODEL, remote_id=remembered)

    def _names(self, delivery: Delivery) -> list[str]:
        """Of the items that get something back."""
        order_id, lines = order_id_of(delivery), cast("Refund", delivery.body)["lines"]
        return [item_name(order_id, line["line_id"]) for line in lines if gives_back(line)]

    @staticmethod
    def _mark(delivery: Delivery) -> str:
        return mark_of_refund(cast("Refund", delivery.body)["reference"])


def _may_hold(state: FeedState, count: int, *, exact: bool) -> bool:
    """Whether a feed may have brought so many items (`exact`), or so many among others."""
    if not state.is_over:
        return True
    if any(error.code == CANCELLED for error in state.errors):
        return False
    if state.status == ERROR or not state.received:
        return True
    return state.status == PROCESSED and (state.received == count if exact else state.received >= count)


def _in_doubt(feeds: str) -> Outcome:
    detail = (
        f"feed {feeds} may have refunded it, and Amazon does not say: look at the order in Seller Central; "
        "discard this record if it is refunded, replay it if not"
    )
    return replace(failed(Reason.RULE, detail), notes=("refund_in_doubt",))


def _told(line: dict[str, str]) -> str:
    return ", ".join(f"{name} {line[name]}" for name in REFUND_COLUMNS[4:] if name in line)


def _keep(memory: OrderedDict[str, T], name: str, what: T) -> None:
    memory[name] = what
    memory.move_to_end(name)
    while len(memory) > _KEPT:
        memory.popitem(last=False)
