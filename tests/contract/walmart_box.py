"""A Walmart sandbox on a free port, with a clock the test moves and a client that knows the headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.kit.sandbox.server import running
from connectors.walmart.sandbox.app import WalmartSandbox, create_app
from connectors.walmart.sandbox.settings import DEMO_ACCOUNT, Account, SandboxSettings
from tests.loopback import client

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()
OTHER = Account("other-client", "other-secret", "200009")
BASE = {"WM_QOS.CORRELATION_ID": "c-1", "WM_SVC.NAME": "Walmart Marketplace", "Accept": "application/json"}
Json = dict[str, Any]


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Box:
    """`call` sends a business call with a token of `account`, taken at first need."""

    app: WalmartSandbox
    http: httpx.Client
    clock: Clock
    tokens: dict[str, str] = field(default_factory=dict)

    def token(self, account: Account = DEMO_ACCOUNT) -> httpx.Response:
        auth = (account.client_id, account.client_secret)
        return self.http.post("/v3/token", data={"grant_type": "client_credentials"}, auth=auth, headers=BASE)

    def headers(self, account: Account = DEMO_ACCOUNT) -> dict[str, str]:
        if account.client_id not in self.tokens:
            self.tokens[account.client_id] = self.token(account).raise_for_status().json()["access_token"]
        return {**BASE, "WM_SEC.ACCESS_TOKEN": self.tokens[account.client_id]}

    def call(self, method: str, path: str, account: Account = DEMO_ACCOUNT, **more: Any) -> httpx.Response:
        return self.http.request(method, path, headers={**self.headers(account), **more.pop("headers", {})}, **more)

    def add(self, count: int, **body: Any) -> list[str]:
        answer = self.http.post("/sandbox/orders", json={"count": count, "mix": "plain", "seed": 1, **body})
        ids: list[str] = answer.raise_for_status().json()["purchaseOrderIds"]
        return ids

    def raw(self, *orders: Json, **body: Any) -> None:
        self.http.post("/sandbox/orders/raw", json={"orders": orders, **body}).raise_for_status()

    def faults(self, *rules: Json) -> None:
        self.http.put("/sandbox/faults", json={"rules": rules}).raise_for_status()

    def state(self, account: Account = DEMO_ACCOUNT) -> Json:
        found: Json = self.http.get("/sandbox/state", params={"account": account.client_id}).raise_for_status().json()
        return found

    def pages(self, query: str = "", account: Account = DEMO_ACCOUNT) -> Iterator[Json]:
        """The list's pages, each read when asked for; the next URL is the path and the cursor, nothing else."""
        cursor: str | None = query
        while cursor is not None:
            page = self.call("GET", f"/v3/orders{cursor}", account).raise_for_status().json()["list"]
            yield page
            cursor = page["meta"].get("nextCursor")

    def listed(self, query: str = "", account: Account = DEMO_ACCOUNT) -> list[str]:
        return [order["purchaseOrderId"] for page in self.pages(query, account) for order in page["elements"]["order"]]


@contextmanager
def walmart_box(**settings: Any) -> Iterator[Box]:
    clock = Clock()
    app = create_app(SandboxSettings(**{"accounts": (DEMO_ACCOUNT, OTHER), **settings}), clock)
    with running(app) as url, client(url) as http:
        yield Box(app, http, clock)


def error_of(response: httpx.Response) -> Json:
    """The error object, whatever its top level."""
    body = response.json()
    holder = body.get("errors", body.get("error"))
    holder = holder["error"] if isinstance(holder, dict) and "error" in holder else holder
    found: Json = holder[0] if isinstance(holder, list) else holder
    return found


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, error_of(response)["code"].partition(".")[0]
