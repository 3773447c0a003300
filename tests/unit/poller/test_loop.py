"""One flow, step by step, with a source that does what the test wrote down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.kit.errors import AuthError, DataError, ThrottledError, TransientError
from connectors.kit.ports import Fetched, Page, Problem
from schemas.reasons import Reason
from schemas.record import Record
from schemas.records import Cursor
from streams.poller.commands import Action, Command
from streams.poller.cursors import first_cursor
from streams.poller.errors import CursorError, FencedError
from streams.poller.flows import FlowKey
from streams.poller.loop import FlowLoop, Tools
from streams.poller.settings import PollSettings
from streams.poller.tracks import Wish
from streams.runtime.errors import DeliveryError
from tests.unit.poller.kit import KEY, NOW, flow

Script = Sequence[Page | Exception]


def page(*ids: str, position: str = "", last: bool = True, problems: tuple[Problem, ...] = ()) -> Page:
    items = tuple(Fetched(f"shop:main:{i}", "order", b"{}") for i in ids)
    return Page(items, position or f"after {ids[-1] if ids else ''}", NOW, last, problems)


@dataclass
class Clock:
    """Time passes only while the flow waits; `at` maps waits (1, 2, ...) to what happens then instead."""

    passed: float = 0.0
    waits: list[float] = field(default_factory=list)
    at: dict[int, Callable[[], object]] = field(default_factory=dict)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed)

    def seconds(self) -> float:
        return self.passed

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        await asyncio.sleep(0)
        if action := self.at.get(len(self.waits)):
            action()
        else:
            self.passed += seconds


@dataclass
class ScriptedSource:
    """Each call of `pages` plays the next script. `log` holds what was asked."""

    polls: list[Script]
    asked: list[Script] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    flow: str = "orders"
    account: str = "main"

    async def pages(self, position: str) -> AsyncIterator[Page]:
        self.log.append(f"poll from {position!r}")
        for item in self.polls.pop(0) if self.polls else [page()]:
            yield _play(item)

    async def resync(self, since: datetime) -> AsyncIterator[Page]:
        self.log.append(f"resync since {since:%Y-%m-%d}")
        for item in self.asked.pop(0):
            yield _play(item)

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        self.log.append(f"fetch {','.join(ids)}")
        for item in self.asked.pop(0):
            yield _play(item)

    async def aclose(self) -> None:
        self.log.append("closed")


def _play(item: Page | Exception) -> Page:
    if isinstance(item, Exception):
        raise item
    return item


@dataclass
class Recorder:
    """Publisher and cursor in one log; `fail` maps an entry to the error it meets once."""

    log: list[str] = field(default_factory=list)
    fail: dict[str, Exception] = field(default_factory=dict)
    saved: Any = None

    async def page(self, _flow: FlowKey, page: Page, lane: str) -> None:
        self._note(f"publish {','.join(i.key[10:] for i in page.items)}{' ' + lane if lane else ''}")

    async def refused(self, _record: Record, _flow: FlowKey | None, reason: Reason, detail: str) -> None:
        self._note(f"refused {reason} {detail}")

    async def save(self, cursor: Cursor) -> None:
        before, self.saved = self.saved, cursor
        if cursor["failing_since"] is not None and cursor["pages"] == (before["pages"] if before else 0):
            self._note(f"failing {cursor['failing_reason']} {cursor['failing_detail']}")
        else:
            self._note(f"cursor {cursor['position']}")

    def _note(self, entry: str) -> None:
        if error := self.fail.pop(entry, None):
            raise error
        self.log.append(entry)


@dataclass
class Bench:
    """A flow with all its surroundings; runs until the `end`-th wait."""

    source: ScriptedSource
    end: int = 1
    clock: Clock = field(default_factory=Clock)
    recorder: Recorder = field(default_factory=Recorder)
    steps: list[str] = field(default_factory=list)
    settings: PollSettings = field(default_factory=lambda: PollSettings(jitter=0))

    def __post_init__(self) -> None:
        tools = Tools(self.settings, self.recorder, self.clock, lambda: 0.0, self.steps.append, "me")
        self.loop = FlowLoop(flow(), tools, lambda: self.source)
        self.answered: list[str] = []

    def ask(self, action: Action, name: str = "c") -> None:
        record = Record("poll.commands", 0, 0, 0, KEY.encode(), b"v")
        command = Command(name, KEY, action, datetime(2026, 1, 1, tzinfo=NOW.tzinfo), ("7", "8"), record)
        self.loop.ask(Wish(command, lambda: self.answered.append(name)))

    async def run(self, save: Callable[[Cursor], Awaitable[None]] | None = None) -> list[str]:
        self.clock.at[self.end] = self.loop.stop
        await self.loop.run(first_cursor(KEY, NOW), save or self.recorder.save)
        return self.recorder.log


async def test_cursor_is_written_after_its_page_and_before_the_next() -> None:
    """EVT-3: a crash can repeat a page, never skip one."""
    bench = Bench(ScriptedSource([[page("1", last=False), page("2", last=False), page("3")]]))
    assert await bench.run() == [
        "publish 1", "cursor after 1", "publish 2", "cursor after 2", "publish 3", "cursor after 3",
    ]  # fmt: skip
    assert bench.steps == ["page_read", "page_published", "cursor_written"] * 3
    assert bench.clock.waits == [600]
    saved = bench.recorder.saved
    assert (saved["pages"], saved["records"], saved["owner"], saved["read_until"]) == (3, 3, "me", NOW)


async def test_next_poll_resumes_where_the_last_ended() -> None:
    """ORD-1: resumable cursor, regular interval."""
    bench = Bench(ScriptedSource([[page("1")], [page("2")]]), end=2)
    await bench.run()
    assert bench.source.log == ["poll from ''", "poll from 'after 1'", "closed"]
    assert bench.clock.waits == [600, 600]


async def test_page_in_the_middle_of_a_window_leaves_read_until_alone() -> None:
    middle = Page((), "p", None, last=True)
    bench = Bench(ScriptedSource([[page("1", last=False), middle]]))
    await bench.run()
    assert bench.recorder.saved["read_until"] == NOW


@pytest.mark.parametrize("entry", ["publish 2", "cursor after 2"])
async def test_page_that_could_not_be_made_safe_is_read_again(entry: str) -> None:
    """EVT-3: broker away while publishing, or while writing the cursor."""
    script = [page("1", last=False), page("2")]
    bench = Bench(ScriptedSource([script, [page("2")]]), end=2)
    bench.recorder.fail[entry] = DeliveryError("broker away")
    log = await bench.run()
    assert log[-2:] == ["publish 2", "cursor after 2"]
    assert bench.source.log[:2] == ["poll from ''", "poll from 'after 1'"]
    assert bench.clock.waits == [5, 600]


async def test_errors_that_time_mends_wait_longer_and_longer() -> None:
    down = [TransientError("down")]
    bench = Bench(ScriptedSource([down, down, down, [page("1")], down]), end=5)
    await bench.run()
    assert bench.clock.waits == [5, 10, 20, 600, 5], "success starts the count again"


async def test_refused_credentials_alert_and_are_tried_slowly(caplog: pytest.LogCaptureFixture) -> None:
    """AUTH-5, ERR-1: a person renews them; nothing is published, nothing moves."""
    bench = Bench(ScriptedSource([[AuthError("token refused for client jane@example.com")]]))
    assert [entry.split()[:2] for entry in await bench.run()] == [["failing", "auth"]]
    assert bench.clock.waits == [900]
    alert = next(record for record in caplog.records if record.levelno == logging.CRITICAL)
    assert "reason=auth" in alert.getMessage()
    assert "jane" not in alert.getMessage()


async def test_throttle_is_honoured_even_when_asked_to_poll_now() -> None:
    """RATE-1."""
    bench = Bench(ScriptedSource([[ThrottledError("busy", retry_after=60)], [page("1")]]), end=3)
    bench.clock.at[1] = lambda: bench.ask(Action.POLL_NOW)
    await bench.run()
    assert bench.clock.waits == [60, 60, 600]
    assert bench.answered == ["c"]


async def test_unreadable_page_is_told_by_its_cursor_and_skips_nothing() -> None:
    """SEC-5: never silent, never hot: the position stays, and it is no dead letter that would outlive the trouble."""
    bad: Script = [page("1", last=False), DataError("page 2 is no JSON")]
    other, again = DataError("page 2 has no orders"), [DataError("page 2 is no JSON")]
    bench = Bench(ScriptedSource([bad, again, [other], [page("2")], again]), end=5)
    log = await bench.run()
    assert log == [
        "publish 1", "cursor after 1", "failing data page 2 is no JSON", "failing data page 2 is no JSON",
        "failing data page 2 has no orders", "publish 2", "cursor after 2", "failing data page 2 is no JSON",
    ]  # fmt: skip
    assert bench.clock.waits == [900, 900, 900, 600, 900]
    assert bench.source.log[1:4] == ["poll from 'after 1'"] * 3


async def test_bug_in_a_connector_tells_its_place_and_no_data() -> None:
    """SEC-3."""
    bench = Bench(ScriptedSource([[KeyError("jane@example.com")]]))
    log = await bench.run()
    assert len(log) == 1
    assert log[0].startswith("failing bug KeyError at _play line ")


async def test_flow_that_fails_says_since_when_why_and_when_it_is_tried_again() -> None:
    """OPS-1: and it says so until a poll reads to the end, not only until a page came through."""
    bad: Script = [page("1", last=False), DataError("no JSON")]
    bench = Bench(ScriptedSource([[TransientError("down")], bad, [page("2", last=False)]]), end=3)
    seen: list[tuple[Any, ...]] = []
    names = ("failing_since", "failing_reason", "failing_detail", "next_try", "position")

    async def save(cursor: Cursor) -> None:
        seen.append(tuple(cursor[name] for name in names))  # type: ignore[literal-required]

    await bench.run(save)
    first, second = NOW + timedelta(seconds=5), NOW + timedelta(seconds=905)
    assert seen == [
        (NOW, "transient", "down", first, ""),
        (NOW, "transient", "down", first, "after 1"),
        (NOW, "data", "no JSON", second, "after 1"),
        (NOW, "data", "no JSON", second, "after 2"),
        (None, "", "", None, "after 2"),
    ]


async def test_trouble_that_could_not_be_written_down_is_written_with_the_next_try() -> None:
    bad = [DataError("no JSON")]
    bench = Bench(ScriptedSource([bad, bad]), end=2)
    bench.recorder.fail["failing data no JSON"] = DeliveryError("broker away")
    assert await bench.run() == ["failing data no JSON"]


async def test_cluster_in_trouble_is_not_asked_to_write_that_down() -> None:
    """Writing would hang for as long as the trouble lasts; the metric tells it all the same."""
    bench = Bench(ScriptedSource([[page("1")]]))
    bench.recorder.fail["publish 1"] = DeliveryError("broker away")
    assert await bench.run() == []
    assert bench.recorder.saved is None


async def test_page_that_takes_too_long_is_given_up() -> None:
    class Hanging(ScriptedSource):
        async def pages(self, position: str) -> AsyncIterator[Page]:
            await asyncio.Event().wait()
            yield page()

    bench = Bench(Hanging([]), settings=PollSettings(jitter=0, page_seconds=0.01))
    await bench.run()
    assert bench.clock.waits == [5]


async def test_poll_now_cuts_the_wait_and_is_done_when_read() -> None:
    bench = Bench(ScriptedSource([[page("1")], [page("2")]]), end=2)
    bench.clock.at[1] = lambda: bench.ask(Action.POLL_NOW)
    await bench.run()
    assert bench.clock.waits == [600, 600]
    assert bench.source.log[:2] == ["poll from ''", "poll from 'after 1'"]
    assert bench.answered == ["c"]


async def test_resync_keeps_to_its_lane_and_leaves_the_cursor_alone() -> None:
    """REC-3."""
    bench = Bench(ScriptedSource([[page("1")]], asked=[[page("5", last=False), page("6")]]))
    bench.ask(Action.RESYNC)
    log = await bench.run()
    assert sorted(log) == ["cursor after 1", "publish 1", "publish 5 bulk", "publish 6 bulk"]
    assert bench.source.log[1] == "resync since 2026-01-01"
    assert bench.answered == ["c"]
    assert bench.steps.count("page_read") == 1


async def test_resync_and_normal_poll_take_turns_page_by_page() -> None:
    """REC-3: a resync delays new orders by one page at most."""
    polls = [page("1", last=False), page("2", last=False), page("3")]
    bench = Bench(ScriptedSource([polls], asked=[[page("7", last=False), page("8", last=False), page("9")]]))
    bench.ask(Action.RESYNC)
    log = [entry for entry in await bench.run() if entry.startswith("publish")]
    assert log == ["publish 1", "publish 7 bulk", "publish 2", "publish 8 bulk", "publish 3", "publish 9 bulk"]


async def test_fetch_reads_the_ids_and_their_problems() -> None:
    missing = Problem("shop:main:8", "no such order", b"{}")
    bench = Bench(ScriptedSource([[page("1")]], asked=[[page("7", problems=(missing,))]]))
    bench.ask(Action.FETCH_IDS)
    log = await bench.run()
    assert "publish 7 normal" in log
    assert "fetch 7,8" in bench.source.log
    assert bench.answered == ["c"]


async def test_failed_resync_begins_again_and_stays_open_meanwhile() -> None:
    passes: list[Script] = [[page("5", last=False), TransientError("down")], [page("5", last=False), page("6")]]
    bench = Bench(ScriptedSource([[page("1")]], asked=passes), end=2)
    bench.ask(Action.RESYNC)
    log = await bench.run()
    assert [e for e in log if "bulk" in e] == ["publish 5 bulk", "publish 5 bulk", "publish 6 bulk"]
    assert bench.clock.waits[0] == 5, "a setback of the resync is not one of the poll"
    assert bench.answered == ["c"]


async def test_command_that_cannot_be_carried_out_becomes_a_dead_letter_and_the_next_one_runs() -> None:
    """ERR-5: visible, and not in the way."""
    bench = Bench(ScriptedSource([[page("1")]], asked=[[DataError("ids are wrong")], [page("7")]]))
    bench.ask(Action.FETCH_IDS, "first")
    bench.ask(Action.FETCH_IDS, "second")
    log = await bench.run()
    assert "refused data ids are wrong" in log
    assert bench.answered == ["first", "second"]


async def test_stop_interrupts_reading_and_finishes_publishing() -> None:
    """EVT-3: gives up at the next safe point."""
    entered, goes_on = asyncio.Event(), asyncio.Event()
    bench = Bench(ScriptedSource([[page("1", last=False), page("2")]]))

    async def slow_save(cursor: Cursor) -> None:
        entered.set()
        await goes_on.wait()
        await bench.recorder.save(cursor)

    running = asyncio.create_task(bench.run(slow_save))
    await entered.wait()
    bench.loop.stop()
    goes_on.set()
    assert await running == ["publish 1", "cursor after 1"]

    class Hanging(ScriptedSource):
        async def pages(self, position: str) -> AsyncIterator[Page]:
            hangs.set()
            await asyncio.Event().wait()
            yield page()

    hangs = asyncio.Event()
    bench = Bench(Hanging([]))
    running = asyncio.create_task(bench.run())
    await hangs.wait()
    bench.loop.stop()
    assert await asyncio.wait_for(running, 2) == []
    assert bench.source.log == ["closed"]


async def test_fenced_flow_stops_loudly(caplog: pytest.LogCaptureFixture) -> None:
    """EVT-3: two pollers of one account never run at once."""
    bench = Bench(ScriptedSource([[page("1", last=False), page("2")]]))
    bench.recorder.fail["cursor after 1"] = FencedError("another poller")
    with pytest.raises(FencedError):
        await bench.run()
    assert bench.recorder.log == ["publish 1"]
    assert any(r.levelno == logging.CRITICAL and "poll_fenced" in r.getMessage() for r in caplog.records)


async def test_flow_stops_when_nobody_knows_whether_its_cursor_is_written() -> None:
    bench = Bench(ScriptedSource([[page("1")]]))
    bench.recorder.fail["cursor after 1"] = CursorError("who knows")
    with pytest.raises(CursorError):
        await bench.run()


async def test_source_that_cannot_be_built_is_tried_again() -> None:
    bench = Bench(ScriptedSource([[page("1")]]), end=2)
    calls: list[int] = []

    def build() -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise TransientError("no token")
        return bench.source

    bench.loop._make_source = build
    assert (await bench.run())[1:] == ["publish 1", "cursor after 1"]
    assert bench.clock.waits == [5, 600]
