"""Walmart's order -> the canonical order (ORD-3). Pure: no IO, no clock. `money` and `statuses` know their parts.

Raises DataError only, naming the path in Walmart's JSON and what was found there by type. What is wrong with its address or its shipping method
raises nothing: the order carries it as its `problems`. Facts it relies on:

- Dates are epoch milliseconds UTC, though the model's texts show ISO; both are read. Quantities are text, amounts numbers.
- `purchaseOrderId` is the key; one customer order can be several purchase orders.
- Walmart states no time of an order's last change. `version` is the newest `statusDate` of its lines; a change of address or a request to
  cancel does not move it, so two states of one version are told apart by checksum and the order they were fetched in.
- Test orders: every SKU starts with `TEST-`, as in Walmart's own examples ("TEST-02"); the API has no flag.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from connectors.kit import exact_json
from connectors.kit.countries import country_in
from connectors.kit.emails import email_of
from connectors.kit.errors import DataError
from connectors.kit.line_states import source_words
from connectors.kit.money import amount_in, as_money, currency_in, quantity_text, unit_price
from connectors.kit.phones import e164
from connectors.kit.ports import OrderMapping
from connectors.kit.reading import Reader, millis_of
from connectors.kit.shipping_check import SHIP_TO, no_address, read_or, shipping_problems
from connectors.kit.trials import is_test
from connectors.walmart.money import Charges, LineMoney, line_money
from connectors.walmart.statuses import line_state, order_status, quantity_in
from schemas.records import Address, Buyer, Order, OrderLine

FULFILMENT = {"sellerfulfilled": "seller", "wfsfulfilled": "marketplace", "3plfulfilled": "third_party"}
METHODS = frozenset({"standard", "express", "oneday", "freight", "whiteglove", "value"})
MOST_LINES = 1000
_KINDS = {"RESIDENTIAL": "residential", "OFFICE": "commercial", "COMMERCIAL": "commercial", "BUSINESS": "commercial"}


def mapping_for(charges: Charges) -> OrderMapping:
    """The mapping with another reading of charge amounts (`CAUSEWAY_WALMART__CHARGES`)."""
    return partial(to_order, charges=charges)


def to_order(payload: bytes, account: str, charges: Charges = "line") -> Order:
    """One raw order -> canonical. Raises DataError."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: {error}", code="DATA") from None
    unread: list[str] = []
    order = _order(Reader(content).an_object(), account, charges, unread)
    order["problems"] = shipping_problems(order, METHODS, unread)
    return order


def version_of(content: Any) -> int:
    """The newest change an order states, in epoch milliseconds; 0 when it states none that can be read. Never raises."""
    order = Reader(content)
    try:
        return millis_of(_updated_at(order, order["orderLines"].children("orderLine")))
    except DataError:
        return 0


def _order(order: Reader, account: str, charges: Charges, unread: list[str]) -> Order:
    """`unread`: collects what cannot be read of where it goes."""
    order_id = order.needed_text("purchaseOrderId")
    raw_lines = order["orderLines"].children("orderLine")
    if not 0 < len(raw_lines) <= MOST_LINES:
        raise order["orderLines"]["orderLine"].wrong(f"1 to {MOST_LINES} order lines")
    currency = _currency(raw_lines)
    pairs = [_line(line, currency, charges) for line in raw_lines]
    lines = [line for line, _ in pairs]
    _check_ids(order, lines)
    shipping = order["shippingInfo"]
    ship_to = read_or(no_address(), SHIP_TO, unread, lambda: _address(shipping, order, unread))
    updated = _updated_at(order, raw_lines)
    total, stated = _total(order, [money for _, money in pairs], currency)
    return Order(
        key=f"walmart:{account}:{order_id}",
        source="walmart",
        account=account,
        marketplace="US",
        order_id=order_id,
        customer_order_id=order.text("customerOrderId"),
        seller_order_id=next((text for line in raw_lines if (text := line.text("sellerOrderId"))), ""),
        replaces_order_id=order.text("originalCustomerOrderID"),
        version=millis_of(updated),
        status=order_status([part["status"] for line in lines for part in line["statuses"]]),
        source_status=source_words([part["source_status"] for line in lines for part in line["statuses"]]),
        ordered_at=order.needed_time("orderDate"),
        updated_at=updated,
        ship_from=None,
        ship_by=shipping.time("estimatedShipDate"),
        deliver_from=None,
        deliver_by=shipping.time("estimatedDeliveryDate"),
        fulfilment=_fulfilment(order),
        fulfilment_node=_node(order).text("id") or _node(order).text("name"),
        test=is_test([line["sku"] for line in lines]),
        business=False,
        purchase_order_number="",
        currency=currency,
        buyer=_buyer(order, ship_to),
        ship_to=ship_to,
        bill_to=None,
        lines=lines,
        shipping_level=shipping.text("methodCode"),
        carrier="",
        shipping_amount=None,
        shipping_taxes=[],
        discounts=[],
        total=as_money(total, currency),
        total_stated=stated,
        tax_total=as_money(sum((money.tax_total() for _, money in pairs), Decimal(0)), currency),
        tax_collection="marketplace",
        tax_exempt=False,
        payment_method=",".join(text for text in order.texts("paymentTypes") if text),
        payment_status="",
        gift_message="",
        gift=False,
        buyer_note="",
        buyer_cancel_requested=any(line["buyer_cancel_requested"] for line in lines),
        extras=order.facts("orderType", "mart", "isGuest"),
        problems=[],
    )


def _line(line: Reader, currency: str, charges: Charges) -> tuple[OrderLine, LineMoney]:
    ordered = quantity_in(line["orderLineQuantity"])
    state = line_state(line, ordered)
    units = ordered - state.cancelled
    money = line_money(line, units, charges)
    if money.currency and money.currency != currency:
        raise line["charges"].wrong(f"amounts in {currency} as in the other lines")
    if not ordered and money.total():
        raise line["orderLineQuantity"]["amount"].wrong("a quantity above 0 for a line with charges")
    item, fulfillment = line["item"], line["fulfillment"]
    shipping = None if money.shipping is None else as_money(money.shipping, currency)
    record = OrderLine(
        line_id=line.needed_text("lineNumber"),
        sku=item.needed_text("sku"),
        marketplace_item_id="",
        barcode=item.text("upc") or item.text("gtin"),
        title=item.text("productName"),
        condition=item.text("condition"),
        quantity=quantity_text(ordered),
        unit=line["orderLineQuantity"].text("unitOfMeasurement", "EACH").upper(),
        quantity_cancelled=quantity_text(state.cancelled),
        quantity_shipped=quantity_text(state.shipped),
        unit_price=as_money(unit_price(money.item, units), currency),
        amount=as_money(money.item, currency),
        shipping_amount=shipping,
        gift_wrap_amount=None,
        taxes=money.taxes,
        shipping_taxes=money.shipping_taxes,
        other_taxes=money.other_taxes,
        discounts=money.discounts,
        fees=money.fees,
        statuses=state.statuses,
        status=state.status,
        components=[],
        shipments=state.shipments,
        serial_numbers=line.texts("serialNumbers"),
        shipping_method=fulfillment.text("shipMethod"),
        ship_by=None,
        deliver_by=None,
        buyer_cancel_requested=line.flag("intentToCancel"),
        cancel_reason=state.reason,
        gift_message="",
        return_id=line.text("returnOrderId"),
        extras=line.facts("originalCarrierMethod", "referenceLineId", "configId")
        | fulfillment.facts("fulfillmentOption", "storeId", "shippingProgramType")
        | line["refund"].facts("refundId"),
    )
    return record, money


def _check_ids(order: Reader, lines: Sequence[OrderLine]) -> None:
    """Line numbers are what shipments and cancellations name, so two of the same cannot be told apart."""
    if len({line["line_id"] for line in lines}) < len(lines):
        raise DataError(f"{order['orderLines'].path}.orderLine: two lines have the same lineNumber", code="DATA")


def _currency(lines: Sequence[Reader]) -> str:
    """The currency of the order's first amount; USD when there is none. Lines in another one are refused where they are read."""
    for line in lines:
        for charge in line["charges"].children("charge"):
            return currency_in(charge["chargeAmount"])
    return "USD"


def _total(order: Reader, lines: Sequence[LineMoney], currency: str) -> tuple[Decimal, bool]:
    """(what the buyer pays, whether Walmart itself said so)."""
    stated = order["orderSummary"]["totalAmount"]
    if stated.missing:
        return sum((money.total() for money in lines), Decimal(0)), False
    if currency_in(stated, "currencyUnit") != currency:
        raise stated["currencyUnit"].wrong(f"{currency} as in the lines")
    return amount_in(stated, "currencyAmount"), True


def _buyer(order: Reader, ship_to: Address) -> Buyer:
    return Buyer(
        id=order.text("buyerId"),
        name=ship_to["name"],
        email=email_of(order.text("customerEmailId")),
        phone=ship_to["phone"],
        company="",
        tax_id="",
        tax_exempt_id="",
    )


def _address(shipping: Reader, order: Reader, unread: list[str]) -> Address:
    postal = shipping["postalAddress"]
    if postal.missing and _fulfilment(order) == "seller":
        raise postal.wrong("an address")
    if not postal.missing:
        postal.an_object()
    country = read_or("", f"{SHIP_TO}.country", unread, lambda: country_in(postal, "country"))
    state = postal.text("state")
    return Address(
        name=postal.text("name"),
        company="",
        street=postal.text("address1"),
        street2=postal.text("address2"),
        street3=postal.text("address3"),
        city=postal.text("city"),
        district="",
        state=state.upper() if len(state) <= 3 else state,
        zip=postal.text("postalCode"),
        country=country,
        phone=e164(shipping.text("phone"), country),
        kind=_KINDS.get(postal.text("addressType").upper(), ""),
    )


def _node(order: Reader) -> Reader:
    """`shipNode` is an object; some published examples have an empty list there."""
    node = order["shipNode"]
    return Reader(None, "shipNode") if isinstance(node.value, list) and not node.value else node


def _fulfilment(order: Reader) -> str:
    kind = _node(order).text("type", "SellerFulfilled")
    known = FULFILMENT.get(kind.lower())
    if known is None:
        raise _node(order)["type"].wrong("SellerFulfilled, WFSFulfilled or 3PLFulfilled")
    return known


def _updated_at(order: Reader, lines: Sequence[Reader]) -> datetime:
    changes = [moment for line in lines if (moment := line.time("statusDate")) is not None]
    return max([order.needed_time("orderDate"), *changes])
