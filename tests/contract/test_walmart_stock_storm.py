"""INV-5 in a storm: lost answers, resets, refusals, slow and failing feeds, killed processes, two lanes. In the end Walmart holds the newest number
of every SKU, whatever happened on the way, and each delivery has its outcome."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from connectors.kit.ports import Delivery, Result
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import Process, World, stock

SKUS = [f"T{number:06d}" for number in range(1, 31)]
ROUNDS = 8
FAULTS = (
    {"kind": "lost", "rate": 0.12}, {"kind": "reset", "rate": 0.08}, {"kind": "status", "code": 500, "rate": 0.08},
    {"kind": "status", "code": 503, "rate": 0.05}, {"kind": "truncated", "rate": 0.05, "path": "/v3/(feeds|inventory)"},
    {"kind": "feed_item_system_error", "rate": 0.03}, {"kind": "feed_error", "rate": 0.1},
)  # fmt: skip


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(5, 90), rate_factor=10_000) as found:
        found.http.post("/sandbox/items", json={"count": len(SKUS), "prefix": "T"}).raise_for_status()
        yield found


class Storm:
    """Two lanes, each a process of its own that may die between sending and recording."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.newest: dict[str, tuple[int, int]] = {}
        self.sent: list[Delivery] = []
        self.lanes = {urgent: world.process(0.5) for urgent in (True, False)}
        self.kills = 0

    async def wave(self) -> None:
        """Some numbers change; most go in bulk, some are urgent."""
        changed = self.chance.sample(SKUS, self.chance.randint(22, len(SKUS)))
        made = [self._changed(sku) for sku in changed]
        for urgent in self.chance.sample((True, False), 2):
            batch = [one for one in made if one.body["urgent"] is urgent]
            if batch:
                await self._deliver(urgent, batch)

    async def time_goes_on(self) -> None:
        self.world.box.clock.now += self.chance.choice((0, 1, 20, 60))
        for urgent, lane in self.lanes.items():
            if lane.waiting and self.chance.random() < 0.7:
                self.lanes[urgent] = lane
                await lane.come_back()

    async def calm(self) -> None:
        for _ in range(400):
            waiting = [lane for lane in self.lanes.values() if lane.waiting]
            if not waiting:
                return
            first = min(waiting, key=lambda lane: min(at for at, _ in lane.waiting))
            await first.come_back()
        raise AssertionError("never came to an end")

    def _changed(self, sku: str) -> Delivery:
        version, amount = self.newest.get(sku, (0, 0))[0] + 1, self.chance.randint(0, 500)
        self.newest[sku] = (version, amount)
        one = stock(sku, amount, version, urgent=self.chance.random() < 0.3)
        self.sent.append(one)
        return one

    async def _deliver(self, urgent: bool, batch: list[Delivery]) -> None:
        if self.chance.random() < 0.3:
            await self.lanes[urgent].deliver(*batch, record=False)
            self._die(urgent)
        await self.lanes[urgent].deliver(*batch)

    def _die(self, urgent: bool) -> None:
        """Another process takes the work over: what was recorded is known to it, nothing else."""
        old = self.lanes[urgent]
        self.lanes[urgent] = new = self.world.process(0.5)
        new.waiting, new.outcomes = old.waiting, old.outcomes
        self.kills += 1

    def last(self, delivery: Delivery) -> Result:
        return self._lane(delivery).last(delivery).result

    def _lane(self, delivery: Delivery) -> Process:
        return self.lanes[bool(delivery.body["urgent"])]


@pytest.mark.parametrize("seed", range(1, 7))
async def test_in_the_end_walmart_holds_the_newest_numbers(box: Box, seed: int) -> None:
    async with World(box) as world:
        storm = Storm(world, seed)
        box.http.put("/sandbox/faults", json={"rules": FAULTS, "seed": seed}).raise_for_status()
        for _ in range(ROUNDS):
            await storm.wave()
            await storm.time_goes_on()
        box.http.put("/sandbox/faults", json={"preset": "none"}).raise_for_status()
        await storm.calm()
        held = {sku: world.history(sku)[-1] for sku in storm.newest}
        assert held == {sku: amount for sku, (_, amount) in storm.newest.items()}
        assert {storm.last(one) for one in storm.sent} <= {Result.APPLIED, Result.ALREADY_APPLIED, Result.STALE}
        newest = [one for one in storm.sent if one.version == storm.newest[str(one.body["sku"])][0]]
        assert {storm.last(one) for one in newest} == {Result.APPLIED}
