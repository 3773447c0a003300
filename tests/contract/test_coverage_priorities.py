"""RATE-1: every call of the Walmart connector stands in line as what it is: orders > stock > prices > products > reports.

What a priority does is proven in tests/unit/kit/test_rate.py; here, that each kind of work asks for its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.kit.rate import Priority
from connectors.walmart.catalogue import WalmartItems
from connectors.walmart.settlements import WalmartSettlements
from tests.contract.benches.walmart import acknowledgement
from tests.contract.test_walmart_connector import Patient
from tests.contract.test_walmart_listings_out import Clocks, upsert
from tests.contract.test_walmart_prices_out import price
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import World, stock
from tests.contract.walmart_seller import add

Asked = dict[str, set[Priority]]


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(20, 20), publish_seconds=(1, 1), rate_factor=1000) as found:
        yield found


async def test_orders_go_first(box: Box, asked: Asked) -> None:
    """RATE-1: reading new ones, acknowledging, shipping, cancelling."""
    (order,) = box.add(1)
    box.clock.now += 3
    async with World(box) as world:
        process = world.process()
        await process.sink.deliver([acknowledgement(order)])
    assert asked.pop("token") == {Priority.ORDERS}
    assert asked == {"get_order": {Priority.ORDERS}, "acknowledge": {Priority.ORDERS}}


async def test_stock_goes_before_prices_and_prices_before_products(box: Box, asked: Asked) -> None:
    """RATE-1: by feed and by single calls."""
    skus = [f"S-{number}" for number in range(30)]
    add(box, items=[{"sku": sku, "stock": 1} for sku in skus])
    async with World(box) as world:
        process = world.process(maker=Clocks())
        await process.deliver(*(stock(sku, 7, 1) for sku in skus))
        await process.deliver(stock("S-1", 0, 2, urgent=True))
        await process.settle()
        assert (asked["submit_inventory"], asked["set_inventory"]) == ({Priority.STOCK}, {Priority.STOCK})
        await process.deliver(*(price(sku, "9.50") for sku in skus))
        await process.deliver(price(skus[0], "9.00", 2))
        await process.settle()
        assert (asked["submit_price"], asked["set_price"]) == ({Priority.PRICES}, {Priority.PRICES})
        await process.deliver(upsert("NEW-1", 1))
    assert asked["submit_mp_item"] == {Priority.PRODUCTS}


async def test_reports_and_the_catalogue_come_last(box: Box, asked: Asked) -> None:
    """RATE-1."""
    patient = Patient(box)
    add(box, items=[{"sku": "S-1", "stock": 1}])
    for source in (
        WalmartItems("main", patient.client(), patient.now),
        WalmartSettlements("main", patient.client(), patient.now),
    ):
        async for page in source.pages(""):
            if page.last:
                break
        await source.aclose()
    assert asked["list_items"] == {Priority.REPORTS}
    assert asked["list_recon"] == {Priority.REPORTS}
