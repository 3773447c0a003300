"""Amazon's order (Orders 2026-01-01) -> the canonical order (ORD-3). Pure: no IO, no clock.

Raises DataError only, naming the path in Amazon's JSON and what was found there by type. What is wrong with its addresses or its shipping level
raises nothing: the order carries it as its `problems`. Facts it relies on (README has their sources):

- Status is in `fulfillment`, money in `proceeds`: data sets that must be asked for. An order without a status cannot be worked with; one
  without money is taken while its payment is pending, or with the prices of its units.
- Personal data is optional everywhere: an application without the roles gets orders all the same, without saying where they go.
- `version` is lastUpdatedTime, which every change moves.
- Sums agree to the cent with each line's total and the order's, or the order is a DataError (see `money`).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.amazon.lines import OrderFacts, order_line, parcels_in
from connectors.amazon.marketplaces import BY_ID, Marketplace
from connectors.amazon.money import ZERO, LineMoney, check_total
from connectors.amazon.people import BILL_TO, bill_to_of, buyer_of, has_registration, is_told, note_of, ship_to_of
from connectors.amazon.statuses import payment_status, status_in
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.money import as_money, currency_in
from connectors.kit.reading import Reader, millis_of
from connectors.kit.shipping_check import SHIP_TO, shipping_problems
from connectors.kit.trials import is_test
from schemas.records import Fee, Order

FULFILMENT = {"MERCHANT": "seller", "AMAZON": "marketplace"}
METHODS = frozenset(
    ("expedited", "free_economy", "next_day", "priority", "same_day", "second_day", "scheduled", "standard")
)  # fmt: skip
MOST_LINES = 1000
_REPLACES = ("REPLACEMENT_ORIGINAL_ID", "EXCHANGE_ORIGINAL_ID")
BUSINESS = "AMAZON_BUSINESS"


def to_order(payload: bytes, account: str) -> Order:
    """One raw order -> canonical. Raises DataError."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: {error}", code="DATA") from None
    unread: list[str] = []
    order = _order(Reader(content).an_object(), account, unread)
    order["problems"] = _problems(order, unread)
    return order


def version_of(content: Any) -> int:
    """The newest change an order states, in epoch milliseconds; 0 when it states none that can be read. Never raises."""
    try:
        moment = Reader(content).time("lastUpdatedTime")
    except DataError:
        return 0
    return 0 if moment is None else millis_of(moment)


def _problems(order: Order, unread: Sequence[str]) -> list[str]:
    """ORD-12. Nothing is shipped while the payment is pending; an address that was not told cannot be checked. Whom to bill is always told."""
    billing = [one for one in unread if one.startswith(BILL_TO)]
    if order["status"] == "pending":
        return billing
    other = [one for one in unread if one not in billing]
    found = shipping_problems(order, METHODS, other)
    if not is_told(order["ship_to"]):
        found = [one for one in found if one in other or not one.startswith(f"{SHIP_TO}.")]
    return billing + found


def _order(order: Reader, account: str, unread: list[str]) -> Order:
    """`unread`: collects what cannot be read of where it goes."""
    order_id = order.needed_text("orderId")
    raw_lines = order.objects("orderItems")
    if not 0 < len(raw_lines) <= MOST_LINES:
        raise order["orderItems"].wrong(f"1 to {MOST_LINES} order items")
    status, word = status_in(order)
    marketplace_id = order["salesChannel"].text("marketplaceId")
    marketplace = BY_ID.get(marketplace_id)
    currency = _currency(order, raw_lines, marketplace)
    tax_told = not order["tax"].missing or any(not line["tax"].missing for line in raw_lines)
    facts = OrderFacts(status, word, marketplace, currency, tax_told, parcels_in(order))
    pairs = [order_line(line, facts) for line in raw_lines]
    lines, moneys = [line for line, _ in pairs], [money for _, money in pairs]
    if len({line["line_id"] for line in lines}) < len(lines):
        raise DataError(f"{order['orderItems'].path}: two items have the same orderItemId", code="DATA")
    total, stated, tips = check_total(order, moneys, currency)
    if tips:
        lines[0]["fees"].append(Fee(name="DELIVERY_TIP", amount=as_money(tips, currency)))
    work, programs = order["fulfillment"], order.texts("programs")
    updated, ship_to = order.needed_time("lastUpdatedTime"), ship_to_of(order, unread)
    methods = list(dict.fromkeys(one.text("paymentMethod") for one in order["payment"].objects("paymentExecutions")))
    return Order(
        key=f"amazon:{account}:{order_id}",
        source="amazon",
        account=account,
        marketplace=marketplace.country if marketplace else marketplace_id,
        order_id=order_id,
        customer_order_id="",
        seller_order_id=_alias(order),
        replaces_order_id=_replaced(order),
        version=millis_of(updated),
        status=status,
        source_status=word,
        ordered_at=order.needed_time("createdTime"),
        updated_at=updated,
        ship_from=work["shipByWindow"].time("earliestDateTime"),
        ship_by=work["shipByWindow"].time("latestDateTime"),
        deliver_from=work["deliverByWindow"].time("earliestDateTime"),
        deliver_by=work["deliverByWindow"].time("latestDateTime"),
        fulfilment=_fulfilment(work),
        fulfilment_node="",
        test=is_test([line["sku"] for line in lines]),
        business=BUSINESS in programs,
        purchase_order_number=order["buyer"].text("buyerPurchaseOrderNumber"),
        currency=currency,
        buyer=buyer_of(order, ship_to),
        ship_to=ship_to,
        bill_to=bill_to_of(order, unread),
        lines=lines,
        shipping_level=work.text("fulfillmentServiceLevel"),
        carrier="",
        shipping_amount=None,
        shipping_taxes=[],
        discounts=[],
        total=as_money(total, currency),
        total_stated=stated,
        tax_total=as_money(sum((money.tax_total for money in moneys), ZERO), currency),
        tax_collection=_collection(moneys),
        tax_exempt=_exempt(order, programs, moneys),
        payment_method=",".join(text for text in methods if text),
        payment_status=payment_status(status, methods),
        gift_message="",
        gift=any(not line["fulfillment"]["packing"]["giftOption"].missing for line in raw_lines),
        buyer_note=note_of(order, unread),
        buyer_cancel_requested=any(line["buyer_cancel_requested"] for line in lines),
        extras=_extras(order, programs, moneys),
        problems=[],
    )


def _currency(order: Reader, lines: Sequence[Reader], marketplace: Marketplace | None) -> str:
    """That of the grand total, else of the first line's money, else the marketplace's. Raises DataError when nothing tells it."""
    holders = [order["proceeds"]["grandTotal"]]
    for line in lines:
        holders += [line["proceeds"]["proceedsTotal"], line["product"]["price"]["unitPrice"]]
    for holder in holders:
        if not holder.missing:
            return currency_in(holder, "currencyCode")
    if marketplace is None:
        raise order["salesChannel"]["marketplaceId"].wrong("a marketplace we know, as no amount tells the currency")
    return marketplace.currency


def _fulfilment(work: Reader) -> str:
    known = FULFILMENT.get(work.text("fulfilledBy", "MERCHANT").upper())
    if known is None:
        raise work["fulfilledBy"].wrong("AMAZON or MERCHANT")
    return known


def _alias(order: Reader) -> str:
    for one in order.objects("orderAliases"):
        if one.text("aliasType") == "SELLER_ORDER_ID" and (text := one.text("aliasId")):
            return text
    return ""


def _replaced(order: Reader) -> str:
    for one in order.objects("associatedOrders"):
        if one.text("associationType") in _REPLACES and (text := one.text("orderId")):
            return text
    return ""


def _collection(moneys: Sequence[LineMoney]) -> str:
    """Who collects the taxes of the order; empty when there is none, or Amazon does not tell."""
    found = {money.collector for money in moneys if money.tax_total}
    return "mixed" if len(found) > 1 else next(iter(found), "")


def _exempt(order: Reader, programs: Sequence[str], moneys: Sequence[LineMoney]) -> bool:
    """Amazon has no such flag. A business buyer who is registered for tax and is charged none is exempt."""
    charged = [money.tax_total for money in moneys if money.stated]
    return (
        BUSINESS in programs
        and has_registration(order)
        and len(charged) == len(moneys)
        and charged == [Decimal(0)] * len(charged)
    )


def _extras(order: Reader, programs: Sequence[str], moneys: Sequence[LineMoney]) -> dict[str, str]:
    places = {money.place.value for money in moneys if money.tax_total}
    found = {
        "programs": ",".join(programs),
        "taxes": ",".join(sorted(places)),
        **order["salesChannel"].facts("channelName", "marketplaceId"),
        **order["tax"]["taxInvoicing"].facts("invoiceStatus", "buyerInvoicePreference"),
    }
    kinds = {one.text("associationType") for one in order.objects("associatedOrders")}
    found["associations"] = ",".join(sorted(kinds - {""}))
    return {name: text for name, text in found.items() if text}
