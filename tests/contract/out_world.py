"""Deliveries to a marketplace's sandbox as the deliver stage makes them: key states are kept, deliveries with a job come back when they are due.

The clock is the box's; nothing waits. Tiers are those of the pipeline, so that waits are rounded up as they are in earnest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, Self

import httpx

from connectors.kit.ports import Delivery, Outcome, Result
from schemas.topics import DEFAULT_TIERS
from streams.failure.policy import at_least
from streams.stages.batching import KeyView, plan
from streams.stages.keystate import KeyTable
from tests.unit.failure.samples import codec

Recorded = Literal["all", "state", "retries", "nothing"]


class MovedClock(Protocol):
    """Of a box: moved by the test."""

    now: float

    def __call__(self) -> float: ...


class OutBox(Protocol):
    """A sandbox that is served."""

    @property
    def http(self) -> httpx.Client: ...
    @property
    def clock(self) -> MovedClock: ...


class OutSink(Protocol):
    """A sink whose writes go out in order."""

    batch_limit: int

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]: ...
    def announces(self, delivery: Delivery) -> bool: ...
    def set_share(self, share: float) -> None: ...
    async def aclose(self) -> None: ...


class OutWorld:
    """Sinks over one sandbox; each is a process of its own, with a memory and a budget of its own."""

    def __init__(self, destination: str, box: OutBox) -> None:
        self.box = box
        self.keys: dict[str, KeyView] = {}
        self.table = KeyTable(destination, codec())
        self._sinks: list[OutSink] = []

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

    def process_of(self, sink: Any, share: float) -> Process:
        """A process with a sink of its own."""
        sink.set_share(share)
        self._sinks.append(sink)
        return Process(self, sink)


@dataclass(frozen=True)
class _Item:
    """A delivery as the stage plans it."""

    place: int
    delivery: Delivery
    asks_again: bool = False


@dataclass
class Process:
    """One worker. `deliver` is one call of the sink with what is known by then; `settle` goes on until nothing waits any more."""

    world: OutWorld
    sink: Any
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
        """Sent without a word to the others, as if it reached the marketplace before its announcement reached them; recorded by `record`."""
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
