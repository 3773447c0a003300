"""Reads a list by windows of last-modified times: orders, returns. `passes` says what is read and why nothing is missed (ORD-1).

What differs between lists is said by a subclass: which call, which query, what an element's id, key and version are.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol

from connectors.kit import exact_json, passes
from connectors.kit.cursor import LoopGuard, Overlap, Window, to_text, whole_second
from connectors.kit.errors import DataError, TransientError
from connectors.kit.passes import Pass, Position, Reach, Seen
from connectors.kit.ports import Fetched, Page, Problem
from connectors.kit.rate import Priority
from connectors.kit.reading import described

logger = logging.getLogger(__name__)
BULK = Priority.REPORTS
_NO_OVERLAP = Overlap(timedelta(), timedelta(), 0)
# A cursor may be refused (it is old) and its window begun anew, but not endlessly.
_MOST_RESTARTS = 3
# An id that can stand in an address and a key. Systems have habits of their own; what could change an address is not allowed for.
ENTITY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list. elements: as they came; next_cursor: "" = the last page.

    total   what the list says it holds, None when it does not say
    until   with the last page: changes before this are in it, where the list says so and it is earlier than what was asked for
    """

    elements: tuple[Any, ...]
    next_cursor: str = ""
    total: int | None = None
    until: datetime | None = None


class OverlapSettings(Protocol):
    """What a connector's settings say of it."""

    @property
    def overlap_minutes(self) -> float: ...
    @property
    def wide_overlap_hours(self) -> float: ...
    @property
    def wide_every_polls(self) -> int: ...


def overlap_of(settings: OverlapSettings) -> Overlap:
    """As configured."""
    wide = timedelta(hours=settings.wide_overlap_hours)
    return Overlap(timedelta(minutes=settings.overlap_minutes), wide, settings.wide_every_polls)


@dataclass(frozen=True, slots=True)
class ListRules:
    """How a list is read.

    overlap      how far back a poll starts
    horizon      a poll ends this long before now
    first        how far back the very first poll looks
    oldest       how far back the list goes at all
    behind       a poll that ends this long after its goal is followed by the next one at once
    result_cap   most elements one query may match, 0 = as many as there are; cap_setting: what to raise when it is too low
    """

    overlap: Overlap
    horizon: timedelta
    first: timedelta
    oldest: timedelta
    behind: timedelta = timedelta(minutes=1)
    result_cap: int = 0
    cap_setting: str = "result_cap"


@dataclass(slots=True)
class _Run:
    """What one iteration over pages remembers: ids seen in the pass, cursors followed, restarts. Nothing of it must survive a crash."""

    flow: str
    guard: LoopGuard
    ids: set[str]
    priority: Priority
    restarts: int = 0

    def new_pass(self) -> None:
        self.guard = LoopGuard(self.flow)
        self.ids = set()


class WindowedList:
    """`Source` of one list. A subclass sets the names and overrides what raises NotImplementedError.

    flow, entity   their names; the elements are of this entity
    refusals       codes by which the list may refuse a cursor that is too old, or a window that holds too many
    lists          the lists to pass one after the other in each window (Walmart's orders: one for each ship node type)
    """

    flow = ""
    entity = ""
    refusals: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self, account: str, now: Callable[[], datetime], rules: ListRules, lists: tuple[str, ...] = ("",)
    ) -> None:
        self.account = account
        self._rules = rules
        self._nodes = lists
        self._now = now

    async def _list(self, reading: Pass, priority: Priority) -> Listed:
        """One page: the first of the window, or the one `reading.cursor` leads to."""
        raise NotImplementedError

    async def _get(self, element_id: str) -> Any | None:
        """One element by its id, None when there is none."""
        raise NotImplementedError

    def _id_of(self, element: Any) -> str | None:
        """The id of an element, None when it has none that can be one."""
        raise NotImplementedError

    def _version_of(self, element: Any) -> int:
        """When it last changed, milliseconds."""
        raise NotImplementedError

    def _key(self, element_id: str) -> str:
        """The natural key."""
        raise NotImplementedError

    def _path(self, element_id: str = "") -> str:
        """The path of the list or of one element, for people."""
        raise NotImplementedError

    def pages(self, position: str) -> AsyncIterator[Page]:
        """From a resume point until now. Raises DataError for a position that is none, else what calls raise."""
        first = self._now() - self._rules.first
        return self._walk(passes.decode(position, self._nodes), first, self._rules.overlap)

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """Everything changed since then, as far back as it is listed, when no other call wants the quota (EVT-5). The positions of
        its pages are not the flow's."""
        return self._walk(Position(), since, _NO_OVERLAP, BULK)

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these ids, a page each."""
        for number, element_id in enumerate(ids, 1):
            items: tuple[Fetched, ...] = ()
            problems: tuple[Problem, ...] = ()
            try:
                element = await self._get(element_id)
            except DataError as error:
                problems = (Problem(self._key(element_id), str(error), b""),)
            else:
                if element is None:
                    detail = f"there is no {self.entity} of this id, or it is older than {self._rules.oldest.days} days"
                    problems = (Problem(self._key(element_id), detail, b""),)
                else:
                    items, problems = self.sorted_out([element])
            yield Page(items, "", None, number == len(ids), problems, f"GET {self._path(element_id)}")

    async def aclose(self) -> None:
        """Nothing is open unless a subclass opens it."""

    async def _walk(
        self, position: Position, first: datetime, overlap: Overlap, priority: Priority = Priority.ORDERS
    ) -> AsyncIterator[Page]:
        run = _Run(self.flow, LoopGuard(self.flow), set(), priority)
        while True:
            if position.reading is None:
                position = self._begun(position, first, overlap)
            if position.reading is None:
                yield Page((), passes.encode(position), position.read_until, last=True)
                return
            page, position = await self._step(run, position)
            if page is not None:
                yield page
                if page.last:
                    return

    def _begun(self, position: Position, first: datetime, overlap: Overlap) -> Position:
        """The position with a new poll's first pass, without one when there is nothing to read."""
        now = whole_second(self._now() - self._rules.horizon)
        reach = Reach(whole_second(first), self._oldest(), overlap)
        return replace(position, reading=passes.next_pass(position, now, reach, self._nodes[0]))

    async def _step(self, run: _Run, position: Position) -> tuple[Page | None, Position]:
        """Read one page: (page to give, position after it). No page when the window had to be split or begun anew."""
        reading = position.reading
        assert reading is not None
        if not reading.cursor:
            run.new_pass()
        try:
            listed = await self._list(reading, run.priority)
        except DataError as error:
            return None, replace(position, reading=self._other_way(run, reading, error))
        seen = Seen(0, listed.total, listed.next_cursor)
        if not reading.cursor and self._rules.result_cap and passes.too_many(seen, self._rules.result_cap):
            return None, replace(position, reading=self._smaller(reading))
        return self._page(run, position, reading, listed)

    def _page(self, run: _Run, position: Position, reading: Pass, listed: Listed) -> tuple[Page, Position]:
        items, problems = self.sorted_out(listed.elements)
        names = {one.key for one in items} | {one.key for one in problems}
        seen = Seen(len(names - run.ids), listed.total, listed.next_cursor)
        run.ids |= names
        if listed.until is not None and not listed.next_cursor:
            position = replace(position, reading=_cut(reading, listed.until))
        after = passes.after(position, seen, self._nodes)
        if listed.next_cursor:
            try:
                run.guard.follow(listed.next_cursor)
            except TransientError as error:
                # What came is kept; the next try begins the window anew instead of following the circle.
                after = self._circled(position, reading, error)
        # A poll that took long has fallen behind: then the next one follows at once.
        behind = self._now() - reading.goal - self._rules.horizon
        done = after.reading is None and behind < self._rules.behind
        within = after.reading is not None and after.read_until == position.read_until
        page = Page(
            items, passes.encode(after), None if within else after.read_until, done, problems, self._asked_for(reading)
        )
        return page, after

    def _circled(self, position: Position, reading: Pass, error: TransientError) -> Position:
        if reading.again >= passes.MOST_CIRCLES:
            raise error
        logger.warning("cursor_loop", extra={"account": self.account, "flow": self.flow, "again": reading.again})
        again = replace(reading, again=reading.again + 1)
        return replace(position, reading=again.split(self._nodes) or again.restarted(self._nodes))

    def _other_way(self, run: _Run, reading: Pass, error: DataError) -> Pass:
        """The request was refused. A cursor may be too old: begin its window anew. A window may hold too many: halve it."""
        run.restarts += 1
        if error.code not in self.refusals or run.restarts > (
            _MOST_RESTARTS if reading.cursor else passes.MOST_CIRCLES
        ):
            raise error
        if not reading.cursor and not self._rules.result_cap:
            raise error
        if reading.cursor:
            logger.warning("cursor_refused", extra={"account": self.account, "flow": self.flow, "code": error.code})
            return reading.restarted(self._nodes)
        smaller = reading.split(self._nodes)
        if smaller is None:
            raise error
        return smaller

    def _smaller(self, reading: Pass) -> Pass:
        smaller = reading.split(self._nodes)
        if smaller is None:
            raise DataError(
                f"list {self.flow}: more than {self._rules.result_cap} changed within {self._asked_for(reading)}, "
                f"which cannot be split further; raise {self._rules.cap_setting} if the list allows more"
            )
        return smaller

    def _oldest(self) -> datetime:
        return whole_second(self._now() - self._rules.oldest)

    def sorted_out(self, elements: Sequence[Any]) -> tuple[tuple[Fetched, ...], tuple[Problem, ...]]:
        """Elements with an id are entities, whatever else is wrong with them; the others are problems."""
        items: list[Fetched] = []
        problems: list[Problem] = []
        for element in elements:
            payload = exact_json.dumps(element)
            element_id = self._id_of(element)
            if element_id is not None:
                items.append(Fetched(self._key(element_id), self.entity, payload, self._version_of(element)))
                continue
            digest = hashlib.blake2b(payload, digest_size=8).hexdigest()
            what = "its id is missing or none" if isinstance(element, dict) else f"it is {described(element)}"
            detail = f"an element of the list of {self.flow} is no {self.entity}: {what}"
            problems.append(Problem(self._key(f"unreadable-{digest}"), detail, payload))
        return tuple(items), tuple(problems)

    def _asked_for(self, reading: Pass) -> str:
        window = reading.window
        place = "next page" if reading.cursor else "first page"
        node = f"{reading.node} " if reading.node else ""
        return f"GET {self._path()} {node}modified {to_text(window.start)} to {to_text(window.end)}, {place}"


def _cut(reading: Pass, until: datetime) -> Pass:
    """The pass as far as the list really went: what changed later has not been read."""
    end = max(reading.window.start, min(reading.window.end, whole_second(until)))
    return replace(
        reading, window=Window(reading.window.start, end), goal=end if end < reading.window.end else reading.goal
    )


def text_id(element: Any, name: str) -> str | None:
    """An id under that name, whether it came as text or as a number; None when there is none that can be one."""
    value = element.get(name) if isinstance(element, dict) else None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text.strip() if isinstance(text, str) and ENTITY_ID.fullmatch(text.strip()) else None
