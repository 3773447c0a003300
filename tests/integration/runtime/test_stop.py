"""Promise: SIGTERM hands the work over: what is in work is finished and committed, nothing is lost, nothing done twice (OPS-6)."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.integration.runtime.kit import Workers, committed, fill, reading
from tests.integration.runtime.worker import Plan
from tests.waiting import until

RECORDS = 6_000


def test_sigterm_hands_over_without_loss_or_repetition(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(partitions=4, delay_seconds=0.1, limits={"chunk_records": 100})
    values = [b"%d" % number for number in range(RECORDS)]
    fill(what.bootstrap, what.source, values)
    first = workers.start(what)
    first.wait_event("chunk", 3)
    first.send(signal.SIGTERM)
    assert first.wait() == 0, first.end_of_log()
    assert first.events()[-1]["event"] == "stopped"
    done = sum(event["last"] - event["first"] + 1 for event in first.events("chunk"))
    assert sum(committed(what.bootstrap, what.group, what.source).values()) == done

    second, third = workers.start(what), workers.start(what)
    second.wait_event("assigned")  # before that it knows no signals
    with reading(what.bootstrap, what.target) as out:
        out.until(lambda seen: len(seen) >= 0.6 * RECORDS, "60 % arrived")
        second.send(signal.SIGTERM)
        assert second.wait() == 0, second.end_of_log()
        seen = out.until(lambda seen: len(seen) == RECORDS, "every record arrived")
    third.send(signal.SIGINT)
    assert third.wait() == 0, third.end_of_log()
    assert set(seen) == set(values)
    assert seen.total() == RECORDS


def test_second_signal_ends_at_once(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan()
    fill(what.bootstrap, what.source, [b"hang"])
    worker = workers.start(what)
    worker.wait_event("hanging")
    worker.send(signal.SIGTERM)
    until(lambda: "stopping signal=SIGTERM" in worker.log(), "the first signal was taken")
    assert not worker.is_over()
    worker.send(signal.SIGTERM)
    assert worker.wait() == 130, worker.end_of_log()
