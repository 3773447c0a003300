"""TEST-1: whole flows against the sandbox; every request that is sent and every answer that is given is as the published models say."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import connectors.amazon
from connectors.amazon.catalogue import AmazonCatalogue
from connectors.amazon.census import AmazonCensus
from connectors.amazon.fba_stock import AmazonFbaStock
from connectors.amazon.rates import DRAWS
from connectors.amazon.reports import reports_of
from connectors.amazon.returns import AmazonReturns
from connectors.amazon.settlement_source import AmazonSettlements
from connectors.amazon.subscriptions import ensure_subscription, unsubscribe
from connectors.amazon.verify import AmazonVerifier
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Source
from tests.conformance.amazon_models import MODELS
from tests.conformance.amazon_traffic import Traffic, watched
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, all_of, connected
from tests.contract.amazon_orders_out import ONE, ORDER, TWO, cancelled, order_box, shipped, some
from tests.contract.amazon_orders_out import World as Orders
from tests.contract.amazon_out import World as Goods
from tests.contract.amazon_out import goods_box, price, stock
from tests.contract.out_world import OutWorld
from tests.contract.test_amazon_fba import held_by
from tests.contract.test_amazon_listings_out import CATEGORIES, TABLE, upsert
from tests.contract.test_amazon_settlement_goldens import content_of
from tests.contract.test_amazon_settlement_source import paid_out
from tests.unit.amazon.test_census import Told

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the published models are not at {MODELS}"),
]
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
ODD = "A/B,C 1%&é"
# What each flow has to have called, or it proves nothing. Together: everything the connector calls.
ORDERS_OUT = {"searchOrders", "getOrder", "confirmShipment", "createFeedDocument", "createFeed", "getFeed", "getFeedDocument"}  # fmt: skip
LISTINGS_OUT = {
    "getListingsItem", "putListingsItem", "patchListingsItem", "deleteListingsItem", "searchListingsItems", "searchCatalogItems",
}  # fmt: skip
READS = {
    "searchOrders", "getOrder", "getInventorySummaries", "searchListingsItems", "getReports", "createReport", "getReport",
    "getReportDocument",
}  # fmt: skip
TOLD = {"getDestinations", "createDestination", "getSubscriptions", "createSubscription", "deleteSubscriptionById"}
VERIFIED = {"getMarketplaceParticipations", "getFeeds", "getSubscription"}
RESTRICTED = {"createRestrictedDataToken"}
# What a product type asks for is kept: whether a flow asks again depends on what was asked before.
REFERENCE = {"getDefinitionsProductType"}


@pytest.fixture
def traffic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Traffic]:
    with watched(monkeypatch) as found:
        yield found


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


async def carried_out(world: OutWorld, *batches: Any) -> None:
    process = world.process()  # type: ignore[attr-defined]
    for batch in batches:
        await process.deliver(*batch)
        await process.settle()
        assert all(process.last(one).ok for one in batch), [process.last(one).detail for one in batch]


async def test_what_is_done_to_orders(traffic: Traffic) -> None:
    """FUL-2, FUL-3, RET-2: parcels, a cancellation and a refund by their feeds."""
    with order_box() as box:
        async with Orders(box) as world:
            left = [[shipped(("T1", {ONE: 1}))], [cancelled({TWO: 1})], [some("5.00", tax="0.40")]]
            await carried_out(world, *left)
            amazon = Connected(box, world.settings)
            await all_of(amazon.orders().fetch([ORDER]))
            await all_of(amazon.orders().pages(""))
            await amazon.aclose()
    assert traffic.wrong() == []
    assert traffic.operations() >= ORDERS_OUT


async def test_what_is_done_to_listings(traffic: Traffic, tmp_path: Path) -> None:
    """INV-1, PRC-1, PRD-1: numbers and prices one by one and by feed, products with and without a page, previews, one taken away."""
    (tmp_path / "categories.csv").write_text(CATEGORIES)
    (tmp_path / "attributes.csv").write_text(TABLE)
    tables: dict[str, Any] = {
        "categories": (tmp_path / "categories.csv",),
        "attributes": (tmp_path / "attributes.csv",),
    }
    listings = {**tables, "publish_ladder_seconds": (30, 60), "publish_hours": 1, "own_use_gtins": True, "remove": True}
    with goods_box() as box:
        async with Goods(box, listings=listings, stock_few=2, price_few=2) as world:
            world.add(ODD, *(f"B-{number}" for number in range(5)), stock=1)
            many = [stock(f"B-{number}", 3, 1) for number in range(5)]
            prices = [price(f"B-{number}", "7.50", 1) for number in range(5)]
            sale = price(ODD, "19.90", 1, sale="9.90")
            alone = [[stock(ODD, 7, 1, urgent=True)], [sale], many, prices, [upsert()]]
            await carried_out(world, *alone, [upsert("B-1", version=2, active=False)])
            await world.process().sink.preview([upsert("N-2"), stock(ODD, 1, 9), price(ODD, "1.00", 9)])
    assert traffic.wrong() == []
    assert traffic.operations() >= {*LISTINGS_OUT, "createFeedDocument", "createFeed", "getFeed", "getFeedDocument"}


async def test_what_is_read(box: Box, amazon: Connected, traffic: Traffic) -> None:
    """ORD-1, REC-4, RET-1, PRD-2, FIN-1: every flow from its beginning, some years on, and by id."""
    (order_id, *_) = box.add(30, mix={"base": "heavy", "malformed": 0.0})
    box.control("/sandbox/items", catalog=True, stock=5)
    box.control("/sandbox/fba", catalog=True, fulfillable=3)
    paid_out(box, content_of("us"), "1001")
    box.clock.tick(7200)
    client, settings, now = amazon.client(), amazon.settings, amazon.now
    reports = reports_of(settings, client)
    sources: list[Source] = [
        amazon.orders(), AmazonCensus(settings, "main", client, now, Told({})), AmazonCatalogue(settings, "main", client, now),
        AmazonFbaStock(settings, "main", client, now, held_by("CWT-0001")), AmazonSettlements(settings, "main", reports, now),
        AmazonReturns(settings, "main", client, reports, now, amazon.sleep),
    ]  # fmt: skip
    for source in sources:
        await all_of(source.pages(""))
        await all_of(source.resync(now() - timedelta(days=2)))
    for source, wanted in zip(sources[:4], (order_id, order_id, "CWT-0001", "CWT-0001"), strict=True):
        await all_of(source.fetch([wanted]))
    await reports.aclose()
    assert traffic.wrong() == []
    assert traffic.operations() >= READS


async def test_what_is_told(box: Box, amazon: Connected, traffic: Traffic) -> None:
    """EVT-4"""
    client = amazon.client()
    for _ in range(2):
        found = await ensure_subscription(client, QUEUE)
    assert await unsubscribe(client, found.subscription_id)
    assert not await unsubscribe(client, found.subscription_id)
    assert traffic.wrong() == []
    assert traffic.operations() >= TOLD


async def test_what_is_verified_and_the_restricted_token(box: Box, amazon: Connected, traffic: Traffic) -> None:
    """AUTH-2, AUTH-5"""
    await AmazonVerifier(amazon.settings, amazon.client, amazon.now).verify()
    client = amazon.client()
    await client.ask_token(client.restricted("GET", "/orders/v0/orders", ["buyerInfo", "shippingAddress"]))
    assert traffic.wrong() == []
    assert traffic.operations() >= VERIFIED | RESTRICTED


async def test_what_is_refused(box: Box, amazon: Connected, traffic: Traffic) -> None:
    """ERR-3: refusals of every kind are the models' own."""
    client = amazon.client()
    calls = [("getOrder", "GET", "/orders/2026-01-01/orders/999-0000000-0000000"), ("searchOrders", "GET", "/orders/2026-01-01/orders"),
             ("getFeed", "GET", "/feeds/2021-06-30/feeds/404"), ("getReport", "GET", "/reports/2021-06-30/reports/404")]  # fmt: skip
    for code in (0, 403, 429, 500, 503):
        box.faults(*([{"kind": "status", "code": code, "path": "^/(orders|feeds|reports)/"}] if code else []))
        for operation, method, path in calls:
            with pytest.raises(ConnectorError):
                await client.call(operation, method, path)
    box.faults()
    assert traffic.statuses() >= {400, 403, 404, 429, 500, 503}
    # The list without a window is what is wrong there, so only answers are judged.
    assert [one for one in traffic.wrong() if "is missing" not in one] == []


def test_nothing_is_called_that_no_flow_here_calls() -> None:
    """A call that is added to the connector is added to a flow above."""
    folder = Path(connectors.amazon.__file__).parent
    code = "\n".join(path.read_text() for path in folder.glob("*.py") if path.name != "rates.py")
    called = {name for name in DRAWS if re.search(rf'"{name}"', code)} - {"createListingsFeed", "token"}
    assert called <= ORDERS_OUT | LISTINGS_OUT | READS | TOLD | VERIFIED | RESTRICTED | REFERENCE


async def test_what_is_wrong_is_noticed(box: Box, amazon: Connected, traffic: Traffic) -> None:
    client = amazon.client()
    with pytest.raises(ConnectorError):
        await client.call("createFeed", "POST", "/feeds/2021-06-30/feeds", body={"feedType": "X", "colour": "red"})
    with pytest.raises(ConnectorError):
        await client.call("getFeeds", "GET", "/feeds/2021-06-30/feeds", query={"pageSize": "1000"})
    found = " ".join(traffic.wrong())
    assert "'colour'" in found
    assert "1000 is greater" in found
