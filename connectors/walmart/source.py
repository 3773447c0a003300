"""Reads orders: the flow `orders` of one account. `passes` says what is read and why nothing is missed (ORD-1)."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.kit import exact_json
from connectors.kit.cursor import LoopGuard, Overlap, to_text, whole_second
from connectors.kit.errors import DataError, TransientError
from connectors.kit.ports import Fetched, Page, Problem
from connectors.kit.rate import Priority
from connectors.kit.reading import described
from connectors.walmart import passes
from connectors.walmart.client import ORDER_ID, OrderPage, WalmartClient
from connectors.walmart.mapping import version_of
from connectors.walmart.passes import Pass, Position, Reach, Seen
from connectors.walmart.settings import WalmartSettings

logger = logging.getLogger(__name__)
FLOW = "orders"
BULK = Priority.REPORTS
_NO_OVERLAP = Overlap(timedelta(), timedelta(), 0)
# A cursor may be refused (it is old) and its window begun anew, but not endlessly.
_MOST_RESTARTS = 3
_BEHIND = timedelta(minutes=1)
# How the list may refuse a cursor that is too old or a window that holds too many: Walmart's pages do not name the code.
_MAYBE_TOO_MUCH = frozenset({"INVALID_REQUEST", "INVALID_REQUEST_PARAM"})


@dataclass(slots=True)
class _Run:
    """What one iteration over pages remembers: ids seen in the pass, cursors followed, restarts. Nothing of it must survive a crash."""

    guard: LoopGuard
    ids: set[str]
    priority: Priority
    restarts: int = 0

    def new_pass(self) -> None:
        self.guard = LoopGuard("orders")
        self.ids = set()


class WalmartOrders:
    """`Source` of the flow `orders`."""

    flow = FLOW

    def __init__(
        self, settings: WalmartSettings, account: str, client: WalmartClient, now: Callable[[], datetime]
    ) -> None:
        self.account = account
        self._settings = settings
        self._keys = settings.account(account)
        self._nodes: tuple[str, ...] = self._keys.node_types
        self._client = client
        self._now = now
        self._overlap = Overlap(
            timedelta(minutes=settings.overlap_minutes),
            timedelta(hours=settings.wide_overlap_hours),
            settings.wide_every_polls,
        )

    def pages(self, position: str) -> AsyncIterator[Page]:
        """From a resume point until now. Raises DataError for a position that is none, else what calls raise."""
        first = self._now() - timedelta(days=self._keys.start_days_back)
        return self._walk(passes.decode(position, self._nodes), first, self._overlap)

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """Everything changed since then, as far back as Walmart lists orders, when no other call wants the quota (EVT-5). The positions of
        its pages are not the flow's."""
        return self._walk(Position(), since, _NO_OVERLAP, BULK)

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these purchase orders, a page each."""
        for number, order_id in enumerate(ids, 1):
            items: tuple[Fetched, ...] = ()
            problems: tuple[Problem, ...] = ()
            try:
                order = await self._client.get_order(order_id)
            except DataError as error:
                problems = (Problem(self._key(order_id), str(error), b""),)
            else:
                if order is None:
                    detail = "Walmart has no order of this purchaseOrderId, or it is older than 180 days"
                    problems = (Problem(self._key(order_id), detail, b""),)
                else:
                    items, problems = self._sorted_out([order])
            yield Page(items, "", None, number == len(ids), problems, f"GET /v3/orders/{order_id}")

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _walk(
        self, position: Position, first: datetime, overlap: Overlap, priority: Priority = Priority.ORDERS
    ) -> AsyncIterator[Page]:
        run = _Run(LoopGuard("orders"), set(), priority)
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
        now = whole_second(self._now() - timedelta(seconds=self._settings.horizon_seconds))
        reach = Reach(whole_second(first), self._oldest(), overlap)
        return replace(position, reading=passes.next_pass(position, now, reach, self._nodes[0]))

    async def _step(self, run: _Run, position: Position) -> tuple[Page | None, Position]:
        """Read one page: (page to give, position after it). No page when the window had to be split or begun anew."""
        reading = position.reading
        assert reading is not None
        if not reading.cursor:
            run.new_pass()
        try:
            listed = await self._client.list_orders(reading.cursor or self._query(reading), run.priority)
        except DataError as error:
            return None, replace(position, reading=self._other_way(run, reading, error))
        seen = Seen(0, listed.total, listed.next_cursor)
        if not reading.cursor and passes.too_many(seen, self._settings.result_cap):
            return None, replace(position, reading=self._smaller(reading))
        return self._page(run, position, reading, listed)

    def _page(self, run: _Run, position: Position, reading: Pass, listed: OrderPage) -> tuple[Page, Position]:
        items, problems = self._sorted_out(listed.orders)
        names = {one.key for one in items} | {one.key for one in problems}
        seen = Seen(len(names - run.ids), listed.total, listed.next_cursor)
        run.ids |= names
        after = passes.after(position, seen, self._nodes)
        if listed.next_cursor:
            try:
                run.guard.follow(listed.next_cursor)
            except TransientError as error:
                # What came is kept; the next try begins the window anew instead of following the circle.
                after = self._circled(position, reading, error)
        # A poll that took long has fallen behind: then the next one follows at once.
        behind = self._now() - reading.goal - timedelta(seconds=self._settings.horizon_seconds)
        done = after.reading is None and behind < _BEHIND
        within = after.reading is not None and after.read_until == position.read_until
        page = Page(
            items, passes.encode(after), None if within else after.read_until, done, problems, _asked_for(reading)
        )
        return page, after

    def _circled(self, position: Position, reading: Pass, error: TransientError) -> Position:
        if reading.again >= passes.MOST_CIRCLES:
            raise error
        logger.warning("cursor_loop", extra={"account": self.account, "flow": FLOW, "again": reading.again})
        again = replace(reading, again=reading.again + 1)
        return replace(position, reading=again.split(self._nodes) or again.restarted(self._nodes))

    def _other_way(self, run: _Run, reading: Pass, error: DataError) -> Pass:
        """The request was refused. A cursor may be too old: begin its window anew. A window may hold too many: halve it."""
        run.restarts += 1
        if error.code not in _MAYBE_TOO_MUCH or run.restarts > (
            _MOST_RESTARTS if reading.cursor else passes.MOST_CIRCLES
        ):
            raise error
        if reading.cursor:
            logger.warning("cursor_refused", extra={"account": self.account, "flow": FLOW, "code": error.code})
            return reading.restarted(self._nodes)
        smaller = reading.split(self._nodes)
        if smaller is None:
            raise error
        return smaller

    def _smaller(self, reading: Pass) -> Pass:
        smaller = reading.split(self._nodes)
        if smaller is None:
            raise DataError(
                f"list orders: more than {self._settings.result_cap} orders changed within {_asked_for(reading)}, "
                "which cannot be split further; raise result_cap if Walmart allows more"
            )
        return smaller

    def _query(self, reading: Pass) -> dict[str, str]:
        return {
            "lastModifiedStartDate": to_text(reading.window.start),
            "lastModifiedEndDate": to_text(reading.window.end),
            # Without it only orders created in the last seven days are listed, however recently they changed.
            "createdStartDate": to_text(self._oldest()),
            "shipNodeType": reading.node,
            "replacementInfo": "true",
            "limit": str(self._settings.page_size),
        }

    def _oldest(self) -> datetime:
        return whole_second(self._now() - timedelta(days=self._settings.created_days_back))

    def _sorted_out(self, orders: Sequence[Any]) -> tuple[tuple[Fetched, ...], tuple[Problem, ...]]:
        """Elements with an id are orders, whatever else is wrong with them; the others are problems."""
        items: list[Fetched] = []
        problems: list[Problem] = []
        for order in orders:
            payload = exact_json.dumps(order)
            order_id = id_of(order)
            if order_id is not None:
                items.append(Fetched(self._key(order_id), "order", payload, version_of(order)))
                continue
            digest = hashlib.blake2b(payload, digest_size=8).hexdigest()
            what = "its purchaseOrderId is missing or no id" if isinstance(order, dict) else f"it is {described(order)}"
            detail = f"an element of the order list is no order: {what}"
            problems.append(Problem(self._key(f"unreadable-{digest}"), detail, payload))
        return tuple(items), tuple(problems)

    def _key(self, order_id: str) -> str:
        return f"walmart:{self.account}:{order_id}"


def id_of(order: Any) -> str | None:
    """The purchaseOrderId of an element, None when it has none that can be one."""
    value = order.get("purchaseOrderId") if isinstance(order, dict) else None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text.strip() if isinstance(text, str) and ORDER_ID.fullmatch(text.strip()) else None


def _asked_for(reading: Pass) -> str:
    window = reading.window
    place = "next page" if reading.cursor else "first page"
    return f"GET /v3/orders {reading.node} modified {to_text(window.start)} to {to_text(window.end)}, {place}"
