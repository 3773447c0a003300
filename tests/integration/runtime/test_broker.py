"""Promise: a broker that is killed, or goes deaf for a while, costs no record, and the flow goes on by itself (TEST-3, OPS-8)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.stack import Stack
from tests.integration.conftest import stack_settings
from tests.integration.runtime.kit import QUICK, Reader, Worker, Workers, fill, reading, wait_for
from tests.integration.runtime.worker import Plan

RECORDS = 6_000
DEAF_SECONDS = 8.0  # longer than the workers' session


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stack]:
    """A broker of the test's own, to be ill-treated."""
    stack = Stack(stack_settings(tmp_path))
    stack.start_broker()
    yield stack
    stack.down()


def make_plan(bootstrap: str) -> Plan:
    names = {side: f"broker.{side}.{uuid.uuid4().hex[:8]}" for side in ("in", "out", "failed")}
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(name, 4, 1) for name in names.values()]).values():
        future.result(timeout=20)
    return Plan(
        bootstrap=bootstrap, group=f"copy-{names['in']}", source=names["in"], target=names["out"], failures=names["failed"],
        delay_seconds=0.1, limits={"chunk_records": 50}, settings={**QUICK, "stalled": 20.0, "topic_check": 10.0},
    )  # fmt: skip


def keep_alive(team: list[Worker], workers: Workers, plan: Plan) -> None:
    """What a supervisor does: whoever ended is started again."""
    for index, worker in enumerate(team):
        if worker.is_over():
            assert worker.process.returncode in (70, 75), worker.log()
            team[index] = workers.start(plan)


@pytest.mark.timeout(240)
def test_killed_and_deaf_broker_cost_nothing(own: Stack, workers: Workers) -> None:
    plan = make_plan(own.endpoints().bootstrap)
    values = [b"%d" % number for number in range(RECORDS)]
    fill(plan.bootstrap, plan.source, values[: RECORDS // 2])
    team = [workers.start(plan), workers.start(plan)]

    with reading(plan.bootstrap, plan.target) as out:
        arrived(out, team, workers, plan, RECORDS // 6)
        own.kill_broker()
        own.start_broker()
        arrived(out, team, workers, plan, RECORDS // 3)
        own.pause_broker()
        since = time.monotonic()
        wait_for(lambda: time.monotonic() - since > DEAF_SECONDS, "the session is over")
        own.resume_broker()
        fill(plan.bootstrap, plan.source, values[RECORDS // 2 :])
        arrived(out, team, workers, plan, RECORDS)
    assert set(out.seen) == set(values)


def arrived(out: Reader, team: list[Worker], workers: Workers, plan: Plan, count: int) -> None:
    def enough() -> bool:
        keep_alive(team, workers, plan)
        return len(out.poll()) >= count

    wait_for(enough, f"{count} records arrived", 100.0)
