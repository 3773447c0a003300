"""Feeds: sent, found again after a lost answer, and followed to the end. What differs between marketplaces is said by a subclass.

- A feed is one file of many items, with no idempotency key. An answer that was lost is looked for on the marketplace's list of feeds
  (`_identified` says how one is known again). Until it is found or has certainly not arrived, it counts as on its way.
- Over is not success: each item has a result of its own (`connectors.kit.feed_results`).
- What others sent, or this process before it was killed, is on the list as well: the SKUs in feeds that are not over are read from there.
- A feed that is not over after `patience_seconds` is given up: for us it is over, and blocks nothing. It may still come to its end.
- A feed that is over does not change: its results are kept for those of its deliveries that come to ask later.
"""

from __future__ import annotations

import hashlib
import logging
import math
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Protocol

from prometheus_client import Counter
from pydantic import Field, field_validator

from connectors.kit.errors import UncertainError
from connectors.kit.feed_results import FeedState
from connectors.kit.gathering import Gathering, whole_body, whole_mark
from connectors.kit.jobs import LOST
from connectors.kit.rate import Priority
from connectors.kit.reading import millis_of
from connectors.kit.settings import Part

logger = logging.getLogger(__name__)

_KEPT_FEEDS = 64
_LONGER_WHEN_FEW = 5
GIVEN_UP = Counter(
    "causeway_feeds_given_up_total", "Feeds that were not over in time and count as lost", ["system", "account"]
)


class FeedSettings(Part):
    """How feeds are followed. A connector's own part says its ladder."""

    ladder_seconds: tuple[float, ...] = Field(
        (30, 120, 300, 900, 3600, 7200), min_length=1, description="a feed is asked for at these ages"
    )
    then_seconds: float = Field(14_400, gt=0, description="and then this often")
    patience_hours: float = Field(
        48, gt=0, description="a feed that is not over by then counts as lost; its items are sent again"
    )
    follow_days: float = Field(
        14,
        ge=0,
        le=28,
        description="one given up is asked for so much longer where newer numbers are known: these are written again if it ends after all",
    )
    lost_after_seconds: float = Field(
        180, ge=0, description="a feed without an answer that is not on the marketplace's list by then has not arrived"
    )
    list_seconds: float = Field(5, ge=0, description="how long a reading of the list of feeds is good")
    gather_seconds: float = Field(
        5,
        ge=0,
        le=60,
        description="a feed that is not full waits this long for others to go with it, six times as long when few are left",
    )

    @field_validator("ladder_seconds")
    @classmethod
    def _grows(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(later <= earlier for earlier, later in zip((0.0, *value), value, strict=False)):
            raise ValueError("each step is later than the one before")
        return value


@dataclass(frozen=True, slots=True)
class Feed:
    """What is to be sent. kind: its type there; body: the file's content, one list and what heads it; skus: in it, each once; mark: tells this
    sending from all others; query: what else feeds that go together share; priority: of its call."""

    kind: str
    body: Mapping[str, Any]
    skus: Sequence[str]
    mark: str
    priority: Priority
    query: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A feed whose answer was lost: what it was, when we gave up waiting for the answer (epoch milliseconds), its mark."""

    kind: str
    count: int
    sent_ms: int
    mark: str

    @property
    def name(self) -> str:
        """`lost:...`, the name of a remote job."""
        return f"{LOST}:{self.kind}/{self.count}/{self.sent_ms}/{self.mark}"


def lost_in(remote: str) -> Lost:
    """The reverse of `Lost.name`."""
    kind, count, sent_ms, mark = remote.removeprefix(f"{LOST}:").split("/", 3)
    return Lost(kind, int(count), int(sent_ms), mark)


@dataclass(frozen=True, slots=True)
class Listed:
    """A feed on the marketplace's list. entry: as it came."""

    kind: str
    state: FeedState
    entry: Any = None

    @property
    def feed_id(self) -> str:
        return self.state.feed_id


class QuotaClient(Protocol):
    """A client, as far as feeds need to know its quotas (`connectors.kit.calls.AccountClient`)."""

    def forecast_seconds(self, operation: str, calls: int, priority: Priority = ...) -> float: ...
    def used(self, operation: str) -> float: ...
    def waiting(
        self, operation: str, calls: int, priority: Priority = ...
    ) -> AbstractContextManager[Callable[[], None]]: ...


def mark_of(parts: Sequence[str]) -> str:
    """A mark of deliveries: the same for the same ones sent for the same try."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]


class Feeds(ABC):
    """The feeds of one account. `client`: its quotas; `now`: the clock, aware UTC; `lost_after_seconds`: a feed that is not on the list by then
    never arrived; `list_seconds`: how long a reading of the list is good; `gather_seconds`: how long a feed waits for others to go with it;
    `patience_seconds`: one that is not over by then is given up; `follow_seconds`: and is asked for so much longer; `account`: our name of
    it.

    system          the marketplace's name in logs and metrics
    one_list        whether the list cannot be asked for some types only
    untold_seconds  a feed whose SKUs are not told holds back every number of the account for so long. Ours are known from their jobs; what is
                    left after that is most likely another tool's
    """

    system: ClassVar[str]
    one_list: ClassVar[bool] = False
    untold_seconds: ClassVar[float] = 3600.0

    def __init__(
        self, client: QuotaClient, now: Callable[[], datetime], lost_after_seconds: float, list_seconds: float, gather_seconds: float = 0,
        *, patience_seconds: float = math.inf, follow_seconds: float = 0, account: str = "",
    ) -> None:  # fmt: skip
        self._quotas = client
        self._now = now
        self._lost_after = lost_after_seconds
        self._list_seconds = list_seconds
        self._gathering = Gathering(self.gather_seconds, self._send_whole, self._most, self._kept_call)
        self._gather = gather_seconds
        self._patience = patience_seconds
        self._follow = follow_seconds
        self._account = account
        self._seen: OrderedDict[str, datetime] = OrderedDict()
        self._given_up: OrderedDict[str, float] = OrderedDict()
        self._over: OrderedDict[str, FeedState] = OrderedDict()
        self._skus: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._sent: OrderedDict[str, None] = OrderedDict()
        self._found: OrderedDict[str, str] = OrderedDict()
        self._listed: dict[frozenset[str], tuple[datetime, Sequence[Listed]]] = {}

    # -- what a marketplace says

    @abstractmethod
    def operation(self, kind: str) -> str:
        """Whose quota a feed of that type takes."""

    @abstractmethod
    def _most(self, kind: str) -> int:
        """How many items a feed of that type has at most."""

    @abstractmethod
    async def _post(self, feed: Feed) -> str:
        """Send it; its id. Raises UncertainError when it may have arrived, other ConnectorErrors when it certainly has not."""

    @abstractmethod
    async def _read(self, feed_id: str, details: bool) -> FeedState | None:
        """How it stands now, with what became of each item when it is over, or told before; None when it is not known there. Raises
        ConnectorError."""

    @abstractmethod
    async def _read_list(self, kinds: frozenset[str], since_ms: int | None) -> Sequence[Listed]:
        """Feeds of these types: at least all that are not over; or, with a time, all that may have been sent around then or later. Raises
        ConnectorError."""

    @abstractmethod
    async def _identified(self, lost: Lost, listed: Sequence[Listed]) -> str | None:
        """The id of the feed on the list that is the lost one; "" while some may be it, None when none is. Raises ConnectorError."""

    # -- sending

    async def submit(self, feed: Feed) -> str:
        """Send it, with others if there are any. Gives `feed:ID`, or `lost:MARK` when it may have arrived. Raises ConnectorError when it
        certainly has not."""
        return await self._gathering.submit(feed)

    def forecast_seconds(self, kind: str, skus: Sequence[str], query: str = "") -> float:
        """How long a feed with these would wait for its quota; 0 when another takes them along."""
        if self._gathering.has_room(kind, skus, query):
            return 0.0
        return self._quotas.forecast_seconds(self.operation(kind), 1)

    def gather_seconds(self, kind: str) -> float:
        """The fewer feeds are left, the longer one waits for others: a feed too many costs minutes, waiting costs seconds."""
        if self._gather <= 0:
            return 0.0
        return self._gather * (1 + _LONGER_WHEN_FEW * self._quotas.used(self.operation(kind)))

    def _kept_call(self, kind: str) -> AbstractContextManager[object]:
        return self._quotas.waiting(self.operation(kind), 1)

    async def _send_whole(self, parts: Sequence[Feed]) -> str:
        skus = [sku for part in parts for sku in part.skus]
        body, mark = whole_body([part.body for part in parts]), whole_mark([part.mark for part in parts])
        return await self._send(
            replace(parts[0], body=body, skus=skus, mark=mark, priority=min(part.priority for part in parts))
        )

    async def _send(self, feed: Feed) -> str:
        try:
            feed_id = await self._post(feed)
        except UncertainError:
            lost = Lost(feed.kind, len(feed.skus), millis_of(self._now()), feed.mark)
            logger.warning(
                "%s_feed_answer_lost kind=%s items=%d mark=%s", self.system, feed.kind, len(feed.skus), feed.mark
            )
            return lost.name
        self._remember(self._sent, feed_id, None)
        self._remember(self._skus, feed_id, frozenset(feed.skus))
        logger.info("%s_feed_sent kind=%s items=%d feed=%s", self.system, feed.kind, len(feed.skus), feed_id)
        return f"feed:{feed_id}"

    # -- finding again

    async def locate(self, remote: str) -> str | None:
        """`feed:ID` of a remote job; of a lost one: where it was found, "" while nobody knows, None when it has certainly not arrived."""
        if not remote.startswith(f"{LOST}:"):
            return remote
        return (await self.locate_all([remote]))[remote]

    async def locate_all(self, lost: Sequence[str]) -> dict[str, str | None]:
        """Each of these lost jobs as `locate` has it, by one reading of the list. Raises ConnectorError."""
        found: dict[str, str | None] = {remote: self._found[remote] for remote in lost if remote in self._found}
        missing = [remote for remote in dict.fromkeys(lost) if remote not in found]
        if not missing:
            return found
        asked_at, looked_for = self._now(), [lost_in(remote) for remote in missing]
        since_ms = min(one.sent_ms for one in looked_for)
        entries = await self._list(frozenset(one.kind for one in looked_for), fresh=True, since_ms=since_ms)
        for remote in missing:
            found[remote] = await self._on_the_list(remote, entries, asked_at)
        return found

    async def _on_the_list(self, remote: str, entries: Sequence[Listed], asked_at: datetime) -> str | None:
        lost, taken = lost_in(remote), self._taken()
        feed_id = await self._identified(lost, [one for one in entries if one.feed_id not in taken])
        if feed_id:
            self._remember(self._found, remote, f"feed:{feed_id}")
            return f"feed:{feed_id}"
        too_late = millis_of(asked_at) - lost.sent_ms > self._lost_after * 1000
        return None if feed_id is None and too_late else ""

    def _taken(self) -> set[str]:
        """Feeds that are known to be something else than a lost one: this process got their ids."""
        return {*self._sent, *(found.removeprefix("feed:") for found in self._found.values())}

    # -- following

    async def state(self, feed_id: str, *, details: bool = True) -> FeedState | None:
        """How it stands, with what became of each item; None when it is known there no more. Raises ConnectorError."""
        if (kept := self._over.get(feed_id)) is not None:
            return kept
        state = await self._read(feed_id, details)
        if state is not None and details and state.is_over:
            self._remember(self._over, feed_id, state)
            self._skus.pop(feed_id, None)
        return state

    async def unfinished(self, kinds: frozenset[str], *, fresh: bool = False) -> dict[str, frozenset[str] | None]:
        """Feeds of these types that are not over, by id, with their SKUs; None where they are not told yet, for a while (`untold_seconds`).
        `fresh`: as of now."""
        found: dict[str, frozenset[str] | None] = {}
        for listed in await self._list(kinds, fresh=fresh):
            feed_id, stands = listed.feed_id, listed.state
            if listed.kind not in kinds or stands.is_over or feed_id in self._over or self.gives_up(stands):
                continue
            if feed_id not in self._skus:
                state = await self.state(feed_id)
                if state is None or state.is_over:
                    continue
                if len(state.items) < state.received or not state.received:
                    found[feed_id] = None if self.age(stands) <= self.untold_seconds else frozenset(state.items)
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
        """Seconds since a feed was sent; since this process saw it first where the marketplace does not tell."""
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
            GIVEN_UP.labels(self.system, self._account).inc()
            logger.error(
                "%s_feed_given_up account=%s feed=%s status=%s hours=%.1f",
                self.system, self._account, state.feed_id, state.status, age / 3600,
            )  # fmt: skip
        self._remember(self._given_up, state.feed_id, age)
        return True

    def was_given_up(self, feed_id: str) -> bool:
        """Whether `gives_up` has said so."""
        return feed_id in self._given_up

    def is_followed(self, feed_id: str) -> bool:
        """Whether one that was given up is still asked for, since it may come to its end."""
        return self._given_up.get(feed_id, math.inf) <= self._patience + self._follow

    async def _list(
        self, kinds: frozenset[str], *, fresh: bool = False, since_ms: int | None = None
    ) -> Sequence[Listed]:
        kinds = frozenset() if self.one_list else kinds
        now, known = self._now(), self._listed.get(kinds)
        if not fresh and known and (now - known[0]).total_seconds() < self._list_seconds:
            return known[1]
        found = await self._read_list(kinds, since_ms)
        if since_ms is None or self.one_list:
            self._listed[kinds] = (now, found)
        return found

    @staticmethod
    def _remember(where: OrderedDict[str, Any], name: str, what: Any) -> None:
        where[name] = what
        while len(where) > _KEPT_FEEDS:
            where.popitem(last=False)
