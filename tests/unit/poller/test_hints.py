"""EVT-6, SEC-5: wake-ups from outside: when a flow is woken, and that no call can do more than that."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.kit.hints import Hints
from streams.door import MOST_PER_SECOND, Allowance
from streams.poller.hints import HEADER, MOST_BYTES, Doorbell, Ringing, Wakes
from streams.poller.metrics import HINTS
from streams.runtime.errors import DeliveryError

SECRET = "canary0secret0of0the0door"
GOOD = b'{"_model": "sale.order", "_id": 7}'


def flows_of(body: bytes) -> Sequence[str]:
    """Knows one body; what is no text cannot be read."""
    if body == b"\xff":
        raise ValueError("unreadable")
    return ("orders",) if body == GOOD else ()


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def seconds(self) -> float:
        return self.at

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    async def wait(self, wake: asyncio.Event, seconds: float) -> None:
        """Time passes at once, unless something comes first."""
        if math.isinf(seconds):
            await wake.wait()
        else:
            self.at += seconds


class Bell:
    """A doorbell, what it rang, and a client at the door."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.rung: list[str] = []
        hints = Hints("127.0.0.1", 0, SECRET, 2.0, flows_of)
        self.app = Doorbell("shop", hints, lambda flows: self.rung.extend(flows), self.clock.seconds)

    async def call(
        self, path: str = f"/hints/{SECRET}", body: bytes | AsyncIterator[bytes] = GOOD, method: str = "POST", **headers: str
    ) -> int:  # fmt: skip
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://door") as client:
            return (await client.request(method, path, content=body, headers=headers)).status_code


def counted(result: str) -> float:
    return float(HINTS.labels("shop", result)._value.get())


@pytest.mark.parametrize(
    ("given", "status", "result"),
    [
        ({}, 202, "taken"),
        ({"path": "/hints", HEADER: SECRET}, 202, "taken"),
        ({"body": b'{"_model": "mail.message"}'}, 202, "unknown"),
        ({"path": "/hints/" + SECRET[:-1]}, 403, "forbidden"),
        ({"path": f"/hints/{SECRET}x"}, 403, "forbidden"),
        ({"path": f"/hints/{SECRET}/more"}, 403, "forbidden"),
        ({"path": "/hints"}, 403, "forbidden"),
        ({"path": "/hints/%C3%A4%00%F0"}, 403, "forbidden"),
        ({"path": "/"}, 404, "lost"),
        ({"path": f"/hintsx/{SECRET}"}, 404, "lost"),
        ({"method": "GET"}, 405, "lost"),
        ({"body": b"\xff"}, 400, "unreadable"),
        ({"body": b"x" * (MOST_BYTES + 1)}, 413, "too_large"),
    ],
)
async def test_each_call_has_its_answer_and_is_counted(given: dict[str, str], status: int, result: str) -> None:
    """EVT-6, SEC-5: only who knows the secret rings, only with a body that can be read; whatever else comes is a number."""
    bell, before = Bell(), counted(result)
    assert await bell.call(**given) == status  # type: ignore[arg-type]
    assert bell.rung == (["orders"] if result == "taken" else [])
    assert counted(result) == before + 1


async def test_a_body_without_a_stated_length_is_cut_off_as_well() -> None:
    """SEC-5: what keeps coming is not kept."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 64 * MOST_BYTES:
            sent += 1024
            yield b"x" * 1024

    bell = Bell()
    assert await bell.call(body=endless()) == 413
    assert bell.rung == []


async def test_more_calls_than_anybody_needs_are_turned_away_until_later() -> None:
    """SEC-5: after a second there is room again; a wrong secret takes none of it."""
    bell = Bell()
    for _ in range(5):
        assert await bell.call("/hints/wrong") == 403
    assert {await bell.call() for _ in range(MOST_PER_SECOND)} == {202}
    assert await bell.call() == 429
    bell.clock.at += 1
    assert await bell.call() == 202


async def test_refusals_say_nothing_of_secret_or_body(caplog: pytest.LogCaptureFixture) -> None:
    """SEC-3."""
    caplog.set_level("DEBUG", "streams")
    bell = Bell()
    for path in (f"/hints/{SECRET}", f"/hints/{SECRET}x"):
        await bell.call(path, b"\xff")
    assert "hint_refused" in caplog.text
    assert SECRET not in caplog.text


# ---- when a flow is woken


def woken(calls: Sequence[tuple[float, str]], pause: float = 2.0) -> list[tuple[float, str]]:
    """(moment, flow) of every wake-up these calls lead to."""
    wakes, left = Wakes(pause), sorted(calls)
    found: list[tuple[float, str]] = []
    now = 0.0
    while True:
        next_call = left[0][0] if left else math.inf
        now = min(next_call, now + wakes.wait(now))
        if math.isinf(now):
            return found
        while left and left[0][0] <= now:
            wakes.hint([left.pop(0)[1]], now)
        found += [(now, flow) for flow in wakes.due(now)]


def test_a_call_wakes_at_once_and_once_more_for_it_may_precede_its_commit() -> None:
    """EVT-6."""
    assert woken([(10, "a")]) == [(10, "a"), (12, "a")]
    assert woken([(10, "a"), (10, "b")]) == [(10, "a"), (10, "b"), (12, "a"), (12, "b")]


def test_many_calls_wake_once_in_the_pause() -> None:
    """EVT-6: Odoo calls once for each internal write."""
    assert woken([(10 + number / 100, "a") for number in range(50)]) == [(10, "a"), (12, "a"), (14, "a")]


@given(st.lists(st.floats(0, 100, allow_nan=False), max_size=40), st.floats(0.1, 10))
def test_whatever_comes_each_call_is_followed_by_a_wake_up_and_none_comes_too_soon(
    moments: list[float], pause: float
) -> None:
    """EVT-6: of every call there is a wake-up within `pause` and one `pause` later; two are never closer than that."""
    at = [moment for moment, _ in woken([(one, "a") for one in moments], pause)]
    for one in moments:
        assert any(one <= when <= one + pause + 1e-6 for when in at)
        assert any(one + pause - 1e-6 <= when <= one + 2 * pause + 1e-6 for when in at)
    assert all(later - earlier >= pause - 1e-6 for earlier, later in itertools.pairwise(at))


def test_the_allowance_fills_up_again() -> None:
    """SEC-5."""
    one = Allowance(2)
    assert [one.takes(0), one.takes(0), one.takes(0), one.takes(0.5), one.takes(0.5)] == [
        True,
        True,
        False,
        True,
        False,
    ]


async def test_a_wake_up_that_cannot_be_written_costs_only_itself() -> None:
    """EVT-6: a lost hint costs nothing; the next one works."""
    said: list[str] = []
    done = asyncio.Event()

    async def wake(flow: str) -> None:
        said.append(flow)
        if len(said) == 1:
            raise DeliveryError("the broker is away")
        done.set()

    ringing = Ringing(Hints("127.0.0.1", 0, SECRET, 2.0, flows_of), wake, Clock())
    task = asyncio.create_task(ringing.run())
    ringing.ring(["orders"])
    await asyncio.wait_for(done.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    assert said == ["orders", "orders"]
