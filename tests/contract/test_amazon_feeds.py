"""Amazon's feeds as calls: documents without a token, one feed for many, found again, followed, read item by item (RATE-1, EVT-4, ERR-1)."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.amazon.documents import Documents, unpacked
from connectors.amazon.feed_documents import CANCELLATIONS, COLUMNS, LINES, LISTINGS, MESSAGES
from connectors.amazon.feeds import AmazonFeeds, open_feeds
from connectors.amazon.order_bodies import CANCEL_COLUMNS
from connectors.amazon.rates import AmazonRates
from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.kit.errors import DataError, RetryError, ThrottledError
from connectors.kit.feed_results import failure_of
from connectors.kit.feeds import Feed
from connectors.kit.rate import Priority
from connectors.kit.rereading import PATIENCE
from schemas.reasons import Reason
from tests.contract.amazon_box import Box
from tests.contract.amazon_connected import connected, settings_of
from tests.contract.amazon_orders_out import FAST, ONE, ORDER, TWO, order_box, units

US = BY_COUNTRY["US"].id
CREATE = "/feeds/2021-06-30/feeds$"


@pytest.fixture
def box() -> Iterator[Box]:
    with order_box() as found:
        yield found


class Desk:
    """The feeds of one process. `alone`: whether it believes that nobody else sends."""

    def __init__(self, box: Box, gather: float = 0, **changes: Any) -> None:
        self.box, self.alone = box, True
        self.connected = connected(box, **{"feeds": FAST, "attempts": 1, **changes})
        self.documents = Documents(self.connected.settings.http)
        self.feeds: AmazonFeeds = open_feeds(
            self.connected.client, self.documents, self.connected.settings.feeds, self.connected.now, gather,
            is_alone=lambda: self.alone,
        )("main")  # fmt: skip

    async def aclose(self) -> None:
        await self.documents.aclose()
        await self.connected.aclose()


@pytest.fixture
async def desk(box: Box) -> AsyncIterator[Desk]:
    made = Desk(box)
    yield made
    await made.aclose()


def cancellation(*items: str, reason: str = "NoInventory", mark: str = "m") -> Feed:
    lines = [dict(zip(CANCEL_COLUMNS, (ORDER, reason, item), strict=True)) for item in items]
    body = {COLUMNS: CANCEL_COLUMNS, LINES: lines}
    return Feed(CANCELLATIONS, body, [f"{ORDER}/{item}" for item in items], mark, Priority.ORDERS, US)


def numbers(*skus: str) -> Feed:
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}]
    patch = {"op": "merge", "path": "/attributes/fulfillment_availability", "value": value}
    messages = [{"sku": sku, "operationType": "PATCH", "productType": "PRODUCT", "patches": [patch]} for sku in skus]
    return Feed(LISTINGS, {MESSAGES: messages}, skus, "-".join(skus), Priority.STOCK, US)


async def ended(desk: Desk, remote: str) -> Any:
    desk.box.clock.tick(30)
    state = await desk.feeds.state(remote.removeprefix("feed:"))
    assert state is not None
    return state


@pytest.mark.parametrize("zipped", ["always", "never"])
async def test_a_feed_goes_out_and_its_result_comes_back(zipped: str) -> None:
    """Its document goes to an address of its own without a token, or the sandbox would refuse it; the result may be gzip."""
    with order_box(zipped_documents=zipped) as box:
        desk = Desk(box)
        remote = await desk.feeds.submit(cancellation(ONE))
        state = await desk.feeds.state(remote.removeprefix("feed:"))
        assert state is not None
        assert not state.is_over
        state = await ended(desk, remote)
        assert (state.status, state.received) == ("PROCESSED", 1)
        assert failure_of(state, f"{ORDER}/{ONE}", "") is None
        assert units(box) == {"cancelled": 2}
        await desk.aclose()


async def test_done_is_not_success(desk: Desk) -> None:
    """ERR-1: what the result names has failed, in Amazon's words; the other items have not."""
    remote = await desk.feeds.submit(cancellation(ONE, "99999999"))
    state = await ended(desk, remote)
    assert failure_of(state, f"{ORDER}/{ONE}", "") is None
    failure = failure_of(state, f"{ORDER}/99999999", "")
    assert failure is not None
    assert (failure.reason, "99001" in failure.detail) == (Reason.DATA, True)


async def test_listings_go_as_numbered_messages_and_an_unknown_sku_waits_for_its_listing(desk: Desk) -> None:
    """INV-4: DONE, one accepted, one without a listing."""
    desk.box.control("/sandbox/items", items=[{"sku": "S1"}])
    state = await ended(desk, await desk.feeds.submit(numbers("S1", "NOPE")))
    assert failure_of(state, "S1", "listing:x") is None
    failure = failure_of(state, "NOPE", "listing:x")
    assert failure is not None
    assert (failure.reason, failure.waiting_for) == (Reason.MAPPING, "listing:x"), failure.detail


async def test_an_item_is_asked_for_once_it_is_over_and_never_again(desk: Desk) -> None:
    remote = await desk.feeds.submit(cancellation(ONE))
    state = await ended(desk, remote)
    desk.box.faults({"kind": "status", "code": 500})
    assert await desk.feeds.state(remote.removeprefix("feed:")) is state


async def test_a_result_that_cannot_be_read_is_no_success(desk: Desk) -> None:
    """ERR-1: when it stays so, nothing is known, and the item is told again."""
    remote = await desk.feeds.submit(cancellation(ONE))
    desk.box.clock.tick(30)
    desk.box.state()
    desk.box.app.world.database.execute(
        "UPDATE documents SET content = x'00', zipped = 1 WHERE content_type LIKE 'text/plain%'"
    )
    for _ in range(PATIENCE - 1):
        with pytest.raises(RetryError):
            await desk.feeds.state(remote.removeprefix("feed:"))
    state = await desk.feeds.state(remote.removeprefix("feed:"))
    assert state is not None
    failure = failure_of(state, f"{ORDER}/{ONE}", "")
    assert failure is not None
    assert (failure.reason, failure.of_record) == (Reason.TRANSIENT, True)


async def test_a_feed_that_ends_fatal_is_tried_again_later(desk: Desk) -> None:
    desk.box.faults({"kind": "feed_fatal", "limit": 1})
    failure = failure_of(await ended(desk, await desk.feeds.submit(cancellation(ONE))), f"{ORDER}/{ONE}", "")
    assert failure is not None
    assert (failure.reason, failure.of_record) == (Reason.TRANSIENT, True)


async def test_a_file_without_its_columns_is_wrong_and_says_so(desk: Desk) -> None:
    feed = cancellation(ONE)
    wrong = replace(feed, body={COLUMNS: CANCEL_COLUMNS[:2], LINES: feed.body[LINES]})
    failure = failure_of(await ended(desk, await desk.feeds.submit(wrong)), f"{ORDER}/{ONE}", "")
    assert failure is not None
    assert (failure.reason, "90200" in failure.detail) == (Reason.DATA, True)


async def test_a_feed_amazon_does_not_know_has_vanished(desk: Desk) -> None:
    assert await desk.feeds.state("123") is None


async def test_feeds_of_one_kind_and_marketplace_go_together(box: Box) -> None:
    """RATE-1: createFeed is one in two minutes."""
    desk = Desk(box, gather=0.2)
    found = await asyncio.gather(desk.feeds.submit(cancellation(ONE)), desk.feeds.submit(cancellation(TWO, mark="n")))
    assert len(set(found)) == 1
    assert (await ended(desk, found[0])).received == 2
    await desk.aclose()


async def test_the_quota_of_createfeed_is_kept() -> None:
    """RATE-1: as many at once as are published, or one less, then one in two minutes; a listings feed takes from its own as well."""
    with order_box(rate_factor=1) as box:
        desk, sent = Desk(box, rates=AmazonRates()), 0
        while desk.feeds.forecast_seconds(CANCELLATIONS, ["x"]) == 0:
            await desk.feeds.submit(cancellation(ONE, mark=str(sent)))
            sent += 1
        assert sent in (14, 15)
        assert desk.feeds.forecast_seconds(CANCELLATIONS, ["x"]) == pytest.approx(120, abs=3)
        assert desk.feeds.forecast_seconds(LISTINGS, ["x"]) == pytest.approx(120, abs=3)
        await desk.aclose()


# -- lost answers


async def test_a_lost_answer_is_found_again(desk: Desk) -> None:
    """EVT-4: by type, time and number of items, once the only feed of that time is over."""
    desk.box.faults({"kind": "lost", "method": "POST", "path": CREATE, "limit": 1})
    lost = await desk.feeds.submit(cancellation(ONE, TWO))
    assert lost.startswith(f"lost:{CANCELLATIONS}/2/")
    assert await desk.feeds.locate(lost) == ""
    desk.box.clock.tick(30)
    found = await desk.feeds.locate(lost)
    assert found is not None
    assert found.startswith("feed:")
    assert await desk.feeds.locate(lost) == found


async def test_a_lost_feed_that_is_not_on_the_list_never_arrived(desk: Desk) -> None:
    desk.box.faults({"kind": "reset", "method": "POST", "path": CREATE, "limit": 1})
    lost = await desk.feeds.submit(cancellation(ONE))
    assert await desk.feeds.locate(lost) == ""
    desk.box.clock.tick(61)
    assert await desk.feeds.locate(lost) is None


@pytest.mark.parametrize("why", ["another number of items", "not alone", "two of them"])
async def test_a_feed_that_need_not_be_the_lost_one_is_not_taken_for_it(desk: Desk, why: str) -> None:
    """EVT-4: another process's result is never read as ours; what may be told twice is told again."""
    other = Desk(desk.box)
    desk.box.faults({"kind": "reset", "method": "POST", "path": CREATE, "limit": 1})
    lost = await desk.feeds.submit(cancellation(ONE))
    await other.feeds.submit(cancellation(*((ONE, TWO) if why == "another number of items" else (ONE,))))
    if why == "two of them":
        await other.feeds.submit(cancellation(ONE))
    desk.alone = why != "not alone"
    assert await desk.feeds.locate(lost) == "", "it may be on its way"
    desk.box.clock.tick(61)
    assert await desk.feeds.locate(lost) is None
    await other.aclose()


async def test_our_own_feeds_are_not_taken_for_a_lost_one(desk: Desk) -> None:
    desk.box.faults({"kind": "reset", "method": "POST", "path": CREATE, "limit": 1})
    lost = await desk.feeds.submit(cancellation(ONE))
    await desk.feeds.submit(cancellation(TWO))
    desk.box.clock.tick(61)
    assert await desk.feeds.locate(lost) is None


@pytest.mark.parametrize("path", ["/documents$", "/documents/"])
async def test_trouble_with_the_document_is_no_lost_feed(desk: Desk, path: str) -> None:
    """EVT-4: nothing has been begun, so it may be sent again at once."""
    desk.box.faults({"kind": "lost", "method": "POST|PUT", "path": path, "limit": 5})
    with pytest.raises(RetryError):
        await desk.feeds.submit(cancellation(ONE))


async def test_an_address_that_has_expired_is_asked_for_anew(box: Box) -> None:
    with order_box(link_seconds=0) as late:
        desk = Desk(late)
        with pytest.raises(RetryError, match="a new address is needed"):
            await desk.feeds.submit(cancellation(ONE))
        await desk.aclose()


# -- what others sent


async def test_what_is_under_way_is_on_the_list_without_its_items(desk: Desk) -> None:
    """INV-5: Amazon does not tell what is in a feed; after a while it is not ours."""
    other = Desk(desk.box, feeds={**FAST, "patience_hours": 1})
    theirs = (await other.feeds.submit(numbers("S1"))).removeprefix("feed:")
    ours = (await desk.feeds.submit(numbers("S2"))).removeprefix("feed:")
    assert await desk.feeds.unfinished(frozenset({LISTINGS})) == {theirs: None, ours: frozenset({"S2"})}
    desk.box.clock.tick(30)
    assert await desk.feeds.unfinished(frozenset({LISTINGS})) == {}
    await other.aclose()


async def test_a_list_whose_quota_is_used_up_is_read_later() -> None:
    """RATE-1: a worker does not stand still for 45 seconds."""
    with order_box(rate_factor=1) as box:
        desk = Desk(box, rates=AmazonRates())
        with pytest.raises(ThrottledError) as refused:
            await _often(desk, 11)
        assert refused.value.retry_after == pytest.approx(45, abs=1)
        await desk.aclose()


async def _often(desk: Desk, times: int) -> None:
    for _ in range(times):
        await desk.feeds.unfinished(frozenset({LISTINGS}), fresh=True)


async def test_a_feed_that_never_ends_is_given_up(desk: Desk) -> None:
    desk.box.faults({"kind": "feed_stuck", "limit": 1})
    remote = await desk.feeds.submit(cancellation(ONE))
    desk.box.clock.tick(47 * 3600)
    assert await desk.feeds.age_seconds(remote) == 47 * 3600
    desk.box.clock.tick(2 * 3600)
    assert await desk.feeds.age_seconds(remote) is None


def test_what_is_unpacked_has_an_end() -> None:
    """A document that unpacks to more than we take is refused unread."""
    whole = gzip.compress(b"x" * 100_000)
    assert len(unpacked(whole, 100_000)) == 100_000
    with pytest.raises(DataError):
        unpacked(whole, 1000)


def test_settings_say_which_feeds_are_followed_how(box: Box) -> None:
    feeds = settings_of(box).feeds
    assert feeds.ladder_seconds[0] < feeds.lost_after_seconds * 10
    assert feeds.gather_seconds == 20
