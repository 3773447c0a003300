"""TEST-3: chaos runs every stage a worker knows, and strikes whatever stands between a scanner and Odoo."""

from __future__ import annotations

from streams.connectors import discover
from streams.worker import stage_names
from tests.chaos.__main__ import PIPELINE, TARGETS


def test_every_stage_runs_in_a_process_that_is_struck() -> None:
    running = {word for name, args in PIPELINE.items() for word in args if name in TARGETS}
    assert set(stage_names(discover())) <= running


def test_no_worker_is_asked_for_a_stage_there_is_not() -> None:
    """It would not start, and with it nothing."""
    workers = [args for args in PIPELINE.values() if args[0] == "worker"]
    asked = {word for args in workers for word in args[1:] if word != "--stage"}
    assert asked <= set(stage_names(discover()))


def test_the_gateway_and_the_agent_are_struck() -> None:
    """EDGE-3."""
    assert {"gateway", "agent"} <= set(TARGETS)
