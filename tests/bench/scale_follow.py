"""Listens to what the pipeline says while it works: outcomes, and how many records passed a topic and when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from confluent_kafka import Consumer

from schemas.codec import Codec
from schemas.registry import Registry
from schemas.topics import ENTITIES, OUTCOMES, STOCK_LEDGER
from streams.kafka import partitions_of, reader, record_of
from streams.stack import Endpoints

STOCK_LEVELS, NUMBERS = ENTITIES["stock_level"].every, ENTITIES["availability"].every
_WATCHED = (STOCK_LEVELS, STOCK_LEDGER, NUMBERS, OUTCOMES)


@dataclass(slots=True)
class Passed:
    """Records of a topic: how many, and broker's times of the first and the last, epoch seconds."""

    count: int = 0
    first: float = 0.0
    last: float = 0.0

    def add(self, at: float) -> None:
        self.count += 1
        self.first, self.last = min(self.first or at, at), max(self.last, at)

    @property
    def per_second(self) -> float:
        return self.count / max(self.last - self.first, 0.001)


@dataclass(slots=True)
class Follow:
    """`applied`: operation -> keys with an outcome `applied` since `forget`; `results`: all words of outcomes, counted, with their reasons."""

    endpoints: Endpoints
    applied: dict[str, set[str]] = field(default_factory=dict)
    results: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)
    passed: dict[str, Passed] = field(default_factory=dict)
    _consumer: Consumer | None = None
    _registry: Registry | None = None
    _codec: Codec | None = None

    def open(self) -> None:
        """Once the pipeline's topics are there."""
        self._registry = Registry({"url": self.endpoints.registry_url})
        self._codec = Codec(self._registry)
        config = {"bootstrap.servers": self.endpoints.bootstrap}
        self._consumer = reader(config)
        self._consumer.assign(partitions_of(self._consumer, config, list(_WATCHED)))

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
        if self._registry is not None:
            self._registry.close()

    def forget(self) -> None:
        """Count anew from what is said from now on."""
        while self.listen(0.2):
            pass
        self.applied, self.results, self.passed, self.details = {}, Counter(), {}, {}

    def count(self, operation: str) -> int:
        return len(self.applied.get(operation, ()))

    def listen(self, seconds: float = 0.5) -> int:
        """Take what has been said; wait at most so long for the first word. Returns how much it was."""
        assert self._consumer is not None
        assert self._codec is not None
        heard = 0
        for consumed in self._consumer.consume(5000, timeout=seconds):
            if consumed.error() is not None:
                continue
            record = record_of(consumed)
            heard += 1
            self.passed.setdefault(record.topic, Passed()).add(record.timestamp_ms / 1000)
            if record.topic == OUTCOMES:
                self._outcome(self._codec.decode("outcome", record.value))
        return heard

    def _outcome(self, outcome: dict[str, str]) -> None:
        word = ":".join(part for part in (outcome["operation"], outcome["result"], outcome["reason"]) if part)
        self.results[word] += 1
        if outcome["reason"]:
            self.details[word] = outcome["detail"][:160]
        if outcome["result"] == "applied":
            self.applied.setdefault(outcome["operation"], set()).add(outcome["key"])
