"""OPS-5, OPS-7: whoever runs a command where nothing is configured is told so, and not only that the default Kafka does not answer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.cli import main
from streams.cli.read_from import default_broker_words
from streams.kafka import BrokerError
from tests.unit.cli.samples import logs_restored


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Another folder than the project's; no configuration; nobody answers."""

    def away(*_: object, **__: object) -> None:
        raise BrokerError("Kafka at 127.0.0.1:9092 cannot be reached")

    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    for place in ("failure.dead.read_to_end", "kafka._metadata", "observe.status._check_broker"):
        monkeypatch.setattr(f"streams.{place}", away)
    with logs_restored():
        yield


@pytest.mark.parametrize("words", ["dead list", "poll cursors", "status", "gateway run", "gateway boxes", "trace 1"])
def test_nothing_was_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: str) -> None:
    monkeypatch.setattr("sys.argv", ["causeway", *words.split()])
    with pytest.raises(SystemExit) as ended:
        main()
    lines = capsys.readouterr().err.splitlines()
    assert ended.value.code == 3
    assert lines[-2:] == [
        "Kafka at 127.0.0.1:9092 cannot be reached",
        "no configuration was found: no variable CAUSEWAY_... is set, so this is the default address",
    ]


def test_what_was_read_is_named_and_no_value_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CAUSEWAY_ODOO__PASSWORD", "canary")
    only = "configuration read: 1 variable CAUSEWAY_...; CAUSEWAY_CONFIG names no file; none of it says which Kafka, so this is the default address"
    assert default_broker_words() == only
    Path("mine.toml").write_text('[odoo]\nlogin = "canary"\n')
    monkeypatch.setenv("CAUSEWAY_CONFIG", "mine.toml")
    monkeypatch.setenv("CAUSEWAY_ODOO__DB", "canary")
    said = default_broker_words()
    assert said.startswith(
        f"configuration read: {tmp_path / 'mine.toml'} (CAUSEWAY_CONFIG) and 2 variables CAUSEWAY_...; none of it says"
    )
    assert "canary" not in said


@pytest.mark.parametrize("place", ["variable", "file"])
def test_a_kafka_that_was_named_is_not_explained(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    if place == "variable":
        monkeypatch.setenv("CAUSEWAY_KAFKA__BOOTSTRAP", "kafka:9092")
    else:
        Path("mine.toml").write_text('[kafka]\nbootstrap = "kafka:9092"\n')
        monkeypatch.setenv("CAUSEWAY_CONFIG", "mine.toml")
    assert default_broker_words() == ""


def test_files_that_nobody_reads_are_told() -> None:
    """They look as if they were."""
    Path(".env").write_text("CAUSEWAY_KAFKA__BOOTSTRAP=kafka:9092\n")
    Path("causeway.toml").write_text("")
    said = default_broker_words()
    assert said.endswith(
        "; .env here is not read by itself: load it into the environment; causeway.toml here is not read by itself: set CAUSEWAY_CONFIG=causeway.toml"
    )
