"""A Walmart whose order list is alive: orders come and change between the pages, and the pages shift as the real ones do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from connectors.kit.cursor import from_text
from tests.unit.walmart.fake import NOW, Fake, gateway, reply, settings_with


@dataclass
class Listed:
    """One order of the list: when it was last changed, where it ships from."""

    order_id: str
    modified: datetime
    node: str = "SellerFulfilled"

    @property
    def body(self) -> dict[str, Any]:
        return {"purchaseOrderId": self.order_id, "orderDate": int(self.modified.timestamp() * 1000)}


@dataclass
class Listing:
    """`between` is called before each page is made, with the number of the page; `cap`: most matches of one query."""

    orders: list[Listed] = field(default_factory=list)
    between: Callable[[int], None] = lambda page: None
    cap: int = 10_000
    counts: bool = True
    asked: int = 0
    queries: list[dict[str, str]] = field(default_factory=list)
    circle: bool = False
    refuse_cursors: bool = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        order_id = request.url.path.removeprefix("/v3/orders").strip("/")
        if order_id:
            found = [one for one in self.orders if one.order_id == order_id]
            return reply(200, {"order": found[0].body}) if found else gateway(404, "CONTENT_NOT_FOUND")
        self.asked += 1
        self.between(self.asked)
        query = dict(parse_qsl(request.url.query.decode()))
        if "poIndex" in query and self.refuse_cursors:
            return gateway(400, "INVALID_REQUEST_PARAM")
        self.queries.append(query)
        return self._page(query)

    def _page(self, query: dict[str, str]) -> httpx.Response:
        start = from_text(query["lastModifiedStartDate"], "start")
        end = from_text(query["lastModifiedEndDate"], "end")
        matching = sorted(
            (one for one in self.orders if start <= one.modified <= end and one.node == query["shipNodeType"]),
            key=lambda one: one.order_id,
        )
        if len(matching) > self.cap:
            return gateway(400, "INVALID_REQUEST")
        offset, limit = int(query.get("poIndex", 0)), int(query["limit"])
        shown = matching[offset : offset + limit]
        meta: dict[str, Any] = {"limit": limit}
        if self.counts:
            meta["totalCount"] = len(matching)
        if offset + limit < len(matching):
            following = offset if self.circle else offset + limit
            meta["nextCursor"] = "?" + urlencode({**query, "poIndex": following})
        return reply(200, {"list": {"meta": meta, "elements": {"order": [one.body for one in shown]}}})


def some(count: int, *, ago: timedelta = timedelta(hours=1), apart: timedelta = timedelta(seconds=1)) -> list[Listed]:
    """That many orders, the oldest changed `ago`, each a little later."""
    return [Listed(f"{1000 + n}", NOW - ago + n * apart) for n in range(count)]


def fake_of(listing: Listing, **settings: Any) -> Fake:
    return Fake(listing, settings_with(**{"page_size": 2, "horizon_seconds": 0, **settings}))
