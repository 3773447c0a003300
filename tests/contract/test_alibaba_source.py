"""PO-2, LOG-1, PRD-2, EVT-4: what is read of the 1688 sandbox: orders without a miss, parcels and their way, offers, stored messages."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from connectors.alibaba.mapping import to_supplier_order
from connectors.alibaba.message_source import AlibabaMessages
from connectors.alibaba.offer_mapping import to_supplier_product
from connectors.alibaba.parcel_source import AlibabaParcels
from connectors.alibaba.product_source import AlibabaProducts
from connectors.alibaba.source import AlibabaOrders
from connectors.kit.errors import DataError
from connectors.kit.ports import Fetched, Page, Problem
from tests.contract.alibaba_box import FIRST_OFFER, Box, Shop, alibaba_box
from tests.contract.alibaba_connected import connected, now_of, settings_of

Source = AlibabaOrders | AlibabaParcels | AlibabaProducts | AlibabaMessages


@pytest.fixture
def box() -> Iterator[Box]:
    with alibaba_box(offers=8) as box:
        yield box


@pytest.fixture
def shop(box: Box) -> Shop:
    return Shop(box)


@asynccontextmanager
async def reading(box: Box, folder: Path, kind: type[Any], **changes: Any) -> AsyncIterator[Any]:
    settings = settings_of(box, folder, **changes)
    async with connected(box, settings) as client:
        yield kind(settings, "main", client, lambda: now_of(box))


async def every(pages: AsyncIterator[Page]) -> tuple[list[Fetched], list[Problem], str]:
    """(items, problems, the last position) of all pages."""
    items: list[Fetched] = []
    problems: list[Problem] = []
    position = ""
    async for page in pages:
        items += page.items
        problems += page.problems
        position = page.position
    return items, problems, position


def order_keys(*ids: str) -> set[str]:
    return {f"alibaba:main:order:{one}" for one in ids}


def ordered(shop: Shop, count: int) -> list[str]:
    found = []
    for number in range(count):
        found.append(shop.order(shop.cargo(shop.first(number % 5), 5), outOrderId=f"PO{number:05d}"))
        shop.box.clock.tick(1)
    return found


async def test_every_order_is_read_with_what_it_means(box: Box, shop: Shop, tmp_path: Path) -> None:
    """PO-2: pages of two until the list is through; each order whole, and mapped to the sandbox's truth."""
    ids = ordered(shop, 5)
    async with reading(box, tmp_path, AlibabaOrders) as source:
        items, problems, _ = await every(source.pages(""))
    assert problems == []
    assert {one.key for one in items} == order_keys(*ids)
    for one in items:
        order = to_supplier_order(one.payload, "main")[0]
        truth = shop.told(order.body["order_id"])
        assert (order.key, order.version) == (one.key, one.version)
        assert order.body["our_reference"] == truth["out_order_id"]
        total = sum(line["amount"] for line in truth["lines"]) + truth["freight"] + truth["discount"]
        assert order.body["total"] == {"amount": f"{total / 100:.2f}", "currency": "CNY"}
        assert [line["line_id"] for line in order.body["lines"]] == [line["sub_id"] for line in truth["lines"]]


async def test_the_next_poll_brings_what_changed_and_an_old_position_all_of_it(
    box: Box, shop: Shop, tmp_path: Path
) -> None:
    """PO-2: resumed at any page nothing is skipped."""
    ids = ordered(shop, 4)
    async with reading(box, tmp_path, AlibabaOrders, overlap_minutes=0, wide_every_polls=0) as source:
        positions = [page.position async for page in source.pages("")]
        box.clock.tick(900)
        shop.change(ids[1], "pay")
        box.clock.tick(5)
        items, _, _ = await every(source.pages(positions[-1]))
        assert {one.key for one in items} == order_keys(ids[1])
        assert to_supplier_order(items[0].payload, "main")[0].body["state"] == "paid"
        for position in positions[:-1]:
            rest, _, _ = await every(source.pages(position))
            assert {one.key for one in rest} >= order_keys(ids[1])
        with pytest.raises(DataError):
            await every(source.pages("{}"))


async def test_long_windows_are_read_in_slices_without_a_gap(box: Box, shop: Shop, tmp_path: Path) -> None:
    """PO-2: how long a window may be is said nowhere; an outage of days is caught up day by day."""
    ids = [shop.order(shop.cargo(shop.first(), 5))]
    for _ in range(3):
        box.clock.tick(86_400)
        ids.append(shop.order(shop.cargo(shop.first(), 5)))
    box.clock.tick(5)
    async with reading(box, tmp_path, AlibabaOrders, page_size=20) as source:
        pages = [page async for page in source.pages("")]
    asked = [re.findall(r"2026-[0-9T:-]+Z", page.request) for page in pages]
    assert len(asked) == 7
    assert all(before[1] == after[0] for before, after in pairwise(asked))
    assert {one.key for page in pages for one in page.items} == order_keys(*ids)


async def test_an_order_the_list_leaves_out_comes_by_the_count(box: Box, shop: Shop, tmp_path: Path) -> None:
    """PO-2: a page given twice, an order left out: the pass does not agree with the list's count and is read again."""
    ids = ordered(shop, 6)
    box.faults({"kind": "duplicate_page", "limit": 1}, {"kind": "absent_order", "limit": 1})
    async with reading(box, tmp_path, AlibabaOrders) as source:
        items, _, _ = await every(source.pages(""))
    assert {one.key for one in items} == order_keys(*ids)


async def test_a_damaged_row_does_not_matter(box: Box, shop: Shop, tmp_path: Path) -> None:
    """SEC-5: each order is fetched whole, so what the list says of it is not used."""
    ids = ordered(shop, 3)
    box.faults({"kind": "bad_record"})
    async with reading(box, tmp_path, AlibabaOrders) as source:
        items, _, _ = await every(source.pages(""))
    assert {to_supplier_order(one.payload, "main")[0].key for one in items} == order_keys(*ids)


async def test_parcels_and_their_way(box: Box, shop: Shop, tmp_path: Path) -> None:
    """LOG-1: a part shipped, then the rest; carrier, number, steps; a parcel of several orders shows each order its own lines."""
    first, second = ordered(shop, 2)
    for one in (first, second):
        shop.change(one, "pay")
    parcel = box.control("/sandbox/parcels", orders={first: {}, second: {}}, carrier="ZTO", bill_no="75312345678901")
    parcel_id = parcel.get("id") or parcel["parcel"]["id"]
    box.clock.tick(60)
    shop.step(parcel_id, "accept", remark="已揽收，快递员 13800138000")
    async with reading(box, tmp_path, AlibabaOrders) as source:
        items, _, _ = await every(source.fetch([first, second]))
    for item in items:
        order, *events = to_supplier_order(item.payload, "main")
        (found,) = order.body["parcels"]
        assert (found["parcel_id"], found["tracking_number"], found["carrier_code"]) == (
            parcel_id,
            "75312345678901",
            "ZTO",
        )
        assert found["line_ids"] == [line["line_id"] for line in order.body["lines"]]
        assert [event.body["text"] for event in events][-1] == "已揽收，快递员 ***"
        assert order.body["state"] == "shipped"


async def test_steps_of_parcels_come_though_the_order_did_not_change(box: Box, shop: Shop, tmp_path: Path) -> None:
    """LOG-1: by the flow `parcels`, which needs no message."""
    ids = ordered(shop, 3)
    for one in ids[:2]:
        shop.change(one, "pay")
        shop.change(one, "ship", bill_no="75312345678901", carrier="ZTO")
    parcel_id = shop.view(ids[0])["nativeLogistics"]["logisticsItems"][0]["logisticsCode"]
    async with reading(box, tmp_path, AlibabaParcels, page_size=1) as source:
        before, _, _ = await every(source.pages(""))
        assert {one.key for one in before} == order_keys(*ids[:2])
        box.clock.tick(3600)
        shop.step(parcel_id, "transport")
        after, _, _ = await every(source.pages(""))
    versions = [{one.key: one.version for one in items} for items in (before, after)]
    changed = {key for key in versions[0] if versions[1][key] > versions[0][key]}
    assert changed == order_keys(ids[0])


async def test_what_does_not_exist_is_told(box: Box, tmp_path: Path) -> None:
    async with reading(box, tmp_path, AlibabaOrders) as source:
        items, problems, _ = await every(source.fetch(["2237000000000000001"]))
    assert items == []
    assert [one.key for one in problems] == ["alibaba:main:order:2237000000000000001"]


async def test_known_offers_and_hits_are_read(box: Box, tmp_path: Path) -> None:
    """PRD-2: of the settings, a file, a search; one that is gone is told, the rest goes on."""
    listed = tmp_path / "offers.txt"
    listed.write_text(f"# of the vendor list\n{FIRST_OFFER + 1}/3332085412530/b266\n\n{FIRST_OFFER} # again\n")
    account = {
        "offers": [str(FIRST_OFFER), "1"],
        "offers_file": str(listed),
        "keywords": [box.app.world.offers.all()[3].subject],
    }
    async with reading(box, tmp_path, AlibabaProducts, account=account) as source:
        items, problems, position = await every(source.pages(""))
    assert {f"alibaba:main:offer:{FIRST_OFFER + number}" for number in (0, 1, 3)} <= {one.key for one in items}
    assert [one.key for one in problems] == ["alibaba:main:offer:1"]
    assert json.loads(position) == {"v": 1}
    for one in items:
        product = to_supplier_product(one.payload, "main")[0]
        assert product.key == one.key
        assert product.body["status"] == "published"


async def test_an_interrupted_walk_goes_on_where_it_stood(box: Box, tmp_path: Path) -> None:
    """PRD-2: calls are billed."""
    ids = [str(number) for number in range(1, 25)]
    async with reading(box, tmp_path, AlibabaProducts, account={"offers": ids}) as source:
        first = await anext(source.pages(""))
        _, problems, _ = await every(source.pages(first.position))
        assert {one.key.rpartition(":")[2] for one in problems} == set(ids[10:])
        with pytest.raises(DataError, match="resync"):
            source.pages('{"v":2}')


async def test_the_other_api_of_products_makes_its_relation_first(box: Box, tmp_path: Path) -> None:
    """PRD-2: `cross.productInfo` shows related offers only."""
    apis = {"product_detail": "com.alibaba.product:alibaba.cross.productInfo"}
    async with reading(box, tmp_path, AlibabaProducts, account={"offers": [str(FIRST_OFFER)]}, apis=apis) as source:
        (item,), problems, _ = await every(source.pages(""))
    assert problems == []
    assert to_supplier_product(item.payload, "main")[0].body["offer_id"] == str(FIRST_OFFER)


async def test_stored_messages_lead_to_what_they_name_and_are_confirmed_when_it_is_safe(tmp_path: Path) -> None:
    """PO-2, EVT-4: what is told twice is fetched once; a page that was not safe is told again; unknown types are visible."""
    with alibaba_box(offers=8, push_retry_seconds=()) as box:
        box.account(callback_url="http://127.0.0.1:9/")
        (order_id,) = ordered(shop := Shop(box), 1)
        shop.change(order_id, "pay")
        box.control("/sandbox/push/send", type="SOMETHING_NEW", data={"orderId": 1}, key="1")
        box.control("/sandbox/push/flush")
        async with reading(box, tmp_path, AlibabaMessages) as source:
            for _ in range(2):
                page = await anext(source.pages(""))
                assert [one.key for one in page.items] == list(order_keys(order_id))
                assert ["a type unknown to us" in one.detail for one in page.problems] == [True]
            assert to_supplier_order(page.items[0].payload, "main")[0].body["state"] == "paid"
            await every(source.pages(""))
            items, problems, _ = await every(source.pages(""))
    assert (items, problems) == ([], [])
