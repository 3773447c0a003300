"""Promise: a worker that does not move although there is work ends itself; one that waits on purpose, or works, is left alone (OPS-8)."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.integration.runtime.kit import Workers, fill, reading
from tests.integration.runtime.worker import Plan

STALLED_SECONDS = 8.0  # long enough for a busy machine to fetch and work off one record


def test_silent_consumer_is_ended_and_its_successor_goes_on(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(stall_after=1, settings={"stalled": STALLED_SECONDS})
    fill(what.bootstrap, what.source, [b"1"], partition=0)
    worker = workers.start(what)
    worker.wait_event("quiet")
    assert not worker.is_over(), "nothing to do is no stall"
    fill(what.bootstrap, what.source, [b"2"], partition=0)

    assert worker.wait() == 75, worker.end_of_log()
    assert "stalled stage=" in worker.log()
    assert "no progress" in worker.log()
    workers.start(what)  # it goes quiet after one chunk as well, which is enough
    with reading(what.bootstrap, what.target) as out:
        out.until(lambda seen: set(seen) == {b"1", b"2"}, "the rest arrived")


def test_paused_lane_is_left_alone_and_the_others_go_on(plan: Callable[..., Plan], workers: Workers) -> None:
    """For twice as long as a lane may do nothing, or work on one chunk."""
    limits = {"work_seconds": STALLED_SECONDS}
    what = plan(partitions=2, settings={"stalled": STALLED_SECONDS}, limits=limits)
    fill(what.bootstrap, what.source, [b"pause", b"behind it"], partition=0)
    worker = workers.start(what)
    worker.wait_event("paused")
    enough, number = time.monotonic() + 2 * STALLED_SECONDS, 0
    with reading(what.bootstrap, what.target) as out:
        while time.monotonic() < enough:
            number += 1
            fill(what.bootstrap, what.source, [b"%d" % number], partition=1)
            out.until(lambda seen, value=b"%d" % number: value in seen, "the other lane goes on")  # type: ignore[misc]
        assert b"behind it" not in out.poll()
    assert not worker.is_over(), worker.end_of_log()


def test_chunk_over_its_time_limit_is_ended(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(settings={"stalled": 600.0}, limits={"work_seconds": 2.0})
    fill(what.bootstrap, what.source, [b"hang"])
    worker = workers.start(what)
    worker.wait_event("hanging")
    assert worker.wait() == 75, worker.end_of_log()
    assert "over its time limit" in worker.log()


def test_blocked_event_loop_is_ended(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(settings={"stalled": STALLED_SECONDS}, limits={"work_seconds": 2.0})
    fill(what.bootstrap, what.source, [b"block"])
    worker = workers.start(what)
    worker.wait_event("blocking")
    assert worker.wait() == 75, worker.end_of_log()
