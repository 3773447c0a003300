"""INV-5 in a storm: lost answers, resets, refusals, slow and failing feeds, killed processes, replays, two lanes in one process or in two. When
everything has come to rest, the marketplace holds the newest value of every SKU, whatever happened on the way, and each delivery has its outcome.

CAUSEWAY_TEST_STORM_SEEDS=60 runs sixty of each kind instead of the few of every day.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.kit.ports import Delivery, Result
from tests.contract.out_world import OutWorld, Process

SKUS = [f"T{number:06d}" for number in range(1, 31)]
ROUNDS = 8
SEEDS = int(os.environ.get("CAUSEWAY_TEST_STORM_SEEDS", "0"))
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """What is sent, and what the marketplace holds of it. `make`: of a SKU, an amount, a version, and whether it is urgent."""

    make: Callable[[str, int, int, bool], Delivery]
    held: Callable[[Any, str], str]


def storms(*kinds: str) -> list[tuple[str, int]]:
    """(kind, seed): one of each every day, as many as wanted in earnest."""
    return [(kind, seed) for kind in kinds for seed in range(1, 1 + SEEDS)] or [(kind, 1) for kind in kinds]


class Storm:
    """Two lanes, urgent and not. `processes` 2: each lane has one of its own; 1: both are in one. Any of them may die at any moment.
    `process`: makes one with that share of the work."""

    def __init__(
        self, world: OutWorld, process: Callable[[float], Process], kind: Kind, seed: int, processes: int
    ) -> None:
        self.world = world
        self.kind = kind
        self.chance = random.Random(seed)
        self.processes = processes
        self.newest: dict[str, tuple[int, int]] = {}
        self.sent: list[Delivery] = []
        self.urgent: dict[str, bool] = {}
        self._make = process
        first = self._process()
        self.lanes = {True: first, False: self._process() if processes == 2 else first.beside()}

    async def blow(self, faults: Sequence[Json], seed: int, after: float) -> None:
        """The whole of it, to the calm. `after`: seconds in which takes effect what nobody knows of."""
        http = self.world.box.http
        http.put("/sandbox/faults", json={"rules": faults, "seed": seed}).raise_for_status()
        for _ in range(ROUNDS):
            await self.wave()
            await self.time_goes_on()
        http.put("/sandbox/faults", json={"preset": "none"}).raise_for_status()
        await self.calm()
        self.world.box.clock.now += after

    def check(self) -> None:
        """What has to be true then."""
        assert self.held() == self.wanted()
        newest = [one for one in self.sent if one.version == self.newest[str(one.body["sku"])][0]]
        ended_well = {Result.APPLIED, Result.ALREADY_APPLIED}
        assert {self.last(one) for one in newest} <= ended_well
        # failed: after five tries, all refused
        assert {self.last(one) for one in self.sent} <= {*ended_well, Result.STALE, Result.FAILED}

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

    async def calm_rounds(self, rounds: int) -> dict[str, list[int]]:
        """Numbers that change when nothing is in the way; SKU -> what was sent of it."""
        written: dict[str, list[int]] = {}
        for _ in range(rounds):
            for one in (made := [self.changed(sku) for sku in SKUS]):
                written.setdefault(str(one.body["sku"]), []).append(self.newest[str(one.body["sku"])][1])
            for urgent in (True, False):
                await self.lanes[urgent].deliver(*(one for one in made if self.urgent[one.id] is urgent))
            await self.calm()
        return written

    def changed(self, sku: str) -> Delivery:
        version, amount = self.newest.get(sku, (0, 0))[0] + 1, self.chance.randint(0, 500)
        self.newest[sku] = (version, amount)
        urgent = self.chance.random() < 0.3
        one = self.kind.make(sku, amount, version, urgent)
        self.urgent[one.id] = urgent
        self.sent.append(one)
        return one

    def _process(self) -> Process:
        return self._make(1 / self.processes)

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
        """Another process takes over what the dead one did, some seconds later: what was recorded is known to it, nothing else."""
        self.world.box.clock.now += 2
        new = self._process()
        for urgent, lane in self.lanes.items():
            if lane.sink is died.sink:
                self.lanes[urgent] = lane.beside(new)


def _what(body: Mapping[str, Any]) -> str:
    return str(body["quantity"] if "quantity" in body else body["price"]["amount"] if "price" in body else body["name"])
