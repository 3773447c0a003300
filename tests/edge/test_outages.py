"""EDGE-3, EDGE-4: days without a gateway, lines that are slow, a clock that was wrong at boot."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edge_iotbox.agent import Agent
from edge_iotbox.clock import SystemClock
from edge_iotbox.settings import Settings
from edge_iotbox.spool import Limits
from schemas.hardware import Event
from tests.edge.agents import running
from tests.edge.doors import door, poured
from tests.edge.servers import FakeGateway, MiniBox, until
from tests.edge.stage import Receiver, SetClock, deliver_all, draft, opened

HOUR_MS = 3600 * 1000


# -- days


@pytest.mark.parametrize(
    ("limits", "why"), [(Limits(max_bytes=200_000), "bytes"), (Limits(max_age_ms=72 * HOUR_MS), "age")]
)
def test_weeks_offline_keep_the_newest_and_count_what_went(tmp_path: Path, limits: Limits, why: str) -> None:
    """EDGE-3: three weeks, two scans an hour, a restart each day; the spool stays in its bounds, and every number is had or explained."""
    clock, receiver, most = SetClock(), Receiver(), 0
    for day in range(21):
        spool = opened(tmp_path, limits, clock, boot=f"boot-{day}")
        for half in range(48):
            clock.pass_ms(HOUR_MS // 2)
            spool.append([draft(f"{day}.{half}", clock, boot=f"boot-{day}")])
            spool.expire()
            most = max(most, spool.depth().bytes)
        depth = spool.depth()
        spool.close()
    total = 21 * 48
    assert most <= limits.max_bytes
    spool = opened(tmp_path, limits, clock, boot="online")
    deliver_all(spool, receiver)
    told = [event for event in receiver.taken if event.kind == "dropped"]
    went = sum(json.loads(event.payload)["count"] for event in told)
    assert {json.loads(event.payload)["why"] for event in told} == {why}
    assert went == depth.dropped == total - len(receiver.values) > total // 4
    assert receiver.values == [f"{day}.{half}" for day in range(21) for half in range(48)][went:]
    if why == "age":
        assert len(receiver.values) == 72 * 2 + 1
    assert receiver.through == total
    spool.close()


# -- slow lines


@dataclass
class SlowLine:
    """Between agent and gateway, so many bytes a second upwards."""

    to: str
    rate: int
    url: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)

    def carry(self, caller: socket.socket) -> None:
        parts = urlsplit(self.to)
        with caller, socket.create_connection((parts.hostname, parts.port)) as called, suppress(OSError):
            back = poured(called, caller)
            while data := caller.recv(max(1, self.rate // 20)):
                self.stopped.wait(len(data) / self.rate)
                called.sendall(data)
            called.shutdown(socket.SHUT_WR)
            back.join(10)


@contextmanager
def slowed(to: str, rate: int) -> Iterator[SlowLine]:
    line = SlowLine(to, rate)
    # Small buffers: else the first hundreds of kilobytes are gone in a moment, and the line looks fast.
    with door(line.carry, 4096) as address:
        line.url = f"http://{address}"
        try:
            yield line
        finally:
            line.stopped.set()


def long_scan(number: int) -> Event:
    """One that hardly gets smaller by packing."""
    text = "".join(chr(33 + (number * 7919 + place * place * 31) % 90) for place in range(300))
    return replace(draft(f"{number}"), payload=json.dumps({"value": text}))


def test_over_a_line_too_slow_for_a_whole_batch_smaller_ones_arrive(settings: Settings, gateway: FakeGateway) -> None:
    """EDGE-3: what cannot go within the time of a call goes in parts, and none of it twice."""
    spool = opened(settings.spool.folder)
    spool.append([long_scan(number) for number in range(400)])
    spool.close()
    with slowed(gateway.url, 40_000) as line:
        slow = replace(settings, send=replace(settings.send, gateway=line.url, timeout_seconds=1))
        with running(slow) as agent:
            until(lambda: len(gateway.receiver.values) == 400, "all of it", 90)
            until(lambda: agent.shared.spool.depth().events == 0, "an empty spool")
            assert agent.shared.counters.send_errors >= 1, "nothing was too slow: this shows nothing"
            assert agent.shared.counters.sender_state == "good"
    assert gateway.receiver.values == [str(number) for number in range(400)]
    assert min(size for size in gateway.batches if size) <= 100


# -- clocks


class BootClock(SystemClock):
    """As after a boot without a battery: 1970, until the network tells the time."""

    def __init__(self) -> None:
        super().__init__(True)
        self.set = False

    def now(self) -> int:
        return super().now() if self.set else (self.monotonic_ms() + 1_000_000) * 1000

    def trusted(self) -> bool:
        return self.set


def test_a_clock_of_1970_is_told_and_loses_nothing_when_it_is_set(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    """EDGE-2, EDGE-3: scans before and after, which of their times count, one event for the step; the Box's clock is not blamed for it."""
    clock = BootClock()
    agent = Agent(settings, clock, "1.0")
    agent.begin()
    try:
        box.press("before")
        until(lambda: gateway.receiver.values == ["before"], "the first scan")
        until(lambda: agent.shared.skew.milliseconds is not None, "a measured skew")
        agent.shared.spool.expire()
        clock.set = True
        until(lambda: [one for one in gateway.receiver.taken if one.kind == "clock"], "the step")
        until(lambda: abs(agent.shared.skew.milliseconds or 10**9) < 1500, "the skew anew")
        agent.shared.spool.expire()
        box.press("after")
        until(lambda: gateway.receiver.values == ["before", "after"], "the second scan")
    finally:
        agent.end()
    taken = gateway.receiver.taken
    before, after = (event for event in taken if event.kind == "scan")
    assert (before.clock_trusted, after.clock_trusted) == (False, True)
    assert before.received_at < 10**15 < after.received_at
    assert before.monotonic_ms <= after.monotonic_ms
    assert before.skew_ms is None or before.skew_ms < -(10**9)
    assert abs(after.skew_ms or 10**9) < 1500
    (step,) = [json.loads(event.payload) for event in taken if event.kind == "clock"]
    assert (step["why"], step["trusted"]) == ("agent_clock_set", True)
    assert abs(step["by_ms"] - (after.received_at - before.received_at) // 1000) < 60_000
    assert [event.kind for event in taken if event.kind in ("gap", "dropped")] == []


def test_an_ordinary_restart_tells_of_its_own_seconds_only(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    """EDGE-3: it doubts since the last answered poll, however long ago its last event was; the poll that waits then may never have been read."""
    box.poll_seconds = 0.2
    with running(settings) as agent:
        until(lambda: agent.shared.counters.box_up, "the Box")
        box.press("a")
        until(lambda: gateway.receiver.values == ["a"], "the scan")
        quiet_at, polls = time.time_ns() // 1000, len(box.read)
        until(lambda: len(box.read) >= polls + 3, "a look back, and a poll that brought nothing")
    with running(settings):
        box.press("b")
        until(lambda: gateway.receiver.values == ["a", "b"], "the next scan")
    (gap,) = [json.loads(event.payload) for event in gateway.receiver.taken if event.kind == "gap"]
    assert gap["why"] == "agent_start"
    assert gap["from"] >= quiet_at
