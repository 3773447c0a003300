"""TEST-2, endurance: what runs for weeks keeps nothing of what is over. Hours pass here by the clocks of the sandboxes; what is kept is counted."""

from __future__ import annotations

import gc
from collections import deque
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, ModuleType

import pytest

from connectors.kit.ports import Result
from tests.contract.odoo_capture_box import Polled, capture_box, poll
from tests.contract.walmart_box import walmart_box
from tests.contract.walmart_out import World, stock
from tests.contract.walmart_seller import add

SKUS = 8
ROUNDS = 60
FEEDS = 100  # more than the sink remembers of an account
_PASSED_BY = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType, FrameType, str, bytes, int, float)


def kept(root: object) -> int:
    """How many entries the containers have that this object leads to, as far as they are ours: not a test's, a sandbox's or a library's."""
    seen: set[int] = set()
    count, left = 0, [root]
    while left:
        one = left.pop()
        if id(one) in seen or isinstance(one, _PASSED_BY) or not _is_ours(one):
            continue
        seen.add(id(one))
        if isinstance(one, dict | list | set | frozenset | tuple | deque):
            count += len(one)
        left += gc.get_referents(one)
    return count


def _is_ours(one: object) -> bool:
    module = type(one).__module__
    return module in ("builtins", "collections") or (module.startswith("connectors.") and ".sandbox" not in module)


def test_what_is_kept_is_counted() -> None:
    """The ruler itself: through objects and methods, and not beyond."""
    some = deque([{"a": [1, 2]}, {3}])
    assert kept(some) == 2 + 1 + 2 + 1
    assert kept(Polled(pages=[])) == 0


async def test_a_sink_that_writes_for_many_hours_does_not_grow() -> None:
    """TEST-2: every quarter of an hour all numbers by feed, and an urgent one by a call."""
    sizes: list[int] = []
    with walmart_box(feed_seconds=(20, 20), rate_factor=1000) as box:
        skus = [f"S-{number}" for number in range(SKUS)]
        add(box, items=[{"sku": sku, "stock": 0} for sku in skus])
        async with World(box, feeds={"ladder_seconds": (30,), "list_seconds": 0}, stock_few=SKUS - 1) as world:
            process = world.process()
            for version in range(1, FEEDS + 1):
                process.outcomes.clear()
                batch = [stock(sku, version % 90, 2 * version) for sku in skus]
                await process.deliver(*batch)
                await process.settle()
                assert {process.last(one).result for one in batch} == {Result.APPLIED}
                await process.deliver(stock(skus[0], 90 + version % 9, 2 * version + 1, urgent=True))
                box.clock.now += 900
                if version in (FEEDS - 30, FEEDS):
                    sizes.append(kept(process.sink))
        feeds = box.call("GET", "/v3/feeds").json()["totalResults"]
    assert feeds == FEEDS
    assert sizes[0] > 64 * SKUS, "the ruler sees the sink's memory"
    assert sizes[1] - sizes[0] < 30, sizes


@pytest.mark.parametrize("flow", ["stock", "sale_orders"])
async def test_a_poller_that_polls_for_many_hours_does_not_grow(flow: str) -> None:
    """TEST-2: a change in each poll, read once; seven minutes apart."""
    sizes: list[int] = []
    with capture_box() as box:
        product = box.product("DAY-1")
        order = box.order("PO-DAY", [("1", product, 1)], confirm=False)
        (line,) = [row["id"] for row in box.rows("sale.order.line", [["order_id", "=", order]], ["id"])]
        source, polled = box.source(flow), Polled()
        await poll(source, polled)
        for number in range(1, ROUNDS + 1):
            box.stock(**{"DAY-1": float(number)})
            box.call("sale.order.line", "write", [line], {"product_uom_qty": number + 1})
            assert await poll(source, polled) == 1
            box.clock.forward(420)
            if number % (ROUNDS // 3) == 0:
                sizes.append(kept(source))
        await source.aclose()
    assert sizes[0] > 10, "the ruler sees the source's memory"
    assert sizes[2] - sizes[1] < ROUNDS // 3, sizes
