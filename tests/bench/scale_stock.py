"""TEST-2, RATE-1, INV-1: 10,000 SKUs. How long a full inventory takes under the quota, how much of the quota is used, and what a SKU costs in memory.

**stock_full**: everything runs and is idle; then Odoo counts 10,000 products at once. The clock stops when the last number took effect at Walmart.
Quotas are the published ones times `FACTOR` (10 feeds an hour, 200 calls a minute), so that work waits for them, but not for half an hour.
Of the quota counted is what Walmart allowed from the first of our calls to the last: the full bucket and what flowed in meanwhile.

**stock_memory**: the same pipeline with a quota that never matters, 1,000, then 5,000, then 10,000 SKUs; resident memory of worker and poller
after each, when all numbers are confirmed, and once more after all 10,000 changed.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from schemas.topics import STOCK_LEDGER
from tests.bench.cluster import Say
from tests.bench.figures import Measure, Series
from tests.bench.scale_follow import Follow
from tests.bench.scale_world import QUICK, ScaleWorld, load, scale_world, until

SKUS = 10_000
STEPS = (1_000, 5_000, SKUS)
FACTOR = float(os.environ.get("CAUSEWAY_TEST_BENCH_FACTOR", "3"))
AIM_PERCENT, LIMIT_SECONDS, FOLDED_AIM = 95.0, 900.0, 1000.0
PREFIX, ON_HAND, RECOUNTED = "BENCH-", 50, 60
SET_STOCK = "set_stock"
FEED_CALLS_PER_HOUR, SINGLE_CALLS_PER_MINUTE, FEED_ITEMS = 10, 200, 200
_FLOWS = {"all": "off", "stock": "on"}
_WAIT_SECONDS = 3600.0
_QUIET_SECONDS = 8.0


def stock_full(say: Say, *, skus: int = SKUS, factor: float = FACTOR) -> list[Measure]:
    """Raises BenchError."""
    return [*_quota(say, skus, factor), *_memory(say, STEPS)]


# -- the quota


@dataclass(frozen=True, slots=True)
class Used:
    """What Walmart took. feeds, calls: how many; full: SKUs in a feed on average; *_allowed: what the quota gave from the first call to the last;
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


def _quota(say: Say, skus: int, factor: float) -> list[Measure]:
    env = {"CAUSEWAY_STOCK__FLUSH_MINUTES": "0.1"}
    with scale_world(say, "stock_full", factor, _FLOWS, env) as (world, follow):
        _prepared(world, skus)
        world.start_pipeline()
        follow.open()
        began = time.time()
        _count_products(world, 1, skus)
        until(lambda: _confirmed(follow, skus), _WAIT_SECONDS, f"{skus} numbers are confirmed", world)
        writes = _writes(world, ON_HAND, began)
        took, confirmed = max(one["applied_at"] for one in writes) - began, time.time() - began
        used = used_of(writes, factor)
        say(
            f"stock_full: {skus} SKUs right at Walmart after {took:.0f} s, confirmed after {confirmed:.0f} s, quota x {factor:g}, {load()}"
        )
        say(f"stock_full: {used}; {world.refused()} answers 429; {dict(follow.results)}")
        percent = 100 * len(writes) / (used.feeds_allowed * FEED_ITEMS + used.calls_allowed)
        say(
            f"stock_full: {percent:.0f} % of the numbers that feeds of {FEED_ITEMS} and calls could have brought in that time"
        )
    return [
        Measure("stock_full", "s", LIMIT_SECONDS, Series((took,))),
        Measure("stock_full_calls", "%", AIM_PERCENT, Series((used.calls_percent,))),
        Measure("stock_full_feeds", "%", AIM_PERCENT, Series((used.feeds_percent,))),
    ]


def used_of(writes: list[dict[str, Any]], factor: float) -> Used:
    """`writes`: of each SKU those that took effect, as the sandbox's history tells them."""
    singles = sorted(one["sent_at"] for one in writes if one["via"] == "put")
    feeds = sorted({(one["sent_at"], one["reference"]) for one in writes if one["via"] == "feed"})
    first = min([*singles[:1], *(at for at, _ in feeds[:1])])
    last = max([*singles[-1:], *(at for at, _ in feeds[-1:])])
    span = last - first
    return Used(
        feeds=len(feeds),
        calls=len(singles),
        full=(len(writes) - len(singles)) / max(len(feeds), 1),
        feeds_allowed=factor * FEED_CALLS_PER_HOUR * (1 + span / 3600),
        calls_allowed=factor * SINGLE_CALLS_PER_MINUTE * (1 + span / 60),
    )


# -- memory


def _memory(say: Say, steps: tuple[int, ...]) -> list[Measure]:
    env = {"CAUSEWAY_STOCK__FLUSH_MINUTES": "0.1", **QUICK}
    with scale_world(say, "stock_memory", 100, _FLOWS, env) as (world, follow):
        _prepared(world, steps[-1])
        world.start_pipeline()
        follow.open()
        resident: dict[int, dict[str, int]] = {}
        before = 0
        for step in steps:
            _count_products(world, before + 1, step - before)
            until(lambda step=step: _confirmed(follow, step), _WAIT_SECONDS, f"{step} numbers are confirmed", world)  # type: ignore[misc]
            resident[step], before = _settled(world, follow), step
            say(f"stock_memory: {step} SKUs: {_shown(resident[step])}, {load()}")
        follow.forget()
        began = time.time()
        _recount(world, steps[-1])
        until(lambda: _confirmed(follow, steps[-1]), _WAIT_SECONDS, "all numbers are confirmed anew", world)
        again = max(one["applied_at"] for one in _writes(world, RECOUNTED, began)) - began
        folded = follow.passed[STOCK_LEDGER].per_second
        say(
            f"stock_memory: all {steps[-1]} changed: right at Walmart after {again:.0f} s, {folded:.0f} folded/s, {load()}"
        )
        say(f"stock_memory: after that: {_shown(_settled(world, follow))}")
    few, many = resident[steps[0]], resident[steps[-1]]
    per_sku = {name: (many[name] - few[name]) / (steps[-1] - steps[0]) for name in many}
    say(
        f"stock_memory: worker {per_sku['worker']:.0f}, poller {per_sku['poller']:.0f} bytes a SKU from {steps[0]} to {steps[-1]}"
    )
    return [
        Measure("stock_folded", "records/s", FOLDED_AIM, Series((folded,))),
        Measure("stock_memory_worker", "bytes/SKU", 5000, Series((per_sku["worker"],))),
        Measure("stock_memory_poller", "bytes/SKU", 5000, Series((per_sku["poller"],))),
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


def _prepared(world: ScaleWorld, skus: int) -> None:
    world.list_items([sku(number) for number in range(1, skus + 1)])


def _count_products(world: ScaleWorld, start: int, count: int) -> None:
    world.warehouse("products", {"count": count, "prefix": PREFIX, "start": start, "stock": ON_HAND})


def _recount(world: ScaleWorld, skus: int) -> None:
    for start in range(1, skus + 1, 500):
        numbers = range(start, min(start + 500, skus + 1))
        world.warehouse("stock", {"levels": {sku(number): RECOUNTED for number in numbers}})


def _confirmed(follow: Follow, skus: int) -> bool:
    follow.listen()
    return follow.count(SET_STOCK) >= skus


def _writes(world: ScaleWorld, expected: int, since: float) -> list[dict[str, Any]]:
    """Every write since then by us; that the newest is the right one has been looked at. Raises AssertionError else."""
    found: list[dict[str, Any]] = []
    for name, item in world.items(history=True).items():
        ours = [one for one in item["stock_history"] if one["sent_at"] >= since and one["via"] != "control"]
        if not ours or ours[-1]["amount"] != expected:
            raise AssertionError(f"{name} is not {expected} at Walmart: {ours[-1:]}")
        found += ours
    return found
