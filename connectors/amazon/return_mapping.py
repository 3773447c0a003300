"""A raw return -> the canonical one (RET-1). Pure.

    goods       to the seller: in once the carrier has delivered them, announced before; a tracking number comes with the label and says nothing.
                To Amazon: the report tells of units that are in
    money       what the seller's report says was refunded, by feed or by hand: it is the seller who refunds (`extras.refunded_by`).
                Amazon's report says nothing of money: what Amazon gave back stands in settlements
    service     the seller's status of the request; a claim (A-to-Z) is escalated

A return has no time of its last change; its version is the newest date it states, and changes without one are told apart by content.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from connectors.amazon.return_rows import BY_AMAZON, BY_SELLER, ITEM_ID, PLATE, sku_of
from connectors.amazon.settlement_days import Days
from connectors.kit import exact_json
from connectors.kit.amounts import Amounts
from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader, millis_of
from connectors.kit.return_states import financial_of, physical_of, service_of
from schemas.records import Money, ReturnLine, ReturnOrder

# `Return request status`, folded.
SERVICE = {
    "pending": "open", "approved": "open", "authorized": "open", "closed": "closed", "completed": "closed",
    "denied": "cancelled", "declined": "cancelled", "rejected": "cancelled", "cancelled": "cancelled", "canceled": "cancelled",
}  # fmt: skip
_REFUSED = frozenset({"denied", "declined", "rejected"})
# Within `Resolution` or `Return type`, folded: the buyer keeps the goods; something else is sent.
_KEPT = ("returnless", "withoutreturn", "noreturn")
_REPLACED = ("replacement", "exchange")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = re.compile(r"(\d{1,2})-([A-Za-z]{3})[A-Za-z]*-(\d{4})")
_FACTS = (
    "amazon-rma-id", "merchant-rma-id", "return-type", "resolution", "label-type", "label-cost", "label-to-be-paid-by", "a-to-z-claim", "in-policy",
    "safet-claim-id", "safet-claim-state", "safet-claim-reimbursement-amount", "invoice-number", PLATE, "fnsku", "fulfillment-center-id",
    "detailed-disposition", "status",
)  # fmt: skip


def to_return(payload: bytes, account: str) -> Sequence[Canonical]:
    """One return of either report. Raises DataError naming what is wrong."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: not JSON ({type(error).__name__})", code="DATA") from None
    read = Reader(content).an_object()
    kind, rows = read.needed_text("report"), [_row(one) for one in read.objects("rows")]
    if kind not in (BY_SELLER, BY_AMAZON):
        raise read["report"].wrong("a report of returns")
    if not rows:
        raise read["rows"].wrong("at least one row")
    items = _texts(read["lineIds"])
    currency = next((row["currency-code"] for row in rows if row.get("currency-code")), "")
    lines = _lines(kind, rows, items, currency)
    times = [moment for row in rows for moment in _times(row, currency)]
    if not times:
        raise read["rows"].wrong("a date of the return")
    return_id, order_id, version = read.needed_text("returnId"), read.needed_text("orderId"), millis_of(max(times))
    body = ReturnOrder(
        key=f"amazon:{account}:return:{return_id}", source="amazon", account=account, return_id=return_id,
        order_key=f"amazon:{account}:{order_id}", customer_order_id=order_id, version=version,
        kind="replacement" if any(_says(row, _REPLACED) for row in rows) else "refund", created_at=min(times), updated_at=max(times),
        physical=physical_of(line["physical"] for line in lines), financial=financial_of([line["financial"] for line in lines]),
        service=service_of([line["service"] for line in lines]),
        source_status=",".join(dict.fromkeys(text for row in rows if (text := row.get("return-request-status") or row.get("status")))),
        total_refund=_total(lines), lines=lines, extras=_extras(rows) | ({"refunded_by": "seller"} if kind == BY_SELLER else {}),
    )  # fmt: skip
    return (Canonical("return_order", body["key"], version, body),)


def _lines(kind: str, rows: Sequence[Mapping[str, str]], items: Mapping[str, str], currency: str) -> list[ReturnLine]:
    amounts = Amounts(currency or "USD")
    return [_line(kind, row, str(number), items, amounts, currency) for number, row in enumerate(rows, 1)]


def _line(
    kind: str, row: Mapping[str, str], number: str, items: Mapping[str, str], amounts: Amounts, currency: str
) -> ReturnLine:
    status, kept, sku = _folded(row.get("return-request-status", "")), _says(row, _KEPT), sku_of(row)
    refund = _refund(row, number, amounts, currency)
    service = "closed" if kind == BY_AMAZON else SERVICE.get(status, "open")
    physical = "received" if kind == BY_AMAZON or row.get("return-delivery-date") else "announced"
    if kept or (service == "cancelled" and not row.get("return-delivery-date")):
        physical = "none"
    if service == "open" and _folded(row.get("a-to-z-claim", "")) in ("y", "yes", "true"):
        service = "escalated"
    return ReturnLine(
        return_line_id=number, line_id=row.get(ITEM_ID) or items.get(sku, ""), sku=sku, quantity=_quantity(row, number),
        reason=row.get("return-reason") or row.get("reason", ""), physical=physical,
        financial="refunded" if refund else "refused" if status in _REFUSED else "none", service=service,
        carrier=row.get("return-carrier", ""), tracking_number=row.get("tracking-id", ""), refund=refund, kept=kept,
    )  # fmt: skip


def _quantity(row: Mapping[str, str], number: str) -> str:
    text = row.get("return-quantity") or row.get("quantity", "")
    quantity = Decimal(text) if re.fullmatch(r"[0-9]{1,6}", text) else Decimal(0)
    if quantity <= 0:
        raise DataError(f"rows[{number}]: the quantity is not a number above 0", code="DATA")
    return str(quantity)


def _refund(row: Mapping[str, str], number: str, amounts: Amounts, currency: str) -> Money | None:
    text = row.get("refunded-amount", "")
    amount = abs(amounts.read(text, f"rows[{number}].refunded-amount")) if text else Decimal(0)
    if not amount:
        return None
    if not re.fullmatch("[A-Z]{3}", currency):
        raise DataError(f"rows[{number}]: a refund without a currency", code="DATA")
    return Money(amount=f"{amount:f}", currency=currency)


def _total(lines: Sequence[ReturnLine]) -> Money | None:
    """Of a return that is refunded as a whole."""
    refunds = [line["refund"] for line in lines]
    told = [one for one in refunds if one is not None]
    if not told or len(told) < len(refunds):
        return None
    return Money(amount=f"{sum(Decimal(one['amount']) for one in told):f}", currency=told[0]["currency"])


def _times(row: Mapping[str, str], currency: str) -> list[datetime]:
    names = ("return-request-date", "return-delivery-date", "return-date")
    return [_day(text, name, currency) for name in names if (text := row.get(name))]


def _day(text: str, name: str, currency: str) -> datetime:
    """`20-Aug-2026`, or what else files of Amazon have."""
    if (found := _DAY.fullmatch(text)) and found[2].lower() in _MONTHS:
        try:
            return datetime(int(found[3]), _MONTHS.index(found[2].lower()) + 1, int(found[1]), tzinfo=UTC)
        except ValueError:
            raise DataError(f"{name}: a date that the calendar does not have", code="DATA") from None
    moment = Days(currency or "USD").read(text, name)
    if moment is None or not 2000 <= moment.year < 2100:
        raise DataError(f"{name}: not a date between the years 2000 and 2100", code="DATA")
    return moment


def _says(row: Mapping[str, str], words: Sequence[str]) -> bool:
    said = _folded(row.get("resolution", "") + row.get("return-type", ""))
    return any(word in said for word in words)


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]", "", text).casefold()


def _extras(rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    found = {name: ",".join(dict.fromkeys(row[name] for row in rows if row.get(name))) for name in _FACTS}
    return {name: text for name, text in found.items() if text}


def _row(one: Reader) -> dict[str, str]:
    return _texts(one)


def _texts(holder: Reader) -> dict[str, str]:
    """An object of texts. Raises DataError."""
    if holder.missing:
        return {}
    return {name: text for name in holder.an_object().value if (text := holder.text(name))}
