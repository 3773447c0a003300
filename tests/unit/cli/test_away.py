"""OPS-5, OPS-8: what is away is told in a line: what, where and what to look at, without a traceback, by the exit code each command documents.

Loopback ports where nobody listens stand for what is away.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from streams.cli import app, main
from streams.outage import OUTAGE
from tests.unit.cli.samples import logs_restored
from tests.unit.reconcile.books import Shelf

KAFKA, REGISTRY, ODOO, MARKET = (f"127.0.0.1:{port}" for port in (1, 2, 3, 4))
BOX = "b8:27:eb:00:00:01"

# What asks Kafka, and the arguments it takes.
ASKS_KAFKA = (
    "worker", "status", "trace 1", "trace --sku A", "poll run", "poll now walmart:main orders",
    "poll resync walmart:main orders --since 2026-01-31", "poll fetch walmart:main orders 1", "poll cursors", "dead list", "dead show aa",
    "dead plan", "dead replay --all --yes", "dead discard aa --note x --yes", "dead edit aa --set a=1 --yes", "gateway run",
    f"gateway enrol {BOX}", "gateway boxes", f"gateway revoke {BOX} --yes", f"gateway configure {BOX} spool_days=3", "held list",
    "held show aa", "held release --all --yes", "held discard aa --note x --yes", "mapping set sku walmart A B", "mapping list",
    "mapping remove sku walmart A --yes", "price explain A", "price proposals", "price approve abcdefgh", "price reject abcdefgh",
    "shadow list", "shadow diff", "shadow release --yes", "stock explain A", "stock list", "supplier proposals",
    "supplier approve abcdefgh", "supplier reject abcdefgh", "schemas register",
)  # fmt: skip
# What asks Odoo, and how it ends.
ASKS_ODOO = {
    "reconcile purchases": 2, "reconcile purchases --no-publish": 2, "reconcile purchases --no-publish --json": 2, "verify odoo": 1,
    "odoo install-field": 1, "odoo install-field --dry-run": 1, "odoo install-outbox": 1, "odoo uninstall-outbox": 1,
}  # fmt: skip
# What asks neither, or starts its own.
OTHERS = {
    "up",
    "down",
    "demo",
    "setup show",
    "setup add",
    "setup remove",
    "schemas check",
    "schemas list",
    "schemas release",
}


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Accounts of three outside systems, and nobody anywhere."""
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)
    values = {
        "KAFKA__BOOTSTRAP": KAFKA, "REGISTRY__URL": f"http://{REGISTRY}/apis/ccompat/v7", "ODOO__URL": f"http://{ODOO}", "ODOO__DB": "x",
        "ODOO__LOGIN": "clerk", "ODOO__PASSWORD": "pass-phrase", "ODOO__ENVIRONMENT": "sandbox", "WALMART__BASE_URL": f"http://{MARKET}",
        "WALMART__ACCOUNTS__MAIN__CLIENT_ID": "i", "WALMART__ACCOUNTS__MAIN__CLIENT_SECRET": "pass-phrase",
        "ALIBABA__BASE_URL": f"http://{MARKET}", "ALIBABA__ACCOUNTS__MAIN__APP_KEY": "1234567",
        "ALIBABA__ACCOUNTS__MAIN__APP_SECRET": "pass-phrase", "ALIBABA__ACCOUNTS__MAIN__REFRESH_TOKEN": "pass-phrase",
        "ALIBABA__ACCOUNTS__MAIN__TOKEN_FILE": str(tmp_path / "token"), "ALIBABA__ATTEMPTS": "1", "STACK__DATA": str(tmp_path / "stack"),
        "STACK__KAFKA_PORT": "1", "STACK__CONTROLLER_PORT": "5", "STACK__REGISTRY_PORT": "2",
    }  # fmt: skip
    for name, value in values.items():
        monkeypatch.setenv(f"CAUSEWAY_{name}", value)
    monkeypatch.setattr("streams.kafka.CONNECT_SECONDS", 0.1)
    # It watches until the broker is back, which here is never: the process of the tests goes on.
    monkeypatch.setattr(OUTAGE, "complain", lambda *_: None)
    with logs_restored():
        yield


def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: str) -> tuple[int, str, str]:
    """Exit code, standard output and error of `causeway WORDS`."""
    monkeypatch.setattr("sys.argv", ["causeway", *words.split()])
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "pass-phrase" not in said.out + said.err
    return int(ended.value.code or 0), said.out, said.err


@pytest.mark.parametrize("words", ASKS_KAFKA)
def test_kafka_is_away(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: str) -> None:
    code, _, said = run(monkeypatch, capfd, words)
    lines = [line for line in said.splitlines() if not line.startswith("20")]  # a log has a time before it
    assert (code, len(lines)) == (3, 1), said
    assert lines[0].startswith(f"Kafka at {KAFKA} cannot be reached: ")
    assert "`causeway up`" in lines[0]
    assert "set CAUSEWAY_KAFKA__BOOTSTRAP" in lines[0]


@pytest.mark.parametrize("words", ASKS_ODOO)
def test_odoo_is_away(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], words: str) -> None:
    code, out, err = run(monkeypatch, capfd, words)
    lines = [line for line in (out + err).splitlines() if "Odoo cannot be reached" in line]
    assert (code, len(lines)) == (ASKS_ODOO[words], 1), out + err
    assert f"http://{ODOO}" in lines[0]
    assert "check that Odoo answers" in lines[0]
    assert "CAUSEWAY_ODOO__URL" in lines[0]


def test_nothing_is_known_counts_more_than_that_nobody_was_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """REC-1: 3 says that it has looked."""
    code, _, said = run(monkeypatch, capfd, "reconcile purchases")
    assert (code, [line.split()[0] for line in said.splitlines()]) == (2, ["purchases", "Kafka"])


def test_the_platform_is_away(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """REC-1: the other side of a reconciliation. Its address is told: nothing before it looks like the name of a secret."""
    from streams.reconcile import places

    opened = places._opened
    monkeypatch.setattr(
        "streams.reconcile.places._opened",
        lambda settings, connector, *rest: Shelf() if connector.name == "odoo" else opened(settings, connector, *rest),
    )
    code, _, said = run(monkeypatch, capfd, "reconcile purchases --no-publish")
    assert (code, said.count("\n")) == (2, 1), said
    assert said.startswith("purchases alibaba:main: could not look, so nothing is known: ")
    assert f"{MARKET} cannot be reached" in said
    assert "check that the host is up and the address right" in said


@pytest.mark.parametrize("name", ["walmart", "alibaba"])
def test_verify_does_not_blame_credentials_that_nobody_looked_at(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], name: str
) -> None:
    """AUTH-5"""
    code, said, _ = run(monkeypatch, capfd, f"verify {name}")
    assert code == 1
    assert f"{MARKET} cannot be reached" in said
    assert "authoris" not in said
    assert "check client id" not in said


def test_every_command_has_its_place_here() -> None:
    """A new one is tried with what it asks away, too."""
    tried = {
        " ".join(words.split()[: len(name.split())])
        for words in (*ASKS_KAFKA, *ASKS_ODOO)
        for name in names()
        if words.startswith(name)
    }
    assert set(names()) == tried | OTHERS


def names() -> list[str]:
    """`dead list`, ...: every command there is."""

    def below(command: Any, path: str) -> Iterator[str]:
        if not getattr(command, "commands", None):
            yield path
            return
        for name, one in command.commands.items():
            yield from below(one, f"{path} {name}".strip())

    return list(below(typer.main.get_command(app), ""))
