"""An Amazon whose order list is alive: orders come and change between the pages, and some are absent from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx

from connectors.kit.cursor import from_text, to_text
from tests.unit.amazon.fake import NOW, Fake, refused, reply, settings_with

PATH = "/orders/2026-01-01/orders"


@dataclass
class Listed:
    """One order: when it was made and last changed. `hidden`: absent from lists, though a call by id finds it."""

    order_id: str
    updated: datetime
    created: datetime = NOW - timedelta(days=1)
    hidden: bool = False

    @property
    def body(self) -> dict[str, Any]:
        return {
            "orderId": self.order_id,
            "createdTime": to_text(self.created),
            "lastUpdatedTime": to_text(self.updated),
        }


@dataclass
class Listing:
    """`between` is called before each page is made, with its number; pages have two orders; `refuse_tokens`: they are too old."""

    orders: list[Listed] = field(default_factory=list)
    between: Callable[[int], None] = lambda page: None
    queries: list[dict[str, str]] = field(default_factory=list)
    got: list[str] = field(default_factory=list)
    refuse_tokens: bool = False
    circle: bool = False
    until: datetime | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        order_id = request.url.path.removeprefix(PATH).strip("/")
        if order_id:
            self.got.append(order_id)
            found = [one for one in self.orders if one.order_id == order_id]
            return reply(200, {"order": {**found[0].body, "whole": True}}) if found else refused(404, "NotFound")
        query = dict(parse_qsl(request.url.query.decode()))
        self.queries.append(query)
        self.between(len(self.queries))
        if "paginationToken" in query and self.refuse_tokens:
            return refused(400, "InvalidInput")
        return self._page(query)

    def _page(self, query: dict[str, str]) -> httpx.Response:
        by = "created" if "createdAfter" in query else "lastUpdated"
        start, end = from_text(query[f"{by}After"], "start"), from_text(query[f"{by}Before"], "end")
        name = "created" if by == "created" else "updated"
        matching = sorted(
            (one for one in self.orders if start <= getattr(one, name) <= end and not one.hidden),
            key=lambda one: (getattr(one, name), one.order_id),
        )
        at = int(query.get("paginationToken", "0"))
        body: dict[str, Any] = {"orders": [one.body for one in matching[at : at + 2]]}
        if len(matching) > at + 2:
            body["pagination"] = {"nextToken": "0" if self.circle else str(at + 2)}
        if self.until is not None:
            body["lastUpdatedBefore"] = to_text(self.until)
        return reply(200, body)


def some(count: int, ago: timedelta = timedelta(hours=5), apart: timedelta = timedelta(seconds=10)) -> list[Listed]:
    return [Listed(f"1-1-{1000 + number}", NOW - ago + number * apart) for number in range(count)]


def fake_of(listing: Listing, **changes: Any) -> Fake:
    return Fake(listing, settings_with(**{"page_size": 2, **changes}))
