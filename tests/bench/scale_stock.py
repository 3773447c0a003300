"""TEST-2, RATE-1, INV-1: 10,000 SKUs. How long a full inventory takes under the quota, how much of the quota is used, and what a SKU costs in memory.

**stock_full**, **stock_full_amazon**: everything runs and is idle; then Odoo counts 10,000 products at once. The clock stops when the last number
took effect at the marketplace. Walmart's quotas are the published ones times `FACTOR` (10 feeds an hour, 200 calls a minute), so that work waits for
them, but not for half an hour; Amazon's are as published. Of the quota counted is what was allowed from the first of our calls to the last: the full
bucket and what flowed in meanwhile.

**stock_memory**, **stock_memory_amazon**: the same pipeline with a quota that never matters, 1,000, then 5,000, then 10,000 SKUs; resident memory of
worker and poller after each, when all numbers are confirmed, and once more after all 10,000 changed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.topics import STOCK_LEDGER
from tests.bench.cluster import Say
from tests.bench.figures import Measure, Series
from tests.bench.scale_follow import Follow
from tests.bench.scale_markets import QUICK_TIERS, AmazonMarket, Market, WalmartMarket, Write
from tests.bench.scale_world import ScaleWorld, load, scale_world, until

SKUS = 10_000
STEPS = (1_000, 5_000, SKUS)
FACTOR = float(os.environ.get("CAUSEWAY_TEST_BENCH_FACTOR", "3"))
AMAZON_FACTOR = 1.0
AIM_PERCENT, LIMIT_SECONDS, FOLDED_AIM = 95.0, 900.0, 1000.0
PREFIX, ON_HAND, RECOUNTED = "BENCH-", 50, 60
SET_STOCK = "set_stock"
PLENTY = 100.0
_FLOWS = {"all": "off", "stock": "on"}
_WAIT_SECONDS = 3600.0
_QUIET_SECONDS = 8.0


def stock_full(say: Say, *, skus: int = SKUS, factor: float = FACTOR, steps: tuple[int, ...] = STEPS) -> list[Measure]:
    """Raises BenchError."""
    return [*_quota(say, WalmartMarket(factor), skus), *_memory(say, WalmartMarket(PLENTY), steps)]


def stock_full_amazon(
    say: Say, *, skus: int = SKUS, factor: float = AMAZON_FACTOR, steps: tuple[int, ...] = STEPS
) -> list[Measure]:
    """Raises BenchError."""
    return [*_quota(say, AmazonMarket(factor), skus), *_memory(say, AmazonMarket(PLENTY), steps)]


def _named(name: str, market: Market) -> str:
    return name if market.name == WalmartMarket.name else f"{name}_{market.name}"


# -- the quota


@dataclass(frozen=True, slots=True)
class Used:
    """What was taken. feeds, calls: how many; full: SKUs in a feed on average; *_allowed: what the quota gave from the first call to the last;
    seconds: from the first number to the last that took effect."""

    feeds: int
    calls: int
    full: float
    feeds_allowed: float
    calls_allowed: float

    @property
    def feeds_percent(self) -> float:
        return 100 * self.feeds / self.feeds_allowed

    @property
    def calls_percent(self) -> float:
        return 100 * self.calls / self.calls_allowed

    def __str__(self) -> str:
        feeds = f"{self.feeds} feeds of {self.feeds_allowed:.0f} allowed ({self.feeds_percent:.0f} %), {self.full:.0f} SKUs in each"
        return f"{feeds}; {self.calls} single calls of {self.calls_allowed:.0f} allowed ({self.calls_percent:.0f} %)"


def _quota(say: Say, market: Market, skus: int) -> list[Measure]:
    env, name = {"CAUSEWAY_STOCK__FLUSH_MINUTES": "0.1"}, _named("stock_full", market)
    with scale_world(say, name, [market], _FLOWS, env) as (world, follow):
        names = _prepared(market, skus)
        world.start_pipeline()
        follow.open()
        began = time.time()
        _count_products(world, 1, skus)
        until(lambda: _confirmed(follow, skus), _WAIT_SECONDS, f"{skus} numbers are confirmed", world)
        confirmed, refused = time.time() - began, market.refused()
        writes = _writes(market, names, ON_HAND, began)
        took = max(one.applied_at for one in writes) - began
        used = used_of(writes, market)
        say(
            f"{name}: {skus} SKUs right after {took:.0f} s, confirmed after {confirmed:.0f} s, quota x {market.factor:g}, {load()}"
        )
        say(f"{name}: {used}; {refused} answers 429; {dict(follow.results)}")
        percent = 100 * len(writes) / (used.feeds_allowed * market.feed_items + used.calls_allowed)
        say(
            f"{name}: {percent:.0f} % of the numbers that feeds of {market.feed_items} and calls could have brought in that time"
        )
    time_taken = Measure(name, "s", LIMIT_SECONDS, Series((took,)))
    if market.name != WalmartMarket.name:  # Amazon's listings are read first: that is what work waits for there
        return [time_taken]
    return [
        time_taken,
        Measure(f"{name}_calls", "%", AIM_PERCENT, Series((used.calls_percent,))),
        Measure(f"{name}_feeds", "%", AIM_PERCENT, Series((used.feeds_percent,))),
    ]


def used_of(writes: Sequence[Write], market: Market) -> Used:
    """`writes`: those that took effect."""
    singles = sorted(one.sent_at for one in writes if not one.feed)
    feeds = sorted({(one.sent_at, one.feed) for one in writes if one.feed})
    moments = [*singles, *(at for at, _ in feeds)]
    feeds_allowed, calls_allowed = market.allowed(max(moments) - min(moments))
    return Used(
        feeds=len({feed for _, feed in feeds}),
        calls=len(singles),
        full=(len(writes) - len(singles)) / max(len(feeds), 1),
        feeds_allowed=feeds_allowed,
        calls_allowed=calls_allowed,
    )


# -- memory


def _memory(say: Say, market: Market, steps: tuple[int, ...]) -> list[Measure]:
    env, name = {"CAUSEWAY_STOCK__FLUSH_MINUTES": "0.1", **QUICK_TIERS, **market.quick}, _named("stock_memory", market)
    with scale_world(say, name, [market], _FLOWS, env) as (world, follow):
        names = _prepared(market, steps[-1])
        world.start_pipeline()
        follow.open()
        resident: dict[int, dict[str, int]] = {}
        before = 0
        for step in steps:
            _count_products(world, before + 1, step - before)
            until(lambda step=step: _confirmed(follow, step), _WAIT_SECONDS, f"{step} numbers are confirmed", world)  # type: ignore[misc]
            resident[step], before = _settled(world, follow), step
            say(f"{name}: {step} SKUs: {_shown(resident[step])}, {load()}")
        follow.forget()
        began = time.time()
        _recount(world, steps[-1])
        until(lambda: _confirmed(follow, steps[-1]), _WAIT_SECONDS, "all numbers are confirmed anew", world)
        folded = follow.passed[STOCK_LEDGER].per_second
        say(f"{name}: after all {steps[-1]} changed: {_shown(_settled(world, follow))}")
        again = max(one.applied_at for one in _writes(market, names, RECOUNTED, began)) - began
        say(f"{name}: all {steps[-1]} changed: right after {again:.0f} s, {folded:.0f} folded/s, {load()}")
    few, many = resident[steps[0]], resident[steps[-1]]
    per_sku = {name: (many[name] - few[name]) / (steps[-1] - steps[0]) for name in many}
    say(
        f"{name}: worker {per_sku['worker']:.0f}, poller {per_sku['poller']:.0f} bytes a SKU from {steps[0]} to {steps[-1]}"
    )
    return [
        Measure(_named("stock_folded", market), "records/s", FOLDED_AIM, Series((folded,))),
        Measure(f"{name}_worker", "bytes/SKU", 5000, Series((per_sku["worker"],))),
        Measure(f"{name}_poller", "bytes/SKU", 5000, Series((per_sku["poller"],))),
    ]


def _settled(world: ScaleWorld, follow: Follow) -> dict[str, int]:
    """Memory once nothing is said any more for some seconds."""
    quiet = time.monotonic()
    while time.monotonic() - quiet < _QUIET_SECONDS:
        if follow.listen():
            quiet = time.monotonic()
    return world.memory()


def _shown(resident: dict[str, int]) -> str:
    return ", ".join(f"{name} {size / 2**20:.1f} MB" for name, size in resident.items())


# -- both


def sku(number: int) -> str:
    return f"{PREFIX}{number:05}"


def _prepared(market: Market, skus: int) -> list[str]:
    names = [sku(number) for number in range(1, skus + 1)]
    market.list_items(names)
    return names


def _count_products(world: ScaleWorld, start: int, count: int) -> None:
    world.warehouse("products", {"count": count, "prefix": PREFIX, "start": start, "stock": ON_HAND})


def _recount(world: ScaleWorld, skus: int) -> None:
    for start in range(1, skus + 1, 500):
        numbers = range(start, min(start + 500, skus + 1))
        world.warehouse("stock", {"levels": {sku(number): RECOUNTED for number in numbers}})


def _confirmed(follow: Follow, skus: int) -> bool:
    follow.listen()
    return follow.count(SET_STOCK) >= skus


def _writes(market: Market, skus: Sequence[str], expected: int, since: float) -> list[Write]:
    """Every write since then by us; that the newest is the right one has been looked at. Raises AssertionError else."""
    found: list[Write] = []
    for held in market.writes(skus):
        ours = [one for one in held if one.sent_at >= since]
        if not ours or ours[-1].amount != expected:
            raise AssertionError(f"not {expected} at {market.name}: {held[-1:]}")
        found += ours
    return found
