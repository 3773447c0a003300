"""Reads what is on its way: the flow `parcels` of one account (LOG-1). A parcel's steps do not change the time of its order, so no window of changes
brings them; whose messages were lost is found here, by the list of orders that wait for the buyer.

There is nothing to resume from: each poll reads the list from its first page. What did not change is dropped by checksum later.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta

from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.mapping import order_id_of
from connectors.alibaba.reading import OrderReader, fetched_order, no_order
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.source import order_rows
from connectors.alibaba.times import stamp
from connectors.kit.ports import Fetched, Page, Problem
from connectors.kit.rate import Priority

FLOW = "parcels"
ON_THE_WAY = "waitbuyerreceive"


class AlibabaParcels:
    """`Source` of the flow `parcels`: the orders around them."""

    flow = FLOW

    def __init__(
        self, settings: AlibabaSettings, account: str, client: AlibabaClient, now: Callable[[], datetime]
    ) -> None:
        self.account = account
        self._settings = settings
        self._client = client
        reference = AlibabaReference(settings, account, client, now)
        self._orders = OrderReader(client, reference)
        self._now = now

    def pages(self, position: str) -> AsyncIterator[Page]:
        """All that is on its way."""
        return self._walk(self._now() - timedelta(days=self._settings.history_days))

    def resync(self, since: datetime) -> AsyncIterator[Page]:
        """Of what was created since then."""
        return self._walk(since)

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these orders, a page each."""
        for number, order_id in enumerate(ids, 1):
            items, problems = await self._read(order_id)
            yield Page(items, "", None, number == len(ids), problems, f"order_view {order_id}")

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _walk(self, created_since: datetime) -> AsyncIterator[Page]:
        began, page, seen = self._now(), 1, set[str]()
        query = {
            "orderStatus": ON_THE_WAY,
            "createStartTime": stamp(created_since),
            "pageSize": self._settings.page_size,
        }
        while True:
            rows, total = await order_rows(self._client, {**query, "page": page}, Priority.REPORTS)
            found = [order_id for row in rows if (order_id := order_id_of(row)) and order_id not in seen]
            seen.update(found)
            read = [await self._read(order_id) for order_id in found]
            items = tuple(item for some, _ in read for item in some)
            problems = tuple(problem for _, some in read for problem in some)
            last = not rows or total <= page * self._settings.page_size
            yield Page(items, "", began if last else None, last, problems, f"order_list {ON_THE_WAY} page {page}")
            if last:
                return
            page += 1

    async def _read(self, order_id: str) -> tuple[tuple[Fetched, ...], tuple[Problem, ...]]:
        content = await self._orders.read(order_id, Priority.REPORTS)
        if content is None:
            return (), (no_order(self.account, order_id),)
        return (fetched_order(self.account, order_id, content),), ()
