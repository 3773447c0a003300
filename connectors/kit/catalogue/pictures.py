"""The addresses of a product's pictures: checked and served from the media folder, or their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from connectors.kit.catalogue.image_fetch import ImageFetcher
from connectors.kit.catalogue.image_store import ImageStore, address_of, by_address
from connectors.kit.catalogue.problems import BAD_IMAGE
from connectors.kit.catalogue.settings import ImageSettings
from connectors.kit.errors import DataError
from schemas.records import Image


class Pictures:
    """By a connector's settings. `name`: the marketplace's, for people."""

    def __init__(self, settings: ImageSettings, name: str) -> None:
        self._settings = settings
        self._name = name
        self._fetcher = ImageFetcher(
            seconds=settings.fetch_seconds,
            largest_bytes=int(settings.largest_source_mb * 2**20),
            private_addresses=settings.private_addresses,
        )
        self._store: ImageStore | None = None
        if settings.folder:
            bring = by_address(self._fetcher.fetch, settings.odoo_url)
            self._store = ImageStore(Path(settings.folder), settings.public_url, settings.rules(), bring)

    async def urls(self, images: Sequence[Image]) -> tuple[list[str], list[str]]:
        """Their addresses in order, and notes of what was changed. Raises ConnectorError for one that cannot be had or served."""
        found: list[str] = []
        notes: list[str] = []
        for image in images:
            if self._store is None:
                found.append(self._own(image))
            else:
                stored = await self._store.stored(image)
                found.append(stored.url)
                notes += stored.notes
        return found, notes

    async def aclose(self) -> None:
        await self._fetcher.aclose()

    def _own(self, image: Image) -> str:
        if url := address_of(image, self._settings.odoo_url):
            return url
        raise DataError(
            f"a picture has no address {self._name} could fetch it from; set images.folder or images.odoo_url",
            code=BAD_IMAGE,
        )
