"""The first price of a new listing is the one that was decided for it, or the listing waits (PRC-1, PRC-2): Walmart and Amazon alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Result
from schemas.reasons import Reason
from tests.contract import amazon_out, test_amazon_listings_out, walmart_out
from tests.contract.amazon_box import Box as AmazonBox
from tests.contract.decided_prices import Decided
from tests.contract.out_world import OutWorld, Process
from tests.contract.test_walmart_prices_out import price as walmart_price
from tests.contract.walmart_box import Box as WalmartBox
from tests.contract.walmart_box import walmart_box
from tests.contract.walmart_seller import add
from tests.unit.kit.catalogue.samples import product

NUMBER = "4006381333931"
ATTRIBUTES = """product_type,block,attribute,from,convert,options,required,default,note
*,attributes,country_of_origin,fields.x_origin,text,limit=2,yes,DE,
*,attributes,supplier_declared_dg_hz_regulation,fields.x_goods,text,limit=40,yes,not_applicable,
"""


class Market:
    """One of both, with a sink that goes by `decided`."""

    def __init__(self, name: str, world: Any) -> None:
        self.name = name
        self.world: OutWorld = world
        self.decided = Decided()
        self.process: Process = world.process(first_prices=self.decided)

    def upsert(self, sku: str = "N-1", version: int = 1, **changed: Any) -> Delivery:
        image = {"url": "https://pictures.example/1.jpg", "model": "", "record_id": 0, "field": "", "checksum": "c"}
        plain = {
            "sku": sku, "key": f"sku:{sku}", "name": "A Good Clock", "category": "All / Home", "barcode": NUMBER, "brand": "Causeway",
            "description": "<p>It runs.</p>", "list_price": {"amount": "5.00", "currency": "USD"}, "images": [image],
            "attributes": {"Color": "Blue"}, "variant_group": "", "variant_attributes": [], "active": True, "fields": {},
        }  # fmt: skip
        key = f"listing:{self.name}:main:{sku}"
        body = product(**{**plain, **changed})
        return Delivery(
            f"{key}/{version}", "upsert_listing", False, key, "odoo", "main", version, f"c{version}", "c", body
        )

    def price(self, amount: str, version: int) -> Delivery:
        return (
            walmart_price("N-1", amount, version)
            if self.name == "walmart"
            else amazon_out.price("N-1", amount, version)
        )

    async def listed(self, one: Delivery) -> Result:
        await self.process.deliver(one)
        await self.process.settle()
        found = self.process.last(one)
        return found.result if found.result is not Result.FAILED else pytest.fail(found.detail)

    def asked(self, sku: str = "N-1") -> str:
        """What a buyer pays."""
        item: Any = self.world.item(sku)  # type: ignore[attr-defined] # both worlds have it
        if self.name == "walmart":
            return f"{item['price_cents'] / 100:.2f}"
        return str(item["prices"][0]["amount"])

    def is_there(self, sku: str = "N-1") -> bool:
        return sku in str(self.world.box.http.get("/sandbox/items").json())

    def is_priced(self, sku: str) -> None:
        """An item the marketplace has already, with a price of its own."""
        if self.name == "walmart":
            add(self.world.box, items=[{"sku": sku, "gtin": f"0{NUMBER}"}])  # type: ignore[arg-type] # the box of Walmart
        else:
            self.world.add(sku, name="As it was", stock=1)  # type: ignore[attr-defined]


@pytest.fixture
def boxes() -> Iterator[tuple[WalmartBox, AmazonBox]]:
    with (
        walmart_box(feed_seconds=(20, 20), publish_seconds=(100, 100), rate_factor=1000) as one,
        amazon_out.goods_box() as other,
    ):
        yield one, other


@pytest.fixture(params=["walmart", "amazon"])
async def market(
    request: pytest.FixtureRequest, boxes: tuple[WalmartBox, AmazonBox], tmp_path: Path
) -> AsyncIterator[Market]:
    (tmp_path / "amazon.csv").write_text(test_amazon_listings_out.CATEGORIES)
    (tmp_path / "walmart.csv").write_text("category,product_type,path\nAll / Home,Wall Clocks,Home\n")
    (tmp_path / "attributes.csv").write_text(ATTRIBUTES)
    shared = {
        "categories": (tmp_path / f"{request.param}.csv",),
        "publish_ladder_seconds": (30, 60, 120),
        "publish_hours": 1,
    }
    if request.param == "walmart":
        listings = {**shared, "cache_folder": str(tmp_path)}
        async with walmart_out.World(boxes[0], listings=listings) as world:
            yield Market("walmart", world)
    else:
        listings = {**shared, "attributes": (tmp_path / "attributes.csv",), "own_use_gtins": True}
        async with amazon_out.World(boxes[1], listings=listings) as found:
            yield Market("amazon", found)


async def test_a_new_listing_has_the_price_that_was_decided_for_it(market: Market) -> None:
    """PRC-1, PRC-2: Odoo's sales price of 5.00 lies below the floor."""
    market.decided.amounts = {"N-1": "12.90"}
    assert await market.listed(market.upsert()) is Result.APPLIED
    assert market.asked() == "12.90"


async def test_a_new_listing_waits_for_its_price_and_for_nothing_else(market: Market) -> None:
    """PRC-1: held by name, whichever comes first; its price waits for the listing, which is no circle, for what was decided is known before."""
    one, offered = market.upsert(), market.price("12.90", 1)
    (waits,) = await market.process.deliver(one)
    name = f"price:{market.name}:main:N-1"
    assert (waits.reason, waits.waiting_for) == (Reason.MAPPING, name)
    assert not market.is_there()
    (held,) = await market.process.deliver(offered)
    assert held.waiting_for == f"listing:{market.name}:main:N-1"
    assert await market.process.sink.resolve([name, held.waiting_for]) == []
    market.decided.amounts = {"N-1": "12.90"}
    assert await market.process.sink.resolve([name, held.waiting_for]) == [name]
    assert await market.listed(one) is Result.APPLIED
    assert await market.process.sink.resolve([held.waiting_for]) == [held.waiting_for]
    assert await market.listed(offered) in (Result.APPLIED, Result.ALREADY_APPLIED)
    assert market.asked() == "12.90"


async def test_what_is_wrong_with_a_product_is_told_before_its_price_is_waited_for(market: Market) -> None:
    """PRD-3: and in the same words whether there is a price or not, so that it stays one exception."""
    (first,) = await market.process.deliver(market.upsert(barcode=""))
    market.decided.amounts = {"N-1": "12.90"}
    (again,) = await market.process.deliver(market.upsert(version=1, barcode=""))
    assert (first.reason, first.waiting_for, "barcode" in first.detail) == (Reason.DATA, "", True)
    assert again.detail == first.detail


async def test_a_price_that_changes_after_the_listing_follows_by_itself(market: Market) -> None:
    market.decided.amounts = {"N-1": "12.90"}
    await market.listed(market.upsert())
    market.decided.amounts = {"N-1": "14.50"}
    assert await market.listed(market.upsert(version=2, name="A better clock")) is Result.APPLIED
    assert market.asked() == "12.90", "an update says nothing of prices"
    assert await market.listed(market.price("14.50", 2)) is Result.APPLIED
    assert market.asked() == "14.50"


async def test_what_is_there_is_updated_without_waiting_for_a_price(market: Market) -> None:
    """Also where Odoo's sales price is none that could be asked."""
    market.is_priced("OLD")
    before = market.asked("OLD")
    nothing = {"amount": "0.00", "currency": "USD"}
    assert await market.listed(market.upsert("OLD", name="Another name", list_price=nothing)) is Result.APPLIED
    assert market.asked("OLD") == before


async def test_a_sales_price_of_nothing_keeps_no_decided_price_out(market: Market) -> None:
    market.decided.amounts = {"N-1": "12.90"}
    assert await market.listed(market.upsert(list_price={"amount": "0.00", "currency": "EUR"})) is Result.APPLIED
    assert market.asked() == "12.90"


async def test_a_price_of_another_currency_is_told_and_not_asked(market: Market) -> None:
    market.decided.amounts, market.decided.currency = {"N-1": "12.90"}, "EUR"
    (refused,) = await market.process.deliver(market.upsert())
    assert (refused.reason, refused.waiting_for) == (Reason.DATA, "")
    assert "decided in EUR" in refused.detail
    assert not market.is_there()


async def test_while_prices_are_not_switched_on_tables_say_the_first_one(market: Market) -> None:
    """OPS-7: nobody else does; and what waited goes on by them when the flow is switched off."""
    market.decided.is_on = False
    assert await market.process.sink.resolve([f"price:{market.name}:main:N-1"]) == [f"price:{market.name}:main:N-1"]
    assert await market.listed(market.upsert()) is Result.APPLIED
    assert market.asked() == "5.00"
