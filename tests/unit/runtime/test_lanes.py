"""EVT-2: one chunk of a partition at a time and in order; partitions side by side; only what is done counts."""

from __future__ import annotations

import asyncio

import pytest

from streams.runtime.chunk import Chunk, Partition
from streams.runtime.lanes import Lanes
from streams.runtime.progress import Progress
from streams.runtime.stage import StageLimits
from tests.unit.runtime.fakes import FakeStage, chunk
from tests.waiting import soon

P0, P1 = Partition("t", 0), Partition("t", 1)


class Bench:
    """Lanes over a stage whose chunks end when the test says so."""

    def __init__(self) -> None:
        self.stage = FakeStage(self.work, StageLimits(chunk_records=10, pending_chunks=3))
        self.progress = Progress()
        self.errors: list[BaseException] = []
        self.lanes = Lanes(self.stage, self.progress, self.errors.append)
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    async def work(self, of: Chunk) -> None:
        self.begun.append(str(of))
        await self.gates.setdefault(str(of), asyncio.Event()).wait()

    def give(self, of: Chunk) -> None:
        self.lanes.put(self.lanes.take(of))

    def end(self, of: Chunk) -> None:
        self.gates.setdefault(str(of), asyncio.Event()).set()


@pytest.fixture
async def bench() -> Bench:
    made = Bench()
    made.lanes.assign({P0, P1})
    return made


async def test_chunks_of_a_partition_come_one_at_a_time_and_partitions_side_by_side(bench: Bench) -> None:
    first, second, other = chunk(0, 9), chunk(10, 19), chunk(0, 9, partition=1)
    for piece in (first, second, other):
        bench.give(piece)
    await soon(lambda: len(bench.begun) == 2)
    assert bench.begun == [str(first), str(other)]
    bench.end(first)
    await soon(lambda: len(bench.begun) == 3)
    assert bench.begun[-1] == str(second)
    assert bench.lanes.position(P0) == 10
    assert bench.lanes.position(P1) is None
    await bench.lanes.settle(0)


async def test_what_trickled_in_is_worked_off_together_as_far_as_it_fits(bench: Bench) -> None:
    """TEST-2: small chunks that waited become one; it is done as a whole, and nothing of it before."""
    first, *drops = chunk(0, 9), chunk(10, 13), chunk(14, 15), chunk(16, 19), chunk(20, 20)
    for piece in (first, *drops):
        bench.give(piece)
    assert bench.lanes.room_of(P0) == 30 - 21
    bench.end(first)
    await soon(lambda: len(bench.begun) == 2)
    assert bench.begun[-1] == str(chunk(10, 19))
    assert bench.lanes.position(P0) == 10
    bench.end(chunk(10, 19))
    await soon(lambda: bench.lanes.position(P0) == 20)
    await soon(lambda: bench.begun[-1] == str(chunk(20, 20)))
    await bench.lanes.settle(0)


async def test_what_counts_no_more_is_joined_to_nothing(bench: Bench) -> None:
    bench.give(chunk(0, 0))
    await soon(lambda: bool(bench.begun))
    bench.give(chunk(1, 3))
    bench.lanes.forget(P0)
    bench.give(chunk(0, 4))
    bench.end(chunk(0, 0))
    await soon(lambda: len(bench.begun) == 2)
    assert bench.begun[-1] == str(chunk(0, 4))
    bench.end(chunk(0, 4))
    await soon(lambda: bench.lanes.position(P0) == 5)
    await bench.lanes.settle(0)


async def test_room_is_what_is_not_out(bench: Bench) -> None:
    assert bench.lanes.room_of(P0) == 30
    for first in (0, 10, 20):
        bench.give(chunk(first, first + 9))
    assert bench.lanes.room_of(P0) == 0
    assert bench.lanes.room_of(P1) == 30
    bench.end(chunk(0, 9))
    await soon(lambda: bench.lanes.room_of(P0) == 10)
    bench.lanes.close()
    assert bench.lanes.room_of(P1) == 0
    await bench.lanes.settle(0)


async def test_failure_beyond_the_hook_is_reported_and_not_done(bench: Bench) -> None:
    async def hook(_: Chunk) -> None:
        raise RuntimeError("no retry topic")

    async def work(_: Chunk) -> None:
        raise ValueError

    bench.stage.work, bench.stage.on_failed = work, hook
    bench.give(chunk(0, 0))
    await soon(lambda: bool(bench.errors))
    assert isinstance(bench.errors[0], RuntimeError)
    assert bench.lanes.position(P0) is None
    await bench.lanes.settle(0)


async def test_settle_waits_for_what_is_in_work_and_begins_nothing_more(bench: Bench) -> None:
    first, second = chunk(0, 9), chunk(10, 19)
    bench.give(first)
    bench.give(second)
    await soon(lambda: bool(bench.begun))
    settling = asyncio.create_task(bench.lanes.settle(5))
    await asyncio.sleep(0)
    bench.end(first)
    bench.end(second)
    await settling
    assert bench.begun == [str(first)]
    assert bench.lanes.position(P0) == 10
    bench.give(chunk(20, 29))
    await asyncio.sleep(0)
    assert bench.begun == [str(first)], "closed lanes take nothing"


async def test_settle_cancels_what_takes_too_long_and_that_does_not_count(bench: Bench) -> None:
    bench.give(chunk(0, 9))
    await soon(lambda: bool(bench.begun))
    await bench.lanes.settle(0.1)
    assert bench.lanes.position(P0) is None
    assert bench.stage.failures == []
    assert bench.errors == []


async def test_settle_cancels_a_paused_chunk_at_once(bench: Bench) -> None:
    async def work(_: Chunk) -> None:
        with bench.progress.paused("breaker"):
            await asyncio.sleep(3600)

    bench.stage.work = work
    bench.give(chunk(0, 9))
    await soon(lambda: bool(bench.progress.pauses()))
    async with asyncio.timeout(2):
        await bench.lanes.settle(3600)
    assert bench.lanes.position(P0) is None


async def test_chunk_of_a_forgotten_partition_counts_no_more(bench: Bench) -> None:
    old, again = chunk(0, 9), chunk(0, 4)
    bench.give(old)
    await soon(lambda: bool(bench.begun))
    bench.lanes.forget(P0)
    bench.give(again)
    bench.end(old)
    await soon(lambda: len(bench.begun) == 2)
    assert bench.lanes.position(P0) is None
    bench.end(again)
    await soon(lambda: bench.lanes.position(P0) == 5)
    await bench.lanes.settle(0)


async def test_no_chunk_begins_before_the_state_is_restored() -> None:
    bench, restored = Bench(), asyncio.Event()

    async def restore() -> None:
        await restored.wait()

    bench.stage.on_assigned = restore
    bench.lanes.assign({P0})
    bench.give(chunk(0, 9))
    for _ in range(20):
        await asyncio.sleep(0)
    assert bench.begun == []
    restored.set()
    await soon(lambda: bool(bench.begun))
    await bench.lanes.settle(0)
    await bench.lanes.revoked()
    assert bench.stage.calls == ["assigned", "revoked"]


async def test_failed_restore_is_reported() -> None:
    bench = Bench()

    async def restore() -> None:
        raise OSError("state topic unreadable")

    bench.stage.on_assigned = restore
    bench.lanes.assign({P0})
    await soon(lambda: bool(bench.errors))
    assert isinstance(bench.errors[0], OSError)
    await bench.lanes.settle(0)
