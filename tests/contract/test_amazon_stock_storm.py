"""INV-5 in a storm, for Amazon: see `tests.contract.storm`. Calls take effect up to 40 seconds after they were
accepted, feeds up to 130: urgent numbers overtake them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.kit.ports import Delivery
from tests.contract.amazon_box import Box
from tests.contract.amazon_out import US, World, goods_box, price, stock
from tests.contract.storm import SKUS, Kind, Storm, storms

FAULTS = (
    {"kind": "lost", "rate": 0.12}, {"kind": "reset", "rate": 0.08}, {"kind": "status", "code": 500, "rate": 0.08},
    {"kind": "status", "code": 503, "rate": 0.05}, {"kind": "truncated", "rate": 0.05, "path": "/(feeds|listings)/"},
    {"kind": "feed_record_error", "rate": 0.03}, {"kind": "feed_fatal", "rate": 0.1},
)  # fmt: skip


def _price(sku: str, amount: int, version: int, urgent: bool) -> Delivery:
    return price(sku, f"{amount + 1}.00", version)


def _price_held(world: World, sku: str) -> str:
    return f"{float(world.item(sku)['history'][f'price:{US}:ALL'][-1]['value']):.2f}"


KINDS = {
    "stock": Kind(
        lambda sku, amount, version, urgent: stock(sku, amount, version, urgent=urgent),
        lambda world, sku: str(world.history(sku)[-1]),
    ),
    "price": Kind(_price, _price_held),
}


@pytest.fixture
def box() -> Iterator[Box]:
    with goods_box(feed_seconds=(5, 90), listing_seconds=(1, 40)) as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box, stock_few=5, price_few=5) as found:
        yield found


def storm_of(world: World, kind: str, seed: int, processes: int) -> Storm:
    world.add(*SKUS, stock=999, price_cents=99_900)
    return Storm(world, world.process, KINDS[kind], seed, processes)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("kind", "seed"), storms(*KINDS))
async def test_in_the_end_amazon_holds_the_newest(world: World, kind: str, seed: int, processes: int) -> None:
    storm = storm_of(world, kind, seed, processes)
    await storm.blow(FAULTS, seed, after=1200)
    storm.check()


@pytest.mark.parametrize("processes", [1, 2])
async def test_when_all_is_calm_every_number_is_written_once(world: World, processes: int) -> None:
    """What keeps the order costs no second write."""
    written = await storm_of(world, "stock", 1, processes).calm_rounds(4)
    assert {sku: world.history(sku) for sku in SKUS} == written
