"""Reads orders: the flow `orders` of one account (ORD-1). `connectors.kit.windowed` walks the list, this says which list it is.

The list takes no time younger than two minutes ago and is asked at most every three minutes in the long run (0.0056 calls a second), so a poll
is one call where a page of 100 suffices. It counts nothing: what could fall between two pages is left to the overlap and the census.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.amazon.client import ORDERS, AmazonClient
from connectors.amazon.errors import REFUSED
from connectors.amazon.mapping import version_of
from connectors.amazon.settings import AmazonSettings
from connectors.kit.cursor import to_text
from connectors.kit.passes import Pass
from connectors.kit.rate import Priority
from connectors.kit.windowed import Listed, ListRules, WindowedList, overlap_of, text_id

FLOW, ENTITY = "orders", "order"
# Amazon keeps orders for two years (JP, AU and SG longer).
OLDEST = timedelta(days=729)
# At one call in three minutes a long poll ends behind; what came meanwhile has time until the next one.
_BEHIND = timedelta(minutes=15)


class OrderList(WindowedList):
    """The order list of an account, whatever is asked of it."""

    entity = ENTITY
    refusals: ClassVar[frozenset[str]] = frozenset({REFUSED})

    def __init__(
        self,
        settings: AmazonSettings,
        account: str,
        client: AmazonClient,
        now: Callable[[], datetime],
        rules: ListRules,
    ) -> None:
        super().__init__(account, now, rules)
        self._settings = settings
        self._keys = settings.account(account)
        self._client = client

    async def _get(self, element_id: str) -> Any | None:
        return await self._client.get_order(element_id, self._settings.included_data)

    def _filters(self, reading: Pass) -> dict[str, str | tuple[str, ...]]:
        """What is repeated with each page, as Amazon demands."""
        return {
            "marketplaceIds": self._keys.marketplaces,
            "fulfilledBy": self._keys.fulfilled_by,
            "fulfillmentStatuses": self._keys.listed_statuses(),
            "maxResultsPerPage": str(self._settings.page_size),
            "paginationToken": reading.cursor,
        }

    def _id_of(self, element: Any) -> str | None:
        return text_id(element, "orderId")

    def _version_of(self, element: Any) -> int:
        return version_of(element)

    def _key(self, element_id: str) -> str:
        return f"amazon:{self.account}:{element_id}"

    def _path(self, element_id: str = "") -> str:
        return f"{ORDERS}/{element_id}" if element_id else ORDERS

    async def aclose(self) -> None:
        await self._client.aclose()


class AmazonOrders(OrderList):
    """`Source` of the flow `orders`."""

    flow = FLOW

    def __init__(
        self, settings: AmazonSettings, account: str, client: AmazonClient, now: Callable[[], datetime]
    ) -> None:
        super().__init__(settings, account, client, now, rules_of(settings, account))

    async def _list(self, reading: Pass, priority: Priority) -> Listed:
        query = {
            "lastUpdatedAfter": to_text(reading.window.start),
            "lastUpdatedBefore": to_text(reading.window.end),
            **self._filters(reading),
            "includedData": self._settings.included_data,
        }
        page = await self._client.search_orders(query, priority)
        return Listed(page.orders, page.next_token, until=page.until)


def rules_of(settings: AmazonSettings, account: str) -> ListRules:
    """As configured. Raises ValueError for an account that is not."""
    return ListRules(
        overlap_of(settings),
        horizon=timedelta(seconds=settings.horizon_seconds),
        first=timedelta(days=settings.account(account).start_days_back),
        oldest=OLDEST,
        behind=_BEHIND,
    )
