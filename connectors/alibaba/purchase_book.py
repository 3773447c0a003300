"""The book `purchases` of the platform: the buyer's orders, by the time they were made (REC-1). Reads only, behind all other calls of the app.

The list is read in windows of creation that end at the moment it is begun, so nothing new moves its pages. A window whose pages do not hold
as many orders as the list says is read again; one that never agrees is an error, for what a list lost would be called missing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from connectors.alibaba.client import AlibabaClient, open_client
from connectors.alibaba.errors import NO_ORDER, NO_RIGHT_TO_ORDER
from connectors.alibaba.mapping import order_id_of, to_supplier_order
from connectors.alibaba.purchase_plan import spec_of
from connectors.alibaba.settings import AlibabaSettings
from connectors.alibaba.source import order_rows
from connectors.alibaba.times import moment, stamp
from connectors.alibaba.trade import CURRENCY
from connectors.kit import exact_json
from connectors.kit.books import ZERO, Book, Entry, EntryLine, MadeBy
from connectors.kit.cursor import Window
from connectors.kit.errors import DataError, RuleError, TransientError
from connectors.kit.ports import Deps
from connectors.kit.rate import Priority
from schemas.records import Money, SupplierOrder

KIND = "purchases"
_TRIES = 4
_SHORTEST_ID = 10  # digits; whatever else a vendor reference holds is no order's number
_FIRST_PART = 1


class PurchaseBook:
    """`connectors.kit.books.Book`."""

    def __init__(
        self,
        settings: AlibabaSettings,
        client: AlibabaClient,
        now: Callable[[], datetime],
        begin: datetime | None = None,
    ) -> None:
        self.begin = begin  # when purchases were switched on: what was confirmed before was ordered by hand
        self._settings, self._client, self._now = settings, client, now
        self._prefix = settings.purchases.reference_prefix

    async def entries(self, since: datetime) -> AsyncIterator[Entry]:
        end, oldest = self._now(), timedelta(days=self._settings.history_days)
        if end - since > oldest:
            raise RuleError(f"the list of orders goes back {oldest.days} days: ask for less")
        step, told = timedelta(hours=self._settings.window_hours), set[str]()
        windows = [
            Window(since + step * at, min(end, since + step * (at + 1))) for at in range(-(-(end - since) // step))
        ]
        for window in windows:
            async for row in self._window(window):
                order_id = order_id_of(row)
                assert order_id is not None
                if order_id not in told:
                    told.add(order_id)
                    yield await self._entry(order_id, row)

    async def find(self, names: Collection[str], numbers: Collection[str]) -> Sequence[Entry]:
        found: dict[str, Entry] = {}
        for number in sorted(numbers):
            if number.isascii() and number.isdigit() and _SHORTEST_ID <= len(number) <= 20:
                order = await self._view(number)
                if order is not None:
                    found[number] = self._of_row(number, order)
        for name in sorted(names):
            for order_id, row in (await self._called(name)).items():
                found.setdefault(order_id, self._of_row(order_id, row))
        return list(found.values())

    def called(self, code: str) -> str:
        """`OFFER/SPEC` of `OFFER/SKU/SPEC`; `OFFER` where there is one spec only."""
        spec = spec_of(code)
        return "" if spec is None else "/".join(filter(None, spec))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _window(self, window: Window) -> AsyncIterator[Any]:
        """Every order of a window, each with its number. Windows with more orders than a query gives are halved."""
        query = {"createStartTime": stamp(window.start), "createEndTime": stamp(window.end)}
        rows, total = await self._agreed(query, self._settings.result_cap)
        if total <= self._settings.result_cap:
            for row in rows:
                yield row
            return
        middle = window.start + (window.end - window.start) / 2
        if middle - window.start < timedelta(seconds=1):
            raise TransientError("order list: more orders in a second than a query gives")
        for half in (Window(window.start, middle), Window(middle, window.end)):
            async for row in self._window(half):
                yield row

    async def _agreed(self, query: Mapping[str, Any], cap: int) -> tuple[list[Any], int]:
        """(the orders of a query, each once; how many the list says there are). Raises TransientError for a list that does not hold what it says."""
        for _ in range(_TRIES):
            rows, total = await self._pages(query, cap)
            if total > cap or (rows is not None and len(rows) == total):
                return rows or [], total
        raise TransientError(
            "order list: its pages do not hold the orders it counts, however often it is read; try again later"
        )

    async def _pages(self, query: Mapping[str, Any], cap: int) -> tuple[list[Any] | None, int]:
        """None: an order in it has no number."""
        found: dict[str, Any] = {}
        page, size = 1, self._settings.page_size
        while True:
            rows, total = await order_rows(self._client, {**query, "page": page, "pageSize": size}, Priority.REPORTS)
            for row in rows:
                if (order_id := order_id_of(row)) is None:
                    return None, total
                found[order_id] = row
            if not rows or page * size >= total or total > cap:
                return list(found.values()), total
            page += 1

    async def _called(self, name: str) -> dict[str, Any]:
        """Orders made under a reference, and under those of its further parts as long as there are any."""
        found: dict[str, Any] = {}
        part = _FIRST_PART
        while True:
            reference = name if part == _FIRST_PART else f"{name}-{part}"
            rows, _ = await self._agreed({"outOrderId": reference}, self._settings.result_cap)
            if any(str(row["baseInfo"].get("outOrderId") or reference) != reference for row in rows):
                raise RuleError("order list: it does not go by outOrderId, so nothing can be looked up by reference")
            found |= {cast(str, order_id_of(row)): row for row in rows}
            if not rows:
                return found
            part += 1

    async def _view(self, order_id: str) -> Any | None:
        """The order by itself; None when the platform shows this buyer no such order."""
        asked = {"webSite": "1688", "orderId": order_id}
        try:
            body = await self._client.call("order_view", asked, priority=Priority.REPORTS)
        except (DataError, RuleError) as error:
            if error.code == NO_ORDER or error.code in NO_RIGHT_TO_ORDER:
                return None
            raise
        order = body.get("result")
        if order_id_of(order) != order_id:
            raise TransientError(f"order_view {order_id}: the answer is not that order")
        return order

    async def _entry(self, order_id: str, row: Any) -> Entry:
        """What cannot be read in the list may be readable by itself."""
        entry = self._of_row(order_id, row)
        if not entry.problem:
            return entry
        order = await self._view(order_id)
        return entry if order is None else self._of_row(order_id, order)

    def _of_row(self, order_id: str, row: Any) -> Entry:
        base = row["baseInfo"]
        try:
            (first, *_) = to_supplier_order(exact_json.dumps({"order": row, "logistics": None, "trace": None}), "book")
        except DataError as error:
            made = moment(base.get("createTime")) or datetime.fromtimestamp(0, UTC)
            names, made_by = self._names(base.get("outOrderId"))
            changed = moment(base.get("modifyTime")) or made
            return Entry(order_id, "unknown", made, changed, names, (order_id,), made_by=made_by, problem=str(error))
        return self._of_order(cast(SupplierOrder, first.body))

    def _of_order(self, order: SupplierOrder) -> Entry:
        names, made_by = self._names(order["our_reference"])
        updated = cast(datetime, order["updated_at"])
        total, goods = _decimal(order["total"]), _decimal(order["goods"])
        return Entry(
            id=order["order_id"], state=order["state"], made_at=order["created_at"] or updated, changed_at=updated,
            names=names, numbers=(order["order_id"],), lines=tuple(
                EntryLine(("/".join(filter(None, (one["offer_id"], one["spec_id"]))),), Decimal(one["quantity"])) for one in order["lines"]
            ),
            amount=total, apart=ZERO if total is None or goods is None else total - goods, currency=CURRENCY, made_by=made_by,
        )  # fmt: skip

    def _names(self, reference: Any) -> tuple[tuple[str, ...], MadeBy]:
        """The references it may have been made under, its own first: `P7-2` is the second part of `P7`, or a purchase order of that name."""
        text = str(reference or "")
        if not text:
            return (), MadeBy.HAND
        if not text.startswith(self._prefix):
            return (), MadeBy.OTHERS
        whole, _, part = text.rpartition("-")
        is_part = bool(whole) and part.isascii() and part.isdigit() and not part.startswith("0") and part != "1"
        return (text, whole) if is_part and len(part) <= 4 else (text,), MadeBy.US


def _decimal(amount: Money | None) -> Decimal | None:
    return None if amount is None else Decimal(amount["amount"])


def open_book(settings: AlibabaSettings, whose: str, deps: Deps) -> Book:
    """Of the account in `alibaba:ACCOUNT`. Raises ValueError for an account that is not configured, or an environment that is another one."""
    settings.check_environment(deps.environment)
    account = whose.partition(":")[2]
    return PurchaseBook(settings, open_client(settings, account, deps.now), deps.now, settings.not_before(account))
