"""EVT-1, EVT-3: a broker and a registry that go away and come back cost a poller time, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.stack import Stack
from tests.integration.conftest import stack_settings
from tests.integration.poller_kit import World
from tests.waiting import until

MOST_LINES = 10  # about a broker that is away: with the clients of a poller it was thousands in three minutes


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Stack]:
    """A stack of this test's own, for it is stopped."""
    stack = Stack(stack_settings(tmp_path / "stack"))
    try:
        yield stack
    finally:
        stack.down()


def test_broker_that_restarts_costs_nothing(own: Stack, tmp_path: Path) -> None:
    where = own.up()
    ours = World(where.bootstrap, where.registry_url, tmp_path).prepare()
    ours.market().change("1", "2")
    poller = ours.start()
    try:
        until(ours.is_caught_up, "read before")
        own.down()
        ours.market().change("3", "4", "5", "6")
        (tmp_path / "moves.main").write_text("2")
        until(lambda: poller.has_logged("kafka_away"), "it says that the broker is away")
        own.up()
        until(ours.is_caught_up, "read after")
        assert poller.process.poll() is None, "the same process goes on"
        until(lambda: poller.has_logged("kafka_back"), "it says that the broker is back")
        of_it = [line for line in poller.text().splitlines() if "kafka_" in line or "refused" in line]
        assert len(of_it) <= MOST_LINES, "\n".join(of_it)
        assert set(ours.market().states().items()) <= set(ours.raw_states())
        positions = [json.loads(cursor["position"])["after"] for _, cursor in ours.cursors()]
        assert positions == sorted(positions)
        assert not poller.has_logged("poll_fenced")
        assert poller.terminate() == 0
    finally:
        poller.end()
