"""ORD-1: no order is missed when orders appear late, tokens are too old or go round, or the reader dies between two pages."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from connectors.amazon.source import AmazonOrders
from connectors.kit.errors import DataError
from connectors.kit.ports import Page
from tests.unit.amazon.fake import NOW, Fake, account_with, in_turn, refused, reply
from tests.unit.amazon.listing import Listed, Listing, fake_of, some

HORIZON = timedelta(seconds=150)


def source_of(fake: Fake) -> AmazonOrders:
    return AmazonOrders(fake.settings, "main", fake.client, fake.now)


async def all_of(pages: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in pages]


def ids_in(pages: list[Page]) -> list[str]:
    return [item.key.rpartition(":")[2] for page in pages for item in page.items]


async def read(listing: Listing, position: str = "", **more: Any) -> list[Page]:
    return await all_of(source_of(fake_of(listing, **more)).pages(position))


async def test_a_first_poll_reads_all_pages_up_to_the_horizon() -> None:
    pages = await read(Listing(some(5)))
    assert ids_in(pages) == [f"1-1-{1000 + number}" for number in range(5)]
    assert pages[0].items[0].key == "amazon:main:1-1-1000"
    assert pages[0].items[0].version == int((NOW - timedelta(hours=5)).timestamp()) * 1000
    assert [page.read_until for page in pages] == [None, None, NOW - HORIZON]
    assert [page.last for page in pages] == [False, False, True]


async def test_the_query_says_what_is_read_and_repeats_it_with_each_page() -> None:
    """ORD-4; Amazon refuses a token with other parameters than its first page's."""
    listing = Listing(some(3))
    account = account_with(fulfilled_by=["MERCHANT"], pending=False)
    await read(listing, accounts={"main": account}, included_data=["FULFILLMENT", "PROCEEDS"])
    first, second = listing.queries
    assert first == {
        "lastUpdatedAfter": "2026-11-13T12:00:00Z",
        "lastUpdatedBefore": "2026-11-20T11:57:30Z",
        "marketplaceIds": "ATVPDKIKX0DER",
        "fulfilledBy": "MERCHANT",
        "fulfillmentStatuses": "UNSHIPPED,PARTIALLY_SHIPPED,SHIPPED,CANCELLED,UNFULFILLABLE",
        "maxResultsPerPage": "2",
        "includedData": "FULFILLMENT,PROCEEDS",
    }
    assert second == {**first, "paginationToken": "2"}


async def test_the_next_poll_reads_the_overlap_again() -> None:
    listing = Listing(some(1))
    position = (await read(listing))[-1].position
    fake = fake_of(listing)
    fake.clock = 900
    await all_of(source_of(fake).pages(position))
    assert listing.queries[-1]["lastUpdatedAfter"] == "2026-11-20T11:27:30Z"
    assert listing.queries[-1]["lastUpdatedBefore"] == "2026-11-20T12:12:30Z"


async def test_an_order_that_appears_late_is_found_by_the_overlap() -> None:
    listing = Listing(some(1))
    position = (await read(listing))[-1].position
    listing.orders.append(Listed("1-2-9", NOW - timedelta(minutes=25)))
    assert "1-2-9" in ids_in(await read(listing, position))


async def test_a_very_late_order_is_found_by_the_wide_look_back() -> None:
    listing = Listing()
    position = (await read(listing))[-1].position
    listing.orders.append(Listed("1-2-9", NOW - timedelta(hours=20)))
    fake, found = fake_of(listing, wide_every_polls=3), []
    for _ in range(3):
        fake.clock += 900
        pages = await all_of(source_of(fake).pages(position))
        position = pages[-1].position
        found.append(ids_in(pages))
    assert found == [[], [], ["1-2-9"]]


async def test_a_reader_that_dies_after_any_page_goes_on_from_its_position() -> None:
    """At most a page is repeated, none is skipped."""
    listing = Listing(some(9))
    whole = await read(listing)
    assert len(whole) == 5
    for number, page in enumerate(whole[:-1]):
        rest = await read(listing, page.position)
        assert set(ids_in(whole[: number + 1])) | set(ids_in(rest)) == set(ids_in(whole))
        assert rest[-1].read_until == NOW - HORIZON


async def test_a_token_that_is_too_old_begins_the_window_anew() -> None:
    """A token is good for 24 hours."""
    listing = Listing(some(3))
    position = (await read(listing))[0].position
    listing.refuse_tokens = True
    listing.between = lambda page: setattr(listing, "refuse_tokens", page <= 3)
    assert set(ids_in(await read(listing, position))) == {"1-1-1000", "1-1-1001", "1-1-1002"}


async def test_tokens_that_go_round_are_noticed() -> None:
    listing = Listing(some(3), circle=True)
    listing.between = lambda page: setattr(listing, "circle", page < 3)
    assert {"1-1-1000", "1-1-1001", "1-1-1002"} <= set(ids_in(await read(listing)))
    assert ["paginationToken" in query for query in listing.queries[:3]] == [False, True, False]


async def test_a_list_that_reaches_less_far_than_asked_is_read_on_from_there() -> None:
    """The answer says what it reaches to; what lies behind that has not been read."""
    listing = Listing(some(1), until=NOW - timedelta(minutes=20))
    pages = await read(listing)
    assert pages[-1].read_until == NOW - timedelta(minutes=20)


async def test_a_request_that_is_refused_is_an_error_not_a_loop() -> None:
    fake = Fake(in_turn(refused(400, "InvalidInput")))
    with pytest.raises(DataError, match="InvalidInput"):
        await all_of(source_of(fake).pages(""))
    assert len(fake.requests) == 1


async def test_a_resync_reads_everything_since_then_without_an_overlap() -> None:
    """REC-3."""
    listing = Listing(some(2, ago=timedelta(days=30)))
    fake = fake_of(listing)
    pages = await all_of(source_of(fake).resync(NOW - timedelta(days=31)))
    assert len(ids_in(pages)) == 2
    assert listing.queries[0]["lastUpdatedAfter"] == "2026-10-20T12:00:00Z"


async def test_fetching_by_id_names_what_is_not_there() -> None:
    """REC-3."""
    listing = Listing(some(1))
    pages = await all_of(source_of(fake_of(listing)).fetch(["1-1-1000", "1-9-9", "no/id"]))
    assert ids_in(pages) == ["1-1-1000"]
    assert [problem.key for page in pages for problem in page.problems] == ["amazon:main:1-9-9", "amazon:main:no/id"]
    assert pages[-1].last


async def test_what_has_no_id_is_a_problem_and_the_rest_goes_on() -> None:
    broken = {"orders": [{"orderId": ""}, 7, {"orderId": "1-1-1"}]}
    fake = Fake(in_turn(reply(200, broken)))
    (page,) = await all_of(source_of(fake).pages(""))
    assert [item.key for item in page.items] == ["amazon:main:1-1-1"]
    assert len(page.problems) == 2
