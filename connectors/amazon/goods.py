"""What goes out of goods: stock, prices and products, with what they share. `AmazonSink` takes its handlers from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from connectors.amazon.client import AmazonClient
from connectors.amazon.definitions import Definitions
from connectors.amazon.documents import Documents
from connectors.amazon.feeds import AmazonFeeds
from connectors.amazon.listing_check import ListingCheck
from connectors.amazon.listing_maker import ListingMaker, Maker
from connectors.amazon.listing_preview import ListingPreview
from connectors.amazon.listings import Listings
from connectors.amazon.numbers import Numbers
from connectors.amazon.prices import Prices
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.stock import Stock
from connectors.amazon.taking import Taking
from connectors.amazon.values import Values
from connectors.amazon.withdrawing import Withdrawing
from connectors.kit.accounts import OpenClient
from connectors.kit.cache import ReferenceCache, default_folder
from connectors.kit.operations import Operation, Preview
from connectors.kit.outgoing.previewing import ValuePreview
from connectors.kit.ports import FirstPrices

SET_STOCK, SET_PRICE, UPSERT_LISTING = "set_stock", "set_price", "upsert_listing"


class Goods:
    """`open_feeds` makes the feeds of an account; `now`: the clock, aware UTC."""

    def __init__(
        self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], open_feeds: Callable[[str], AmazonFeeds],
        now: Callable[[], datetime], maker: Maker | None = None, first_prices: FirstPrices | None = None,
    ) -> None:  # fmt: skip
        self._maker = maker or ListingMaker(settings.listings, first_prices)
        taking = Taking(settings, open_feeds, now)
        stock, prices = Numbers(settings, Stock(settings)), Numbers(settings, Prices(settings, now))
        numbers = Values(settings, open_client, stock, taking, now)
        self._documents = Documents(settings.http)
        check = ListingCheck(_definitions(settings, self._documents, now))
        withdrawing = Withdrawing(settings, numbers.written, taking, now)
        self._ordered: Mapping[str, Values | Listings] = {
            SET_STOCK: numbers,
            SET_PRICE: Values(settings, open_client, prices, taking, now),
            UPSERT_LISTING: Listings(settings, open_client, taking, self._maker, check, withdrawing, now),
        }
        self._previews: Mapping[str, Preview] = {
            SET_STOCK: ValuePreview(open_client, stock),
            SET_PRICE: ValuePreview(open_client, prices),
            UPSERT_LISTING: ListingPreview(settings, open_client, self._maker),
        }

    def table(self) -> dict[str, Operation]:
        return {
            name: Operation(handler, self._previews[name], handler, handler) for name, handler in self._ordered.items()
        }

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        """Of the table lines and prices that held products wait for, those that are there now."""
        return self._maker.resolved(waiting_for, account)

    async def aclose(self) -> None:
        await self._maker.aclose()
        await self._documents.aclose()


def _definitions(settings: AmazonSettings, documents: Documents, now: Callable[[], datetime]) -> Definitions | None:
    """What a sandbox says of product types is never kept where Amazon's own is looked for."""
    one = settings.listings
    if not one.check_definitions:
        return None
    usual = None if settings.base_urls else default_folder()
    cache = ReferenceCache("amazon", Path(one.cache_folder) if one.cache_folder else usual, now)
    return Definitions(cache, documents, timedelta(hours=one.reference_hours), timedelta(days=one.stale_days))
