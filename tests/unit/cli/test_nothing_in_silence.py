"""OPS-5: what is asked for in a way that cannot be meant is refused in words; nothing of it is passed over in silence."""

from __future__ import annotations

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.record import Message
from schemas.topics import FAILED_ACTIONS, held
from streams.cli import app
from tests.unit.cli.samples import CODEC, Kafka, causeway, failed, letter


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """Dead letters `aa1` at Odoo and `bb1` of transform, a held record `cc1`."""
    made = Kafka()
    made.stand_in(monkeypatch, ("failure.dead", "failure.held_list"), ("kafka", "failure.discard"))
    waiting = failed("cc1", state="held", waiting_for="sku:walmart:main:X")
    made.messages += [letter("aa1"), letter("bb1", destination="transform")]
    made.messages.append(Message(held("odoo"), b"k", CODEC.encode("failed_record", waiting), ()))
    return made


@pytest.mark.usefixtures("kafka")
@pytest.mark.parametrize(
    "command", [("dead", "list"), ("held", "list"), ("dead", "plan"), ("dead", "replay")], ids=" ".join
)
def test_two_destinations_are_not_the_last_of_them(command: tuple[str, ...]) -> None:
    said = causeway(*command, "-d", "odoo", "-d", "walmart", code=2)
    assert "one at a time, not odoo, walmart" in said


@pytest.mark.usefixtures("kafka")
def test_one_destination_is_as_before() -> None:
    assert "bb1" not in causeway("dead", "list", "-d", "walmart", "-d", "walmart", code=0)
    assert "1 held: odoo data 1" in causeway("held", "list", "--destination", "odoo", code=0)


@pytest.mark.parametrize(
    "words",
    [
        ("dead", "show", ""), ("dead", "show", " "), ("dead", "discard", "", "--note", "x", "--yes"), ("dead", "replay", "", "--yes"),
        ("dead", "plan", ""), ("held", "show", ""), ("held", "release", "", "--yes"), ("held", "discard", "", "--note", "x", "--yes"),
    ],
)  # fmt: skip
def test_an_empty_id_is_not_the_beginning_of_all(kafka: Kafka, words: tuple[str, ...]) -> None:
    """A variable that is not set in a script must not discard everything."""
    said = causeway(*words, code=2)
    assert "begin with" not in said
    assert re.search(r"id is empty|the id of a dead letter", said)
    assert kafka.on(FAILED_ACTIONS) == []


@pytest.mark.parametrize(
    ("option", "value", "presets"),
    [
        ("--faults", "terrible", "none, default, heavy"),
        ("--faults", "plain", "none, default, heavy"),
        ("--mix", "none", "plain, default, heavy"),
    ],
)
def test_a_preset_that_is_none_is_answered_with_those_there_are(
    monkeypatch: pytest.MonkeyPatch, option: str, value: str, presets: str
) -> None:
    monkeypatch.setattr("streams.cli.demo._run", never)
    result = CliRunner().invoke(app, ["demo", option, value])
    assert result.exit_code == 2
    said = " ".join(re.sub(r"[^\w ,'-]", " ", result.output).split())
    assert f"there is no preset '{value}'" in said
    assert f"there are {presets}" in said


def test_an_odoo_that_is_not_there_is_said_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.cli.demo._run", never)
    result = CliRunner().invoke(app, ["demo", "--odoo", "http://127.0.0.1:1"])
    assert result.exit_code == 3
    (line,) = result.output.splitlines()
    assert line.startswith(
        "the demo cannot use Odoo at http://127.0.0.1:1: login: Odoo cannot be reached (ConnectionRefusedError)"
    )
    assert "CAUSEWAY_ODOO__PASSWORD" in line


def never(*_: Any, **__: Any) -> None:
    raise AssertionError("it started")


def test_the_help_of_worker_names_every_stage() -> None:
    said = CliRunner().invoke(app, ["worker", "--help"]).output
    for name in ("transform", "route", "stock", "pricing", "deliver", "retry", "release"):
        assert name in said


def test_register_and_verify_count_the_same_things(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subject for each topic, a schema for each kind of record."""
    from schemas.registry import Registered, subjects
    from streams.settings import Settings

    class Registry:
        url = "http://registry.example"

        def __init__(self, config: Any) -> None: ...

        def __enter__(self) -> Registry:
            return self

        def __exit__(self, *exc: object) -> None: ...

        def register(self, table: Any) -> list[Registered]:
            return [Registered(subject, 1, True) for subject, _ in subjects(table)]

        def id_of(self, name: str) -> int:
            return 1

    monkeypatch.setattr("schemas.registry.Registry", Registry)
    monkeypatch.setattr("streams.kafka.ensure_topics", lambda settings: [])
    every = subjects(Settings().topic_table())
    words = f"{len({name for _, name in every})} schemas under {len(every)} subjects"
    assert words in causeway("schemas", "register", code=0)
    assert words in causeway("verify", "registry", code=0)
