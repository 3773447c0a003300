"""An agent between a small Box and a small gateway, as the tests that run one whole have it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from edge_iotbox.agent import Agent
from edge_iotbox.clock import SystemClock
from edge_iotbox.settings import BoxSettings, LogSettings, SendSettings, Settings, SpoolSettings
from tests.edge.servers import FakeGateway, MiniBox


def settings_for(folder: Path, box: MiniBox, gateway: FakeGateway, **send: Any) -> Settings:
    """Spool and metrics in `folder`; what an agent does every so often it does each second. `send`: further settings of sending."""
    return Settings(
        box=BoxSettings(url=box.url, look_seconds=1, gone_seconds=1),
        spool=SpoolSettings(folder=folder, volatile_allowed=True),
        send=SendSettings(gateway=gateway.url, timeout_seconds=5, **send),
        log=LogSettings(metrics_file=str(folder / "metrics.prom"), metrics_seconds=1, clock_always_trusted=True),
    )


@contextmanager
def running(settings: Settings) -> Iterator[Agent]:
    """An agent since its start, of a boot of its own; none of its threads outlives it."""
    agent = Agent(settings, SystemClock(True), "1.0", str(uuid.uuid4()))
    agent.begin()
    try:
        yield agent
    finally:
        agent.end()
        assert not any(thread.is_alive() for thread in agent._threads)
