"""RATE-1, TEST-2: numbers that wait for the quota of single calls, on virtual time: what has no place in line comes back before the line is over, so
that the quota never lies idle while there is work."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from connectors.amazon.errors import AMAZON
from connectors.kit.budget import Budget
from connectors.kit.calls import AccountClient, Patience, Surroundings
from connectors.kit.feeds import FeedSettings
from connectors.kit.follower import Follower
from connectors.kit.http import HttpClient, HttpSettings
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.ordered_writes import Outcomes
from connectors.kit.outgoing.value_writes import ValueWrites
from connectors.kit.outgoing.values import Value, ValueKind
from connectors.kit.ports import Delivery, Outcome, Result
from connectors.kit.rate import Plan, Priority, Quota
from schemas.reasons import Reason
from schemas.topics import DEFAULT_TIERS
from streams.failure.policy import Again, decide
from streams.settings import RetrySettings
from tests.bench.virtual_time import Clock, run_virtually
from tests.contract.amazon_out import stock

PER_SECOND, BURST = 200 / 60, 200.0  # Walmart's
LANES, BATCH = 6, 200
PATIENCE_SECONDS = 240.0
_CALL_SECONDS = 0.1
START = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class Limits:
    patience_seconds: float = 5
    bulk_patience_seconds: float = PATIENCE_SECONDS
    single_call_concurrency: int = 8
    feeds: FeedSettings = field(default_factory=FeedSettings)


@dataclass
class Kind:
    """Numbers that go by single calls only; when each was written."""

    budget: Budget
    clock: Clock
    put_operation: str = "put"
    feed_types: frozenset[str] = frozenset()
    written: list[float] = field(default_factory=list)

    def read(self, delivery: Delivery) -> Value:
        return Value(str(delivery.body["sku"]), {}, "1", False, "listing")

    def priority(self, urgent: bool) -> Priority:
        return Priority.STOCK if urgent else Priority.PRODUCTS

    async def put(self, client: AccountClient, value: Value) -> None:
        await self.budget.take(self.put_operation, self.priority(value.urgent))
        self.written.append(self.clock())
        await asyncio.sleep(_CALL_SECONDS)


class Single(ValueWrites[AccountClient]):
    """Single calls and nothing else of it."""

    async def send(self, client: AccountClient, batch: Sequence[Delivery]) -> Outcomes:
        written: list[Item[Value]] = []
        outcomes = await self._all_single(client, [self._read(one) for one in batch], written)
        return outcomes | {item.id: Outcome(Result.APPLIED) for item in written}

    async def _account(self, account: str, items: list[Item[Value]]) -> Outcomes:
        raise NotImplementedError

    async def _put_done(self, item: Item[Value]) -> Item[Value]:
        return item

    def _result(self, *_: Any) -> None:
        raise NotImplementedError

    async def _further(self, *_: Any) -> Outcomes:
        raise NotImplementedError


@dataclass
class Lane:
    """A partition as the deliver stage works it: a batch at a time, in order; what is thrown back comes again through the retry tiers."""

    writes: Single
    client: AccountClient
    clock: Clock
    waiting: deque[tuple[float, int, Delivery]]
    tries: int = 0

    async def work(self) -> None:
        while self.waiting:
            due = [one for one in self.waiting if one[0] <= self.clock()][:BATCH]
            if not due:
                await asyncio.sleep(min(at for at, _, _ in self.waiting) - self.clock())
                continue
            for one in due:
                self.waiting.remove(one)
            outcomes = await self.writes.send(self.client, [delivery for _, _, delivery in due])
            for _, attempt, delivery in due:
                self._settle(outcomes[delivery.id], attempt, delivery)

    def _settle(self, outcome: Outcome, attempt: int, delivery: Delivery) -> None:
        self.tries = max(self.tries, attempt)
        if outcome.result is Result.APPLIED:
            return
        assert outcome.reason is Reason.THROTTLED
        now = round(self.clock() * 1000)
        policy = RetrySettings().policies()[outcome.reason]
        again = decide(outcome.reason, attempt, policy, DEFAULT_TIERS, now, outcome.retry_after)
        assert isinstance(again, Again)
        self.waiting.append((again.due_ms / 1000, attempt + 1, delivery))


def inventory(skus: int) -> tuple[list[float], int]:
    """(when each number was written, the most tries one needed)."""
    clock = Clock()

    def now() -> datetime:
        return START + timedelta(seconds=clock())

    async def run() -> tuple[list[float], int]:
        budget = Budget(Plan({"put": Quota(PER_SECOND, 1.0, BURST)}, {"put": ("put",)}), clock, asyncio.sleep)
        kind = Kind(budget, clock)
        around = Surroundings(now, asyncio.sleep, lambda: 0.5, lambda: "id")
        client = AccountClient(HttpClient("http://127.0.0.1", HttpSettings()), budget, around, Patience(1, 30))
        typed = cast("ValueKind[AccountClient]", kind)
        writes = Single(AMAZON, lambda _: client, typed, cast("Follower", None), Limits(), now)
        lanes = [Lane(writes, client, clock, deque()) for _ in range(LANES)]
        for number in range(skus):
            lanes[number % LANES].waiting.append((0.0, 1, stock(f"S-{number}", 1, 1)))
        await asyncio.gather(*(lane.work() for lane in lanes))
        return kind.written, max(lane.tries for lane in lanes)

    return run_virtually(run(), clock)


def test_no_quota_lies_idle_while_numbers_wait() -> None:
    """At least 95 % of the calls that were allowed are made, from the first to the last, however many more there are than have a place in line."""
    for skus in (700, 1_400, 2_500):
        written, tries = inventory(skus)
        assert len(written) == skus
        allowed = BURST + PER_SECOND * (written[-1] - written[0])
        assert skus / allowed >= 0.95, (skus, written[-1])
        assert tries <= 4
