"""What the tests of the stock stage on a real broker share: topics of their own, workers, and what was told so far."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, TopicPartition

from schemas.headers import Headers, encode_headers
from schemas.record import Message, Record
from schemas.records import Availability
from streams.kafka import SyncProducer, read_to_end, record_of
from tests.integration.runtime.kit import QUICK, ROOT
from tests.integration.stock_process import Plan
from tests.unit.failure.samples import codec
from tests.waiting import until

CODEC = codec()
PARTITIONS = 4
COMPACTED = {"cleanup.policy": "compact"}


class Told(NamedTuple):
    """One number that was told."""

    key: str
    version: int
    quantity: int
    urgent: bool


@dataclasses.dataclass(slots=True)
class StockBroker:
    """A stock stage's topics. `told` grows with `poll`."""

    bootstrap: str
    topics: dict[str, str]
    told: list[Told] = dataclasses.field(default_factory=list)
    _consumer: Consumer | None = None

    @classmethod
    def make(cls, bootstrap: str, topic: Callable[..., str]) -> StockBroker:
        keyed = {
            name: topic(f"stock.{name}", partitions=PARTITIONS) for name in ("inventory", "demand", "availability")
        }
        return cls(bootstrap, keyed | {"ledger": topic("stock.ledger", partitions=PARTITIONS, config=COMPACTED)})

    def plan(self, **stock: Any) -> Plan:
        stock = {"open_days": 3650, **stock}  # the orders of the samples were placed long ago
        runtime = {**QUICK, "commit": 0.5}
        return Plan(
            bootstrap=self.bootstrap, group=f"stock-{self.topics['ledger']}", topics=self.topics, stock=stock, runtime=runtime
        )  # fmt: skip

    def send(self, name: str, values: Sequence[Mapping[str, Any]], *, lane: str = "") -> None:
        """Levels to `inventory`, demands to `demand`."""
        schema = {"inventory": "stock_level", "demand": "demand"}[name]
        messages = [
            Message(
                self.topics[name], value["key"].encode(), CODEC.encode(schema, value), _headers(schema, value, lane)
            )
            for value in values
        ]
        with SyncProducer({"bootstrap.servers": self.bootstrap}) as producer:
            producer.send_all(messages)

    def poll(self) -> list[Told]:
        """Everything told so far, in the order of each partition."""
        if self._consumer is None:
            self._consumer = Consumer(
                {
                    "bootstrap.servers": self.bootstrap,
                    "group.id": self.topics["availability"],
                    "enable.auto.commit": False,
                }
            )
            self._consumer.assign(
                [TopicPartition(self.topics["availability"], number, 0) for number in range(PARTITIONS)]
            )
        for consumed in self._consumer.consume(5000, timeout=0.2):
            if consumed.error() is None:
                offer: Availability = CODEC.decode("availability", record_of(consumed).value)
                self.told.append(Told(offer["key"], offer["version"], int(offer["quantity"]), offer["urgent"]))
        return self.told

    def newest(self) -> dict[str, int]:
        """Key -> the number with the greatest version: what a destination that refuses older ones ends with."""
        found: dict[str, Told] = {}
        for one in self.told:
            if one.version >= found.get(one.key, one).version:
                found[one.key] = one
        return {key: one.quantity for key, one in found.items()}

    def until(self, wanted: Mapping[str, int], limit_seconds: float = 90.0) -> None:
        """Until exactly these numbers are the newest ones."""

        def is_there() -> bool:
            self.poll()
            return self.newest() == wanted

        try:
            until(is_there, "the numbers were told", limit_seconds)
        except AssertionError as error:
            missing = {
                key: (value, self.newest().get(key)) for key, value in wanted.items() if self.newest().get(key) != value
            }
            raise AssertionError(f"{error}; wanted and told: {dict(list(missing.items())[:10])}") from None

    def ledgers(self) -> list[Record]:
        return list(read_to_end({"bootstrap.servers": self.bootstrap}, [self.topics["ledger"]]))

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()


class StockWorker:
    """One process that runs the stage."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._log = folder / f"stock-{time.monotonic_ns()}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.stock_process", json.dumps(dataclasses.asdict(plan))], stderr=log, cwd=ROOT
            )  # fmt: skip

    def log(self) -> str:
        return self._log.read_text()

    def is_restored(self) -> bool:
        return "stock_restored" in self.log()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, number)
        return self.process.wait(60)


def _headers(schema: str, value: Mapping[str, Any], lane: str) -> Any:
    made = Headers(
        f"{value['key']}/{value['version']}", "odoo", schema, value["version"], "c", value["key"], int(time.time() * 1000),
        "sandbox", lane=lane,
    )  # fmt: skip
    return encode_headers(made)
