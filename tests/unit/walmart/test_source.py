"""ORD-1: no order is missed when pages shift, orders appear late, cursors go round, or the reader dies between two pages."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit import exact_json
from connectors.kit.budget import Budget
from connectors.kit.errors import ConnectorError, DataError, TransientError
from connectors.kit.ports import Page
from connectors.kit.rate import Priority
from connectors.walmart.source import WalmartOrders
from tests.contract.recordings import recorded
from tests.unit.walmart.fake import ACCOUNT, NOW, Fake, gateway, in_turn, reply, settings_with
from tests.unit.walmart.listing import Listed, Listing, fake_of, some

SECOND = timedelta(seconds=1)


def source_of(fake: Fake) -> WalmartOrders:
    return WalmartOrders(fake.settings, "main", fake.client, fake.now)


async def all_of(pages: AsyncIterator[Page]) -> list[Page]:
    return [page async for page in pages]


def ids_in(pages: list[Page]) -> list[str]:
    return [item.key.rpartition(":")[2] for page in pages for item in page.items]


async def read(listing: Listing, position: str = "", **more: Any) -> list[Page]:
    return await all_of(source_of(fake_of(listing, **more)).pages(position))


async def test_a_first_poll_reads_all_pages_to_now() -> None:
    pages = await read(Listing(some(5)))
    assert ids_in(pages) == ["1000", "1001", "1002", "1003", "1004"]
    assert [page.last for page in pages] == [False, False, True]
    assert [page.read_until for page in pages] == [None, None, NOW]


async def test_the_query_asks_for_all_that_changed_however_old_the_order_is() -> None:
    """Without createdStartDate Walmart lists only orders created in the last seven days."""
    listing = Listing()
    await read(listing)
    (query,) = listing.queries
    assert query == {
        "lastModifiedStartDate": "2026-11-13T12:00:00Z",
        "lastModifiedEndDate": "2026-11-20T12:00:00Z",
        "createdStartDate": "2026-05-25T12:00:00Z",
        "shipNodeType": "SellerFulfilled",
        "replacementInfo": "true",
        "limit": "2",
    }


async def test_the_next_poll_reads_the_overlap_again() -> None:
    listing = Listing(some(1))
    pages = await read(listing)
    fake = fake_of(listing)
    fake.clock = 600
    again = await all_of(source_of(fake).pages(pages[-1].position))
    assert listing.queries[-1]["lastModifiedStartDate"] == "2026-11-20T11:00:00Z"
    assert listing.queries[-1]["lastModifiedEndDate"] == "2026-11-20T12:10:00Z"
    assert ids_in(again) == ["1000"]
    assert again[-1].read_until == NOW + timedelta(seconds=600)


async def test_an_order_that_appears_late_is_found_by_the_overlap() -> None:
    listing = Listing(some(1))
    pages = await read(listing)
    listing.orders.append(Listed("late", NOW - timedelta(minutes=50)))
    fake = fake_of(listing)
    fake.clock = 1
    assert "late" in ids_in(await all_of(source_of(fake).pages(pages[-1].position)))


async def test_a_very_late_order_is_found_by_the_wide_look_back() -> None:
    listing = Listing()
    position = (await read(listing))[-1].position
    listing.orders.append(Listed("late", NOW - timedelta(hours=20)))
    fake, found = fake_of(listing, wide_every_polls=3), []
    for _ in range(3):
        fake.clock += 600
        pages = await all_of(source_of(fake).pages(position))
        position = pages[-1].position
        found.append(ids_in(pages))
    assert found == [[], [], ["late"]]


async def test_a_reader_that_dies_after_any_page_goes_on_from_its_position() -> None:
    """At most a page is repeated, none is skipped."""
    listing = Listing(some(9))
    whole = await read(listing)
    for number, page in enumerate(whole[:-1]):
        rest = await read(listing, page.position)
        assert set(ids_in(whole[: number + 1])) | set(ids_in(rest)) == set(ids_in(whole))
        assert rest[-1].read_until == NOW


async def test_an_order_that_leaves_between_two_pages_hides_no_other() -> None:
    """The pages shift up by one, and 1002 would fall through the gap."""
    listing = Listing(some(6))

    def leave(page: int) -> None:
        if page == 2:
            listing.orders[0].modified = NOW + SECOND

    listing.between = leave
    assert set(ids_in(await read(listing))) == {"1000", "1001", "1002", "1003", "1004", "1005"}


async def test_an_order_that_appears_between_two_pages_is_found_in_the_same_poll() -> None:
    listing = Listing(some(6))

    def appear(page: int) -> None:
        if page == 2:
            listing.orders.append(Listed("0999", NOW - timedelta(minutes=59)))

    listing.between = appear
    assert "0999" in ids_in(await read(listing))


async def test_a_page_cut_short_is_noticed_by_its_count() -> None:
    short = {"list": {"meta": {"totalCount": 2}, "elements": {"order": [{"purchaseOrderId": "1"}]}}}
    one = {"list": {"meta": {"totalCount": 1}, "elements": {"order": [{"purchaseOrderId": "1"}]}}}
    two = {"list": {"meta": {"totalCount": 1}, "elements": {"order": [{"purchaseOrderId": "2"}]}}}
    fake = Fake(in_turn(reply(200, short), reply(200, one), reply(200, two)), settings_with(horizon_seconds=0))
    assert set(ids_in(await all_of(source_of(fake).pages("")))) == {"1", "2"}


async def test_a_window_that_holds_too_many_is_halved_until_it_fits() -> None:
    """The result cap: 10,000 orders of one query."""
    listing = Listing(some(40, ago=timedelta(days=2), apart=timedelta(hours=1)), cap=10)
    pages = await read(listing, result_cap=10)
    assert set(ids_in(pages)) == {one.order_id for one in listing.orders}
    times = [page.read_until for page in pages if page.read_until is not None]
    assert times == sorted(times)
    assert times[-1] == NOW


async def test_a_cap_the_list_enforces_by_refusing_is_halved_too() -> None:
    listing = Listing(some(40, ago=timedelta(days=2), apart=timedelta(hours=1)), cap=10)
    assert set(ids_in(await read(listing))) == {one.order_id for one in listing.orders}


async def test_more_than_the_cap_in_one_second_cannot_be_split_and_says_so() -> None:
    listing = Listing(some(20, apart=timedelta()))
    with pytest.raises(DataError, match="cannot be split further"):
        await read(listing, result_cap=10)


async def test_each_ship_node_type_is_a_pass_of_its_own() -> None:
    """ORD-10: or Walmart-fulfilled orders never appear."""
    listing = Listing([*some(3), Listed("wfs", NOW - SECOND, "WFSFulfilled")])
    account = ACCOUNT.model_copy(update={"node_types": ("SellerFulfilled", "WFSFulfilled")})
    pages = await read(listing, accounts={"main": account})
    assert ids_in(pages) == ["1000", "1001", "1002", "wfs"]
    assert [page.read_until for page in pages] == [None, None, NOW]


async def test_a_cursor_that_goes_round_ends_and_everything_is_read_in_smaller_windows() -> None:
    listing = Listing(some(5, ago=timedelta(hours=5), apart=timedelta(hours=1)), circle=True)
    pages = await read(listing)
    assert set(ids_in(pages)) == {one.order_id for one in listing.orders}
    assert listing.asked < 50


async def test_a_cursor_that_goes_round_in_a_single_second_is_an_error_one_sees() -> None:
    listing = Listing(some(5, apart=timedelta()), circle=True)
    with pytest.raises(TransientError, match="leads back to a page that was read before"):
        await read(listing)


async def test_a_cursor_too_old_to_be_taken_begins_its_window_anew() -> None:
    listing = Listing(some(2))
    position = {"v": 1, "poll": 1, "read_until": "2026-11-20T10:00:00Z", "pass": {
        "from": "2026-11-20T10:00:00Z", "to": "2026-11-20T12:00:00Z", "goal": "2026-11-20T12:00:00Z",
        "node": "SellerFulfilled", "cursor": "?poIndex=2", "read": 2, "total": 4, "again": 0,
    }}  # fmt: skip
    listing.refuse_cursors = True
    pages = await read(listing, json.dumps(position))
    assert ids_in(pages) == ["1000", "1001"]


async def test_after_a_long_pass_the_poll_goes_on_to_now_at_once() -> None:
    listing = Listing(some(4))
    fake = fake_of(listing)

    def slow(page: int) -> None:
        if page == 2:
            fake.clock = 3600
            listing.orders.append(Listed("new", NOW + timedelta(minutes=30)))

    listing.between = slow
    pages = await all_of(source_of(fake).pages(""))
    assert "new" in ids_in(pages)
    assert pages[-1].read_until == NOW + timedelta(hours=1)
    assert [page.last for page in pages].index(True) == len(pages) - 1


async def test_polled_twice_in_one_second_there_is_nothing_to_read() -> None:
    listing = Listing()
    more: dict[str, Any] = {"overlap_minutes": 0, "wide_every_polls": 0}
    position = (await read(listing, **more))[-1].position
    (page,) = await read(listing, position, **more)
    assert (page.items, page.position, page.last, page.read_until) == ((), position, True, NOW)
    assert listing.asked == 1


async def test_elements_that_are_no_orders_are_problems_and_the_rest_goes_on() -> None:
    """SEC-5: visible as dead letters."""
    elements = [
        {"purchaseOrderId": "1"},
        "junk",
        {"no": "id"},
        {"purchaseOrderId": 2},
        None,
        {"purchaseOrderId": "x/y"},
        {"purchaseOrderId": ""},
    ]
    body = {"list": {"meta": {"totalCount": len(elements)}, "elements": {"order": elements}}}
    (page,) = await all_of(source_of(Fake(in_turn(reply(200, body)), settings_with(horizon_seconds=0))).pages(""))
    assert ids_in([page]) == ["1", "2"]
    assert len({problem.key for problem in page.problems}) == 5
    assert all(problem.key.startswith("walmart:main:unreadable-") for problem in page.problems)
    assert page.problems[0].payload == b'"junk"'


async def test_every_digit_of_the_payload_survives() -> None:
    """ORD-2: as received."""
    raw = b'{"list":{"meta":{"totalCount":1},"elements":{"order":[{"purchaseOrderId":"1","a":10.10,"b":0.1,"c":12345678901234567890.5}]}}}'
    fake = Fake(lambda request: reply(200, exact_json.loads(raw)), settings_with())
    (page,) = await all_of(source_of(fake).pages(""))
    assert page.items[0].payload == b'{"purchaseOrderId":"1","a":10.10,"b":0.1,"c":12345678901234567890.5}'


async def test_the_version_is_the_orders_newest_change() -> None:
    fake = Fake(
        in_turn(reply(200, {"list": {"meta": {}, "elements": {"order": [recorded("walmart", "order_plain").order]}}}))
    )
    (page,) = await all_of(source_of(fake).pages(""))
    assert page.items[0].version == 1763544247000


async def test_resync_reads_from_a_moment_on_and_says_nothing_of_the_flow() -> None:
    """REC-3."""
    listing = Listing(some(5, ago=timedelta(days=100), apart=timedelta(days=20)))
    pages = await all_of(source_of(fake_of(listing)).resync(NOW - timedelta(days=50)))
    assert ids_in(pages) == ["1003", "1004"]
    assert pages[-1].last


async def test_a_resync_lets_polls_go_first_when_quota_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """EVT-5: bulk never delays critical; what a priority does is proven in tests/unit/kit/test_rate.py."""
    asked: list[Priority] = []

    async def take(budget: Budget, operation: str, priority: Priority = Priority.ORDERS) -> float:
        if operation == "list_orders":
            asked.append(priority)
        return 0.0

    monkeypatch.setattr(Budget, "take", take)
    source = source_of(fake_of(Listing(some(3))))
    await all_of(source.resync(NOW - timedelta(days=1)))
    await all_of(source.pages(""))
    assert asked == [Priority.REPORTS, Priority.REPORTS, Priority.ORDERS, Priority.ORDERS]


async def test_resync_further_back_than_walmart_lists_begins_where_it_does() -> None:
    listing = Listing()
    await all_of(source_of(fake_of(listing)).resync(NOW - timedelta(days=1000)))
    assert listing.queries[0]["lastModifiedStartDate"] == "2026-05-25T12:00:00Z"


async def test_fetch_brings_just_these_and_names_those_there_are_none_of() -> None:
    listing = Listing(some(3))
    pages = await all_of(source_of(fake_of(listing)).fetch(["1001", "777", "../x"]))
    assert ids_in(pages) == ["1001"]
    assert [problem.key for page in pages for problem in page.problems] == ["walmart:main:777", "walmart:main:../x"]
    assert [page.last for page in pages] == [False, False, True]


async def test_what_the_client_raises_comes_through() -> None:
    with pytest.raises(ConnectorError):
        await all_of(source_of(Fake(in_turn(gateway(403, "FORBIDDEN")))).pages(""))


async def test_a_request_walmart_refuses_for_good_is_not_asked_for_ever() -> None:
    fake = Fake(in_turn(gateway(400, "MISSING_REQUEST_HEADER")))
    with pytest.raises(DataError, match="MISSING_REQUEST_HEADER"):
        await all_of(source_of(fake).pages(""))
    assert len(fake.requests) < 30


def moved(listing: Listing, fake: Fake, moves: list[tuple[int, int]], kind: str) -> None:
    """Before the page of that number the order of that place leaves the window, or one appears late."""

    def move(page: int) -> None:
        for which in [which for at, which in moves if at == page]:
            if kind == "appear":
                listing.orders.append(Listed(f"{which:04}-{page}", NOW - timedelta(minutes=30, seconds=which)))
            elif which < len(listing.orders):
                listing.orders[which].modified = NOW + timedelta(seconds=fake.clock + 1)

    listing.between = move


async def seen_in_two_polls(listing: Listing, fake: Fake) -> set[str]:
    seen: set[str] = set()
    position = ""
    for _ in range(2):
        pages = await all_of(source_of(fake).pages(position))
        seen |= set(ids_in(pages))
        position = pages[-1].position
        listing.between = lambda page: None
        fake.clock += 600
    return seen


some_moves = st.lists(st.tuples(st.integers(1, 25), st.integers(0, 11)), max_size=12)


@settings(max_examples=60, deadline=None)
@given(some_moves, st.integers(1, 4), st.integers(0, 12))
async def test_whatever_leaves_while_we_read_counting_alone_finds_every_order(
    moves: list[tuple[int, int]], page_size: int, count: int
) -> None:
    """ORD-1, by property, without any overlap: what leaves shifts the pages, and nothing falls through."""
    listing = Listing(some(count, ago=timedelta(minutes=50)))
    fake = fake_of(listing, page_size=page_size, overlap_minutes=0, wide_every_polls=0)
    moved(listing, fake, moves, "leave")
    assert await seen_in_two_polls(listing, fake) == {one.order_id for one in listing.orders}


@settings(max_examples=60, deadline=None)
@given(some_moves, st.integers(1, 4), st.integers(0, 12), st.booleans())
async def test_whatever_appears_late_while_we_read_the_overlap_finds(
    moves: list[tuple[int, int]], page_size: int, count: int, counts: bool
) -> None:
    """ORD-1, by property: late orders, also where the list does not say how many it holds."""
    listing = Listing(some(count, ago=timedelta(minutes=50)), counts=counts)
    fake = fake_of(listing, page_size=page_size)
    moved(listing, fake, moves, "appear")
    assert await seen_in_two_polls(listing, fake) == {one.order_id for one in listing.orders}
