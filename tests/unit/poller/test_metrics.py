"""What Prometheus sees of a flow (OPS-1)."""

from __future__ import annotations

from datetime import UTC, datetime

from prometheus_client import REGISTRY

from streams.poller.flows import FlowKey
from streams.poller.metrics import FlowMetrics, failing_flows
from streams.poller.schedule import State

LABELS = {"source": "shop", "account": "metrics", "flow": "orders"}


def value(name: str, **more: str) -> float | None:
    return REGISTRY.get_sample_value(name, LABELS | more)


def test_ages_grow_until_something_happens_and_vanish_with_the_flow() -> None:
    time = [1000.0]
    metrics = FlowMetrics(FlowKey("shop", "metrics", "orders"), lambda: time[0])
    metrics.start(datetime.fromtimestamp(1000, UTC), None)
    time[0] = 1030.0
    assert value("causeway_poll_since_success_seconds") == 30
    assert value("causeway_poll_cursor_age_seconds") is None
    metrics.succeeded()
    metrics.read_until(datetime.fromtimestamp(970, UTC))
    time[0] = 1040.0
    assert value("causeway_poll_since_success_seconds") == 10
    assert value("causeway_poll_cursor_age_seconds") == 70
    metrics.stop()
    metrics.stop()
    assert value("causeway_poll_since_success_seconds") is None


def test_counts_and_state() -> None:
    metrics = FlowMetrics(FlowKey("shop", "metrics", "orders"))
    before = value("causeway_poll_records_total") or 0
    metrics.page(3, 1)
    metrics.error("auth")
    metrics.state(State.AUTH_FAILED)
    assert value("causeway_poll_records_total") == before + 3
    assert value("causeway_poll_errors_total", reason="auth") == 1
    assert value("causeway_poll_state", causeway_poll_state="auth_failed") == 1
    assert value("causeway_poll_state", causeway_poll_state="waiting") == 0
    metrics.stop()


def mine() -> list[str]:
    """Other tests' flows fail as well."""
    return [line for line in failing_flows() if line.startswith("shop:metrics:")]


def test_flow_that_fails_is_told_until_it_is_well() -> None:
    """OPS-1: since when, and why the last poll failed; nothing is left of a reason that is over."""
    time = [1000.0]
    metrics = FlowMetrics(FlowKey("shop", "metrics", "orders"), lambda: time[0])
    since = datetime.fromtimestamp(990, UTC)
    metrics.failing(since, "transient")
    metrics.failing(since, "data")
    time[0] = 1040.0
    assert value("causeway_poll_failing_seconds", reason="data") == 50
    assert value("causeway_poll_failing_seconds", reason="transient") is None
    assert mine() == ["shop:metrics:orders failing for 50 s: data"]
    metrics.failing(None, "")
    assert mine() == []
    metrics.failing(since, "data")
    metrics.stop()
    assert mine() == []
