"""Writes to Walmart: each operation has its handler, in a module of its own that says what it promises.

acknowledge_order                        acknowledge
ship_order, cancel_lines, refund_order   fulfilment
set_stock, set_price                     values, with stock and prices
upsert_listing                           listings
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime

from connectors.kit.accounts import Accounts, OpenClient
from connectors.kit.each_order import EachOrder
from connectors.kit.follower import Follower
from connectors.kit.outgoing.previewing import ValuePreview
from connectors.kit.ports import Delivery, Difference, Mappings, NoMappings, Outcome, failed
from connectors.walmart.acknowledge import acknowledge
from connectors.walmart.client import WalmartClient
from connectors.walmart.feeds import open_feeds
from connectors.walmart.fulfilment import CANCEL, REFUND, SHIP, Fulfilment, limits_of
from connectors.walmart.item_maker import ItemMaker, Maker
from connectors.walmart.listings import Listings
from connectors.walmart.looking_up import LookingUp
from connectors.walmart.previewing import AcknowledgementPreview, ListingPreview
from connectors.walmart.prices import Prices
from connectors.walmart.resolving import Resolving
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.stock import Stock
from connectors.walmart.values import Values
from schemas.reasons import Reason

ACKNOWLEDGE = "acknowledge_order"
SET_STOCK, SET_PRICE, UPSERT_LISTING = "set_stock", "set_price", "upsert_listing"
OPERATIONS = frozenset({ACKNOWLEDGE, SHIP, CANCEL, REFUND, SET_STOCK, SET_PRICE, UPSERT_LISTING})

Handler = Callable[[Sequence[Delivery]], Awaitable[Sequence[Outcome]]]
Preview = Callable[[Sequence[Delivery]], Awaitable[Sequence[Sequence[Difference]]]]


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
        self._stock = Values(settings, self._accounts, stock, follower, looking_up, now)
        self._prices = Values(settings, self._accounts, prices, follower, looking_up, now)
        self._listings = Listings(settings, self._accounts, follower, self._maker, looking_up, now)
        self._ordered: Mapping[str, Values | Listings] = {
            SET_STOCK: self._stock,
            SET_PRICE: self._prices,
            UPSERT_LISTING: self._listings,
        }
        self._fulfilment = Fulfilment(settings, self._accounts, mappings or NoMappings())
        self._resolving = Resolving(
            self._accounts, self._maker, self._fulfilment.has_shipped, settings.patience_seconds
        )
        self._handlers: Mapping[str, Handler] = {
            ACKNOWLEDGE: EachOrder(limits_of(settings), self._accounts, "acknowledge", acknowledge),
            SHIP: self._fulfilment.ship,
            CANCEL: self._fulfilment.cancel,
            REFUND: self._fulfilment.refund,
            SET_STOCK: self._stock,
            SET_PRICE: self._prices,
            UPSERT_LISTING: self._listings,
        }
        self._previews: Mapping[str, Preview] = {
            ACKNOWLEDGE: AcknowledgementPreview(self._accounts),
            SHIP: self._fulfilment.preview,
            CANCEL: self._fulfilment.preview,
            REFUND: self._fulfilment.preview,
            SET_STOCK: ValuePreview(self._accounts, stock),
            SET_PRICE: ValuePreview(self._accounts, prices),
            UPSERT_LISTING: ListingPreview(settings, self._accounts, self._maker, now),
        }

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """One outcome per delivery, in order. Never raises ConnectorError: what concerns one account must not touch another's."""
        outcomes: dict[int, Outcome] = {}
        for operation in dict.fromkeys(delivery.operation for delivery in batch):
            places = [place for place, delivery in enumerate(batch) if delivery.operation == operation]
            found = await self._handled(operation, [batch[place] for place in places])
            outcomes.update(zip(places, found, strict=True))
        return [outcomes[place] for place in range(len(batch))]

    def set_share(self, share: float) -> None:
        """This process's part of the work, above 0 up to 1: of every account's quotas it uses that part (RATE-1)."""
        self._share = share
        for client in self._accounts.opened:
            client.set_share(share)
        for handler in self._ordered.values():
            handler.alone = share >= 1

    def announces(self, delivery: Delivery) -> bool:
        """Whether other processes must know of it before it is sent, so that an older value never stays over a newer one (INV-5)."""
        handler = self._ordered.get(delivery.operation)
        return handler is not None and handler.announces(delivery)

    def _opened(self, account: str) -> WalmartClient:
        client = self._open(account)
        client.set_share(self._share)
        return client

    async def resolve(self, waiting_for: Sequence[str]) -> Sequence[str]:
        """See `resolving`. Never raises ConnectorError."""
        return await self._resolving.resolve(waiting_for)

    async def preview(self, batch: Sequence[Delivery]) -> Sequence[Sequence[Difference]]:
        """What each would change at Walmart now; reads only. Raises ConnectorError when Walmart cannot be asked."""
        found: dict[int, Sequence[Difference]] = {}
        for operation in dict.fromkeys(delivery.operation for delivery in batch):
            places = [place for place, delivery in enumerate(batch) if delivery.operation == operation]
            preview = self._previews.get(operation)
            shown = await preview([batch[place] for place in places]) if preview else [()] * len(places)
            found.update(zip(places, shown, strict=True))
        return [found[place] for place in range(len(batch))]

    async def aclose(self) -> None:
        await self._maker.aclose()
        await self._accounts.aclose()

    async def _handled(self, operation: str, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        handler = self._handlers.get(operation)
        if handler is None:
            refusal = failed(Reason.BUG, f"Walmart's sink knows no operation {operation[:60]!r}")
            return [refusal] * len(batch)
        return await handler(batch)
