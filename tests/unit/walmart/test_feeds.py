"""Feeds as calls: one part named `file`, ids encoded, details by pages, and how a lost one is found (walmart.md section 10)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from connectors.kit.errors import ConnectorError, ThrottledError, TransientError
from connectors.kit.feed_results import failure_of
from connectors.kit.feeds import Feed, Lost
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.kit.rereading import PATIENCE
from connectors.walmart.feeds import WalmartFeeds, is_it
from schemas.reasons import Reason
from tests.unit.damage import REMOVED, damaged
from tests.unit.walmart.fake import NOW, Fake, Script, gateway, reply, settings_with

DAY = 86_400.0
NOW_MS = int(NOW.timestamp() * 1000)
ID = "F129C192@AU8BAQA"


def a_feed(count: int = 2, kind: str = "inventory") -> Feed:
    skus = [f"S{n}" for n in range(count)]
    return Feed(kind, {"InventoryHeader": {"version": "1.4"}, "Inventory": skus}, skus, "mark-1", Priority.STOCK)


def feeds_of(script: Script, **changes: Any) -> tuple[WalmartFeeds, Fake]:
    fake = Fake(script, settings_with(attempts=1, **changes))
    return WalmartFeeds(fake.client, fake.now, lost_after_seconds=60, list_seconds=5, patience_seconds=DAY), fake


def listed(*feeds: dict[str, Any]) -> httpx.Response:
    return reply(200, {"totalResults": len(feeds), "results": {"feed": list(feeds)}})


def one(**changes: Any) -> dict[str, Any]:
    plain = {
        "feedId": ID, "feedType": "inventory", "itemsReceived": 2, "feedStatus": "INPROGRESS", "feedDate": NOW_MS,
        "fileName": "mark-1.json",
    }  # fmt: skip
    return {name: value for name, value in {**plain, **changes}.items() if value is not None}


def details(start: int, count: int, total: int, status: str = "PROCESSED") -> httpx.Response:
    items = [{"sku": f"S{n}", "index": n, "ingestionStatus": "SUCCESS"} for n in range(start, start + count)]
    body = {"feedId": ID, "feedStatus": status, "itemsReceived": total, "itemDetails": {"itemIngestionStatus": items}}
    return reply(200, body)


async def test_a_feed_is_one_part_named_file() -> None:
    feeds, fake = feeds_of(lambda request: reply(200, {"feedId": ID}))
    assert await feeds.submit(a_feed()) == f"feed:{ID}"
    (request,) = fake.requests
    assert fake.paths == ["/v3/feeds?feedType=inventory"]
    kind = request.headers["content-type"]
    assert kind.startswith("multipart/form-data; boundary=")
    parts = request.content.split(b"--" + kind.partition("boundary=")[2].encode())
    assert len(parts) == 3  # nothing before, one part, the end
    head, _, body = parts[1].strip().partition(b"\r\n\r\n")
    assert b'name="file"; filename="mark-1.json"' in head
    assert json.loads(body) == a_feed().body


async def test_details_are_read_by_pages_of_fifty_with_the_id_encoded_and_only_once() -> None:
    pages = {0: details(0, 50, 120), 50: details(50, 50, 120), 100: details(100, 20, 120)}
    feeds, fake = feeds_of(lambda request: pages[int(request.url.params["offset"])])
    state = await feeds.state(ID)
    assert state is not None
    assert len(state.items) == 120
    assert fake.paths[0] == "/v3/feeds/F129C192%40AU8BAQA?includeDetails=true&offset=0&limit=50"
    assert await feeds.state(ID) is state
    assert len(fake.requests) == 3  # a feed that is over does not change


async def test_pages_shorter_than_asked_for_and_details_that_end_early_come_to_an_end() -> None:
    pages = {0: details(0, 20, 50), 20: details(20, 20, 50), 40: details(40, 0, 50)}
    feeds, _ = feeds_of(lambda request: pages[int(request.url.params["offset"])])
    state = await feeds.state(ID)
    assert state is not None
    assert len(state.items) == 40  # ten are not named; that is told for each of them


WHOLE = {
    "feedId": ID, "feedStatus": "PROCESSED", "itemsReceived": 2, "itemDetails": {"itemIngestionStatus": [
        {"sku": "S0", "index": 0, "ingestionStatus": "SUCCESS"}, {"sku": "S1", "index": 1, "ingestionStatus": "DATA_ERROR"}]},
}  # fmt: skip
DAMAGES = [
    ("feedId", REMOVED), ("feedId", ["F"]), ("itemsReceived", REMOVED), ("itemsReceived", "two"), ("itemDetails", REMOVED), ("itemDetails", None),
    ("itemDetails", "two"), ("itemDetails", {}), ("itemDetails.itemIngestionStatus", None), ("itemDetails.itemIngestionStatus", "S0"),
    ("itemDetails.itemIngestionStatus", {"value": 3}), ("itemDetails.itemIngestionStatus.0", "S0"),
    ("itemDetails.itemIngestionStatus.0.sku", REMOVED), ("itemDetails.itemIngestionStatus.0.sku", []),
    ("itemDetails.itemIngestionStatus.1.ingestionStatus", None), ("itemDetails.itemIngestionStatus.1.ingestionErrors", 3),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), DAMAGES)
async def test_a_damaged_result_is_asked_for_again(path: str, value: Any) -> None:
    """ERR-1, ERR-2: an item whose result is missing by damage is no fault of the item."""
    answers = [reply(200, damaged(WHOLE, path, value)), reply(200, WHOLE)]
    feeds, _ = feeds_of(lambda request: answers.pop(0))
    with pytest.raises(TransientError):
        await feeds.state(ID)
    state = await feeds.state(ID)
    assert state is not None
    assert {sku: item.status for sku, item in state.items.items()} == {"S0": "SUCCESS", "S1": "DATA_ERROR"}


async def test_a_damaged_page_of_a_long_result_is_asked_for_again() -> None:
    broken = True

    def script(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        return reply(200, {"feedId": ID}) if broken and offset == 50 else details(offset, min(50, 120 - offset), 120)

    feeds, _ = feeds_of(script)
    with pytest.raises(TransientError):
        await feeds.state(ID)
    broken = False
    state = await feeds.state(ID)
    assert state is not None
    assert len(state.items) == 120


async def test_a_result_that_stays_damaged_says_nothing_of_its_items() -> None:
    """ERR-1: neither success nor a fault of the record: each is sent again."""
    feeds, _ = feeds_of(lambda request: reply(200, damaged(WHOLE, "itemDetails.itemIngestionStatus.0.sku", REMOVED)))
    for _ in range(PATIENCE - 1):
        with pytest.raises(TransientError):
            await feeds.state(ID)
    state = await feeds.state(ID)
    assert state is not None
    assert state.is_over
    for sku in ("S0", "S1"):
        failure = failure_of(state, sku, "")
        assert failure is not None
        assert (failure.reason, failure.of_record) == (Reason.TRANSIENT, True)


async def test_of_a_feed_that_is_not_over_nothing_is_missed() -> None:
    """ERR-2: its items are told when they are."""
    feeds, _ = feeds_of(lambda request: reply(200, {"feedId": ID, "feedStatus": "RECEIVED"}))
    state = await feeds.state(ID)
    assert state is not None
    assert not state.is_over


@pytest.mark.parametrize("content", [
    None, [], {}, {"results": None}, {"results": []}, {"results": {}}, {"totalResults": 1, "results": {}}, {"results": {"feed": "F"}},
    {"results": {"feed": [3]}}, {"results": {"feed": [{"feedType": "inventory"}]}}, {"results": {"feed": {"value": 3}}},
    {"results": {"feed": [one(fileName=True)]}}, {"results": {"feed": [one(feedSubmissionDate=NOW_MS, feedDate="today")]}},
])  # fmt: skip
async def test_a_damaged_list_of_feeds_is_no_list(content: Any) -> None:
    """EVT-4: a feed that nobody sees would be sent a second time, or let an older number lie over a newer one."""
    feeds, _ = feeds_of(lambda request: reply(200, content))
    with pytest.raises(TransientError):
        await feeds.unfinished(frozenset({"inventory"}))
    with pytest.raises(TransientError):
        await feeds.locate(f"lost:inventory/2/{NOW_MS}/mark-1")


@pytest.mark.parametrize(
    "content", [{"totalResults": 0, "results": {"feed": []}}, {"totalResults": 0, "results": {}}, {"totalResults": 0}]
)
async def test_no_feeds_are_a_list_too(content: Any) -> None:
    feeds, _ = feeds_of(lambda request: reply(200, content))
    assert await feeds.unfinished(frozenset({"inventory"})) == {}


@pytest.mark.parametrize("said", [None, [], {}, {"id": 3}, {"feedId": None}, {"feedId": ["F"]}])
async def test_a_feed_that_was_taken_without_its_id_is_looked_for(said: Any) -> None:
    """EVT-4: it is there, so it is not sent again."""
    feeds, _ = feeds_of(lambda request: reply(200, said) if request.method == "POST" else listed(one()))
    lost = await feeds.submit(a_feed())
    assert lost.startswith("lost:inventory/2/")
    assert await feeds.locate(lost) == f"feed:{ID}"


async def test_a_feed_walmart_does_not_know_has_vanished() -> None:
    feeds, _ = feeds_of(lambda request: gateway(404, "CONTENT_NOT_FOUND"))
    assert await feeds.state(ID) is None
    assert await feeds.age_seconds(f"feed:{ID}") is None


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (one(), True),
        (one(fileName="other.json"), False),  # somebody else's of the same size and time
        (one(feedType="price"), False),
        (one(fileName="mark-1.json", itemsReceived=0), True),  # the name decides, not the count
        (one(fileName=None), True),
        (one(fileName=f"{ID}.json"), True),  # Walmart's own name for it: type, count and time decide
        (one(fileName=None, itemsReceived=3), False),
        (one(fileName=None, feedDate=NOW_MS - 600_000), False),
        (one(fileName=None, feedDate=None), False),
    ],
)
def test_a_lost_feed_is_known_by_its_mark_or_by_type_count_and_time(entry: dict[str, Any], found: bool) -> None:
    assert is_it(Reader(entry), Lost("inventory", 2, NOW_MS, "mark-1")) is found


async def test_a_lost_answer_is_looked_for_until_it_has_certainly_not_arrived() -> None:
    """EVT-4: never sent again before that is known."""
    held: list[dict[str, Any]] = []

    def script(request: httpx.Request) -> httpx.Response | Exception:
        return httpx.ReadTimeout("") if request.method == "POST" else listed(*held)

    feeds, fake = feeds_of(script)
    lost = await feeds.submit(a_feed())
    assert lost == f"lost:inventory/2/{NOW_MS}/mark-1"
    assert (await feeds.locate(lost), await feeds.age_seconds(lost)) == ("", 0)
    fake.clock += 59
    assert await feeds.locate(lost) == ""
    fake.clock += 2
    assert (await feeds.locate(lost), await feeds.age_seconds(lost)) == (None, None)
    held.append(one())
    assert await feeds.locate(lost) == f"feed:{ID}"
    held.clear()
    assert await feeds.locate(lost) == f"feed:{ID}"  # once found it stays found


async def test_a_feed_that_was_refused_certainly_has_not_arrived() -> None:
    for answer in (
        gateway(429, "REQUEST_THRESHOLD_VIOLATED"),
        httpx.ConnectError("refused"),
        gateway(400, "INVALID_REQUEST"),
    ):
        feeds, _ = feeds_of(lambda request, answer=answer: answer)  # type: ignore[misc]
        with pytest.raises(ConnectorError) as caught:
            await feeds.submit(a_feed())
        assert isinstance(caught.value, ThrottledError) is (getattr(answer, "status_code", 0) == 429)


async def test_what_others_sent_and_is_not_over_is_known_with_its_skus() -> None:
    """INV-5: the list is read at most once in five seconds, the SKUs of a feed once."""
    entries = [
        one(feedId="A", itemsReceived=2),
        one(feedId="B", feedStatus="PROCESSED"),
        one(feedId="C", feedType="price"),
    ]
    entries.append(one(feedId="D", itemsReceived=2))

    def script(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/feeds":
            return listed(*entries)
        return details(0, 2, 2, "INPROGRESS") if request.url.path.endswith("/A") else details(0, 0, 2, "RECEIVED")

    feeds, fake = feeds_of(script)
    expected = {"A": frozenset({"S0", "S1"}), "D": None}  # None: Walmart does not tell yet
    assert await feeds.unfinished(frozenset({"inventory", "MP_INVENTORY"})) == expected
    assert await feeds.unfinished(frozenset({"inventory"})) == expected
    lists = [path for path in fake.paths if path.startswith("/v3/feeds?")]
    assert len(lists) == 1
    assert len([path for path in fake.paths if path.startswith("/v3/feeds/A")]) == 1
    fake.clock += 6
    entries.clear()
    assert await feeds.unfinished(frozenset({"inventory"})) == {}


@pytest.mark.parametrize("told", [True, False])
async def test_a_feed_that_is_not_over_in_time_blocks_nothing_any_more(
    told: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """EVT-4: also where Walmart does not tell when it was sent. It is told once."""
    entry = one(feedDate=NOW_MS if told else None)

    def script(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/feeds":
            return listed(entry)
        if "true" in request.url.params["includeDetails"]:
            return details(0, 2, 2, "INPROGRESS")
        return reply(200, entry)

    feeds, fake = feeds_of(script)
    kinds = frozenset({"inventory"})
    assert await feeds.unfinished(kinds) == {ID: frozenset({"S0", "S1"})}
    fake.clock += DAY
    assert (len(await feeds.unfinished(kinds)), await feeds.age_seconds(f"feed:{ID}")) == (1, DAY)
    fake.clock += 6
    assert not feeds.was_given_up(ID)
    assert (await feeds.unfinished(kinds), await feeds.age_seconds(f"feed:{ID}")) == ({}, None)
    assert feeds.was_given_up(ID)
    assert caplog.text.count("walmart_feed_given_up") == 1


async def test_a_feed_whose_skus_are_not_told_holds_back_the_whole_account_for_an_hour_only() -> None:
    """INV-1: most likely another tool's. What Walmart does tell of it counts on."""
    entries = [one(feedId="A", feedStatus="RECEIVED", itemsReceived=0), one(feedId="B", itemsReceived=3)]

    def script(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/feeds":
            return listed(*entries)
        if request.url.path.endswith("/A"):
            return details(0, 0, 0, "RECEIVED")
        return details(0, 2, 3, "INPROGRESS") if request.url.params["offset"] == "0" else details(2, 0, 3, "INPROGRESS")

    feeds, fake = feeds_of(script)
    kinds = frozenset({"inventory"})
    assert await feeds.unfinished(kinds) == {"A": None, "B": None}
    fake.clock += 3600
    assert await feeds.unfinished(kinds) == {"A": None, "B": None}
    fake.clock += 6
    assert await feeds.unfinished(kinds) == {"A": frozenset(), "B": frozenset({"S0", "S1"})}


async def test_all_lost_feeds_are_looked_for_in_one_reading_of_the_list() -> None:
    """RATE-1"""
    feeds, fake = feeds_of(lambda request: listed(one()))
    lost = [f"lost:inventory/2/{NOW_MS}/mark-{number}" for number in range(1, 5)]
    found = await feeds.locate_all(lost * 50)
    assert found == {lost[0]: f"feed:{ID}", **dict.fromkeys(lost[1:], "")}
    assert len(fake.requests) == 1
    assert (await feeds.locate_all(lost[:1]), len(fake.requests)) == ({lost[0]: f"feed:{ID}"}, 1)
    assert (await feeds.locate_all([]), len(fake.requests)) == ({}, 1)
