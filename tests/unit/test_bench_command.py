"""The bench's command: what is printed where, and its exit code, which says whether all ran and never how fast."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from tests.bench import __main__ as command
from tests.bench.cluster import Say
from tests.bench.errors import BenchError
from tests.bench.figures import Measure, Series


def quick(say: Say) -> list[Measure]:
    say("working")
    return [
        Measure("one", "records/s", 1.2, Series((1.0,)), Series((1000.0,))),
        Measure("two", "s", 5.0, Series((9.0,))),
    ]


def refused(say: Say) -> list[Measure]:
    raise BenchError("no broker at 127.0.0.1:1: start one")


def broken(say: Say) -> list[Measure]:
    raise KeyError("odd")


@pytest.fixture(autouse=True)
def sigterm() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_json_lines_alone_on_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line a measure; what is for people goes to standard error. Slower than the peer is no failure."""
    monkeypatch.setattr(command, "BENCHES", {"quick": quick, "sink": quick})
    assert command.main(["--json", "--only", "quick"]) == 0
    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["bench"] for line in lines] == ["one", "two"]
    assert all(list(line) == ["bench", "ours", "peer", "limit", "unit"] for line in lines)
    assert "working" in said.err


def test_a_bench_that_cannot_run_keeps_no_other_from_running(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, with words; the others' lines are there."""
    monkeypatch.setattr(command, "BENCHES", {"refused": refused, "broken": broken, "quick": quick, "sink": quick})
    assert command.main(["--json", "--only", "refused", "--only", "broken", "--only", "quick"]) == 1
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    assert "no broker at 127.0.0.1:1: start one" in said.err
    assert "KeyError" in said.err


def test_table_for_people(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(command, "BENCHES", {"quick": quick})
    assert command.main(["--only", "quick"]) == 0
    assert "0.00" in capsys.readouterr().out


def test_unknown_names_are_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["--only", "nothing"])
    assert ended.value.code == 2
