"""EDGE-2, EDGE-3: what the Box heard while the agent is connected is not lost, and a hole is told only where there may be one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from edge_iotbox.box import Box, BoxError
from edge_iotbox.clock import SystemClock
from edge_iotbox.inventory import Inventory
from edge_iotbox.readings import Device
from edge_iotbox.settings import Settings
from tests.edge.agents import running
from tests.edge.servers import FakeGateway, MiniBox, served, until

SCALE = "/dev/ttyUSB0"


@pytest.fixture
def box() -> Iterator[MiniBox]:
    with served(MiniBox(poll_seconds=60.0)) as box:
        yield box


def gaps(gateway: FakeGateway) -> list[str]:
    return [json.loads(event.payload)["why"] for event in gateway.receiver.taken if event.kind == "gap"]


def test_a_poll_that_the_box_reads_late_does_not_deafen_the_one_that_waits(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    """EDGE-2: ended for a new device before the Box had read it; had it the session of the next, that one would wait for nothing."""
    box.late = 1
    with running(settings):
        until(lambda: box.polls, "the first poll, still unread")
        box.more[SCALE] = "scale"
        until(lambda: len(box.read) >= 2, "both polls read, the first after the second")
        box.press("x")
        until(lambda: gateway.receiver.values == ["x"], "the scan")
    assert gaps(gateway) == []


def test_a_connection_the_box_ended_between_looks_is_no_absence(
    settings: Settings, box: MiniBox, gateway: FakeGateway, caplog: Any
) -> None:
    """EDGE-3: web servers end kept connections after some seconds, which may be just when the agent asks."""
    box.ends_kept = True
    with running(settings) as agent:
        until(lambda: box.looks >= 3, "three looks")
        assert agent.shared.counters.box_up
        box.press("x")
        until(lambda: gateway.receiver.values == ["x"], "the scan")
    assert "box_not_seen" not in caplog.text
    assert gaps(gateway) == []


def test_a_box_missed_once_keeps_the_poll_that_waits(
    settings: Settings, box: MiniBox, gateway: FakeGateway, monkeypatch: Any, caplog: Any
) -> None:
    """EDGE-3: it may only be busy, and the poll hears; to end it would tell of a hole since the last event."""
    monkeypatch.setattr("edge_iotbox.hearing.BUFFER_MS", 500)
    with running(settings) as agent:
        until(lambda: box.polls and agent.shared.counters.box_up, "the first poll")
        polls, box.broken_looks = box.polls, 1
        until(lambda: not agent.shared.counters.box_up, "the miss")
        until(lambda: agent.shared.counters.box_up, "the Box again")
        assert box.polls == polls
        box.press("x")
        until(lambda: gateway.receiver.values == ["x"], "the scan")
    assert gaps(gateway) == []


def test_a_box_missed_twice_is_asked_anew_and_the_hole_is_told(
    settings: Settings, box: MiniBox, gateway: FakeGateway, monkeypatch: Any
) -> None:
    """EDGE-3: its power may have gone, and nobody would ever answer the poll that waits."""
    monkeypatch.setattr("edge_iotbox.hearing.BUFFER_MS", 500)
    with running(settings) as agent:
        until(lambda: box.polls and agent.shared.counters.box_up, "the first poll")
        box.press("x")
        until(lambda: gateway.receiver.values == ["x"], "the first scan")
        until(lambda: len(box.read) == 3, "a look back, and the poll that waits")
        box.broken_looks = 2
        until(lambda: len(box.read) == 4, "another poll instead")
        box.press("y")
        until(lambda: gateway.receiver.values == ["x", "y"], "the second scan")
    assert gaps(gateway) == ["box_not_heard"]


def test_an_end_that_is_asked_for_between_two_polls_ends_the_next_and_no_other(box: MiniBox) -> None:
    """EDGE-2: else the poll would begin with the devices of before; and a failure much later would pass for an end that was asked for."""
    asked = Box(box.url, SystemClock().now)
    box.poll_seconds = 0.05
    assert asked.poll("s", [box.scanner], 0.0) is None
    asked.interrupt()
    with pytest.raises(BoxError, match="asked to end"):
        asked.poll("s", [box.scanner], 0.0)
    assert asked.was_interrupted() == "listened"
    assert asked.poll("s", [box.scanner], 0.0) is None
    box.broken = True
    with pytest.raises(BoxError):
        asked.poll("s", [box.scanner], 0.0)
    assert asked.was_interrupted() == ""
    asked.close()


def test_devices_may_come_while_another_thread_goes_through_them() -> None:
    inventory = Inventory()
    inventory.looked([Device("a", "scanner", "A")])
    going = iter(inventory.known.values())
    inventory.looked([Device("a", "scanner", "A"), Device("b", "scale", "B")])
    assert [device.identifier for device in going] == ["a"]
    assert sorted(inventory.known) == ["a", "b"]
