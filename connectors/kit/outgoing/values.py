"""What the values that go out to a marketplace have in common: a stock number, a price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from connectors.kit.calls import AccountClient
from connectors.kit.feeds import Feed
from connectors.kit.ports import Delivery, Difference
from connectors.kit.rate import Priority

STOCK = "inventory"  # the model of stock numbers


@dataclass(frozen=True, slots=True)
class Value:
    """A value of one SKU.

    entry      the element that says so in a feed
    text       the same in one short line, which `ValueKind.parse` reads: what is kept of a value that was written
    urgent     it may not wait for others
    waits_for  what a delivery of it waits for when there is no such item, `listing:MARKETPLACE:ACCOUNT:SKU`
    notes      codes of what was done to it, for example `capped`
    needs_no_item  none of an item that is not there is what it says: nothing waits for the listing
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


ClientT = TypeVar("ClientT", bound=AccountClient, contravariant=True)


class ValueKind(Protocol[ClientT]):
    """One sort of value. `few`: so many go by single calls rather than by feed; `model`: what the outcome calls it."""

    model: str
    few: int
    put_operation: str
    feed_types: frozenset[str]

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

    async def put(self, client: ClientT, value: Value) -> None:
        """Write one at once. Raises ConnectorError."""
        ...

    async def differences(self, client: ClientT, account: str, value: Value) -> Sequence[Difference]:
        """What is there now against the value; reads only. Raises ConnectorError."""
        ...


def quoted(text: str) -> str:
    """A SKU in an address: everything percent-encoded, a space as %20."""
    return quote(text, safe="")


def listing_name(marketplace: str, account: str, sku: str) -> str:
    """What waits for an item waits for (`Outcome.waiting_for`)."""
    return f"listing:{marketplace}:{account}:{sku}"
