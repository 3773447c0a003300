"""ERR-5, SEC-5: a bad record fails alone; what is not the record's fault is never blamed on it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.runtime.chunk import Chunk
from streams.runtime.errors import InfrastructureError
from streams.runtime.isolate import CancelledInsideError, where, work_off
from streams.runtime.stage import StageLimits
from tests.unit.runtime.fakes import FakeStage, chunk, offsets


def bad(numbers: set[int]) -> FakeStage:
    async def work(of: Chunk) -> None:
        if numbers & set(offsets(of)):
            raise ValueError("bad record")

    return FakeStage(work)


@given(st.integers(1, 60), st.sets(st.integers(0, 59), max_size=8))
def test_exactly_the_bad_records_fail_and_all_others_are_processed_in_order(size: int, numbers: set[int]) -> None:
    stage = bad(numbers)
    asyncio.run(work_off(stage, chunk(0, size - 1)))
    expected = [number for number in range(size) if number in numbers]
    assert [failed for failed, _ in stage.failures] == [[number] for number in expected]
    assert stage.processed == [number for number in range(size) if number not in numbers]


async def test_one_bad_record_costs_about_twice_the_chunk() -> None:
    tried = 0

    async def work(of: Chunk) -> None:
        nonlocal tried
        tried += len(of)
        if 77 in offsets(of):
            raise ValueError

    await work_off(FakeStage(work), chunk(0, 511))
    assert tried <= 3 * 512


async def test_without_bisect_the_chunk_fails_as_one() -> None:
    stage = bad({3})
    stage.limits = StageLimits(bisect=False)
    await work_off(stage, chunk(0, 9))
    assert [failed for failed, _ in stage.failures] == [list(range(10))]


async def test_infrastructure_failure_is_nobodys_fault_and_rises() -> None:
    async def work(_: Chunk) -> None:
        raise InfrastructureError("broker gone")

    stage = FakeStage(work)
    with pytest.raises(InfrastructureError):
        await work_off(stage, chunk(0, 9))
    assert stage.failures == []


async def test_failing_hook_rises() -> None:
    async def hook(_: Chunk) -> None:
        raise RuntimeError("no retry topic")

    stage = bad({0})
    stage.on_failed = hook
    with pytest.raises(RuntimeError, match="no retry topic"):
        await work_off(stage, chunk(0, 0))


async def test_cancellation_from_inside_is_a_failure_of_the_record() -> None:
    async def work(_: Chunk) -> None:
        inner = asyncio.get_running_loop().create_task(asyncio.sleep(60))
        asyncio.get_running_loop().call_soon(inner.cancel)
        await inner

    stage = FakeStage(work)
    await work_off(stage, chunk(0, 0))
    assert isinstance(stage.failures[0][1], CancelledInsideError)


async def test_cancellation_of_the_chunk_is_no_failure() -> None:
    async def work(_: Chunk) -> None:
        await asyncio.sleep(60)

    stage = FakeStage(work)
    task = asyncio.create_task(work_off(stage, chunk(0, 3)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stage.failures == []


def test_log_of_an_error_says_class_and_place_and_never_its_text() -> None:
    """SEC-3."""
    with pytest.raises(ValueError) as found:
        int("card 4111 1111 1111 1111")
    text = where(found.value)
    assert text.startswith("error=ValueError at=test_isolate.py:")
    assert "4111" not in text
