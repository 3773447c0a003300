"""EDGE-5: `check` finds what would leave an agent silent, and says it in words with what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_iotbox.cli import main
from edge_iotbox.enrolment import NAME as ENROLMENT
from edge_iotbox.enrolment import Enrolment, write_enrolment
from edge_iotbox.settings import SettingsError, load_settings
from tests.edge.samples import BOX
from tests.edge.servers import TOKEN, FakeGateway, MiniBox


@pytest.fixture
def check(tmp_path: Path, box: MiniBox, gateway: FakeGateway, capsys: Any, monkeypatch: Any) -> Any:
    """The line about one thing, of an agent that is enrolled. Further settings by the names of their environment, without its beginning."""
    monkeypatch.setattr("edge_iotbox.cli._log", lambda settings: None)
    write_enrolment(tmp_path / ENROLMENT, Enrolment(TOKEN, BOX))
    path = tmp_path / "edge.ini"
    path.write_text(
        f"[spool]\nfolder = {tmp_path}\nvolatile_allowed = yes\n[send]\ngateway = {gateway.url}\n"
        f"[box]\nurl = {box.url}\n[log]\nmetrics_file = {tmp_path}/edge.prom\n"
    )

    def call(what: str, **settings: str) -> str:
        for name, text in settings.items():
            monkeypatch.setenv(f"CAUSEWAY_EDGE_{name}", text)
        code = main(["--config", str(path), "check"])
        lines = capsys.readouterr().out.splitlines()
        assert code == (1 if any(line.startswith("WRONG") for line in lines) else 0)
        (found,) = [line for line in lines if line[7:].startswith(f"{what}: ")]
        return str(found)

    return call


@contextmanager
def elsewhere() -> Iterator[str]:
    """A port nobody listens at."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{door.getsockname()[1]}"


def test_no_gateway_at_the_address_is_said_in_words(check: Any, gateway: FakeGateway) -> None:
    """It said Later(why='tls', seconds=None)."""
    with elsewhere() as nobody:
        said = [check("gateway", SEND__GATEWAY=url) for url in (nobody, gateway.url.replace("http", "https"))]
    for line, words in zip(said, ["gives no answer", "does not speak TLS"], strict=True):
        assert line.startswith("WRONG")
        assert words in line
        assert "mend send.gateway" in line
        assert "Later" not in line
        assert "None" not in line
    assert "(ConnectionRefusedError: " in said[0]
    assert "(TLS failed: " in said[1]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "answers 404, as no gateway of this version does: another server stands there, or the address is not all of it. mend send.gateway"),
        (200, "answers 200, as no gateway"),
        (503, "answers 503: it has too much to do, or cannot reach Kafka. Events are kept meanwhile; its log says more"),
        (429, "answers 429: it has too much to do"),
        (413, "answers something else, as no gateway"),
    ],
)  # fmt: skip
def test_what_an_answer_means_is_said_in_words(
    check: Any, gateway: FakeGateway, monkeypatch: Any, status: int, words: str
) -> None:
    monkeypatch.setattr(gateway, "answer", lambda *_: (status, {}, {}))
    line = check("gateway")
    assert line.startswith("WRONG")
    assert words in line


@pytest.mark.parametrize("devices", ["nosuch", "scanner*x printer"])
def test_settings_by_which_no_device_is_heard_are_wrong(check: Any, devices: str) -> None:
    line = check("box", BOX__DEVICES=devices)
    assert line.startswith("WRONG")
    assert "not wanted" in line
    assert "None of them is heard: mend box.devices and box.exclude" in line


def test_everything_excluded_is_wrong_and_one_device_of_several_is_not(check: Any, box: MiniBox) -> None:
    box.more = {"printer_1": "printer"}
    assert check("box", BOX__DEVICES="printer").startswith("ok")
    assert check("box", BOX__EXCLUDE="*").startswith("WRONG")


def test_a_box_that_has_only_what_is_never_heard_waits_for_a_device(check: Any, box: MiniBox) -> None:
    box.scanner = "distant_display"
    assert check("box").startswith("ok")


@pytest.mark.parametrize("folder", ["", ".", "spool", "~/spool"])
def test_a_folder_that_depends_on_where_the_agent_starts_is_refused(folder: str) -> None:
    """It would be another spool, with other numbers, at each place. An empty one was the folder the agent was started in."""
    with pytest.raises(
        SettingsError, match=r"^spool\.folder: .*must begin with /, for example /var/lib/causeway-edge$"
    ):
        load_settings(None, {"CAUSEWAY_EDGE_SPOOL__FOLDER": folder})


def test_a_metrics_file_that_cannot_be_written_is_found(tmp_path: Path, check: Any) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    assert check("metrics") == f"ok     metrics: {tmp_path}/edge.prom can be written"
    (tmp_path / "file").write_text("no folder")
    for place, problem in (
        (tmp_path / "none" / "edge.prom", "No such file or directory"),
        (tmp_path / "file" / "edge.prom", "Not a directory"),
        (tmp_path, "it is a folder"),
    ):
        line = check("metrics", LOG__METRICS_FILE=str(place))
        assert line.startswith(f"WRONG  metrics: {place} cannot be written: {problem}. Make its folder for this user")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "file"]), "nothing is left"


def test_no_metrics_file_and_one_whose_folder_the_unit_makes_are_no_fault(check: Any, monkeypatch: Any) -> None:
    assert check("metrics", LOG__METRICS_FILE="").startswith("ok     metrics: log.metrics_file is empty")
    unmade = "/run/causeway-edge-of-no-unit/metrics.prom"
    monkeypatch.setattr("edge_iotbox.checking.LogSettings", lambda: type("Usual", (), {"metrics_file": unmade}))
    line = check("metrics", LOG__METRICS_FILE=unmade)
    assert (
        line
        == "ok     metrics: /run/causeway-edge-of-no-unit is not there yet; the unit causeway-edge.service makes it"
    )
