"""Products out to the sandbox (PRD-3, PRD-4, INV-4): new items and updates, feeds, publication to the end, withdrawal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connectors.kit.errors import ConnectorError, DataError, MappingError
from connectors.kit.ports import Delivery, Result
from connectors.walmart.item_maker import ItemMaker, Made
from connectors.walmart.listing_settings import EXAMPLE
from connectors.walmart.sandbox import item_api
from schemas.reasons import Reason
from schemas.records import Product
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import AMPLE, World, stock
from tests.contract.walmart_seller import add, mp_item, put_stock
from tests.unit.kit.catalogue.samples import product


class Clocks:
    """Makes wall clocks of all products; `wrong`: SKU -> what is the matter with it."""

    def __init__(self, wrong: dict[str, ConnectorError] | None = None, **orderable: Any) -> None:
        self.wrong = wrong or {}
        self.orderable = orderable
        self.tables: set[str] = set()

    async def make(
        self, account: str, products: Sequence[Product], there: Collection[str] = ()
    ) -> Sequence[Made | ConnectorError]:
        return [self.wrong.get(one["sku"]) or self._made(one) for one in products]

    def _made(self, one: Product) -> Made:
        return Made(mp_item(one["sku"], one["product_id"], productName=one["name"], **self.orderable), "Wall Clocks")

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        return [name for name in waiting_for if name in self.tables]

    async def aclose(self) -> None: ...


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(feed_seconds=(20, 20), publish_seconds=(100, 100), rate_factor=1000) as found:
        yield found


@pytest.fixture
async def world(box: Box) -> AsyncIterator[World]:
    async with World(box, listings={"publish_ladder_seconds": (30, 60, 120)}) as found:
        yield found


def upsert(sku: str, number: int, version: int = 1, **changed: Any) -> Delivery:
    body = product(**{"sku": sku, "key": f"sku:{sku}", "product_id": number, "name": f"Clock {number}", **changed})
    key = f"listing:walmart:main:{sku}"
    return Delivery(f"{key}/{version}", "upsert_listing", False, key, "odoo", "main", version, f"c{version}", "c", body)


def gtin(number: int) -> str:
    return str(mp_item("", number)["Orderable"]["productIdentifiers"]["productId"])


def feed_types(box: Box) -> list[str]:
    return [feed["feedType"] for feed in box.call("GET", "/v3/feeds").json()["results"]["feed"]]


async def test_new_products_are_followed_from_the_feed_to_publication(box: Box, world: World) -> None:
    """PRD-4: it comes back as an event."""
    process = world.process(maker=Clocks())
    batch = [upsert(f"N-{number}", number) for number in range(1, 9)]
    sent = await process.deliver(*batch)
    assert feed_types(box) == ["MP_ITEM"]
    assert [one.events[0].body["status"] for one in sent] == ["processing"] * 8
    await process.come_back()
    assert {process.outcomes[one.id][-1].job.partition(":")[0] for one in batch} == {"publish"}
    await process.settle()
    for one in batch:
        last = process.last(one)
        assert (last.result, last.remote_model, len(last.remote_id)) == (Result.APPLIED, "item", 12)
        (event,) = last.events
        assert (event.entity, event.key) == ("listing", f"walmart:main:item:{one.body['sku']}")
        assert (event.body["status"], event.body["title"]) == ("published", one.body["name"])
        assert event.version > process.outcomes[one.id][0].events[0].version


async def test_what_walmart_has_is_updated(box: Box, world: World) -> None:
    add(box, items=[{"sku": "OLD", "gtin": mp_item("", 1)["Orderable"]["productIdentifiers"]["productId"]}])
    process = world.process(maker=Clocks())
    await process.deliver(upsert("OLD", 1), upsert("NEW", 2))
    assert sorted(feed_types(box)) == ["MP_ITEM", "MP_MAINTENANCE"]
    await process.settle()
    later = upsert("NEW", 2, 2, name="Better clock")
    await process.deliver(later)  # known by now without asking
    await process.settle()
    assert feed_types(box)[0] == "MP_MAINTENANCE"
    assert world.item("NEW")["name"] == "Better clock"


async def test_an_update_leaves_the_price_alone(box: Box, world: World) -> None:
    """PRC-1: a changed sales price comes with the product too; only the price flow, with its floor and its approval, may bring it out."""
    clocks = Clocks(price=10.0)
    process = world.process(maker=clocks)
    await process.deliver(upsert("P-1", 1))
    await process.settle()
    assert world.item("P-1")["price_cents"] == 1000
    clocks.orderable = {"price": 99.0}
    await process.deliver(upsert("P-1", 1, 2, name="Dearer clock"))
    await process.settle()
    assert (world.item("P-1")["name"], world.item("P-1")["price_cents"]) == ("Dearer clock", 1000)


@pytest.mark.parametrize("count", [50, 51, 120])
async def test_an_existing_catalogue_keeps_its_prices_however_many_come(box: Box, world: World, count: int) -> None:
    """PRC-1: nothing is known of them (a first connection, or the state of keys was lost), and Walmart has them all but one."""
    there = [{"sku": f"OLD-{one}", "gtin": gtin(one)} for one in range(1, count + 1)]
    add(box, items=there)
    process = world.process(maker=Clocks(price=99.0))
    await process.deliver(*(upsert(str(one["sku"]), number) for number, one in enumerate(there, 1)), upsert("NEW", 999))
    await process.settle()
    assert set(feed_types(box)) == {"MP_MAINTENANCE", "MP_ITEM"}
    assert {world.item(str(one["sku"]))["price_cents"] for one in there} == {1999}
    assert {world.item(str(one["sku"]))["name"] for one in there} == {f"Clock {one}" for one in range(1, count + 1)}
    assert world.item("NEW")["price_cents"] == 9900


async def test_what_could_not_be_asked_for_is_not_sent(box: Box) -> None:
    """PRC-1, RATE-1: it comes back when the quota has a place; what is known goes."""
    add(box, items=[{"sku": f"OLD-{one}", "gtin": gtin(one)} for one in range(1, 8)])
    rates = {**AMPLE, "item_reads_per_minute": 2}
    async with World(box, rates=rates, bulk_patience_seconds=0, listings={"publish_ladder_seconds": (30,)}) as world:
        process = world.process(maker=Clocks(price=99.0))
        batch = [upsert(f"OLD-{one}", one) for one in range(1, 8)]
        sent = await process.deliver(*batch)
        assert [one.result for one in sent].count(Result.SUBMITTED) == 2
        late = [one for one in sent if one.result is Result.FAILED]
        assert {(one.reason, one.of_record) for one in late} == {(Reason.THROTTLED, True)}
        await process.settle()
        assert {process.last(one).result for one in batch} == {Result.APPLIED}
        assert set(feed_types(box)) == {"MP_MAINTENANCE"}


async def test_updates_wait_for_their_hours_new_items_do_not(box: Box) -> None:
    """RATE-2: bulk work prefers off-peak hours. The box's clock begins at noon."""
    add(box, items=[{"sku": "OLD", "gtin": mp_item("", 1)["Orderable"]["productIdentifiers"]["productId"]}])
    async with World(box, listings={"update_hours": "22-6", "publish_ladder_seconds": (30, 60)}) as world:
        process = world.process(maker=Clocks())
        old, new = upsert("OLD", 1, name="At night"), upsert("NEW", 2)
        waits, goes = await process.deliver(old, new)
        assert (waits.retry_after, waits.notes) == (10 * 3600, ("waits_for_off_peak_hours",))
        assert (feed_types(box), goes.job.partition(":")[0]) == (["MP_ITEM"], "feed")
        await process.settle()
        assert world.now().hour in (22, 23, 0, 1, 2, 3, 4, 5)
        assert world.item("OLD")["name"] == "At night"


async def test_one_wrong_product_harms_no_other(world: World) -> None:
    """PRD-3, INV-4: errors of ours and of Walmart's are those of one SKU."""
    wrong: dict[str, ConnectorError] = {
        "W-1": DataError("title: names another shop [PROHIBITED]"),
        "W-2": MappingError("no line", waiting_for="category:walmart:main:Lamps"),
    }
    clocks = Clocks(wrong)
    process = world.process(maker=clocks)
    bad_gtin = upsert("W-3", 3)
    made = clocks._made

    def spoiled(one: Product) -> Made:
        found = made(one)
        if one["sku"] == "W-3":
            found.item["Orderable"]["productIdentifiers"]["productId"] = "00012345678900"
        return found

    clocks._made = spoiled  # type: ignore[method-assign]
    batch = [upsert("W-1", 1), upsert("W-2", 2), bad_gtin, upsert("OK", 4)]
    first = await process.deliver(*batch)
    assert [(one.reason, one.waiting_for) for one in first[:2]] == [
        (Reason.DATA, ""), (Reason.MAPPING, "category:walmart:main:Lamps"),
    ]  # fmt: skip
    await process.settle()
    refused = process.last(bad_gtin)
    assert (refused.reason, "ERR_PDI_0047" in refused.detail) == (Reason.DATA, True)
    assert refused.events[0].body["status"] == "failed"
    assert [one["code"] for one in refused.events[0].body["problems"]] == ["ERR_PDI_0047"]
    assert process.last(batch[3]).result is Result.APPLIED


async def test_the_same_fault_of_the_same_product_is_one_exception(world: World) -> None:
    """PRD-3, INV-4: its stock asks for the listing again and again; the dead letter stands until the product changes, or is replayed."""
    clocks = Clocks({"W-1": DataError("barcode: no GTIN [MISSING_REQUIRED]")})
    process = world.process(maker=clocks)

    async def said(number: int, checksum: str) -> Result:
        one = replace(upsert("W-1", 1), id=f"listing:walmart:main:W-1/{number}", checksum=checksum)
        (found,) = await process.deliver(one)
        return found.result

    assert [await said(1, "c1"), await said(2, "c1"), await said(3, "c1")] == [
        Result.FAILED,
        Result.STALE,
        Result.STALE,
    ]
    assert await said(1, "c1") is Result.FAILED, "replayed: who does it wants to know"
    assert await said(4, "c2") is Result.FAILED, "it has changed"
    clocks.wrong = {"W-1": DataError("title: names another shop [COMPETITOR]")}
    assert await said(5, "c2") is Result.FAILED, "refused for something else"
    clocks.wrong = {}
    assert await said(6, "c3") is Result.SUBMITTED
    await process.settle()
    clocks.wrong = {"W-1": DataError("title: names another shop [COMPETITOR]")}
    assert await said(7, "c2") is Result.FAILED, "it was well meanwhile"


async def test_an_item_that_ends_unpublished_says_why(box: Box, world: World) -> None:
    """PRD-4: taken is not sold."""
    box.faults({"kind": "feed_item_unpublished", "limit": 1})
    process = world.process(maker=Clocks())
    one = upsert("U-1", 1)
    await process.deliver(one)
    await process.settle()
    last = process.last(one)
    assert last.reason is Reason.RULE
    assert "UNPUBLISHED" in last.detail
    body = last.events[0].body
    assert (body["status"], bool(body["problems"])) == ("unpublished", True)
    assert body["problems"][0]["detail"][:40] in last.detail


@pytest.mark.parametrize("times", range(1, 9))
async def test_a_damaged_answer_says_nothing_of_the_publication(box: Box, world: World, times: int) -> None:
    """PRD-4: whatever stands in the place of what Walmart says, it is asked again."""
    process = world.process(maker=Clocks())
    one = upsert("D-1", 1)
    await process.deliver(one)
    box.faults({"kind": "bad_record", "method": "GET", "path": "/v3/items/", "limit": times})
    await process.settle()
    last = process.last(one)
    assert last.result is Result.APPLIED, last.detail
    assert last.events[0].body["status"] == "published"
    assert "unpublished" not in [event.body["status"] for told in process.outcomes[one.id] for event in told.events]


@pytest.mark.parametrize(
    "damage",
    [
        {"ItemResponse": None}, {"ItemResponse": {"value": 3}}, {"ItemResponse": []}, {"sku": None}, {"publishedStatus": None},
        {"publishedStatus": ["X"]}, {"lifecycleStatus": 3.5}, {"unpublishedReasons": 3},
    ],
)  # fmt: skip
async def test_a_damaged_answer_after_its_time_is_no_answer_either(
    box: Box, monkeypatch: pytest.MonkeyPatch, damage: dict[str, Any]
) -> None:
    """PRD-4: Walmart has published it, and only what it says counts; nobody else says that it did not."""
    right, broken = item_api.ItemApi._shown, True

    def shown(api: item_api.ItemApi, request: Any, items: list[Any]) -> Any:
        found = right(api, request, items)
        if not broken:
            return found
        return damage["ItemResponse"] if "ItemResponse" in damage else [{**one, **damage} for one in found]

    async with World(box, listings={"publish_ladder_seconds": (30, 60), "publish_hours": 0.05}) as world:
        process = world.process(maker=Clocks())
        one = upsert("D-2", 1)
        await process.deliver(one)
        monkeypatch.setattr(item_api.ItemApi, "_shown", shown)
        for _ in range(12):
            await process.come_back()
        assert process.waiting
        broken = False
        await process.settle()
        assert process.last(one).result is Result.APPLIED, process.last(one).detail


@pytest.mark.parametrize("damage", [{"sku": None}, {"publishedStatus": []}])
async def test_a_damaged_answer_never_makes_an_item_new(
    box: Box, world: World, monkeypatch: pytest.MonkeyPatch, damage: dict[str, Any]
) -> None:
    """PRC-1, ERR-2: Walmart has it, so it keeps its price; until that can be read nothing is sent, and nothing is a dead letter."""
    add(box, items=[{"sku": "OLD", "gtin": gtin(1)}])
    right = item_api.ItemApi._shown
    with monkeypatch.context() as patched:
        patched.setattr(item_api.ItemApi, "_shown", lambda *args: [{**one, **damage} for one in right(*args)])
        process = world.process(maker=Clocks(price=99.0))
        (found,) = await process.deliver(upsert("OLD", 1))
        assert (found.reason, feed_types(box)) == (Reason.TRANSIENT, [])
    await process.deliver(upsert("OLD", 1, 2))
    assert feed_types(box) == ["MP_MAINTENANCE"]


async def test_an_item_that_is_never_decided_needs_a_person(box: Box) -> None:
    """PRD-4: to the end, even when Walmart gives none."""
    async with World(box, listings={"publish_ladder_seconds": (30, 60), "publish_hours": 0.02}) as world:
        process = world.process(maker=Clocks())
        one = upsert("S-1", 1)
        await process.deliver(one)
        await process.come_back()
        for _ in range(20):
            if not process.waiting:
                break
            box.http.post("/sandbox/items/S-1/change", json={"kind": "in_progress"}).raise_for_status()
            await process.come_back()
        assert (process.last(one).reason, "has not published" in process.last(one).detail) == (Reason.RULE, True)


async def test_a_wrong_spec_version_fails_each_of_the_feed(box: Box) -> None:
    async with World(box, listings={"spec_version": "5.0"}) as world:
        process = world.process(maker=Clocks())
        one = upsert("H-1", 1)
        await process.deliver(one)
        await process.settle()
        assert (process.last(one).reason, "refused as a whole" in process.last(one).detail) == (Reason.DATA, True)


async def test_what_is_no_longer_for_sale_has_no_stock(box: Box, world: World) -> None:
    add(box, items=[{"sku": "G-1"}])
    put_stock(box, "G-1", 8)
    process = world.process(maker=Clocks())
    gone = upsert("G-1", 1, active=False)
    (found,) = await process.deliver(gone)
    assert (found.result, found.notes, world.history("G-1")) == (Result.APPLIED, ("stock_set_to_zero",), [8, 0])
    again = upsert("G-1", 1, 2, active=False)
    assert [one.result for one in await process.deliver(again)] == [Result.ALREADY_APPLIED]
    assert [one.result for one in await process.deliver(upsert("nobody", 1, active=False))] == [Result.ALREADY_APPLIED]


async def test_it_is_retired_where_that_is_wished(box: Box) -> None:
    add(box, items=[{"sku": "G-2"}])
    async with World(box, listings={"retire": True}) as world:
        process = world.process(maker=Clocks())
        (found,) = await process.deliver(upsert("G-2", 1, active=False))
        assert (found.result, found.events[0].body["status"]) == (Result.APPLIED, "retired")
        box.clock.now += 5
        (again,) = await process.deliver(upsert("G-2", 1, 2, active=False))
        assert again.result is Result.ALREADY_APPLIED


async def test_stock_held_for_a_missing_item_is_released_by_it(box: Box, world: World) -> None:
    """INV-4: SKU not found waits for the listing; `resolve` tells when it is there."""
    clocks = Clocks()
    process = world.process(maker=clocks)
    (held,) = await process.deliver(stock("R-1", 3, 1, urgent=True))
    waiting = [held.waiting_for, "listing:walmart:main:never", "category:walmart:main:Lamps", "sku:odoo:main:x"]
    assert held.waiting_for == "listing:walmart:main:R-1"
    assert await process.sink.resolve(waiting) == []
    await process.deliver(upsert("R-1", 1))
    await process.settle()
    clocks.tables.add("category:walmart:main:Lamps")
    assert list(await process.sink.resolve(waiting)) == [held.waiting_for, "category:walmart:main:Lamps"]
    (now,) = await process.deliver(stock("R-1", 3, 1, urgent=True))
    assert now.result is Result.APPLIED


async def test_what_would_change_is_told_and_nothing_sent(box: Box, world: World) -> None:
    """OPS-7"""
    add(box, items=[{"sku": "OLD", "name": "Old name", "product_type": "Wall Clocks"}])
    wrong: dict[str, ConnectorError] = {"BAD": DataError("no picture")}
    process = world.process(maker=Clocks(wrong))
    batch = [upsert("OLD", 1), upsert("NEW", 2), upsert("BAD", 3), upsert("nobody", 4, active=False)]
    old, new, bad, gone = await process.sink.preview(batch)
    assert ("title", "Old name", "Clock 1") in [(one.field, one.now, one.would_be) for one in old]
    assert (new[0].field, new[0].now) == ("item", "no item of this SKU")
    assert [one.field for one in bad] == ["data"]
    assert list(gone) == []
    assert feed_types(box) == []


async def test_the_maker_uses_tables_and_taxonomy_and_walmart_takes_what_it_makes(box: Box, tmp_path: Any) -> None:
    """PRD-1, PRD-4: the whole way of a product with the tables that come with the connector."""
    listings = {
        "categories": [str(EXAMPLE / "categories.csv")], "attributes": [str(EXAMPLE / "attributes.toml")],
        "values": {"power": str(EXAMPLE / "power.csv")}, "cache_folder": str(tmp_path), "publish_ladder_seconds": (30, 60),
    }  # fmt: skip
    async with World(box, listings=listings) as world:
        process = world.process()
        assert isinstance(process.sink._maker, ItemMaker)
        one = upsert("M-1", 1, category="All / Saleable / Wall Clocks", attributes={"Color": "Blue"})
        lost = upsert("M-2", 2, category="Elsewhere")
        first = await process.deliver(one, lost)
        assert first[1].waiting_for == "category:walmart:main:Elsewhere"
        assert first[0].result is Result.SUBMITTED, first[0].detail
        await process.settle()
        assert process.last(one).result is Result.APPLIED, process.last(one).detail
