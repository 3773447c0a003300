"""EDGE-2, EDGE-3, TEST-1: the agent at the simulated Box: what comes all at once, which it forgets, and what comes at the same moment."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from connectors.kit.sandbox.server import running as serving
from edge_iotbox.agent import Agent
from edge_iotbox.clock import SystemClock
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, write_enrolment
from edge_iotbox.sandbox.app import create_app
from edge_iotbox.settings import BoxSettings, LogSettings, SendSettings, Settings, SpoolSettings
from tests.edge.samples import BOX, SCANNER
from tests.edge.servers import FakeGateway, served, until

PRESSES = 6000


@contextmanager
def scene(folder: Path) -> Iterator[tuple[httpx.Client, FakeGateway]]:
    """Hands at a Box, and the gateway its agent sends to. The agent has looked often enough to know the Box's clock."""
    write_enrolment(folder / ENROLMENT, Enrolment(FakeGateway().token, BOX))
    with serving(create_app()) as url, httpx.Client(base_url=url, timeout=15) as http, served(FakeGateway()) as gateway:
        settings = Settings(
            box=BoxSettings(url=url, look_seconds=1, gone_seconds=1), spool=SpoolSettings(folder=folder, volatile_allowed=True),
            send=SendSettings(gateway=gateway.url, timeout_seconds=5), log=LogSettings(metrics_file="", clock_always_trusted=True),
        )  # fmt: skip
        agent = Agent(settings, SystemClock(True), "1.0", str(uuid.uuid4()))
        agent.begin()
        try:
            until(
                lambda: agent.shared.skew.bounds and http.get("/sandbox/state").json()["sessions"], "a poll that waits"
            )
            yield http, gateway
        finally:
            agent.end()


def press(http: httpx.Client, times: int) -> list[int]:
    """When, by the Box's clock, epoch microseconds."""
    answer = http.post("/sandbox/press", json={"device": SCANNER, "value": "x", "times": times})
    assert answer.status_code == 200, answer.text
    return [round(moment * 1_000_000) for moment in answer.json()["events"]]


def heard(gateway: FakeGateway) -> list[int | None]:
    return [event.device_time for event in list(gateway.receiver.taken) if event.kind == "scan"]


def gaps(gateway: FakeGateway) -> list[dict[str, Any]]:
    return [json.loads(event.payload) for event in list(gateway.receiver.taken) if event.kind == "gap"]


def balanced(gateway: FakeGateway, pressed: list[int]) -> bool:
    """pressed == heard + told lost. Box and agent have one clock here, of which the agent knows its own reckoning only."""
    there, told = set(heard(gateway)), [(gap["from"], gap["to"]) for gap in gaps(gateway)]
    return all(moment in there or any(begin <= moment <= end for begin, end in told) for moment in pressed)


def test_thousands_at_once_are_heard_or_told_as_lost(tmp_path: Path) -> None:
    with scene(tmp_path) as (http, gateway):
        pressed = press(http, PRESSES)
        until(lambda: balanced(gateway, pressed), "a scan or a gap for every press", 60)
        after = press(http, 1)
        until(lambda: after[0] in heard(gateway), "the next scan")
    times = heard(gateway)
    assert len(times) == len(set(times)), "doubled"
    assert set(times) <= {*pressed, *after}
    assert 0 < len(times) < PRESSES, "nothing was forgotten: this shows nothing"
    assert {gap["why"] for gap in gaps(gateway)} == {"box_forgot"}
    assert len(gaps(gateway)) <= 2


def test_two_at_the_same_moment_are_both_heard_also_when_an_answer_is_lost(tmp_path: Path) -> None:
    """A poll that waited is answered with the second, and the answer to the look back for the first is lost now and then."""
    rules = [{"kind": "reorder", "path": "event"}, {"kind": "lost", "path": "event", "rate": 0.3}]
    pressed: list[int] = []
    with scene(tmp_path) as (http, gateway):
        http.put("/sandbox/faults", json={"rules": rules, "seed": 5}).raise_for_status()
        for _ in range(12):
            pressed += press(http, 2)
            until(partial(have, gateway, pressed), "both")
        struck = http.get("/sandbox/state").json()["faults"]["counts"]
    assert sorted(filter(None, heard(gateway))) == pressed
    assert gaps(gateway) == []
    assert struck["lost"] >= 3


def have(gateway: FakeGateway, pressed: list[int]) -> bool:
    return set(pressed) <= set(heard(gateway))
