"""Promise: what failed and was not accounted for is never acknowledged: the process ends, and the next one reads it again (design 6)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from tests.integration.runtime.kit import Workers, committed, fill, reading
from tests.integration.runtime.worker import Plan
from tests.waiting import until


@pytest.mark.parametrize(
    ("value", "failures"),
    [
        (b"lost", "somewhere"),  # process cannot reach the world
        (b"poison", ""),  # process fails and so does the hook
    ],
)
def test_failure_ends_the_process_and_keeps_the_record(
    plan: Callable[..., Plan], workers: Workers, value: bytes, failures: str
) -> None:
    what = plan()
    if not failures:
        what = dataclasses.replace(what, failures="")
    fill(what.bootstrap, what.source, [b"good"], partition=0)
    first = workers.start(what)
    until(lambda: committed(what.bootstrap, what.group, what.source) == {0: 1}, "the good one is committed")
    fill(what.bootstrap, what.source, [value], partition=0)

    assert first.wait() == 70
    assert "stage_failed" in first.log()
    assert committed(what.bootstrap, what.group, what.source) == {0: 1}
    second = workers.start(what)
    assert second.wait() == 70, "the next process meets it again"
    assert committed(what.bootstrap, what.group, what.source) == {0: 1}


def test_missing_topic_is_named_at_start(plan: Callable[..., Plan], workers: Workers) -> None:
    what = dataclasses.replace(plan(), source="no.such.topic")
    worker = workers.start(what)
    assert worker.wait() == 70
    assert "these topics do not exist: no.such.topic" in worker.log()


def test_unreachable_cluster_is_named_at_start(plan: Callable[..., Plan], workers: Workers) -> None:
    what = dataclasses.replace(plan(settings={"topic_check": 1.0}), bootstrap="127.0.0.1:9")
    worker = workers.start(what)
    assert worker.wait() == 70
    assert "no answer from Kafka at 127.0.0.1:9" in worker.log()


def test_record_that_the_broker_refuses_goes_to_failed(
    plan: Callable[..., Plan], workers: Workers, topic: Callable[..., str]
) -> None:
    """A record too large for the target is bad, not the world: it must not end the process again and again."""
    what = dataclasses.replace(plan(), target=topic("small", config={"max.message.bytes": "2000"}))
    big = b"".join(b"%d," % number for number in range(1000, 3000))
    fill(what.bootstrap, what.source, [b"1", big, b"2"], partition=0)
    worker = workers.start(what)
    with reading(what.bootstrap, what.failures) as failures, reading(what.bootstrap, what.target) as out:
        assert set(failures.until(lambda seen: len(seen) == 1, "the big one failed")) == {big}
        out.until(lambda seen: set(seen) == {b"1", b"2"}, "the others arrived")
    assert not worker.is_over()
