"""RATE-1, RATE-2, EVT-5: every call of the Amazon connector stands in line as what it is, and its quotas are told.

What a priority does is proven in tests/unit/kit/test_rate.py; here, that each kind of work asks for its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from connectors.amazon import CONNECTOR
from connectors.amazon.catalogue import AmazonCatalogue
from connectors.amazon.census import AmazonCensus
from connectors.amazon.client import budget_of
from connectors.amazon.rates import AmazonRates
from connectors.amazon.reports import reports_of
from connectors.amazon.returns import AmazonReturns
from connectors.amazon.settlement_source import AmazonSettlements
from connectors.amazon.verify import AmazonVerifier
from connectors.kit.ports import Source
from connectors.kit.rate import Priority
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, all_of, connected
from tests.contract.amazon_orders_out import ONE, TWO, cancelled, order_box, shipped, some
from tests.contract.amazon_orders_out import World as Orders
from tests.contract.amazon_out import World as Goods
from tests.contract.amazon_out import goods_box, price, stock
from tests.contract.test_amazon_listings_out import CATEGORIES, TABLE, upsert
from tests.unit.amazon.fake import settings_with
from tests.unit.amazon.test_census import Told

Asked = dict[str, set[Priority]]

FEED = ("createFeedDocument", "createFeed", "getFeed", "getFeedDocument")
TOKEN = "token"
REFERENCE = ("getDefinitionsProductType",)


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


async def done(world: Any, *batches: Any) -> None:
    process = world.process()
    for batch in batches:
        await process.deliver(*batch)
        await process.settle()
        assert all(process.last(one).ok for one in batch), [process.last(one).detail for one in batch]


async def test_what_is_done_to_orders_goes_first(asked: Asked) -> None:
    """RATE-1, EVT-5: shipping, cancelling and refunding wait behind nothing, by call and by feed."""
    with order_box() as box:
        async with Orders(box) as world:
            await done(world, [shipped(("T1", {ONE: 1}))], [cancelled({TWO: 1})], [some("5.00", tax="0.40")])
    assert {"confirmShipment", "getOrder", *FEED} <= set(asked)
    assert {one for found in asked.values() for one in found} == {Priority.ORDERS}


async def test_new_orders_go_first_and_the_census_last(box: Box, amazon: Connected, asked: Asked) -> None:
    """RATE-1: what is only to be proven waits for what is to be worked on."""
    box.add(2)
    box.clock.tick(4000)
    await all_of(amazon.orders().pages(""))
    assert asked["searchOrders"] == {Priority.ORDERS}
    asked.clear()
    census = AmazonCensus(amazon.settings, "main", amazon.client(), amazon.now, Told({}))
    assert [item for page in await all_of(census.pages("")) for item in page.items]
    assert (asked["searchOrders"], asked["getOrder"]) == ({Priority.REPORTS}, {Priority.REPORTS})


async def test_stock_goes_before_prices_and_prices_before_products(asked: Asked, tmp_path: Path) -> None:
    """RATE-1: one by one and by feed, the looks afterwards as well."""
    (tmp_path / "categories.csv").write_text(CATEGORIES)
    (tmp_path / "attributes.csv").write_text(TABLE)
    tables: dict[str, Any] = {
        "categories": (tmp_path / "categories.csv",),
        "attributes": (tmp_path / "attributes.csv",),
    }
    listings = {**tables, "publish_ladder_seconds": (30, 60), "publish_hours": 1, "own_use_gtins": True}
    many = [f"B-{number}" for number in range(5)]
    # Numbers that are not urgent are looked up and written as prices are, never behind them; their feed goes before that of prices.
    kinds: list[tuple[list[Any], set[Priority]]] = [
        ([stock("S-1", 7, 1, urgent=True)], {Priority.STOCK}),
        ([stock("S-1", 9, 2)], {Priority.PRICES}),
        ([price("S-1", "19.90", 1)], {Priority.PRICES}),
        ([upsert()], {Priority.PRODUCTS}),
    ]
    with goods_box() as box:
        async with Goods(box, listings=listings, stock_few=2, price_few=2) as world:
            world.add("S-1", *many, stock=1)
            for batch, priorities in kinds:
                asked.clear()
                await done(world, batch)
                for name in (TOKEN, *REFERENCE):
                    asked.pop(name, None)
                assert {one for found in asked.values() for one in found} == priorities, dict(asked)
            for batch, priority in (
                ([stock(sku, 3, 1) for sku in many], Priority.STOCK),
                ([price(sku, "7.50", 1) for sku in many], Priority.PRICES),
            ):
                asked.clear()
                await done(world, batch)
                assert asked["createListingsFeed"] == asked["createFeedDocument"] == {priority}
                assert asked["getFeedDocument"] == {Priority.STOCK}
                assert max(one for found in asked.values() for one in found) <= Priority.PRICES, dict(asked)


async def test_reports_and_what_is_only_looked_at_come_last(box: Box, amazon: Connected, asked: Asked) -> None:
    """RATE-1."""
    box.control("/sandbox/items", items=[{"sku": "S-1"}])
    box.clock.tick(600)
    client, settings, now = amazon.client(), amazon.settings, amazon.now
    reports = reports_of(settings, client)
    sources: list[Source] = [
        AmazonReturns(settings, "main", client, reports, now, amazon.sleep),
        AmazonSettlements(settings, "main", reports, now), AmazonCatalogue(settings, "main", client, now),
    ]  # fmt: skip
    for source in sources:
        await all_of(source.pages(""))
    await reports.aclose()
    await AmazonVerifier(settings, amazon.client, now).verify()
    del asked[TOKEN]
    assert {"createReport", "getReports", "searchListingsItems", "getMarketplaceParticipations"} <= set(asked)
    assert {one for found in asked.values() for one in found} <= {Priority.REPORTS, Priority.PRODUCTS}


def test_each_quota_of_a_seller_is_told_in_metrics() -> None:
    """RATE-2: how many calls there are, how many are left, which part is used, how long what waits will take."""
    settings = settings_with(accounts={"quota": account_of(US_SELLER, seller_id="A1QUOTASELLER")}, rates=AmazonRates())
    budget = budget_of(settings, "quota")

    def told(name: str, quota: str) -> float | None:
        return REGISTRY.get_sample_value(
            f"causeway_quota_{name}", {"system": "amazon", "account": "quota", "quota": quota}
        )

    names = [metric.name for metric in REGISTRY.collect() if metric.name.startswith("causeway_quota_")]
    assert {"causeway_quota_size_calls", "causeway_quota_left_calls"} <= set(names), names
    quotas = settings.rates.plan().quotas
    assert {told("size_calls", name) == quota.depth for name, quota in quotas.items()} == {True}
    before = told("left_calls", "searchOrders")
    budget.emptied("searchOrders")
    after = told("left_calls", "searchOrders")
    assert before is not None
    assert after is not None
    assert before > 10 > 0 >= after
    untouched = told("left_calls", "getOrder")
    assert untouched is not None
    assert untouched > 20


def test_how_often_each_flow_is_asked_for() -> None:
    """ORD-1: orders every 15 to 30 minutes; REC-4: a census a day; changes that are told within seconds, where there is a queue."""
    minutes = {name: often.total_seconds() / 60 for name, often in CONNECTOR.flows.items()}
    assert 15 <= minutes["orders"] <= 30
    assert minutes["census"] == 24 * 60
    assert minutes["notifications"] <= 1
    # One list call a poll: what the quota of a day allows, with as much again for pages and resyncs.
    assert 24 * 60 / minutes["orders"] < 24 * 3600 * 0.0056 / 2
    flows = CONNECTOR.flows_for
    assert flows is not None
    assert "notifications" not in flows(settings_with())
