"""SEC-5: signed messages from outside, whoever's they are: no more at a time than can be looked at, nothing remembered without bound, ports that
cannot be opened are told at start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors.kit.pushes import Pushed, Pushes
from streams import door
from streams.connectors import compose_settings
from streams.door import MOST_PER_SECOND
from streams.poller.pushes import Letterbox, Taken
from streams.poller.run import letterboxes
from streams.settings import ConfigurationError
from tests.unit.poller.kit import connector

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    def now(self) -> datetime:
        return NOW

    def seconds(self) -> float:
        return 1.0

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        raise AssertionError("nothing is waited for")


def read(account: str, body: bytes, query: str) -> Pushed:
    return Pushed(body.decode(), "changed", NOW, {"orders": ["1"]})


def offered() -> Pushes:
    return Pushes("127.0.0.1", 0, frozenset({"main"}), HOUR, HOUR, "messages", read)


def letters(wished: list[str]) -> Letterbox:
    async def wish(account: str, message: Pushed) -> None:
        wished.append(message.id)

    return Letterbox("shop", offered(), wish, Clock())


async def call(app: Letterbox, body: bytes | AsyncIterator[bytes]) -> int:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://door") as client:
        return (await client.post("/webhooks/shop/main", content=body)).status_code


async def test_more_messages_than_can_be_looked_at_come_again_later() -> None:
    wished: list[str] = []
    app = letters(wished)
    answers = [await call(app, str(number).encode()) for number in range(MOST_PER_SECOND + 1)]
    assert answers == [200] * MOST_PER_SECOND + [429]
    assert len(wished) == MOST_PER_SECOND


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "READ_SECONDS", 0.01)

    async def never() -> AsyncIterator[bytes]:
        yield b"1"
        await asyncio.Event().wait()

    wished: list[str] = []
    assert (await call(letters(wished), never()), wished) == (408, [])


def test_only_so_many_messages_are_remembered() -> None:
    taken = Taken(most=2)
    for message in ("1", "2", "3"):
        taken.add("main", message)
    assert [taken.has("main", one) for one in ("1", "2", "3")] == [False, True, True]
    assert not taken.has("other", "3")


@pytest.mark.parametrize("error", [ValueError("no secret of main"), FileNotFoundError("no such file")])
def test_a_port_that_cannot_be_opened_safely_ends_the_start(error: Exception) -> None:
    """AUTH-6: without a secret anybody could sign."""

    def cannot(settings: object) -> Pushes | None:
        raise error

    shop = connector("shop")
    settings = compose_settings([shop])()
    assert letterboxes(settings, [shop]) == []
    found = offered()
    assert letterboxes(settings, [replace(shop, pushes=lambda part: found)]) == [("shop", found)]
    with pytest.raises(ConfigurationError, match="the webhook for messages of shop cannot be opened: no s"):
        letterboxes(settings, [replace(shop, pushes=cannot)])
