"""What the benches of scale decide: what a quota allows, what of it was used, and that Amazon is measured as Walmart is. No speed is asserted."""

from __future__ import annotations

import asyncio

import pytest

from connectors.amazon.rates import PUBLISHED
from connectors.kit.rate import Priority
from tests.bench.__main__ import BENCHES
from tests.bench.quota_day import CLASSES, DAY_HOURS, QUICK, REFUSED_PERCENT, SLOW, USED_PERCENT, Used, count_lines
from tests.bench.scale_incoming import LINES, ORDERS, ORDERS_SECONDS
from tests.bench.scale_markets import AmazonMarket, Market, WalmartMarket, Write
from tests.bench.scale_stock import LIMIT_SECONDS, SKUS, used_of
from tests.bench.virtual_time import Clock, run_virtually


@pytest.mark.parametrize(
    ("market", "seconds", "feeds", "calls"),
    [
        (WalmartMarket(1), 0, 10, 200),
        (WalmartMarket(3), 60, 30 * (1 + 1 / 60), 1200),
        (AmazonMarket(1), 0, 5, 5),  # five listings feeds at once, though fifteen feeds
        (AmazonMarket(1), 3600, 15 + 0.0083 * 3600, 5 + 5 * 3600),  # in an hour it is the other way round
        (AmazonMarket(2), 60, 2 * (5 + 1), 2 * (5 + 300)),
    ],
)
def test_what_a_quota_allows(market: Market, seconds: float, feeds: float, calls: float) -> None:
    """The full bucket and what flows in; of two that a feed draws from, the narrower."""
    assert market.allowed(seconds) == pytest.approx((feeds, calls))


def test_what_of_it_was_used() -> None:
    """From the first of our calls to the last; a feed counts once, whatever is in it."""
    feeds = [Write(f"F-{number}", 1, 1000, 1005, "feed-1") for number in range(150)]
    feeds += [Write(f"G-{number}", 1, 1060, 1065, "feed-2") for number in range(50)]
    singles = [Write(f"S-{number}", 1, 1000 + number * 0.3, 1001) for number in range(200)]
    used = used_of([*feeds, *singles], WalmartMarket(1))
    assert (used.feeds, used.calls, used.full) == (2, 200, 100)
    assert used.calls_percent == pytest.approx(50)
    assert used.feeds_percent == pytest.approx(100 * 2 / (10 + 1 / 6))


def test_each_figure_of_amazon_is_measured() -> None:
    """TEST-2, RATE-1."""
    wanted = {"quota_day", "stock_full_amazon", "oversell_amazon", "orders_notified", "settlement"}
    assert wanted <= set(BENCHES)
    assert (SKUS, ORDERS, LINES, DAY_HOURS) == (10_000, 100, 10_000, 24)
    assert (LIMIT_SECONDS, ORDERS_SECONDS) == (900, 300)
    assert (USED_PERCENT, REFUSED_PERCENT) == (95, 1)


def test_a_day_has_the_classes_of_calls_there_are() -> None:
    """Orders listed and asked for by id, listings, feeds, reports."""
    assert {"searchOrders", "getOrder", "patchListingsItem", "createListingsFeed", "createReport"} <= {
        one.operation for one in CLASSES
    }
    assert {one.operation for one in (*SLOW, *QUICK)} - {"createListingsFeed"} <= set(PUBLISHED)


def test_who_was_passed_is_counted() -> None:
    """An urgent one that came at 10 and left at 14; bulk left at 9, 12 and 14."""
    bulk, urgent = Priority.REPORTS, Priority.ORDERS
    found = Used()
    count_lines(found, [(bulk, 0, 9), (bulk, 0, 12), (urgent, 10, 14), (bulk, 0, 14)])
    assert (found.urgent, found.longest, found.passed) == (1, 4, 1)
    alone = Used()
    count_lines(alone, [(bulk, 0, 9), (bulk, 0, 12)])
    assert (alone.urgent, alone.passed) == (0, 0)


def test_hours_pass_at_once_and_what_never_comes_is_said() -> None:
    """The virtual clock: it moves by what is waited for and by nothing else."""
    clock = Clock()

    async def a_day() -> float:
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(86_400))
        return clock()

    assert run_virtually(a_day(), clock) == 86_400

    async def never() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="will not come"):
        run_virtually(never(), Clock())
