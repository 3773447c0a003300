"""EDGE-5: from the last scan of a transfer at the Box to its check in Odoo, everything running as in the demo, without faults.

The clock starts when the scanner of the simulated Box is pressed and stops at the outcome of the check: Box, agent (its spool is on disk), gateway,
Kafka, the stages of packing and routing, Odoo's sandbox. A packer presses as people do, one transfer after the other, so nothing queues.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from streams.demo.edge import Edge, HeardBox
from streams.demo.hands import Sale
from streams.demo.odoo import connect
from streams.demo.processes import ProcessError
from streams.demo.world import World
from streams.stack import StackError
from tests.bench.cluster import Say
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series
from tests.bench.journey import codec_of, follower_of, kafka_of

TRANSFERS = 20
AIM_SECONDS = 5.0
LIMIT_SECONDS = 300.0


def scan_to_odoo(say: Say, *, transfers: int = TRANSFERS) -> list[Measure]:
    """Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        world = World(Path(folder) / "world", say, packing=True)
        try:
            world.start()
            return [_measure(world, say, transfers)]
        except (ProcessError, StackError) as error:
            raise BenchError(f"scan to Odoo: {error}") from error
        finally:
            world.stop()


def _measure(world: World, say: Say, transfers: int) -> Measure:
    follower = follower_of(world)
    packer = world.packer(struck=False)
    assert packer is not None
    edge = Edge(packer, HeardBox(kafka_of(world), codec_of(world)), connect(world.odoo))
    try:
        edge.begin(_accepted(world, transfers))

        def balanced() -> bool:
            for outcome in follower.poll(0.5):
                edge.hear(outcome)
            return packer.is_over and all(flow.balanced for flow in edge.compared())

        _until(balanced, lambda: f"not all was checked: {[flow for flow in edge.compared() if not flow.balanced]}")
        seconds = edge.report().seconds
    finally:
        edge.close()
        follower.close()
    say(f"scan to Odoo: {len(seconds)} checks")
    return Measure("scan_to_odoo", "s", AIM_SECONDS, Series(seconds))


def _accepted(world: World, count: int) -> list[Sale]:
    """So many confirmed orders with their goods reserved."""
    world.add_orders(count, 1, "plain", rate=100_000)
    hands, references = world.hands(), [order.reference for order in world.books().orders]
    _until(lambda: len(hands.sales(references)) == count, lambda: "the orders do not reach Odoo")
    sales = hands.sales(references)
    hands.accept(sales)
    return sales


def _until(is_so: Callable[[], bool], told: Callable[[], str]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            raise BenchError(f"scan to Odoo: after {LIMIT_SECONDS:.0f} s {told()}")
        time.sleep(0.2)
