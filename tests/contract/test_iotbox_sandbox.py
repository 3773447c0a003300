"""TEST-1, EDGE-2: the simulated IoT Box has the shapes and the weaknesses that were seen on hw_drivers of Odoo 18.0."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from connectors.kit.sandbox.server import running
from edge_iotbox.sandbox.app import create_app
from edge_iotbox.sandbox.world import MAC
from tests.edge.servers import until
from tests.loopback import client

SCANNER, SCALE, PRINTER = "usb_05e0:1200", "/dev/ttyUSB0", "usbEPSONTM-T20?J5PF000123"


@dataclass
class Box:
    """A Box over HTTP, as a client on the LAN and as hands."""

    http: httpx.Client

    def call(self, path: str, params: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post(path, json={"jsonrpc": "2.0", "method": "call", "id": 7, "params": params})
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    def poll(
        self, session: str = "s1", devices: Any = (SCANNER, SCALE, PRINTER), last_event: float = 0
    ) -> dict[str, Any]:
        devices = devices if isinstance(devices, dict) else list(devices)
        return self.call(
            "/hw_drivers/event", {"listener": {"session_id": session, "devices": devices, "last_event": last_event}}
        )

    def act(self, device: str, data: Any, session: str = "s9") -> dict[str, Any]:
        text = data if isinstance(data, str) else json.dumps(data)
        return self.call("/hw_drivers/action", {"session_id": session, "device_identifier": device, "data": text})

    def hand(self, what: str, **body: Any) -> dict[str, Any]:
        answer = self.http.post(f"/sandbox/{what}", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get("/sandbox/state").json()
        return found

    def in_background(self, *poll: Any, **named: Any) -> Waiting:
        waiting = Waiting(
            threading.Thread(target=lambda: waiting.answers.append(self.poll(*poll, **named)), daemon=True), []
        )
        known = len(self.state()["calls"]["latest"])
        waiting.thread.start()
        session = named.get("session", poll[0] if poll else "s1")
        until = time.monotonic() + 10
        while session not in self.state()["sessions"] and time.monotonic() < until:
            time.sleep(0.005)
        assert known >= 0
        return waiting


@dataclass
class Waiting:
    """A poll that waits in a thread."""

    thread: threading.Thread
    answers: list[dict[str, Any]]

    def answer(self) -> dict[str, Any]:
        self.thread.join(10)
        assert self.answers, "the poll was not answered"
        return self.answers[0]


@pytest.fixture
def box() -> Iterator[Box]:
    with running(create_app()) as url, client(url) as http:
        yield Box(http)


def test_an_event_has_the_frame_of_hw_drivers(box: Box) -> None:
    waiting = box.in_background()
    box.hand("press", device=SCANNER, value="9780201")
    answer = waiting.answer()
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
    result = answer["result"]
    assert set(result) == {"value", "device_identifier", "time", "request_data", "session_id"}
    assert (result["value"], result["device_identifier"], result["request_data"], result["session_id"]) == (
        "9780201",
        SCANNER,
        None,
        "s1",
    )
    assert abs(result["time"] - time.time()) < 5


def test_after_fifty_seconds_the_answer_has_no_result_key(box: Box) -> None:
    waiting = box.in_background()
    box.hand("clock", advance=49.5)
    time.sleep(0.05)
    assert not waiting.answers
    box.hand("clock", advance=1)
    assert waiting.answer() == {"jsonrpc": "2.0", "id": 7}


def test_the_buffer_keeps_five_seconds_and_gives_the_oldest_first(box: Box) -> None:
    first, second = (box.hand("press", device=SCANNER, value=value)["events"][0] for value in "ab")
    assert box.poll()["result"]["time"] == first
    assert box.poll()["result"]["time"] == first, "an unchanged last_event gets the same again"
    assert box.poll(last_event=first)["result"]["time"] == second
    box.hand("clock", advance=5.5)
    waiting = box.in_background(last_event=first)
    time.sleep(0.05)
    assert not waiting.answers, "older than five seconds is lost"
    box.hand("press", device=SCANNER, value="c")
    assert waiting.answer()["result"]["value"] == "c"


def test_two_sessions_both_get_it_and_a_doubled_session_is_orphaned(box: Box) -> None:
    first, other = box.in_background(), box.in_background(session="s2")
    second = Waiting(threading.Thread(target=lambda: second.answers.append(box.poll()), daemon=True), [])
    before = box.state()["calls"]["total"]
    second.thread.start()
    time.sleep(0.3)
    assert box.state()["calls"]["total"] == before
    box.hand("press", device=SCANNER, value="x")
    assert second.answer()["result"]["value"] == other.answer()["result"]["value"] == "x"
    time.sleep(0.05)
    assert not first.answers
    box.hand("clock", advance=51)
    assert first.answer() == {"jsonrpc": "2.0", "id": 7}


def test_events_of_other_devices_are_not_heard_and_a_dict_of_devices_does_too(box: Box) -> None:
    box.hand("press", device=SCANNER, value="no")
    box.hand("press", device=SCALE, value=1.25)
    result = box.poll(devices={SCALE: {}})["result"]
    assert (result["value"], result["status"]["status"]) == (1.25, "connected")


def test_a_scale_tells_changes_only_and_read_once_always(box: Box) -> None:
    assert len(box.hand("press", device=SCALE, value=2.5)["events"]) == 1
    assert box.hand("press", device=SCALE, value=2.5)["events"] == []
    assert box.act(SCALE, {"action": "read_once"})["result"] is True
    assert box.act(SCALE, {"action": "stop_reading"})["result"] is True
    assert box.hand("press", device=SCALE, value=3)["events"] == []
    box.act(SCALE, {"action": "start_reading"})
    assert len(box.hand("press", device=SCALE, value=4)["events"]) == 1


def test_actions_tell_by_owner_and_request_data_and_owner_sticks(box: Box) -> None:
    box.act(SCANNER, {"action": ""}, session="till-1")
    result = box.poll()["result"]
    assert (result["value"], result["request_data"], result["owner"]) == ("", {"action": ""}, "till-1")
    box.hand("press", device=SCANNER, value="later")
    assert box.poll(last_event=result["time"])["result"]["owner"] == "till-1"


def test_a_repeated_idempotent_id_and_an_unknown_device_are_both_false(box: Box) -> None:
    data = {"action": "cashbox", "iot_idempotent_id": "i1"}
    assert [box.act(PRINTER, data)["result"] for _ in range(2)] == [True, False]
    assert box.act("nowhere", data)["result"] is False
    printed = next(one["printed"] for one in box.state()["devices"] if one["identifier"] == PRINTER)
    assert printed == [{"cashbox_pulses": 3}]


def test_what_fails_fails_as_odoo_does(box: Box) -> None:
    paper = base64.b64encode(b"x").decode()
    error = box.act(PRINTER, {"action": "dance"})["error"]
    assert (error["code"], error["message"], error["data"]["name"]) == (200, "Odoo Server Error", "builtins.KeyError")
    assert box.act(PRINTER, {"document": paper})["error"]["data"]["message"] == "'print_id'"
    assert box.act(PRINTER, {"document": paper, "print_id": 1})["result"] is True
    printed = next(one["printed"] for one in box.state()["devices"] if one["identifier"] == PRINTER)
    assert len(printed) == 2, "it had printed before it failed"
    assert box.act(PRINTER, {"document": "?", "print_id": 1})["error"]["data"]["name"] == "binascii.Error"
    assert box.act(PRINTER, {"action": "print_receipt", "receipt": paper})["result"] is True
    plain = box.call(
        "/hw_drivers/action", {"session_id": "s", "device_identifier": PRINTER, "data": {"action": "cashbox"}}
    )
    assert "must be str, bytes or bytearray, not dict" in plain["error"]["data"]["message"]
    assert box.call("/hw_drivers/event", {"listener": {}})["error"]["data"]["name"] == "builtins.KeyError"
    assert box.act(SCALE, {"action": "get_status"})["result"] is True
    assert box.poll(devices=[SCALE])["result"]["status"]["status"] == "error"


def test_the_homepage_lists_devices_with_blanks_in_their_types(box: Box) -> None:
    box.hand("plug", device="/dev/ttyACM0", type="fiscal_data_module", name="Tremol")
    box.hand("unplug", device=SCANNER)
    data = box.http.get("/hw_posbox_homepage/data").json()
    listed = {one["identifier"]: one for one in data["iot_device_status"]}
    assert data["mac"] == MAC
    assert SCANNER not in listed
    assert listed["/dev/ttyACM0"]["type"] == "fiscal data module"
    assert set(listed[SCALE]) == {"name", "value", "type", "identifier"}
    assert box.hand("press", device=SCANNER, value="pulled out")["events"] == []


def test_health_routes_and_preflight(box: Box) -> None:
    assert box.http.get("/hw_proxy/hello").text == "ping"
    assert box.http.get("/hw_proxy/get_version").text == "L24.10"
    assert box.http.get("/hw_posbox_homepage/ping").json() == {"status": "success", "message": "pong"}
    assert box.call("/hw_proxy/handshake", {})["result"] is True
    assert box.call("/hw_proxy/status_json", {})["result"]["scanner"] == {"status": "connected", "messages": ""}
    assert box.call("/hw_proxy/scale_read", {})["result"] == {"weight": 0}
    box.hand("unplug", device=SCALE)
    assert "result" not in box.call("/hw_proxy/scale_read", {})
    preflight = box.http.options("/hw_drivers/event")
    assert preflight.headers["access-control-allow-methods"] == "POST"
    assert box.http.post("/hw_drivers/event", content=b"{").status_code == 400


def test_a_restart_cuts_off_polls_and_forgets_everything(box: Box) -> None:
    box.act(SCANNER, {"action": ""}, session="till-1")
    cut: list[Exception] = []

    def poll() -> None:
        try:
            box.poll(last_event=time.time() + 60)
        except httpx.TransportError as error:
            cut.append(error)

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while "s1" not in box.state()["sessions"] and time.monotonic() < until:
        time.sleep(0.005)
    box.hand("restart", seconds=30)
    thread.join(10)
    assert cut
    with pytest.raises(httpx.TransportError):
        box.http.get("/hw_proxy/hello")
    assert box.hand("press", device=SCANNER, value="while away")["events"] == []
    box.hand("clock", advance=31)
    assert box.http.get("/hw_proxy/hello").text == "ping"
    assert box.state()["sessions"] == []
    box.hand("press", device=SCANNER, value="after")
    assert "owner" not in box.poll()["result"]


def test_its_clock_may_be_wrong_and_it_tells_its_own_date(box: Box) -> None:
    box.hand("clock", shift=-86_400)
    dates = box.http.get("/hw_proxy/hello").headers.get_list("date")
    assert len(dates) == 1
    assert abs(time.time() - 86_400 - parsedate_to_datetime(dates[0]).timestamp()) < 5
    box.hand("press", device=SCANNER, value="old")
    assert abs(box.poll()["result"]["time"] - (time.time() - 86_400)) < 5


def test_faults_strike_the_polls(box: Box) -> None:
    def rule(kind: str, **more: Any) -> None:
        box.http.put(
            "/sandbox/faults", json={"rules": [{"kind": kind, "path": "event", "limit": 1, **more}]}
        ).raise_for_status()

    first, second, _ = (box.hand("press", device=SCANNER, value=value)["events"][0] for value in "abc")
    assert box.poll()["result"]["time"] == first
    rule("duplicate")
    assert box.poll(last_event=first)["result"]["time"] == first
    rule("reorder")
    assert box.poll(last_event=first)["result"]["time"] == second, "out of its buffer the Box gives the oldest"
    rule("no_event")
    assert "result" not in box.poll()
    for kind in ("reset", "lost"):
        rule(kind)
        with pytest.raises(httpx.TransportError):
            box.poll()
    rule("malformed")
    with pytest.raises(ValueError):
        box.poll()
    rule("hang")
    with pytest.raises(httpx.ReadTimeout):
        box.http.post(
            "/hw_drivers/event",
            json={"params": {"listener": {"session_id": "h", "devices": [], "last_event": 0}}},
            timeout=0.3,
        )
    assert box.poll()["result"]["time"] == first


def test_of_two_events_at_once_a_poll_that_waits_may_get_the_second(box: Box) -> None:
    """The first is had by asking from before; asked from the second, the Box never gives it."""
    box.http.put(
        "/sandbox/faults", json={"rules": [{"kind": "reorder", "path": "event", "limit": 1}]}
    ).raise_for_status()
    answers: list[float] = []
    thread = threading.Thread(target=lambda: answers.append(box.poll("waits")["result"]["time"]))
    thread.start()
    until(lambda: box.state()["sessions"] == ["waits"], "a poll that waits")
    first, second = box.hand("press", device=SCANNER, value="x", times=2)["events"]
    thread.join(10)
    assert answers == [second]
    assert box.poll("waits", last_event=first - 1)["result"]["time"] == first
    assert box.poll("waits", last_event=first)["result"]["time"] == second


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("press", {}),
        ("press", {"device": "nowhere"}),
        ("plug", {"device": "x", "type": "toaster"}),
        ("clock", {"speed": 0}),
        ("restart", {"for": 1}),
    ],
)
def test_hands_that_make_no_sense_are_told_so(box: Box, what: str, body: dict[str, Any]) -> None:
    answer = box.http.post(f"/sandbox/{what}", json=body)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


def test_the_page_shows_devices_and_escapes_them(box: Box) -> None:
    box.hand("press", device=SCANNER, value="<script>alert(1)</script>")
    page = box.http.get("/").text
    assert "Toledo 8217" in page
    assert "<script>alert" not in page


def test_it_runs_as_a_program() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "edge_iotbox.sandbox", "--speed", "50"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip().rpartition(" ")[2]
        try:
            assert httpx.get(f"{url}/hw_proxy/hello").text == "ping"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)
