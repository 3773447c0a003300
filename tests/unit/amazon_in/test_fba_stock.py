"""Stock in Amazon's warehouses: what is asked when, what a summary means (ORD-10, TEST-3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given

from connectors.amazon.fba_stock import AmazonFbaStock, Standing, standing_in, to_fulfilment_stock
from connectors.kit import exact_json
from connectors.kit.errors import DataError, TransientError
from connectors.kit.ports import Page
from tests.unit.amazon.fake import NOW, Fake, Script, account_with, in_turn, refused, reply, settings_with
from tests.unit.damage import REMOVED, anything, damaged

US = "ATVPDKIKX0DER"
SUMMARY: dict[str, Any] = {
    "asin": "B00", "fnSku": "X00", "sellerSku": "S1", "condition": "NewItem", "lastUpdatedTime": "2026-11-20T10:00:00Z", "totalQuantity": 25,
    "inventoryDetails": {
        "fulfillableQuantity": 7, "inboundWorkingQuantity": 1, "inboundShippedQuantity": 3, "inboundReceivingQuantity": 2,
        "reservedQuantity": {"totalReservedQuantity": 4, "pendingCustomerOrderQuantity": 1},
        "unfulfillableQuantity": {"totalUnfulfillableQuantity": 5}, "researchingQuantity": {"totalResearchingQuantity": 3},
    },
}  # fmt: skip


def answer(*skus: str, following: str = "") -> httpx.Response:
    body: dict[str, Any] = {"payload": {"inventorySummaries": [{**SUMMARY, "sellerSku": sku} for sku in skus]}}
    return reply(200, {**body, "pagination": {"nextToken": following}} if following else body)


def source_of(script: Script, held: tuple[str, ...] = (), **changes: Any) -> tuple[AmazonFbaStock, Fake]:
    fake = Fake(script, settings_with(accounts={"main": account_with(**changes)}))

    async def known(entity: str) -> frozenset[str]:
        return frozenset(f"amazon:main:fba:{sku}" for sku in held)

    return AmazonFbaStock(fake.settings, "main", fake.client, fake.now, known), fake


async def all_of(pages: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in pages]


def queries(fake: Fake) -> list[dict[str, str]]:
    return [dict(parse_qsl(request.url.query.decode())) for request in fake.requests]


def skus(pages: list[Page]) -> list[str]:
    return [item.key.rpartition(":")[2] for page in pages for item in page.items]


async def test_all_of_it_once_a_day_and_changes_in_between() -> None:
    """ORD-10: with an overlap; the fixed parameters each time."""
    source, fake = source_of(in_turn(answer("S1")))
    (first,) = await all_of(source.pages(""))
    fake.clock = 1800
    (second,) = await all_of(source.pages(first.position))
    fake.clock = 24 * 3600
    (third,) = await all_of(source.pages(second.position))
    fixed = {"details": "true", "granularityType": "Marketplace", "granularityId": US, "marketplaceIds": US}
    assert queries(fake) == [fixed, {**fixed, "startDateTime": "2026-11-20T11:30:00Z"}, fixed]
    assert [page.read_until for page in (first, second, third)] == [
        NOW,
        NOW + timedelta(minutes=30),
        NOW + timedelta(days=1),
    ]
    assert standing_in(second.position) == Standing(NOW + timedelta(minutes=30), NOW)


async def test_pages_go_by_the_token_with_all_parameters_and_the_position_moves_last() -> None:
    source, fake = source_of(in_turn(answer("S1", following="t1"), answer("S2", following="t2"), answer("S3")))
    position = Standing(NOW - timedelta(hours=1), NOW - timedelta(hours=2)).text
    pages = await all_of(source.pages(position))
    assert skus(pages) == ["S1", "S2", "S3"]
    assert [query.get("nextToken") for query in queries(fake)] == [None, "t1", "t2"]
    assert {query["startDateTime"] for query in queries(fake)} == {"2026-11-20T10:30:00Z"}
    assert [page.position for page in pages[:2]] == [position] * 2
    assert (pages[2].position, [page.last for page in pages]) == (
        Standing(NOW, NOW - timedelta(hours=2)).text,
        [False, False, True],
    )


async def test_a_token_that_died_begins_anew_but_not_for_ever() -> None:
    """amazon.md 10: it lives for 30 seconds."""
    source, _ = source_of(
        in_turn(answer("S1", following="t1"), refused(400), answer("S1", following="t2"), answer("S2"))
    )
    assert skus(await all_of(source.pages(""))) == ["S1", "S1", "S2"]

    def dying(request: httpx.Request) -> httpx.Response:
        return refused(400) if b"nextToken" in request.url.query else answer("S1", following="t")

    source, fake = source_of(dying)
    with pytest.raises(DataError):
        await all_of(source.pages(""))
    assert len(fake.requests) == 8
    source, _ = source_of(in_turn(refused(400)))
    with pytest.raises(DataError):
        await all_of(source.pages(""))
    source, _ = source_of(in_turn(answer("S1", following="t")))
    with pytest.raises(TransientError, match="leads back"):
        await all_of(source.pages(""))


async def test_who_ships_everything_himself_has_no_stock_there() -> None:
    source, fake = source_of(in_turn(refused(403)), fulfilled_by=["MERCHANT"])
    (page,) = await all_of(source.pages(""))
    assert (page.items, page.last, fake.requests) == ((), True, [])


async def test_resync_and_fetch() -> None:
    """REC-3: as far back as Amazon goes; a SKU with a comma goes alone; one that is not there is a problem."""
    source, fake = source_of(in_turn(answer("S1")))
    assert skus(await all_of(source.resync(NOW - timedelta(days=3)))) == ["S1"]
    await all_of(source.resync(NOW - timedelta(days=900)))
    assert [query["startDateTime"] for query in queries(fake)] == ["2026-11-17T12:00:00Z", "2025-05-29T12:00:00Z"]
    source, fake = source_of(in_turn(answer("A,B"), answer(*(f"S{number}" for number in range(49))), answer("S50")))
    pages = await all_of(source.fetch([*(f"S{number}" for number in range(51)), "A,B"]))
    assert [query.get("sellerSku", "") or query["sellerSkus"].count(",") + 1 for query in queries(fake)] == [
        "A,B",
        50,
        1,
    ]
    assert [problem.key for page in pages for problem in page.problems] == ["amazon:main:fba:S49"]
    assert [page.last for page in pages] == [False, False, True]


async def test_what_all_did_not_have_is_asked_for_by_name_before_it_is_gone() -> None:
    """ORD-10: one that slipped between two pages is there; changes alone say nothing of what is gone."""
    source, fake = source_of(in_turn(answer("S1"), answer("SLIPPED"), answer("S1")), held=("S1", "SLIPPED", "GONE"))
    pages = await all_of(source.pages(""))
    assert [query.get("sellerSkus") for query in queries(fake)] == [None, "GONE,SLIPPED"]
    assert [(page.position, page.last) for page in pages] == [("", False), (Standing(NOW, NOW).text, True)]
    there = {
        item.key: to_fulfilment_stock(item.payload, "main")[0].body["active"] for page in pages for item in page.items
    }
    assert there == {"amazon:main:fba:S1": True, "amazon:main:fba:SLIPPED": True, "amazon:main:fba:GONE": False}
    fake.clock = 1800
    assert skus(await all_of(source.pages(pages[-1].position))) == ["S1"]


async def test_an_element_without_a_sku_is_a_problem() -> None:
    script = in_turn(reply(200, {"payload": {"inventorySummaries": [SUMMARY, {"asin": "B1"}, "x"]}}))
    source, _ = source_of(script)
    (page,) = await all_of(source.pages(""))
    assert (len(page.items), len(page.problems)) == (1, 2)


@pytest.mark.parametrize("body", [[], {}, {"payload": None}, {"payload": {"inventorySummaries": None}}])
async def test_an_answer_gone_wrong_is_transient(body: Any) -> None:
    source, _ = source_of(in_turn(reply(200, body)))
    with pytest.raises(TransientError):
        await all_of(source.pages(""))


@pytest.mark.parametrize("position", ["x", "[]", '{"until": 1}'])
def test_a_position_that_is_none_is_refused(position: str) -> None:
    with pytest.raises(DataError, match="position"):
        standing_in(position)


def mapped(summary: Any) -> Any:
    (record,) = to_fulfilment_stock(exact_json.dumps(summary), "main")
    assert (record.entity, record.key, record.version) == ("fulfilment_stock", record.body["key"], 0)
    return record.body


def test_only_what_can_be_sold_is_sellable() -> None:
    """ORD-10: never `totalQuantity`, which has in it what is on its way, reserved or damaged."""
    body = mapped({**SUMMARY, "marketplaceId": US})
    assert body == {
        "key": "amazon:main:fba:S1", "source": "amazon", "account": "main", "marketplace": US, "sku": "S1", "item_id": "B00",
        "fulfilment_sku": "X00", "condition": "NewItem", "version": 0, "active": True, "updated_at": NOW - timedelta(hours=2), "sellable": "7",
        "reserved": "4", "inbound": "6", "unsellable": "5", "researching": "3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("inventoryDetails", REMOVED), ("inventoryDetails.fulfillableQuantity", REMOVED), ("inventoryDetails.fulfillableQuantity", -1),
        ("inventoryDetails.fulfillableQuantity", "many"), ("sellerSku", ""), ("inventoryDetails.reservedQuantity", 4),
        ("lastUpdatedTime", "yesterday"),
    ],
)  # fmt: skip
def test_stock_that_cannot_be_read_is_a_data_error(path: str, value: Any) -> None:
    """A number that is missing is never 0."""
    with pytest.raises(DataError):
        mapped(damaged(SUMMARY, path, value))


@given(anything)
def test_hostile_payloads_are_data_errors(content: Any) -> None:
    """TEST-3"""
    with pytest.raises(DataError):
        to_fulfilment_stock(exact_json.dumps(content), "main")
