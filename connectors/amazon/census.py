"""Proves that no order was missed: the flow `census` of one account (REC-4).

Once a day the orders made in the last days are listed again, ids and times only, and compared with what was published raw by any flow. An
order that was never seen, or whose last change was not, is fetched by its id, published like any other and counted. Younger orders than
`settle_minutes` are left alone: the other flows may still be on their way with them. So are those whose last change lies before everything that
was seen: an account begins with orders of the last `start_days_back` days, and a census is not to bring older ones in.

The list is asked by the time of creation, which never changes, so nothing moves while it is paged. What a census cannot see: a change
after its own listing, which is the next one's.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from connectors.amazon.client import AmazonClient
from connectors.amazon.settings import AmazonSettings
from connectors.amazon.source import ENTITY, OLDEST, OrderList
from connectors.kit.cursor import Overlap, to_text
from connectors.kit.metrics import CENSUS_IDS
from connectors.kit.passes import Pass
from connectors.kit.ports import Page
from connectors.kit.rate import Priority
from connectors.kit.windowed import Listed, ListRules

logger = logging.getLogger(__name__)
FLOW = "census"
KNOWN, MISSING, OUTDATED, VANISHED, EARLIER = "known", "missing", "outdated", "vanished", "earlier"
_GAPS = (MISSING, OUTDATED)
Seen = Callable[[str, str, datetime], Awaitable[Mapping[str, int]]]


class AmazonCensus(OrderList):
    """`Source` of the flow `census`. `seen`: see `connectors.kit.ports.Deps`. Its pages hold what was missed, nothing else."""

    flow = FLOW

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, now: Callable[[], datetime], seen: Seen
    ) -> None:
        self._reach = timedelta(days=settings.census.days)
        self._settled = timedelta(minutes=settings.census.settle_minutes)
        # Each time the whole reach is listed again, however far the last one came.
        overlap = Overlap(self._reach, self._reach, 0)
        rules = ListRules(overlap, self._settled, self._reach, OLDEST, behind=timedelta(days=1))
        super().__init__(settings, account, client, now, rules)
        self._ask_seen = seen
        self._seen: Mapping[str, int] | None = None
        self._floor = 0.0

    def pages(self, position: str) -> AsyncIterator[Page]:
        """See `WindowedList.pages`. What was seen is read anew for each census."""
        self._seen = None
        return super().pages(position)

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """A census of the orders made since then."""
        self._seen = None
        return super().resync(since)

    async def _list(self, reading: Pass, priority: Priority) -> Listed:
        query = {
            "createdAfter": to_text(reading.window.start),
            "createdBefore": to_text(reading.window.end),
            **self._filters(reading),
        }
        page = await self._client.search_orders(query, Priority.REPORTS)
        seen = await self._seen_since(reading.window.start)
        found = [await self._missed(element, seen) for element in page.orders]
        return Listed(tuple(order for order in found if order is not None), page.next_token, until=page.until)

    async def _seen_since(self, start: datetime) -> Mapping[str, int]:
        # Asked after the first page came: whatever was published before that is among it.
        if self._seen is None:
            self._seen = await self._ask_seen("amazon", ENTITY, start)
            self._floor = self._began(self._seen)
        return self._seen

    async def _missed(self, element: Any, seen: Mapping[str, int]) -> Any | None:
        """The whole order when it was missed, as it came; None when it was not. What has no id is given as it is: a problem."""
        order_id = self._id_of(element)
        if order_id is None:
            return element
        found, order = self._found(order_id, self._version_of(element), seen), None
        if found in _GAPS:
            order = await self._client.get_order(order_id, self._settings.included_data, Priority.REPORTS)
            found = VANISHED if order is None else found
            logger.warning("census_gap account=%s order=%s found=%s", self.account, order_id, found)
        CENSUS_IDS.labels("amazon", self.account, FLOW, found).inc()
        return order

    def _found(self, order_id: str, version: int, seen: Mapping[str, int]) -> str:
        newest = seen.get(self._key(order_id))
        if newest is None:
            return MISSING if not version or version >= self._floor else EARLIER
        # A change of the last hour may be on its way.
        settled = (self._now() - self._settled).timestamp() * 1000
        return OUTDATED if newest < version < settled else KNOWN

    def _began(self, seen: Mapping[str, int]) -> float:
        """The oldest change that was read at all, milliseconds: of this account, else where its first poll begins."""
        mine = [version for key, version in seen.items() if version and key.startswith(self._key(""))]
        first = self._now() - timedelta(days=self._keys.start_days_back)
        return min(mine, default=first.timestamp() * 1000)
