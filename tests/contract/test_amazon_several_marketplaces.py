"""Products in several marketplaces of one account: attributes, statuses and issues for each, one outcome (PRD-1, PRD-3, PRD-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.settings import EU_SELLER
from connectors.kit.ports import Delivery, Outcome, Result
from schemas.reasons import Reason
from tests.contract.amazon_connected import account_of
from tests.contract.amazon_out import World, goods_box, price
from tests.contract.out_world import Process
from tests.unit.kit.catalogue.samples import product

DE, FR, IT, ES = (BY_COUNTRY[country].id for country in ("DE", "FR", "IT", "ES"))
EUROS = (DE, FR, IT, ES)
SELLER = replace(EU_SELLER, marketplaces=EUROS)
TABLE = """product_type,block,attribute,from,convert,options,required,default,note
*,attributes,country_of_origin,fields.x_origin,text,limit=2,yes,DE,
*,attributes,supplier_declared_dg_hz_regulation,fields.x_goods,text,limit=40,yes,not_applicable,
"""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "categories.csv").write_text("category,product_type,path\nAll / Home,HOME,Home\n")
    (tmp_path / "attributes.csv").write_text(TABLE)
    listings = {
        "categories": (tmp_path / "categories.csv",), "attributes": (tmp_path / "attributes.csv",),
        "publish_ladder_seconds": (30, 60, 120), "publish_hours": 1, "own_use_gtins": True,
    }  # fmt: skip
    with goods_box(sellers=(SELLER,)) as box:
        accounts = {"main": account_of(SELLER, marketplaces=EUROS)}
        async with World(box, listings=listings, accounts=accounts) as found:
            yield found


def upsert(version: int = 1, sku: str = "N-1", **changed: Any) -> Delivery:
    plain = {
        "sku": sku, "key": f"sku:{sku}", "name": "A Good Lamp", "category": "All / Home / Lamps", "barcode": "4006381333931",
        "brand": "Causeway", "description": "<p>It shines.</p>", "list_price": {"amount": "19.90", "currency": "EUR"},
        "images": [{"url": "https://pictures.example/1.jpg", "model": "", "record_id": 0, "field": "", "checksum": "c"}],
        "attributes": {}, "variant_group": "", "variant_attributes": [], "active": True, "fields": {},
    }  # fmt: skip
    key = f"listing:amazon:main:{sku}"
    body = product(**{**plain, **changed})
    return Delivery(f"{key}/{version}", "upsert_listing", False, key, "odoo", "main", version, f"c{version}", "c", body)


async def settled(process: Process, one: Delivery) -> Outcome:
    await process.deliver(one)
    await process.settle()
    return process.last(one)


def said(world: World, name: str, part: str = "value") -> dict[str, Any]:
    """What the listing says in each marketplace."""
    return {one["marketplace_id"]: one[part] for one in world.item("N-1")["attributes"][name]}


def patches(world: World) -> int:
    return sum(one["method"] == "PATCH" for one in world.box.state(SELLER)["calls"]["latest"])


async def test_a_new_product_is_listed_in_each_marketplace_in_its_language(world: World) -> None:
    """PRD-1"""
    found = await settled(world.process(), upsert())
    assert found.result is Result.APPLIED
    assert said(world, "item_name", "language_tag") == {DE: "de_DE", FR: "fr_FR", IT: "it_IT", ES: "es_ES"}
    assert said(world, "purchasable_offer", "currency") == dict.fromkeys(EUROS, "EUR")
    assert set(world.item("N-1")["marketplaces"]) == set(EUROS)


async def test_an_update_says_it_in_all_of_them_by_one_call(world: World) -> None:
    """PRD-1: one marketplace's values take none of another's away; what tables do not speak of stays in each."""
    process = world.process()
    await settled(process, upsert())
    await settled(process, price("N-1", "25.00", 1, currency="EUR"))
    before = patches(world)
    found = await settled(process, upsert(2, name="A Better Lamp"))
    assert (found.result, patches(world) - before) == (Result.APPLIED, 1)
    assert said(world, "item_name") == dict.fromkeys(EUROS, "A Better Lamp")
    assert said(world, "item_name", "language_tag") == {DE: "de_DE", FR: "fr_FR", IT: "it_IT", ES: "es_ES"}
    assert said(world, "country_of_origin") == dict.fromkeys(EUROS, "DE")
    assert {one["amount"] for one in world.item("N-1")["prices"]} == {"25.00"}
    assert len(world.item("N-1")["prices"]) == len(EUROS)


async def test_where_it_is_missing_it_is_added(world: World) -> None:
    """A marketplace that was added to the account later; the others are brought up to date."""
    accounts = {"main": account_of(SELLER, marketplaces=EUROS[:2])}
    async with World(world.box, listings=world.settings.listings, accounts=accounts) as fewer:
        assert (await settled(fewer.process(), upsert())).result is Result.APPLIED
    assert set(said(world, "item_name")) == {DE, FR}
    assert (await settled(world.process(), upsert(2, name="A Better Lamp"))).result is Result.APPLIED
    assert said(world, "item_name") == dict.fromkeys(EUROS, "A Better Lamp")


async def test_what_one_marketplace_does_not_take_keeps_none_of_the_others(world: World) -> None:
    """PRD-3: one outcome, which says where and why."""
    process = world.process()
    await settled(process, upsert())
    world.box.control("/sandbox/items/N-1/change", kind="clear")
    world.box.faults({"kind": "listing_invalid", "path": "/listings/", "method": "PATCH", "skip": 0, "limit": 1})
    assert (await settled(process, upsert(2, name="A Better Lamp"))).result is Result.APPLIED, (
        "refused for all, taken by each"
    )
    assert said(world, "item_name") == dict.fromkeys(EUROS, "A Better Lamp")
    world.box.faults(
        {"kind": "listing_invalid", "path": "/listings/", "method": "PATCH", "limit": 1},
        {"kind": "listing_invalid", "path": "/listings/", "method": "PATCH", "skip": 1, "limit": 1},
    )
    one = upsert(3, name="The Best Lamp")
    found = await settled(process, one)
    assert (found.result, found.reason) == (Result.FAILED, Reason.DATA)
    assert found.detail.startswith("FR: ")
    assert "INVALID" in found.detail
    (event,) = found.events
    assert (event.body["status"], [problem["detail"][:4] for problem in event.body["problems"]]) == (
        "processing",
        ["FR: "],
    )
    world.box.clock.tick(60)
    texts = dict.fromkeys(EUROS, "The Best Lamp") | {FR: "A Better Lamp"}
    assert said(world, "item_name") == texts


async def test_a_new_listing_that_one_marketplace_refuses_is_made_in_the_others(world: World) -> None:
    """PRD-3"""
    world.box.faults({"kind": "listing_invalid", "path": "/listings/", "method": "PUT", "skip": 2, "limit": 1})
    found = await settled(world.process(), upsert())
    assert (found.result, found.reason, found.detail[:4]) == (Result.FAILED, Reason.DATA, "IT: ")
    world.box.clock.tick(60)
    assert set(said(world, "item_name")) == {DE, FR, ES}


async def test_what_all_refuse_is_told_once(world: World) -> None:
    world.box.faults({"kind": "listing_invalid", "path": "/listings/", "method": "PUT"})
    one = upsert()
    found = await settled(world.process(), one)
    assert (found.result, found.detail.count("INVALID"), found.detail[:16]) == (Result.FAILED, 1, "DE, FR, IT, ES: ")
    assert [event.body["status"] for event in found.events] == ["failed"]


async def test_it_is_published_where_it_is_so_in_each(world: World) -> None:
    """PRD-4: taken off sale in one marketplace, it is an exception that says where."""
    process = world.process()
    await settled(process, upsert())
    change = {"kind": "suppress", "marketplaces": ["IT"], "message": "Not in Italy", "account": SELLER.seller_id}
    world.box.control("/sandbox/items/N-1/change", kind="stock", quantity=5)
    world.box.control("/sandbox/items/N-1/change", **change)
    one = upsert(2, name="A Better Lamp")
    found = await settled(process, one)
    assert (found.result, found.reason) == (Result.FAILED, Reason.RULE)
    assert "IT DISCOVERABLE" in found.detail
    assert "DE BUYABLE,DISCOVERABLE" in found.detail
    assert "IT: Not in Italy" in found.detail
    assert found.events[0].body["status"] == "unpublished"


async def test_it_is_not_published_before_all_show_it(world: World) -> None:
    """PRD-4: Italy never does."""
    process, one = world.process(), upsert()
    await process.deliver(one)
    world.box.clock.tick(60)
    world.box.http.get("/sandbox/state")
    world.box.call(
        "DELETE", f"/listings/2021-08-01/items/{SELLER.seller_id}/N-1", SELLER, params={"marketplaceIds": IT}
    )
    world.box.clock.tick(60)
    await process.settle(200)
    found = process.last(one)
    assert (found.result, "has not published it within 1 hours" in found.detail) == (Result.FAILED, True)
    assert found.events[0].body["source_status"].endswith("IT none")


async def test_a_parent_is_listed_where_it_is_missing(world: World) -> None:
    """PRD-1: variants of a template, when a marketplace was added to the account."""
    group: dict[str, Any] = {"variant_group": "77", "variant_attributes": ["Color"], "attributes": {"Color": "Red"}}
    accounts = {"main": account_of(SELLER, marketplaces=EUROS[:1])}
    async with World(world.box, listings=world.settings.listings, accounts=accounts) as fewer:
        assert (await settled(fewer.process(), upsert(**group))).result is Result.APPLIED
    assert (await settled(world.process(), upsert(2, **group))).result is Result.APPLIED
    assert {one["marketplace_id"] for one in world.item("PARENT-77")["attributes"]["item_name"]} == set(EUROS)


async def test_a_listing_is_deleted_where_it_is(world: World) -> None:
    accounts = {"main": account_of(SELLER, marketplaces=EUROS[:2])}
    async with World(world.box, listings=world.settings.listings, accounts=accounts) as fewer:
        await settled(fewer.process(), upsert())
    listings = world.settings.listings.model_copy(update={"remove": True})
    accounts = {"main": account_of(SELLER, marketplaces=EUROS)}
    async with World(world.box, listings=listings, accounts=accounts) as other:
        found = await settled(other.process(), upsert(2, active=False))
    assert (found.result, found.notes) == (Result.APPLIED, ("deleted",))
    world.box.clock.tick(60)
    world.box.http.get("/sandbox/state")
    assert world.box.http.get("/sandbox/items/N-1").status_code == 404
