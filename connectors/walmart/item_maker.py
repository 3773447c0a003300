"""A product -> the item that is sent, with everything that takes: tables as their files say now, taxonomy and item spec, checked pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from connectors.kit.accounts import OpenClient
from connectors.kit.cache import ReferenceCache, default_folder
from connectors.kit.catalogue import files, plugins
from connectors.kit.catalogue.drafting import product_type_of
from connectors.kit.catalogue.live import LiveTables
from connectors.kit.catalogue.making import Made
from connectors.kit.catalogue.pictures import Pictures
from connectors.kit.catalogue.variants import grouped
from connectors.kit.catalogue.waiting import resolved
from connectors.kit.errors import ConnectorError
from connectors.walmart.client import WalmartClient
from connectors.walmart.listing import SOURCE, ListingDraft, ListingOptions, listing_of
from connectors.walmart.listing_reference import WalmartReference
from connectors.walmart.listing_settings import ListingSettings
from schemas.records import Product


class ItemMaker:
    """`Maker` by the connector's settings. `now`: the clock, aware UTC. Raises ValueError telling every fault of the tables: at start."""

    def __init__(
        self, settings: ListingSettings, open_client: OpenClient[WalmartClient], now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._open = open_client
        folder = Path(settings.cache_folder) if settings.cache_folder else default_folder()
        self._cache = ReferenceCache("walmart", folder, now)
        of, conversions = settings.files(), plugins.conversions(settings.conversions)
        self._tables = LiveTables(lambda: files.load(of, conversions, settings.html()), of.all())
        self._references: dict[str, WalmartReference] = {}
        self._pictures = Pictures(settings.images, "Walmart")

    async def make(self, account: str, products: Sequence[Product]) -> Sequence[Made | ConnectorError]:
        tables = self._tables.current()
        types = {name for product in products if (name := product_type_of(product, tables))}
        options = await self._options(account, types)
        groups = grouped(products)
        found: list[Made | ConnectorError] = []
        for product in products:
            siblings = groups.get(product["variant_group"], ())
            try:
                found.append(await self._made(listing_of(product, tables, options, siblings)))
            except ConnectorError as error:
                found.append(error)
        return found

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        return resolved(waiting_for, self._tables.current(), f"{SOURCE}:{account}")

    async def aclose(self) -> None:
        await self._pictures.aclose()

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
        urls, notes = await self._pictures.urls(draft.images)
        return Made(draft.with_images(urls), draft.product_type, (*draft.notes, *notes))
