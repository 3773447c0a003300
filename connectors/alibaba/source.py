"""Reads orders: the flow `orders` of one account (PO-2, LOG-1). `connectors.kit.windowed` walks the list, this says which list it is.

The list goes by time of modification and holds no parcels, so each order in it is fetched whole. Steps of a parcel do not change an order's time:
they come by messages (`message_source.py`) and by the list of what is under way, which the flow `parcels` reads (`parcel_source.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from connectors.alibaba import mapping
from connectors.alibaba.client import AlibabaClient
from connectors.alibaba.mapping import order_id_of, order_key, version_of
from connectors.alibaba.reading import OrderReader
from connectors.alibaba.reference import AlibabaReference
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.times import stamp
from connectors.kit.cursor import Window
from connectors.kit.errors import TransientError
from connectors.kit.passes import Pass, Position
from connectors.kit.ports import Page
from connectors.kit.rate import Priority
from connectors.kit.windowed import Listed, ListRules, WindowedList, overlap_of

FLOW = "orders"


class AlibabaOrders(WindowedList):
    """`Source` of the flow `orders`."""

    flow = FLOW
    entity = mapping.ENTITY

    def __init__(
        self, settings: AlibabaSettings, account: str, client: AlibabaClient, now: Callable[[], datetime]
    ) -> None:
        super().__init__(account, now, rules_of(settings, account))
        self._settings = settings
        self._client = client
        reference = AlibabaReference(settings, account, client, now)
        self._orders = OrderReader(client, reference)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _step(self, run: Any, position: Position) -> tuple[Page | None, Position]:
        """Longer windows are read in slices: how long one may be is said nowhere."""
        reading, longest = position.reading, timedelta(hours=self._settings.window_hours)
        if reading is not None and not reading.cursor and reading.window.end - reading.window.start > longest:
            start = reading.window.start
            return None, replace(position, reading=replace(reading, window=Window(start, start + longest)))
        return await super()._step(run, position)

    async def _list(self, reading: Pass, priority: Priority) -> Listed:
        page = int(reading.cursor or 1)
        window = {"modifyStartTime": stamp(reading.window.start), "modifyEndTime": stamp(reading.window.end)}
        rows, total = await order_rows(
            self._client, {**window, "page": page, "pageSize": self._settings.page_size}, priority
        )
        whole = [await self._completed(row, priority) for row in rows]
        more = rows and total > page * self._settings.page_size
        return Listed(tuple(whole), str(page + 1) if more else "", total)

    async def _completed(self, row: Any, priority: Priority) -> Any:
        """The order with its parcels. What has no id stays as it is, and is told as a problem."""
        order_id = order_id_of(row)
        found = await self._orders.read(order_id, priority) if order_id else None
        return found or row

    async def _get(self, element_id: str) -> Any | None:
        return await self._orders.read(element_id)

    def _id_of(self, element: Any) -> str | None:
        return order_id_of(element)

    def _version_of(self, element: Any) -> int:
        return version_of(element)

    def _key(self, element_id: str) -> str:
        return order_key(self.account, element_id)

    def _path(self, element_id: str = "") -> str:
        return f"order_view {element_id}" if element_id else "order_list"


async def order_rows(client: AlibabaClient, query: dict[str, Any], priority: Priority) -> tuple[list[Any], int]:
    """(elements of a page as they came, how many the list holds). A list without its parts is an answer gone wrong: transient."""
    body = await client.call("order_list", query, priority=priority)
    rows, total = body.get("result"), body.get("totalRecord")
    total = int(total) if isinstance(total, str) and total.isascii() and total.isdigit() else total
    if rows is None and total == 0:
        rows = []
    if not isinstance(rows, list) or not isinstance(total, int) or isinstance(total, bool):
        raise TransientError("order list: the answer has no `result` with its `totalRecord`")
    return rows, total


def rules_of(settings: AlibabaSettings, account: str) -> ListRules:
    """As configured. Raises ValueError for an account that is not."""
    return ListRules(
        overlap_of(settings),
        horizon=timedelta(seconds=settings.horizon_seconds),
        first=timedelta(days=settings.account(account).start_days_back),
        oldest=timedelta(days=settings.history_days),
        result_cap=settings.result_cap,
    )
