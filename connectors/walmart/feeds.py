"""Walmart's feeds: one file part, named by a mark, on a list that shows the name. What all feeds share is the kit's (`connectors.kit.feeds`).

We name the file by a mark made of what is in it and of the deliveries it brings; the list of feeds shows that name. An answer that was lost is
looked for there by the mark, and where the list shows no names, by feed type, number of items and time. (Sources: model feeds.json; Walmart's
feed guide.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.kit import exact_json
from connectors.kit.calls import File
from connectors.kit.errors import DataError
from connectors.kit.feed_results import FeedState
from connectors.kit.feeds import Feed, Feeds, FeedSettings, Listed, Lost
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, millis_of
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.feed_results import read_items, read_state

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
        feed_id = Reader(content).text("feedId") if isinstance(content, dict) else ""
        if not feed_id:
            raise DataError(f"{answer.asked.operation}: Walmart took the feed but gave no feedId")
        return feed_id

    async def _read(self, feed_id: str, details: bool) -> FeedState | None:
        try:
            found = await self._page(feed_id, 0, details)
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return None
            raise
        state = read_state(found)
        if not details:
            return state
        items = read_items(found)
        # The answer says how many there are; a page may be shorter than we asked for, so what came counts.
        while (seen := len(items)) < state.received:
            more = read_items(await self._page(feed_id, seen, details=True))
            if not more:
                break
            items += more
        return state.with_items(items)

    async def _page(self, feed_id: str, offset: int, details: bool) -> Reader:
        path = f"{FEEDS}/{quote(feed_id, safe='')}?includeDetails={str(details).lower()}&offset={offset}&limit={PAGE}"
        _, content = await self._client.call("feed_status", "GET", path, priority=Priority.STOCK)
        return Reader(content).an_object()

    async def _read_list(self, kinds: frozenset[str], since_ms: int | None) -> Sequence[Listed]:
        path = f"{FEEDS}?offset=0&limit={PAGE}"
        try:
            _, content = await self._client.call("list_feeds", "GET", path, priority=Priority.STOCK)
        except DataError as error:
            if error.code != errors.NOT_FOUND:
                raise
            content = {}
        found = Reader(content).an_object()["results"].children("feed")
        return [Listed(entry.text("feedType"), read_state(entry), entry) for entry in found]

    async def _identified(self, lost: Lost, listed: Sequence[Listed]) -> str | None:
        return next((one.feed_id for one in listed if is_it(one.entry, lost)), None)


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
