"""OPS-8: a paused chunk is told from a working one, and a working one from one that takes too long."""

from __future__ import annotations

import asyncio

from streams.runtime.chunk import Partition
from streams.runtime.progress import Progress

P = Partition("t", 0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_work_is_overdue_after_its_limit_and_touch_starts_it_again() -> None:
    clock = Clock()
    progress = Progress(clock)
    with progress.working(P, 10.0) as work:
        clock.now = 10.5
        assert work.is_overdue(clock())
        progress.touch()
        assert not work.is_overdue(clock())
    assert progress.work(P) is None


def test_pause_stops_the_clock_and_names_its_reason() -> None:
    clock = Clock()
    progress = Progress(clock)
    with progress.working(P, 10.0) as work:
        with progress.paused("breaker odoo open"):
            clock.now = 1000.0
            assert progress.pauses() == ((P, "breaker odoo open"),)
            assert not work.is_overdue(clock())
        assert progress.pauses() == ()
        assert not work.is_overdue(clock()), "the time paused does not count"


async def test_pause_in_a_task_that_process_started_belongs_to_its_chunk() -> None:
    progress = Progress()
    other = Partition("t", 1)

    async def pausing(entered: asyncio.Event, leave: asyncio.Event) -> None:
        with progress.paused("one key waits"):
            entered.set()
            await leave.wait()

    with progress.working(other, 10.0), progress.working(P, 10.0) as work:
        entered, leave = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(pausing(entered, leave))
        await entered.wait()
        assert progress.pauses() == ((P, "one key waits"),)
        leave.set()
        await task
        assert not work.is_paused


def test_pause_outside_of_any_chunk_is_harmless() -> None:
    progress = Progress()
    with progress.paused("nobody"):
        progress.touch()
    assert progress.pauses() == ()
