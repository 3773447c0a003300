"""Commands are checked before they reach a flow (SEC-5)."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.record import Record
from streams.poller.commands import Action, read_command
from streams.poller.errors import CommandError
from tests.unit.failure.samples import codec
from tests.unit.poller.kit import KEY, NOW, shaper


def record(key: bytes | None = KEY.encode(), **changes: Any) -> Record:
    value = {
        "id": "c1", "account": "shop:main", "flow": "orders", "action": "poll_now", "since": None, "ids": [],
        "requested_by": "", "at": NOW,
    } | changes  # fmt: skip
    return Record("poll.commands", 0, 3, 0, key, codec().encode("poll_command", value))


def test_what_the_desk_writes_is_understood() -> None:
    message = shaper().command(KEY, "c1", "resync", NOW, since=NOW, requested_by="me")
    command = read_command(codec(), Record(message.topic, 0, 0, 0, message.key, message.value, message.headers))
    assert (command.id, command.flow, command.action, command.since) == ("c1", KEY, Action.RESYNC, NOW)


def test_ids_are_asked_for_once() -> None:
    assert read_command(codec(), record(action="fetch_ids", ids=["2", "1", "2", ""])).ids == ("2", "1")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (record(action="explode"), "explode"),
        (record(action="resync"), "needs `since`"),
        (record(action="fetch_ids"), "needs ids"),
        (record(action="fetch_ids", ids=[""]), "needs ids"),
        (record(account="shop"), "not an account"),
        (record(key=b"shop:other:orders"), "as its key"),
        (record(key=None), "as its key"),
        (Record("poll.commands", 0, 0, 0, KEY.encode(), None), "no bytes"),
        (Record("poll.commands", 0, 0, 0, KEY.encode(), b"\xff\x00rubbish"), "wire format"),
    ],
)
def test_what_cannot_be_carried_out_is_told(wrong: Record, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        read_command(codec(), wrong)
