"""Writes to Walmart: each operation has its handler, in a module of its own that says what it promises.

acknowledge_order                        acknowledge
ship_order, cancel_lines, refund_order   fulfilment
set_stock, set_price                     values, with stock and prices
upsert_listing                           listings
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.kit.account_sink import AccountSink, utc_now
from connectors.kit.accounts import OpenClient
from connectors.kit.catalogue.waiting import TABLES
from connectors.kit.each_order import EachOrder
from connectors.kit.follower import Follower
from connectors.kit.operations import Operation, Operations
from connectors.kit.outgoing.previewing import ValuePreview
from connectors.kit.ports import FirstPrices, Mappings, NoMappings
from connectors.kit.rate import Priority
from connectors.kit.resolving import Check, Resolving
from connectors.walmart.acknowledge import acknowledge
from connectors.walmart.client import WalmartClient
from connectors.walmart.feeds import open_feeds
from connectors.walmart.fulfilment import CANCEL, REFUND, SHIP, SHIPPED, Fulfilment, limits_of
from connectors.walmart.item_maker import ItemMaker, Maker
from connectors.walmart.items import get_item
from connectors.walmart.listings import Listings
from connectors.walmart.looking_up import LookingUp
from connectors.walmart.previewing import AcknowledgementPreview, ListingPreview
from connectors.walmart.prices import Prices
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.stock import Stock
from connectors.walmart.values import Values
from connectors.walmart.withdrawing import Withdrawing

ACKNOWLEDGE = "acknowledge_order"
SET_STOCK, SET_PRICE, UPSERT_LISTING = "set_stock", "set_price", "upsert_listing"
OPERATIONS = frozenset({ACKNOWLEDGE, SHIP, CANCEL, REFUND, SET_STOCK, SET_PRICE, UPSERT_LISTING})

LISTING = "listing"


class WalmartSink(AccountSink[WalmartClient]):
    """`now`: the clock, aware UTC; `gather_seconds`: how long a feed waits for others to go with it."""

    destination = "walmart"

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient[WalmartClient], now: Callable[[], datetime] = utc_now,
        mappings: Mappings | None = None, maker: Maker | None = None, gather_seconds: float = 0, first_prices: FirstPrices | None = None,
    ) -> None:  # fmt: skip
        super().__init__(open_client)
        follower = Follower(settings.feeds, open_feeds(self.accounts, settings.feeds, now, gather_seconds))
        self._maker = maker or ItemMaker(settings.listings, self.accounts, now, first_prices, settings.currency)
        stock, prices = Stock(settings), Prices(settings, now)
        looking_up = LookingUp(settings, now)  # shared, so that the list of items is read once for products and prices
        sets = [Values(settings, self.accounts, kind, follower, looking_up, now) for kind in (stock, prices)]
        withdrawing = Withdrawing(settings, sets[0].written, follower, now)
        listings = Listings(settings, self.accounts, follower, self._maker, looking_up, withdrawing, now)
        self._fulfilment = orders = Fulfilment(settings, self.accounts, mappings or NoMappings())
        checks = {LISTING: Check("get_item", item_is_there), SHIPPED: Check("get_order", orders.has_shipped)}
        self.resolving = Resolving(
            self.destination,
            self.accounts,
            checks,
            settings.patience_seconds,
            tables=TABLES,
            in_tables=self._maker.resolved,
        )
        acknowledging = EachOrder(limits_of(settings), self.accounts, "acknowledge", acknowledge)
        shown = [ValuePreview(self.accounts, kind) for kind in (stock, prices)]
        listed = ListingPreview(settings, self.accounts, self._maker, now)
        table = {
            ACKNOWLEDGE: Operation(acknowledging, AcknowledgementPreview(self.accounts)),
            SHIP: Operation(orders.ship, orders.preview),
            CANCEL: Operation(orders.cancel, orders.preview),
            REFUND: Operation(orders.refund, orders.preview),
            SET_STOCK: Operation(sets[0], shown[0], sets[0], sets[0]),
            SET_PRICE: Operation(sets[1], shown[1], sets[1], sets[1]),
            UPSERT_LISTING: Operation(listings, listed, listings, listings),
        }
        self.operations = Operations("Walmart", table)

    async def aclose(self) -> None:
        await self._maker.aclose()
        await super().aclose()


async def item_is_there(client: WalmartClient, sku: str) -> bool:
    """Whether Walmart has an item of that SKU. Raises ConnectorError."""
    return await get_item(client, sku, Priority.PRODUCTS) is not None
