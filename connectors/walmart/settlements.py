"""Reconciliation reports in: the flow `settlements` (FIN-1).

Walmart says which reports there are, by texts that look like dates and are sent back unchanged; each is a zip with one CSV. A report does not
change, so each is read once; the position remembers which. The payload is the CSV's rows as JSON, every cell as it stands, empty ones left out.

One that came damaged is downloaded once more, then the poll ends as if nobody had answered and its position stays; one that stays damaged becomes a
Problem and the next ones go on (the kit's `rereading`).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

from connectors.kit import exact_json
from connectors.kit.amounts import Amounts
from connectors.kit.errors import DataError
from connectors.kit.ports import Canonical, Fetched, Page, Problem
from connectors.kit.rate import Priority
from connectors.kit.read_once import done_in, position_of
from connectors.kit.reading import Reader
from connectors.kit.rereading import DamagedError, Rereading
from connectors.kit.settled_orders import SettledOrders, with_orders
from connectors.walmart import errors
from connectors.walmart.client import WalmartClient
from connectors.walmart.settlement_file import rows_in, says_zip
from schemas.records import Settlement, SettlementLine

FLOW, ENTITY = "settlements", "settlement"
LIST, FILE = "/v3/report/reconreport/availableReconFiles", "/v3/report/reconreport/reconFile"
SUMMARY = "PaymentSummary"

# Amount type -> what it is, in a sale; in a refund the same names are what is taken back.
KINDS = {
    "product price": "sale", "item price": "sale", "shipping": "shipping", "shipping price": "shipping", "promo code": "promotion",
    "product tax": "tax", "shipping tax": "tax", "product tax withheld": "facilitator_tax", "shipping tax withheld": "facilitator_tax",
    "commission on product": "commission", "commission on shipping": "commission", "fee/reimbursement": "fee",
    "reserve": "reserve", "hold": "reserve", "transfer": "transfer",
}  # fmt: skip
_GOODS, _QUANTITY = ("product price", "item price"), re.compile(r"\d{1,9}")
_REFUNDED = {"sale": "refund", "shipping": "refund", "promotion": "refund", "tax": "refund_tax"}


class WalmartSettlements:
    """`Source` of the flow `settlements`."""

    flow = FLOW

    def __init__(self, account: str, client: WalmartClient, now: Callable[[], datetime]) -> None:
        self.account = account
        self._client = client
        self._now = now
        self._rereading = Rereading("walmart")

    async def pages(self, position: str) -> AsyncIterator[Page]:
        """Reports not read yet, a page each. Raises DataError for a position that is none."""
        done = done_in(position, FLOW)
        began, dates = self._now(), await self._dates()
        left = [date for date in dates if date not in done]
        if not left:
            yield Page((), position_of(done, dates), began, request=f"GET {LIST}")
        for number, date in enumerate(left, 1):
            done = [*done, date]
            last = number == len(left)
            yield await self._report(date, position_of(done), began if last else None, last=last)

    async def resync(self, since: datetime) -> AsyncIterator[Page]:
        """All reports Walmart still offers: their names cannot be compared with a time."""
        dates = await self._dates()
        for number, date in enumerate(dates, 1):
            yield await self._report(date, "", None, last=number == len(dates))

    async def fetch(self, ids: Sequence[str]) -> AsyncIterator[Page]:
        """Just these reports, by Walmart's own names for them."""
        for number, date in enumerate(ids, 1):
            yield await self._report(date, "", None, last=number == len(ids))

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _dates(self) -> list[str]:
        query = urlencode({"reportVersion": "v1"})
        try:
            answer, content = await self._client.call("list_recon", "GET", f"{LIST}?{query}", priority=Priority.REPORTS)
        except DataError as error:
            if error.code == errors.NOT_FOUND:
                return []
            raise
        found = content.get("availableApReportDates") if isinstance(content, dict) else None
        if not isinstance(found, list):
            raise answer.asked.left("gave no `availableApReportDates`")
        if not all(isinstance(date, str | int) and not isinstance(date, bool) for date in found):
            raise answer.asked.left("gave an element of `availableApReportDates` that is no name of a report")
        return [str(date) for date in found if str(date).strip()]

    async def _report(self, date: str, position: str, read_until: datetime | None, *, last: bool) -> Page:
        key, request = f"walmart:{self.account}:settlement:{date}", f"GET {FILE} {date}"
        try:
            rows = await self._rereading.read(date, partial(self._rows, date))
        except DataError as error:
            return Page((), position, read_until, last, (Problem(key, str(error), b""),), request)
        payload = exact_json.dumps({"reportDate": date, "rows": rows})
        return Page((Fetched(key, ENTITY, payload),), position, read_until, last, (), request)

    async def _rows(self, date: str) -> list[dict[str, str]]:
        """Of a report, which is downloaded once more when it came damaged. Raises DamagedError when it did so again."""
        try:
            return await self._downloaded(date)
        except DamagedError:
            return await self._downloaded(date)

    async def _downloaded(self, date: str) -> list[dict[str, str]]:
        query = urlencode({"reportDate": date, "reportVersion": "v1"})
        answer = await self._client.download("recon_file", f"{FILE}?{query}")
        return rows_in(answer.body, zip_said=says_zip(answer.headers))


def to_settlement(payload: bytes, account: str) -> Sequence[Canonical]:
    """One report -> the canonical settlement, then what each order in it brought. Raises DataError naming the row."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: not JSON ({type(error).__name__})", code="DATA") from None
    reader = Reader(content).an_object()
    report = reader.needed_text("reportDate")
    rows = [row.value for row in reader.children("rows")]
    summaries = [row for row in rows if row.get("Transaction Type") == SUMMARY]
    if len(summaries) != 1:
        raise DataError(f"report {report}: {len(summaries)} PaymentSummary rows, not one", code="DATA")
    (summary,) = summaries
    amounts = Amounts(summary.get("Currency", "USD"), mark=".")
    lines = [_line(row, number, account, amounts) for number, row in enumerate(rows, 2) if row is not summary]
    body = Settlement(
        key=f"walmart:{account}:settlement:{report}", source="walmart", account=account, settlement_id=report, version=0,
        starts_at=_date(summary.get("Period Start Date")), ends_at=_date(summary.get("Period End Date")),
        deposited_at=_date(summary.get("Transaction Posted Timestamp")), currency=summary.get("Currency", "USD"),
        deposit=str(amounts.read(summary.get("Total Payable", ""), f"report {report}: Total Payable")), lines=lines,
        extras={"description": summary["Transaction Description"]} if summary.get("Transaction Description") else {},
    )  # fmt: skip
    return with_orders(body, SettledOrders(lines))


def _line(row: Mapping[str, str], number: int, account: str, amounts: Amounts) -> SettlementLine:
    kind, name = kind_of(row.get("Transaction Type", ""), row.get("Amount Type", ""))
    order_id = row.get("Purchase Order #", "")
    described = row.get("Transaction Description", "")
    return SettlementLine(
        kind=kind, name=described if kind in ("fee", "adjustment") and described else name,
        amount=str(amounts.read(row.get("Amount", ""), f"row {number}: Amount")), order_id=order_id,
        order_key=f"walmart:{account}:{order_id}" if order_id else "", line_id=row.get("Purchase Order line #", ""),
        sku=row.get("Partner Item Id", ""), quantity=_units(row),
        posted_at=_date(row.get("Transaction Posted Timestamp")), detail=row.get("Transaction Reason Description", ""),
    )  # fmt: skip


def _units(row: Mapping[str, str]) -> str:
    """Every row of an item repeats its quantity; it counts once, beside the price of the goods."""
    units = row.get("Ship Qty", "")
    return units if _folded(row.get("Amount Type", "")) in _GOODS and _QUANTITY.fullmatch(units) else "0"


def _folded(words: str) -> str:
    return " ".join(words.lower().split())


def kind_of(transaction: str, amount_type: str) -> tuple[str, str]:
    """(kind, Walmart's words). What we do not know is `unknown` with its words, never guessed."""
    found = KINDS.get(_folded(amount_type), "unknown")
    words = f"{transaction}: {amount_type}" if amount_type else transaction
    if transaction == "Refund":
        return _REFUNDED.get(found, found), words
    if transaction == "Adjustment" and found in ("fee", "unknown"):
        return "adjustment", words
    return found, words


def _date(text: str | None) -> datetime | None:
    """`12/19/2025`; None when there is none or it is none."""
    try:
        return datetime.strptime(text or "", "%m/%d/%Y").replace(tzinfo=UTC)
    except ValueError:
        return None
