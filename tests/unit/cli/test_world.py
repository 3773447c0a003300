"""What commands say, and end with, when the registry is away or refuses (OPS-5, AUTH-5)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.registry import RegistryError
from streams.cli import main
from streams.cli.registry_words import remedy_of
from streams.kafka import BrokerError


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration from outside."""
    for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
        monkeypatch.delenv(name)


def trouble(cause: Exception) -> RegistryError:
    error = RegistryError("the registry")
    error.__cause__ = cause
    return error


def refusal(status: int) -> RegistryError:
    return trouble(SchemaRegistryError(status, status, "x"))


def test_registering_is_advised_only_where_the_registry_answers() -> None:
    assert remedy_of(refusal(404)) == "run `causeway schemas register`"
    assert "schemas register" not in remedy_of(trouble(ConnectionError("refused")))
    assert "CAUSEWAY_REGISTRY__URL" in remedy_of(trouble(ConnectionError("refused")))
    assert "CAUSEWAY_REGISTRY__PASSWORD" in remedy_of(refusal(401))
    assert "schemas register" not in remedy_of(refusal(500))


class Registry:
    """Refuses, or is away."""

    url = "http://registry.example"
    error: RegistryError

    def __init__(self, config: Any) -> None:
        pass

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def register(self, table: Any) -> Any:
        raise self.error

    def id_of(self, name: str) -> int:
        raise self.error


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["causeway", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(("error", "code"), [(trouble(OSError("refused")), 3), (refusal(409), 1)])
def test_registering_ends_as_other_commands_do(
    monkeypatch: pytest.MonkeyPatch, error: RegistryError, code: int
) -> None:
    """3: the world; 1: it was asked and refused."""
    monkeypatch.setattr("streams.kafka.ensure_topics", lambda settings: [])
    monkeypatch.setattr("schemas.registry.Registry", type("Away", (Registry,), {"error": error}))
    assert run(monkeypatch, "schemas", "register") == code


def test_registering_without_kafka_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(settings: Any) -> Any:
        raise BrokerError("Kafka cannot be reached")

    monkeypatch.setattr("streams.kafka.ensure_topics", away)
    assert run(monkeypatch, "schemas", "register") == 3


def test_verify_says_what_helps_without_a_registry(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("schemas.registry.Registry", type("Away", (Registry,), {"error": trouble(OSError("refused"))}))
    assert run(monkeypatch, "verify", "registry") == 1
    said = capsys.readouterr().out
    assert "is CAUSEWAY_REGISTRY__URL right" in said
    assert "schemas register" not in said


def test_verify_says_which_accounts_cannot_be_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """OPS-7: nothing to refuse, and nothing to keep quiet about."""
    monkeypatch.setattr("schemas.registry.Registry", type("Away", (Registry,), {"error": refusal(404)}))
    file = tmp_path / "c.toml"
    file.write_text('[pilot.walmart.mian]\nskus = "A"\n')
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
    assert run(monkeypatch, "verify", "registry") == 1
    said = capsys.readouterr().out
    assert "configuration: no account of that marketplace is configured here" in said
    assert "pilot.walmart.mian" in said
    assert "run `causeway schemas register`" in said


@pytest.mark.parametrize("words", [["schemas", "list"], ["schemas", "register"], ["dead", "list"], ["held", "list"]])
def test_no_command_passes_a_mistyped_table_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str]
) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[stok]\nbuffer = 1\n")
    monkeypatch.setenv("CAUSEWAY_CONFIG", str(file))
    assert run(monkeypatch, *words) == 2
    assert f"{file}, stok: there is no such setting; did you mean stock?" in capsys.readouterr().err


def test_the_program_claims_what_it_does(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of IoT Boxes are collected by the gateway, and status looks at them; packing stations need no command of their own."""
    assert run(monkeypatch, "--help") == 0
    said = capsys.readouterr().out
    assert "Marketplaces joined with Odoo 18" in said
    rows = re.split(r"\n(?=│ \w)", said)  # a command each, its words over several lines
    assert [row.split()[1] for row in rows if "IoT" in row] == ["status", "gateway"]
