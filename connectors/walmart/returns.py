"""Returns in: the flow `returns` (RET-1). The list is read like that of orders; each return is mapped with its three states kept apart.

(Source: model returns.json; its names differ from those of orders: `currencyAmount`, `measurementValue`, ISO times, line numbers as integers.)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from connectors.kit import exact_json
from connectors.kit.cursor import to_text
from connectors.kit.errors import DataError
from connectors.kit.money import quantity_text
from connectors.kit.passes import Pass
from connectors.kit.ports import Canonical
from connectors.kit.rate import Priority
from connectors.kit.reading import Reader, millis_of
from connectors.kit.return_states import financial_of, physical_of, service_of
from connectors.kit.windowed import Listed, text_id
from connectors.walmart import errors
from connectors.walmart.client import count_in
from connectors.walmart.source import WalmartList
from schemas.records import Money, ReturnLine, ReturnOrder

FLOW, ENTITY = "returns", "return"
PATH = "/v3/returns"

# Where the goods are: `currentDeliveryStatus`.
PHYSICAL = {
    "NOT_SHIPPED": "announced",
    "IN_TRANSIT": "in_transit",
    "SHIPPED": "in_transit",
    "DELIVERED": "received",
    "LOST": "lost",
}
# Where the money is: `currentRefundStatus`.
FINANCIAL = {
    "": "none",
    "REFUND_INITIATED": "pending",
    "REFUND_COMPLETED": "refunded",
    "REFUND_FAILED": "refused",
    "REFUND_REJECTED": "refused",
}


class WalmartReturns(WalmartList):
    """`Source` of the flow `returns`."""

    flow = FLOW
    entity = ENTITY

    async def _list(self, reading: Pass, priority: Priority) -> Listed:
        return await self._page_of(reading.cursor or "?" + urlencode(self._query(reading)), priority)

    async def _get(self, element_id: str) -> Any | None:
        page = await self._page_of("?" + urlencode({"returnOrderId": element_id, "limit": "10"}), Priority.ORDERS)
        return next((one for one in page.elements if self._id_of(one) == element_id), None)

    async def _page_of(self, query: str, priority: Priority) -> Listed:
        try:
            answer, content = await self._client.call("list_returns", "GET", PATH + query, priority=priority)
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return Listed((), "", 0)
            raise
        found = content.get("returnOrders") if isinstance(content, dict) else None
        meta = content.get("meta") if isinstance(content, dict) else None
        if not isinstance(meta, dict) or not isinstance(found, list | type(None)):
            raise answer.asked.left("gave no `meta` and `returnOrders`")
        cursor = meta.get("nextCursor")
        cursor = cursor.strip() if isinstance(cursor, str) else ""
        if cursor and not cursor.startswith("?"):
            raise answer.asked.left("gave a nextCursor that does not start with `?`")
        return Listed(tuple(found or ()), cursor, count_in(meta.get("totalCount")))

    def _query(self, reading: Pass) -> dict[str, str]:
        return {  # a start without its end is refused
            "returnLastModifiedStartDate": to_text(reading.window.start),
            "returnLastModifiedEndDate": to_text(reading.window.end),
            "limit": str(self._settings.page_size),
        }

    def _id_of(self, element: Any) -> str | None:
        return text_id(element, "returnOrderId")

    def _version_of(self, element: Any) -> int:
        return version_of(element)

    def _key(self, element_id: str) -> str:
        return f"walmart:{self.account}:return:{element_id}"

    def _path(self, element_id: str = "") -> str:
        return f"{PATH}?returnOrderId={element_id}" if element_id else PATH


def version_of(element: Any) -> int:
    """The newest time the return states, milliseconds; 0 when it states none that can be read."""
    try:
        reader = Reader(element).an_object()
        times = [reader.time("returnOrderDate")]
        for line in reader.children("returnOrderLines"):
            times.append(line.time("statusTime"))
            times += [event.time("eventTime") for event in line.children("returnTrackingDetail")]
            times += [state.time("statusTime") for state in line.children("currentTrackingStatuses")]
    except DataError:
        return 0
    return max((millis_of(time) for time in times if time is not None), default=0)


def to_return(payload: bytes, account: str) -> Sequence[Canonical]:
    """One return of Walmart -> the canonical one. Raises DataError."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: not JSON ({type(error).__name__})", code="DATA") from None
    reader = Reader(content).an_object()
    lines = [_line(line) for line in reader.children("returnOrderLines")]
    if not lines:
        raise reader["returnOrderLines"].wrong("at least one line")
    return_id, created = reader.needed_text("returnOrderId"), reader.needed_time("returnOrderDate")
    version = version_of(content)
    body = ReturnOrder(
        key=f"walmart:{account}:return:{return_id}", source="walmart", account=account, return_id=return_id,
        order_key=f"walmart:{account}:{_purchase_order(reader)}", customer_order_id=reader.text("customerOrderId"), version=version,
        kind="replacement" if reader.text("returnType").upper() == "REPLACEMENT" else "refund", created_at=created,
        updated_at=_newest(reader, created), physical=physical_of(line["physical"] for line in lines),
        financial=financial_of([line["financial"] for line in lines]), service=service_of([line["service"] for line in lines]),
        source_status=",".join(dict.fromkeys(line.text("status") for line in reader.children("returnOrderLines"))),
        total_refund=_money(reader["totalRefundAmount"]), lines=lines,
        extras={name: reader.text(name) for name in ("refundMode", "replacementCustomerOrderId") if reader.text(name)},
    )  # fmt: skip
    return (Canonical("return_order", body["key"], version, body),)


def _purchase_order(reader: Reader) -> str:
    """The purchase order all lines belong to. Raises DataError for a return of several, which are several sale orders in Odoo."""
    found = {line.needed_text("purchaseOrderId") for line in reader.children("returnOrderLines")}
    if len(found) > 1:
        raise reader["returnOrderLines"].wrong(
            "lines of one purchase order (this return spans several: book it by hand)"
        )
    return found.pop()


def _line(line: Reader) -> ReturnLine:
    quantity = _quantity(line["quantity"])
    refunded = line.decimal("refundedQty", whole_digits=6) if not line["refundedQty"].missing else Decimal(0)
    kept = line.flag("isKeepIt") or (not line["returnExpectedFlag"].missing and not line.flag("returnExpectedFlag"))
    cancelled = line.text("returnCancellationReason")
    financial = FINANCIAL.get(line.text("currentRefundStatus").upper(), "pending")
    if Decimal(0) < refunded < quantity:
        financial = "partly_refunded"
    if cancelled and not refunded:
        financial = "none"
    service = "cancelled" if cancelled else "closed" if line.text("status").upper() == "COMPLETED" else "open"
    return ReturnLine(
        return_line_id=line.needed_text("returnOrderLineNumber"), line_id=line.needed_text("purchaseOrderLineNumber"),
        sku=line["item"].text("sku"), quantity=quantity_text(quantity), reason=line.text("returnReason"),
        physical="none" if kept or cancelled else PHYSICAL.get(line.text("currentDeliveryStatus").upper(), "announced"),
        financial=financial, service=service, carrier="", tracking_number="", refund=_refund(line, refunded), kept=kept,
    )  # fmt: skip


def _refund(line: Reader, refunded: Decimal) -> Money | None:
    """What went back to the buyer for the units refunded so far: charges and taxes are told per unit."""
    if not refunded:
        return None
    total, currency = Decimal(0), "USD"
    for charge in line.children("charges"):
        money = charge["chargePerUnit"]
        total += money.decimal("currencyAmount", whole_digits=9)
        currency = money.text("currencyUnit") or currency
        for tax in charge.children("tax"):
            total += tax["taxPerUnit"].decimal("currencyAmount", whole_digits=9)
    return Money(amount=str(total * refunded), currency=currency)


def _money(money: Reader) -> Money | None:
    if money.missing:
        return None
    return Money(
        amount=str(money.decimal("currencyAmount", whole_digits=9)), currency=money.text("currencyUnit") or "USD"
    )


def _quantity(holder: Reader) -> Decimal:
    amount = holder.decimal("measurementValue", whole_digits=6, fraction_digits=3)
    if amount <= 0:
        raise holder["measurementValue"].wrong("a quantity above 0")
    return amount


def _newest(reader: Reader, created: datetime) -> datetime:
    times = [line.time("statusTime") for line in reader.children("returnOrderLines")]
    return max([created, *(time for time in times if time is not None)])
