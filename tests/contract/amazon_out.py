"""Deliveries to the Amazon sandbox as the deliver stage makes them: see `tests.contract.out_world`."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from connectors.amazon.listing_maker import Maker
from connectors.amazon.sink import AmazonSink
from connectors.kit.ports import Delivery, FirstPrices
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


class World(OutWorld):
    """Sinks over one Amazon sandbox."""

    box: Box

    def __init__(self, box: Box, **changes: Any) -> None:
        super().__init__("amazon", box)
        plain: Json = {"feeds": FAST, "attempts": 1, "accounts": {"main": account_of(US_SELLER)}, **SOON}
        self.settings = settings_of(box, **{**plain, **changes})

    def process(
        self, share: float = 1.0, maker: Maker | None = None, first_prices: FirstPrices | None = None
    ) -> Process:
        client = Connected(self.box, self.settings).client
        return self.process_of(
            AmazonSink(self.settings, client, self.now, maker=maker, first_prices=first_prices), share
        )

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
