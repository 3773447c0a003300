"""EDGE-2, EDGE-3, TEST-1: the agent at the simulated Box and a gateway that holds to its contract, while both misbehave."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.kit.sandbox.server import running as serving
from edge_iotbox.agent import Agent
from edge_iotbox.clock import SystemClock
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, write_enrolment
from edge_iotbox.sandbox.app import create_app
from edge_iotbox.settings import BoxSettings, LogSettings, SendSettings, Settings, SpoolSettings
from schemas.hardware import Event
from tests.edge.samples import BOX
from tests.edge.servers import FakeGateway, served, until

SCANNER, SCALE, PRINTER = "usb_05e0:1200", "/dev/ttyUSB0", "usbEPSONTM-T20?J5PF000123"


class Scene:
    """Box, agent and gateway; `hand` is somebody at the Box."""

    def __init__(self, http: httpx.Client, gateway: FakeGateway, agent: Agent) -> None:
        self.http, self.gateway, self.agent = http, gateway, agent

    def hand(self, what: str, **body: Any) -> Any:
        answer = self.http.post(f"/sandbox/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def of_kind(self, kind: str, device: str = "") -> list[Event]:
        return [
            event
            for event in self.gateway.receiver.taken
            if event.kind == kind and event.device in ("", device or event.device)
        ]

    def listening(self) -> None:
        until(lambda: self.http.get("/sandbox/state").json()["sessions"], "a poll that waits")


def more_than(at: Scene, count: int) -> bool:
    return len(at.gateway.receiver.values) > count


def has(at: Scene, value: str) -> bool:
    return value in at.gateway.receiver.values


def pressed_until_heard(at: Scene, value: str) -> bool:
    at.hand("press", device=SCANNER, value=value)
    return has(at, value)


def skew_is(agent: Agent, seconds: int) -> bool:
    skew = agent.shared.skew.milliseconds
    return skew is not None and abs(skew - seconds * 1000) < 1500


@contextmanager
def scene(folder: Path, speed: float = 1.0, poll_seconds: float = 60.0) -> Iterator[Scene]:
    gateway = FakeGateway()
    with (
        serving(create_app(speed)) as url,
        httpx.Client(base_url=url, timeout=15) as http,
        served(gateway),
        agent_at(folder, url, gateway, poll_seconds) as agent,
    ):
        made = Scene(http, gateway, agent)
        made.listening()
        yield made


@contextmanager
def agent_at(folder: Path, url: str, gateway: FakeGateway, poll_seconds: float = 60.0) -> Iterator[Agent]:
    write_enrolment(folder / ENROLMENT, Enrolment(gateway.token, BOX))
    settings = Settings(
        box=BoxSettings(url=url, look_seconds=1, gone_seconds=1),
        spool=SpoolSettings(folder=folder, volatile_allowed=True),
        send=SendSettings(gateway=gateway.url, timeout_seconds=5),
        log=LogSettings(metrics_file="", clock_always_trusted=True),
    )
    agent = Agent(settings, SystemClock(True), "1.0", str(uuid.uuid4()), poll_seconds=poll_seconds)
    agent.begin()
    try:
        yield agent
    finally:
        agent.end()


def test_every_class_of_device_is_read(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        at.hand("press", device=SCANNER, value="9780201")
        at.hand("press", device="usb_046d:c31c", value="q")
        at.hand("press", device=SCALE, value=1.25)
        at.hand("press", device=PRINTER, status="stopped")
        at.hand("press", device="payment_6", value="approved", amount="12.50")
        at.hand("press", device="camera_0", value="frame-1")
        at.hand("press", device="usb_05f3:00ff", value="left")
        until(lambda: len(at.gateway.receiver.taken) >= 7 + 8, "all events")
        kinds = [event for event in at.gateway.receiver.taken if event.kind not in ("device_back", "gap")]
    found = {event.kind: event for event in kinds}
    assert set(found) == {"scan", "key", "weight", "printer", "payment", "camera", "footswitch"}
    assert found["scan"].value == "9780201"
    assert (found["weight"].weight, found["weight"].status, found["weight"].device_name) == (
        "1.25",
        "connected",
        "Toledo 8217 Serial",
    )
    assert (found["printer"].status, found["printer"].device) == ("stopped", PRINTER)
    assert json.loads(found["payment"].payload)["amount"] == "12.50"
    assert all(event.device_time and event.skew_ms is not None and abs(event.skew_ms) < 1500 for event in kinds)


@pytest.mark.parametrize("preset", ["default", "heavy"])
def test_a_box_that_misbehaves_loses_nothing_of_a_shift_and_doubles_nothing(tmp_path: Path, preset: str) -> None:
    """Resets, lost and broken answers, 502, events twice or out of order: all within the five seconds the Box remembers."""
    with scene(tmp_path) as at:
        at.http.put("/sandbox/faults", json={"preset": preset, "seed": 7}).raise_for_status()
        for index in range(40):
            at.hand("press", device=SCANNER, value=f"c{index}")
            until(partial(more_than, at, index - 4), f"scan {index - 4}")
        until(lambda: len(at.gateway.receiver.values) >= 40, "all scans")
        struck = at.http.get("/sandbox/state").json()["faults"]["counts"]
    assert sorted(at.gateway.receiver.values) == sorted(f"c{index}" for index in range(40))
    assert sum(struck.values()) >= (2 if preset == "default" else 10)


def test_after_an_empty_poll_it_goes_on(tmp_path: Path) -> None:
    with scene(tmp_path, speed=100.0) as at:  # the fifty seconds are half of one
        until(lambda: at.http.get("/sandbox/state").json()["calls"]["by_status"].get("200", 0) >= 8, "several polls")
        assert at.agent.shared.counters.poll_errors == 0
        # A clock that runs a hundred times as fast as ours is one that is set at every look.
        assert {json.loads(event.payload)["why"] for event in at.of_kind("gap")} <= {"box_clock_set"}


def test_a_restart_of_the_box_is_a_gap_with_its_times(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        at.hand("press", device=SCANNER, value="before")
        until(lambda: at.gateway.receiver.values == ["before"], "the first scan")
        at.hand("restart", seconds=3600)
        until(lambda: at.of_kind("box_gone"), "box_gone")
        at.hand("clock", advance=3600)
        until(lambda: at.of_kind("box_back"), "box_back")
        at.hand("press", device=SCANNER, value="after")
        until(lambda: at.gateway.receiver.values == ["before", "after"], "the second scan")
    assert [event.kind for event in at.gateway.receiver.taken if event.kind.startswith("box_")] == [
        "box_gone",
        "box_back",
    ]


def test_unplugged_and_plugged_in_again(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        at.hand("unplug", device=SCALE)
        until(lambda: at.of_kind("device_gone", SCALE), "device_gone")
        at.hand("plug", device=SCALE)
        until(lambda: len(at.of_kind("device_back", SCALE)) == 2, "device_back")
        at.hand("press", device=SCALE, value=7.5)
        until(lambda: at.of_kind("weight", SCALE), "its weight")
    assert json.loads(at.of_kind("device_back", SCALE)[-1].payload) == {"first": False}


def test_a_device_never_seen_before_is_heard_without_waiting_for_the_poll_to_end(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        at.hand("plug", device="usb_1111:2222", type="scanner", name="Second scanner")
        until(lambda: at.of_kind("device_back", "usb_1111:2222"), "device_back")
        at.hand("press", device="usb_1111:2222", value="from the new one")
        until(lambda: at.gateway.receiver.values == ["from the new one"], "its scan", 10)
        assert at.of_kind("gap") == []


def test_a_doubled_session_elsewhere_does_not_matter_and_a_hanging_poll_ends(tmp_path: Path) -> None:
    with scene(tmp_path, poll_seconds=1.0) as at:
        session = at.http.get("/sandbox/state").json()["sessions"][0]
        listener = {"session_id": session, "devices": [], "last_event": 0}
        with pytest.raises(httpx.ReadTimeout):
            at.http.post(
                "/hw_drivers/event", json={"params": {"listener": listener}}, timeout=0.2
            )  # orphans the agent's poll
        at.hand("press", device=SCANNER, value="x")
        until(lambda: at.gateway.receiver.values == ["x"], "the scan, by the next poll", 10)


def test_a_box_whose_clock_is_wrong_and_is_set(tmp_path: Path) -> None:
    """Two days behind, then set right, then set back an hour: hearing goes on, and each jump is told."""
    with serving(create_app()) as url, httpx.Client(base_url=url, timeout=15) as http, served(FakeGateway()) as gateway:
        http.post("/sandbox/clock", json={"shift": -172_800})
        with agent_at(tmp_path, url, gateway) as agent:
            at = Scene(http, gateway, agent)
            at.listening()
            for number, shift in enumerate((-172_800, 0, -3600)):
                at.hand("clock", shift=shift)
                until(partial(skew_is, agent, -shift), "the new skew")
                at.hand("press", device=SCANNER, value=f"{number}a")
                until(partial(has, at, f"{number}a"), "its first scan")
                # After a step back the Box's buffer is of no use for a while: what counts is that a waiting poll hears.
                until(partial(pressed_until_heard, at, f"{number}b"), "its second scan")
    values = gateway.receiver.values
    assert [value for value in values if value.endswith("a")] == ["0a", "1a", "2a"]
    assert sorted(values) == values
    jumps = [json.loads(event.payload) for event in at.of_kind("clock")]
    assert [(jump["why"], round(jump["by_ms"], -4)) for jump in jumps] == [
        ("box_clock_set", 172_800_000),
        ("box_clock_set", -3_600_000),
    ]
    assert [json.loads(event.payload)["why"] for event in at.of_kind("gap")].count("box_clock_set") == 2
    skews = [event.skew_ms for event in at.of_kind("scan")]
    assert sorted({round((skew or 0) / 1000, -1) for skew in skews}) == [0, 3600, 172_800]


def test_scales_are_told_to_read(tmp_path: Path) -> None:
    """Adam scales start stopped."""
    with scene(tmp_path) as at:
        until(lambda: at.hand("press", device=SCALE, value=2.0) and at.of_kind("weight", SCALE), "a weight")
        at.hand("press", device=SCALE, value=3.0)
        until(lambda: len(at.of_kind("weight", SCALE)) == 2, "the next")
        assert json.loads(at.of_kind("weight", SCALE)[0].payload)["value"] == 2.0


def test_a_burst_arrives_whole_and_in_order(tmp_path: Path) -> None:
    with scene(tmp_path) as at:
        at.hand("press", device=SCANNER, value="same", times=60)
        until(lambda: len(at.gateway.receiver.values) == 60, "sixty scans")
        scans = at.of_kind("scan")
    times = [event.device_time for event in scans]
    assert times == sorted(times, key=lambda moment: moment or 0)
    assert len(set(times)) == 60
