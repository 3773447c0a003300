"""INV-5 in a storm, for Amazon: see `tests.contract.storm`. Calls take effect up to 40 seconds after they were
accepted, feeds up to 130: urgent numbers overtake them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence

import pytest

from connectors.amazon.client import AmazonClient
from connectors.amazon.listing_draft import Draft
from connectors.amazon.listing_maker import Made
from connectors.kit.catalogue.first_price import FirstPricing
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Delivery
from connectors.kit.sandbox.catalog import ean13
from schemas.records import Product
from tests.contract.amazon_box import Box
from tests.contract.amazon_out import US, World, goods_box, price, stock
from tests.contract.storm import SKUS, Kind, Storm, storms
from tests.unit.kit.catalogue.samples import product

FAULTS = (
    {"kind": "lost", "rate": 0.12}, {"kind": "reset", "rate": 0.08}, {"kind": "status", "code": 500, "rate": 0.08},
    {"kind": "status", "code": 503, "rate": 0.05}, {"kind": "truncated", "rate": 0.05, "path": "/(feeds|listings)/"},
    {"kind": "feed_record_error", "rate": 0.03}, {"kind": "feed_fatal", "rate": 0.1},
)  # fmt: skip


def _price(sku: str, amount: int, version: int, urgent: bool) -> Delivery:
    return price(sku, f"{amount + 1}.00", version)


def _price_held(world: World, sku: str) -> str:
    return f"{float(world.item(sku)['history'][f'price:{US}:ALL'][-1]['value']):.2f}"


class Clocks:
    """Makes wall clocks of all products."""

    first = FirstPricing("amazon")

    async def make(
        self, client: AmazonClient, account: str, products: Sequence[Product], own: Collection[str] = ()
    ) -> list[Made | ConnectorError]:
        return [Made(_clock(one), ("https://pictures.example/1.jpg",)) for one in products]

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        return ()

    async def aclose(self) -> None: ...


def _clock(one: Product) -> Draft:
    texts = {"item_name": one["name"], "brand": "Causeway", "product_description": "A clock.", "bullet_point": "Runs."}
    values = {
        "condition_type": "new_new",
        "country_of_origin": "DE",
        "supplier_declared_dg_hz_regulation": "not_applicable",
    }
    return Draft("HOME", "LISTING", {"texts": texts, "attributes": values}, ("ean", one["barcode"]))


def _listing(sku: str, amount: int, version: int, urgent: bool) -> Delivery:
    key = f"listing:amazon:main:{sku}"
    barcode = ean13(f"202{SKUS.index(sku):09d}")
    body = product(sku=sku, key=f"sku:{sku}", name=f"Clock of {amount}", barcode=barcode, active=True)
    return Delivery(f"{key}/{version}", "upsert_listing", False, key, "odoo", "main", version, f"c{version}", "c", body)


KINDS = {
    "stock": Kind(
        lambda sku, amount, version, urgent: stock(sku, amount, version, urgent=urgent),
        lambda world, sku: str(world.history(sku)[-1]),
    ),
    "price": Kind(_price, _price_held),
    "listing": Kind(_listing, lambda world, sku: str(world.item(sku)["name"])),
}


@pytest.fixture
def box() -> Iterator[Box]:
    with goods_box(feed_seconds=(5, 90), listing_seconds=(1, 40)) as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box, stock_few=5, price_few=5, listings={"publish_ladder_seconds": (30, 60, 120)}) as found:
        yield found


def storm_of(world: World, kind: str, seed: int, processes: int) -> Storm:
    if kind != "listing":
        world.add(*SKUS, stock=999, price_cents=99_900)
    return Storm(world, lambda share: world.process(share, Clocks()), KINDS[kind], seed, processes)


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
