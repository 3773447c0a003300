"""REC-4: what a census leaves alone, what it cannot read, and from where on an account's orders are looked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.amazon.census import AmazonCensus
from connectors.kit import exact_json
from connectors.kit.ports import Page
from tests.unit.amazon.fake import NOW, account_with, reply
from tests.unit.amazon.listing import PATH, Listed, Listing, fake_of
from tests.unit.amazon.test_census import OLD, Told, at, census_of
from tests.unit.amazon.test_source import all_of, ids_in


def problems(pages: list[Page]) -> list[str]:
    return [problem.key for page in pages for problem in page.problems]


async def test_where_nothing_was_missed_nothing_comes_and_nothing_is_asked_for() -> None:
    listing = Listing([Listed(f"1-1-{number}", OLD) for number in range(5)])
    told = Told({f"1-1-{number}": OLD for number in range(5)})
    pages = await all_of(census_of(fake_of(listing), told).pages(""))
    assert len(pages) == 3
    assert (ids_in(pages), problems(pages), listing.got) == ([], [], [])
    assert len(told.asked) == 1, "what was seen is read once for a census, not for each of its pages"


class Odd(Listing):
    """A list with entries that are none, before those that are."""

    def __init__(self, *entries: Any) -> None:
        super().__init__([Listed("1-1-1", OLD)])
        self.entries = entries

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = super().__call__(request)
        if request.url.path != PATH:
            return answer
        body = exact_json.loads(answer.content)
        return reply(200, {**body, "orders": [*self.entries, *body["orders"]]})


async def test_an_entry_without_an_id_is_a_problem_and_hides_no_gap() -> None:
    """SEC-5"""
    pages = await all_of(census_of(fake_of(Odd({"lastUpdatedTime": "2026-11-19T16:00:00Z"}, 7)), Told({})).pages(""))
    assert ids_in(pages) == ["1-1-1"]
    assert len(problems(pages)) == 2


@pytest.mark.parametrize("when", [None, "yesterday"])
async def test_an_order_that_does_not_say_when_it_changed_is_fetched(when: Any) -> None:
    """It may be one that was missed; asking costs a call, not asking an order."""

    class Untimed(Listing):
        def _page(self, query: dict[str, str]) -> httpx.Response:
            body = exact_json.loads(super()._page(query).content)
            return reply(200, {"orders": [{**one, "lastUpdatedTime": when} for one in body["orders"]]})

    account = account_with(start_days_back=0.1)
    fake = fake_of(Untimed([Listed("1-1-1", OLD)]), accounts={"main": account})
    assert ids_in(await all_of(census_of(fake, Told({})).pages(""))) == ["1-1-1"]


@pytest.mark.parametrize(
    "seen",
    [
        {"amazon:uk:1-1-8": at(OLD - timedelta(days=5))},  # another account began earlier
        {"amazon:main:1-1-9": 0},  # an order whose time could not be read
    ],
)
async def test_only_changes_of_the_account_itself_say_from_where_on_it_reads(seen: Mapping[str, int]) -> None:
    """An account that began with today's orders gets no older ones."""

    async def told(source: str, entity: str, since: datetime) -> Mapping[str, int]:
        return seen

    listing = Listing([Listed("1-1-1", OLD), Listed("1-1-2", NOW - timedelta(hours=6))])
    fake = fake_of(listing, accounts={"main": account_with(start_days_back=0.5)})
    census = AmazonCensus(fake.settings, "main", fake.client, fake.now, told)
    assert ids_in(await all_of(census.pages(""))) == ["1-1-2"]
