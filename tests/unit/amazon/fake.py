"""An Amazon client over a scripted transport: what was asked is kept, time and chance are the test's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
from pydantic import SecretStr

from connectors.amazon import errors
from connectors.amazon.client import AmazonClient, Tokens
from connectors.amazon.rates import AmazonRates
from connectors.amazon.settings import AmazonAccount, AmazonSettings
from connectors.kit import exact_json
from connectors.kit.budget import Budget
from connectors.kit.calls import Patience, Surroundings
from connectors.kit.http import HttpClient

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECRET, REFRESH = "canary-client-secret", "canary-refresh-token"
UNLIMITED = AmazonRates(factor=100_000)
Script = Callable[[httpx.Request], httpx.Response | Exception]


def account_with(**changes: Any) -> AmazonAccount:
    plain: dict[str, Any] = {
        "region": "na", "seller_id": "A1CANARYSELLER", "marketplaces": ["US"], "client_id": "id",
        "client_secret": SecretStr(SECRET), "refresh_token": SecretStr(REFRESH),
    }  # fmt: skip
    return AmazonAccount(**{**plain, **changes})


def settings_with(**changes: Any) -> AmazonSettings:
    plain: dict[str, Any] = {"accounts": {"main": account_with()}, "rates": UNLIMITED}
    return AmazonSettings(**{**plain, **changes})


def reply(status: int, body: Any = None, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, content=b"" if body is None else exact_json.dumps(body))


def refused(status: int, code: str = "Oops", **headers: str) -> httpx.Response:
    return reply(status, {"errors": [{"code": code, "message": "no"}]}, **headers)


@dataclass
class Fake:
    """`script` answers every call but the token's; tokens are numbered. `slept`: waits between tries and for quota."""

    script: Script
    settings: AmazonSettings = field(default_factory=settings_with)
    requests: list[httpx.Request] = field(default_factory=list)
    grants: list[dict[str, str]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    clock: float = 0.0
    token_script: Script | None = None

    def __post_init__(self) -> None:
        ids = itertools.count(1)
        limits, transport = self.settings.http, httpx.MockTransport(self._answer)
        http = HttpClient("https://amazon.example", limits, refusal=errors.refusal, transport=transport)
        login = HttpClient("https://login.example", limits, refusal=errors.token_refusal, transport=transport)
        self.budget = Budget(self.settings.rates.plan(), lambda: self.clock, self._sleep)
        around = Surroundings(self.now, self._sleep, lambda: 0.0, lambda: f"call-{next(ids)}")
        patience = Patience(self.settings.attempts, self.settings.longest_wait_seconds)
        account = self.settings.account("main")
        self.client = AmazonClient(
            account, http, login, "/auth/o2/token", Tokens("main", self.now), self.budget, around, patience
        )

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.clock)

    @property
    def paths(self) -> list[str]:
        return [request.url.raw_path.decode() for request in self.requests]

    @property
    def tokens_sent(self) -> list[str]:
        return [request.headers["x-amz-access-token"] for request in self.requests]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock += seconds

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/o2/token":
            self.grants.append({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
            found = self.token_script(request) if self.token_script else self._token()
        else:
            self.requests.append(request)
            found = self.script(request)
        if isinstance(found, Exception):
            raise found
        return found

    def _token(self) -> httpx.Response:
        return reply(
            200, {"access_token": f"canary-token-{len(self.grants)}", "token_type": "bearer", "expires_in": 3600}
        )


def in_turn(*answers: httpx.Response | Exception) -> Script:
    """These answers, one per call; the last one again and again."""
    left = list(answers)

    def script(request: httpx.Request) -> httpx.Response | Exception:
        one = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(one, Exception):
            return one
        return httpx.Response(one.status_code, headers=one.headers, content=one.content)

    return script
