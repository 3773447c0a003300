"""INV-5 in a storm: lost answers, resets, refusals, slow and failing feeds, killed processes, replays, two lanes in one process or in two. When
everything has come to rest, Walmart holds the newest number (price, product) of every SKU, whatever happened on the way, and each delivery has
its outcome.

CAUSEWAY_TEST_STORM_SEEDS=60 runs sixty of each kind instead of the few of every day.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Result
from tests.contract.out_world import Process
from tests.contract.test_walmart_listings_out import Clocks, upsert
from tests.contract.test_walmart_prices_out import price
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import World, stock

SKUS = [f"T{number:06d}" for number in range(1, 31)]
ROUNDS = 8
SEEDS = int(os.environ.get("CAUSEWAY_TEST_STORM_SEEDS", "0"))
FAULTS = (
    {"kind": "lost", "rate": 0.12}, {"kind": "reset", "rate": 0.08}, {"kind": "status", "code": 500, "rate": 0.08},
    {"kind": "status", "code": 503, "rate": 0.05}, {"kind": "truncated", "rate": 0.05, "path": "/v3/(feeds|inventory)"},
    {"kind": "feed_item_system_error", "rate": 0.03}, {"kind": "feed_error", "rate": 0.1},
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """What is sent, and what Walmart holds of it. `make`: of a SKU, an amount, a version, and whether it is urgent."""

    make: Callable[[str, int, int, bool], Delivery]
    held: Callable[[World, str], str]


def _price(sku: str, amount: int, version: int, urgent: bool) -> Delivery:
    return price(sku, f"{amount + 1}.00", version)


def _listing(sku: str, amount: int, version: int, urgent: bool) -> Delivery:
    return upsert(sku, SKUS.index(sku) + 1, version, name=f"Clock of {amount}")


KINDS = {
    "stock": Kind(
        lambda sku, amount, version, urgent: stock(sku, amount, version, urgent=urgent),
        lambda world, sku: str(world.history(sku)[-1]),
    ),
    "price": Kind(_price, lambda world, sku: f"{world.item(sku)['price_history'][-1]['cents'] // 100}.00"),
    "listing": Kind(_listing, lambda world, sku: str(world.item(sku)["name"])),
}
EVERY_DAY = [("stock", 1), ("price", 1), ("listing", 1)]
STORMS = [(kind, seed) for kind in KINDS for seed in range(1, 1 + SEEDS)] or EVERY_DAY


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(5, 90), publish_seconds=(10, 10), rate_factor=10_000) as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box, listings={"publish_ladder_seconds": (30, 60, 120)}) as found:
        yield found


class Storm:
    """Two lanes, urgent and not. `processes` 2: each lane has one of its own; 1: both are in one. Any of them may die at any moment."""

    def __init__(self, world: World, seed: int, processes: int, kind: str = "stock") -> None:
        self.world = world
        self.kind = KINDS[kind]
        if kind != "listing":
            world.box.http.post("/sandbox/items", json={"count": len(SKUS), "prefix": "T"}).raise_for_status()
        self.chance = random.Random(seed)
        self.processes = processes
        self.newest: dict[str, tuple[int, int]] = {}
        self.sent: list[Delivery] = []
        self.urgent: dict[str, bool] = {}
        first = self._process()
        self.lanes = {True: first, False: self._process() if processes == 2 else first.beside()}

    async def wave(self) -> None:
        """Some numbers change; most go in bulk, some are urgent. Old ones come again. Both lanes work at the same time."""
        changed = self.chance.sample(SKUS, self.chance.randint(22, len(SKUS)))
        made = [self.changed(sku) for sku in changed]
        if self.chance.random() < 0.3:
            made += self.chance.sample(self.sent, 5)
        batches = {urgent: [one for one in made if self.urgent[one.id] is urgent] for urgent in (True, False)}
        await asyncio.gather(*(self._deliver(urgent, batch) for urgent, batch in batches.items() if batch))

    async def time_goes_on(self) -> None:
        self.world.box.clock.now += self.chance.choice((0, 1, 20, 60))
        back = [urgent for urgent, lane in self.lanes.items() if lane.waiting and self.chance.random() < 0.7]
        batches = {urgent: self.lanes[urgent].due() for urgent in back}
        await asyncio.gather(*(self._deliver(urgent, batch) for urgent, batch in batches.items()))

    async def calm(self) -> None:
        for _ in range(400):
            waiting = [lane for lane in self.lanes.values() if lane.waiting]
            if not waiting:
                return
            await min(waiting, key=lambda lane: min(at for at, _ in lane.waiting)).come_back()
        raise AssertionError("never came to an end")

    def last(self, delivery: Delivery) -> Result:
        return self.lanes[self.urgent[delivery.id]].last(delivery).result

    def held(self) -> dict[str, str]:
        return {sku: self.kind.held(self.world, sku) for sku in self.newest}

    def wanted(self) -> dict[str, str]:
        bodies = {(str(one.body["sku"]), one.version): one.body for one in self.sent}
        newest = {sku: bodies[sku, version] for sku, (version, _) in self.newest.items()}
        return {sku: _what(body) for sku, body in newest.items()}

    def _process(self) -> Process:
        return self.world.process(1 / self.processes, Clocks())

    def changed(self, sku: str) -> Delivery:
        version, amount = self.newest.get(sku, (0, 0))[0] + 1, self.chance.randint(0, 500)
        self.newest[sku] = (version, amount)
        urgent = self.chance.random() < 0.3
        one = self.kind.make(sku, amount, version, urgent)
        self.urgent[one.id] = urgent
        self.sent.append(one)
        return one

    async def _deliver(self, urgent: bool, batch: list[Delivery]) -> None:
        """What a process that dies has not finished is delivered to the next one, as it came."""
        while self.chance.random() < 0.3:
            died = self.lanes[urgent]
            if self.chance.random() < 0.5:
                await died.cut_off(*batch, after=self.chance.randint(1, 400))
            else:
                await died.deliver(*batch, record=self.chance.choice(("nothing", "state", "retries")))
            self._reborn(died)
        await self.lanes[urgent].deliver(*batch)

    def _reborn(self, died: Process) -> None:
        """Another process takes over what the dead one did: what was recorded is known to it, nothing else."""
        new = self._process()
        for urgent, lane in self.lanes.items():
            if lane.sink is died.sink:
                self.lanes[urgent] = lane.beside(new)


def _what(body: Mapping[str, Any]) -> str:
    return str(body["quantity"] if "quantity" in body else body["price"]["amount"] if "price" in body else body["name"])


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("kind", "seed"), STORMS)
async def test_in_the_end_walmart_holds_the_newest(world: World, kind: str, seed: int, processes: int) -> None:
    storm = Storm(world, seed, processes, kind)
    world.box.http.put("/sandbox/faults", json={"rules": FAULTS, "seed": seed}).raise_for_status()
    for _ in range(ROUNDS):
        await storm.wave()
        await storm.time_goes_on()
    world.box.http.put("/sandbox/faults", json={"preset": "none"}).raise_for_status()
    await storm.calm()
    world.box.clock.now += 600  # what nobody knows of would take effect now
    assert storm.held() == storm.wanted()
    newest = [one for one in storm.sent if one.version == storm.newest[str(one.body["sku"])][0]]
    assert {storm.last(one) for one in newest} <= {Result.APPLIED, Result.ALREADY_APPLIED}
    overtaken = {
        Result.APPLIED,
        Result.ALREADY_APPLIED,
        Result.STALE,
        Result.FAILED,
    }  # failed: after five tries, all refused
    assert {storm.last(one) for one in storm.sent} <= overtaken


@pytest.mark.parametrize("processes", [1, 2])
async def test_when_all_is_calm_every_number_is_written_once(world: World, processes: int) -> None:
    """What keeps the order costs no second write."""
    storm = Storm(world, 1, processes)
    written: dict[str, list[int]] = {}
    for _ in range(4):
        for one in (made := [storm.changed(sku) for sku in SKUS]):
            written.setdefault(str(one.body["sku"]), []).append(storm.newest[str(one.body["sku"])][1])
        for urgent in (True, False):
            await storm.lanes[urgent].deliver(*(one for one in made if storm.urgent[one.id] is urgent))
        await storm.calm()
    assert {sku: world.history(sku) for sku in SKUS} == written
