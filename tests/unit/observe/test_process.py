"""Metrics of stages are made from the watchdog's last look when somebody scrapes (OPS-1, OPS-8)."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

import httpx
import pytest
from prometheus_client import CollectorRegistry

from schemas.record import Record
from streams.kafka import BrokerError
from streams.observe.process import StageCollector, observed
from streams.offsets import Place
from streams.runtime.chunk import Partition
from streams.runtime.stall import Doing, Sight
from streams.settings import ConfigurationError, Settings, StageSettings


class FakeRuntime:
    def __init__(self, *sights: Sight) -> None:
        self.seen = sights

    def sights(self) -> Mapping[str, Sequence[Sight]]:
        return {"causeway.route": self.seen}

    def pauses(self) -> Mapping[str, Sequence[tuple[Partition, str]]]:
        paused = [(sight.partition, "breaker odoo") for sight in self.seen if sight.doing is Doing.PAUSED]
        return {"causeway.route": paused}


class Heads:
    """Counts how often heads are read."""

    def __init__(self, timestamp_ms: int) -> None:
        self.asked: list[Mapping[Place, int]] = []
        self.timestamp_ms = timestamp_ms
        self.fails = False

    def __call__(self, behind: Mapping[Place, int]) -> Mapping[Place, Record]:
        self.asked.append(behind)
        if self.fails:
            raise BrokerError("away")
        return {place: Record(*place, offset, self.timestamp_ms, None, None) for place, offset in behind.items()}


def sight(number: int, done: int, end: int | None, doing: Doing = Doing.IDLE) -> Sight:
    return Sight(Partition("orders", number), doing, done, done, end)


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"causeway_stage_{name}", {"stage": "route"} | labels)


def test_lag_watermarks_and_pauses_are_shown() -> None:
    registry, heads = CollectorRegistry(), Heads(90_000)
    runtime = FakeRuntime(sight(0, 5, 8, Doing.PAUSED), sight(1, 7, 7), sight(2, 1, None, Doing.WORKING))
    registry.register(StageCollector(runtime, heads, lambda: 100.0))
    assert heads.asked == []  # registering measures nothing
    assert value(registry, "lag_records", topic="orders") == 3
    assert value(registry, "lag_seconds", topic="orders") == 10
    assert heads.asked == [{("orders", 0): 5}]
    assert value(registry, "done_offset", topic="orders", partition="1") == 7
    assert value(registry, "committed_offset", topic="orders", partition="0") == 5
    assert value(registry, "lanes", doing="working") == 1
    assert value(registry, "paused_lanes", reason="breaker odoo") == 1


def test_heads_are_kept_for_a_while_and_dropped_when_worked_off() -> None:
    clock = [100.0]
    registry, heads, runtime = CollectorRegistry(), Heads(90_000), FakeRuntime(sight(0, 5, 8))
    registry.register(StageCollector(runtime, heads, lambda: clock[0]))
    assert value(registry, "lag_seconds", topic="orders") == 10
    clock[0] = 105.0
    assert value(registry, "lag_seconds", topic="orders") == 15
    runtime.seen = (sight(0, 6, 8),)  # the head is done: how old the next is will be known soon
    assert value(registry, "lag_seconds", topic="orders") == 0
    assert len(heads.asked) == 1
    clock[0] = 111.0
    assert value(registry, "lag_seconds", topic="orders") == 21


def test_a_broker_that_is_away_costs_the_age_and_nothing_else() -> None:
    registry, heads = CollectorRegistry(), Heads(90_000)
    heads.fails = True
    registry.register(StageCollector(FakeRuntime(sight(0, 5, 8)), heads, lambda: 100.0))
    assert value(registry, "lag_records", topic="orders") == 3
    assert value(registry, "lag_seconds", topic="orders") == 0


def settings_with(port: int) -> Settings:
    return Settings(stage=StageSettings(metrics_port=port))


def test_a_process_is_served_while_it_runs_and_says_what_it_is() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    problem = [""]
    with (
        observed(settings_with(port), "worker", lambda: problem[0]),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        assert 'process="worker"' in client.get("/metrics").text
        assert client.get("/healthz").status_code == 200
        problem[0] = "stalled"
        assert (client.get("/healthz").status_code, client.get("/healthz").text) == (503, "stalled\n")


def test_a_port_in_use_is_told_by_the_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with (
            pytest.raises(ConfigurationError, match="CAUSEWAY_STAGE__METRICS_PORT"),
            observed(settings_with(taken.getsockname()[1]), "poller", lambda: ""),
        ):
            pytest.fail("it must not get here")


def test_without_a_port_nothing_is_served() -> None:
    with observed(Settings(), "worker", lambda: "") as endpoint:
        assert endpoint is None
