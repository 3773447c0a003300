"""The items Walmart has, by SKU with how they are published, from its list: a call for 200, where one by one each would be a call. (Source:
model items.json.)

The cursor of a list stays the same for all its pages and the offset moves, up to 10,000. Whether the list without a filter shows items that are
retired or archived is not published, so those are listed too. A list that gave fewer SKUs than it counts (it was longer than the offset
reaches, or moved while it was read) is not whole: then not being in it says nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlencode

from connectors.kit.errors import DataError, ThrottledError
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient, count_in
from connectors.walmart.items import ITEMS

logger = logging.getLogger(__name__)
LISTS = ("", "ARCHIVED", "RETIRED")  # lifecycleStatus; "" = the list without that filter
PAGE, SMALLER_PAGE = 200, 50  # the model of 2023 allows 50 only
FURTHEST_OFFSET = 10_000
FRESH = timedelta(minutes=10)
LONGEST = timedelta(minutes=30)  # a reading that was begun longer ago is begun anew
TURN = timedelta(seconds=60)  # a worker stands still for a reading so long; the next one goes on where it stopped
_MOST_RESTARTS = 3


@dataclass(slots=True)
class _Pass:
    """A reading under way. began: when; left: lists to read, the first is being read; read: SKUs of that one with their publishedStatus;
    found: of those before it; whole: they had as many SKUs as they count."""

    began: datetime
    left: list[str] = field(default_factory=lambda: list(LISTS))
    cursor: str = "*"
    offset: int = 0
    read: dict[str, str] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)
    whole: bool = True

    def next_list(self, total: int) -> None:
        self.whole = self.whole and len(self.read) >= total
        self.found |= self.read
        del self.left[0]
        self.cursor, self.offset, self.read = "*", 0, {}


class ItemList:
    """Of one account. `now`: the clock, aware UTC. `lock`: held by who reads or asks, so that two do not read the same. `doubted`: SKUs this
    reading is not believed any more that Walmart has none."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.lock = asyncio.Lock()
        self.doubted: set[str] = set()
        self._now = now
        self._limit = PAGE
        self._pass: _Pass | None = None
        self._found: dict[str, str] = {}
        self._sent: dict[str, datetime] = {}
        self._whole = False
        self._read_at: datetime | None = None

    @property
    def is_fresh(self) -> bool:
        return self._read_at is not None and self._now() - self._read_at < FRESH

    def published(self, sku: str) -> str | None:
        """publishedStatus, in capital letters, of an item that was in the list; None of one that was not."""
        return self._found.get(sku)

    def lacks(self, sku: str) -> bool:
        """Whether it is known that Walmart had none, and nothing was sent since the list was begun."""
        return self._whole and sku not in self._found and sku not in self._sent

    def sent(self, skus: Collection[str]) -> None:
        """These may have come to Walmart since the list was read."""
        self._sent.update(dict.fromkeys(skus, self._now()))

    async def read(self, client: WalmartClient) -> None:
        """All of it. Raises ThrottledError when that takes longer than a turn, DataError when Walmart will not list them, else what calls raise."""
        now = self._now()
        ends, restarts, one = now + TURN, 0, self._pass
        if one is None or now - one.began > LONGEST:
            one = _Pass(now)
        while one.left:
            if self._now() >= ends:
                wait = round(client.postpone_seconds("list_items"), 1)
                raise ThrottledError("the list of items is long and its quota is used up", retry_after=wait)
            try:
                await self._page(client, one)
                self._pass = one
            except DataError as error:
                restarts += 1
                self._pass = None
                if restarts > _MOST_RESTARTS:
                    raise
                logger.warning("items_begun_anew", extra={"code": error.code, "offset": one.offset})
                # A cursor may be too old; a first page may have been asked for too much.
                self._limit = self._limit if one.offset else SMALLER_PAGE
                one = _Pass(self._now())
        if not one.whole:
            logger.warning("items_not_whole", extra={"items": len(one.found)})
        self._pass, self._sent = None, {sku: at for sku, at in self._sent.items() if at >= one.began}
        self._found, self._whole, self._read_at = one.found, one.whole, self._now()
        self.doubted.clear()

    async def _page(self, client: WalmartClient, one: _Pass) -> None:
        query = {"nextCursor": one.cursor, "offset": str(one.offset), "limit": str(self._limit)}
        query |= {"lifecycleStatus": one.left[0]} if one.left[0] else {}
        try:
            _, content = await client.call(
                "list_items", "GET", f"{ITEMS}?{urlencode(query)}", priority=Priority.PRODUCTS
            )
        except DataError as error:
            if error.code != errors.NOT_FOUND:
                raise
            one.next_list(len(one.read))  # how Walmart says that there is nothing, or nothing more
            return
        page = Reader(content).an_object()
        found = page.children("ItemResponse")
        total = count_in(page["totalItems"].value)
        if total is None:
            raise page["totalItems"].wrong("a number of items")
        one.read.update((sku, _text(item, "publishedStatus").upper()) for item in found if (sku := _text(item, "sku")))
        one.cursor = page.text("nextCursor") or one.cursor
        one.offset += len(found)
        if not found or one.offset >= total or one.offset > FURTHEST_OFFSET:
            one.next_list(total)


def _text(item: Reader, name: str) -> str:
    value = item.value.get(name) if isinstance(item.value, dict) else None
    return value if isinstance(value, str) else ""
