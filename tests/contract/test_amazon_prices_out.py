"""Prices to Amazon: offers in every marketplace, sales with their dates, and what counts as written (PRC-1, PRC-2, INV-5)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.amazon.sandbox.settings import EU_SELLER
from connectors.kit.ports import Result
from schemas.reasons import Reason
from tests.contract.amazon_box import Box
from tests.contract.amazon_connected import account_of
from tests.contract.amazon_out import US, World, goods_box, price

DE, FR = "A1PA6795UKMFR9", "A13V1IB3VIYZZH"
MANY = [f"B-{number}" for number in range(50)]


@pytest.fixture
def box() -> Iterator[Box]:
    with goods_box() as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box) as found:
        found.add("S-1", "S-2", stock=5, price_cents=1500)
        yield found


def in_force(world: World, sku: str = "S-1") -> list[tuple[str, str]]:
    return [(one["marketplace"], one["amount"]) for one in world.item(sku)["prices"]]


async def put(world: World, *batch: Any) -> list[Any]:
    process = world.process()
    await process.deliver(*batch)
    await process.settle()
    return [process.last(one) for one in batch]


async def test_a_price_is_written_with_every_digit_and_leaves_the_rest(world: World) -> None:
    """PRC-1"""
    before = world.item("S-1")["attributes"]
    (found,) = await put(world, price("S-1", "19.90", 1))
    assert (found.result, found.remote_id) == (Result.APPLIED, "19.90 USD")
    assert in_force(world) == [(US, "19.90")]
    after = world.item("S-1")["attributes"]
    assert after.pop("purchasable_offer")[0]["our_price"] == [{"schedule": [{"value_with_tax": 19.9}]}]
    assert {name: one for name, one in before.items() if name != "purchasable_offer"} == after


async def test_many_prices_go_in_one_feed(world: World) -> None:
    world.add(*MANY, price_cents=1000)
    found = await put(world, *(price(sku, "12.34", 1) for sku in MANY))
    assert {one.result for one in found} == {Result.APPLIED}
    vias = {one["via"] for sku in MANY for one in world.item(sku)["history"][f"price:{US}:ALL"]}
    assert vias == {"control", "feed"}
    assert {in_force(world, sku)[0][1] for sku in MANY} == {"12.34"}


async def test_a_sale_begins_and_ends_there_and_one_that_is_taken_back_ends_at_once(world: World, box: Box) -> None:
    """PRC-1: sale prices with dates."""
    starts, ends = world.now() + timedelta(hours=1), world.now() + timedelta(days=2)
    process = world.process()
    sale = price("S-1", "20.00", 1, sale="14.99", starts=starts, ends=ends)
    await process.deliver(sale)
    await process.settle()
    assert process.last(sale).result is Result.APPLIED
    assert not process.waiting, "nobody comes back for its dates"
    assert in_force(world) == [(US, "20.00")]
    box.clock.tick(3700)
    assert in_force(world) == [(US, "14.99")]
    plain = price("S-1", "20.00", 2)
    await process.deliver(plain)
    await process.settle()
    assert process.last(plain).result is Result.APPLIED
    assert in_force(world) == [(US, "20.00")]


async def test_one_price_goes_to_every_marketplace_of_the_account(box: Box) -> None:
    """PRC-2: DE and FR of one seller are one account, for they have one currency."""
    with goods_box(sellers=(EU_SELLER,)) as europe:
        there = [place for place in EU_SELLER.marketplaces if place in (DE, FR)]
        accounts = {"main": account_of(EU_SELLER, marketplaces=there)}
        async with World(europe, accounts=accounts) as world:
            world.add("S-1", stock=5, marketplaces=there, price_cents=1500)
            world.add("S-2", stock=5, marketplaces=there[:1], price_cents=1500)
            found = await put(world, price("S-1", "19.90", 1, currency="EUR"), price("S-2", "9.90", 1, currency="EUR"))
            assert {one.result for one in found} == {Result.APPLIED}
            assert in_force(world) == [(place, "19.90") for place in there]
            assert in_force(world, "S-2") == [(there[0], "9.90")], "where it is listed"


async def test_another_currency_is_refused_before_anything_is_sent(world: World) -> None:
    (found,) = await world.process().deliver(price("S-1", "19.90", 1, currency="EUR"))
    assert (found.reason, found.result) == (Reason.DATA, Result.FAILED)
    assert in_force(world) == [(US, "15.00")]


async def test_a_sku_amazon_does_not_have_waits_for_its_listing(world: World) -> None:
    """INV-4"""
    (found,) = await world.process().deliver(price("X-1", "19.90", 1))
    assert (found.reason, found.waiting_for) == (Reason.MAPPING, "listing:amazon:main:X-1")
    assert await world.process().sink.resolve(["listing:amazon:main:X-1", "listing:amazon:main:S-1"]) == [
        "listing:amazon:main:S-1"
    ]


async def test_what_amazon_finds_wrong_with_it_later_is_told(world: World, box: Box) -> None:
    """ACCEPTED within 200 is no success either: the listing has an error on its offer and never shows the price."""
    process, one = world.process(), price("S-1", "19.90", 1)
    await process.deliver(one)
    kind = {"kind": "issue", "code": "18155", "message": "Pricing error", "severity": "ERROR"}
    world.box.control("/sandbox/items/S-1/change", **kind, attributes=["purchasable_offer"])
    for _ in range(8):
        if not process.waiting:
            break
        box.clock.tick(10)
        world.box.control("/sandbox/items/S-1/change", kind="price", amount="15.00", marketplace="US")
        await process.come_back()
    found = process.last(one)
    assert (found.result, found.reason) == (Result.FAILED, Reason.DATA)
    assert "18155" in found.detail


async def test_the_older_of_two_prices_never_stays(world: World) -> None:
    """INV-5"""
    process = world.process()
    old, new = price("S-1", "19.90", 1), price("S-1", "17.90", 2)
    await process.deliver(old)
    await process.deliver(new)
    await process.settle()
    assert (process.last(old).result, process.last(new).result) == (Result.APPLIED, Result.APPLIED)
    assert [Decimal(one["value"]) for one in world.item("S-1")["history"][f"price:{US}:ALL"]][-2:] == [
        Decimal("19.90"),
        Decimal("17.90"),
    ]


async def test_what_would_be_written_is_told_without_writing(world: World) -> None:
    """OPS-7"""
    found = await world.process().sink.preview([price("S-1", "19.90", 1), price("S-2", "15.00", 1)])
    assert [[(one.field, one.now, one.would_be) for one in each] for each in found] == [
        [("price", "15.0 USD", "19.90 USD")],
        [],
    ]
    assert in_force(world) == [(US, "15.00")]
