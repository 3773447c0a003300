"""RATE-1, RATE-2: numbers out use what the quota allows and no more; urgent ones pass those that wait; nobody is given up for a quota."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from connectors.kit.budget import Budget
from connectors.kit.calls import Surroundings
from connectors.kit.http import HttpClient
from connectors.kit.ports import Delivery, Outcome, Result
from connectors.kit.tokens import TokenCache
from connectors.walmart.client import WalmartClient
from connectors.walmart.sink import WalmartSink
from schemas.reasons import Reason
from tests.unit.walmart.fake import ACCOUNT, NOW, reply, settings_with


@dataclass
class Walmart:
    """Takes every call at once. Time goes on only when everybody sleeps."""

    settings: Any
    now: float = 0.0
    puts: list[tuple[float, str]] = field(default_factory=list)
    feeds: list[tuple[float, int]] = field(default_factory=list)
    asleep: list[tuple[float, int, asyncio.Future[None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count()
        self._budget = Budget(self.settings.rates.plan(), lambda: self.now, self.sleep)
        self.sink = WalmartSink(self.settings, self._client, self.clock)

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=self.now)

    async def sleep(self, seconds: float) -> None:
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.asleep, (self.now + seconds, next(self._numbers), wake))
        await wake

    async def until_done(self, work: Coroutine[Any, Any, Any]) -> Any:
        task = asyncio.create_task(work)
        while not task.done():
            for _ in range(40):
                await asyncio.sleep(0)
            if self.asleep and not task.done():
                self.now, _, wake = heapq.heappop(self.asleep)
                wake.set_result(None)
        return await task

    def _client(self, account: str) -> WalmartClient:
        http = HttpClient("https://walmart.example", self.settings.http, transport=httpx.MockTransport(self._answer))
        around = Surroundings(self.clock, self.sleep, lambda: 0.0, lambda: "c")
        return WalmartClient(self.settings, ACCOUNT, http, TokenCache("main", self.clock), self._budget, around)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        match request.method, request.url.path:
            case _, "/v3/token":
                return reply(200, {"access_token": "t", "token_type": "Bearer", "expires_in": 80_000})
            case "PUT", _:
                body = json.loads(request.content)
                self.puts.append((self.now, body["sku"]))
                return reply(200, body)
            case "POST", _:
                self.feeds.append((self.now, request.content.count(b'"sku"')))
                return reply(200, {"feedId": f"F{len(self.feeds)}"})
            case _:
                return reply(200, {"results": {"feed": []}})


def walmart(**changes: Any) -> Walmart:
    rates = {"inventory_per_second": 1e6, "token_per_minute": 1e6, **changes.pop("rates", {})}
    return Walmart(settings_with(rates=rates, attempts=1, **changes))


def stock(sku: str, version: int = 1, *, urgent: bool = False) -> Delivery:
    key = f"stock:walmart:main:{sku}"
    body = {"key": key, "sku": sku, "quantity": "5", "urgent": urgent}
    return Delivery(f"{key}/{version}", "set_stock", False, key, "odoo", "main", version, "c", "c", body)


def many(count: int, prefix: str = "S") -> list[Delivery]:
    return [stock(f"{prefix}{n}") for n in range(count)]


def results(found: list[Outcome]) -> list[Result]:
    return [one.result for one in found]


async def test_many_go_by_feed_while_its_quota_lasts_then_one_by_one() -> None:
    """INV-1, RATE-1"""
    shop = walmart(rates={"feed_inventory_per_hour": 2, "inventory_writes_per_minute": 1e6})
    for lot in range(3):
        found = await shop.until_done(shop.sink.deliver(many(200, f"L{lot}-")))
        assert set(results(found)) == {Result.SUBMITTED if lot < 2 else Result.APPLIED}
    assert ([count for _, count in shop.feeds], len(shop.puts)) == ([200, 200], 200)


async def test_a_few_go_one_by_one_whatever_the_feeds_allow() -> None:
    shop = walmart(stock_few=20)
    await shop.until_done(shop.sink.deliver(many(20)))
    assert (len(shop.puts), shop.feeds) == (20, [])
    await shop.until_done(shop.sink.deliver(many(21, "T")))
    assert len(shop.feeds) == 1


async def test_at_least_95_percent_of_the_allowed_rate_is_used_while_work_waits() -> None:
    """RATE-1: three partitions at work, 600 numbers, no feeds: 100 a minute, and the 100 saved up at the start."""
    rates = {"feed_inventory_per_hour": 1e-6, "inventory_writes_per_minute": 100}
    shop = walmart(rates=rates, single_call_concurrency=2)
    await shop.until_done(shop.sink.deliver(many(30, "first")))  # takes the one feed there is

    async def lane(name: str) -> None:
        for lot in range(2):
            found = await shop.sink.deliver(many(100, f"{name}{lot}-"))
            assert set(results(list(found))) == {Result.APPLIED}

    began = shop.now

    async def lanes() -> None:
        await asyncio.gather(*(lane(name) for name in "abc"))

    await shop.until_done(lanes())
    took = shop.now - began
    allowed = 100 + took * 100 / 60
    assert len(shop.puts) == 600
    assert 0.95 * allowed <= len(shop.puts) <= allowed + 1


async def test_an_urgent_number_passes_those_that_wait() -> None:
    """RATE-1: hundreds stand in line, the urgent one takes the next call."""
    shop = walmart(
        rates={"feed_inventory_per_hour": 1e-6, "inventory_writes_per_minute": 60}, single_call_concurrency=2
    )
    await shop.until_done(shop.sink.deliver(many(30, "first")))

    async def race() -> list[Outcome]:
        bulk = asyncio.create_task(shop.sink.deliver(many(100)))
        await shop.sleep(10)
        began = shop.now
        found = list(await shop.sink.deliver([stock("hot", urgent=True)]))
        assert shop.now - began <= 1.5
        await bulk
        return found

    assert results(await shop.until_done(race())) == [Result.APPLIED]


async def test_what_waits_too_long_comes_back_each_with_a_time_of_its_own() -> None:
    """RATE-1: throttled, of this record alone: the lane goes on with others."""
    shop = walmart(rates={"feed_inventory_per_hour": 1e-6, "inventory_writes_per_minute": 60}, bulk_patience_seconds=5)
    await shop.until_done(shop.sink.deliver(many(30, "first")))
    found = await shop.until_done(shop.sink.deliver(many(100)))
    late = [one for one in found if one.result is Result.FAILED]
    assert len(late) == 100 - 60 - 5
    assert {(one.reason, one.of_record) for one in late} == {(Reason.THROTTLED, True)}
    waits = [one.retry_after or 0.0 for one in late]
    assert waits == sorted(waits)
    assert waits[-1] - waits[0] == pytest.approx(len(late) - 1, abs=0.5)


async def test_an_urgent_one_over_the_quota_stays_where_it_is() -> None:
    """ERR-4: the breaker keeps its place; it is not put behind others."""
    shop = walmart(rates={"inventory_writes_per_minute": 2}, bulk_patience_seconds=0)
    found = await shop.until_done(shop.sink.deliver([stock(f"H{n}", urgent=True) for n in range(3)]))
    assert results(found) == [Result.APPLIED, Result.APPLIED, Result.FAILED]
    assert (found[2].reason, found[2].of_record) == (Reason.THROTTLED, False)


async def test_a_process_uses_its_share_of_the_quota() -> None:
    """RATE-1: half of the partitions, half of the calls; also for clients opened later."""
    shop = walmart(rates={"inventory_writes_per_minute": 60}, bulk_patience_seconds=0, stock_few=200)
    shop.sink.set_share(0.5)
    found = await shop.until_done(shop.sink.deliver(many(60)))
    assert len(shop.puts) == 30
    assert sum(one.result is Result.FAILED for one in found) == 30
    shop.sink.set_share(1)
    shop.now += 60
    await shop.until_done(shop.sink.deliver(many(60, "T")))
    assert len(shop.puts) == 90
    with pytest.raises(ValueError, match="share"):
        shop.sink.set_share(0)


async def test_not_alone_a_number_that_is_not_urgent_is_looked_at_once_more() -> None:
    """INV-5: another process may have written a newer one at the same moment."""
    shop = walmart()
    shop.sink.set_share(0.5)
    calm, hot = await shop.until_done(shop.sink.deliver([stock("A"), stock("B", urgent=True)]))
    assert (calm.job, hot.result) == ("settle|1", Result.APPLIED)
