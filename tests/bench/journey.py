"""TEST-2: from the marketplace to Odoo, everything running as in the demo, without faults: seconds until the last of 100 orders stands in Odoo.

The clock starts when the marketplace has sold them all and stops at the outcome of the last one. In between lies one poll (every 2 s here).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schemas.codec import Codec
from schemas.registry import Registry
from streams.demo.compare import compare
from streams.demo.market import Sold
from streams.demo.odoo import held_orders
from streams.demo.processes import ProcessError
from streams.demo.world import World
from streams.observe.follow import OutcomeFollower
from streams.observe.ledger import APPLIED, WAITING, Ledger
from streams.settings import KafkaSettings
from streams.stack import StackError
from tests.bench.cluster import Say
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series

ORDERS = 100
ROUNDS = 3
LIMIT_SECONDS = 300.0


def journey(say: Say, *, count: int = ORDERS, rounds: int = ROUNDS) -> list[Measure]:
    """The first round warms up and does not count. Raises BenchError."""
    with tempfile.TemporaryDirectory(prefix="causeway-bench-") as folder:
        world = World(Path(folder) / "world", say)
        try:
            world.start()
            return [_measure(world, say, count, rounds)]
        except (ProcessError, StackError) as error:
            raise BenchError(f"end to end: {error}") from error
        finally:
            world.stop()


def _measure(world: World, say: Say, count: int, rounds: int) -> Measure:
    ledger, sold = Ledger(), set[str]()
    seconds = []
    follower = follower_of(world)
    try:
        for number in range(rounds + 1):
            took = _round(world, follower, ledger, sold, count, seed=number)
            if number:
                seconds.append(took)
                say(f"end to end: {count} orders in {took:.1f} s")
    finally:
        follower.close()
    return Measure("end_to_end", "s", LIMIT_SECONDS, Series(tuple(seconds)))


def _round(world: World, follower: OutcomeFollower, ledger: Ledger, sold: set[str], count: int, *, seed: int) -> float:
    world.add_orders(count, seed, "plain", rate=100_000)
    began = time.monotonic()
    orders = [order for order in world.books().orders if order.key not in sold]
    keys = [order.key for order in orders]
    if len(keys) != count:
        raise BenchError(f"end to end: the marketplace sold {len(keys)} orders, wanted {count}")
    while ledger.counts(keys)[WAITING]:
        for outcome in follower.poll(0.1):
            ledger.add(outcome)
        if time.monotonic() - began > LIMIT_SECONDS:
            raise BenchError(f"end to end: after {LIMIT_SECONDS:.0f} s orders stand as {ledger.counts(keys)}")
    took = time.monotonic() - began
    if ledger.counts(keys)[APPLIED] != count:
        raise BenchError(f"end to end: not all orders were applied: {ledger.counts(keys)}")
    _verified(world, orders, ledger)
    sold.update(keys)
    return took


def _verified(world: World, orders: Sequence[Sold], ledger: Ledger) -> None:
    """Odoo holds each order once, with its total to the cent. Raises BenchError."""
    held = held_orders(world.odoo, {order.reference for order in orders})
    found = compare(orders, ledger, held)
    if not found.balanced:
        raise BenchError(f"end to end: Odoo does not hold what was sold: {found.problems}")


def follower_of(world: World) -> OutcomeFollower:
    """All outcomes of a world."""
    return OutcomeFollower(kafka_of(world), codec_of(world))


def kafka_of(world: World) -> dict[str, Any]:
    """How its Kafka is reached."""
    return KafkaSettings(bootstrap=world.stack_bootstrap()).librdkafka()


def codec_of(world: World) -> Codec:
    """By its registry."""
    return Codec(Registry({"url": world.env()["CAUSEWAY_REGISTRY__URL"]}))
