"""What the values that `connectors.walmart.values` writes have in common: a stock number, a price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from connectors.kit.feeds import Feed
from connectors.kit.ports import Delivery, Difference
from connectors.kit.rate import Priority
from connectors.walmart.client import WalmartClient

STOCK = "inventory"  # the model of stock numbers


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one SKU.

    entry      the element that says so in a feed
    text       the same in one short line, which `ValueKind.parse` reads: what is kept of a value that was written
    urgent     it may not wait for others
    waits_for  what a delivery of it waits for when Walmart has no such item, `listing:walmart:ACCOUNT:SKU`
    notes      codes of what was done to it, for example `capped`
    needs_no_item  none of an item that Walmart does not have is what it says: nothing waits for the listing
    changes_at when another value of the same delivery is due, aware UTC; None: never
    """

    sku: str
    entry: Mapping[str, Any]
    text: str
    urgent: bool = False
    waits_for: str = ""
    notes: tuple[str, ...] = ()
    changes_at: datetime | None = None
    needs_no_item: bool = False

    @property
    def until(self) -> int:
        """`changes_at` in epoch seconds, not before it; 0: never."""
        return math.ceil(self.changes_at.timestamp()) if self.changes_at else 0


class ValueKind(Protocol):
    """One sort of value. `few`: so many go by single calls rather than by feed; `looks_first`: whether the item is looked up before the first
    value of a SKU is sent (`too_early_seconds`); `model`: what the outcome calls it."""

    model: str
    few: int
    looks_first: bool
    put_operation: str
    feed_types: frozenset[str]

    def feed_type(self, account: str) -> str:
        """Which feed takes numbers of that account."""
        ...

    def read(self, delivery: Delivery) -> Value:
        """The value a delivery brings. Raises DataError."""
        ...

    def parse(self, account: str, sku: str, text: str) -> Value:
        """The reverse of `Value.text`. Raises DataError."""
        ...

    def feed(self, account: str, values: Sequence[Value], mark: str) -> Feed:
        """One feed of them; no SKU twice."""
        ...

    def priority(self, urgent: bool) -> Priority:
        """Of its single calls."""
        ...

    def too_early_seconds(self, published: str) -> float:
        """How long the very first value of a SKU has to wait, 0 when it need not. `published`: publishedStatus of its item."""
        ...

    async def put(self, client: WalmartClient, value: Value) -> None:
        """Write one at once. Raises ConnectorError."""
        ...

    async def differences(self, client: WalmartClient, account: str, value: Value) -> Sequence[Difference]:
        """What Walmart has now against the value; reads only. Raises ConnectorError."""
        ...


def quoted(text: str) -> str:
    """A SKU in an address: everything percent-encoded, a space as %20."""
    return quote(text, safe="")


def listing_name(account: str, sku: str) -> str:
    """What waits for an item at Walmart waits for (`Outcome.waiting_for`)."""
    return f"listing:walmart:{account}:{sku}"
