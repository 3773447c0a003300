"""An order of the platform -> the canonical supplier's order, and each step of its parcels a delivery event (PO-2, LOG-1). Pure.

The payload is what `orders.py` put together: `order` (TradeInfo), `logistics` (its parcels, null before it is shipped), `trace` (their steps).
Yuan and fen stand side by side: `discount` and `refundPayment` are fen, all else yuan. What `discount` means is told by the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any

from connectors.alibaba.statuses import line_state, state_of
from connectors.alibaba.times import moment, time_in
from connectors.alibaba.trade import CURRENCY, fen, tidy, tracking_number, true_id, without_phones, yuan
from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.money import amount_in, as_money, quantity_text
from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader, millis_of
from schemas.records import DeliveryEvent, Money, SupplierOrder, SupplierOrderLine, SupplierParcel

ENTITY = "order"
# How goods go: this is "no shipping at all".
_NO_SHIPPING = "2"


def order_key(account: str, order_id: str) -> str:
    return f"alibaba:{account}:order:{order_id}"


def order_id_of(element: Any) -> str | None:
    """The id of a TradeInfo or of the payload around one; None when it has none that can be one."""
    try:
        return true_id(_order_in(Reader(element))["baseInfo"], "idOfStr", "id")
    except DataError:
        return None


def version_of(element: Any) -> int:
    """When it last changed, milliseconds: the order itself, a parcel sent, a step of its way. 0 when nothing tells."""
    moments = [moment(_at(element, "order", "baseInfo", "modifyTime"))]
    native = _list(_at(element, "order", "nativeLogistics", "logisticsItems"))
    moments += [moment(_at(parcel, "deliveredTime")) for parcel in native]
    for traced in _list(_at(element, "trace")):
        moments += [moment(_at(step, "acceptTime")) for step in _list(_at(traced, "logisticsSteps"))]
    return max((millis_of(one) for one in moments if one is not None), default=0)


def to_supplier_order(payload: bytes, account: str) -> Sequence[Canonical]:
    """The order first, then the steps of its parcels. Raises DataError naming field and problem."""
    try:
        content = exact_json.loads(payload)
    except ValueError as error:
        raise DataError(f"payload: {error}", code="DATA") from None
    whole = Reader(content).an_object()
    order = whole["order"].an_object()
    base = order["baseInfo"].an_object()
    order_id = true_id(base, "idOfStr", "id")
    lines = [_line(one) for one in order.children("productItems")]
    if not lines:
        raise order["productItems"].wrong("at least one line")
    parcels = _parcels(whole, {one["line_id"] for one in lines})
    status = base.needed_text("status")
    body = SupplierOrder(
        key=order_key(account, order_id), source="alibaba", account=account, order_id=order_id, our_reference=base.text("outOrderId"),
        version=version_of(content), status=status, state=state_of(status, [one["logistics_status"] for one in lines]),
        supplier_id=base.text("sellerID"), supplier_login=base.text("sellerLoginId"), total=yuan(base, "totalAmount"),
        goods=yuan(base, "sumProductPayment"), freight=yuan(base, "shippingFee"), discount=_discount(base), refunded=_refunded(base),
        lines=lines, parcels=parcels, close_reason=base.text("closeReason"), created_at=time_in(base, "createTime"),
        paid_at=time_in(base, "payTime"), updated_at=_needed_time(base, "modifyTime"),
    )  # fmt: skip
    parts = [Canonical("delivery_event", one["key"], one["version"], one) for one in _events(whole, body)]
    return (Canonical("supplier_order", body["key"], body["version"], body), *parts)


def _line(item: Reader) -> SupplierOrderLine:
    quantity = item.decimal("quantity")
    if quantity <= 0:
        raise item["quantity"].wrong("a number above 0")
    return SupplierOrderLine(
        line_id=true_id(item, "subItemIDString", "subItemID"), offer_id=item.needed_text("productID"), sku_id=item.text("skuID"),
        spec_id=item.text("specId"), name=tidy(item.text("name")), quantity=quantity_text(quantity), unit=item.text("unit"),
        unit_price=yuan(item, "price"), amount=yuan(item, "itemAmount"), status=item.text("status"),
        logistics_status=line_state(item.text("logisticsStatus")),
    )  # fmt: skip


def _discount(base: Reader) -> Money | None:
    """What was taken off. The field is signed, and which sign lowers is said nowhere: the sum tells."""
    found = fen(base, "discount")
    if found is None:
        return None
    goods, freight, total = (base[name] for name in ("sumProductPayment", "shippingFee", "totalAmount"))
    if not (goods.missing or freight.missing or total.missing):
        sum_before = amount_in(base, "sumProductPayment") + amount_in(base, "shippingFee")
        if sum_before + found == amount_in(base, "totalAmount"):
            return as_money(-found, CURRENCY)
    return as_money(abs(found), CURRENCY)


def _refunded(base: Reader) -> Money | None:
    told = yuan(base, "refund")
    if told is not None:
        return told
    found = fen(base, "refundPayment")
    return None if found is None else as_money(found, CURRENCY)


def _parcels(whole: Reader, line_ids: set[str]) -> list[SupplierParcel]:
    """In the order they were sent. Both lists tell of each: the order's own when, the logistics' how far it is."""
    found: dict[str, SupplierParcel] = {}
    names = whole["carriers"]
    for item in whole["order"]["nativeLogistics"].children("logisticsItems"):
        parcel = _parcel(item, "logisticsCode", item.text("subItemIds"), line_ids, names)
        found[parcel["parcel_id"]] = parcel
    for item in whole.children("logistics"):
        parcel = _parcel(item, "logisticsId", item.text("orderEntryIds"), line_ids, names)
        known = found.get(parcel["parcel_id"])
        found[parcel["parcel_id"]] = parcel if known is None else _both(known, parcel)
    return list(found.values())


def _parcel(item: Reader, id_name: str, entries: str, line_ids: set[str], names: Reader) -> SupplierParcel:
    """entries: numbers of lines with commas; a parcel may hold lines of other orders too. names: of carriers, by their codes."""
    carrier = item.text("logisticsCompanyNo")
    sent = item.text("type") != _NO_SHIPPING
    return SupplierParcel(
        parcel_id=item.text(id_name) or item.needed_text("id"),
        tracking_number=tracking_number(item.text("logisticsBillNo")) if sent else "",
        carrier_code=carrier, carrier_name=item.text("logisticsCompanyName") or (names.text(carrier) if carrier else ""), status=item.text("status"),
        shipped_at=time_in(item, "deliveredTime"),
        line_ids=[one for one in (part.strip() for part in entries.split(",")) if one in line_ids],
    )  # fmt: skip


def _both(native: SupplierParcel, told: SupplierParcel) -> SupplierParcel:
    return SupplierParcel(
        parcel_id=native["parcel_id"], tracking_number=told["tracking_number"] or native["tracking_number"],
        carrier_code=told["carrier_code"] or native["carrier_code"], carrier_name=told["carrier_name"] or native["carrier_name"],
        status=told["status"] or native["status"], shipped_at=native["shipped_at"], line_ids=told["line_ids"] or native["line_ids"],
    )  # fmt: skip


def _events(whole: Reader, order: SupplierOrder) -> list[DeliveryEvent]:
    """Each step once, oldest first."""
    known = {one["parcel_id"]: one for one in order["parcels"]}
    found: dict[str, DeliveryEvent] = {}
    for traced in whole.children("trace"):
        parcel_id = traced.needed_text("logisticsId")
        parcel = known.get(parcel_id)
        number = parcel["tracking_number"] if parcel else tracking_number(traced.text("logisticsBillNo"))
        for step in traced.children("logisticsSteps"):
            at, text = _needed_time(step, "acceptTime"), without_phones(tidy(step.text("remark")))
            millis = millis_of(at)
            digest = blake2b(text.encode(), digest_size=4).hexdigest()
            key = f"{order['key']}:parcel:{parcel_id}:{millis}:{digest}"
            found[key] = DeliveryEvent(
                key=key, source="alibaba", account=order["account"], order_key=order["key"], order_id=order["order_id"],
                parcel_id=parcel_id, tracking_number=number, carrier_code=parcel["carrier_code"] if parcel else "", at=at, text=text,
                status="", version=millis,
            )  # fmt: skip
    return sorted(found.values(), key=lambda one: (one["version"], one["key"]))


def _needed_time(holder: Reader, name: str) -> datetime:
    found = time_in(holder, name)
    if found is None:
        raise holder[name].wrong("a time")
    return found


def _order_in(element: Reader) -> Reader:
    """TradeInfo, bare as the list has it or in a payload."""
    return element["order"] if isinstance(element.value, dict) and "order" in element.value else element.an_object()


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
