"""The order list's parameters and its cursor (walmart.md sections 4 and 5).

The cursor is a whole query string starting with "?". It repeats the filters with the window fixed at the first page,
and counts the orders given so far (`poIndex`). The list itself is live: orders that come, go or change between pages
move the others, so a page may repeat or skip some, as the real list does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

from connectors.kit.sandbox import queries
from connectors.walmart.sandbox.errors import ApiError

LINE_STATUSES = ("Created", "Acknowledged", "Shipped", "Delivered", "Cancelled")
NODE_TYPES = ("SellerFulfilled", "WFSFulfilled", "3PLFulfilled")
DEFAULT_WINDOW = timedelta(days=7)
DEFAULT_LIMIT = 100
MAX_LIMIT = 200
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z)?")


@dataclass(frozen=True)
class OrderQuery:
    """Times are epoch milliseconds, both ends included. offset: orders given on earlier pages."""

    created_from: int
    created_to: int
    modified_from: int | None = None
    modified_to: int | None = None
    ship_from: int | None = None
    ship_to: int | None = None
    status: str | None = None
    sku: str | None = None
    customer_order_id: str | None = None
    purchase_order_id: str | None = None
    node_type: str = "SellerFulfilled"
    order_type: str | None = None
    program_type: str | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0
    product_info: bool = False
    replacement_info: bool = False


def parse(params: Mapping[str, str], now: datetime, *, released: bool, history_days: int) -> OrderQuery:
    """The query of a call. Raises ApiError INVALID_REQUEST_PARAM naming the parameter.

    The default window of seven days holds whenever createdStartDate is not given, also beside other filters: that is
    what the page says, so a caller who wants older orders has to ask."""
    now_ms = _ms(now)
    oldest = _ms(now - timedelta(days=history_days))
    created_from = moment_of(params, "createdStartDate")
    query = OrderQuery(
        created_from=max(oldest, _ms(now - DEFAULT_WINDOW) if created_from is None else created_from),
        created_to=_date_end(params, "createdEndDate", now_ms),
        modified_from=moment_of(params, "lastModifiedStartDate"),
        modified_to=moment_of(params, "lastModifiedEndDate", end=True),
        ship_from=moment_of(params, "fromExpectedShipDate"),
        ship_to=moment_of(params, "toExpectedShipDate", end=True),
        status="Created" if released else one_of(params, "status", LINE_STATUSES),
        sku=params.get("sku"),
        customer_order_id=params.get("customerOrderId"),
        purchase_order_id=params.get("purchaseOrderId"),
        node_type=one_of(params, "shipNodeType", NODE_TYPES) or "SellerFulfilled",
        order_type=one_of(params, "orderType", ("REGULAR", "REPLACEMENT")),
        program_type=params.get("shippingProgramType"),
        limit=_number(params, "limit", 1, MAX_LIMIT, DEFAULT_LIMIT),
        offset=_number(params, "poIndex", 0, 10**9, 0) if params.get("hasMoreElements") == "true" else 0,
        product_info=params.get("productInfo") == "true",
        replacement_info=params.get("replacementInfo") == "true",
    )
    check_order(params, "createdStartDate", query.created_from, "createdEndDate", query.created_to)
    check_order(params, "lastModifiedStartDate", query.modified_from, "lastModifiedEndDate", query.modified_to)
    return query


def cursor(query: OrderQuery, total: int, partner_id: str, *, released: bool = False) -> str:
    """The cursor that leads to `query`'s offset."""
    fields: dict[str, str | int | None] = {
        "limit": query.limit,
        "hasMoreElements": "true",
        "soIndex": total,
        "poIndex": query.offset,
        "partnerId": partner_id,
        "sellerId": 8,
        "status": None if released else query.status,
        "createdStartDate": iso_of(query.created_from),
        "createdEndDate": iso_of(query.created_to),
        "lastModifiedStartDate": iso_of(query.modified_from),
        "lastModifiedEndDate": iso_of(query.modified_to),
        "fromExpectedShipDate": iso_of(query.ship_from),
        "toExpectedShipDate": iso_of(query.ship_to),
        "sku": query.sku,
        "customerOrderId": query.customer_order_id,
        "purchaseOrderId": query.purchase_order_id,
        "shipNodeType": query.node_type,
        "orderType": query.order_type,
        "shippingProgramType": query.program_type,
        "productInfo": "true" if query.product_info else None,
        "replacementInfo": "true" if query.replacement_info else None,
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    return "?" + urlencode(kept, safe=":", quote_via=quote)


def at_offset(query: OrderQuery, offset: int) -> OrderQuery:
    return replace(query, offset=offset)


def _invalid(name: str, description: str) -> ApiError:
    return ApiError("INVALID_REQUEST_PARAM", description, field=name)


def moment_of(params: Mapping[str, str], name: str, *, end: bool = False) -> int | None:
    """A bare date means its first millisecond, or its last one as an end."""
    text = params.get(name)
    if text is None:
        return None
    if not _DATE.fullmatch(text):
        raise _invalid(name, "Invalid date: yyyy-MM-dd or yyyy-MM-ddTHH:mm:ssZ is expected")
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise _invalid(name, "Invalid date: no such day or time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC) + (timedelta(days=1, milliseconds=-1) if end else timedelta())
    return _ms(moment)


def _date_end(params: Mapping[str, str], name: str, default: int) -> int:
    value = moment_of(params, name, end=True)
    return default if value is None else value


def one_of(params: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    try:
        return queries.one_of(params, name, allowed)
    except ValueError as error:
        raise _invalid(name, str(error)) from error


def _number(params: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    try:
        return queries.whole(params, name, low, high, default)
    except ValueError as error:
        raise _invalid(name, str(error)) from error


def check_order(params: Mapping[str, str], first: str, start: int | None, last: str, end: int | None) -> None:
    if params.get(first) is not None and start is not None and end is not None and start > end:
        raise _invalid(first, f"{first} lies after {last}")


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def iso_of(ms: int | None) -> str | None:
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
