"""What a number is at Amazon: a change of one attribute of a listing, by PATCH or as a message of a feed (`ValueKind`). What differs between stock
and prices is an `AmazonKind`.

What a change looks like depends on the listing (its product type, its marketplaces, a sale that stands there): that is read first (`addressed`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from connectors.amazon.client import AmazonClient
from connectors.amazon.feed_documents import LISTINGS, MESSAGES
from connectors.amazon.listing_items import ANY_TYPE, Shown, get_listing, patch_listing
from connectors.amazon.settings import AmazonSettings
from connectors.kit.feeds import Feed
from connectors.kit.outgoing.values import Value
from connectors.kit.ports import Delivery, Difference
from connectors.kit.rate import Priority

NO_LISTING = "no listing of this SKU"
_PATCH = "PATCH"


class AmazonKind(Protocol):
    """One sort of value. `few`: so many go by single calls rather than by feed; `model`: what the outcome calls it; `attribute`: which it is."""

    model: str
    attribute: str
    few: int

    def read(self, delivery: Delivery) -> Value:
        """The value a delivery brings. Raises DataError."""
        ...

    def parse(self, account: str, sku: str, text: str) -> Value:
        """The reverse of `Value.text`. Raises DataError."""
        ...

    def priority(self, urgent: bool) -> Priority:
        """Of its single calls."""
        ...

    def patches(self, value: Value, shown: Shown) -> Sequence[Mapping[str, Any]]:
        """What makes a listing say it."""
        ...

    def shows(self, value: Value, shown: Shown) -> bool:
        """Whether a listing says it."""
        ...

    def took(self, value: Value, shown: Shown) -> bool:
        """Whether it has been written on a listing and holds, also where orders have taken from it since."""
        ...

    def told(self, value: Value, shown: Shown) -> str:
        """What a listing says instead, for people."""
        ...

    def not_ours(self, shown: Shown) -> bool:
        """Whether that is none of ours to write."""
        ...


class Numbers:
    """`ValueKind` of an `AmazonKind`."""

    put_operation = "patchListingsItem"
    feed_types = frozenset({LISTINGS})

    def __init__(self, settings: AmazonSettings, kind: AmazonKind) -> None:
        self._settings = settings
        self.kind = kind
        self.model = kind.model
        self.few = kind.few

    def read(self, delivery: Delivery) -> Value:
        return self.kind.read(delivery)

    def parse(self, account: str, sku: str, text: str) -> Value:
        return self.kind.parse(account, sku, text)

    def priority(self, urgent: bool) -> Priority:
        return self.kind.priority(urgent)

    def addressed(self, value: Value, shown: Shown) -> Value:
        """The value as a message of a feed, for the listing as it is shown."""
        patches = [dict(patch) for patch in self.kind.patches(value, shown)]
        entry = {
            "sku": value.sku, "operationType": _PATCH, "productType": shown.product_type or ANY_TYPE, "patches": patches
        }  # fmt: skip
        return replace(value, entry=entry)

    def feed(self, account: str, values: Sequence[Value], mark: str) -> Feed:
        body = {MESSAGES: [dict(value.entry) for value in values]}
        found = self._settings.accounts.get(account)
        query = ",".join(found.marketplaces) if found else ""
        return Feed(LISTINGS, body, [value.sku for value in values], mark, self.kind.priority(True), query)

    async def put(self, client: AmazonClient, value: Value) -> None:
        """Of a value that is addressed. That Amazon has taken it says that it will take effect, and not when."""
        entry = value.entry
        await patch_listing(client, value.sku, entry["productType"], entry["patches"], self.kind.priority(value.urgent))

    async def differences(self, client: AmazonClient, account: str, value: Value) -> Sequence[Difference]:
        name = "quantity" if self.kind.attribute == "fulfillment_availability" else self.model
        shown = await get_listing(client, value.sku, self.kind.priority(False))
        if shown is None:
            return (Difference(name, NO_LISTING, value.text),)
        if self.kind.not_ours(shown) or self.kind.shows(value, shown):
            return ()
        return (Difference(name, self.kind.told(value, shown), value.text),)
