"""Reads orders: the flow `orders` of one account (ORD-1). `windowed` walks the list, this says which list it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from connectors.kit.cursor import to_text
from connectors.kit.rate import Priority
from connectors.walmart.client import ORDER_ID, OrderPage, WalmartClient
from connectors.walmart.mapping import version_of
from connectors.walmart.passes import Pass
from connectors.walmart.settings import WalmartSettings
from connectors.walmart.windowed import WindowedList

FLOW = "orders"


class WalmartOrders(WindowedList):
    """`Source` of the flow `orders`."""

    flow = FLOW
    entity = "order"

    def __init__(
        self, settings: WalmartSettings, account: str, client: WalmartClient, now: Callable[[], datetime]
    ) -> None:
        super().__init__(settings, account, client, now, settings.account(account).node_types)

    async def _list(self, query: Mapping[str, str] | str, priority: Priority) -> OrderPage:
        return await self._client.list_orders(query, priority)

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
        return id_of(element)

    def _version_of(self, element: Any) -> int:
        return version_of(element)

    def _key(self, element_id: str) -> str:
        return f"walmart:{self.account}:{element_id}"

    def _path(self, element_id: str = "") -> str:
        return f"/v3/orders/{element_id}" if element_id else "/v3/orders"


def id_of(order: Any) -> str | None:
    """The purchaseOrderId of an element, None when it has none that can be one."""
    return text_id(order, "purchaseOrderId")


def text_id(element: Any, name: str) -> str | None:
    """An id under that name, whether it came as text or as a number; None when there is none that can be one."""
    value = element.get(name) if isinstance(element, dict) else None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text.strip() if isinstance(text, str) and ORDER_ID.fullmatch(text.strip()) else None
