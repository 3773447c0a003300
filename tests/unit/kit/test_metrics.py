"""OPS-1: calls, tokens and quotas are measured by the kit, so no connector can forget them; labels tell nothing personal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from connectors.kit.budget import Budget
from connectors.kit.errors import AuthError, ConnectorError
from connectors.kit.http import HttpClient, HttpSettings
from connectors.kit.metrics import watch_quotas
from connectors.kit.rate import Plan, Quota
from connectors.kit.tokens import Grant, TokenCache


def calls(system: str, status: str) -> float:
    labels = {"system": system, "operation": "list things", "status": status}
    return REGISTRY.get_sample_value("causeway_http_request_seconds_count", labels) or 0.0


async def call(transport: httpx.MockTransport, system: str = "shop") -> None:
    async with HttpClient("https://api.example", HttpSettings(), transport=transport, system=system) as client:
        await client.call("list things", "GET", "/things?email=ava@shop.example", headers={})


async def test_calls_are_measured_by_status_also_when_they_fail_or_get_no_answer() -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    before = [calls("shop", status) for status in ("200", "503", "none")]
    await call(httpx.MockTransport(lambda request: httpx.Response(200, content=b"{}")))
    for failing in (lambda request: httpx.Response(503), refused):
        with pytest.raises(ConnectorError):
            await call(httpx.MockTransport(failing))
    assert [calls("shop", status) for status in ("200", "503", "none")] == [count + 1 for count in before]


async def test_a_client_without_a_name_is_known_by_its_host() -> None:
    before = calls("api.example", "200")
    await call(httpx.MockTransport(lambda request: httpx.Response(200)), system="")
    assert calls("api.example", "200") == before + 1


async def test_token_fetches_are_counted_by_system_never_by_account() -> None:
    def count(result: str) -> float:
        return REGISTRY.get_sample_value("causeway_token_fetches_total", {"system": "shop", "result": result}) or 0.0

    async def granted() -> Grant:
        return Grant(SecretStr("t"), timedelta(minutes=15))

    async def denied() -> Grant:
        raise AuthError("no")

    before = count("ok"), count("failed")
    cache = TokenCache("shop:https://api.example:client-77", lambda: datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(AuthError):
        await cache.token(denied)
    await cache.token(granted)
    await cache.token(granted)  # kept
    assert (count("ok"), count("failed")) == (before[0] + 1, before[1] + 1)


def test_quotas_show_what_is_left_when_scraped() -> None:
    left = {"orders": 4.0}
    watch_quotas("shop", "main", {"orders": 10.0}, lambda: left)
    labels = {"system": "shop", "account": "main", "quota": "orders"}
    left["orders"] = 2.5
    assert REGISTRY.get_sample_value("causeway_quota_left_calls", labels) == 2.5
    assert REGISTRY.get_sample_value("causeway_quota_size_calls", labels) == 10.0


def test_the_use_of_quotas_and_what_waits_for_them_are_shown() -> None:
    """RATE-2: an alert can tell that a quota will be exhausted, and for how long."""
    clock = [0.0]
    plan = Plan({"feeds": Quota(10, 3600), "all": Quota(100)}, {"send": ("all", "feeds"), "read": ("all",)})
    budget = Budget(plan, lambda: clock[0])
    watch_quotas("shop", "rated", {"feeds": 10.0, "all": 100.0}, budget.left, budget.used, budget.backlog)

    def shown(what: str, quota: str) -> float | None:
        labels = {"system": "shop", "account": "rated", "quota": quota}
        return REGISTRY.get_sample_value(f"causeway_quota_{what}", labels)

    assert (shown("used_ratio", "feeds"), shown("backlog_seconds", "feeds")) == (0, 0)
    with budget.waiting("send", 15) as one_less:
        assert shown("backlog_seconds", "feeds") == pytest.approx(5 * 360)
        assert shown("backlog_seconds", "all") == 0
        for _ in range(5):
            one_less()
        assert shown("backlog_seconds", "feeds") == 0
    budget.told("send", 4, None)
    assert shown("used_ratio", "feeds") == pytest.approx(0.6)
    budget.told("send", 0, None)
    turns = [budget.postpone("send") for _ in range(3)]
    assert turns == pytest.approx([360, 720, 1080])
    assert shown("backlog_seconds", "feeds") == pytest.approx(1080)
    clock[0] = 900
    assert shown("backlog_seconds", "feeds") == pytest.approx(180)
