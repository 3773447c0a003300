"""What makes a marketplace's items of products: tables as their files say now, and checked pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from connectors.kit.catalogue import files, plugins
from connectors.kit.catalogue.files import TableFiles
from connectors.kit.catalogue.first_price import FirstPricing
from connectors.kit.catalogue.live import LiveTables
from connectors.kit.catalogue.pictures import Pictures
from connectors.kit.catalogue.settings import CatalogueSettings
from connectors.kit.catalogue.tables import Tables
from connectors.kit.catalogue.waiting import resolved
from connectors.kit.ports import FirstPrices, NoFirstPrices


class AnyMaker(Protocol):
    """What makes items of products, as far as it is alike everywhere."""

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        """Of the table lines and prices that held products wait for, those that are there now."""
        ...

    async def aclose(self) -> None: ...


class Making:
    """By a connector's settings. of: all its table files; source: the marketplace in keys; name: the same for people; prices: what new ones cost
    at first. Raises ValueError telling every fault of the tables: at start."""

    def __init__(
        self, settings: CatalogueSettings, of: TableFiles, source: str, name: str, prices: FirstPrices | None = None
    ) -> None:
        conversions = plugins.conversions(settings.conversions)
        self._tables = LiveTables(lambda: files.load(of, conversions, settings.html()), of.all())
        self._source = source
        self.first = FirstPricing(source, prices or NoFirstPrices())
        self.pictures = Pictures(settings.images, name)

    def tables(self) -> Tables:
        """As their files say now."""
        return self._tables.current()

    def resolved(self, waiting_for: Sequence[str], account: str) -> Sequence[str]:
        in_tables = resolved(waiting_for, self.tables(), f"{self._source}:{account}")
        return [*in_tables, *self.first.resolved(waiting_for, account)]

    async def aclose(self) -> None:
        await self.pictures.aclose()
