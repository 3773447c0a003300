"""One flow, for as long as this process owns it.

For each page, in this order; a crash between any two steps repeats at most this page:

1. read it from the source                        (may be interrupted: nothing has happened yet)
2. publish its records, wait for all to be acknowledged
3. write the cursor, wait until it counts         (normal poll only: a resync or fetch has no cursor)
4. go on from the new position; at the end mark answered commands as done

Steps 2 to 4 are not interrupted by a wish to stop: they take milliseconds. Whatever fails, `_failed` is the one place that decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from connectors.kit.errors import ConnectorError
from connectors.kit.ports import Page, Source
from schemas.masking import mask_text
from schemas.reasons import Reason
from schemas.record import Record
from schemas.records import Cursor
from streams.poller.commands import Action
from streams.poller.cursors import advanced, failing, recovered
from streams.poller.errors import CursorError, FencedError
from streams.poller.flows import Flow, FlowKey
from streams.poller.metrics import COMMANDS, FlowMetrics
from streams.poller.schedule import OURS, Setback, State, next_pause, setback
from streams.poller.settings import PollSettings
from streams.poller.tracks import Kind, Track, Wish, pick

logger = logging.getLogger(__name__)

T = TypeVar("T")
_TRACKS = {Action.POLL_NOW: Kind.POLL, Action.FETCH_IDS: Kind.FETCH, Action.RESYNC: Kind.RESYNC}


class Publishes(Protocol):
    """See `publisher.Publisher`."""

    async def page(self, flow: FlowKey, page: Page, lane: str) -> None: ...
    async def refused(self, record: Record, flow: FlowKey | None, reason: Reason, detail: str) -> None: ...


class Clock(Protocol):
    """Time as a flow knows it."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def seconds(self) -> float:
        """Never goes back."""
        ...

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        """Return when the event is set, at the latest after that time."""
        ...


class RealClock:
    """The machine's."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def seconds(self) -> float:
        return asyncio.get_running_loop().time()

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(wake.wait(), min(seconds, 3600.0))


@dataclass(frozen=True, slots=True)
class Tools:
    """What all flows of a process share. `chance` answers in [0, 1); `at_step` is told of each step, tests crash there;
    `at_pulse` is called every few seconds while the process is well."""

    settings: PollSettings
    publisher: Publishes
    clock: Clock
    chance: Callable[[], float]
    at_step: Callable[[str], None]
    owner: str
    at_pulse: Callable[[], None] = lambda: None


class FlowLoop:
    """Reads one flow until told to stop. `run` raises FencedError and CursorError, nothing else, and may be called again after them."""

    def __init__(self, flow: Flow, tools: Tools, source: Callable[[], Source]) -> None:
        self.flow = flow
        self._tools = tools
        self._make_source = source
        self._source: Source | None = None
        self._tracks = {kind: Track(kind) for kind in Kind}
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._pages_taken = 0
        self._metrics = FlowMetrics(flow.key)
        self._cursor: Cursor

    def ask(self, wish: Wish) -> None:
        """A command for this flow; also before `run`."""
        logger.info("poll_command flow=%s action=%s id=%s", self.flow.key, wish.command.action, wish.command.id)
        self._tracks[_TRACKS[wish.command.action]].ask(wish, self._tools.clock.seconds())
        self._wake.set()

    def stop(self) -> None:
        """End at the next safe point."""
        self._stopping.set()
        self._wake.set()

    def forget(self) -> None:
        """The flow is no longer ours: its gauges are its new owner's."""
        self._metrics.stop()

    async def run(self, cursor: Cursor, save: Callable[[Cursor], Awaitable[None]]) -> None:
        """Poll from that cursor on. `save` writes a cursor and returns when it counts."""
        self._cursor, self._save = cursor, save
        self._metrics.start(cursor["at"], cursor["read_until"])
        self._metrics.failing(cursor["failing_since"], cursor["failing_reason"])
        logger.info(
            "poll_started flow=%s pages=%d position_known=%s", self.flow.key, cursor["pages"], bool(cursor["position"])
        )
        try:
            while not self._stopping.is_set():
                await self._turn()
        except FencedError:
            self._metrics.state(State.FENCED)
            logger.critical("poll_fenced flow=%s: another poller reads it now", self.flow.key)
            raise
        finally:
            await self._close()
            logger.info("poll_ended flow=%s pages=%d", self.flow.key, self._cursor["pages"])

    async def _turn(self) -> None:
        self._wake.clear()
        track, wait = pick(list(self._tracks.values()), self._tools.clock.seconds())
        if track is None:
            await self._tools.clock.wait(self._wake, wait)
            return
        try:
            page = await self._interruptible(self._next_page(track))
            if self._stopping.is_set():
                return
            if page is not None:
                await self._take(track, page)
            if page is None or page.last:
                await self._finished(track)
        except (FencedError, CursorError):
            raise
        except Exception as error:  # noqa: BLE001  # whatever a source or the cluster may raise: decided in one place
            await self._failed(track, error)

    async def _next_page(self, track: Track) -> Page | None:
        self._pages_taken += 1
        track.turn = self._pages_taken
        if track.pages is None:
            self._metrics.state(State.READING)
            track.begin()
            track.pages = self._open(track)
        async with asyncio.timeout(self._tools.settings.page_seconds):
            return await anext(track.pages, None)

    def _open(self, track: Track) -> AsyncIterator[Page]:
        if self._source is None:
            self._source = self._make_source()
        if track.kind is Kind.POLL:
            return self._source.pages(self._cursor["position"])
        command = track.wishes[0].command
        if track.kind is Kind.RESYNC and command.since is not None:
            return self._source.resync(command.since)
        return self._source.fetch(command.ids)

    async def _take(self, track: Track, page: Page) -> None:
        step = self._tools.at_step if track.kind is Kind.POLL else _no_step
        step("page_read")
        await self._tools.publisher.page(self.flow.key, page, track.lane)
        self._metrics.page(len(page.items), len(page.problems))
        step("page_published")
        if track.kind is Kind.POLL:
            cursor = advanced(self._cursor, page, self._tools.owner, self._tools.clock.now())
            await self._save(cursor)
            self._cursor = cursor
            self._metrics.read_until(cursor["read_until"])
        step("cursor_written")
        logger.info(
            "poll_page flow=%s track=%s records=%d problems=%d last=%s",
            self.flow.key, track.kind, len(page.items), len(page.problems), page.last,
        )  # fmt: skip

    async def _finished(self, track: Track) -> None:
        await _aclose(track.pages)
        clock, pause = self._tools.clock, 0.0
        if track.kind is Kind.POLL:
            await self._well()
            pause = next_pause(self.flow.interval, self._tools.settings, clock.now(), self._tools.chance())
            self._metrics.succeeded()
        if track.kind is Kind.POLL or self._tracks[Kind.POLL].failures == 0:
            self._metrics.state(State.WAITING)
        track.failures, track.not_before = 0, 0.0
        self._answer(track.end(clock.seconds(), pause) + track.answered())

    async def _failed(self, track: Track, error: Exception) -> None:
        await _aclose(track.pages)
        track.failures += 1
        found = setback(error, track.failures, self._tools.settings, self._tools.chance())
        detail = describe(error)
        self._note(track, found, detail)
        now = self._tools.clock.seconds()
        self._answer(track.end(now, found.pause_seconds))
        track.not_before = now + found.pause_seconds if found.is_binding else 0.0
        if track.kind is Kind.POLL:
            await self._ill(found, detail, is_ours=isinstance(error, OURS) and not isinstance(error, TimeoutError))
        elif found.is_dead:
            await self._bury(track, found, detail)

    async def _ill(self, found: Setback, detail: str, *, is_ours: bool) -> None:
        """The flow's cursor says that it fails; a cluster that is in trouble itself is not asked to write that down."""
        now = self._tools.clock.now()
        next_try = now + timedelta(seconds=found.pause_seconds)
        self._cursor = failing(self._cursor, found.reason.value, detail, now, next_try)
        self._metrics.failing(self._cursor["failing_since"], found.reason.value)
        if is_ours:
            return
        try:
            await self._save(self._cursor)
        except OURS as error:  # the next try meets the same trouble, and says it then
            logger.warning("poll_trouble_not_written flow=%s detail=%s", self.flow.key, describe(error))

    async def _well(self) -> None:
        """A poll has read to the end: what failed before is over."""
        if self._cursor["failing_since"] is not None:
            cursor = recovered(self._cursor)
            await self._save(cursor)
            self._cursor = cursor
        self._metrics.failing(None, "")

    async def _bury(self, track: Track, found: Setback, detail: str) -> None:
        """A command that cannot be carried out becomes a dead letter, which ends it."""
        command = track.wishes[0].command
        try:
            await self._tools.publisher.refused(command.record, self.flow.key, found.reason, detail)
        except OURS as error:  # nothing is lost: the next try meets the same trouble
            logger.warning("poll_dead_letter_failed flow=%s detail=%s", self.flow.key, describe(error))
            return
        track.failures, track.due = 0, 0.0
        self._answer(track.answered(), result="refused")

    def _note(self, track: Track, found: Setback, detail: str) -> None:
        level = (
            logging.CRITICAL
            if found.state is State.AUTH_FAILED
            else logging.ERROR
            if found.is_dead
            else logging.WARNING
        )
        logger.log(
            level, "poll_failed flow=%s track=%s reason=%s failures=%d pause_seconds=%.1f detail=%s",
            self.flow.key, track.kind, found.reason, track.failures, found.pause_seconds, detail,
        )  # fmt: skip
        self._metrics.error(found.reason)
        if track.kind is Kind.POLL or found.state is State.AUTH_FAILED:
            self._metrics.state(found.state)

    def _answer(self, wishes: list[Wish], result: str = "done") -> None:
        for wish in wishes:
            self._tools.at_step("command_done")
            COMMANDS.labels(wish.command.action, result).inc()
            logger.info("poll_command_%s flow=%s id=%s", result, self.flow.key, wish.command.id)
            wish.done()

    async def _interruptible(self, action: Coroutine[Any, Any, T]) -> T | None:
        """The action's result, or None when told to stop meanwhile: then it is cancelled."""
        task = asyncio.ensure_future(action)
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not task.done():
                await _cancelled(task)
        return None if task.cancelled() else task.result()

    async def _close(self) -> None:
        for track in self._tracks.values():
            await _aclose(track.pages)
            track.pages = None
        if self._source is not None:
            with contextlib.suppress(Exception):
                await self._source.aclose()
            self._source = None


def describe(error: Exception) -> str:
    """What to tell people. Messages of connectors and of the cluster hold no personal data; unknown errors may: only their place is told."""
    if isinstance(error, TimeoutError):
        return "the page took too long"
    if isinstance(error, (ConnectorError, *OURS)):
        return mask_text(str(error))
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].name} line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


async def _aclose(pages: AsyncIterator[Page] | None) -> None:
    """End a half-read generator; what it raises while ending changes nothing any more."""
    aclose = getattr(pages, "aclose", None)
    if aclose is not None:
        with contextlib.suppress(Exception):
            await aclose()


async def _cancelled(task: asyncio.Future[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task


def _no_step(_step: str) -> None:
    """Only the normal poll's steps matter to the cursor."""
