"""ORD-1, ORD-4, REC-3, REC-4: the order source over the sandbox: nothing is missed, whatever its list does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.amazon.census import AmazonCensus
from connectors.amazon.mapping import to_order
from connectors.amazon.sandbox.settings import EU_SELLER, FE_SELLER
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.ports import Page
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, all_of, connected, ids_in


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER, EU_SELLER, FE_SELLER)) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box, page_size=3)
    yield one
    await one.aclose()


async def polled(amazon: Connected, position: str = "") -> list[Page]:
    return await all_of(amazon.orders().pages(position))


async def test_all_orders_are_read_and_each_is_an_order(box: Box, amazon: Connected) -> None:
    """ORD-1: whatever the sandbox makes, our mapping reads, to the cent."""
    made = box.add(40, mix="default")
    box.clock.tick(600)
    pages = await polled(amazon)
    assert sorted(set(ids_in(pages))) == sorted(made)
    for item in (item for page in pages for item in page.items):
        assert to_order(item.payload, "main")["order_id"] in made


@pytest.mark.parametrize(
    ("seller", "places"), [(EU_SELLER, ("DE", "FR", "IT", "ES")), (FE_SELLER, ("JP",))], ids=["eu", "fe"]
)
async def test_orders_of_other_regions(box: Box, seller: Any, places: tuple[str, ...]) -> None:
    """AUTH-2, ORD-3, ORD-4: prices with tax in them come to their totals too; other marketplaces are another account's."""
    amazon = connected(box, accounts={"main": account_of(seller, marketplaces=places)})
    made = box.add(30, mix="default", account=seller.seller_id)
    box.clock.tick(600)
    pages = await polled(amazon)
    orders = [to_order(item.payload, "main") for page in pages for item in page.items]
    assert {order["order_id"] for order in orders} <= set(made)
    assert orders
    assert {order["marketplace"] for order in orders} <= set(places)
    await amazon.aclose()


async def test_the_last_two_minutes_come_with_the_next_poll(box: Box, amazon: Connected) -> None:
    """The two-minute horizon."""
    early = box.add(1)
    box.clock.tick(600)
    late = box.add(1, seed=2)
    pages = await polled(amazon)
    assert ids_in(pages) == early
    box.clock.tick(900)
    assert set(ids_in(await polled(amazon, pages[-1].position))) == {*early, *late}


async def test_a_reader_that_dies_after_any_page_goes_on_from_its_position(box: Box, amazon: Connected) -> None:
    made = box.add(10)
    box.clock.tick(600)
    whole = await polled(amazon)
    assert len(whole) == 4
    for number, page in enumerate(whole[:-1]):
        rest = await polled(amazon, page.position)
        assert set(ids_in(whole[: number + 1])) | set(ids_in(rest)) == set(made)


async def test_a_position_of_two_days_ago_still_leads_on(box: Box, amazon: Connected) -> None:
    """A pagination token lives 24 hours: the window is begun anew."""
    made = box.add(5)
    box.clock.tick(600)
    first = (await polled(amazon))[0]
    box.clock.tick(2 * 86_400)
    assert set(ids_in(await polled(amazon, first.position))) == set(made)


@pytest.mark.parametrize("kind", ["token_loop", "duplicate_page"])
async def test_pages_that_come_again_hide_nothing(box: Box, amazon: Connected, kind: str) -> None:
    made = box.add(8)
    box.clock.tick(600)
    box.faults({"kind": kind, "limit": 2})
    assert set(ids_in(await polled(amazon))) == set(made)


async def test_an_order_absent_from_the_list_is_found_when_it_appears(box: Box, amazon: Connected) -> None:
    """Within the overlap the next poll finds it; its time is before what has been read."""
    made = box.add(3)
    box.http.post(f"/sandbox/orders/{made[1]}/hide", json={"seconds": 1200}).raise_for_status()
    box.clock.tick(600)
    pages = await polled(amazon)
    assert set(ids_in(pages)) == {made[0], made[2]}
    box.clock.tick(900)
    assert made[1] in ids_in(await polled(amazon, pages[-1].position))


async def test_a_change_comes_with_the_next_poll(box: Box, amazon: Connected) -> None:
    (order_id,) = box.add(1)
    box.clock.tick(600)
    pages = await polled(amazon)
    before = pages[0].items[0].version
    box.change(order_id, "ask_to_cancel")
    box.clock.tick(900)
    (item,) = [item for page in await polled(amazon, pages[-1].position) for item in page.items]
    assert item.version > before
    assert to_order(item.payload, "main")["buyer_cancel_requested"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, {"MERCHANT PENDING", "MERCHANT UNSHIPPED", "AMAZON PENDING", "AMAZON SHIPPED"}),
        ({"pending": False}, {"MERCHANT UNSHIPPED", "AMAZON SHIPPED"}),
        ({"fulfilled_by": ["MERCHANT"]}, {"MERCHANT PENDING", "MERCHANT UNSHIPPED"}),
        ({"fulfilled_by": ["AMAZON"], "statuses": ["PENDING"]}, {"AMAZON PENDING"}),
    ],
)
async def test_filters_are_asked_of_the_list(box: Box, changes: Any, wanted: set[str]) -> None:
    """ORD-4: by who ships, by state, pending or not."""
    box.add(40, mix={"base": "plain", "fba": 0.5, "pending": 0.5, "pending_seconds": [90_000, 90_000]})
    box.clock.tick(600)
    amazon = connected(box, accounts={"main": account_of(US_SELLER, **changes)})
    works = [exact_json.loads(item.payload)["fulfillment"] for page in await polled(amazon) for item in page.items]
    assert {f"{work['fulfilledBy']} {work['fulfillmentStatus']}" for work in works} == wanted
    await amazon.aclose()


async def test_without_the_roles_orders_still_come_and_map(box: Box, amazon: Connected) -> None:
    """ORD-3: no name, no address, and no reason to lose the order."""
    box.add(5)
    box.http.put("/sandbox/accounts/A1SANDBOXNA01", json={"roles": ["inventory_and_order_tracking"]}).raise_for_status()
    box.clock.tick(600)
    orders = [to_order(item.payload, "main") for page in await polled(amazon) for item in page.items]
    assert len(orders) == 5
    assert {(order["buyer"]["name"], order["ship_to"]["street"], order["tax_collection"]) for order in orders} == {
        ("", "", "")
    }


async def test_by_id_and_by_time(box: Box, amazon: Connected) -> None:
    """REC-3; what is not there is named, and the payload is the list's."""
    made = box.add(3)
    box.clock.tick(600)
    pages = await polled(amazon)
    payloads = {item.key: item.payload for page in pages for item in page.items}
    (one, none) = await all_of(amazon.orders().fetch([made[0], "000-0000000-0000000"]))
    assert payloads[one.items[0].key] == one.items[0].payload
    assert [problem.key for problem in none.problems] == ["amazon:main:000-0000000-0000000"]
    since = await all_of(amazon.orders().resync(amazon.now() - timedelta(hours=1)))
    assert set(ids_in(since)) == set(made)


async def test_a_damaged_order_hides_no_other(box: Box, amazon: Connected) -> None:
    """SEC-5: it is a problem or a data error, the rest goes on."""
    made = box.add(6)
    box.clock.tick(600)
    box.faults({"kind": "bad_record", "limit": 1})
    pages = await polled(amazon)
    read, broken = set(), sum(len(page.problems) for page in pages)
    for item in (item for page in pages for item in page.items):
        try:
            read.add(to_order(item.payload, "main")["order_id"])
        except DataError:
            broken += 1
    assert len(set(made) - read) <= broken <= 1


class Published:
    """What the pipeline saw: `take` what a source gave."""

    def __init__(self) -> None:
        self.seen: dict[str, int] = {}

    def take(self, pages: list[Page]) -> None:
        for item in (item for page in pages for item in page.items):
            self.seen[item.key] = max(item.version, self.seen.get(item.key, 0))

    async def __call__(self, source: str, entity: str, since: datetime) -> Mapping[str, int]:
        return self.seen


async def test_the_census_finds_what_every_poll_has_missed(box: Box, amazon: Connected) -> None:
    """REC-4: an order hidden for longer than any overlap, and a change that was never seen."""
    made, published = box.add(6), Published()
    box.http.post(f"/sandbox/orders/{made[2]}/hide", json={"seconds": 40_000}).raise_for_status()
    box.clock.tick(600)
    published.take(await polled(amazon))
    assert len(published.seen) == 5
    box.change(made[4], "ask_to_cancel")  # and nobody polls any more
    box.clock.tick(50_000)
    census = AmazonCensus(amazon.settings, "main", amazon.client(), amazon.now, published)
    found = await all_of(census.pages(""))
    assert set(ids_in(found)) == {made[2], made[4]}
    published.take(found)
    box.clock.tick(86_400)
    again = AmazonCensus(amazon.settings, "main", amazon.client(), amazon.now, published)
    assert ids_in(await all_of(again.pages(found[-1].position))) == []
