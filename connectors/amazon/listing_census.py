"""Listings that are gone: the flow `listing_census` of one account (PRD-2, REC-4).

The search of the catalogue names what there is, so a listing that was deleted keeps its last status for ever. Once a day what the pipeline holds as
shown at Amazon is compared with what the catalogue's full reading has published since (once in 24 hours); what it did not name is asked for by its
SKU. A listing that is there was missed: it is published like any other. One that Amazon does not know is told as gone, which is `retired`.

It asks for no list, so it costs nothing while nothing is gone. Where the catalogue has not been read for two days it asks for every listing, one call
each. What is not shown at Amazon yet is left to whoever makes it; what is told again later is there again.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import datetime, timedelta

from connectors.amazon.catalogue import ENTITY, GONE, AmazonCatalogue
from connectors.amazon.client import AmazonClient
from connectors.amazon.settings import AmazonSettings
from connectors.kit import exact_json
from connectors.kit.cursor import whole_second
from connectors.kit.metrics import CENSUS_IDS
from connectors.kit.ports import Fetched, Page

logger = logging.getLogger(__name__)

FLOW, CANONICAL = "listing_census", "listing"
KNOWN, MISSING, VANISHED = "known", "missing", "vanished"
# Twice what the catalogue takes to read all of it.
_READ_WITHIN = timedelta(days=2)
_PAGE = 20
Known = Callable[[str], Awaitable[Collection[str]]]
Seen = Callable[[str, str, datetime], Awaitable[Mapping[str, int]]]


class AmazonListingCensus(AmazonCatalogue):
    """`Source` of the flow `listing_census`. `known`, `seen`: see `connectors.kit.ports.Deps`. Nothing of a census is to be resumed: what it has
    told is among what was seen."""

    flow = FLOW

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, now: Callable[[], datetime], known: Known, seen: Seen
    ) -> None:  # fmt: skip
        super().__init__(settings, account, client, now)
        self._known = known
        self._seen = seen

    async def pages(self, position: str) -> AsyncIterator[Page]:
        """A census. Raises what calls raise."""
        began, left = whole_second(self._now()), await self._unread()
        for start in range(0, len(left), _PAGE):
            items = [await self._told(sku) for sku in left[start : start + _PAGE]]
            yield Page(tuple(items), "", None, last=False, request=f"GET {self._path('SKU')}")
        yield Page((), "", began, request=f"GET {self._path('SKU')}")

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """The same: a census knows no time."""
        return self.pages("")

    async def _unread(self) -> list[str]:
        """SKUs that the pipeline holds as shown and that nobody has read lately."""
        prefix = self._key("")
        held = {key for key in await self._known(CANONICAL) if key.startswith(prefix)}
        # Asked second: what is published meanwhile is among it.
        seen = await self._seen("amazon", ENTITY, self._now() - _READ_WITHIN) if held else {}
        left = sorted(key.removeprefix(prefix) for key in held - seen.keys())
        CENSUS_IDS.labels("amazon", self.account, FLOW, KNOWN).inc(len(held) - len(left))
        return left

    async def _told(self, sku: str) -> Fetched:
        element = await self._get(sku)
        found = VANISHED if element is None else MISSING
        CENSUS_IDS.labels("amazon", self.account, FLOW, found).inc()
        logger.warning("listing_census account=%s sku=%s found=%s", self.account, sku, found)
        return Fetched(
            self._key(sku), ENTITY, exact_json.dumps({"sku": sku, GONE: True} if element is None else element)
        )
