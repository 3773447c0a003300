"""Products -> drafts of listings, with everything that takes: tables as their files say now, the pages Amazon has, checked pictures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from connectors.amazon.client import AmazonClient
from connectors.amazon.listing_draft import MOST_IMAGES, SOURCE, Draft, DraftOptions, on_page, own_page
from connectors.amazon.listing_items import get_listings
from connectors.amazon.listing_settings import AmazonListings
from connectors.amazon.pages import asins_of
from connectors.kit.catalogue.first_price import FirstPricing
from connectors.kit.catalogue.gtin import gtin_in
from connectors.kit.catalogue.making import AnyMaker, Making
from connectors.kit.catalogue.variants import grouped
from connectors.kit.errors import ConnectorError, DataError, TransientError
from connectors.kit.ports import FirstPrices
from schemas.records import Product


@dataclass(frozen=True, slots=True)
class Made:
    """draft: what is listed; urls: its pictures' addresses; offers: marketplace -> what it costs at first, where it is not listed yet;
    refused: marketplace -> what was found wrong before it was sent there."""

    draft: Draft
    urls: tuple[str, ...] = ()
    offers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refused: Mapping[str, DataError] = field(default_factory=dict)


class Maker(AnyMaker, Protocol):
    """Makes drafts of products."""

    @property
    def first(self) -> FirstPricing:
        """What new listings cost."""
        ...

    async def make(
        self, client: AmazonClient, account: str, products: Sequence[Product], own: Collection[str] = ()
    ) -> Sequence[Made | ConnectorError]:
        """One for each, in order: what is listed, or what is wrong with the product. own: SKUs that have a page of their own, and keep it.
        Raises ConnectorError where Amazon cannot be asked."""
        ...


class ListingMaker(Making):
    """`Maker` by the connector's settings. `prices`: what new listings cost. Raises ValueError telling every fault of the tables: at start."""

    def __init__(self, settings: AmazonListings, prices: FirstPrices | None = None) -> None:
        super().__init__(settings, settings.files(), SOURCE, "Amazon", prices)
        self._settings = settings

    async def make(
        self, client: AmazonClient, account: str, products: Sequence[Product], own: Collection[str] = ()
    ) -> Sequence[Made | ConnectorError]:
        new = [product for product in products if product["sku"] not in own]
        pages = await self._pages(client, new)
        # Looked for once more after the page: a write of ours whose answer was lost may have made both since they were last looked at.
        there = await get_listings(client, [product["sku"] for product in new if _gtin(product) in pages])
        tables, groups, one = self.tables(), grouped(products), self._settings
        most = min(one.images.most, MOST_IMAGES)
        options = DraftOptions(account, one.prohibited(), most, one.own_use_gtins)
        found: list[Made | ConnectorError] = []
        for product in products:
            try:
                asin = "" if product["sku"] in own else pages.get(_gtin(product), "")
                if asin and product["sku"] in there:
                    raise TransientError("its listing has just appeared; whether its page is its own is seen next time")
                if asin:
                    found.append(Made(on_page(product, asin, tables, options)))
                    continue
                siblings = groups.get(product["variant_group"], ())
                found.append(await self._with_pictures(own_page(product, tables, options, siblings)))
            except ConnectorError as error:
                found.append(error)
        return found

    async def _pages(self, client: AmazonClient, products: Sequence[Product]) -> dict[str, str]:
        numbers = [number for number in dict.fromkeys(map(_gtin, products)) if number]
        return await asins_of(client, numbers) if self._settings.offer_on_pages and numbers else {}

    async def _with_pictures(self, draft: Draft) -> Made:
        urls, notes = await self.pictures.urls(draft.images)
        return Made(replace(draft, notes=(*draft.notes, *notes)), tuple(urls))


def _gtin(product: Product) -> str:
    """14 digits; "" for a barcode that is none, which the draft tells."""
    try:
        return gtin_in(product["barcode"]).gtin14 if product["barcode"].strip() else ""
    except DataError:
        return ""
