"""An Amazon sandbox on a free port, with a clock the test moves and a client that knows the headers."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from connectors.amazon.sandbox.app import AmazonSandbox, create_app
from connectors.amazon.sandbox.blocks import DATA_SETS
from connectors.amazon.sandbox.gate import TOKEN_HEADER
from connectors.amazon.sandbox.moments import iso
from connectors.amazon.sandbox.operations import NOTIFICATIONS_SCOPE
from connectors.amazon.sandbox.settings import DEMO_SELLER, SandboxSettings, Seller
from connectors.kit.sandbox.server import running
from tests.loopback import client

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC).timestamp()
ORDERS = "/orders/2026-01-01/orders"
ALL_DATA = ",".join(DATA_SETS)
LONG_AGO = "2026-01-01T00:00:00Z"
Json = dict[str, Any]


@dataclass
class Clock:
    now: float = START

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Box:
    """`call` sends a business call with a token of `seller`, taken at first need and again when it is old."""

    app: AmazonSandbox
    http: httpx.Client
    clock: Clock
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Base URL for API and tokens, without a trailing slash."""
        return str(self.http.base_url).rstrip("/")

    def ago(self, seconds: float) -> str:
        """A moment of the box's clock, ISO 8601."""
        return iso((self.clock.now - seconds) * 1000)

    def grant(self, seller: Seller = DEMO_SELLER, **form: str) -> httpx.Response:
        """A call to the token endpoint, by default with the seller's refresh token."""
        grant = {"grant_type": "refresh_token", "refresh_token": seller.refresh_token}
        keys = {"client_id": seller.client_id, "client_secret": seller.client_secret}
        return self.http.post("/auth/o2/token", data={**grant, **keys, **form})

    def headers(self, seller: Seller = DEMO_SELLER, *, grantless: bool = False) -> dict[str, str]:
        key = f"grantless {seller.client_id}" if grantless else seller.seller_id
        text, until = self.tokens.get(key, ("", 0.0))
        if until <= self.clock.now:
            form = {"grant_type": "client_credentials", "scope": NOTIFICATIONS_SCOPE} if grantless else {}
            answer = self.grant(seller, **form).raise_for_status().json()
            text, until = answer["access_token"], self.clock.now + answer["expires_in"]
            self.tokens[key] = (text, until)
        return {TOKEN_HEADER: text}

    def call(
        self, method: str, path: str, seller: Seller = DEMO_SELLER, *, grantless: bool = False, **more: Any
    ) -> httpx.Response:
        headers = {**self.headers(seller, grantless=grantless), **more.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **more)

    def add(self, count: int, **body: Any) -> list[str]:
        answer = self.http.post("/sandbox/orders", json={"count": count, "mix": "plain", "seed": 1, **body})
        ids: list[str] = answer.raise_for_status().json()["orderIds"]
        return ids

    def raw(self, *orders: Json, **body: Any) -> None:
        self.http.post("/sandbox/orders/raw", json={"orders": orders, **body}).raise_for_status()

    def change(self, order_id: str, kind: str, seller: Seller = DEMO_SELLER, **fields: Any) -> Json:
        body = {"kind": kind, "account": seller.seller_id, **fields}
        return self.control(f"/sandbox/orders/{order_id}/change", **body)

    def control(self, path: str, **body: Any) -> Json:
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def faults(self, *rules: Json) -> None:
        self.http.put("/sandbox/faults", json={"rules": rules}).raise_for_status()

    def state(self, seller: Seller = DEMO_SELLER) -> Json:
        found: Json = self.http.get("/sandbox/state", params={"account": seller.seller_id}).raise_for_status().json()
        return found

    def search(self, seller: Seller = DEMO_SELLER, **params: Any) -> httpx.Response:
        """One list call; the window is everything created unless a time is given."""
        times = {"createdAfter", "lastUpdatedAfter"}
        window = {} if times & params.keys() else {"createdAfter": LONG_AGO}
        return self.call("GET", ORDERS, seller, params={**window, **params})

    def pages(self, seller: Seller = DEMO_SELLER, **params: Any) -> Iterator[Json]:
        """The list's pages, each read when asked for."""
        more: dict[str, str] = {}
        while True:
            page: Json = self.search(seller, **params, **more).raise_for_status().json()
            yield page
            if "pagination" not in page:
                return
            more = {"paginationToken": page["pagination"]["nextToken"]}

    def listed(self, seller: Seller = DEMO_SELLER, **params: Any) -> list[str]:
        return [order["orderId"] for page in self.pages(seller, **params) for order in page["orders"]]

    def order(self, order_id: str, seller: Seller = DEMO_SELLER, included: str = ALL_DATA) -> Json:
        params = {"includedData": included} if included else {}
        found: Json = self.call("GET", f"{ORDERS}/{order_id}", seller, params=params).raise_for_status().json()["order"]
        return found


@contextmanager
def amazon_box(**settings: Any) -> Iterator[Box]:
    """Quotas are as published unless `rate_factor` or `limits` is given."""
    clock = Clock()
    # What is due happens with calls only, so a test knows when.
    app = create_app(SandboxSettings(**{"tick_seconds": 0.0, **settings}), clock)
    with running(app) as url, client(url) as http:
        yield Box(app, http, clock)


def error_of(response: httpx.Response) -> tuple[int, str]:
    """(status, code) of an error answer."""
    errors = response.json()["errors"]
    assert all(isinstance(one["message"], str) and one["message"] for one in errors)
    return response.status_code, errors[0]["code"]
