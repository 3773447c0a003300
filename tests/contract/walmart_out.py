"""Deliveries to the Walmart sandbox as the deliver stage makes them: key states are kept, deliveries with a job come back when they are due.

The clock is the box's; nothing waits. Tiers are those of the pipeline, so that waits are rounded up as they are in earnest.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Self

from connectors.kit.budget import Budget
from connectors.kit.calls import Surroundings
from connectors.kit.http import HttpClient
from connectors.kit.ports import Delivery, Outcome, Result
from connectors.kit.tokens import TokenCache
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.item_maker import Maker
from connectors.walmart.sink import WalmartSink
from schemas.topics import DEFAULT_TIERS
from streams.failure.policy import at_least
from streams.stages.batching import KeyView, plan
from streams.stages.keystate import KeyTable
from tests.contract.benches.walmart import settings_of
from tests.contract.walmart_box import Box, walmart_box
from tests.unit.failure.samples import codec

Json = dict[str, Any]
Recorded = Literal["all", "state", "retries", "nothing"]
AMPLE = {
    "orders_per_second": 1e6, "inventory_per_second": 1e6, "items_per_second": 1e6, "token_per_minute": 1e6,
    "feed_inventory_per_hour": 1e6, "feed_mp_inventory_per_hour": 1e6, "feed_price_per_hour": 1e6, "price_per_hour": 1e6,
    "inventory_writes_per_minute": 1e6, "feed_mp_item_per_hour": 1e6, "feed_mp_maintenance_per_hour": 1e6,
    "inventory_reads_per_minute": 1e6,
}  # fmt: skip
FAST = {"ladder_seconds": (1, 5, 30), "then_seconds": 60, "list_seconds": 0, "lost_after_seconds": 60}


class World:
    """Sinks over one sandbox; each is a process of its own, with a memory and a budget of its own."""

    def __init__(self, box: Box, **changes: Any) -> None:
        self.box = box
        self.settings = settings_of(box, **{"rates": AMPLE, "feeds": FAST, "attempts": 1, **changes})
        self.keys: dict[str, KeyView] = {}
        self.table = KeyTable("walmart", codec())
        self._sinks: list[WalmartSink] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for sink in self._sinks:
            await sink.aclose()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.box.clock(), UTC)

    async def sleep(self, seconds: float) -> None:
        self.box.clock.now += seconds
        await asyncio.sleep(0)

    def process(self, share: float = 1.0, maker: Maker | None = None, gather_seconds: float = 0) -> Process:
        tokens = TokenCache("main", self.now)
        budget = Budget(self.settings.rates.plan(), self.box.clock, self.sleep)
        around = Surroundings(self.now, self.sleep, lambda: 0.0, lambda: "c-1")

        def client(account: str) -> WalmartClient:
            http = HttpClient(self.settings.base_url, self.settings.http, refusal=errors.refusal(self.now))
            return WalmartClient(self.settings, self.settings.account(account), http, tokens, budget, around)

        sink = WalmartSink(self.settings, client, self.now, maker=maker, gather_seconds=gather_seconds)
        sink.set_share(share)
        self._sinks.append(sink)
        return Process(self, sink)

    def history(self, sku: str) -> list[int]:
        """Every number Walmart ever held of a SKU, in the order they took effect."""
        found = self.box.http.get(f"/sandbox/items/{sku}").raise_for_status().json()
        return [one["amount"] for one in found["stock_history"]]

    def item(self, sku: str) -> Json:
        found: Json = self.box.http.get(f"/sandbox/items/{sku}").raise_for_status().json()
        return found


@dataclass(frozen=True)
class _Item:
    """A delivery as the stage plans it."""

    place: int
    delivery: Delivery
    asks_again: bool = False


@dataclass
class Process:
    """One worker. `deliver` is one call of the sink with what is known by then; `settle` goes on until nothing waits any more."""

    world: World
    sink: WalmartSink
    waiting: list[tuple[float, Delivery]] = field(default_factory=list)
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)

    def beside(self, process: Process | None = None) -> Process:
        """Another lane in the same process; or this lane, in another process."""
        if process is None:
            return Process(self.world, self.sink)
        return Process(self.world, process.sink, self.waiting, self.outcomes)

    async def cut_off(self, *batch: Delivery, after: int) -> None:
        """The process dies in the middle, after so many turns of its event loop."""
        delivering = asyncio.create_task(self.deliver(*batch, record="nothing"))
        for _ in range(after):
            await asyncio.sleep(0)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)

    async def deliver(self, *batch: Delivery, record: Recorded = "all") -> list[Outcome]:
        """`record`: what is recorded of it before the process dies; `all`: it lives."""
        planned = plan([_Item(place, one) for place, one in enumerate(batch)], self.world.keys, self.sink.batch_limit)
        found = {item.place: Outcome(Result.STALE) for item in planned.stale}
        found |= {item.place: Outcome(Result.ALREADY_APPLIED) for item in planned.applied}
        for place, outcome in found.items():
            self.record(batch[place], outcome, record)
        for part in planned.batches:
            told = [item.delivery for item in part]
            self.announce(told)
            outcomes = await self.sink.deliver([self._told(delivery) for delivery in told])
            for item, outcome in zip(part, outcomes, strict=True):
                found[item.place] = outcome
                self.record(item.delivery, outcome, record)
        return [found[place] for place in range(len(batch))]

    async def untold(self, *batch: Delivery) -> list[Outcome]:
        """Sent without a word to the others, as if it reached Walmart before its announcement reached them; recorded by `record`."""
        return list(await self.sink.deliver(batch))

    def announce(self, batch: Sequence[Delivery]) -> None:
        """What the stage writes down before it sends."""
        for delivery in batch:
            if self.sink.announces(delivery):
                view = self.world.keys.get(delivery.key, KeyView())
                self.world.keys[delivery.key] = self.world.table.before(view, delivery, self.world.now())

    def record(self, delivery: Delivery, outcome: Outcome, record: Recorded = "all") -> None:
        """What the stage writes down of an outcome: the key's state, and when it comes back."""
        if record in ("all", "state"):
            self.outcomes.setdefault(delivery.id, []).append(outcome)
            view, stale = self.world.keys.get(delivery.key, KeyView()), outcome.result is Result.STALE
            self.world.keys[delivery.key] = self.world.table.after(
                view, delivery, None if stale else outcome, parked=False, job=outcome.job, now=self.world.now()
            )
        if record in ("all", "retries"):
            self._wait(delivery, outcome)

    def _wait(self, delivery: Delivery, outcome: Outcome) -> None:
        wait: float | None = None
        if outcome.result is Result.SUBMITTED:
            wait, delivery = outcome.retry_after, replace(delivery, job=outcome.job)
        elif not outcome.ok and outcome.reason in ("transient", "throttled", "conflict"):
            wait = max(outcome.retry_after or 0.0, 30.0)
            delivery = replace(delivery, job="", attempt=delivery.attempt + 1)
        if wait is not None:
            tier = at_least(wait, DEFAULT_TIERS).total_seconds()
            self.waiting.append((self.world.box.clock() + tier, delivery))

    async def come_back(self) -> list[Outcome]:
        """Time goes on to when the next ones are due; they are delivered together."""
        return await self.deliver(*self.due())

    def due(self) -> list[Delivery]:
        """What comes back next, taken from what waits; time goes on until then."""
        due = min(at for at, _ in self.waiting)
        self.world.box.clock.now = max(self.world.box.clock.now, due)
        batch = [delivery for at, delivery in self.waiting if at <= self.world.box.clock.now]
        self.waiting = [(at, one) for at, one in self.waiting if at > self.world.box.clock.now]
        return batch

    async def settle(self, most: int = 60) -> None:
        for _ in range(most):
            if not self.waiting:
                return
            await self.come_back()
        raise AssertionError(f"never came to an end: {self.waiting[:3]}")

    def last(self, delivery: Delivery) -> Outcome:
        return self.outcomes[delivery.id][-1]

    def _told(self, delivery: Delivery) -> Delivery:
        view = self.world.keys.get(delivery.key, KeyView())
        return replace(delivery, known=view.known, open_jobs=tuple(sorted(view.jobs - {delivery.job})))


def stock(sku: str, amount: Any, version: int, *, urgent: bool = False, attempt: int = 1) -> Delivery:
    key = f"stock:walmart:main:{sku}"
    body = {"key": key, "sku": sku, "quantity": str(amount), "urgent": urgent}
    return Delivery(
        f"{key}/{version}", "set_stock", False, key, "odoo", "main", version, f"c{amount}", "c-1", body, attempt
    )


def stocks(skus: Sequence[str], amount: Any, version: int) -> list[Delivery]:
    return [stock(sku, amount, version) for sku in skus]


Worlds = Callable[..., World]


@contextmanager
def stock_box() -> Iterator[Box]:
    """A sandbox with 250 items, whose feeds take 20 seconds."""
    with walmart_box(feed_seconds=(20, 20), rate_factor=1000) as found:
        found.http.post("/sandbox/items", json={"count": 250, "prefix": "S"}).raise_for_status()
        yield found


@asynccontextmanager
async def open_worlds(box: Box) -> AsyncIterator[Worlds]:
    """Makes worlds over one sandbox, each with settings of its own."""
    async with AsyncExitStack() as stack:
        made: list[World] = []

        def make(**changes: Any) -> World:
            made.append(World(box, **changes))
            stack.push_async_exit(made[-1])
            return made[-1]

        yield make


def skus(box: Box, count: int) -> list[str]:
    known = box.call("GET", "/v3/items?limit=250").json()["ItemResponse"]
    return sorted(item["sku"] for item in known)[:count]
