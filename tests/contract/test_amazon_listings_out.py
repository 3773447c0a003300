"""Products to Amazon: offers on pages that are there, pages of their own, publication to the end, withdrawal (PRD-1, PRD-3, PRD-4, INV-4)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.amazon.sandbox.generated_items import asin_of
from connectors.kit.catalogue.gtin import gtin_in
from connectors.kit.ports import Delivery, Result
from connectors.kit.sandbox.catalog import CATALOG
from schemas.reasons import Reason
from tests.contract.amazon_box import Box
from tests.contract.amazon_out import US, World, goods_box, price, stock
from tests.contract.out_world import Process
from tests.unit.kit.catalogue.samples import product

OURS = "4006381333931"
# Of a page of the sandbox; its numbers are of the range for a shop's own use.
KNOWN = CATALOG[0].barcode
TABLE = """product_type,block,attribute,from,convert,options,required,default,note
*,attributes,country_of_origin,fields.x_origin,text,limit=2,yes,DE,
*,attributes,supplier_declared_dg_hz_regulation,fields.x_goods,text,limit=40,yes,not_applicable,
"""
CATEGORIES = "category,product_type,path\nAll / Home,HOME,Home\nAll / Odd,NO_SUCH_TYPE,Odd\n"


@pytest.fixture
def box() -> Iterator[Box]:
    with goods_box() as found:
        yield found


@pytest.fixture
async def world(box: Box, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "categories.csv").write_text(CATEGORIES)
    (tmp_path / "attributes.csv").write_text(TABLE)
    listings = {
        "categories": (tmp_path / "categories.csv",), "attributes": (tmp_path / "attributes.csv",),
        "publish_ladder_seconds": (30, 60, 120), "publish_hours": 1, "own_use_gtins": True,
    }  # fmt: skip
    async with World(box, listings=listings) as found:
        found.add("OTHERS-1", name="Known Lamp", stock=3)
        yield found


def upsert(sku: str = "N-1", version: int = 1, **changed: Any) -> Delivery:
    image = {"url": "https://pictures.example/1.jpg", "model": "", "record_id": 0, "field": "", "checksum": "c"}
    plain = {
        "sku": sku, "key": f"sku:{sku}", "name": "A Good Lamp", "category": "All / Home / Lamps", "barcode": OURS, "brand": "Causeway",
        "description": "<p>It shines.</p>", "list_price": {"amount": "19.90", "currency": "USD"}, "images": [image], "attributes": {},
        "variant_group": "", "variant_attributes": [], "active": True, "fields": {},
    }  # fmt: skip
    key = f"listing:amazon:main:{sku}"
    body = product(**{**plain, **changed})
    return Delivery(f"{key}/{version}", "upsert_listing", False, key, "odoo", "main", version, f"c{version}", "c", body)


async def listed(process: Process, one: Delivery) -> Any:
    await process.deliver(one)
    await process.settle()
    return process.last(one)


def statuses(process: Process, one: Delivery) -> list[str]:
    """What the `listing` events said, in order."""
    return [event.body["status"] for outcome in process.outcomes[one.id] for event in outcome.events]


async def test_a_product_becomes_a_listing_with_a_page_of_its_own(world: World) -> None:
    """PRD-1, PRD-4: every attribute with its marketplace, texts with their language; each turn is told."""
    process, one = world.process(), upsert()
    found = await listed(process, one)
    assert (found.result, found.remote_model) == (Result.APPLIED, "listing")
    assert statuses(process, one) == ["processing", "published"]
    attributes = world.item("N-1")["attributes"]
    text = {"language_tag": "en_US", "marketplace_id": US}
    assert attributes["item_name"] == [{"value": "A Good Lamp", **text}]
    assert attributes["country_of_origin"] == [{"value": "DE", "marketplace_id": US}]
    assert attributes["main_product_image_locator"] == [
        {"media_location": "https://pictures.example/1.jpg", "marketplace_id": US}
    ]
    assert attributes["externally_assigned_product_identifier"] == [
        {"type": "ean", "value": OURS, "marketplace_id": US}
    ]
    assert world.item("N-1")["prices"][0]["amount"] == "19.90", "the first price"
    assert world.item("N-1")["gtin"] == gtin_in(OURS).gtin14


async def test_a_barcode_amazon_has_a_page_for_becomes_an_offer_on_it(world: World) -> None:
    """INV-4: without a category, a text or a picture of ours."""
    page = asin_of(CATALOG[0].sku)
    process, one = world.process(), upsert(barcode=KNOWN, category="", images=[], description="")
    found = await listed(process, one)
    assert found.result is Result.APPLIED
    item = world.item("N-1")
    assert (item["asin"], found.remote_id) == (page, page)
    assert item["marketplaces"][US]["requirements"] == "LISTING_OFFER_ONLY"
    assert set(item["attributes"]) == {"merchant_suggested_asin", "condition_type", "purchasable_offer"}


async def test_what_waited_for_the_listing_goes_on_when_it_is_there(world: World) -> None:
    """INV-4"""
    process = world.process()
    (waits,) = await process.deliver(stock("N-1", 4, 1))
    assert waits.waiting_for == "listing:amazon:main:N-1"
    assert await process.sink.resolve([waits.waiting_for]) == []
    await listed(process, upsert())
    assert await process.sink.resolve([waits.waiting_for]) == [waits.waiting_for]
    number = stock("N-1", 4, 2)
    assert (await listed(process, number)).result is Result.APPLIED


async def test_an_update_leaves_the_price_alone(world: World) -> None:
    """PRC-1: floor, rounding and approval stand before every later price."""
    process = world.process()
    await listed(process, upsert())
    await listed(process, price("N-1", "25.00", 1))
    again = upsert(version=2, name="A Better Lamp", list_price={"amount": "1.00", "currency": "USD"})
    assert (await listed(process, again)).result is Result.APPLIED
    item = world.item("N-1")
    assert (item["name"], item["prices"][0]["amount"]) == ("A Better Lamp", "25.00")


async def test_the_later_of_two_versions_stays(world: World) -> None:
    """INV-5 for products: the second waits until the first has taken effect or never will."""
    process = world.process()
    old, new = upsert(name="Old Lamp"), upsert(version=2, name="New Lamp")
    await process.deliver(old)
    (waits,) = await process.deliver(new)
    assert waits.job.startswith("behind:")
    await process.settle()
    assert world.item("N-1")["name"] == "New Lamp"
    assert process.last(new).result is Result.APPLIED


@pytest.mark.parametrize(
    ("changed", "reason", "words"),
    [
        ({"category": "All / Nowhere"}, Reason.MAPPING, "no line in the category tables"),
        ({"barcode": "4006381333932"}, Reason.DATA, "barcode"),
        ({"images": []}, Reason.DATA, "no picture"),
        ({"list_price": {"amount": "9.00", "currency": "EUR"}}, Reason.DATA, "a price in USD"),
        ({"name": "Cheaper than on eBay"}, Reason.DATA, "COMPETITOR"),
        ({"category": "All / Odd"}, Reason.DATA, "INVALID"),
    ],
)
async def test_what_is_wrong_is_told_and_nothing_is_listed(
    world: World, changed: dict[str, Any], reason: Reason, words: str
) -> None:
    """PRD-3: also what only Amazon knows, as INVALID within 200."""
    (found,) = await world.process().deliver(upsert(**changed))
    assert (found.result, found.reason) == (Result.FAILED, reason)
    assert words in found.detail
    assert world.box.http.get("/sandbox/items/N-1").status_code == 404


async def test_a_category_that_waits_for_its_line_is_resolved_by_the_line(world: World, tmp_path: Path) -> None:
    process = world.process()
    (found,) = await process.deliver(upsert(category="All / Nowhere"))
    assert found.waiting_for == "category:amazon:main:All / Nowhere"
    assert await process.sink.resolve([found.waiting_for]) == []
    (tmp_path / "categories.csv").write_text(CATEGORIES + "All / Nowhere,HOME,Home\n")
    assert await world.process().sink.resolve([found.waiting_for]) == [found.waiting_for]


async def test_an_issue_that_keeps_it_from_sale_comes_back(world: World) -> None:
    """PRD-4"""
    process, one = world.process(), upsert()
    await process.deliver(one)
    world.box.clock.tick(20)
    world.item("N-1")
    world.box.control("/sandbox/items/N-1/change", kind="suppress", code="18155", message="Pricing error")
    await process.settle()
    found = process.last(one)
    assert (found.result, found.reason) == (Result.FAILED, Reason.RULE)
    assert statuses(process, one)[-1] == "unpublished"
    assert "18155" in [problem["code"] for problem in found.events[0].body["problems"]]


@pytest.mark.parametrize("times", range(1, 7))
async def test_a_damaged_answer_says_nothing_of_the_publication(world: World, times: int) -> None:
    """PRD-4: whatever stands in the place of what the marketplaces say, it is asked again."""
    process, one = world.process(), upsert()
    await process.deliver(one)
    world.box.faults({"kind": "bad_record", "method": "GET", "path": "/items/", "limit": times})
    await process.settle()
    assert process.last(one).result is Result.APPLIED, process.last(one).detail
    assert statuses(process, one)[-1] == "published"


@pytest.mark.parametrize("times", range(1, 7))
async def test_a_damaged_answer_makes_no_new_listing_of_one_that_is_there(
    world: World, tmp_path: Path, times: int
) -> None:
    """PRD-3: what is there need not be told all that a new one needs, and must not be refused for it."""
    (tmp_path / "attributes.csv").write_text("".join(TABLE.splitlines(keepends=True)[::2]))  # nothing of its country
    world.add("N-1", name="Old Lamp", stock=3)
    world.box.faults({"kind": "bad_record", "method": "GET", "path": "/items", "limit": times})
    found = await listed(world.process(), upsert())
    assert found.result is Result.APPLIED, found.detail


async def test_variants_are_children_of_one_parent(world: World) -> None:
    """PRD-1"""
    group: dict[str, Any] = {"variant_group": "77", "variant_attributes": ["Color"]}
    red = upsert("N-R", attributes={"Color": "Red"}, **group)
    blue = upsert("N-B", attributes={"Color": "Blue"}, barcode="4006381333955", product_id=2, **group)
    process = world.process()
    await process.deliver(red, blue)
    await process.settle()
    assert {process.last(one).result for one in (red, blue)} == {Result.APPLIED}
    child = world.item("N-R")["attributes"]
    assert child["child_parent_sku_relationship"][0]["parent_sku"] == "PARENT-77"
    assert child["variation_theme"] == [{"name": "COLOR", "marketplace_id": US}]
    parent = world.item("PARENT-77")["attributes"]
    assert (parent["parentage_level"][0]["value"], "color" in parent, "purchasable_offer" in parent) == (
        "parent", False, False,
    )  # fmt: skip


async def test_or_is_deleted_where_that_is_wanted(world: World, box: Box) -> None:
    async with World(box, listings={"remove": True}) as other:
        (found,) = await other.process().deliver(upsert("OTHERS-1", active=False))
    assert (found.result, found.notes, found.events[0].body["status"]) == (Result.APPLIED, ("deleted",), "retired")
    box.clock.tick(10)
    box.http.get("/sandbox/state")
    assert box.http.get("/sandbox/items/OTHERS-1").status_code == 404


async def test_what_would_be_written_is_judged_by_amazon_without_writing(world: World) -> None:
    """OPS-7: VALIDATION_PREVIEW."""
    sink = world.process().sink
    batch = [
        upsert(),
        upsert("N-2", barcode=KNOWN),
        upsert("N-3", category="All / Odd"),
        upsert("OTHERS-1", barcode=OURS),
    ]
    found = [[(one.field, one.now, one.would_be, one.refused) for one in each] for each in await sink.preview(batch)]
    assert found[0] == [("listing", "no listing of this SKU", "a new HOME", False)]
    assert found[1] == [("listing", "no listing of this SKU", "an offer on a page that is there", False)]
    assert found[2][0][3] is True
    assert "INVALID" in found[2][0][2]
    assert found[3] == [("title", "Known Lamp", "A Good Lamp", False)]
    world.box.clock.tick(60)
    assert world.box.http.get("/sandbox/items/N-1").status_code == 404


@pytest.mark.parametrize("kind", ["lost", "reset"])
async def test_a_lost_answer_lists_it_once(world: World, kind: str) -> None:
    """EVT-4"""
    world.box.faults({"kind": kind, "method": "PUT", "limit": 1})
    process, one = world.process(), upsert()
    (first,) = await process.deliver(one)
    assert first.reason is Reason.TRANSIENT
    await process.settle()
    assert process.last(one).result is Result.APPLIED
    assert world.item("N-1")["name"] == "A Good Lamp"
