"""Waiting in tests: what it is waited for on, it is looked at until it holds, and a test that waits in vain says for what."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.waiting import soon, until


def test_it_returns_when_another_thread_has_done_it() -> None:
    done = threading.Event()
    threading.Timer(0.05, done.set).start()
    until(done.is_set)
    assert done.is_set()


def test_in_vain_it_says_for_what_and_how_far_it_came() -> None:
    with pytest.raises(AssertionError, match="waited 0 s in vain until it rains: dry"):
        until(lambda: False, "it rains", 0.02, lambda: "dry")


async def test_other_tasks_have_their_turns() -> None:
    done: list[int] = []

    async def work() -> None:
        for number in range(3):
            await asyncio.sleep(0)
            done.append(number)

    task = asyncio.create_task(work())
    await soon(lambda: len(done) == 3)
    await task
    with pytest.raises(AssertionError, match="in vain until it rains"):
        await soon(lambda: False, "it rains", 0.02)
