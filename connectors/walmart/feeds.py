"""Walmart's feeds: one file part, named by a mark, on a list that shows the name. What all feeds share is the kit's (`connectors.kit.feeds`).

We name the file by a mark made of what is in it and of the deliveries it brings; the list of feeds shows that name. An answer that was lost is
looked for there by the mark, and where the list shows no names, by feed type, number of items and time. (Sources: model feeds.json; Walmart's
feed guide.)

What came damaged says nothing of a feed: it is asked again. One that is over and whose result stays damaged says nothing of its items, and they are
sent again (the kit's `rereading`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.kit import exact_json
from connectors.kit.calls import File, Said
from connectors.kit.errors import DataError
from connectors.kit.feed_results import PROCESSED, SYSTEM_ERROR, FeedState, ItemResult
from connectors.kit.feeds import Feed, Feeds, FeedSettings, Listed, Lost
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, millis_of
from connectors.kit.rereading import DamagedError, Rereading, StaysDamagedError
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient, count_in
from connectors.walmart.feed_results import read_items, read_state, whole_items

logger = logging.getLogger(__name__)

FEEDS = "/v3/feeds"
PAGE = 50  # Walmart's limit for one page of details and of the list
# A feed is looked for from this long before we gave up waiting: a call lasts up to two minutes, and Walmart's clock and ours need not agree.
_BEFORE_MS = 240_000
# Items in one feed: stock as INV-1 says; products and prices as many as Walmart recommends (it takes 10,000).
MOST, MOST_OTHERS = 200, 1000
_MOST = {"MP_ITEM": MOST_OTHERS, "MP_MAINTENANCE": MOST_OTHERS, "price": MOST_OTHERS}


def operation_of(kind: str) -> str:
    """Whose quota a feed of that type takes."""
    return f"submit_{kind.lower()}"


def most_of(kind: str) -> int:
    """How many items a feed of that kind has at most."""
    return _MOST.get(kind, MOST)


class WalmartFeeds(Feeds):
    """The feeds of one account."""

    system: ClassVar[str] = "walmart"
    one_list: ClassVar[bool] = True

    def __init__(self, client: WalmartClient, *args: Any, **more: Any) -> None:
        super().__init__(client, *args, **more)
        self._client = client
        self._rereading = Rereading(self.system)

    def operation(self, kind: str) -> str:
        return operation_of(kind)

    def _most(self, kind: str) -> int:
        return most_of(kind)

    async def _post(self, feed: Feed) -> str:
        file = File(exact_json.dumps(feed.body), f"{feed.mark}.json")
        path = f"{FEEDS}?feedType={quote(feed.kind, safe='')}{feed.query}"
        answer, content = await self._client.call(
            operation_of(feed.kind), "POST", path, file=file, priority=feed.priority
        )
        try:
            return Reader(content).needed_text("feedId")
        except DataError:  # it was taken: it is looked for, and not sent again
            raise answer.asked.left("took the feed but gave no feedId") from None

    async def _read(self, feed_id: str, details: bool) -> FeedState | None:
        try:
            answer, found = await self._page(feed_id, 0, details)
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return None
            raise
        try:
            state = read_state(Reader(found).an_object())
        except DataError as error:
            raise answer.asked.left(f"gave a feed that cannot be read ({error})") from None
        if not details:
            return state
        try:
            items = await self._rereading.read(feed_id, partial(self._items, feed_id, Reader(found), state))
        except StaysDamagedError as error:  # nobody knows what became of them
            logger.warning("walmart_feed_result_unreadable feed=%s error=%s", feed_id, error)
            return replace(state, unnamed=SYSTEM_ERROR if state.status == PROCESSED else "")
        return state.with_items(items)

    async def _items(self, feed_id: str, first: Reader, state: FeedState) -> list[ItemResult]:
        """All items of a feed. The answer says how many there are; a page may be shorter than we asked for, so what came counts. Raises DamagedError
        where something is missing of one that is over."""
        is_over = state.status == PROCESSED
        items = _on_page(first, is_over=is_over)
        if is_over and first["itemsReceived"].missing:
            raise DamagedError("feed: its result does not say how many items it has")
        while (seen := len(items)) < state.received:
            _, content = await self._page(feed_id, seen, details=True)
            more = _on_page(Reader(content), is_over=is_over)
            if not more:
                break
            items += more
        return items

    async def _page(self, feed_id: str, offset: int, details: bool) -> Said:
        path = f"{FEEDS}/{quote(feed_id, safe='')}?includeDetails={str(details).lower()}&offset={offset}&limit={PAGE}"
        return await self._client.call("feed_status", "GET", path, priority=Priority.STOCK)

    async def _read_list(self, kinds: frozenset[str], since_ms: int | None) -> Sequence[Listed]:
        path = f"{FEEDS}?offset=0&limit={PAGE}"
        try:
            answer, content = await self._client.call("list_feeds", "GET", path, priority=Priority.STOCK)
        except DataError as error:
            if error.code != errors.NOT_FOUND:
                raise
            return []
        try:
            return _listed(Reader(content).an_object())
        except DataError as error:
            raise answer.asked.left(f"gave a list that cannot be read ({error})") from None

    async def _identified(self, lost: Lost, listed: Sequence[Listed]) -> str | None:
        return next((one.feed_id for one in listed if is_it(one.entry, lost)), None)


def _on_page(page: Reader, *, is_over: bool) -> list[ItemResult]:
    """Raises DamagedError."""
    try:
        return whole_items(page) if is_over else read_items(page.an_object())
    except DataError as error:
        raise DamagedError(f"feed: its result cannot be read ({error})") from None


def _listed(page: Reader) -> list[Listed]:
    """Raises DataError; also for a list that is missing, unless it says that there are none."""
    found = page["results"]
    if found["feed"].missing and count_in(page["totalResults"].value) != 0:
        raise found["feed"].wrong("a list")
    return [_entry(entry) for entry in found.children("feed")]


def _entry(entry: Reader) -> Listed:
    entry.text("fileName"), entry.time("feedDate")  # a lost feed is known by them
    return Listed(entry.text("feedType"), read_state(entry), entry)


def is_it(entry: Reader, lost: Lost) -> bool:
    """Whether a feed on the list is the one that was sent then. Its file's name decides where the list tells it."""
    if entry.text("feedType") != lost.kind:
        return False
    name = entry.text("fileName")
    if name and (lost.mark in name or not name.startswith(entry.text("feedId"))):
        return lost.mark in name
    received, at = entry.value.get("itemsReceived"), entry.time("feedDate")
    return received == lost.count and at is not None and millis_of(at) >= lost.sent_ms - _BEFORE_MS


def open_feeds(
    open_client: Callable[[str], WalmartClient], settings: FeedSettings, now: Callable[[], datetime], gather_seconds: float = 0
) -> Callable[[str], WalmartFeeds]:  # fmt: skip
    """Makes the feeds of an account as configured. What it gives raises DataError for an account that is not."""

    def opened(account: str) -> WalmartFeeds:
        return WalmartFeeds(
            open_client(account), now, settings.lost_after_seconds, settings.list_seconds, gather_seconds,
            patience_seconds=settings.patience_hours * 3600, follow_seconds=settings.follow_days * 86_400, account=account,
        )  # fmt: skip

    return opened
