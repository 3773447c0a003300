"""TEST-2, INV-1: one change of stock in Odoo, until Walmart's number is the new one. As it is by default, but for the length of the window.

    stock_change_urgent   it falls to 2, where low stock begins: at once
    stock_change          one unit less: with the window, here 15 seconds instead of 15 minutes

A change falls anywhere in the poller's interval (5 s) and in the window, by chance. With a window of 15 minutes add up to 885 s.
"""

from __future__ import annotations

import random
import time

from tests.bench.cluster import Say
from tests.bench.figures import Measure, Series
from tests.bench.scale_markets import Market, WalmartMarket
from tests.bench.scale_stock import SET_STOCK, sku
from tests.bench.scale_world import ScaleWorld, load, scale_world, until

CHANGES = 20
WINDOW_SECONDS = 15.0
LIMIT_SECONDS = 900.0
_ON_HAND = 50
_POLL_SECONDS = 5.0


def stock_change(say: Say, *, changes: int = CHANGES) -> list[Measure]:
    """Raises BenchError."""
    chance = random.Random(1)
    env = {"CAUSEWAY_STOCK__FLUSH_MINUTES": str(WINDOW_SECONDS / 60)}
    market = WalmartMarket(1)
    with scale_world(say, "stock_change", [market], {"all": "on", "products": "shadow", "prices": "shadow"}, env) as (
        world,
        follow,
    ):
        skus = [sku(number) for number in range(1, 2 * changes + 1)]
        market.list_items(skus)
        world.warehouse("products", {"count": len(skus), "prefix": "BENCH-", "stock": _ON_HAND})
        world.start_pipeline()
        follow.open()
        until(
            lambda: follow.listen() >= 0 and follow.count(SET_STOCK) >= len(skus),
            300,
            "the first numbers are told",
            world,
        )
        urgent = [_one(world, market, one, 2, chance.uniform(0, _POLL_SECONDS)) for one in skus[:changes]]
        say(f"stock_change: urgent {Series(tuple(urgent))} s, {load()}")
        later = [_one(world, market, one, _ON_HAND - 1, chance.uniform(0, WINDOW_SECONDS)) for one in skus[changes:]]
        say(
            f"stock_change: with a window of {WINDOW_SECONDS:.0f} s {Series(tuple(later))} s, {load()}; {market.refused()} answers 429"
        )
    return [
        Measure("stock_change_urgent", "s", LIMIT_SECONDS, Series(tuple(urgent))),
        Measure("stock_change", "s", LIMIT_SECONDS, Series(tuple(later))),
    ]


def _one(world: ScaleWorld, market: Market, name: str, number: int, pause: float) -> float:
    """Seconds from the count in Odoo to the number in force at Walmart."""
    time.sleep(pause)
    began = time.time()
    world.warehouse("stock", {"levels": {name: number}})

    def is_there() -> bool:
        time.sleep(0.1)
        return bool(found := market.writes_of(name)) and found[-1].amount == number

    until(is_there, LIMIT_SECONDS, f"{name} is {number} at Walmart", world)
    return market.writes_of(name)[-1].applied_at - began
