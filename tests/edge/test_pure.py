"""EDGE-2, EDGE-3: what the agent decides: readings, skew, positions, devices, verdicts, places. Tables of inputs and answers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.box import Exchange
from edge_iotbox.clock import SystemClock
from edge_iotbox.enrolment import Credential, Enrolment, EnrolmentError, read_enrolment, write_enrolment
from edge_iotbox.events import Teller, numbered
from edge_iotbox.hearing import Deaf, Ears, Position, Presence, position_from
from edge_iotbox.inventory import Change, Inventory, Wanted, inventory_from
from edge_iotbox.places import read_mounts, volatile_reason
from edge_iotbox.readings import Device, FrameError, Reading, device_class_of, read_frame
from edge_iotbox.settings import Settings, SettingsError, load_settings
from edge_iotbox.skew import SkewMeter
from edge_iotbox.verdicts import (
    Hole,
    Later,
    NotAllowed,
    Refused,
    Taken,
    TooLarge,
    Verdict,
    backoff,
    retry_after,
    verdict_of,
)
from edge_iotbox.watcher import WallClockWatch
from schemas.hardware import from_json, to_json
from tests.edge.samples import BOOT, BOX
from tests.edge.stage import SetClock

DEVICES = {
    name: Device(name, kind, kind.title())
    for name, kind in (
        ("s", "scanner"),
        ("k", "keyboard"),
        ("w", "scale"),
        ("p", "printer"),
        ("d", "display"),
        ("t", "payment"),
        ("f", "fiscal_data_module"),
    )
}


def frame(device: str, **data: Any) -> dict[str, Any]:
    return {"device_identifier": device, "time": 1795240782.5323958, "request_data": None, "session_id": "x", **data}


def status(word: str) -> dict[str, str]:
    return {"status": word, "message_title": "", "message_body": ""}


@pytest.mark.parametrize(
    ("told", "kind", "value", "weight", "state"),
    [
        (frame("s", value="0123456"), "scan", "0123456", None, None),
        (frame("s", value=""), "scan", "", None, None),  # after the default action
        (frame("s", value="01\x1d21"), "scan", "01\x1d21", None, None),  # GS1 divides fields by this
        (frame("s", value="\ud800"), "scan", "?", None, None),
        (frame("k", value="a"), "key", "a", None, None),
        (frame("w", value=1.25, status=status("connected")), "weight", "1.25", "1.25", "connected"),
        (frame("w", value=0.1 + 0.2, status=status("connected")), "weight", "0.3", "0.3", "connected"),
        (frame("w", value=-0.0, status=status("connected")), "weight", "0", "0", "connected"),
        (frame("w", value=1000, status=status("connected")), "weight", "1000", "1000", "connected"),
        (frame("w", value=1.25, status=status("error")), "weight", "1.25", None, "error"),  # an old weight: no weight
        (frame("w", value=float("nan"), status=status("connected")), "weight", "", None, "connected"),
        (frame("w", value="1.25", status=None), "weight", "1.25", None, None),
        (frame("w", value=True), "weight", "", None, None),
        (frame("w", value=1e300), "weight", "", None, None),
        (frame("w", value=10**400), "weight", "", None, None),  # JSON has integers that no float can hold
        (frame("w", value=-0.0000000001), "weight", "0", "0", None),
        (frame("w", value=-2.50), "weight", "-2.5", "-2.5", None),
        (frame("w", value=1e-7), "weight", "0.0000001", "0.0000001", None),
        (frame("w", value=999_999_999_999.5), "weight", "999999999999.5", "999999999999.5", None),
        (
            frame("p", value="", state={"status": "stopped", "message": "", "reason": "media-empty"}),
            "printer",
            "",
            None,
            "stopped",
        ),
        (frame("d", value=""), "display", "", None, None),
        (frame("t", value="ok", status="approved"), "payment", "ok", None, "approved"),
        (frame("f", value=""), "fiscal", "", None, None),
        (frame("new one", value=3), "other", "3", None, None),
    ],
)
def test_readings(told: dict[str, Any], kind: str, value: str, weight: str | None, state: str | None) -> None:
    reading = read_frame(told, DEVICES)
    assert (reading.kind, reading.value, reading.weight, reading.status) == (kind, value, weight, state)
    assert reading.device_time == 1795240782532396
    assert event_of(reading) == from_json(json.loads(json.dumps(to_json(event_of(reading)))))


def event_of(reading: Reading) -> Any:
    return numbered(Teller(BOX, BOOT, SetClock()).heard(reading, 3), 1)


def test_the_payload_is_the_devices_own_data() -> None:
    told = frame("s", value="1", owner="till", extra={"a": [1]})
    told["request_data"] = {"action": ""}
    assert json.loads(read_frame(told, DEVICES).payload) == {
        "value": "1",
        "extra": {"a": [1]},
        "request_data": {"action": ""},
    }
    long = read_frame(frame("s", value="x" * 40_000), DEVICES)
    assert json.loads(long.payload)["fields"] == ["value"]
    assert len(long.value) == 8192
    assert event_of(long)


@pytest.mark.parametrize(
    "told",
    [
        None, [], {}, {"device_identifier": "s"}, {"device_identifier": 1, "time": 1.0}, frame(""), frame("s") | {"time": "x"},
        frame("s") | {"time": True}, frame("s") | {"time": float("inf")}, frame("s") | {"time": -1}, frame("s") | {"time": float("nan")},
        frame("s") | {"time": 10**400},  # JSON has integers that no float can hold
    ],
)  # fmt: skip
def test_what_is_no_event_is_told_so(told: Any) -> None:
    with pytest.raises(FrameError):
        read_frame(told, DEVICES)


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("fiscal data module", "fiscal_data_module"),
        ("Scanner", "scanner"),
        ("ß<x>", "x"),
        (None, ""),
        (7, ""),
        ("a" * 99, "a" * 40),
    ],
)
def test_classes_of_devices_are_words(told: Any, word: str) -> None:
    assert device_class_of(told) == word


def exchange(ours: float, box: float | None, took: float = 0.01) -> Exchange:
    """Our time at the answer and the Box's, seconds."""
    return Exchange(round((ours - took) * 1e6), round(ours * 1e6), None if box is None else int(box))


def test_the_skew_gets_better_with_each_answer() -> None:
    meter = SkewMeter()
    assert meter.feed(exchange(1000.0, None)) is None
    for step in range(40):
        meter.feed(exchange(1000.0 + step * 1.37, 1000.0 + step * 1.37 - 7.25))
    assert meter.milliseconds is not None
    assert abs(meter.milliseconds - 7250) < 60


def test_a_clock_that_was_set_is_a_jump() -> None:
    meter = SkewMeter()
    meter.feed(exchange(1000.5, 1000.5))
    assert meter.feed(exchange(1005.5, 1005.5)) is None
    jump = meter.feed(exchange(1010.5, 1010.5 + 3600))
    assert jump is not None
    assert abs(jump + 3_600_000) < 1100
    assert meter.feed(exchange(1015.5, 1015.5 + 3601)) is None, "drift is none"
    least, most = meter.bounds or (0.0, 0.0)
    assert least <= -3_600_500 <= most


def test_the_skew_of_before_is_forgotten() -> None:
    meter = SkewMeter()
    meter.feed(exchange(1000.5, 900.5))
    meter.forget()
    assert meter.bounds is None
    assert meter.milliseconds is None


def test_positions() -> None:
    position = Position()
    assert position.ask_from(None) == 0.0
    position.took("s", 100.5)
    position.took("s", 100.2)  # late: does not move back
    assert position.ask_from(200.0) == 100.5
    assert not position.is_new("s", 100.2)
    assert position.is_new("w", 100.2)
    again = position_from(position.as_text())
    assert (again.last_event, again.is_new("s", 100.5)) == (100.5, False)
    position.took("s", 30.0)  # its clock was set back
    assert position.ask_from(30.0) == 30.0
    position.saw_again(100.5, 30.0)  # and its buffer is in the future
    assert position.ask_from(31.0) == 100.5
    assert position.ask_from(101.0) == 30.0
    for text in ("", "{", "[1]", '["x",[]]', "[1,[1]]"):
        assert position_from(text).last_event == 0.0


def test_deaf_is_what_the_box_cannot_have_remembered() -> None:
    ears = Ears()
    assert ears.worked(0, 50_000) is None
    assert ears.worked(54_000, 60_000) is None
    assert ears.worked(65_001, 66_000) == Deaf(60_000, 65_001)
    ears.cut_off(66_000, 90_000)
    ears.cut_off(90_050, 90_060)  # hardly asked
    assert ears.heard_until == 90_000
    assert ears.worked(90_100, 90_200) is None
    ears.failed()
    ears.cut_off(91_000, 99_000)  # after a failure it had not been listening
    assert ears.worked(99_100, 99_200) == Deaf(90_200, 99_100)


def test_a_box_is_gone_once() -> None:
    presence = Presence()
    assert [presence.missed(at, 10_000) for at in (0, 5000, 10_000, 15_000)] == [False, False, True, False]
    assert presence.seen(20_000) == 20_000
    assert presence.seen(21_000) is None
    presence.missed(22_000, 10_000)
    assert presence.seen(23_000) is None


def test_a_device_is_gone_when_it_was_missing_twice() -> None:
    one, two = Device("/dev/ttyUSB0", "scale", "A"), Device("usb?1", "printer", "B")
    inventory = Inventory()
    assert inventory.looked([one, two]) == Change(came=(one, two))
    assert inventory.looked([two]) == Change()
    assert inventory.looked([two]) == Change(gone=(one,))
    assert inventory.present() == 1
    kept = inventory_from(inventory.as_text())
    assert kept.looked([one, two]) == Change(back=(one,))
    assert kept.looked([one]) == Change()
    assert kept.looked([one, two]) == Change()
    assert inventory_from("nonsense").known == {}
    assert kept.wanted(Wanted()) == ["/dev/ttyUSB0", "usb?1"]
    assert kept.wanted(Wanted(include=("scale", "usb?1"), exclude=("/dev/*",))) == ["usb?1"]


VERDICTS: list[tuple[int, dict[str, str], bytes, Verdict]] = [
    (200, {}, b'{"through": 7, "config_version": 2}', Taken(7, 2)),
    (200, {}, b'{"through": -1}', Later("status_200")),
    (200, {}, b'{"through": true}', Later("status_200")),
    (200, {}, b"<html>", Later("status_200")),
    (409, {}, b'{"expected": 3}', Hole(3)),
    (409, {}, b"{}", Later("status_409")),
    (422, {}, b'{"index": 2, "problem": "value: no"}', Refused(2, "value: no")),
    (422, {}, b"[" * 100_000, Refused(-1, "")),
    (401, {}, b"", NotAllowed()),
    (403, {}, b"", NotAllowed()),
    (413, {}, b"", TooLarge()),
    (429, {"retry-after": "30"}, b"", Later("status_429", 30.0)),
    (503, {"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", Later("status_503")),
    (302, {}, b"", Later("status_302")),
]


@pytest.mark.parametrize(("code", "headers", "body", "verdict"), VERDICTS)
def test_verdicts(code: int, headers: dict[str, str], body: bytes, verdict: Verdict) -> None:
    assert verdict_of(code, headers, body) == verdict


def test_waits_grow_and_end() -> None:
    assert [backoff(attempt, 1.0) for attempt in (0, 1, 5, 6, 1000)] == [1.0, 2.0, 32.0, 60.0, 60.0]
    assert backoff(6, 0.0) == 30.0
    assert retry_after({"retry-after": "999999"}) == 3600.0


MOUNTS = """22 1 179:2 / / ro,noatime - ext4 /dev/root ro
30 22 0:26 / /var rw - tmpfs tmpfs rw
31 22 0:27 / /etc rw - overlay overlay rw,lowerdir=/etc,upperdir=/mem/etc,workdir=/mem/work
32 22 0:28 / /mem rw - tmpfs tmpfs rw
33 22 0:29 / /home rw - overlay overlay rw,lowerdir=/home,upperdir=/card/home,workdir=/card/work
34 22 179:3 / /card rw - ext4 /dev/mmcblk0p3 rw
35 30 179:2 / /var/lib/my\\040data rw - ext4 /dev/mmcblk0p2 rw
36 22 0:30 / /live rw - overlay overlay rw,lowerdir=/a
"""


@pytest.mark.parametrize(
    ("folder", "volatile"),
    [
        ("/root_bypass_ramdisks/x", False), ("/var/lib/causeway-edge", True), ("/etc/causeway", True), ("/home/pi", False), ("/card/spool", False),
        ("/var/lib/my data/spool", False), ("/live/x", True), ("/various", False), ("/var", True),
    ],
)  # fmt: skip
def test_memory_is_told_from_a_card(folder: str, volatile: bool) -> None:
    """EDGE-3: most of a Box's file system is a RAM disk."""
    assert bool(volatile_reason(Path(folder), read_mounts(MOUNTS))) is volatile
    assert volatile_reason(Path(folder), []) == ""


def test_our_own_clock_is_watched() -> None:
    watch = WallClockWatch()
    assert watch.look(1_000_000_000, 500, False) is None
    assert watch.look(1_005_000_000, 5500, False) is None
    set_right = watch.look(9_000_005_000_000, 10_500, True)
    assert set_right is not None
    assert (set_right["why"], set_right["trusted"]) == ("agent_clock_set", True)
    assert watch.look(9_000_010_000_000, 15_500, False) == {"why": "agent_clock_not_trusted"}


def test_a_clock_is_trusted_by_the_marks_of_synchronisation(tmp_path: Path) -> None:
    mark = tmp_path / "synchronized"
    clock = SystemClock(marks=(str(mark),))
    assert not clock.trusted()
    mark.touch()
    assert clock.trusted()
    assert SystemClock(True, ()).trusted()
    assert clock.monotonic_ms() > 0


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "edge.ini"
    path.write_text(
        "[box]\ndevices = scanner  scale\n[spool]\nmegabytes = 7\nfolder = /a\n[send]\ngateway = https://g%1\n"
    )
    settings = load_settings(path, {"CAUSEWAY_EDGE_SPOOL__MEGABYTES": "9", "CAUSEWAY_KAFKA__X": "1"})
    assert (settings.box.devices, settings.spool.megabytes, settings.spool.folder) == (
        ("scanner", "scale"),
        9,
        Path("/a"),
    )
    assert settings.send.gateway == "https://g%1"
    assert load_settings(None, {}) == Settings()
    with pytest.raises(SettingsError, match="did you mean CAUSEWAY_EDGE_SPOOL__"):
        load_settings(None, {"CAUSEWAY_EDGE_SPOL__DAY": "1"})
    with pytest.raises(SettingsError, match="--config"):
        load_settings(tmp_path / "none.ini", {})


def test_a_credential_is_for_its_owner_only_and_renewed_without_a_restart(tmp_path: Path) -> None:
    """SEC-1."""
    path = tmp_path / "deep" / "enrolment.json"
    credential = Credential(path)
    assert credential.token() == ""
    with pytest.raises(EnrolmentError, match="not there"):
        read_enrolment(path)
    write_enrolment(path, Enrolment("token-1", BOX))
    assert path.stat().st_mode & 0o777 == 0o600
    assert credential.token() == "token-1"
    assert not credential.renewed()
    path.chmod(0o644)
    with pytest.raises(EnrolmentError, match="chmod 600"):
        read_enrolment(path)
    for content in ("{", "[]", '{"token":"","box":"b"}', '{"token":7,"box":"b"}'):
        write_enrolment(path, Enrolment("x", "y"))
        path.write_text(content)
        with pytest.raises(EnrolmentError, match="enrol"):
            read_enrolment(path)


def test_the_agent_loads_the_standard_library_and_the_plain_part_of_schemas_only() -> None:
    """EDGE-1: whatever else is installed is not touched, and what a small machine need not hold is not loaded."""
    code = (
        "import sys, json, edge_iotbox.agent, edge_iotbox.cli, edge_iotbox.kafka_sender\n"
        "ours = sorted(name for name in sys.modules if name.split('.')[0] in ('schemas', 'edge_iotbox', 'connectors', 'streams'))\n"
        "other = sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - {'schemas', 'edge_iotbox', '__main__'})\n"
        "print(json.dumps([ours, other]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    ours, other = json.loads(done.stdout)
    assert [name for name in ours if name.startswith("schemas")] == [
        "schemas", "schemas.checksum", "schemas.edge_contract", "schemas.hardware", "schemas.headers", "schemas.reasons", "schemas.record",
    ]  # fmt: skip
    assert not [name for name in ours if "sandbox" in name]
    assert [
        name
        for name in other
        if not name.startswith("_") and name not in ("sitecustomize", "distutils-precedence", "usercustomize")
    ] == []
