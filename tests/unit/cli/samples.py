"""Topics as commands read and write them, the failed records that lie on them, and what a command says."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from schemas.headers import encode_headers
from schemas.record import Message, Record
from schemas.topics import dead
from streams.cli import app
from streams.failure.actions import action_message
from tests.unit.failure.samples import codec, headers

CODEC = codec()
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Kafka:
    """Everything in one list, in the order it was written."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def __enter__(self) -> Kafka:
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def read(self, config: Any, names: Sequence[str], **_: Any) -> Iterator[Record]:
        for index, message in enumerate(self.messages):
            if message.topic in names:
                yield Record(message.topic, 0, index, 0, message.key, message.value, message.headers)

    def send_all(self, messages: Sequence[Message]) -> None:
        self.messages += messages

    def on(self, topic: str) -> list[Message]:
        """What was written to a topic."""
        return [message for message in self.messages if message.topic == topic]

    def stand_in(self, monkeypatch: pytest.MonkeyPatch, readers: Sequence[str], writers: Sequence[str]) -> None:
        """For what these modules of `streams` read and write; the registry's codec too. No configuration from outside."""
        for name in [name for name in os.environ if name.startswith("CAUSEWAY_")]:
            monkeypatch.delenv(name)
        for module in (*readers, "failure.overtaken"):
            monkeypatch.setattr(f"streams.{module}.read_to_end", self.read)
        for module in writers:
            monkeypatch.setattr(f"streams.{module}.SyncProducer", lambda _: self)
        monkeypatch.setattr("schemas.codec.Codec", lambda _: CODEC)
        monkeypatch.setattr("schemas.registry.Registry", lambda _: None)


@contextmanager
def logs_restored() -> Iterator[None]:
    """Commands that run on set logging up for their process."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


def causeway(*words: str, code: int) -> str:
    """What the command says; `code`: what it ends with."""
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == code, result.output
    return result.output


def failed(failed_id: str, **changes: Any) -> dict[str, Any]:
    """A failed_record, dead at Odoo."""
    values: dict[str, Any] = {
        "id": failed_id, "state": "dead", "destination": "odoo", "operation": "upsert_order", "key": f"walmart:ACME:{failed_id}",
        "target": "deliver.odoo.critical", "value": b"v", "headers": dict(encode_headers(headers())), "reason": "data",
        "detail": "Quantity is no number", "attempts": 1, "first_failure": NOW - timedelta(hours=3), "version": 7,
        "last_failure": NOW - timedelta(hours=2), "origin": "deliver.odoo.critical/1/2", "waiting_for": "", "correlation": "corr-1",
        "replays": 0, "severity": "normal", "owner": "order-desk", "traceparent": "", "env": "sandbox", "job": "",
    }  # fmt: skip
    return values | changes


def letter(failed_id: str, **changes: Any) -> Message:
    """As it lies on its dead-letter topic."""
    record = failed(failed_id, **changes)
    return Message(dead(record["destination"]), record["key"].encode(), CODEC.encode("failed_record", record), ())


def discarded(failed_id: str) -> Message:
    """What was done with it."""
    return action_message(CODEC, failed_id, "discarded", actor="ann", at=NOW, plan="", note="x")
