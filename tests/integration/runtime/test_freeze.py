"""Promise: a worker that was frozen past its session and wakes up again does no harm: nothing lost, nothing committed twice over (TEST-3)."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from tests.integration.runtime.kit import Workers, fill, reading
from tests.integration.runtime.worker import Plan

RECORDS = 8_000
FROZEN_SECONDS = 8.0  # longer than the session of 6 s


def test_frozen_worker_wakes_up_without_harm(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(partitions=4, delay_seconds=0.1, limits={"chunk_records": 100})
    values = [b"%d" % number for number in range(RECORDS)]
    frozen, other = workers.start(what), workers.start(what)
    frozen.wait_event("assigned")
    other.wait_event("assigned")
    fill(what.bootstrap, what.source, values)

    with reading(what.bootstrap, what.target) as out:
        out.until(lambda seen: len(seen) >= 0.2 * RECORDS, "20 % arrived")
        frozen.send(signal.SIGSTOP)
        since = time.monotonic()
        out.until(lambda _: time.monotonic() - since > FROZEN_SECONDS, "the session is over")
        frozen.send(signal.SIGCONT)
        seen = out.until(lambda seen: len(seen) == RECORDS, "every record arrived")
        fill(what.bootstrap, what.source, [b"after-%d" % number for number in range(100)])
        out.until(lambda seen: len(seen) == RECORDS + 100, "the group still works")
    assert set(values) <= set(seen)
    for worker in (frozen, other):
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0, worker.end_of_log()
