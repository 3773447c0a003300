"""Whether Walmart has an item, and whether it is published, is learned before anything is sent, whatever the number (PRC-1), within its quotas
(RATE-1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from connectors.kit.errors import ThrottledError
from connectors.walmart.item_list import FRESH, PAGE
from connectors.walmart.looking_up import Looked, LookingUp
from connectors.walmart.rates import WalmartRates
from tests.unit.walmart.fake import Fake, gateway, reply, settings_with


class Catalogue:
    """The items of a Walmart that answers the list and single calls. `retired`: those that only the filtered list shows; `most`: the largest
    page; `hides`: the list does not show these, but counts them."""

    def __init__(
        self, skus: Sequence[str] = (), retired: Sequence[str] = (), most: int = 1000, hides: Sequence[str] = (),
        rates: WalmartRates | None = None,
    ) -> None:  # fmt: skip
        self.skus, self.retired, self.most, self.hides = list(skus), list(retired), most, set(hides)
        self.settings = settings_with(rates=rates or WalmartRates())
        self.fake = Fake(self._answer, self.settings)
        self.old_cursor = ""
        self.unpublished: set[str] = set()
        self._looking = LookingUp(self.settings, self.fake.now)

    async def look_up(self, *skus: str) -> Looked:
        return await self._looking.look_up(self.fake.client, "main", skus)

    async def for_values(self, *skus: str) -> Looked:
        return await self._looking.for_values(self.fake.client, "main", skus)

    def sent(self, *skus: str) -> None:
        self._looking.sent("main", skus)

    @property
    def lists(self) -> int:
        return sum(path.startswith("/v3/items?") for path in self.fake.paths)

    @property
    def singles(self) -> int:
        return sum(path.startswith("/v3/items/") for path in self.fake.paths)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        if not query:
            sku = request.url.path.rpartition("/")[2]
            there = sku in self.skus or sku in self.retired or sku in self.hides
            return reply(200, {"ItemResponse": [self._item(sku)]}) if there else gateway(404, "CONTENT_NOT_FOUND")
        offset, limit = int(query["offset"]), int(query["limit"])
        if limit > self.most or offset > 10_000 or query["nextCursor"] == self.old_cursor:
            return gateway(400, "INVALID_REQUEST_PARAM")
        whole = {"": self.skus, "RETIRED": self.retired}.get(query.get("lifecycleStatus", ""), [])
        if not whole and "lifecycleStatus" in query:
            return gateway(404, "CONTENT_NOT_FOUND")
        shown = [self._item(sku) for sku in whole[offset : offset + limit] if sku not in self.hides]
        body: dict[str, Any] = {"ItemResponse": shown, "totalItems": len(whole), "nextCursor": "AoE="}
        return reply(200, body)

    def _item(self, sku: str) -> dict[str, str]:
        return {"sku": sku, "publishedStatus": "IN_PROGRESS" if sku in self.unpublished else "PUBLISHED"}


def named(count: int, first: int = 0) -> list[str]:
    return [f"S-{number}" for number in range(first, first + count)]


async def test_10000_unknown_skus_cost_a_call_for_each_200() -> None:
    """PRC-1, RATE-1: the first connection of an existing catalogue, in batches as the pipeline brings them."""
    walmart = Catalogue(named(10_000))
    there: set[str] = set()
    for first in range(0, 10_000, PAGE):
        found = await walmart.look_up(*named(PAGE, first))
        assert not found.errors
        there |= found.there
    assert there == set(walmart.skus)
    assert (walmart.lists, walmart.singles) == (10_000 // PAGE + 2, 0)
    assert walmart.fake.clock < 60


async def test_1000_new_products_wait_for_no_quota() -> None:
    """RATE-1: they are not there, and the list has said so once."""
    walmart = Catalogue(named(300))
    for first in range(1000, 2000, PAGE):
        found = await walmart.look_up(*named(PAGE, first))
        assert (found.there, found.errors) == (set(), {})
    assert (walmart.lists, walmart.singles) == (4, 0)
    assert walmart.fake.clock < 10


async def test_a_few_are_asked_for_one_by_one() -> None:
    walmart = Catalogue(["S-1"])
    assert (await walmart.look_up(*named(50))).there == {"S-1"}
    assert (walmart.lists, walmart.singles) == (0, 50)


async def test_a_retired_item_is_one_that_walmart_has() -> None:
    walmart = Catalogue(named(100), retired=["R-1"])
    assert (await walmart.look_up("R-1", *named(60))).there == {"R-1", *named(60)}
    assert walmart.singles == 0


async def test_what_a_list_that_is_not_whole_lacks_is_asked_for() -> None:
    walmart = Catalogue(named(300), hides=["S-7"])
    assert (await walmart.look_up(*named(60), "new")).there == set(named(60))
    assert walmart.singles == 2


async def test_more_items_than_the_list_gives() -> None:
    """The offset ends at 10,000; beyond, one by one."""
    walmart = Catalogue(named(10_300))
    assert (await walmart.look_up(*named(100, 10_150))).there == set(named(100, 10_150))
    assert walmart.singles == 50


async def test_what_was_sent_since_is_asked_for() -> None:
    """It may have been taken, and its price may have changed, since the list was read."""
    walmart = Catalogue(named(10))
    assert (await walmart.look_up(*named(60, 100))).there == set()
    walmart.sent("S-100")
    walmart.skus.append("S-100")
    assert (await walmart.look_up(*named(60, 100))).there == {"S-100"}
    assert walmart.singles == 1


async def test_a_list_is_read_again_after_a_while() -> None:
    walmart = Catalogue()
    await walmart.look_up(*named(60))
    walmart.skus += named(60)
    walmart.fake.clock += FRESH.total_seconds()
    assert (await walmart.look_up(*named(60))).there == set(named(60))


async def test_smaller_pages_where_walmart_wants_them() -> None:
    walmart = Catalogue(named(120), most=50)
    assert (await walmart.look_up(*named(60))).there == set(named(60))
    assert (walmart.lists, walmart.singles) == (1 + 3 + 2, 0)


@pytest.mark.parametrize("most", [0, 49])
async def test_walmart_that_lists_nothing_is_asked_one_by_one(most: int) -> None:
    walmart = Catalogue(["S-1"], most=most)
    assert (await walmart.look_up(*named(60))).there == {"S-1"}
    assert walmart.singles == 60


async def test_a_long_reading_goes_on_where_it_stopped() -> None:
    """RATE-1: a worker does not stand still for minutes; what it could not learn comes back throttled, and nothing of it is sent."""
    walmart = Catalogue(named(8_000), rates=WalmartRates(item_lists_per_minute=15))
    found = await walmart.look_up(*named(60))
    assert set(found.errors) == set(named(60))
    assert all(isinstance(error, ThrottledError) for error in found.errors.values())
    assert 59 < walmart.fake.clock < 70
    found = await walmart.look_up(*named(60))
    found = found if not found.errors else await walmart.look_up(*named(60))
    assert found.there == set(named(60))
    assert walmart.lists == 8_000 // PAGE + 2


async def test_an_old_cursor_begins_the_reading_anew() -> None:
    walmart = Catalogue(named(8_000), rates=WalmartRates(item_lists_per_minute=15))
    assert (await walmart.look_up(*named(60))).errors
    walmart.old_cursor = "AoE="
    assert (await walmart.look_up(*named(60))).there == set(named(60)), "one by one: no cursor holds"
    walmart.old_cursor = ""
    for _ in range(4):
        found = await walmart.look_up(*named(60))
    assert found.there == set(named(60))


async def test_one_by_one_only_as_far_as_the_quota_goes() -> None:
    walmart = Catalogue(named(60), rates=WalmartRates(item_reads_per_minute=1))
    found = await walmart.look_up(*named(20))
    assert len(found.there) == 5, "bulk_patience_seconds are four minutes, and one is there"
    assert len(found.errors) == 15
    assert all(isinstance(error, ThrottledError) and error.retry_after for error in found.errors.values())


@pytest.mark.parametrize("batch", [PAGE, 10_000])
async def test_the_first_prices_of_10000_skus_cost_a_call_for_each_200(batch: int) -> None:
    """PRC-1, RATE-1: whether each is published is known of all of them."""
    walmart = Catalogue(named(10_000))
    walmart.unpublished = set(named(3_000, 4_000))
    published: dict[str, str] = {}
    for first in range(0, 10_000, batch):
        found = await walmart.for_values(*named(batch, first))
        assert (found.errors, found.unlisted) == ({}, set())
        published |= found.published
    assert {sku for sku, status in published.items() if status == "IN_PROGRESS"} == walmart.unpublished
    assert len(published) == 10_000
    assert (walmart.lists, walmart.singles) == (10_000 // PAGE + 2, 0)


async def test_a_few_first_prices_are_asked_for_as_their_items_are_now() -> None:
    """PRC-1: the list is of some minutes ago; what was not published then may be now."""
    walmart = Catalogue(named(100))
    walmart.unpublished = {"S-1"}
    assert (await walmart.for_values(*named(100))).published["S-1"] == "IN_PROGRESS"
    walmart.unpublished = set()
    assert (await walmart.for_values("S-1")).published == {"S-1": "PUBLISHED"}
    assert walmart.singles == 1


async def test_that_the_list_lacks_an_item_is_believed_once_before_a_first_price() -> None:
    """PRC-1: who waits for it comes back because it is there by now, set up a moment ago, perhaps by another process."""
    walmart, there = Catalogue(named(10)), named(60, 100)
    assert (await walmart.for_values(*there, "never")).unlisted == {*there, "never"}
    walmart.skus += there
    walmart.unpublished = set(there)
    found = await walmart.for_values(*there, "never")
    assert (found.published, found.unlisted) == (dict.fromkeys(there, "IN_PROGRESS"), set())
    assert (walmart.lists, walmart.singles) == (3, 61)
    walmart.fake.clock += FRESH.total_seconds()
    found = await walmart.for_values(*there, "never")
    assert (len(found.published), found.unlisted) == (60, {"never"}), "a list that was read since is believed again"
    assert (walmart.lists, walmart.singles) == (6, 61)


async def test_products_still_believe_the_list_of_which_a_first_price_does_not() -> None:
    """RATE-1: the prices of a thousand new products come before them and must not make each of them a call."""
    walmart = Catalogue(named(10))
    await walmart.for_values(*named(60, 100))
    found = await walmart.look_up(*named(60, 100))
    assert (found.there, found.errors, walmart.singles) == (set(), {}, 0)
