"""The 0 of a product that is no longer for sale, beside the numbers that this process is sending (INV-5)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import cast

import pytest

from connectors.kit.feeds import Feeds, FeedSettings
from connectors.kit.follower import Follower, Standing
from connectors.kit.jobs import SENDING, Job
from connectors.kit.outgoing.deciding import Item
from connectors.kit.outgoing.emptying import AGAIN, EMPTIED, LATE_SECONDS, RULED, Emptying, Older, Zero
from connectors.kit.outgoing.written import Written
from connectors.kit.ports import Result
from schemas.records import Product
from tests.contract.test_walmart_listings_out import upsert

KEY = "stock:shop:main:A"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Asked(Follower):
    """`left`: seconds until a remote job is asked again; those it does not name are over."""

    def __init__(self, **left: float) -> None:
        super().__init__(FeedSettings(), lambda account: cast("Feeds", None))
        self.left = {f"feed:{name}": seconds for name, seconds in left.items()}
        self.asked: list[str] = []

    async def standing(
        self, account: str, remotes: Iterable[str], lost: Mapping[str, str | None] = MappingProxyType({})
    ) -> Standing:
        names = list(remotes)
        self.asked += names
        return Standing({name: self.left.get(name) for name in names})


class Shop:
    """What it has to sell of A."""

    def __init__(self, left: int, follower: Follower | None = None) -> None:
        self.left, self.wrote, self.now = left, 0, NOW
        self.numbers = Written()
        self.emptying = Emptying("shop", "item", self.numbers, follower or Asked(), lambda: self.now)

    async def write(self) -> bool:
        if not self.left:
            return False
        self.left, self.wrote = 0, self.wrote + 1
        return True

    async def older(self, one: Item[Product], **listed: list[str]) -> Older | None:
        return (await self.emptying.older("main", [one], listed)).get(one.id)


def gone(version: int = 20) -> Item[Product]:
    delivery = upsert("A", 1, version, active=False)
    return Item(delivery, "A", cast("Product", delivery.body))


async def beside(waiting: Callable[[], Awaitable[object]]) -> asyncio.Task[object]:
    """Begun, as far as it gets by itself."""

    async def run() -> object:
        return await waiting()

    task = asyncio.create_task(run())
    for _ in range(5):
        await asyncio.sleep(0)
    return task


@pytest.mark.parametrize(
    ("left", "newest", "zero", "calls"),
    [
        (8, 0, Zero.WRITTEN, 1),
        (8, 20, Zero.WRITTEN, 1),  # worked out of the very same
        (0, 10, Zero.NEEDLESS, 0),
        (8, 21, Zero.RULED, 0),
    ],
)
async def test_a_newer_number_rules(left: int, newest: int, zero: Zero, calls: int) -> None:
    shop = Shop(left)
    shop.numbers.wrote(KEY, newest)
    assert await shop.emptying.zero(gone(), shop.write, back=False) is zero
    assert (shop.wrote, shop.numbers.newest(KEY)) == (calls, max(newest, 20)), "and no older number begins from now on"


async def test_a_single_call_that_is_being_answered_is_waited_for() -> None:
    """What it leaves to sell is taken away; where it is newer it stays."""
    for version, zero in ((10, Zero.WRITTEN), (30, Zero.RULED)):
        shop = Shop(0)
        async with shop.numbers.lock(KEY):
            task = await beside(lambda shop=shop: shop.emptying.zero(gone(), shop.write, back=False))  # type: ignore[misc]
            assert not task.done()
            shop.left = 9
            shop.numbers.wrote(KEY, version)
        assert await task is zero
        assert shop.left == (0 if zero is Zero.WRITTEN else 9)


async def test_a_feed_that_is_being_sent_is_waited_for() -> None:
    """Its answer says what is to be asked for."""
    shop = Shop(8, Asked(F=60.0))
    with shop.numbers.sending([(KEY, 10)]) as sent:
        task = await beside(lambda: shop.older(gone()))
        assert not task.done()
        sent("feed:F")
    assert await task == Older("feed:F", 60.0)


async def test_only_what_is_older_and_not_over_is_waited_for() -> None:
    """The one that takes longest; each is asked for once, and what is not sent in a job is not asked for at all."""
    follower = Asked(A=5.0, B=60.0, C=900.0, L=30.0)
    shop, one = Shop(8, follower), gone()
    assert await shop.older(one) is None
    jobs = (("feed:A", 10), ("feed:B", 11), ("feed:C", 20), ("feed:OVER", 12))
    for remote, version in jobs:
        shop.numbers.took(KEY, Job("feed", remote, version))
    shop.numbers.took(KEY, Job(SENDING, "sending:1795000000", 10))
    assert await shop.older(one) == Older("feed:B", 60.0)
    assert sorted(follower.asked) == ["feed:A", "feed:B", "feed:OVER"]
    shop.numbers.over(KEY, "feed:B")
    assert await shop.older(one, A=["feed:L"]) == Older("feed:L", 30.0)
    assert await shop.older(one, B=["feed:L"]) == Older("feed:A", 5.0), "of another SKU"


async def test_a_call_that_nobody_answered_may_take_effect_for_a_while() -> None:
    shop = Shop(8)
    shop.numbers.unanswered(KEY, 20, NOW.timestamp())
    assert await shop.older(gone()) is None, "it is not older"
    shop.numbers.unanswered(KEY, 10, NOW.timestamp())
    shop.now += timedelta(seconds=20)
    assert await shop.older(gone()) == Older("", LATE_SECONDS - 20)
    shop.now += timedelta(seconds=LATE_SECONDS)
    assert await shop.older(gone()) is None


@pytest.mark.parametrize(
    ("zero", "back", "result", "notes"),
    [
        (Zero.WRITTEN, False, Result.APPLIED, (EMPTIED,)),
        (Zero.WRITTEN, True, Result.APPLIED, (AGAIN,)),
        (Zero.NEEDLESS, False, Result.ALREADY_APPLIED, ()),
        (Zero.NEEDLESS, True, Result.APPLIED, (EMPTIED,)),  # it wrote it before it came back
        (Zero.RULED, False, Result.ALREADY_APPLIED, (RULED,)),
        (Zero.RULED, True, Result.APPLIED, (RULED,)),
    ],
)
def test_what_is_said_of_it(zero: Zero, back: bool, result: Result, notes: tuple[str, ...]) -> None:
    found = Shop(0).emptying.done(gone(), zero, back=back)
    assert (found.result, found.remote_model, found.remote_id, found.notes) == (result, "item", "A", notes)
