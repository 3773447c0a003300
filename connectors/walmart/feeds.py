"""Feeds: sent, found again after a lost answer, and followed to the end. (Sources: model feeds.json; Walmart's feed guide.)

- A feed is one file of many items. Walmart gives it no idempotency key. We name the file by a mark made of what is in it and of the
  deliveries it brings; the list of feeds shows that name. An answer that was lost is looked for there by the mark, and where the list shows
  no names, by feed type, number of items and time. Until it is found or has certainly not arrived, it counts as on its way.
- PROCESSED is not success: each item has a status of its own. ERROR means nothing was processed.
- What others sent, or this process before it was killed, is on Walmart's list as well: the SKUs in feeds that are not over are read from there.
- A feed that is not over after `patience_seconds` is given up: for us it is over, and blocks nothing. Walmart may still bring it to its end.
- A feed that is over does not change: its results are kept for those of its deliveries that come to ask later.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

from prometheus_client import Counter

from connectors.kit import exact_json
from connectors.kit.calls import File
from connectors.kit.errors import DataError, UncertainError
from connectors.kit.jobs import LOST
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, millis_of
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.feed_results import FeedState, read_items, read_state
from connectors.walmart.gathering import Gathering, whole_body, whole_mark

logger = logging.getLogger(__name__)

FEEDS = "/v3/feeds"
PAGE = 50  # Walmart's limit for one page of details and of the list
_KEPT_FEEDS = 64
_LONGER_WHEN_FEW = 5
# Walmart's clock and ours need not agree when a feed is looked for by its time.
_CLOCKS_APART_MS = 120_000
# A feed whose SKUs Walmart does not tell holds back every number of the account. Ours are known from their jobs; what is left after so long
# is most likely another tool's.
UNTOLD_SECONDS = 3600.0
GIVEN_UP = Counter(
    "causeway_walmart_feeds_given_up_total", "Feeds that were not over in time and count as lost", ["account"]
)


@dataclass(frozen=True, slots=True)
class Feed:
    """What is to be sent. kind: feedType; body: the file's content; skus: in it, each once; mark: tells this sending from all others;
    query: further parameters as text, `&shipNode=...`; priority: of its call."""

    kind: str
    body: Mapping[str, Any]
    skus: Sequence[str]
    mark: str
    priority: Priority
    query: str = ""

    @property
    def operation(self) -> str:
        return operation_of(self.kind)


def operation_of(kind: str) -> str:
    """Whose quota a feed of that type takes."""
    return f"submit_{kind.lower()}"


def mark_of(parts: Sequence[str]) -> str:
    """A mark of deliveries: the same for the same ones sent for the same try."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


class Feeds:
    """The feeds of one account. `now`: the clock, aware UTC; `lost_after_seconds`: a feed that is not on the list by then never arrived;
    `list_seconds`: how long a reading of the list is good; `gather_seconds`: how long a feed waits for others to go with it;
    `patience_seconds`: one that is not over by then is given up; `follow_seconds`: and is asked for so much longer; `account`: our name of
    it."""

    def __init__(
        self, client: WalmartClient, now: Callable[[], datetime], lost_after_seconds: float, list_seconds: float, gather_seconds: float = 0,
        *, patience_seconds: float = math.inf, follow_seconds: float = 0, account: str = "",
    ) -> None:  # fmt: skip
        self._client = client
        self._now = now
        self._lost_after = lost_after_seconds
        self._list_seconds = list_seconds
        self._gathering = Gathering(self.gather_seconds, self._send_whole, self._kept_call)
        self._gather = gather_seconds
        self._patience = patience_seconds
        self._follow = follow_seconds
        self._account = account
        self._seen: OrderedDict[str, datetime] = OrderedDict()
        self._given_up: OrderedDict[str, float] = OrderedDict()
        self._over: OrderedDict[str, FeedState] = OrderedDict()
        self._skus: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._found: OrderedDict[str, str] = OrderedDict()
        self._listed: tuple[datetime, list[Reader]] | None = None

    async def submit(self, feed: Feed) -> str:
        """Send it, with others if there are any. Gives `feed:ID`, or `lost:MARK` when it may have arrived. Raises ConnectorError when it
        certainly has not."""
        return await self._gathering.submit(feed)

    def forecast_seconds(self, kind: str, skus: Sequence[str]) -> float:
        """How long a feed with these would wait for its quota; 0 when another takes them along."""
        return 0.0 if self._gathering.has_room(kind, skus) else self._client.forecast_seconds(operation_of(kind), 1)

    def gather_seconds(self, kind: str) -> float:
        """The fewer feeds are left, the longer one waits for others: a feed too many costs minutes, waiting costs seconds."""
        if self._gather <= 0:
            return 0.0
        return self._gather * (1 + _LONGER_WHEN_FEW * self._client.used(operation_of(kind)))

    def _kept_call(self, kind: str) -> AbstractContextManager[object]:
        return self._client.waiting(operation_of(kind), 1)

    async def _send_whole(self, parts: Sequence[Feed]) -> str:
        skus = [sku for part in parts for sku in part.skus]
        body, mark = whole_body([part.body for part in parts]), whole_mark([part.mark for part in parts])
        return await self._send(
            replace(parts[0], body=body, skus=skus, mark=mark, priority=min(part.priority for part in parts))
        )

    async def _send(self, feed: Feed) -> str:
        sent_ms = millis_of(self._now())
        file = File(exact_json.dumps(feed.body), f"{feed.mark}.json")
        path = f"{FEEDS}?feedType={quote(feed.kind, safe='')}{feed.query}"
        try:
            answer, content = await self._client.call(feed.operation, "POST", path, file=file, priority=feed.priority)
        except UncertainError:
            mark = f"{LOST}:{feed.kind}/{len(feed.skus)}/{sent_ms}/{feed.mark}"
            logger.warning("walmart_feed_answer_lost kind=%s items=%d mark=%s", feed.kind, len(feed.skus), feed.mark)
            return mark
        feed_id = Reader(content).text("feedId") if isinstance(content, dict) else ""
        if not feed_id:
            raise DataError(f"{answer.asked.operation}: Walmart took the feed but gave no feedId")
        self._remember(self._skus, feed_id, frozenset(feed.skus))
        logger.info("walmart_feed_sent kind=%s items=%d feed=%s", feed.kind, len(feed.skus), feed_id)
        return f"feed:{feed_id}"

    async def locate(self, remote: str) -> str | None:
        """`feed:ID` of a remote job; of a lost one: where it was found, "" while nobody knows, None when it has certainly not arrived."""
        if not remote.startswith(f"{LOST}:"):
            return remote
        return (await self.locate_all([remote]))[remote]

    async def locate_all(self, lost: Sequence[str]) -> dict[str, str | None]:
        """Each of these lost jobs as `locate` has it, by one reading of the list. Raises ConnectorError."""
        found: dict[str, str | None] = {remote: self._found[remote] for remote in lost if remote in self._found}
        if len(found) == len(set(lost)):
            return found
        asked_at, entries = self._now(), await self._list(fresh=True)
        return {remote: found.get(remote) or self._on_the_list(remote, entries, asked_at) for remote in lost}

    def _on_the_list(self, remote: str, entries: Sequence[Reader], asked_at: datetime) -> str | None:
        kind, count, sent_ms, mark = remote.removeprefix(f"{LOST}:").split("/", 3)
        for listed in entries:
            if is_it(listed, kind, int(count), int(sent_ms), mark) and listed.text("feedId") not in self._skus:
                found = f"feed:{listed.text('feedId')}"
                self._remember(self._found, remote, found)
                return found
        return None if millis_of(asked_at) - int(sent_ms) > self._lost_after * 1000 else ""

    async def state(self, feed_id: str, *, details: bool = True) -> FeedState | None:
        """How it stands, with what became of each item; None when Walmart knows it no more. Raises ConnectorError."""
        if (kept := self._over.get(feed_id)) is not None:
            return kept
        try:
            found = await self._read(feed_id, 0, details)
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
            more = read_items(await self._read(feed_id, seen, details=True))
            if not more:
                break
            items += more
        whole = state.with_items(items)
        if whole.is_over:
            self._remember(self._over, feed_id, whole)
            self._skus.pop(feed_id, None)
        return whole

    async def unfinished(self, kinds: frozenset[str], *, fresh: bool = False) -> dict[str, frozenset[str] | None]:
        """Feeds of these types that are not over, by id, with their SKUs; None where Walmart does not tell them yet, for an hour. `fresh`:
        as of now."""
        found: dict[str, frozenset[str] | None] = {}
        for listed in await self._list(fresh=fresh):
            feed_id, stands = listed.text("feedId"), read_state(listed)
            if listed.text("feedType") not in kinds or stands.is_over or feed_id in self._over or self.gives_up(stands):
                continue
            if feed_id not in self._skus:
                state = await self.state(feed_id)
                if state is None or state.is_over:
                    continue
                if len(state.items) < state.received or not state.received:
                    found[feed_id] = None if self.age(stands) <= UNTOLD_SECONDS else frozenset(state.items)
                    continue
                self._remember(self._skus, feed_id, frozenset(state.items))
            found[feed_id] = self._skus[feed_id]
        return found

    async def age_seconds(self, remote: str) -> float | None:
        """How old a remote job is that can still change something; None when it is over or given up. Raises ConnectorError."""
        located = await self.locate(remote)
        if not located:
            return 0.0 if located == "" else None
        state = await self.state(located.removeprefix("feed:"), details=False)
        return None if state is None or state.is_over or self.gives_up(state) else self.age(state)

    def age(self, state: FeedState) -> float:
        """Seconds since a feed was sent; since this process saw it first where Walmart does not tell."""
        if state.sent_at is None and state.feed_id not in self._seen:
            self._remember(self._seen, state.feed_id, self._now())
        now = self._now()
        return state.age_seconds(now) or max(0.0, (now - self._seen.get(state.feed_id, now)).total_seconds())

    def gives_up(self, state: FeedState) -> bool:
        """Whether a feed that is not over takes longer than we have patience for. It is told once."""
        age = self.age(state)
        if age <= self._patience:
            return False
        if state.feed_id not in self._given_up:
            GIVEN_UP.labels(self._account).inc()
            logger.error(
                "walmart_feed_given_up account=%s feed=%s status=%s hours=%.1f",
                self._account, state.feed_id, state.status, age / 3600,
            )  # fmt: skip
        self._remember(self._given_up, state.feed_id, age)
        return True

    def was_given_up(self, feed_id: str) -> bool:
        """Whether `gives_up` has said so."""
        return feed_id in self._given_up

    def is_followed(self, feed_id: str) -> bool:
        """Whether one that was given up is still asked for, since Walmart may bring it to its end."""
        return self._given_up.get(feed_id, math.inf) <= self._patience + self._follow

    async def _list(self, *, fresh: bool = False) -> list[Reader]:
        now = self._now()
        if not fresh and self._listed and (now - self._listed[0]).total_seconds() < self._list_seconds:
            return self._listed[1]
        path = f"{FEEDS}?offset=0&limit={PAGE}"
        try:
            _, content = await self._client.call("list_feeds", "GET", path, priority=Priority.STOCK)
        except DataError as error:
            if error.code != errors.NOT_FOUND:
                raise
            content = {}
        self._listed = (now, Reader(content).an_object()["results"].children("feed"))
        return self._listed[1]

    async def _read(self, feed_id: str, offset: int, details: bool) -> Reader:
        path = f"{FEEDS}/{quote(feed_id, safe='')}?includeDetails={str(details).lower()}&offset={offset}&limit={PAGE}"
        _, content = await self._client.call("feed_status", "GET", path, priority=Priority.STOCK)
        return Reader(content).an_object()

    @staticmethod
    def _remember(where: OrderedDict[str, Any], name: str, what: Any) -> None:
        where[name] = what
        while len(where) > _KEPT_FEEDS:
            where.popitem(last=False)


def is_it(listed: Reader, kind: str, count: int, sent_ms: int, mark: str) -> bool:
    """Whether a feed on the list is the one that was sent then. Its file's name decides where the list tells it."""
    if listed.text("feedType") != kind:
        return False
    name = listed.text("fileName")
    if name and (mark in name or not name.startswith(listed.text("feedId"))):
        return mark in name
    received, at = listed.value.get("itemsReceived"), listed.time("feedDate")
    return received == count and at is not None and millis_of(at) >= sent_ms - _CLOCKS_APART_MS
