"""Feeds over HTTP: a file in, its fate by polling (walmart.md section 10)."""

import random
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.kit.sandbox.faults import CallFaults, faults_of
from connectors.walmart.sandbox import item_rules
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.errors import FEEDS, ApiError
from connectors.walmart.sandbox.feed_files import KINDS, FeedKind, FileError, sku_in
from connectors.walmart.sandbox.feed_store import ERROR, INPROGRESS, SUCCESS, Feed, FeedItem
from connectors.walmart.sandbox.feed_work import UNPUBLISH
from connectors.walmart.sandbox.gate import Passed, invalid, number_of, required
from connectors.walmart.sandbox.item_rules import FeedError
from connectors.walmart.sandbox.multipart import Part, the_file
from connectors.walmart.sandbox.world import World

MAX_PAGE = 50
# Faults of feeds: of one item (each item is a draw), of the whole feed.
FEED_ITEM_ERROR, FEED_ITEM_SYSTEM_ERROR = "feed_item_error", "feed_item_system_error"
FEED_ITEM_TIMEOUT, FEED_ITEM_UNPUBLISHED = "feed_item_timeout", "feed_item_unpublished"
FEED_STUCK, FEED_ERROR = "feed_stuck", "feed_error"
_MARKS = {
    FEED_ITEM_ERROR: item_rules.DATA_ERROR,
    FEED_ITEM_SYSTEM_ERROR: item_rules.SYSTEM_ERROR,
    FEED_ITEM_TIMEOUT: item_rules.TIMEOUT_ERROR,
    FEED_ITEM_UNPUBLISHED: UNPUBLISH,
}
FEED_KINDS = (*_MARKS, FEED_STUCK, FEED_ERROR)


class FeedApi:
    """Handlers over a World."""

    def __init__(self, world: World) -> None:
        self.world = world

    def routes(self) -> list[Route]:
        return [
            Route("/v3/feeds", self.send, methods=["POST"]),
            Route("/v3/feeds", self.list, methods=["GET"]),
            Route("/v3/feeds/{feed_id}", self.status, methods=["GET"]),
        ]

    async def send(self, request: Request) -> Response:
        """Takes the file; whether it is any good shows later."""
        kind = KINDS.get(required(request, "feedType"))
        if kind is None:
            raise invalid("feedType", f"one of {', '.join(KINDS)} is expected")
        passed = self.world.gate.enter(request, kind.operation, "feeds", change=True)
        body = await request.body()
        if len(body) > kind.megabytes * 1024 * 1024:
            text = f"a {kind.name} feed may have {kind.megabytes} MB"
            raise ApiError("REQUEST_ENTITY_TOO_LARGE", text, field="file", component=FEEDS)
        part = the_file(request.headers.get("content-type", ""), body)
        feed = self._accepted(kind, passed, part, request)
        return JSONResponse({"feedId": feed.feed_id}, headers=passed.headers)

    def _accepted(self, kind: FeedKind, passed: Passed, part: Part, request: Request) -> Feed:
        faults, error = faults_of(request.scope), None
        entries: list[Any] = []
        try:
            entries = self.world.feed_work.entries(kind, part.content)
        except FileError as problem:
            error = problem.error
        if error is None and faults.strikes(FEED_ERROR):
            error, entries = FeedError("ERR_PDI_0001", "fault injected: the feed failed", "", "SYSTEM_ERROR"), []
        feed_id = f"{uuid.uuid4().hex.upper()}@{kind.suffix}"
        takes = random.Random(f"{self.world.settings.seed}:{feed_id}").uniform(*self.world.settings.feed_seconds)
        stuck = error is None and faults.strikes(FEED_STUCK)
        node = request.query_params.get("shipNode") or self.world.settings.nodes_of(passed.account.client_id)[0]
        if node not in self.world.settings.nodes_of(passed.account.client_id):
            raise invalid("shipNode", "unknown ship node")
        feed = Feed(
            account=passed.account.client_id,
            feed_id=feed_id,
            kind=kind.name,
            node=node,
            filename=part.filename,
            items=len(entries),
            sent_at=passed.now,
            begins_at=passed.now + takes / 4,
            ends_at=None if stuck else passed.now + takes,
            error=error,
            marks=_drawn(faults, len(entries)),
        )
        items = [FeedItem(position, sku_in(kind, entry)) for position, entry in enumerate(entries)]
        self.world.feeds.add(feed, items, part.content)
        return feed

    async def list(self, request: Request) -> Response:
        """All feeds, newest first, or the one asked for."""
        passed = self.world.gate.enter(request, "feed_status", "feeds")
        limit, offset = number_of(request, "limit", 1, MAX_PAGE, MAX_PAGE), number_of(request, "offset", 0, 10**9, 0)
        account, wanted = passed.account.client_id, request.query_params.get("feedId")
        if wanted is None:
            total, page = self.world.feeds.count(account), self.world.feeds.page(account, limit, offset)
        else:
            one = self.world.feeds.get(account, wanted)
            page = [one] if one is not None else []
            total = len(page)
        rows = [self._listed(passed, feed) for feed in page]
        body = {"totalResults": total, "offset": offset, "limit": limit, "results": {"feed": rows}}
        return JSONResponse(body, headers=passed.headers)

    async def status(self, request: Request) -> Response:
        """One feed; its items only with includeDetails=true."""
        passed = self.world.gate.enter(request, "feed_status", "feeds")
        limit, offset = number_of(request, "limit", 1, MAX_PAGE, MAX_PAGE), number_of(request, "offset", 0, 10**9, 0)
        feed = self.world.feeds.get(passed.account.client_id, request.path_params["feed_id"])
        if feed is None:
            raise ApiError("CONTENT_NOT_FOUND", "no such feed", field="feedId", component=FEEDS)
        detailed = request.query_params.get("includeDetails") == "true"
        items = self.world.feeds.items(feed, limit, offset) if detailed else []
        status = feed.status(passed.now)
        body: Json = {
            "feedId": feed.feed_id,
            "feedStatus": status,
            "feedSubmissionDate": int(feed.sent_at * 1000),
            **_counts(self.world, feed),
            "offset": offset,
            "limit": limit,
            "itemDetails": {"itemIngestionStatus": [_shown_item(item) for item in items]},
        }
        if status == ERROR and feed.error is not None:
            body["ingestionErrors"] = {"ingestionError": [feed.error.as_json()]}
        return JSONResponse(body, headers=passed.headers)

    def _listed(self, passed: Passed, feed: Feed) -> Json:
        return {**listed(self.world, feed, passed.now), "partnerId": passed.account.partner_id}


def listed(world: World, feed: Feed, now: float) -> Json:
    """A feed as the list shows it."""
    tally = world.feeds.tally(feed)
    return {
        "feedId": feed.feed_id,
        "feedSource": "SELLER",
        "feedType": feed.kind,
        **_counts(world, feed, tally),
        "feedStatus": feed.status(now),
        "feedDate": int(feed.sent_at * 1000),
        "modifiedDtm": int((feed.modified if feed.done else feed.sent_at) * 1000),
        "fileName": feed.filename or f"{feed.feed_id}.json",
        "itemDataErrorCount": tally.get(item_rules.DATA_ERROR, 0),
        "itemSystemErrorCount": tally.get(item_rules.SYSTEM_ERROR, 0),
        "itemTimeoutErrorCount": tally.get(item_rules.TIMEOUT_ERROR, 0),
    }


def _counts(world: World, feed: Feed, tally: dict[str, int] | None = None) -> Json:
    tally = world.feeds.tally(feed) if tally is None else tally
    good, waiting = tally.get(SUCCESS, 0), tally.get(INPROGRESS, 0)
    failed = feed.items - good - waiting
    return {
        "itemsReceived": feed.items,
        "itemsSucceeded": good,
        "itemsFailed": failed,
        "itemsProcessing": waiting,
    }


def _drawn(faults: CallFaults, count: int) -> tuple[tuple[int, str], ...]:
    """What befalls each item, by its place; at most one thing."""
    marks: dict[int, str] = {}
    for position in range(count):
        for fault, mark in _MARKS.items():
            if position not in marks and faults.strikes(fault):
                marks[position] = mark
    return tuple(marks.items())


def _shown_item(item: FeedItem) -> Json:
    shown: Json = {"martId": 0, "sku": item.sku}
    if item.wpid:
        shown["wpid"] = item.wpid
    shown |= {"index": item.position, "ingestionStatus": item.status}
    if item.errors:
        shown["ingestionErrors"] = {"ingestionError": [error.as_json() for error in item.errors]}
    return shown
