"""REC-4: the ids of a window are listed again against what was seen; what was missed is fetched by id and counted."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY

from connectors.amazon.census import AmazonCensus
from tests.unit.amazon.fake import NOW, Fake, account_with
from tests.unit.amazon.listing import Listed, Listing, fake_of
from tests.unit.amazon.test_source import all_of, ids_in

LONG_AGO = NOW - timedelta(hours=20)
OLD, NEW = LONG_AGO, NOW - timedelta(hours=5)


def at(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000


class Told:
    """What was seen, and how it was asked for."""

    def __init__(self, seen: Mapping[str, datetime]) -> None:
        self.seen = {f"amazon:main:{order_id}": at(moment) for order_id, moment in seen.items()}
        self.asked: list[tuple[str, str, datetime]] = []

    async def __call__(self, source: str, entity: str, since: datetime) -> Mapping[str, int]:
        self.asked.append((source, entity, since))
        return self.seen


def census_of(fake: Fake, told: Told) -> AmazonCensus:
    return AmazonCensus(fake.settings, "main", fake.client, fake.now, told)


def counted(found: str) -> float:
    labels = {"source": "amazon", "account": "main", "flow": "census", "found": found}
    return REGISTRY.get_sample_value("causeway_census_ids_total", labels) or 0.0


async def test_an_order_never_seen_is_fetched_whole_and_counted() -> None:
    listing = Listing([Listed("1-1-1", OLD), Listed("1-1-2", OLD), Listed("1-1-3", OLD)])
    missing, known = counted("missing"), counted("known")
    pages = await all_of(census_of(fake_of(listing), Told({"1-1-1": OLD, "1-1-3": OLD})).pages(""))
    assert ids_in(pages) == ["1-1-2"]
    assert b'"whole":true' in pages[0].items[0].payload
    assert listing.got == ["1-1-2"]
    assert (counted("missing") - missing, counted("known") - known) == (1, 2)


async def test_a_change_never_seen_is_fetched_too() -> None:
    listing = Listing([Listed("1-1-1", NEW), Listed("1-1-2", OLD)])
    before = counted("outdated")
    pages = await all_of(census_of(fake_of(listing), Told({"1-1-1": OLD, "1-1-2": OLD})).pages(""))
    assert (ids_in(pages), counted("outdated") - before) == (["1-1-1"], 1)


async def test_what_may_still_be_on_its_way_is_no_gap() -> None:
    """The list reaches back an hour; a change of the last hour is the next census' business."""
    listing = Listing(
        [Listed("1-1-1", NOW - timedelta(minutes=5)), Listed("1-1-2", NOW, created=NOW - timedelta(minutes=30))]
    )
    pages = await all_of(census_of(fake_of(listing), Told({"1-1-1": OLD})).pages(""))
    assert ids_in(pages) == []


async def test_the_list_is_asked_by_creation_and_for_no_data() -> None:
    listing, told = Listing(), Told({})
    (page,) = await all_of(census_of(fake_of(listing), told).pages(""))
    assert listing.queries == [
        {
            "createdAfter": "2026-11-12T12:00:00Z",
            "createdBefore": "2026-11-20T11:00:00Z",
            "marketplaceIds": "ATVPDKIKX0DER",
            "maxResultsPerPage": "2",
        }
    ]
    assert told.asked == [("amazon", "order", datetime.fromisoformat("2026-11-12T12:00:00+00:00"))]
    assert page.read_until == NOW - timedelta(hours=1)


async def test_the_next_census_lists_the_whole_reach_again() -> None:
    listing, told = Listing(), Told({})
    fake = fake_of(listing)
    census = census_of(fake, told)
    position = (await all_of(census.pages("")))[-1].position
    fake.clock = 86_400
    await all_of(census.pages(position))
    assert listing.queries[-1]["createdAfter"] == "2026-11-12T11:00:00Z"
    assert len(told.asked) == 2


async def test_a_census_that_dies_goes_on_from_its_page() -> None:
    listing = Listing([Listed(f"1-1-{number}", OLD) for number in range(5)])
    pages = await all_of(census_of(fake_of(listing), Told({})).pages(""))
    rest = await all_of(census_of(fake_of(listing), Told({"1-1-0": OLD, "1-1-1": OLD})).pages(pages[0].position))
    assert ids_in(pages[:1]) + ids_in(rest) == [f"1-1-{number}" for number in range(5)]


@pytest.mark.parametrize(
    ("seen", "got"), [({"1-1-9": NEW}, []), ({"1-1-9": OLD - timedelta(hours=1)}, ["1-1-1"]), ({}, [])]
)
async def test_orders_from_before_we_began_are_left_where_they_are(seen: dict[str, datetime], got: list[str]) -> None:
    """An account that begins with today's orders gets no older ones by a census."""
    listing = Listing([Listed("1-1-1", OLD)])
    account = account_with(start_days_back=0.5)
    pages = await all_of(census_of(fake_of(listing, accounts={"main": account}), Told(seen)).pages(""))
    assert ids_in(pages) == got


async def test_what_is_listed_but_not_there_is_counted() -> None:
    class Gone(Listing):
        def __call__(self, request: Any) -> Any:
            if request.url.path.endswith("1-1-1"):
                self.orders.clear()
            return super().__call__(request)

    before = counted("vanished")
    pages = await all_of(census_of(fake_of(Gone([Listed("1-1-1", OLD)])), Told({})).pages(""))
    assert (ids_in(pages), counted("vanished") - before) == ([], 1)


@pytest.mark.parametrize("days", [1, 30])
async def test_a_resync_is_a_census_since_then(days: int) -> None:
    listing = Listing([Listed("1-1-1", OLD, created=NOW - timedelta(days=days - 0.5))])
    pages = await all_of(census_of(fake_of(listing), Told({})).resync(NOW - timedelta(days=days)))
    assert ids_in(pages) == ["1-1-1"]
