"""Deliveries to the Walmart sandbox as the deliver stage makes them: see `tests.contract.out_world`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from connectors.kit.budget import Budget
from connectors.kit.calls import Surroundings
from connectors.kit.http import HttpClient
from connectors.kit.ports import Delivery, FirstPrices
from connectors.kit.tokens import TokenCache
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.item_maker import Maker
from connectors.walmart.sink import WalmartSink
from tests.contract.benches.walmart import settings_of
from tests.contract.out_world import OutWorld, Process
from tests.contract.walmart_box import Box, walmart_box

Json = dict[str, Any]
AMPLE = {
    "orders_per_second": 1e6, "inventory_per_second": 1e6, "items_per_second": 1e6, "token_per_minute": 1e6,
    "feed_inventory_per_hour": 1e6, "feed_mp_inventory_per_hour": 1e6, "feed_price_per_hour": 1e6, "price_per_hour": 1e6,
    "inventory_writes_per_minute": 1e6, "feed_mp_item_per_hour": 1e6, "feed_mp_maintenance_per_hour": 1e6,
    "inventory_reads_per_minute": 1e6,
}  # fmt: skip
FAST = {"ladder_seconds": (1, 5, 30), "then_seconds": 60, "list_seconds": 0, "lost_after_seconds": 60}


class World(OutWorld):
    """Sinks over one Walmart sandbox."""

    box: Box

    def __init__(self, box: Box, **changes: Any) -> None:
        super().__init__("walmart", box)
        self.settings = settings_of(box, **{"rates": AMPLE, "feeds": FAST, "attempts": 1, **changes})

    def process(
        self, share: float = 1.0, maker: Maker | None = None, gather_seconds: float = 0, first_prices: FirstPrices | None = None
    ) -> Process:  # fmt: skip
        tokens = TokenCache("main", self.now)
        budget = Budget(self.settings.rates.plan(), self.box.clock, self.sleep)
        around = Surroundings(self.now, self.sleep, lambda: 0.0, lambda: "c-1")

        def client(account: str) -> WalmartClient:
            http = HttpClient(self.settings.base_url, self.settings.http, refusal=errors.refusal(self.now))
            return WalmartClient(self.settings, self.settings.account(account), http, tokens, budget, around)

        sink = WalmartSink(
            self.settings, client, self.now, maker=maker, gather_seconds=gather_seconds, first_prices=first_prices
        )
        return self.process_of(sink, share)

    def history(self, sku: str) -> list[int]:
        """Every number Walmart ever held of a SKU, in the order they took effect."""
        found = self.box.http.get(f"/sandbox/items/{sku}").raise_for_status().json()
        return [one["amount"] for one in found["stock_history"]]

    def item(self, sku: str) -> Json:
        found: Json = self.box.http.get(f"/sandbox/items/{sku}").raise_for_status().json()
        return found


def stock(sku: str, amount: Any, version: int, *, urgent: bool = False, attempt: int = 1) -> Delivery:
    key = f"stock:walmart:main:{sku}"
    body = {"key": key, "sku": sku, "quantity": str(amount), "urgent": urgent}
    return Delivery(
        f"{key}/{version}", "set_stock", False, key, "odoo", "main", version, f"c{amount}", "c-1", body, attempt
    )


def stocks(skus: Sequence[str], amount: Any, version: int) -> list[Delivery]:
    return [stock(sku, amount, version) for sku in skus]


Worlds = Callable[..., World]


@pytest.fixture
def box() -> Iterator[Box]:
    """A sandbox with 250 items, whose feeds take 20 seconds."""
    with walmart_box(feed_seconds=(20, 20), rate_factor=1000) as found:
        found.http.post("/sandbox/items", json={"count": 250, "prefix": "S"}).raise_for_status()
        yield found


@pytest.fixture
async def worlds(box: Box) -> AsyncIterator[Worlds]:
    """Makes worlds over one sandbox, each with settings of its own."""
    async with AsyncExitStack() as stack:
        made: list[World] = []

        def make(**changes: Any) -> World:
            made.append(World(box, **changes))
            stack.push_async_exit(made[-1])
            return made[-1]

        yield make


def skus(box: Box, count: int) -> list[str]:
    known = box.call("GET", "/v3/items?limit=250").json()["ItemResponse"]
    return sorted(item["sku"] for item in known)[:count]
