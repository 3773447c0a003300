"""Stock in Amazon's warehouses over the sandbox: what is read is what is there, page by page, change by change (ORD-10)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from connectors.amazon.fba_stock import AmazonFbaStock, Known, to_fulfilment_stock
from connectors.kit.ports import Page
from schemas.records import FulfilmentStock
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, all_of, connected
from tests.unit.failure.samples import codec

US = US_SELLER.marketplaces[0]


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


def held_by(*skus: str) -> Known:
    """What the pipeline holds as there: these, and another account's."""

    async def known(entity: str) -> frozenset[str]:
        assert entity == "fulfilment_stock"
        return frozenset({"amazon:uk:fba:OTHER", *(f"amazon:main:fba:{sku}" for sku in skus)})

    return known


def source(amazon: Connected, *held: str) -> AmazonFbaStock:
    return AmazonFbaStock(amazon.settings, "main", amazon.client(), amazon.now, held_by(*held))


def add(box: Box, count: int) -> None:
    items = [
        {"sku": f"S-{number:03}", "fulfillable": number, "inbound_shipped": 5, "defective": 1}
        for number in range(count)
    ]
    box.control("/sandbox/fba", items=items)


def bodies(pages: list[Page]) -> dict[str, FulfilmentStock]:
    """As they are read back, by SKU."""
    found = {}
    for item in (item for page in pages for item in page.items):
        (record,) = to_fulfilment_stock(item.payload, "main")
        assert (record.key, record.entity, record.version) == (item.key, "fulfilment_stock", 0)
        body: FulfilmentStock = codec().decode(record.entity, codec().encode(record.entity, record.body))
        found[body["sku"]] = body
    return found


def sellable(pages: list[Page]) -> dict[str, str]:
    return {sku: body["sellable"] for sku, body in bodies(pages).items()}


async def test_all_stock_is_read_and_afterwards_what_changed(box: Box, amazon: Connected) -> None:
    """ORD-10: more than a page of it; units that are on their way are not sold."""
    add(box, 120)
    box.clock.tick(3600)
    pages = await all_of(source(amazon).pages(""))
    assert len(pages) == 3
    assert sellable(pages) == {f"S-{number:03}": str(number) for number in range(120)}
    box.clock.tick(7200)
    box.control("/sandbox/fba/S-007/change", fulfillable=70)
    box.control("/sandbox/fba/S-008/change", inbound_working=9)
    changed = await all_of(source(amazon).pages(pages[-1].position))
    assert sellable(changed) == {"S-007": "70"}
    box.clock.tick(24 * 3600)
    full = await all_of(source(amazon).pages(changed[-1].position))
    assert len(sellable(full)) == 120
    inbound = {
        item.key[-5:]: to_fulfilment_stock(item.payload, "main")[0].body["inbound"]
        for page in full
        for item in page.items
    }
    assert inbound["S-008"] == "14"


async def test_what_amazon_names_no_more_is_told_as_gone_once_a_day(box: Box, amazon: Connected) -> None:
    """ORD-10: its last number would stand for ever; what is only held under another account, or is still there, is left alone."""
    add(box, 60)
    box.clock.tick(3600)
    held = [*(f"S-{number:03}" for number in range(60)), "AWAY", "A,WAY"]
    first = await all_of(source(amazon, *held).pages(""))
    assert first[-1].last
    gone = {key: body for key, body in bodies(first).items() if not body["active"]}
    assert set(gone) == {"AWAY", "A,WAY"}
    assert {(body["sellable"], body["reserved"], body["inbound"], body["version"]) for body in gone.values()} == {
        ("0", "0", "0", 0)
    }
    box.clock.tick(3600)
    assert bodies(await all_of(source(amazon, *held).pages(first[-1].position))) == {}
    box.control("/sandbox/fba", items=[{"sku": "AWAY", "fulfillable": 4}])
    box.clock.tick(24 * 3600)
    again = bodies(await all_of(source(amazon, "A,WAY").pages(first[-1].position)))
    assert (again["AWAY"]["active"], again["AWAY"]["sellable"], again["A,WAY"]["active"]) == (True, "4", False)


async def test_a_pause_between_two_pages_costs_a_new_beginning_and_nothing_else(box: Box, amazon: Connected) -> None:
    """amazon.md 10: the token is dead after 30 seconds."""
    add(box, 120)
    found: list[Page] = []
    async for page in source(amazon).pages(""):
        found.append(page)
        if len(found) == 1:
            box.clock.tick(31)
    assert len(sellable(found)) == 120
    assert found[-1].last


async def test_a_kill_between_two_pages_reads_them_again(box: Box, amazon: Connected) -> None:
    add(box, 120)
    first = await anext(source(amazon).pages(""))
    pages = await all_of(source(amazon).pages(first.position))
    assert len(sellable(pages)) == 120


async def test_skus_are_fetched_by_their_names(box: Box, amazon: Connected) -> None:
    """REC-3: also one with a comma or a space in it."""
    box.control(
        "/sandbox/fba",
        items=[{"sku": "A,B", "fulfillable": 1}, {"sku": "C D/Ä", "fulfillable": 2}, {"sku": "E", "fulfillable": 3}],
    )
    pages = await all_of(source(amazon).fetch(["A,B", "C D/Ä", "none"]))
    assert sellable(pages) == {"A,B": "1", "C D/Ä": "2"}
    assert [problem.key for page in pages for problem in page.problems] == ["amazon:main:fba:none"]


async def test_orders_move_the_stock_of_whoever_ships_them(box: Box, amazon: Connected) -> None:
    """ORD-10: an order the seller ships leaves Amazon's units alone, one that Amazon ships takes them."""
    box.control("/sandbox/items", catalog=True, fba=500)
    box.clock.tick(3600)
    before = await all_of(source(amazon).pages(""))
    assert set(sellable(before).values()) == {"500"}
    box.add(6, mix={"base": "plain", "fba": 0.0})
    box.clock.tick(600)
    own = await all_of(source(amazon).pages(before[-1].position))
    assert set(sellable(own).values()) <= {"500"}
    orders = [box.order(one, US_SELLER) for one in box.add(6, seed=2, mix={"base": "plain", "fba": 1.0})]
    box.clock.tick(600)
    sold = sellable(await all_of(source(amazon).pages(own[-1].position)))
    taken = 0
    for order in orders:
        for item in order["orderItems"]:
            assert sold[item["product"]["sellerSku"]] != "500"
            taken += item["quantityOrdered"]
    assert sum(500 - int(number) for number in sold.values()) == taken
