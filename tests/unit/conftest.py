"""What unit tests of several stages share."""

from __future__ import annotations

import pytest

from tests.unit.ledger_kafka import Kafka


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    """A ledger stage restores from it what it has sent to it."""
    made = Kafka()
    monkeypatch.setattr("streams.stages.ledger_stage.read_to_end", made.read)
    return made
