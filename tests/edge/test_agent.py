"""EDGE-2, EDGE-3, EDGE-4: the agent from the Box to the gateway, by nothing but the standard library."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.agent import Agent
from edge_iotbox.clock import SystemClock
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, EnrolmentError, write_enrolment
from edge_iotbox.health import METRICS, read_metrics
from edge_iotbox.settings import Settings, SettingsError
from tests.edge.agents import running
from tests.edge.samples import BOX
from tests.edge.servers import CODE, TOKEN, FakeGateway, MiniBox, until

CHILD = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def arrived(gateway: FakeGateway, count: int) -> Callable[[], bool]:
    return lambda: len(gateway.receiver.values) == count


def test_a_scan_arrives_once_and_in_order_through_restarts(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    for values in (("a", "b"), ("c",), ("d", "e", "e")):
        with running(settings):
            for value in values:
                box.press(value)
            count = len(gateway.receiver.values) + len(values)
            until(arrived(gateway, count), "scans at the gateway")
    taken = gateway.receiver.taken
    assert gateway.receiver.values == ["a", "b", "c", "d", "e", "e"]
    assert [event.sequence for event in taken] == list(range(1, len(taken) + 1))
    assert len({event.boot for event in taken}) == 3
    scan = next(event for event in taken if event.kind == "scan")
    assert (scan.box, scan.device, scan.device_class, scan.clock_trusted) == (BOX, box.scanner, "scanner", True)
    assert scan.skew_ms is not None
    assert abs(scan.skew_ms) < 1500
    assert scan.device_time is not None
    kinds = [event.kind for event in taken if event.kind != "scan"]
    assert kinds.count("device_back") == 1
    assert kinds.count("gap") == 2, "each later start tells since when nothing was heard"
    assert all(json.loads(event.payload)["why"] == "agent_start" for event in taken if event.kind == "gap")


def test_days_offline_lose_nothing(settings: Settings, box: MiniBox, gateway: FakeGateway) -> None:
    """The gateway answers 503, then loses answers, then wants less at once; the spool holds everything meanwhile."""
    gateway.answers = [
        (503, {"Retry-After": "0"}, {}),
        (429, {"Retry-After": "0"}, {}),
        None,
        (200, {}, {"through": "much"}),
        None,
    ]
    gateway.most_events = 7
    with running(settings) as agent:
        for index in range(40):
            box.press(str(index))
        until(lambda: len(gateway.receiver.values) == 40, "all scans", 40)
        until(lambda: agent.shared.spool.depth().events == 0, "an empty spool")
    assert gateway.receiver.values == [str(index) for index in range(40)]
    assert max(gateway.batches) <= 7


def test_a_revoked_credential_spools_on_and_a_new_enrolment_is_seen_at_once(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    gateway.token = "another-token-0002"
    with running(settings) as agent:
        box.press("a")
        until(lambda: agent.shared.counters.sender_state == "not_allowed", "the refusal")
        box.press("b")
        until(lambda: agent.shared.counters.heard == 2, "hearing goes on")
        calls = len(gateway.calls)
        assert gateway.receiver.values == []
        write_enrolment(settings.spool.folder / ENROLMENT, Enrolment(gateway.token, BOX))
        until(lambda: gateway.receiver.values == ["a", "b"], "sending with the new credential")
        assert calls <= 3


def test_one_event_that_cannot_be_does_not_stop_the_rest(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    gateway.refuse = lambda event: event["value"] == "bad"
    with running(settings) as agent:
        for value in ("a", "bad", "b"):
            box.press(value)
        until(lambda: gateway.receiver.values == ["a", "b"], "the others")
        assert agent.shared.counters.set_aside == 1
    dropped = next(event for event in gateway.receiver.taken if event.kind == "dropped")
    assert json.loads(dropped.payload)["why"] == "refused"
    kept = (settings.spool.folder / "refused.jsonl").read_text()
    assert json.loads(kept)["event"]["value"] == "bad"


def test_a_gateway_that_forgot_is_told_of_the_hole(settings: Settings, box: MiniBox, gateway: FakeGateway) -> None:
    with running(settings):
        box.press("a")
        until(lambda: gateway.receiver.values == ["a"], "the first")
        until(lambda: len(gateway.receiver.taken) >= 2, "all so far")
        gateway.receiver.through, gateway.receiver.taken = 0, []
        box.press("b")
        until(lambda: gateway.receiver.values == ["b"], "the second, after a gap")
    assert [event.kind for event in gateway.receiver.taken][:1] == ["gap"]
    assert gateway.receiver.taken[0].first_sequence == 1


def after_gone(gateway: FakeGateway) -> dict[str, Any]:
    """The first payload of each kind since the Box was gone; before that a busy machine may already have missed half a second."""
    kinds = [event.kind for event in gateway.receiver.taken]
    since = gateway.receiver.taken[kinds.index("box_gone") :]
    return {event.kind: json.loads(event.payload) for event in reversed(since)}


def test_a_box_that_goes_and_comes_is_told_with_the_hole(
    settings: Settings, box: MiniBox, gateway: FakeGateway, monkeypatch: Any
) -> None:
    monkeypatch.setattr("edge_iotbox.hearing.BUFFER_MS", 500)
    with running(settings) as agent:
        box.press("before")
        until(lambda: gateway.receiver.values == ["before"] and agent.shared.counters.box_up, "the Box")
        box.broken = True
        until(lambda: any(event.kind == "box_gone" for event in gateway.receiver.taken), "box_gone")
        box.broken = False
        until(lambda: any(event.kind == "box_back" for event in gateway.receiver.taken), "box_back")
        until(lambda: "gap" in after_gone(gateway), "the gap")
        box.press("after")
        until(lambda: gateway.receiver.values == ["before", "after"], "hearing again")
    gap = after_gone(gateway)["gap"]
    assert gap["why"] == "box_not_heard"
    assert gap["ms"] >= 1000
    assert gap["to"] - gap["from"] == gap["ms"] * 1000


def test_configuration_from_afar_is_applied_and_survives_a_restart(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    gateway.config, gateway.config_version = (
        {"devices": ["scale"], "batch_events": 3, "spool_megabytes": 2, "log_level": "ERROR"},
        9,
    )
    level = logging.getLogger().level
    try:
        with running(settings) as agent:
            until(lambda: agent.shared.counters.config_version == 9, "the configuration")
            assert agent.shared.wanted.include == ("scale",)
            assert agent.shared.inventory.wanted(agent.shared.wanted) == []
            until(lambda: len(gateway.health) >= 1, "the health report")
        gateway.url, known = "", gateway.health[0]
        with running(settings) as agent:
            assert (agent.shared.wanted.include, agent.shared.counters.config_version) == (("scale",), 9)
            assert logging.getLogger().level == logging.ERROR
    finally:
        logging.getLogger().setLevel(level)
    assert known["agent_version"] == "1.0"
    assert known["rss_bytes"] > 1_000_000


@pytest.mark.parametrize("config", [{"token": "x"}, {"spool_megabytes": 0}, {"devices": "all"}, []])
def test_a_configuration_that_cannot_be_changes_nothing(
    settings: Settings, gateway: FakeGateway, config: Any, caplog: Any
) -> None:
    """SEC-5: no credential, no address, no code from afar."""
    gateway.config, gateway.config_version = config, 5
    with running(settings) as agent:
        until(lambda: "config" in gateway.calls, "asked")
        until(lambda: "configuration_not_got" in caplog.text, "told")
        assert agent.shared.counters.config_version == 0


def test_the_metrics_file_has_every_metric_and_no_scanned_value(
    settings: Settings, box: MiniBox, gateway: FakeGateway, caplog: Any
) -> None:
    """SEC-3: nor do the logs."""
    caplog.set_level(logging.DEBUG)
    with running(settings) as agent:
        box.press("canary-4711")
        until(lambda: gateway.receiver.values == ["canary-4711"], "the scan")
        until(lambda: agent.shared.skew.milliseconds is not None, "a look")
        agent.tick()
        text = Path(settings.log.metrics_file).read_text()
    values = read_metrics(text)
    assert set(values) == set(METRICS)
    assert (values["causeway_edge_heard_total"], values["causeway_edge_box_up"]) == (1, 1)
    assert 'causeway_edge_info{box="b8:27:eb:00:00:01",version="1.0",sending="good"} 1' in text
    assert "canary" not in text
    assert "canary" not in caplog.text
    assert TOKEN not in caplog.text + text
    assert TOKEN not in repr(Enrolment(TOKEN, BOX))


def test_a_new_device_is_heard_at_once_and_what_comes_and_goes_is_told(
    settings: Settings, box: MiniBox, gateway: FakeGateway
) -> None:
    with running(settings) as agent:
        until(lambda: agent.shared.counters.devices == 1, "the scanner")
        box.more["/dev/ttyUSB0"] = "scale"
        until(lambda: agent.shared.counters.devices == 2, "the scale")
        del box.more["/dev/ttyUSB0"]
        until(lambda: any(event.kind == "device_gone" for event in gateway.receiver.taken), "device_gone")
    told = [
        (event.kind, event.device, event.device_class)
        for event in gateway.receiver.taken
        if event.kind.startswith("device")
    ]
    assert told == [
        ("device_back", box.scanner, "scanner"),
        ("device_back", "/dev/ttyUSB0", "scale"),
        ("device_gone", "/dev/ttyUSB0", "scale"),
    ]


def test_a_thread_that_fails_ends_the_agent_and_is_told(settings: Settings, monkeypatch: Any, caplog: Any) -> None:
    def broken(*_args: Any) -> None:
        raise RuntimeError("as if the card had died")

    monkeypatch.setattr("edge_iotbox.listener.Listener.once", broken)
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        assert Agent(settings, SystemClock(True)).run() == 70
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert "thread_failed thread=listen" in caplog.text


def test_memory_as_a_spool_is_refused_unless_told(settings: Settings, monkeypatch: Any) -> None:
    monkeypatch.setattr("edge_iotbox.agent.check_place", lambda folder: f"{folder} is memory")
    strict = replace(settings, spool=replace(settings.spool, volatile_allowed=False))
    with pytest.raises(SettingsError, match="volatile-spool-allowed"):
        Agent(strict, SystemClock(True)).begin()
    with running(settings):
        pass


def test_without_enrolment_it_says_what_to_do(settings: Settings) -> None:
    (settings.spool.folder / ENROLMENT).unlink()
    with pytest.raises(EnrolmentError, match="causeway-edge enrol"):
        Agent(settings, SystemClock(True)).begin()


# -- as a program


def written(tmp_path: Path, box: MiniBox, gateway: FakeGateway) -> list[str]:
    """A settings file, and the command that uses it."""
    path = tmp_path / "edge.ini"
    path.write_text(
        f"[box]\nurl = {box.url}\nlook_seconds = 1\n[spool]\nfolder = {tmp_path / 'spool'}\nvolatile_allowed = yes\n"
        f"[send]\ngateway = {gateway.url}\n[log]\nmetrics_file = {tmp_path / 'metrics.prom'}\nmetrics_seconds = 1\n"
    )
    return [sys.executable, "-m", "edge_iotbox", "--config", str(path)]


def test_enrol_check_run_status_stop(tmp_path: Path, box: MiniBox, gateway: FakeGateway) -> None:
    """What the install page says, in its order."""
    command = written(tmp_path, box, gateway)

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False, env=CHILD)

    wrong = call("check")
    assert wrong.returncode == 1
    assert "WRONG  enrolment" in wrong.stdout
    assert call("enrol", "not-the-code").returncode == 2
    enrolled = call("enrol", CODE)
    assert enrolled.returncode == 0, enrolled.stderr
    assert TOKEN not in enrolled.stdout + enrolled.stderr
    assert (tmp_path / "spool" / ENROLMENT).stat().st_mode & 0o077 == 0
    checked = call("check")
    assert checked.returncode == 0, checked.stdout
    assert "ok     gateway" in checked.stdout
    assert TOKEN not in checked.stdout
    assert call("status").returncode == 1
    with subprocess.Popen([*command, "run"], stderr=subprocess.PIPE, text=True, env=CHILD) as process:
        try:
            box.press("a")
            until(lambda: gateway.receiver.values == ["a"], "the scan")
            until(lambda: (tmp_path / "metrics.prom").exists(), "the metrics file")
            status = call("status", "--json")
            assert status.returncode == 0, status.stdout
            assert json.loads(status.stdout)["running"] == "yes"
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            assert process.stderr is not None
            said = process.stderr.read()
    assert "stopped failed=False" in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[bix]\n", "no section"), ("[box]\nurll = x\n", "no such setting"), ("[spool]\nmegabytes = -1\n", "whole number"),
        ("[send]\nway = pigeon\n", "one of https, kafka"), ("[box]\nstart_scales = perhaps\n", "yes or no"), ("nonsense", "not an INI file"),
        ("[send]\ngateway = http://gateway.example\n", "plain http"), ("[box]\nurl = box:8069\n", "must be http"),
    ],
)  # fmt: skip
def test_wrong_settings_are_told_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "edge.ini"
    path.write_text(text)
    words = ["enrol", CODE]
    done = subprocess.run(
        [sys.executable, "-m", "edge_iotbox", "--config", str(path), *words], capture_output=True, text=True, timeout=60, check=False,
        env={**CHILD, **({} if "gateway" in text else {"CAUSEWAY_EDGE_SEND__GATEWAY": "http://127.0.0.1:9"})},
    )  # fmt: skip
    assert done.returncode == 2
    if "gateway" not in text:
        assert problem in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
