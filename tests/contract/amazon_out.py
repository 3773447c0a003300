"""Deliveries to the Amazon sandbox as the deliver stage makes them: see `tests.contract.out_world`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from connectors.amazon.client import AmazonClient
from connectors.amazon.documents import Documents
from connectors.amazon.feeds import open_feeds
from connectors.amazon.goods import Goods
from connectors.kit.accounts import Accounts
from connectors.kit.ports import Delivery, Difference, Outcome
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, settings_of
from tests.contract.out_world import OutWorld, Process

Json = dict[str, Any]
US = "ATVPDKIKX0DER"
FAST = {
    "ladder_seconds": (1, 5, 30), "then_seconds": 60, "list_seconds": 0, "lost_after_seconds": 60, "gather_seconds": 0,
}  # fmt: skip
# What is accepted takes effect within five minutes here; the sandbox takes less.
SOON = {"effect_minutes": 5, "effect_ladder_seconds": (5, 30, 60)}


class GoodsSink:
    """Stock and prices alone."""

    destination = "amazon"
    batch_limit = 200

    def __init__(self, world: World) -> None:
        self._connected = Connected(world.box, world.settings)
        self._share = 1.0
        self._documents = Documents(world.settings.http)
        self._accounts: Accounts[AmazonClient] = Accounts(self._opened)
        feeds = open_feeds(self._accounts, self._documents, world.settings.feeds, world.now)
        self._goods = Goods(world.settings, self._accounts, feeds, world.now)

    def _opened(self, account: str) -> AmazonClient:
        client = self._connected.client(account)
        client.set_share(self._share)
        return client

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        (operation,) = {one.operation for one in batch}
        return await self._goods.handlers[operation](batch)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        (operation,) = {one.operation for one in batch}
        return await self._goods.previews[operation](batch)

    def announces(self, delivery: Delivery) -> bool:
        return self._goods.announces(delivery)

    def set_share(self, share: float) -> None:
        self._share = share
        self._goods.set_alone(share >= 1)

    async def aclose(self) -> None:
        await self._accounts.aclose()
        await self._documents.aclose()


class World(OutWorld):
    """Sinks over one Amazon sandbox."""

    box: Box

    def __init__(self, box: Box, **changes: Any) -> None:
        super().__init__("amazon", box)
        plain: Json = {"feeds": FAST, "attempts": 1, "accounts": {"main": account_of(US_SELLER)}, **SOON}
        self.settings = settings_of(box, **{**plain, **changes})

    def process(self, share: float = 1.0) -> Process:
        return self.process_of(GoodsSink(self), share)

    def add(self, *skus: str, **body: Any) -> None:
        """Listings with these SKUs, as a seller has them."""
        self.box.control("/sandbox/items", items=[{"sku": sku, **body} for sku in skus])

    def item(self, sku: str) -> Json:
        # Any call lets take effect what is due.
        self.box.http.get("/sandbox/state")
        found: Json = self.box.http.get(f"/sandbox/items/{sku}").raise_for_status().json()
        return found

    def numbers(self, sku: str) -> list[Json]:
        """Every number we wrote of a SKU, in the order they took effect."""
        return [one for one in self.item(sku)["stock_history"] if one["via"] != "control"]

    def history(self, sku: str) -> list[int]:
        return [int(one["value"]) for one in self.numbers(sku)]

    def calls(self, operation: str) -> list[Json]:
        """The calls of an operation that the sandbox has seen, in order."""
        return [one for one in self.box.http.get("/sandbox/calls").json()["calls"] if one["operation"] == operation]


def stock(sku: str, amount: Any, version: int, *, urgent: bool = False, account: str = "main") -> Delivery:
    key = f"stock:amazon:{account}:{sku}"
    body = {"key": key, "sku": sku, "quantity": str(amount), "urgent": urgent}
    return Delivery(f"{key}/{version}", "set_stock", False, key, "odoo", account, version, f"c{amount}", "c-1", body)


def price(
    sku: str, amount: str, version: int, *, sale: str = "", starts: Any = None, ends: Any = None, currency: str = "USD"
) -> Delivery:
    key, checksums = f"price:amazon:main:{sku}", itertools.count(version)
    money = {"amount": amount, "currency": currency}
    body = {
        "key": key, "sku": sku, "price": money, "sale_price": {"amount": sale, "currency": currency} if sale else None,
        "sale_starts_at": starts, "sale_ends_at": ends,
    }  # fmt: skip
    checksum = f"c{next(checksums)}:{amount}:{sale}"
    return Delivery(f"{key}/{version}", "set_price", False, key, "odoo", "main", version, checksum, "c-1", body)


@contextmanager
def goods_box(**settings: Any) -> Iterator[Box]:
    """A sandbox whose changes take some seconds to take effect, and feeds twenty."""
    plain: Json = {
        "sellers": (US_SELLER,), "rate_factor": 100_000, "feed_seconds": (20, 20), "listing_seconds": (3, 8),
    }  # fmt: skip
    with amazon_box(**{**plain, **settings}) as found:
        yield found
