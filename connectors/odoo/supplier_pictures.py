"""The main picture of an offer, as Odoo takes it (PRD-2). What keeps it out is a note; the rest of the offer goes on.

It is fetched by https from a public address; a host the configuration names may also be asked by plain http or at a private address. After some
failures in a row nothing is asked for a minute: a host that is down must not hold up a batch of offers, each for the longest wait.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx

from connectors.kit.catalogue.image_check import checked
from connectors.kit.catalogue.image_fetch import ImageFetcher
from connectors.kit.catalogue.image_rules import ImageRules
from connectors.kit.errors import ConnectorError, RetryError, TransientError
from connectors.odoo.supplier_settings import SupplierProductSettings

RULES = ImageRules(smallest_side=1, largest_side=1920)  # Odoo's image_1920 is no larger
_AT_A_TIME = 4  # a batch of offers must not hold hundreds of pictures in memory
_MOST_FAILURES, _REST = 3, timedelta(minutes=1)


class SupplierPictures:
    """See the module's first lines."""

    def __init__(self, settings: SupplierProductSettings, now: Callable[[], datetime]) -> None:
        self._trusted = frozenset(one.casefold() for one in settings.image_hosts)
        self._public = ImageFetcher(seconds=settings.image_seconds)
        self._named = ImageFetcher(seconds=settings.image_seconds, private_addresses=True)
        self._turn = asyncio.Semaphore(_AT_A_TIME)
        self._now, self._failures, self._rests_until = now, 0, datetime.min.replace(tzinfo=UTC)

    async def fetched(self, url: str, notes: list[str]) -> str:
        """Base64 of a JPEG; "" with a note for what cannot be had or is no picture."""
        try:
            async with self._turn:
                content = await self._content(url)
                picture = await asyncio.to_thread(checked, content, RULES)
        except ConnectorError as error:
            notes.append("image_not_fetched" if isinstance(error, RetryError) else "image_refused")
            return ""
        return base64.b64encode(picture.jpeg).decode()

    async def _content(self, url: str) -> bytes:
        if self._now() < self._rests_until:
            raise TransientError("hosts of pictures failed just now")
        fetcher = self._named if _host(url) & self._trusted else self._public
        try:
            content = await fetcher.fetch(url)
        except RetryError:
            self._failures += 1
            if self._failures >= _MOST_FAILURES:
                self._failures, self._rests_until = 0, self._now() + _REST
            raise
        self._failures = 0
        return content

    async def aclose(self) -> None:
        await self._public.aclose()
        await self._named.aclose()


def _host(url: str) -> frozenset[str]:
    """The host, alone and with its port."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return frozenset()
    return frozenset({parsed.host, parsed.netloc.decode()})
