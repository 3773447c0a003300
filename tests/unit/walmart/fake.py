"""A Walmart client over a scripted transport: what was asked is kept, time and chance are the test's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

from connectors.kit import exact_json
from connectors.kit.budget import Budget
from connectors.kit.calls import Surroundings
from connectors.kit.http import HttpClient
from connectors.kit.tokens import TokenCache
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.settings import WalmartAccount, WalmartRates, WalmartSettings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET = "canary-client-secret"
ACCOUNT = WalmartAccount(client_id="id", client_secret=SecretStr(SECRET))
UNLIMITED = WalmartRates(orders_per_second=1e6, acknowledge_per_minute=1e6, token_per_minute=1e6)
Script = Callable[[httpx.Request], httpx.Response | Exception]


def settings_with(**changes: Any) -> WalmartSettings:
    plain: dict[str, Any] = {"base_url": "https://walmart.example", "accounts": {"main": ACCOUNT}, "rates": UNLIMITED}
    return WalmartSettings(**{**plain, **changes})


def reply(status: int, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, content=b"" if body is None else exact_json.dumps(body))


def gateway(status: int, code: str, **headers: str) -> httpx.Response:
    return reply(status, {"errors": [{"code": code}]}, **headers)


@dataclass
class Fake:
    """`script` answers every call but the token's; tokens are numbered. `slept`: waits between tries."""

    script: Script
    settings: WalmartSettings = field(default_factory=settings_with)
    requests: list[httpx.Request] = field(default_factory=list)
    tokens: int = 0
    slept: list[float] = field(default_factory=list)
    clock: float = 0.0
    token_script: Script | None = None
    account: WalmartAccount = ACCOUNT

    def __post_init__(self) -> None:
        ids = itertools.count(1)
        http = HttpClient(
            self.settings.base_url,
            self.settings.http,
            refusal=errors.refusal(self.now),
            transport=httpx.MockTransport(self._answer),
        )
        budget = Budget(self.settings.rates.plan(), lambda: self.clock, self._sleep)
        around = Surroundings(self.now, self._sleep, lambda: 0.0, lambda: f"call-{next(ids)}")
        self.client = WalmartClient(self.settings, self.account, http, TokenCache("main", self.now), budget, around)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock)

    @property
    def paths(self) -> list[str]:
        return [request.url.raw_path.decode() for request in self.requests]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock += seconds

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v3/token":
            self.tokens += 1
            found = self.token_script(request) if self.token_script else self._token()
        else:
            self.requests.append(request)
            found = self.script(request)
        if isinstance(found, Exception):
            raise found
        return found

    def _token(self) -> httpx.Response:
        return reply(200, {"access_token": f"canary-token-{self.tokens}", "token_type": "Bearer", "expires_in": 900})


def in_turn(*answers: httpx.Response | Exception) -> Script:
    """These answers, one per call; the last one again and again."""
    left = list(answers)

    def script(request: httpx.Request) -> httpx.Response | Exception:
        one = left.pop(0) if len(left) > 1 else left[0]
        return (
            one
            if isinstance(one, Exception)
            else httpx.Response(one.status_code, headers=one.headers, content=one.content)
        )

    return script
