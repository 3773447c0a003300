"""What starts many processes leaves none behind, whoever ends it and however (OPS-8)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

from streams.demo.processes import Process
from streams.demo.world import World
from tests.chaos.__main__ import Havoc
from tests.chaos.plan import Action, Event

LIMIT_SECONDS = 60.0
PROGRAM = """
import signal, sys, time
from pathlib import Path
from streams.demo.ending import ended_by_signals
from streams.demo.processes import Process

child = Process("server", "http.server", ["0", "--bind", "127.0.0.1"], {}, Path(sys.argv[1]))
try:
    with ended_by_signals():
        try:
            child.start()
            print(child.pid, flush=True)
            time.sleep(600)
        finally:
            signal.raise_signal(signal.SIGTERM)  # a second one, while it cleans up
            child.stop()
except KeyboardInterrupt:
    sys.exit(130)
"""
IGNORING = [
    "/bin/sh",
    "-c",
    'trap "" INT; exec "$@"',
    "sh",
]  # as a shell without job control starts what runs in its background


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_in_order_also_where_the_shell_ignores_it(
    tmp_path: Path, number: signal.Signals
) -> None:
    program = subprocess.Popen(
        [*IGNORING, sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    try:
        assert program.stdout is not None
        child = int(program.stdout.readline())
        program.send_signal(number)
        assert program.wait(LIMIT_SECONDS) == 130
        assert not is_alive(child)
    finally:
        program.kill()
        program.wait(LIMIT_SECONDS)
        if program.stdout is not None:
            program.stdout.close()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_that_is_about_to_be_started_again_stays_away_once_stopped(tmp_path: Path) -> None:
    """Between its end and its next start a stop finds nothing to end; nothing must come after."""
    process = Process("server", "http.server", ["0", "--bind", "127.0.0.1"], {}, tmp_path)
    process.start()
    try:
        process.stop()
        process._launch()  # what the watch was about to do
        assert (process.starts, process.pid) == (1, None)
    finally:
        process.stop()


class Stack:
    """Takes note of what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stopped = threading.Event()

    def stop_registry(self) -> None:
        self.asked.append("stop")
        self.stopped.set()

    def start_registry(self) -> None:
        self.asked.append("start")


def test_chaos_that_is_ended_brings_nothing_back() -> None:
    """Its outages end with it: a registry that came back a minute later would stay for good."""
    stack = Stack()

    class Here:
        """A world of a registry only."""

    world: Any = Here()
    world.stack, world.processes = stack, {}
    plan = [Event(0.0, Action.REGISTRY_DOWN, "", 300.0), Event(300.0, Action.BROKER_KILL, "")]
    havoc = Havoc(cast("World", world), plan, lambda _: None)
    havoc.start()
    assert stack.stopped.wait(LIMIT_SECONDS)
    began = time.monotonic()
    havoc.cancel()
    havoc.finish()
    assert time.monotonic() - began < LIMIT_SECONDS
    assert stack.asked == ["stop"]
    assert havoc.errors == []
    assert [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)] == []
