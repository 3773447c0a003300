"""What a delivery would change at Walmart (OPS-7): read, compared, nothing written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, cast

from connectors.kit.accounts import OpenClient
from connectors.kit.errors import ConnectorError, DataError
from connectors.kit.outgoing.previewing import Differences, refused
from connectors.kit.outgoing.publication import Status
from connectors.kit.ports import Delivery, Difference
from connectors.kit.reading import Reader
from connectors.walmart.acknowledge import acknowledgement
from connectors.walmart.client import WalmartClient
from connectors.walmart.item_maker import Made, Maker
from connectors.walmart.items import get_item
from connectors.walmart.publication import listing_in
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.skus import SKUS
from connectors.walmart.stock import Stock
from schemas.records import Product

NO_ITEM = "no item of this SKU"


class AcknowledgementPreview:
    """Of acknowledgements: whether Walmart still waits for one."""

    def __init__(self, open_client: OpenClient[WalmartClient]) -> None:
        self._open = open_client

    async def __call__(self, batch: Sequence[Delivery]) -> list[Differences]:
        """One for each, in order. Raises ConnectorError when Walmart cannot be asked."""
        found: list[Differences] = []
        for delivery in batch:
            try:
                found.append(await acknowledgement(self._open(delivery.account), delivery))
            except DataError as error:
                found.append(refused(error))
        return found


class ListingPreview:
    """Of items: whether Walmart has it, and what it shows of it, against what would be sent."""

    def __init__(
        self,
        settings: WalmartSettings,
        open_client: OpenClient[WalmartClient],
        maker: Maker,
        now: Callable[[], datetime],
    ) -> None:
        self._open = open_client
        self._maker = maker
        self._now = now
        self._retire = settings.listings.retire
        self._stock = Stock(settings)

    async def __call__(self, batch: Sequence[Delivery]) -> list[Differences]:
        """One for each, in order. Raises ConnectorError when Walmart cannot be asked."""
        made: dict[str, Made | ConnectorError] = {}
        shown = {one.id: await self._shown(one) for one in batch}
        for account in dict.fromkeys(delivery.account for delivery in batch):
            mine = [delivery for delivery in batch if delivery.account == account and delivery.body["active"]]
            products = [cast("Product", delivery.body) for delivery in mine]
            there = {str(delivery.body["sku"]) for delivery in mine if shown[delivery.id] is not None}
            results = await self._maker.make(account, products, there) if products else ()
            made |= {delivery.id: one for delivery, one in zip(mine, results, strict=True)}
        return [await self._one(delivery, shown[delivery.id], made.get(delivery.id)) for delivery in batch]

    async def _shown(self, delivery: Delivery) -> Reader | None:
        sku = str(delivery.body["sku"])
        return await get_item(self._open(delivery.account), sku) if SKUS.fits(sku) else None

    async def _one(self, delivery: Delivery, found: Reader | None, made: Made | ConnectorError | None) -> Differences:
        client, sku = self._open(delivery.account), str(delivery.body["sku"])
        if isinstance(made, ConnectorError):
            return refused(made)
        if made is None:
            return await self._withdrawn(client, delivery.account, sku, found)
        told = told_by(made.item)
        if found is None:
            return (Difference("item", NO_ITEM, f"a new item of type {made.product_type}"), *_all_new(told))
        shown = listing_in(delivery.account, found, self._now()).body
        now = {"title": shown["title"], "product_type": shown["product_type"], "barcode": shown["barcode"]}
        would = {"product_type": made.product_type, **told}
        # Walmart shows no more of an item than this, and its price, which an update leaves alone; what else would be sent cannot be compared.
        return [
            Difference(name, now[name], would[name]) for name in now if would.get(name) and would[name] != now[name]
        ]

    async def _withdrawn(self, client: WalmartClient, account: str, sku: str, found: Reader | None) -> Differences:
        if found is None:
            return ()
        shown = listing_in(account, found, self._now()).body
        if self._retire:
            done = shown["status"] == Status.RETIRED
            return () if done else (Difference("status", str(shown["status"]), Status.RETIRED.value),)
        held = await self._stock.held(client, account, sku)
        return (Difference("quantity", str(held), "0"),) if held else ()


def told_by(item: dict[str, Any]) -> dict[str, str]:
    """What an MPItem element says of what Walmart shows again; its attributes may stand in either block."""
    blocks = [item.get("Orderable", {}), *item.get("Visible", {}).values()]
    whole = {name: value for block in blocks for name, value in block.items()}
    identifiers = whole.get("productIdentifiers")
    told = {"title": str(whole.get("productName", "")), "price": str(whole.get("price", ""))}
    if isinstance(identifiers, dict):
        told["barcode"] = str(identifiers.get("productId", ""))
    return {name: text for name, text in told.items() if text}


def _all_new(told: dict[str, str]) -> list[Difference]:
    return [Difference(name, "", text) for name, text in told.items()]
