"""What a product would change at Amazon (OPS-7): a new listing is judged by Amazon itself, one that is there is compared; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from connectors.amazon.client import AmazonClient
from connectors.amazon.listing_draft import OFFER_ONLY, Draft, first_prices
from connectors.amazon.listing_items import Shown, get_listing, put_listing
from connectors.amazon.listing_maker import Made, Maker
from connectors.amazon.numbers import NO_LISTING
from connectors.amazon.settings import AmazonSettings
from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError, MappingError
from connectors.kit.outgoing.previewing import Differences, refused
from connectors.kit.ports import Delivery, Difference
from schemas.records import Product


class ListingPreview:
    """Of products."""

    def __init__(self, settings: AmazonSettings, open_client: OpenClient[AmazonClient], maker: Maker) -> None:
        self._settings = settings.listings
        self._open = open_client
        self._maker = maker

    async def __call__(self, batch: Sequence[Delivery]) -> list[Differences]:
        """One for each, in order. Raises ConnectorError when Amazon cannot be asked."""
        return [await self._one(delivery) for delivery in batch]

    async def _one(self, delivery: Delivery) -> Differences:
        client, product = self._open(delivery.account), cast("Product", delivery.body)
        shown = await get_listing(client, product["sku"])
        if not product["active"]:
            return self._withdrawn(shown)
        if shown is not None and not shown.own_page:
            return ()
        own = [shown.sku] if shown is not None else []
        (made,) = await self._maker.make(client, delivery.account, [product], own)
        if isinstance(made, ConnectorError):
            return refused(made)
        return self._changed(shown, made.draft) if shown else await self._new(client, delivery, made)

    async def _new(self, client: AmazonClient, delivery: Delivery, made: Made) -> Differences:
        draft, place, product = made.draft, client.account.marketplaces[0], cast("Product", delivery.body)
        what = "an offer on a page that is there" if draft.requirements == OFFER_ONLY else f"a new {draft.product_type}"
        try:
            first = first_prices(product, [place], delivery.account, self._maker.first)
            attributes = {**draft.attributes(place, made.urls), **first[place]}
            await put_listing(
                client, product["sku"], place, draft.product_type, draft.requirements, attributes, preview=True
            )
        except (DataError, MappingError) as error:
            return refused(error)
        return (Difference("listing", NO_LISTING, what),)

    def _changed(self, shown: Shown, draft: Draft) -> Differences:
        """Amazon shows no more of a listing than its name in a way that can be compared."""
        name = str(draft.blocks.get("texts", {}).get("item_name", ""))
        return (Difference("title", shown.name, name),) if name and name != shown.name else ()

    def _withdrawn(self, shown: Shown | None) -> Differences:
        if shown is None:
            return ()
        if self._settings.remove:
            return (Difference("listing", shown.sku, "deleted"),)
        return (Difference("quantity", str(shown.quantity), "0"),) if shown.quantity and not shown.by_amazon else ()
