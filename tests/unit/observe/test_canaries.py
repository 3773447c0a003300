"""SEC-3 where a sink or its connector misbehaves: whatever an error quotes, nothing of it is told outside of payloads."""

from __future__ import annotations

import logging

import pytest

from connectors.kit.errors import AuthError, ConnectorError, DataError, TransientError
from connectors.kit.ports import Outcome
from tests.unit.stages.test_deliver import CODEC, FakeSink, arrival, chunk, stage

NAME = "Canaria Zugvogel"
FORMS = (
    "mail canaria@birds.example", "call +12025550147", "token=canary-3Qz", '{"client_secret": "canary-3Qz"}',
    "Authorization: Basic canary3QzQ==", "https://user:canary-3Qz@api.example/", "password: 'canary-3Qz'", "card 4111 1111 1111 1111",
)  # fmt: skip
CANARIES = ("canaria", "Zugvogel", "2025550147", "canary-3Qz", "canary3QzQ", "4111 1111")


class OtherError(Exception):
    """Something a library raises."""


async def told_by(error: Exception, caplog: pytest.LogCaptureFixture) -> str:
    """Everything but payloads that follows from a sink that raises this: logs, headers, details, outcomes."""
    caplog.set_level(logging.DEBUG)
    planned: list[Outcome | Exception] = [error] * 9
    made, producer = stage(FakeSink({"k1": planned}), failures=99)
    await made.process(chunk(arrival("k1")))
    assert producer.sent
    texts = [caplog.text]
    for message in producer.sent:
        texts += [content.decode(errors="replace") for _, content in message.headers]
        if message.topic.startswith(("dead.", "held.")):
            letter = CODEC.decode("failed_record", message.value)
            texts.append(repr({name: value for name, value in letter.items() if name != "value"}))
        elif not message.topic.startswith("retry."):
            texts.append((message.value or b"").decode(errors="replace"))
    return "\n".join(texts)


@pytest.mark.parametrize("kind", [KeyError, ValueError, OtherError, UnicodeError])
async def test_the_text_of_a_bug_is_not_told(kind: type[Exception], caplog: pytest.LogCaptureFixture) -> None:
    """It may quote the record."""
    text = await told_by(kind(f"{NAME} {' '.join(FORMS)}"), caplog)
    assert kind.__name__ in text
    assert not [canary for canary in CANARIES if canary in text]


@pytest.mark.parametrize("kind", [TransientError, DataError])
async def test_what_has_the_form_of_a_secret_or_a_person_is_masked(
    kind: type[ConnectorError], caplog: pytest.LogCaptureFixture
) -> None:
    """Connectors' own errors are told, for people need them; what slips into one is masked."""
    text = await told_by(kind(f"refused: {'; '.join(FORMS)}"), caplog)
    assert "refused" in text
    assert not [canary for canary in CANARIES if canary in text]


async def test_the_log_of_an_open_breaker_tells_what_opened_it_masked(caplog: pytest.LogCaptureFixture) -> None:
    """As dead letters do: people need the detail, what has the form of a secret or a person is masked."""
    caplog.set_level(logging.DEBUG)
    made, _ = stage(FakeSink({"k1": [AuthError(f"refused: {'; '.join(FORMS)}")]}))
    await made.process(chunk(arrival("k1")))
    assert "reason=auth detail=refused: " in caplog.text
    assert not [canary for canary in CANARIES if canary in caplog.text]
