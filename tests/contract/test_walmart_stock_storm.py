"""INV-5 in a storm, for Walmart: see `tests.contract.storm`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.kit.ports import Delivery
from tests.contract.storm import SKUS, Kind, Storm, storms
from tests.contract.test_walmart_listings_out import Clocks, upsert
from tests.contract.test_walmart_prices_out import price
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import World, stock

FAULTS = (
    {"kind": "lost", "rate": 0.12}, {"kind": "reset", "rate": 0.08}, {"kind": "status", "code": 500, "rate": 0.08},
    {"kind": "status", "code": 503, "rate": 0.05}, {"kind": "truncated", "rate": 0.05, "path": "/v3/(feeds|inventory)"},
    {"kind": "feed_item_system_error", "rate": 0.03}, {"kind": "feed_error", "rate": 0.1},
)  # fmt: skip


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


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(5, 90), publish_seconds=(10, 10), rate_factor=10_000) as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box, listings={"publish_ladder_seconds": (30, 60, 120)}) as found:
        yield found


def storm_of(world: World, kind: str, seed: int, processes: int) -> Storm:
    if kind != "listing":
        world.box.http.post("/sandbox/items", json={"count": len(SKUS), "prefix": "T"}).raise_for_status()
    return Storm(world, lambda share: world.process(share, Clocks()), KINDS[kind], seed, processes)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("kind", "seed"), storms(*KINDS))
async def test_in_the_end_walmart_holds_the_newest(world: World, kind: str, seed: int, processes: int) -> None:
    storm = storm_of(world, kind, seed, processes)
    await storm.blow(FAULTS, seed, after=600)
    storm.check()


@pytest.mark.parametrize("processes", [1, 2])
async def test_when_all_is_calm_every_number_is_written_once(world: World, processes: int) -> None:
    """What keeps the order costs no second write."""
    written = await storm_of(world, "stock", 1, processes).calm_rounds(4)
    assert {sku: world.history(sku) for sku in SKUS} == written
