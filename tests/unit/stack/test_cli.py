"""What `causeway up`, `down` and `status` say of the stack."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from streams.cli import app, main
from streams.cli.stack import stack_table
from streams.stack import PartStatus
from tests.unit.cli.samples import logs_restored


def test_wrong_settings_are_told_by_their_variables_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_STACK__KAFKA_PORT", "many")
    monkeypatch.setenv("CAUSEWAY_STACK__DATTA", "/tmp")
    result = CliRunner().invoke(app, ["up"])
    assert result.exit_code == 1
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "CAUSEWAY_STACK__KAFKA_PORT",
        "CAUSEWAY_STACK__DATTA",
    ]


def test_a_problem_is_told_without_a_traceback_and_ends_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "[file]").touch()  # brackets would be markup to rich
    monkeypatch.setenv("CAUSEWAY_STACK__DATA", str(tmp_path / "[file]"))
    result = CliRunner().invoke(app, ["down"])
    assert result.exit_code == 0, "nothing can run in a file"
    result = CliRunner().invoke(app, ["up"])
    assert result.exit_code == 1
    assert "[file]" in result.stderr
    assert "Traceback" not in result.output


def test_status_table_shows_state_address_and_memory() -> None:
    """OPS-1"""
    parts = [
        PartStatus("broker", "running", "127.0.0.1:9092", 4711, 400 * 2**20, Path("/data/broker.log")),
        PartStatus("registry", "crashed", "http://127.0.0.1:8081/apis/ccompat/v7", log=Path("/data/registry.log")),
    ]
    Console(file=(out := io.StringIO()), width=200).print(stack_table(parts))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[1] == ["broker", "running", "127.0.0.1:9092", "4711", "400", "MiB", "/data/broker.log"]
    assert lines[2] == ["registry", "crashed", "http://127.0.0.1:8081/apis/ccompat/v7", "/data/registry.log"]


HEAVY = ("confluent_kafka", "fastavro", "httpx", "pydantic", "schemas", "connectors")
LOADED = f"import atexit, sys, streams.cli; atexit.register(lambda: print([m for m in {HEAVY} if m in sys.modules])); streams.cli.main()"


@pytest.mark.parametrize("word", ["--version", "--help"])
def test_version_and_help_load_nothing_heavy(word: str) -> None:
    """The program itself, not only its commands: the errors it tells in words come with clients that take half a second."""
    command = [sys.executable, "-c", LOADED, word]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what users can mend ends in words; anything else must not pass for a good end."""

    def wrong() -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("streams.cli.app", wrong)
    with logs_restored(), pytest.raises(RuntimeError, match="a bug"):
        main()
