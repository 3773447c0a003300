"""What the runtime's tests share: filling and reading topics, committed offsets, and workers as processes of their own."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from streams.kafka import QUIET
from tests.integration.runtime.worker import Plan
from tests.waiting import until

ROOT = Path(__file__).parents[3]
LIMIT_SECONDS = 120.0  # for what takes a second or two; reached only when it does not happen at all, also on a slow and busy machine
QUICK = {"session": 6.0, "heartbeat": 1.0, "commit": 0.3, "watch": 0.5, "revoke": 15.0, "stop": 60.0}


def fill(bootstrap: str, topic: str, values: Iterable[bytes], *, partition: int = -1) -> None:
    """Write values, each with itself as key, and wait until they are there."""
    producer = Producer({**QUIET, "bootstrap.servers": bootstrap, "linger.ms": 5, "enable.idempotence": True})
    for value in values:
        while True:
            with contextlib.suppress(BufferError):
                producer.produce(topic, value, value, partition)
                break
            producer.poll(0.1)
    left = producer.flush(LIMIT_SECONDS)
    assert left == 0, f"{left} records were not acknowledged"


class Reader:
    """Everything a topic holds, as far as it has come."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        group = f"reader-{uuid.uuid4()}"
        self._consumer = Consumer(
            {**QUIET, "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
        )  # fmt: skip
        found = self._consumer.list_topics(topic, timeout=LIMIT_SECONDS).topics[topic].partitions
        self._consumer.assign([TopicPartition(topic, number, 0) for number in found])
        self.seen: Counter[bytes] = Counter()
        self.order: dict[int, list[bytes]] = {}
        self.errors: Counter[str] = Counter()

    def poll(self) -> Counter[bytes]:
        """Read on for a moment -> each value and how often it was seen so far."""
        for message in self._consumer.consume(5000, timeout=0.2):
            error = message.error()
            if error is not None:
                # A broker that is just back may not know its topics, their leaders or their ends for a moment. librdkafka tries again whatever
                # it was, and says `retriable` of nothing but transactions.
                assert not error.fatal(), error.str()
                self.errors[error.name()] += 1
                continue
            value = message.value() or b""
            self.seen[value] += 1
            self.order.setdefault(message.partition() or 0, []).append(value)
        return self.seen

    def until(
        self, condition: Callable[[Counter[bytes]], bool], what: str, limit_seconds: float = LIMIT_SECONDS
    ) -> Counter[bytes]:
        """Read until the condition holds for what was seen."""
        until(lambda: condition(self.poll()), what, limit_seconds, self.so_far)
        return self.seen

    def so_far(self) -> str:
        """For a message: how much was seen, and what the broker complained of."""
        return f"{len(self.seen)} different ones of {self.seen.total()} were seen, errors {dict(self.errors)}"

    def close(self) -> None:
        self._consumer.close()


@contextlib.contextmanager
def reading(bootstrap: str, topic: str) -> Iterator[Reader]:
    reader = Reader(bootstrap, topic)
    try:
        yield reader
    finally:
        reader.close()


def committed(bootstrap: str, group: str, topic: str) -> dict[int, int]:
    """Partition -> committed offset, of the partitions that have one."""
    admin = AdminClient({**QUIET, "bootstrap.servers": bootstrap})
    future = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
    found = future.result(timeout=LIMIT_SECONDS).topic_partitions
    return {item.partition: item.offset for item in found if item.topic == topic and item.offset >= 0}


class Worker:
    """One worker process. Its events are lines of its standard output, its log is a file."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        name = uuid.uuid4().hex[:8]
        self._out, self._log = folder / f"{name}.out", folder / f"{name}.log"
        with self._out.open("wb") as out, self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.runtime.worker", json.dumps(dataclasses.asdict(plan))],
                stdout=out, stderr=log, cwd=ROOT,
            )  # fmt: skip

    def events(self, name: str = "") -> list[dict[str, Any]]:
        """What it said so far."""
        lines = [json.loads(line) for line in self._out.read_text().split("\n")[:-1]]
        return [line for line in lines if not name or line["event"] == name]

    def log(self) -> str:
        return self._log.read_text()

    def end_of_log(self) -> str:
        """For a message: the exit code, and the last lines."""
        code = self.process.poll()
        how = "still running" if code is None else f"exit code {code}"
        return "\n".join([f"worker {how}, its log ends with", *self.log().splitlines()[-25:]])

    def wait_event(self, name: str, count: int = 1) -> None:
        until(lambda: len(self.events(name)) >= count or self.is_over(), f"{name} was said", so_far=self.end_of_log)
        assert len(self.events(name)) >= count, f"it ended before {name} was said {count} times: {self.end_of_log()}"

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        until(self.is_over, "the worker ended", so_far=self.end_of_log)
        return int(self.process.returncode)

    def end(self) -> None:
        if not self.is_over():
            self.send(signal.SIGKILL)
            self.process.wait(10)


class Workers:
    """Starts workers of one plan and ends them with the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.all: list[Worker] = []

    def start(self, plan: Plan) -> Worker:
        worker = Worker(plan, self._folder)
        self.all.append(worker)
        return worker

    def end(self) -> None:
        for worker in self.all:
            worker.end()
