"""Writes to Amazon: each operation has its handler, in a module of its own that says what it promises.

ship_order, acknowledge_order   fulfilment
cancel_lines, refund_order      cancelling, refunding: by feeds, as order_feeds has it
set_stock, set_price            goods: values, with stock and prices
upsert_listing                  goods: listings
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
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
from connectors.kit.account_sink import AccountSink, utc_now
from connectors.kit.accounts import OpenClient
from connectors.kit.catalogue.waiting import TABLES
from connectors.kit.follower import Follower
from connectors.kit.operations import Operations
from connectors.kit.ports import FirstPrices, Mappings, NoMappings
from connectors.kit.resolving import Check, Resolving

OPERATIONS = frozenset({ACKNOWLEDGE, SHIP, CANCEL, REFUND, SET_STOCK, SET_PRICE, UPSERT_LISTING})
LISTING = "listing"


class AmazonSink(AccountSink[AmazonClient]):
    """`now`: the clock, aware UTC; `gather_seconds`: how long a feed waits for others to go with it."""

    destination = "amazon"

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], now: Callable[[], datetime] = utc_now,
        mappings: Mappings | None = None, maker: Maker | None = None, gather_seconds: float = 0, first_prices: FirstPrices | None = None,
    ) -> None:  # fmt: skip
        super().__init__(open_client)
        self._documents = Documents(settings.http)
        opened = open_feeds(
            self.accounts, self._documents, settings.feeds, now, gather_seconds, is_alone=lambda: self.share >= 1
        )
        self._follower = Follower(settings.feeds, opened)
        means = Means(settings, self.accounts, self._feeds, self._follower, now, mappings or NoMappings())
        orders = OrderCommands(means)
        self._goods = Goods(settings, self.accounts, self._feeds, now, maker, first_prices)
        checks = {LISTING: Check("getListingsItem", is_listed), SHIPPED: Check("getOrder", orders.has_shipped)}
        self.resolving = Resolving(
            self.destination,
            self.accounts,
            checks,
            settings.patience_seconds,
            tables=TABLES,
            in_tables=self._goods.resolved,
        )
        self.operations = Operations("Amazon", {**orders.table(), **self._goods.table()})

    async def aclose(self) -> None:
        await self._goods.aclose()
        await self._documents.aclose()
        await super().aclose()

    def _feeds(self, account: str) -> AmazonFeeds:
        """The one set of feeds of an account. Raises DataError for one that is not configured."""
        return cast("AmazonFeeds", self._follower.feeds(account))


async def is_listed(client: AmazonClient, sku: str) -> bool:
    """Whether the seller has a listing of that SKU. Raises ConnectorError."""
    return await get_listing(client, sku) is not None
