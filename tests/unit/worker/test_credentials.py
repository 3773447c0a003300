"""AUTH-5: a worker or poller without Odoo's password does not start. It would take its share of the partitions and let half of all orders lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams.cli import main
from streams.connectors import check_credentials, discover, load_connected_settings
from streams.settings import ConfigurationError
from streams.worker import needed_sinks, stage_names
from tests.unit.worker.test_environments import LOCAL

ODOO = {"CAUSEWAY_ENVIRONMENT": "sandbox", "CAUSEWAY_ODOO__ENVIRONMENT": "sandbox"}
SAID = "needs odoo: CAUSEWAY_ODOO__PASSWORD is not set, nor CAUSEWAY_ODOO__PASSWORD_FILE"


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything but Odoo's password; nobody listens where Kafka should be."""
    import os

    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    for name, value in (LOCAL | ODOO | {"CAUSEWAY_KAFKA__BOOTSTRAP": "127.0.0.1:1"}).items():
        monkeypatch.setenv(name, value)


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """What the program ends with, before it touches anything."""
    monkeypatch.setattr("streams.worker.prepare", _never)
    monkeypatch.setattr("streams.poller.run.prepare", _never)
    monkeypatch.setattr("streams.observe.logs.set_up", lambda *_: None)
    monkeypatch.setattr("sys.argv", ["causeway", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def _never(*_: object) -> None:
    raise AssertionError("it went on")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("worker",), "deliver.odoo.critical"),
        (("worker", "--stage", "deliver.odoo.bulk"), "deliver.odoo.bulk"),
        (("worker", "--stage", "transform", "--stage", "release"), "release"),
        (("poll", "run"), "polling odoo:main "),
    ],
)
def test_what_needs_odoo_does_not_start_without_a_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], what: str
) -> None:
    """One line that names the setting, exit code 2."""
    monkeypatch.setenv("CAUSEWAY_ODOO__CAPTURE__MODE", "poll")
    assert run(monkeypatch, *words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(what)
    assert SAID in line


def test_what_does_not_need_odoo_starts() -> None:
    connectors = discover()
    names = [name for name in stage_names(connectors) if not name.startswith("deliver.odoo.") and name != "release"]
    check_credentials(load_connected_settings(connectors), needed_sinks(connectors, names))


def test_a_password_file_counts_when_it_can_be_read_and_holds_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connectors = discover()
    file = tmp_path / "odoo"
    monkeypatch.setenv("CAUSEWAY_ODOO__PASSWORD_FILE", str(file))

    def check() -> None:
        check_credentials(load_connected_settings(connectors), needed_sinks(connectors, stage_names(connectors)))

    with pytest.raises(ConfigurationError, match="CAUSEWAY_ODOO__PASSWORD_FILE cannot be read: FileNotFoundError"):
        check()
    file.write_text("\n")
    with pytest.raises(ConfigurationError, match="PASSWORD is not set"):
        check()
    file.write_text("key\n")
    check()
