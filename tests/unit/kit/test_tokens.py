"""AUTH-1: tokens are renewed early, fetched once for all, and never shown."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from connectors.kit.errors import AuthError
from connectors.kit.tokens import Grant, MemoryTokens, Token, TokenCache, token_of

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


class World:
    """A clock, and a token endpoint that counts."""

    def __init__(self) -> None:
        self.now = START
        self.fetched = 0
        self.fail = False
        self.gate: asyncio.Event | None = None

    def clock(self) -> datetime:
        return self.now

    async def fetch(self) -> Grant:
        self.fetched += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.fail:
            raise AuthError("refused")
        return Grant(SecretStr(f"token-{self.fetched}"), timedelta(seconds=900))


@pytest.mark.parametrize(
    ("lifetime", "renewed_after"),
    [
        (900, 600),  # 5 minutes are a third of 15
        (3600, 3300),  # 5 minutes before
        (60, 40),  # a third where that is shorter
    ],
)
def test_renewed_five_minutes_or_a_third_before_expiry(lifetime: int, renewed_after: int) -> None:
    token = token_of(Grant(SecretStr("x"), timedelta(seconds=lifetime)), START)
    assert not token.fresh(START + timedelta(seconds=renewed_after))
    assert token.fresh(START + timedelta(seconds=renewed_after - 1))


async def test_kept_until_it_is_time_to_renew() -> None:
    world = World()
    cache = TokenCache("a", world.clock)
    first = await cache.token(world.fetch)
    world.now += timedelta(seconds=599)
    assert await cache.token(world.fetch) == first
    world.now += timedelta(seconds=1)
    assert await cache.token(world.fetch) != first
    assert world.fetched == 2


async def test_many_who_need_one_at_once_cause_one_fetch() -> None:
    """AUTH-1: once for all workers of the account."""
    world = World()
    world.gate = asyncio.Event()
    cache = TokenCache("a", world.clock)
    tasks = [asyncio.create_task(cache.token(world.fetch)) for _ in range(20)]
    await asyncio.sleep(0)
    world.gate.set()
    assert len({token.value.get_secret_value() for token in await asyncio.gather(*tasks)}) == 1
    assert world.fetched == 1


async def test_a_failed_fetch_fails_for_all_and_is_tried_again_later() -> None:
    world = World()
    world.fail, world.gate = True, asyncio.Event()
    cache = TokenCache("a", world.clock)
    tasks = [asyncio.create_task(cache.token(world.fetch)) for _ in range(5)]
    await asyncio.sleep(0)
    world.gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, AuthError) for result in results)
    assert world.fetched == 1
    world.fail = False
    await cache.token(world.fetch)


async def test_when_the_fetcher_is_cancelled_those_who_wait_fetch_themselves() -> None:
    world = World()
    world.gate = asyncio.Event()
    cache = TokenCache("a", world.clock)
    fetcher = asyncio.create_task(cache.token(world.fetch))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(cache.token(world.fetch))
    await asyncio.sleep(0)
    fetcher.cancel()
    await asyncio.gather(fetcher, return_exceptions=True)
    world.gate.set()
    assert (await waiting).value.get_secret_value() == "token-2"


async def test_a_waiter_that_is_cancelled_does_not_cancel_the_fetch() -> None:
    world = World()
    world.gate = asyncio.Event()
    cache = TokenCache("a", world.clock)
    fetcher = asyncio.create_task(cache.token(world.fetch))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(cache.token(world.fetch))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    world.gate.set()
    assert (await fetcher).value.get_secret_value() == "token-1"


async def test_a_refused_token_is_fetched_anew_once_however_many_calls_were_refused() -> None:
    world = World()
    cache = TokenCache("a", world.clock)
    old = await cache.token(world.fetch)
    assert cache.refused(old)
    new = await cache.token(world.fetch)
    assert not cache.refused(old)  # a late refusal of the old one leaves the new one alone
    assert await cache.token(world.fetch) == new
    assert world.fetched == 2


def test_threads_with_loops_of_their_own_share_one_fetch() -> None:
    world = World()
    cache = TokenCache("a", world.clock)
    inside, let_go = threading.Event(), threading.Event()
    found: list[Token] = []

    async def slow() -> Grant:
        inside.set()
        await asyncio.to_thread(let_go.wait, 10)
        return await world.fetch()

    async def soon() -> Token:
        asyncio.get_running_loop().call_later(0.05, let_go.set)
        return await cache.token(world.fetch)

    first = threading.Thread(target=lambda: found.append(asyncio.run(cache.token(slow))))
    first.start()
    assert inside.wait(10)
    found.append(asyncio.run(soon()))
    first.join(10)
    assert found[0] == found[1]
    assert world.fetched == 1


async def test_caches_of_one_store_share_their_token() -> None:
    world, store = World(), MemoryTokens()
    first, second = TokenCache("a", world.clock, store), TokenCache("a", world.clock, store)
    assert await first.token(world.fetch) == await second.token(world.fetch)


async def test_a_token_never_shows_itself() -> None:
    """AUTH-1, SEC-3."""
    token = await TokenCache("a", World().clock).token(World().fetch)
    assert "token-1" not in f"{token} {token!r}"
