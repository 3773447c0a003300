"""What goes out of goods: stock, prices and products, with what they share. `AmazonSink` takes its handlers from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from connectors.amazon.client import AmazonClient
from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.listing_maker import ListingMaker, Maker
from connectors.amazon.listing_preview import ListingPreview
from connectors.amazon.listings import Listings
from connectors.amazon.numbers import Numbers
from connectors.amazon.prices import Prices
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.stock import Stock
from connectors.amazon.taking import Taking
from connectors.amazon.values import Values
from connectors.kit.accounts import OpenClient
from connectors.kit.outgoing.previewing import ValuePreview
from connectors.kit.ports import Delivery, Difference, Outcome

SET_STOCK, SET_PRICE, UPSERT_LISTING = "set_stock", "set_price", "upsert_listing"
Handler = Callable[[Sequence[Delivery]], Awaitable[Sequence[Outcome]]]
Preview = Callable[[Sequence[Delivery]], Awaitable[Sequence[Sequence[Difference]]]]


class Goods:
    """handlers, previews: by operation. `open_feeds` makes the feeds of an account; `now`: the clock, aware UTC."""

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], open_feeds: Callable[[str], AmazonFeeds],
        now: Callable[[], datetime], maker: Maker | None = None,
    ) -> None:  # fmt: skip
        self._maker = maker or ListingMaker(settings.listings)
        taking = Taking(settings, open_feeds, now)
        stock, prices = Numbers(settings, Stock(settings)), Numbers(settings, Prices(settings, now))
        self._ordered: Mapping[str, Values | Listings] = {
            SET_STOCK: Values(settings, open_client, stock, taking, now),
            SET_PRICE: Values(settings, open_client, prices, taking, now),
            UPSERT_LISTING: Listings(settings, open_client, taking, self._maker, now),
        }
        self.handlers: Mapping[str, Handler] = dict(self._ordered)
        self.previews: Mapping[str, Preview] = {
            SET_STOCK: ValuePreview(open_client, stock),
            SET_PRICE: ValuePreview(open_client, prices),
            UPSERT_LISTING: ListingPreview(settings, open_client, self._maker),
        }

    def set_alone(self, alone: bool) -> None:
        """Whether no other process writes here."""
        for handler in self._ordered.values():
            handler.alone = alone

    def announces(self, delivery: Delivery) -> bool:
        """Whether other processes must know of it before it is sent, so that an older value never stays over a newer one (INV-5)."""
        handler = self._ordered.get(delivery.operation)
        return handler is not None and handler.announces(delivery)

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        """Of the table lines that held products wait for, those that are there now."""
        return self._maker.resolved(waiting_for, account)

    async def aclose(self) -> None:
        await self._maker.aclose()
