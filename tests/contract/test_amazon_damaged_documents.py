"""Documents that come damaged over the sandbox: downloaded again, nothing published, no position moved; one that stays so becomes visible and the
rest goes on (ERR-1, ERR-2, REC-2, RET-1, FIN-1)."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connectors.amazon.reports import reports_of
from connectors.amazon.return_rows import BY_AMAZON, BY_SELLER
from connectors.amazon.returns import AmazonReturns
from connectors.kit.errors import TransientError
from connectors.kit.feed_results import failure_of
from connectors.kit.ports import Page
from connectors.kit.rereading import PATIENCE
from schemas.reasons import Reason
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, connected
from tests.contract.amazon_orders_out import ONE, ORDER, order_box
from tests.contract.damaged import malform, polled
from tests.contract.test_amazon_feeds import Desk, cancellation, numbers
from tests.contract.test_amazon_returns import returned, returns, sold
from tests.contract.test_amazon_settlement_goldens import content_of
from tests.contract.test_amazon_settlement_source import keys, paid_out
from tests.contract.test_amazon_settlement_source import source as settlements_of
from tests.waiting import until

DOCUMENT = "^/documents/"


@pytest.fixture(params=["always", "never"])
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    with amazon_box(rate_factor=100_000, sellers=(US_SELLER,), zipped_documents=request.param) as found:
        yield found


@asynccontextmanager
async def returns_of(amazon: Connected) -> AsyncIterator[AmazonReturns]:
    client = amazon.client()
    one = AmazonReturns(amazon.settings, "main", client, reports_of(amazon.settings, client), amazon.now, amazon.sleep)
    try:
        yield one
    finally:
        await one.aclose()
        await amazon.aclose()


def damage_for_good(box: Box, like: str) -> None:
    """What lies there is half a gzip file."""
    broken = gzip.compress(content_of("us"))[:-20]
    box.app.world.database.execute(
        f"UPDATE documents SET content = ?, zipped = 0 WHERE {like}",
        (broken,),
    )


def told(pages: list[Page]) -> list[Any]:
    return [one for page in pages for one in (*page.items, *page.problems)]


def downloads(box: Box) -> int:
    return sum(1 for call in box.app.calls.latest if call.method == "GET" and call.path.startswith("/documents/"))


@pytest.mark.parametrize("seed", range(4))
async def test_a_returns_report_that_came_damaged_is_read_at_a_new_address(box: Box, seed: int) -> None:
    """ERR-2: within the same poll; no dead letter, no return lost."""
    orders = sold(box, 3, fba=0.0)
    for order_id in orders:
        returned(box, order_id)
    box.clock.tick(7200)
    malform(box.http, DOCUMENT, seed, limit=1)
    async with returns_of(connected(box)) as source:
        pages, _, error = await polled(source, "")
    assert error is None
    assert (set(returns(pages)), [problem for page in pages for problem in page.problems]) == (set(orders), [])
    until(lambda: downloads(box) == 2, "the sandbox has noted both downloads")  # it notes a call when it is over


@pytest.mark.parametrize("seed", range(4))
async def test_a_poll_that_meets_damage_only_is_done_again(box: Box, seed: int) -> None:
    """ERR-2, REC-2: nothing is published, the position stays with the report, which is not asked for again."""
    (order_id,) = sold(box, 1, fba=0.0)
    returned(box, order_id)
    box.clock.tick(7200)
    malform(box.http, DOCUMENT, seed)
    async with returns_of(connected(box)) as source:
        pages, position, error = await polled(source, "")
        assert error is not None
        assert "document" in str(error)
        assert told(pages) == []
        report = json.loads(position)["reports"][BY_SELLER]["report"]
        again, stays, error = await polled(source, position)
        assert (error is not None, told(again), stays) == (True, [], position)
        box.faults()
        pages, _, error = await polled(source, position)
        assert (error, set(returns(pages))) == (None, {order_id})
    asked = [one["reportId"] for one in box.http.get("/sandbox/snapshot").json()["reports"]]
    assert report in asked
    assert len(asked) == 2  # one of each type


async def test_a_returns_report_that_stays_damaged_is_asked_for_anew_and_the_other_goes_on(box: Box) -> None:
    """ERR-1, RET-1: after so many polls; Amazon makes another one."""
    (own,), (amazons,) = sold(box, 1, fba=0.0), sold(box, 1, fba=1.0, seed=2)
    returned(box, own)
    returned(box, amazons, "received")
    box.clock.tick(7200)
    async with returns_of(connected(box)) as source:
        pages = source.pages("")
        position = ""
        while '"report":' not in position:
            position = (await anext(pages)).position
        box.clock.tick(600)
        box.state()
        damage_for_good(box, "kind = 'report'")
        for _ in range(PATIENCE - 1):
            taken, position, error = await polled(source, position)
            assert (error is not None, told(taken)) == (True, [])
        taken, position, error = await polled(source, position)
        assert (error, set(returns(taken))) == (None, {amazons})
        job = json.loads(position)["reports"][BY_SELLER]
        assert (job["failures"], "report" in job) == (1, False)
        box.clock.tick(1801)
        taken, position, error = await polled(source, position)
        assert (error, own in returns(taken)) == (None, True)
        assert "failures" not in json.loads(position)["reports"][BY_SELLER]
    assert BY_AMAZON in position


@pytest.mark.parametrize("seed", range(4))
async def test_a_settlement_that_came_damaged_is_read_again(box: Box, seed: int) -> None:
    """FIN-1: first in the same poll, then in the next; no cent is lost, nothing is a problem."""
    paid_out(box, content_of("us"), "1", days_ago=2)
    async with settlements_of(connected(box)) as source:
        malform(box.http, DOCUMENT, seed)
        pages, position, error = await polled(source, "")
        assert (error is not None, pages, position) == (True, [], "")
        malform(box.http, DOCUMENT, seed, limit=1)
        pages, _, error = await polled(source, "")
    assert (error, len(keys(pages)), [problem for page in pages for problem in page.problems]) == (None, 1, [])


async def test_a_settlement_that_stays_damaged_becomes_visible_and_the_next_is_read(box: Box) -> None:
    """ERR-1, FIN-1"""
    paid_out(box, content_of("us"), "1", days_ago=3)
    damage_for_good(box, "kind = 'report'")
    paid_out(box, content_of("us"), "2", days_ago=2)
    async with settlements_of(connected(box)) as source:
        for _ in range(PATIENCE - 1):
            pages, position, error = await polled(source, "")
            assert (error is not None, pages, position) == (True, [], "")
        pages, position, error = await polled(source, "")
        assert error is None
        (problem,) = [problem for page in pages for problem in page.problems]
        assert problem.key == "amazon:main:settlement:report-1"
        assert f"each of {PATIENCE} times" in problem.detail
        assert len(keys(pages)) == 1
        pages, _, error = await polled(source, position)
        assert (error, told(pages)) == (None, [])


@asynccontextmanager
async def desk_with(box: Box) -> AsyncIterator[Desk]:
    desk = Desk(box)
    try:
        yield desk
    finally:
        await desk.aclose()


@pytest.mark.parametrize(("zipped", "listings"), [("always", False), ("always", True), ("never", True)])
async def test_the_result_of_a_feed_that_came_damaged_is_asked_for_again(zipped: str, listings: bool) -> None:
    """ERR-1: nothing is known until it is whole, so nothing is told twice for it."""
    with order_box(zipped_documents=zipped) as box:
        box.control("/sandbox/items", items=[{"sku": "S1"}])
        async with desk_with(box) as desk:
            remote = await desk.feeds.submit(numbers("S1") if listings else cancellation(ONE))
            feed = remote.removeprefix("feed:")
            box.clock.tick(30)
            for seed in range(PATIENCE - 1):
                malform(box.http, DOCUMENT, seed)
                with pytest.raises(TransientError):
                    await desk.feeds.state(feed)
            box.faults()
            state = await desk.feeds.state(feed)
            assert state is not None
            assert failure_of(state, "S1" if listings else f"{ORDER}/{ONE}", "") is None


async def test_the_result_of_a_feed_that_stays_damaged_says_nothing() -> None:
    """ERR-1: neither success nor a fault of the record."""
    with order_box(zipped_documents="always") as box:
        async with desk_with(box) as desk:
            feed = (await desk.feeds.submit(cancellation(ONE))).removeprefix("feed:")
            box.clock.tick(30)
            malform(box.http, DOCUMENT, 1)
            for _ in range(PATIENCE - 1):
                with pytest.raises(TransientError):
                    await desk.feeds.state(feed)
            state = await desk.feeds.state(feed)
            assert state is not None
            failure = failure_of(state, f"{ORDER}/{ONE}", "")
            assert failure is not None
            assert (failure.reason, failure.of_record) == (Reason.TRANSIENT, True)
