"""What the runtime's tests share: filling and reading topics, committed offsets, and workers as processes of their own."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from tests.integration.runtime.worker import Plan

ROOT = Path(__file__).parents[3]
QUICK = {"session": 6.0, "heartbeat": 1.0, "commit": 0.3, "watch": 0.5, "revoke": 5.0, "stop": 20.0}


def wait_for(condition: Callable[[], bool], what: str, limit_seconds: float = 40.0) -> None:
    """Until it holds. Raises AssertionError after the limit, saying what was waited for."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_seconds} s in vain until {what}")
        time.sleep(0.05)


def fill(bootstrap: str, topic: str, values: Iterable[bytes], *, partition: int = -1) -> None:
    """Write values, each with itself as key, and wait until they are there."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    for value in values:
        while True:
            with contextlib.suppress(BufferError):
                producer.produce(topic, value, value, partition)
                break
            producer.poll(0.1)
    assert producer.flush(20) == 0


class Reader:
    """Everything a topic holds, as far as it has come."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer(
            {"bootstrap.servers": bootstrap, "group.id": f"reader-{uuid.uuid4()}", "enable.auto.commit": False}
        )
        found = self._consumer.list_topics(topic, timeout=10).topics[topic].partitions
        self._consumer.assign([TopicPartition(topic, number, 0) for number in found])
        self.seen: Counter[bytes] = Counter()
        self.order: dict[int, list[bytes]] = {}

    def poll(self) -> Counter[bytes]:
        """Read on for a moment -> each value and how often it was seen so far."""
        for message in self._consumer.consume(5000, timeout=0.2):
            error = message.error()
            if error is not None:
                assert error.retriable() or error.code() < 0, error  # the broker may be away for a while
                continue
            value = message.value() or b""
            self.seen[value] += 1
            self.order.setdefault(message.partition() or 0, []).append(value)
        return self.seen

    def until(
        self, condition: Callable[[Counter[bytes]], bool], what: str, limit_seconds: float = 60.0
    ) -> Counter[bytes]:
        """Read until the condition holds for what was seen."""
        wait_for(lambda: condition(self.poll()), what, limit_seconds)
        return self.seen

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
    admin = AdminClient({"bootstrap.servers": bootstrap})
    future = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
    found = future.result(timeout=10).topic_partitions
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

    def wait_event(self, name: str, count: int = 1, limit_seconds: float = 40.0) -> None:
        wait_for(lambda: len(self.events(name)) >= count or self.is_over(), f"{name} was said", limit_seconds)
        assert len(self.events(name)) >= count, self.log()

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def wait(self, limit_seconds: float = 40.0) -> int:
        """Its exit code, once it has ended."""
        return self.process.wait(limit_seconds)

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
