"""AUTH-7, TEST-4, OPS-5: what a worker refuses to start with, `causeway verify` says before."""

from __future__ import annotations

import os

import pytest

from connectors.kit.ports import Check
from streams.cli import main
from tests.unit.worker.test_environments import LOCAL

FITS = {"CAUSEWAY_ENVIRONMENT": "sandbox", "CAUSEWAY_ODOO__ENVIRONMENT": "sandbox"}


def verify(monkeypatch: pytest.MonkeyPatch, *names: str, **env: str) -> int:
    """What it ends with when everything it can call works."""

    async def fine(*_: object) -> list[Check]:
        return []

    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    for name, value in (LOCAL | env).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("streams.cli.verify._verified", fine)
    for part in ("_kafka", "_registry"):
        monkeypatch.setattr(f"streams.cli.verify.{part}", lambda _: Check("it", True, "there"))
    monkeypatch.setattr("sys.argv", ["causeway", "verify", *names])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_one_world_is_fine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(monkeypatch, **FITS) == 0
    assert "environment: sandbox: nothing of another is configured" in capsys.readouterr().out


def test_each_mixture_fails_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, CAUSEWAY_ENVIRONMENT="production", CAUSEWAY_ODOO__ENVIRONMENT="sandbox") == 1
    said = capsys.readouterr().out
    assert "FAILS  odoo: environment: CAUSEWAY_ODOO__ENVIRONMENT is sandbox" in said
    assert "FAILS  walmart: environment: " in said
    assert said.count("-> make it agree with CAUSEWAY_ENVIRONMENT=production") == 2


def test_what_nobody_said_fails_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(monkeypatch) == 1
    assert "set CAUSEWAY_ODOO__ENVIRONMENT=sandbox" in capsys.readouterr().out


def test_only_what_is_asked_for_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(monkeypatch, "walmart") == 0
    assert verify(monkeypatch, "odoo") == 1
    assert verify(monkeypatch, "kafka") == 0
