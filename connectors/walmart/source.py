"""Reads orders: the flow `orders` of one account (ORD-1). `connectors.kit.windowed` walks the list, this says which list it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from connectors.kit.cursor import to_text
from connectors.kit.passes import Pass
from connectors.kit.rate import Priority
from connectors.kit.windowed import Listed, ListRules, WindowedList, overlap_of, text_id
from connectors.walmart.client import WalmartClient
from connectors.walmart.mapping import version_of
from connectors.walmart.settings import WalmartSettings

FLOW = "orders"


class WalmartList(WindowedList):
    """A list of Walmart's. Its pages do not name the code by which a cursor that is too old is refused."""

    refusals: ClassVar[frozenset[str]] = frozenset({"INVALID_REQUEST", "INVALID_REQUEST_PARAM"})

    def __init__(
        self, settings: WalmartSettings, account: str, client: WalmartClient, now: Callable[[], datetime], lists: tuple[str, ...] = ("",)
    ) -> None:  # fmt: skip
        super().__init__(account, now, rules_of(settings, account), lists)
        self._settings = settings
        self._client = client

    async def aclose(self) -> None:
        await self._client.aclose()


class WalmartOrders(WalmartList):
    """`Source` of the flow `orders`."""

    flow = FLOW
    entity = "order"

    def __init__(
        self, settings: WalmartSettings, account: str, client: WalmartClient, now: Callable[[], datetime]
    ) -> None:
        super().__init__(settings, account, client, now, settings.account(account).node_types)

    async def _list(self, reading: Pass, priority: Priority) -> Listed:
        page = await self._client.list_orders(reading.cursor or self._query(reading), priority)
        return Listed(page.orders, page.next_cursor, page.total)

    async def _get(self, element_id: str) -> Any | None:
        return await self._client.get_order(element_id)

    def _query(self, reading: Pass) -> dict[str, str]:
        return {
            "lastModifiedStartDate": to_text(reading.window.start),
            "lastModifiedEndDate": to_text(reading.window.end),
            # Without it only orders created in the last seven days are listed, however recently they changed.
            "createdStartDate": to_text(self._oldest()),
            "shipNodeType": reading.node,
            "replacementInfo": "true",
            "limit": str(self._settings.page_size),
        }

    def _id_of(self, element: Any) -> str | None:
        return text_id(element, "purchaseOrderId")

    def _version_of(self, element: Any) -> int:
        return version_of(element)

    def _key(self, element_id: str) -> str:
        return f"walmart:{self.account}:{element_id}"

    def _path(self, element_id: str = "") -> str:
        return f"/v3/orders/{element_id}" if element_id else "/v3/orders"


def rules_of(settings: WalmartSettings, account: str) -> ListRules:
    """As configured. Raises ValueError for an account that is not."""
    return ListRules(
        overlap_of(settings),
        horizon=timedelta(seconds=settings.horizon_seconds),
        first=timedelta(days=settings.account(account).start_days_back),
        oldest=timedelta(days=settings.created_days_back),
        result_cap=settings.result_cap,
    )
