"""A product -> the item that is sent, with everything that takes: tables as their files say now, taxonomy and item spec, checked pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from connectors.kit.accounts import OpenClient
from connectors.kit.cache import ReferenceCache, default_folder
from connectors.kit.catalogue.drafting import product_type_of
from connectors.kit.catalogue.making import AnyMaker, Making
from connectors.kit.catalogue.problems import FieldProblem
from connectors.kit.catalogue.variants import grouped
from connectors.kit.errors import ConnectorError
from connectors.kit.ports import FirstPrices
from connectors.walmart.client import WalmartClient
from connectors.walmart.listing import PENDING_PRICE, SOURCE, ListingDraft, ListingOptions, listing_of
from connectors.walmart.listing_reference import WalmartReference
from connectors.walmart.listing_settings import ListingSettings
from schemas.records import Product


@dataclass(frozen=True, slots=True)
class Made:
    """item: one MPItem element; notes: what was changed on the way."""

    item: dict[str, Any]
    product_type: str
    notes: tuple[str, ...] = ()


class Maker(AnyMaker, Protocol):
    """Makes items of products."""

    async def make(
        self, account: str, products: Sequence[Product], there: Collection[str] = ()
    ) -> Sequence[Made | ConnectorError]:
        """One for each, in order: the item, or what is wrong with the product. there: SKUs whose item needs no price: it is there, and has one."""
        ...


class ItemMaker(Making):
    """`Maker` by the connector's settings. `now`: the clock, aware UTC; `prices`: what new items cost at first; `currency`: of the accounts.
    Raises ValueError telling every fault of the tables: at start."""

    def __init__(
        self, settings: ListingSettings, open_client: OpenClient[WalmartClient], now: Callable[[], datetime],
        prices: FirstPrices | None = None, currency: str = "USD",
    ) -> None:  # fmt: skip
        super().__init__(settings, settings.files(), SOURCE, "Walmart", prices)
        self._currency = currency
        self._settings = settings
        self._open = open_client
        folder = Path(settings.cache_folder) if settings.cache_folder else default_folder()
        self._cache = ReferenceCache("walmart", folder, now)
        self._references: dict[str, WalmartReference] = {}

    async def make(
        self, account: str, products: Sequence[Product], there: Collection[str] = ()
    ) -> Sequence[Made | ConnectorError]:
        tables = self.tables()
        types = {name for product in products if (name := product_type_of(product, tables))}
        options = await self._options(account, types)
        groups = grouped(products)
        found: list[Made | ConnectorError] = []
        for product in products:
            siblings = groups.get(product["variant_group"], ())
            try:
                price = self._price(account, product["sku"], product["sku"] in there)
                found.append(await self._made(listing_of(product, tables, options, siblings, price)))
            except ConnectorError as error:
                found.append(error)
        return found

    def _price(self, account: str, sku: str, is_there: bool) -> Decimal | FieldProblem | None:
        """As `listing_of` takes it. An item that is there is sent without a price, and checked with any."""
        if not self.first.decides(account):
            return None
        if is_there:
            return PENDING_PRICE
        found = self.first.of(account, sku, (self._currency,))
        return found if isinstance(found, FieldProblem) else Decimal(found["amount"])

    async def _options(self, account: str, product_types: Collection[str]) -> ListingOptions:
        one = self._settings
        options = ListingOptions(
            account,
            one.prohibited(),
            most_images=one.images.most,
            own_use_gtins=one.own_use_gtins,
        )
        if not one.check_spec:
            return options
        reference = await self._reference(account).for_types(product_types)
        return replace(options, product_types=reference.product_types, specs=reference.specs)

    def _reference(self, account: str) -> WalmartReference:
        if account not in self._references:
            one = self._settings
            self._references[account] = WalmartReference(
                self._open(account).call,
                self._cache,
                version=one.spec_version,
                expires=timedelta(hours=one.reference_hours),
                stale=timedelta(days=one.stale_days),
            )
        return self._references[account]

    async def _made(self, draft: ListingDraft) -> Made:
        """With its pictures: checked and served from the media folder, or by their own addresses."""
        urls, notes = await self.pictures.urls(draft.images)
        return Made(draft.with_images(urls), draft.product_type, (*draft.notes, *notes))
