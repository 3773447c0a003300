"""TEST-2, endurance, for Amazon: see `tests.contract.test_coverage_endurance`. Days pass by the clock of the sandbox; what is kept is counted."""

from __future__ import annotations

import pytest

from connectors.amazon import taking
from connectors.kit import feeds
from connectors.kit.ports import Result
from tests.contract.amazon_out import World, goods_box, stock
from tests.contract.test_coverage_endurance import kept

SKUS = 8
FEEDS = 60
KEPT = 16  # what the sink remembers of an account, so that it has to forget here


async def test_a_sink_that_writes_for_many_days_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every quarter of an hour all numbers by feed, and an urgent one by a call; each is looked after until the listing shows it."""
    monkeypatch.setattr(taking, "_KEPT_ENDED", KEPT)
    monkeypatch.setattr(feeds, "_KEPT_FEEDS", KEPT)
    sizes: list[int] = []
    with goods_box() as box:
        async with World(box, stock_few=SKUS - 1) as world:
            skus = [f"S-{number}" for number in range(SKUS)]
            world.add(*skus, stock=0)
            process = world.process()
            for version in range(1, FEEDS + 1):
                process.outcomes.clear()
                batch = [stock(sku, 1 + version % 90, 2 * version) for sku in skus]
                await process.deliver(*batch)
                await process.settle()
                assert {process.last(one).result for one in batch} == {Result.APPLIED}
                await process.deliver(stock(skus[0], 100 + version % 9, 2 * version + 1, urgent=True))
                await process.settle()
                box.clock.now += 900
                if version in (FEEDS // 2, FEEDS):
                    sizes.append(kept(process.sink))
    assert sizes[0] > KEPT * SKUS, "the ruler sees the sink's memory"
    assert sizes[1] - sizes[0] < FEEDS // 2, sizes
