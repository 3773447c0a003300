"""RATE-1, TEST-2: a day at full quota, on virtual time. Work waits at every moment for each class of Amazon's calls; how much of what Amazon allows
is used, how often it refuses, and does what is urgent ever wait behind bulk?

The pipeline's own client, budget and published table make the calls; behind them stand the buckets and the rate header of the sandbox, nothing
else: no order, no listing. A call takes 50 to 400 ms to get there and as long to come back. What was refused is tried again as the client has it,
and where the client leaves that to its caller, after half a minute.

    allowed   the full bucket at the start and what flows in until the last call of the day
    passed    calls of bulk that left while an urgent one of the same quota stood in line: none should
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient, Tokens
from connectors.amazon.rates import CREATE_LISTINGS_FEED, DRAWS, LIMIT_HEADER, AmazonRates
from connectors.amazon.sandbox.settings import SandboxSettings
from connectors.kit.budget import Budget
from connectors.kit.calls import Patience, Surroundings
from connectors.kit.errors import RetryError
from connectors.kit.http import Answer, HttpClient, HttpSettings
from connectors.kit.http_errors import Asked
from connectors.kit.rate import Priority
from connectors.kit.sandbox.buckets import Buckets, Limit
from tests.bench.cluster import Say
from tests.bench.figures import Measure, Series
from tests.bench.virtual_time import Clock, run_virtually
from tests.contract.amazon_connected import account_of

DAY_HOURS = 24.0
START = datetime(2026, 11, 20, tzinfo=UTC)
_LATENCY = (0.05, 0.4)
_AGAIN_SECONDS = 30.0
_UNTOLD_SHARE = 0.1  # so many answers do not tell the rate
_FEED_LIMIT = "createFeed:JSON_LISTINGS_FEED"
_TOKEN_PATH = "/token"


@dataclass(frozen=True)
class Class:
    """One sort of work. `at_once`: how many of bulk stand in line at any moment; `every`: seconds between urgent calls, 0 = there are none;
    `urgent_by`: the operation of those, where it is another of the same quota."""

    operation: str
    method: str = "GET"
    bulk: Priority = Priority.REPORTS
    urgent: Priority = Priority.ORDERS
    every: float = 0.0
    at_once: int = 2
    urgent_by: str = ""

    @property
    def quota(self) -> str:
        return DRAWS[self.operation][-1]


# Seldom, by the minute or the hour; what waits for them waits long.
SLOW: Sequence[Class] = (
    Class("searchOrders", every=900),  # the poll, beside the census
    Class("getOrder", every=97, at_once=4),  # notifications, beside the census
    Class(CREATE_LISTINGS_FEED, "POST", Priority.STOCK, every=1800, urgent_by="createFeed"),  # refunds, beside stock
    Class("createReport", "POST"),
    Class("getReports"),
    Class("getReportDocument"),
)
QUICK: Sequence[Class] = (
    Class("patchListingsItem", "PATCH", Priority.PRODUCTS, Priority.STOCK, every=31, at_once=5),
    Class("searchListingsItems", bulk=Priority.PRODUCTS, urgent=Priority.STOCK, every=31, at_once=5),
    Class("getFeed", bulk=Priority.STOCK, at_once=3),
)
CLASSES: Sequence[Class] = (*SLOW, QUICK[0])


@dataclass
class Used:
    """What became of a class. longest: seconds an urgent one stood in line; passed: see above."""

    answered: int = 0
    refused: int = 0
    allowed: float = 0.0
    urgent: int = 0
    longest: float = 0.0
    passed: int = 0

    @property
    def percent(self) -> float:
        return 100 * self.answered / self.allowed

    @property
    def refused_percent(self) -> float:
        return 100 * self.refused / max(self.answered + self.refused, 1)


@dataclass
class FarSide:
    """Amazon's door: a bucket for each operation, as the sandbox has them. `limits`: what differs from the published ones, and may change; `stands`:
    (every so many seconds, for so many) it stands still, and what came meanwhile is taken in at once."""

    clock: Clock
    chance: random.Random
    limits: dict[str, Limit] = field(default_factory=dict)
    buckets: Buckets = field(default_factory=Buckets)
    statuses: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    settings: SandboxSettings = field(default_factory=SandboxSettings)
    stands: tuple[float, float] = (1.0, 0.0)

    async def answer(self, operation: str, asked: Asked) -> Answer:
        await asyncio.sleep(self.chance.uniform(*_LATENCY))
        every, still = self.stands
        await asyncio.sleep(max(0.0, still - self.clock() % every))
        limits = {name: self._limit(name) for name in _far_draws(operation)}
        taken = [self.buckets.take("seller", name, limit, self.clock()) for name, limit in limits.items()]
        status = 200 if all(passed for passed, _ in taken) else 429
        self.statuses[operation][status] += 1
        await asyncio.sleep(self.chance.uniform(*_LATENCY))
        told = f"{next(iter(limits.values())).rate:.4g}"
        headers = {} if self.chance.random() < _UNTOLD_SHARE else {LIMIT_HEADER: told}
        return Answer(status, headers, _BODIES[status], asked)

    def _limit(self, name: str) -> Limit:
        return self.limits.get(name) or self.settings.limit_of(name)

    def allowed(self, quota: str, seconds: float) -> float:
        """Calls the bucket would have let pass."""
        limit = self._limit(quota)
        return limit.calls + limit.rate * seconds


_BODIES = {
    200: b'{"ok": true}',
    429: json.dumps({"errors": [{"code": "QuotaExceeded", "message": "You exceeded your quota"}]}).encode(),
}
_TOKEN = json.dumps({"access_token": "any", "token_type": "bearer", "expires_in": 3600}).encode()


def _far_draws(operation: str) -> tuple[str, ...]:
    return ("createFeed", _FEED_LIMIT) if operation == CREATE_LISTINGS_FEED else (operation,)


class Wire(HttpClient):
    """A client without a network: calls end at the far side, a token is had at once."""

    def __init__(self, far: FarSide) -> None:
        super().__init__("http://127.0.0.1", HttpSettings())
        self._far = far

    async def call(
        self, operation: str, method: str, path: str, *, headers: Mapping[str, str], content: bytes | None = None,
        repeatable: bool | None = None, correlation: str = "",
    ) -> Answer:  # fmt: skip
        asked = Asked(operation, self.host, method == "GET" if repeatable is None else repeatable)
        if path == _TOKEN_PATH:
            return Answer(200, {}, _TOKEN, asked)
        answer = await self._far.answer(operation, asked)
        if not answer.ok:
            raise errors.refusal(answer)
        return answer


class NotedBudget(Budget):
    """Notes who stood in line from when to when."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.noted: list[tuple[str, Priority, float, float]] = []

    async def take(self, operation: str, priority: Priority = Priority.ORDERS) -> float:
        began = self._clock()
        waited = await super().take(operation, priority)
        self.noted.append((self.own(operation), priority, began, self._clock()))
        return waited


@dataclass
class Worker:
    """One process: its client and its share of the budget."""

    client: AmazonClient
    budget: NotedBudget
    clock: Clock
    until: float
    task: asyncio.Task[None] | None = None

    @classmethod
    def made(cls, far: FarSide, share: float, until: float, rates: AmazonRates) -> Worker:
        clock, wire, ids = far.clock, Wire(far), itertools.count(1)
        budget = NotedBudget(rates.plan(), clock, asyncio.sleep)
        budget.set_share(share)

        def now() -> datetime:
            return START + timedelta(seconds=clock())

        around = Surroundings(now, asyncio.sleep, far.chance.random, lambda: str(next(ids)))
        tokens = Tokens("amazon", now)
        client = AmazonClient(account_of(), wire, wire, _TOKEN_PATH, tokens, budget, around, Patience(5, 30))
        return cls(client, budget, clock, until)

    def begin(self, classes: Sequence[Class]) -> asyncio.Task[None]:
        """Work until the day is over or `end`."""
        self.task = asyncio.create_task(self._work(classes))
        return self.task

    def end(self) -> None:
        if self.task is not None:
            self.task.cancel()

    async def _work(self, classes: Sequence[Class]) -> None:
        bulk = [self._bulk(one) for one in classes for _ in range(one.at_once)]
        urgent = [self._urgent(one) for one in classes if one.every]
        await asyncio.gather(*bulk, *urgent)

    async def _bulk(self, one: Class) -> None:
        while self.clock() < self.until:
            await self._call(one.operation, one.method, one.bulk)

    async def _urgent(self, one: Class) -> None:
        while self.clock() < self.until:
            await asyncio.sleep(one.every)
            await self._call(one.urgent_by or one.operation, one.method, one.urgent)

    async def _call(self, operation: str, method: str, priority: Priority) -> None:
        try:
            await self.client.call(operation, method, f"/{operation}", priority=priority)
        except RetryError:
            await asyncio.sleep(_AGAIN_SECONDS)


Change = Callable[[FarSide, Sequence[Worker]], None]


def at_full_quota(
    shares: Sequence[float] = (1.0,), *, hours: float = 24, classes: Sequence[Class] = CLASSES, seed: int = 1,
    rates: AmazonRates | None = None, half_way: Change | None = None, stands: tuple[float, float] = (1.0, 0.0),
) -> dict[str, Used]:  # fmt: skip
    """Operation -> what became of its class. `shares`: of each process; `half_way`: what happens in the middle; `stands`: as FarSide has it."""
    clock, seconds = Clock(), hours * 3600
    far = FarSide(clock, random.Random(seed), stands=stands)

    async def day() -> list[Worker]:
        workers = [Worker.made(far, share, seconds, rates or AmazonRates()) for share in shares]
        if half_way:
            asyncio.get_running_loop().call_at(seconds / 2, half_way, far, workers)
        with suppress(TimeoutError):  # who waits at the end of the day goes home
            async with asyncio.timeout_at(seconds):
                await asyncio.gather(*(worker.begin(classes) for worker in workers), return_exceptions=True)
        return workers

    workers = run_virtually(day(), clock)
    return {one.operation: _used(one, far, workers, seconds) for one in classes}


def _used(one: Class, far: FarSide, workers: Sequence[Worker], seconds: float) -> Used:
    operations = {one.operation, one.urgent_by} - {""}
    found = Used(allowed=far.allowed(one.quota, seconds))
    for operation in operations:
        found.answered += far.statuses[operation][200]
        found.refused += far.statuses[operation][429]
    for worker in workers:
        count_lines(found, [(*noted[1:],) for noted in worker.budget.noted if noted[0] == one.quota])
    return found


def count_lines(found: Used, noted: Sequence[tuple[Priority, float, float]]) -> None:
    """Who was passed by whom. noted: priority, since when it stood in line, when it left, in the order of leaving."""
    priorities = {priority for priority, _, _ in noted}
    if len(priorities) < 2:
        return
    first = min(priorities)
    for place, (priority, since, left) in enumerate(noted):
        if priority == first:
            found.urgent += 1
            found.longest = max(found.longest, left - since)
            before = itertools.takewhile(lambda one: one[2] > since, reversed(noted[max(0, place - 500) : place]))  # noqa: B023
            found.passed += sum(one[0] > first and one[2] < left for one in before)


# -- the bench

USED_PERCENT, REFUSED_PERCENT = 95.0, 1.0
SHARES: Mapping[str, Sequence[float]] = {"one process": (1.0,), "two processes": (0.5, 0.5)}


def quota_day(say: Say, *, hours: float = DAY_HOURS) -> list[Measure]:
    """Of the class that does worst: what part of its quota is used, how many of its calls are refused. A round each for one process and for two."""
    days = {name: at_full_quota(shares, hours=hours) for name, shares in SHARES.items()}
    for name, day in days.items():
        for operation, one in day.items():
            say(
                f"quota_day: {name}, {operation}: {one.answered} of {one.allowed:.0f} calls ({one.percent:.1f} %), {one.refused} answers 429; "
                f"{one.urgent} urgent ones waited at most {one.longest:.1f} s, passed by {one.passed} others"
            )
    used = tuple(min(one.percent for one in day.values()) for day in days.values())
    refused = tuple(max(one.refused_percent for one in day.values()) for day in days.values())
    passed = tuple(float(sum(one.passed for one in day.values())) for day in days.values())
    return [
        Measure("quota_day_used", "%", USED_PERCENT, Series(used)),
        Measure("quota_day_refused", "%", REFUSED_PERCENT, Series(refused)),
        Measure("quota_day_passed", "calls", 0.0, Series(passed)),
    ]
