"""INV-1, PRD-4, RATE-1: feeds sent at about the same time go as one, so that few of the quota's feeds bring much."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.errors import TransientError
from connectors.kit.feeds import Feed
from connectors.kit.gathering import Gathering, whole_body, whole_mark
from connectors.kit.rate import Priority
from connectors.walmart.feeds import WalmartFeeds, most_of

LONG = 60.0  # nobody waits so long here: groups are full before


@dataclass
class Walmart:
    """Takes feeds and remembers which SKUs came together."""

    taken: list[list[str]] = field(default_factory=list)
    error: Exception | None = None

    async def take(self, parts: Sequence[Feed]) -> str:
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.taken.append([sku for part in parts for sku in part.skus])
        return f"feed:{len(self.taken)}"


def feed(*skus: str, kind: str = "inventory", query: str = "") -> Feed:
    body: dict[str, Any] = {"InventoryHeader": {"version": "1.4"}, "Inventory": [{"sku": sku} for sku in skus]}
    return Feed(kind, body, skus, "-".join(skus), Priority.STOCK, query)


async def test_parts_go_together_as_soon_as_they_fill_a_feed() -> None:
    walmart = Walmart()
    gathering = Gathering(lambda kind: LONG, walmart.take, most=lambda kind: 4)
    found = await asyncio.gather(*(gathering.submit(part) for part in (feed("a", "b"), feed("c"), feed("d"))))
    assert walmart.taken == [["a", "b", "c", "d"]]
    assert found == ["feed:1"] * 3


async def test_what_comes_alone_goes_when_its_time_is_up() -> None:
    walmart = Walmart()
    gathering = Gathering(lambda kind: 0.01, walmart.take, most=lambda kind: 4)
    assert await gathering.submit(feed("a")) == "feed:1"
    assert await gathering.submit(feed("b")) == "feed:2", "who comes later does not join what has gone"


async def test_without_a_time_to_gather_nobody_waits() -> None:
    walmart = Walmart()
    gathering = Gathering(lambda kind: 0, walmart.take, most_of)
    await asyncio.gather(gathering.submit(feed("a")), gathering.submit(feed("b")))
    assert walmart.taken == [["a"], ["b"]]


@pytest.mark.parametrize(
    "other",
    [feed("c", kind="MP_ITEM"), feed("c", query="&shipNode=1"), feed("a", "c"), feed("c", "d", "e")],
    ids=["another kind", "another node", "a SKU that is in it", "more than fits"],
)
async def test_what_may_not_go_together_goes_apart(other: Feed) -> None:
    walmart = Walmart()
    gathering = Gathering(lambda kind: 0.01, walmart.take, most=lambda kind: 4)
    await asyncio.gather(gathering.submit(feed("a", "b")), gathering.submit(other))
    assert sorted(walmart.taken) == sorted([["a", "b"], list(other.skus)])


async def test_the_call_is_kept_while_a_group_gathers_and_who_fits_in_needs_none() -> None:
    kept: list[str] = []

    @contextmanager
    def keep(kind: str) -> Iterator[None]:
        kept.append(kind)
        yield
        kept.remove(kind)

    gathering = Gathering(lambda kind: LONG, Walmart().take, lambda kind: 2, keep)
    first = asyncio.create_task(gathering.submit(feed("a")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert kept == ["inventory"]
    assert gathering.has_room("inventory", ["b"])
    assert not gathering.has_room("inventory", ["a"]), "no SKU twice"
    assert not gathering.has_room("inventory", ["b", "c"]), "no more than fits"
    await gathering.submit(feed("b"))
    await first
    assert not kept
    assert not gathering.has_room("inventory", ["c"])


async def test_a_refusal_is_everyones() -> None:
    gathering = Gathering(lambda kind: LONG, Walmart(error=TransientError("away")).take, most=lambda kind: 2)
    found = await asyncio.gather(gathering.submit(feed("a")), gathering.submit(feed("b")), return_exceptions=True)
    assert [str(one) for one in found] == ["away", "away"]


async def test_a_sender_that_is_cancelled_takes_nobody_along() -> None:
    walmart = Walmart()
    gathering = Gathering(lambda kind: LONG, walmart.take, most=lambda kind: 2)
    first = asyncio.create_task(gathering.submit(feed("a")))
    await asyncio.sleep(0)
    first.cancel()
    assert await gathering.submit(feed("b")) == "feed:1"
    assert walmart.taken == [["a", "b"]]


async def test_products_fill_larger_feeds_than_numbers() -> None:
    """TEST-2: a thousand products are one feed's worth, where ten an hour is all there is."""
    walmart = Walmart()
    gathering = Gathering(lambda kind: LONG, walmart.take, most_of)
    parts = [feed(*(f"{part}-{number}" for number in range(200)), kind="MP_ITEM") for part in range(5)]
    assert await asyncio.gather(*(gathering.submit(part) for part in parts)) == ["feed:1"] * 5
    assert await gathering.submit(feed(*(str(number) for number in range(200)))) == "feed:2", "of numbers 200 are full"


def test_the_whole_has_one_heading_and_all_items() -> None:
    whole = whole_body([feed("a", "b").body, feed("c").body])
    assert whole == {"InventoryHeader": {"version": "1.4"}, "Inventory": [{"sku": "a"}, {"sku": "b"}, {"sku": "c"}]}


def test_the_mark_of_one_is_its_own_and_of_several_tells_them_all() -> None:
    assert whole_mark(["a"]) == "a"
    assert len({whole_mark(["a", "b"]), whole_mark(["a", "c"]), whole_mark(["a"])}) == 3


@pytest.mark.parametrize(("used", "seconds"), [(0.0, 5.0), (0.5, 17.5), (1.0, 30.0)])
async def test_the_fewer_feeds_are_left_the_longer_is_waited_for_others(used: float, seconds: float) -> None:
    """RATE-1: no clock runs here; what the gathering would wait is asked."""

    class Client:
        def used(self, operation: str) -> float:
            assert operation == "submit_mp_item"
            return used

    feeds = WalmartFeeds(Client(), lambda: datetime.now(UTC), 180, 5, gather_seconds=5)  # type: ignore[arg-type]
    assert feeds.gather_seconds("MP_ITEM") == seconds
    assert WalmartFeeds(Client(), lambda: datetime.now(UTC), 180, 5).gather_seconds("MP_ITEM") == 0  # type: ignore[arg-type]
