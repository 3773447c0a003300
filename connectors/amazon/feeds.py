"""Amazon's feeds: a document, a feed over it, its result in another document. What all feeds share is the kit's (`connectors.kit.feeds`).

    createFeedDocument   an address for five minutes; the content goes there without a token, its type as announced
    createFeed           one in two minutes: what comes together goes together
    getFeed              DONE is not success: the result document names what went wrong

A feed has no name of ours. One whose answer was lost is on its way as long as a feed of its type and time is not over. Then it is that one, if
there is just one, with as many items, and no other process of ours sends here; else nobody knows which it was, and it counts as not arrived:
what may be told twice is told again, and what may not (a refund) asks for `suspects` itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient, Query
from connectors.amazon.documents import Documents, damage_of
from connectors.amazon.feed_documents import LISTINGS, content_type, document_of, most_of
from connectors.amazon.feed_results import NOT_OVER, TABLE, Report, read_report, read_state, with_report
from connectors.amazon.rates import CREATE_LISTINGS_FEED
from connectors.amazon.settings import AmazonFeedSettings
from connectors.kit.cursor import to_text
from connectors.kit.errors import DataError, ThrottledError
from connectors.kit.feed_results import FeedState
from connectors.kit.feeds import Feed, Feeds, Listed, Lost
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, millis_of
from connectors.kit.rereading import DamagedError, Rereading

logger = logging.getLogger(__name__)

FEEDS, DOCUMENTS = "/feeds/2021-06-30/feeds", "/feeds/2021-06-30/documents"
PAGE = "100"
_MOST_PAGES = 10
# Before we gave up waiting: a call lasts up to two minutes, and the clocks need not agree. After that: it may have come in late.
_BEFORE_MS, _CLOCKS_APART_MS = 240_000, 120_000


def operation_of(kind: str) -> str:
    """Whose quota a feed of that type takes."""
    return CREATE_LISTINGS_FEED if kind == LISTINGS else "createFeed"


def following(kinds: Collection[str]) -> Priority:
    """How those who ask after feeds of these types stand in line: results are scarce, one in 45 seconds, and what was done to orders comes first."""
    return Priority.STOCK if set(kinds) <= {LISTINGS} else Priority.ORDERS


def marketplaces_of(feed: Feed) -> list[str]:
    """`Feed.query` holds them: feeds of the same marketplaces go together."""
    return feed.query.split(",")


class AmazonFeeds(Feeds):
    """The feeds of one account. `patience`: seconds; a list or a result whose quota takes longer is left to the next turn; `is_alone`: whether no
    other process of ours sends feeds."""

    system: ClassVar[str] = "amazon"
    # Amazon never tells what is in a feed: what is left after the feeds of our own open jobs may be another tool's.
    untold_seconds: ClassVar[float] = 900.0

    def __init__(
        self, client: AmazonClient, documents: Documents, is_alone: Callable[[], bool], patience: float, lost_after_seconds: float, *args: Any,
        **more: Any,
    ) -> None:  # fmt: skip
        super().__init__(client, more.pop("now"), lost_after_seconds, *args, **more)
        self._client = client
        self._documents = documents
        self._rereading = Rereading(self.system)
        self._is_alone = is_alone
        self._list_patience = patience
        self._late_ms = int(lost_after_seconds * 1000) + _CLOCKS_APART_MS

    def operation(self, kind: str) -> str:
        return operation_of(kind)

    def _most(self, kind: str) -> int:
        return most_of(kind)

    async def _post(self, feed: Feed) -> str:
        content, kind = document_of(feed, self._client.account.seller_id), content_type(feed.kind)
        answer, made = await self._client.call(
            "createFeedDocument", "POST", DOCUMENTS, body={"contentType": kind}, priority=feed.priority, repeatable=True
        )
        document = Reader(made if isinstance(made, dict) else {})
        if not document.text("url") or not document.text("feedDocumentId"):
            raise answer.asked.left("gave no document")
        await self._documents.upload(document.text("url"), content, kind)
        body = {
            "feedType": feed.kind, "marketplaceIds": marketplaces_of(feed),
            "inputFeedDocumentId": document.text("feedDocumentId"),
        }  # fmt: skip
        answer, created = await self._client.call(
            operation_of(feed.kind), "POST", FEEDS, body=body, priority=feed.priority
        )
        feed_id = created.get("feedId") if isinstance(created, dict) else None
        if not isinstance(feed_id, str | int) or not str(feed_id).strip():
            raise answer.asked.left("took the feed but gave no feedId")
        return str(feed_id).strip()

    async def _read(self, feed_id: str, details: bool) -> FeedState | None:
        try:
            # Of what type it is says the answer only.
            _, content = await self._client.call("getFeed", "GET", f"{FEEDS}/{quote(feed_id, safe='')}")
        except DataError as error:
            if errors.is_missing(error):
                return None
            raise
        feed = Reader(content).an_object()
        state = read_state(feed)
        return await self._with_result(feed, state) if details and state.is_over else state

    async def _with_result(self, feed: Reader, state: FeedState) -> FeedState:
        document_id = feed.text("resultFeedDocumentId")
        if not document_id:
            return with_report(state, None)
        kind = feed.text("feedType")
        priority = following([kind])
        self._check_quota("getFeedDocument", priority)
        report: Report | None
        try:
            report = await self._rereading.read(document_id, partial(self._report, kind, document_id, priority))
        except DataError as error:  # gone after 28 days, or it stays unreadable: then nothing is known, and asking again changes nothing
            logger.warning("amazon_feed_result_unreadable feed=%s error=%s", state.feed_id, error)
            report = None
        return with_report(state, report)

    async def _report(self, kind: str, document_id: str, priority: Priority) -> Report:
        return whole_report(kind, await self._content(document_id, priority))

    async def _content(self, document_id: str, priority: Priority) -> bytes:
        path = f"{DOCUMENTS}/{quote(document_id, safe='')}"
        answer, content = await self._client.call("getFeedDocument", "GET", path, priority=priority)
        document = Reader(content if isinstance(content, dict) else {})
        if not document.text("url"):
            raise answer.asked.left("gave no address")
        return await self._documents.download(document.text("url"), document.text("compressionAlgorithm"))

    async def _read_list(self, kinds: frozenset[str], since_ms: int | None) -> Sequence[Listed]:
        query: Query = {"feedTypes": sorted(kinds), "pageSize": PAGE}
        if since_ms is None:
            query = {**query, "processingStatuses": NOT_OVER}
        else:
            since = datetime.fromtimestamp((since_ms - _BEFORE_MS) / 1000, UTC)  # the window of a lost one begins there
            query = {**query, "createdSince": to_text(since)}
        found: list[Listed] = []
        priority = following(kinds)
        for _ in range(_MOST_PAGES):
            self._check_quota("getFeeds", priority)
            _, content = await self._client.call("getFeeds", "GET", FEEDS, query=query, priority=priority)
            page = Reader(content).an_object()
            found += [Listed(entry.text("feedType"), read_state(entry), entry) for entry in page.objects("feeds")]
            if not (token := page.text("nextToken")):
                return found
            query = {"nextToken": token}
        return found

    async def _identified(self, lost: Lost, listed: Sequence[Listed]) -> str | None:
        states = await self._with_results(lost.kind, listed, *self.window(lost))
        if any(not state.is_over and not self.gives_up(state) for state in states):
            return ""
        over = [state for state in states if state.is_over]
        is_it = len(over) == 1 and over[0].received in (lost.count, 0) and self._is_alone()
        return over[0].feed_id if is_it else None

    @property
    def is_alone(self) -> bool:
        """Whether no other process of ours sends feeds here."""
        return self._is_alone()

    async def suspects(self, kind: str, since_ms: int, until_ms: int) -> list[FeedState]:
        """Feeds of a type that were sent in that time, as far as this process does not know who sent them; those that are over with their
        results. Raises ConnectorError."""
        taken = self._taken()
        listed = [one for one in await self._read_list(frozenset({kind}), since_ms) if one.feed_id not in taken]
        return await self._with_results(kind, listed, since_ms, until_ms)

    def window(self, lost: Lost) -> tuple[int, int]:
        """When a lost feed may have begun, epoch milliseconds."""
        return lost.sent_ms - _BEFORE_MS, lost.sent_ms + self._late_ms

    async def _with_results(self, kind: str, listed: Sequence[Listed], since_ms: int, until_ms: int) -> list[FeedState]:
        found = []
        for one in listed:
            at = millis_of(one.state.sent_at) if one.state.sent_at else since_ms
            if one.kind == kind and since_ms <= at <= until_ms:
                known = await self.state(one.feed_id) if one.state.is_over else None
                found.append(known or one.state)
        return found

    def _check_quota(self, operation: str, priority: Priority) -> None:
        wait = self._client.forecast_seconds(operation, 1, priority)
        if wait > self._list_patience:
            raise ThrottledError(f"the quota of {operation} calls is used up", retry_after=round(wait, 1))


def whole_report(kind: str, content: bytes) -> Report:
    """A result document. Raises DamagedError for one that makes no sense, and for a flat file that ends within a row, or within a line without having
    named all that went wrong."""
    try:
        report = read_report(kind, content)
    except DataError as error:
        raise DamagedError(str(error)) from None
    if kind == LISTINGS:
        return report
    _, head, rows = content.partition(TABLE.encode())
    if damage_of(head + rows) or not (report.tells_all or content.endswith(b"\n")):
        raise DamagedError("the result of the feed was cut short")
    return report


def open_feeds(
    open_client: Callable[[str], AmazonClient], documents: Documents, settings: AmazonFeedSettings, now: Callable[[], datetime],
    gather_seconds: float = 0, is_alone: Callable[[], bool] = lambda: True,
) -> Callable[[str], AmazonFeeds]:  # fmt: skip
    """Makes the feeds of an account as configured. What it gives raises DataError for an account that is not."""

    def opened(account: str) -> AmazonFeeds:
        return AmazonFeeds(
            open_client(account), documents, is_alone, settings.list_patience_seconds, settings.lost_after_seconds, settings.list_seconds,
            gather_seconds, now=now, patience_seconds=settings.patience_hours * 3600, follow_seconds=settings.follow_days * 86_400,
            account=account,
        )  # fmt: skip

    return opened
