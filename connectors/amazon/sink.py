"""Writes to Amazon: each operation has its handler, in a module of its own that says what it promises.

ship_order, acknowledge_order   fulfilment
cancel_lines, refund_order      cancelling, refunding: by feeds, as order_feeds has it
set_stock, set_price            goods: values, with stock and prices
upsert_listing                  goods: listings
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import cast

from connectors.amazon.client import AmazonClient
from connectors.amazon.documents import Documents
from connectors.amazon.feeds import AmazonFeeds, open_feeds
from connectors.amazon.fulfilment import ACKNOWLEDGE, CANCEL, REFUND, SHIP, Means, OrderCommands
from connectors.amazon.goods import SET_PRICE, SET_STOCK, UPSERT_LISTING, Goods
from connectors.amazon.listing_items import get_listing
from connectors.amazon.listing_maker import Maker
from connectors.amazon.refunding import SHIPPED
from connectors.amazon.settings import AmazonSettings
from connectors.kit.accounts import Accounts, OpenClient
from connectors.kit.catalogue.waiting import TABLES
from connectors.kit.follower import Follower
from connectors.kit.operations import Operation, Operations
from connectors.kit.ports import Delivery, Difference, Mappings, NoMappings, Outcome
from connectors.kit.resolving import Check, Resolving

OPERATIONS = frozenset({ACKNOWLEDGE, SHIP, CANCEL, REFUND, SET_STOCK, SET_PRICE, UPSERT_LISTING})
LISTING = "listing"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AmazonSink:
    """`Sink` for all accounts. `open_client` makes the client of an account; it is asked once per account. `now`: the clock, aware UTC;
    `gather_seconds`: how long a feed waits for others to go with it."""

    destination = "amazon"
    batch_limit = 200

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], now: Callable[[], datetime] = _utc_now,
        mappings: Mappings | None = None, maker: Maker | None = None, gather_seconds: float = 0,
    ) -> None:  # fmt: skip
        self._open = open_client
        self._share = 1.0
        self._accounts = Accounts(self._opened)
        self._documents = Documents(settings.http)
        opened = open_feeds(
            self._accounts, self._documents, settings.feeds, now, gather_seconds, is_alone=lambda: self._share >= 1
        )
        self._follower = Follower(settings.feeds, opened)
        means = Means(settings, self._accounts, self._feeds, self._follower, now, mappings or NoMappings())
        orders = OrderCommands(means)
        self._goods = goods = Goods(settings, self._accounts, self._feeds, now, maker)
        checks = {LISTING: Check("getListingsItem", is_listed), SHIPPED: Check("getOrder", orders.has_shipped)}
        self._resolving = Resolving(
            self.destination, self._accounts, checks, settings.patience_seconds, tables=TABLES, in_tables=goods.resolved
        )
        by_goods = {name: Operation(handle, goods.previews.get(name), goods) for name, handle in goods.handlers.items()}
        self.operations = Operations("Amazon", {**orders.table(), **by_goods})

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """See `Operations.deliver`."""
        return await self.operations.deliver(batch)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        """See `Operations.preview`."""
        return await self.operations.preview(batch)

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """Listings that are there now, orders of which something has left. Never raises ConnectorError."""
        return await self._resolving.resolve(waiting_for)

    def announces(self, delivery: Delivery) -> bool:
        """Whether others must know of it before it is sent: so that an older value never stays over a newer one (INV-5), and a refund that was
        being sent when its process died is not sent again (RET-2)."""
        return self.operations.announces(delivery)

    def set_share(self, share: float) -> None:
        """This process's part of the work, above 0 up to 1: of every account's quotas it uses that part (RATE-1)."""
        self._share = share
        for client in self._accounts.opened:
            client.set_share(share)
        self._goods.set_alone(share >= 1)

    async def aclose(self) -> None:
        await self._goods.aclose()
        await self._documents.aclose()
        await self._accounts.aclose()

    def _opened(self, account: str) -> AmazonClient:
        client = self._open(account)
        client.set_share(self._share)
        return client

    def _feeds(self, account: str) -> AmazonFeeds:
        """The one set of feeds of an account. Raises DataError for one that is not configured."""
        return cast("AmazonFeeds", self._follower.feeds(account))


async def is_listed(client: AmazonClient, sku: str) -> bool:
    """Whether the seller has a listing of that SKU. Raises ConnectorError."""
    return await get_listing(client, sku) is not None
