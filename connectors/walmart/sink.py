"""Writes to Walmart: each operation has its handler, in a module of its own that says what it promises.

acknowledge_order                        acknowledge
ship_order, cancel_lines, refund_order   fulfilment
set_stock, set_price                     values, with stock and prices
upsert_listing                           listings
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from connectors.kit.accounts import Accounts, OpenClient
from connectors.kit.catalogue.waiting import TABLES
from connectors.kit.each_order import EachOrder
from connectors.kit.follower import Follower
from connectors.kit.operations import Operation, Operations
from connectors.kit.outgoing.previewing import ValuePreview
from connectors.kit.ports import Delivery, Difference, Mappings, NoMappings, Outcome
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

ACKNOWLEDGE = "acknowledge_order"
SET_STOCK, SET_PRICE, UPSERT_LISTING = "set_stock", "set_price", "upsert_listing"
OPERATIONS = frozenset({ACKNOWLEDGE, SHIP, CANCEL, REFUND, SET_STOCK, SET_PRICE, UPSERT_LISTING})

LISTING = "listing"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class WalmartSink:
    """`Sink` for all accounts. `open_client` makes the client of an account; it is asked once per account. `now`: the clock, aware UTC;
    `gather_seconds`: how long a feed waits for others to go with it."""

    destination = "walmart"
    batch_limit = 200

    def __init__(
        self, settings: WalmartSettings, open_client: OpenClient[WalmartClient], now: Callable[[], datetime] = _utc_now,
        mappings: Mappings | None = None, maker: Maker | None = None, gather_seconds: float = 0,
    ) -> None:  # fmt: skip
        self._settings = settings
        self._open = open_client
        self._share = 1.0
        self._accounts = Accounts(self._opened)
        follower = Follower(settings.feeds, open_feeds(self._accounts, settings.feeds, now, gather_seconds))
        self._maker = maker or ItemMaker(settings.listings, self._accounts, now)
        stock, prices = Stock(settings), Prices(settings, now)
        looking_up = LookingUp(settings, now)  # shared, so that the list of items is read once for products and prices
        sets = [Values(settings, self._accounts, kind, follower, looking_up, now) for kind in (stock, prices)]
        listings = Listings(settings, self._accounts, follower, self._maker, looking_up, now)
        self._fulfilment = orders = Fulfilment(settings, self._accounts, mappings or NoMappings())
        checks = {LISTING: Check("get_item", item_is_there), SHIPPED: Check("get_order", orders.has_shipped)}
        self._resolving = Resolving(
            self.destination,
            self._accounts,
            checks,
            settings.patience_seconds,
            tables=TABLES,
            in_tables=self._maker.resolved,
        )
        acknowledging = EachOrder(limits_of(settings), self._accounts, "acknowledge", acknowledge)
        shown = [ValuePreview(self._accounts, kind) for kind in (stock, prices)]
        listed = ListingPreview(settings, self._accounts, self._maker, now)
        table = {
            ACKNOWLEDGE: Operation(acknowledging, AcknowledgementPreview(self._accounts)),
            SHIP: Operation(orders.ship, orders.preview),
            CANCEL: Operation(orders.cancel, orders.preview),
            REFUND: Operation(orders.refund, orders.preview),
            SET_STOCK: Operation(sets[0], shown[0], sets[0], sets[0]),
            SET_PRICE: Operation(sets[1], shown[1], sets[1], sets[1]),
            UPSERT_LISTING: Operation(listings, listed, listings, listings),
        }
        self.operations = Operations("Walmart", table)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """See `Operations.deliver`."""
        return await self.operations.deliver(batch)

    def set_share(self, share: float) -> None:
        """This process's part of the work, above 0 up to 1: of every account's quotas it uses that part (RATE-1)."""
        self._share = share
        for client in self._accounts.opened:
            client.set_share(share)
        self.operations.set_alone(share >= 1)

    def announces(self, delivery: Delivery) -> bool:
        """Whether other processes must know of it before it is sent, so that an older value never stays over a newer one (INV-5)."""
        return self.operations.announces(delivery)

    def _opened(self, account: str) -> WalmartClient:
        client = self._open(account)
        client.set_share(self._share)
        return client

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """Items that are there now, orders of which something has left, lines in our tables. Never raises ConnectorError."""
        return await self._resolving.resolve(waiting_for)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        """See `Operations.preview`."""
        return await self.operations.preview(batch)

    async def aclose(self) -> None:
        await self._maker.aclose()
        await self._accounts.aclose()


async def item_is_there(client: WalmartClient, sku: str) -> bool:
    """Whether Walmart has an item of that SKU. Raises ConnectorError."""
    return await get_item(client, sku, Priority.PRODUCTS) is not None
