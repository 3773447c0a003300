"""The marketplaces the benches of scale run on, one shape for all: a sandbox, the settings for it, what it was told. Quotas are the published ones
times `factor`, in the sandbox and in the settings alike."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import httpx

from connectors.amazon.feed_documents import MOST_MESSAGES
from connectors.amazon.rates import PUBLISHED
from connectors.amazon.sandbox.settings import DEMO_SELLER
from connectors.walmart.rates import WalmartRates
from streams.demo.world import free_port
from tests.bench.errors import BenchError

ACCOUNT = "bench"
Json = dict[str, Any]
# Feeds of the sandboxes are over within two seconds; whoever does not measure the following of feeds need not wait by the marketplace's ladder.
QUICK_TIERS = {"CAUSEWAY_RETRY__TIERS": json.dumps(["1s", "2s", "4s", "8s", "15s", "30s", "60s", "120s", "300s"])}
_QUICK_LADDER, _THEN_SECONDS = json.dumps([2, 4, 8, 15, 30]), "30"


@dataclass(frozen=True, slots=True)
class Write:
    """A number of ours that took effect. Times: epoch seconds; feed: which it came in, "" = by a call of its own."""

    sku: str
    amount: int
    sent_at: float
    applied_at: float
    feed: str = ""


@dataclass(slots=True)
class Market(ABC):
    """One seller's account at one sandbox."""

    name: ClassVar[str]
    feed_items: ClassVar[int]

    factor: float
    url: str = field(default_factory=lambda: f"http://127.0.0.1:{free_port()}")
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=120, trust_env=False))

    @property
    def port(self) -> str:
        return self.url.rpartition(":")[2]

    @property
    def module(self) -> str:
        return f"connectors.{self.name}.sandbox"

    def arguments(self) -> Sequence[str]:
        """Of the sandbox."""
        return ("--port", self.port, "--rate-factor", str(self.factor))

    @abstractmethod
    def env(self) -> Mapping[str, str]:
        """Of the pipeline: the account and its quotas."""

    @property
    @abstractmethod
    def quick(self) -> Mapping[str, str]:
        """Short waits for feeds, for benches that measure something else."""

    @abstractmethod
    def list_items(self, skus: Sequence[str]) -> None:
        """It knows these, with a stock of 0."""

    @abstractmethod
    def writes_of(self, sku: str) -> list[Write]:
        """In the order they took effect."""

    def writes(self, skus: Sequence[str]) -> Iterator[list[Write]]:
        """Of each SKU."""
        return (self.writes_of(sku) for sku in skus)

    @abstractmethod
    def allowed(self, seconds: float) -> tuple[float, float]:
        """(feeds, single calls) of numbers that the quota lets pass in so long: the full bucket and what flows in."""

    def refused(self) -> int:
        """Calls answered with 429."""
        return int(self.get("/sandbox/state")["calls"]["by_status"].get("429", 0))

    def post(self, path: str, body: Json) -> Json:
        return answer_of(self.http.post(self.url + path, json=body))

    def get(self, path: str) -> Json:
        return answer_of(self.http.get(self.url + path))


class WalmartMarket(Market):
    name = "walmart"
    feed_items = 200
    feeds_per_hour, calls_per_minute = 10, 200

    def env(self) -> Mapping[str, str]:
        account = f"CAUSEWAY_WALMART__ACCOUNTS__{ACCOUNT.upper()}__CLIENT"
        rates = {
            f"CAUSEWAY_WALMART__RATES__{name.upper()}": str(one.default * self.factor)
            for name, one in WalmartRates.model_fields.items()
        }
        login = {f"{account}_ID": "sandbox-client", f"{account}_SECRET": "sandbox-secret"}
        return {"CAUSEWAY_WALMART__BASE_URL": self.url, **login, **rates}

    @property
    def quick(self) -> Mapping[str, str]:
        feeds = "CAUSEWAY_WALMART__FEEDS__"
        return {f"{feeds}LADDER_SECONDS": _QUICK_LADDER, f"{feeds}THEN_SECONDS": _THEN_SECONDS}

    def list_items(self, skus: Sequence[str]) -> None:
        self.post("/sandbox/items", {"items": [{"sku": sku, "stock": 0} for sku in skus]})

    def writes_of(self, sku: str) -> list[Write]:
        return self._ours(sku, self.get(f"/sandbox/items/{sku}"))

    def writes(self, skus: Sequence[str]) -> Iterator[list[Write]]:
        held = self.get("/sandbox/snapshot?sections=items&history=true")["items"]
        return (self._ours(sku, held[sku]) for sku in skus)

    def allowed(self, seconds: float) -> tuple[float, float]:
        feeds, calls = self.feeds_per_hour * self.factor, self.calls_per_minute * self.factor
        return feeds * (1 + seconds / 3600), calls * (1 + seconds / 60)

    def items(self) -> dict[str, Json]:
        """SKU -> what Walmart holds of it."""
        found: dict[str, Json] = self.get("/sandbox/snapshot?sections=items&history=false")["items"]
        return found

    def feeds(self) -> list[Json]:
        found: list[Json] = self.get("/sandbox/snapshot?sections=feeds")["feeds"]
        return found

    @staticmethod
    def _ours(sku: str, held: Json) -> list[Write]:
        return [
            Write(sku, int(one["amount"]), one["sent_at"], one["applied_at"], one["reference"] if one["via"] == "feed" else "")
            for one in held["stock_history"]
            if one["via"] != "control"
        ]  # fmt: skip


class AmazonMarket(Market):
    """One seller in one marketplace, the US. `queue`: settings of the queue of notifications by their names."""

    name = "amazon"
    feed_items = MOST_MESSAGES
    seller = DEMO_SELLER
    queue: Mapping[str, str] = {}
    sqs_endpoint = ""

    def arguments(self) -> Sequence[str]:
        queue = ("--sqs-endpoint", self.sqs_endpoint) if self.sqs_endpoint else ()
        return (*super().arguments(), *queue)

    def env(self) -> Mapping[str, str]:
        account, seller = f"CAUSEWAY_AMAZON__ACCOUNTS__{ACCOUNT.upper()}__", self.seller
        return {
            "CAUSEWAY_AMAZON__BASE_URLS": json.dumps({"na": f"{self.url}/na"}),
            "CAUSEWAY_AMAZON__LOGIN_URL": f"{self.url}/auth/o2/token",
            "CAUSEWAY_AMAZON__RATES__FACTOR": str(self.factor),
            f"{account}REGION": "na",
            f"{account}SELLER_ID": seller.seller_id,
            f"{account}MARKETPLACES": json.dumps(["US"]),
            f"{account}CLIENT_ID": seller.client_id,
            f"{account}CLIENT_SECRET": seller.client_secret,
            f"{account}REFRESH_TOKEN": seller.refresh_token,
            **{f"{account}QUEUE__{name}": value for name, value in self.queue.items()},
        }

    @property
    def quick(self) -> Mapping[str, str]:
        feeds = "CAUSEWAY_AMAZON__FEEDS__"
        return {
            f"{feeds}LADDER_SECONDS": _QUICK_LADDER,
            f"{feeds}THEN_SECONDS": _THEN_SECONDS,
            f"{feeds}GATHER_SECONDS": "5",
            "CAUSEWAY_AMAZON__EFFECT_LADDER_SECONDS": json.dumps([2, 5, 15, 60]),
        }

    def list_items(self, skus: Sequence[str]) -> None:
        self.post("/sandbox/items", {"items": [{"sku": sku} for sku in skus], "stock": 0, "marketplaces": ["US"]})

    def writes_of(self, sku: str) -> list[Write]:
        held = self.get(f"/sandbox/items/{sku}")
        return [
            Write(sku, int(one["value"]), one["sent_at"], one["applied_at"], "" if one["via"] == "patch" else one["reference"])
            for one in held["stock_history"]
            if one["via"] != "control"
        ]  # fmt: skip

    def allowed(self, seconds: float) -> tuple[float, float]:
        feeds = min(self._calls(name, seconds) for name in ("JSON_LISTINGS_FEED", "createFeed"))
        return feeds, self._calls("patchListingsItem", seconds)

    def _calls(self, operation: str, seconds: float) -> float:
        rate, burst = PUBLISHED[operation]
        return self.factor * (burst + rate * seconds)


def answer_of(answer: httpx.Response) -> Json:
    """Raises BenchError for what is no success."""
    if answer.status_code != httpx.codes.OK:
        raise BenchError(f"the sandbox refuses {answer.request.url.path}: {answer.text[:200]}")
    found: Json = answer.json()
    return found
