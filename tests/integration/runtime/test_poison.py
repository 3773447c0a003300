"""Promise: one bad record goes to `failed` alone; its neighbours are processed, in order, and the flow goes on (ERR-5, SEC-5)."""

from __future__ import annotations

import signal
from collections.abc import Callable

from tests.integration.runtime.kit import Workers, committed, fill, reading
from tests.integration.runtime.worker import Plan
from tests.waiting import until


def test_only_the_bad_records_of_a_chunk_fail(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(limits={"chunk_records": 100})
    values = [b"poison-%d" % number if number in (0, 37, 38, 250) else b"%d" % number for number in range(300)]
    bad = {value for value in values if value.startswith(b"poison")}
    fill(what.bootstrap, what.source, values, partition=0)
    worker = workers.start(what)

    with reading(what.bootstrap, what.target) as out, reading(what.bootstrap, what.failures) as failures:
        seen = out.until(lambda seen: len(seen) == 296, "all good records arrived")
        failed = failures.until(lambda seen: len(seen) == 4, "all bad records failed")
        first_seen = list(dict.fromkeys(out.order[0]))
    until(lambda: committed(what.bootstrap, what.group, what.source) == {0: 300}, "all is committed")
    worker.send(signal.SIGTERM)

    assert worker.wait() == 0
    assert set(failed) == bad
    assert set(seen) == set(values) - bad
    assert first_seen == [value for value in values if value not in bad]


def test_without_halving_the_chunk_fails_as_one(plan: Callable[..., Plan], workers: Workers) -> None:
    what = plan(limits={"chunk_records": 100, "bisect": False})
    fill(what.bootstrap, what.source, [b"1", b"poison", b"2"], partition=0)
    workers.start(what)
    with reading(what.bootstrap, what.failures) as failures:
        assert failures.until(lambda seen: len(seen) == 3, "the chunk failed").total() == 3
