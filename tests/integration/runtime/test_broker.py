"""Promise: a broker that is killed, or goes deaf for a while, costs no record, and the flow goes on by itself (TEST-3, OPS-8)."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas import topics
from streams.failure.queues import depths
from streams.kafka import QUIET, BrokerError
from streams.runtime.chunk import Partition
from streams.runtime.cluster import log_ends
from streams.runtime.runtime import EXIT_FAILED, EXIT_OK, EXIT_STALLED, EXIT_STOP_TIMEOUT
from streams.settings import KafkaSettings, RetrySettings, Settings
from streams.stack import Stack
from tests.integration.conftest import stack_settings
from tests.integration.runtime.kit import LIMIT_SECONDS, QUICK, Reader, Worker, Workers, fill, reading
from tests.integration.runtime.worker import Plan
from tests.waiting import until

RECORDS = 6_000
DEAF_SECONDS = 8.0  # longer than the workers' session
AWAY_SECONDS = 20.0
MOST_LINES = 15  # in that time and while all comes back; without restraint it is hundreds


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stack]:
    """A broker of the test's own, to be ill-treated."""
    stack = Stack(stack_settings(tmp_path))
    stack.start_broker()
    yield stack
    stack.down()


def make_plan(bootstrap: str) -> Plan:
    names = {side: f"broker.{side}.{uuid.uuid4().hex[:8]}" for side in ("in", "out", "failed")}
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(name, 4, 1) for name in names.values()]).values():
        future.result(timeout=LIMIT_SECONDS)
    return Plan(
        bootstrap=bootstrap, group=f"copy-{names['in']}", source=names["in"], target=names["out"], failures=names["failed"],
        delay_seconds=0.1, limits={"chunk_records": 50}, settings={**QUICK, "stalled": 20.0, "joining": 60.0, "rebalance": 30.0, "topic_check": 10.0},
    )  # fmt: skip


@dataclass
class Crew:
    """Two workers and who looks after them: whoever ended is started again, as a supervisor does."""

    workers: Workers
    plan: Plan
    team: list[Worker]
    exits: list[int] = field(default_factory=list)

    def look(self) -> None:
        for index, worker in enumerate(self.team):
            if worker.is_over():
                self.exits.append(worker.process.returncode)
                assert self.exits[-1] in (EXIT_FAILED, EXIT_STALLED), worker.end_of_log()
                self.team[index] = self.workers.start(self.plan)

    def until(self, out: Reader, count: int) -> None:
        """Until so many different records have arrived. The limit leaves room for a watchdog, a restart and a group that forms anew."""

        def enough() -> bool:
            self.look()
            return len(out.poll()) >= count

        until(enough, f"{count} records arrived", 3 * LIMIT_SECONDS, lambda: self.report(out))

    def report(self, out: Reader) -> str:
        """For a message."""
        with reading(self.plan.bootstrap, self.plan.failures) as failed:
            failures = len(failed.poll())
        seen = f"{out.so_far()}, {failures} went to `failed`, workers ended with {self.exits}"
        return "\n".join([seen, *(worker.end_of_log() for worker in self.team)])


def test_killed_and_deaf_broker_cost_nothing(own: Stack, workers: Workers) -> None:
    plan = make_plan(own.endpoints().bootstrap)
    values = [b"%d" % number for number in range(RECORDS)]
    fill(plan.bootstrap, plan.source, values[: RECORDS // 2])
    crew = Crew(workers, plan, [workers.start(plan), workers.start(plan)])

    with reading(plan.bootstrap, plan.target) as out:
        crew.until(out, RECORDS // 6)
        own.kill_broker()
        own.start_broker()
        crew.until(out, RECORDS // 3)
        own.pause_broker()
        since = time.monotonic()
        until(lambda: time.monotonic() - since > DEAF_SECONDS, "the session is over")
        own.resume_broker()
        fill(plan.bootstrap, plan.source, values[RECORDS // 2 :])
        crew.until(out, RECORDS)
    assert set(out.seen) == set(values)


def test_a_broker_that_is_away_fills_no_log(own: Stack, workers: Workers) -> None:
    """OPS-8: one line that it is away, one that it is back, and the same process goes on."""
    plan = make_plan(own.endpoints().bootstrap)
    values = [b"%d" % number for number in range(RECORDS)]
    fill(plan.bootstrap, plan.source, values[:100])
    worker = workers.start(plan)

    with reading(plan.bootstrap, plan.target) as out:
        out.until(lambda seen: len(seen) >= 100, "all is copied")
        before = len(worker.log().splitlines())
        own.kill_broker()
        until(lambda: " kafka_away " in worker.log(), "it says that the broker is away", so_far=worker.end_of_log)
        since = time.monotonic()
        until(lambda: time.monotonic() - since > AWAY_SECONDS, "it is away for a while")
        own.start_broker()
        until(lambda: " kafka_back " in worker.log(), "it says that the broker is back", so_far=worker.end_of_log)
        fill(plan.bootstrap, plan.source, values[100:200])
        out.until(lambda seen: len(seen) >= 200, "the rest is copied", 3 * LIMIT_SECONDS)
    assert not worker.is_over(), worker.end_of_log()
    lines = worker.log().splitlines()[before:]
    assert sum(" kafka_back " in line for line in lines) == 1
    assert len(lines) <= MOST_LINES, "\n".join(lines)


def test_asked_to_stop_while_the_broker_is_away_it_ends(own: Stack, workers: Workers) -> None:
    """OPS-8: what waits for the broker cannot be waited for; a supervisor's restart must not hang on it."""
    plan = make_plan(own.endpoints().bootstrap)
    plan = replace(plan, settings={**plan.settings, "stop": 5.0})
    fill(plan.bootstrap, plan.source, [b"%d" % number for number in range(RECORDS)])
    worker = workers.start(plan)
    with reading(plan.bootstrap, plan.target) as out:
        out.until(lambda seen: len(seen) >= 100, "it is at work")
    own.kill_broker()
    until(lambda: " kafka_away " in worker.log(), "it says that the broker is away", so_far=worker.end_of_log)
    worker.process.terminate()
    until(worker.is_over, "it ended", LIMIT_SECONDS, worker.end_of_log)
    assert worker.process.returncode in (EXIT_OK, EXIT_STOP_TIMEOUT), worker.end_of_log()


def test_who_asks_where_logs_end_is_answered_again_after_a_restart(own: Stack) -> None:
    """OPS-1, OPS-8: librdkafka's admin client is refused for ever by a broker it has seen restart; the watchdog and the tiers' metrics ask anew."""
    bootstrap = own.endpoints().bootstrap
    tier = topics.retry(topics.parse_tier("3s"))
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    admin.create_topics([NewTopic(tier, 1, 1)])[tier].result(LIMIT_SECONDS)
    settings = Settings(kafka=KafkaSettings(bootstrap=bootstrap), retry=RetrySettings(tiers=("3s",)))
    ask = log_ends({**QUIET, "bootstrap.servers": bootstrap})

    def are_answered() -> bool:
        with contextlib.suppress(KafkaException, BrokerError):
            ends = ask([Partition(tier, 0)])
            return bool(ends) and bool(depths(settings, "g", time.time(), [(tier, 0)]))
        return False

    until(are_answered, "both are answered")
    own.kill_broker()
    own.start_broker()
    until(are_answered, "both are answered again")
