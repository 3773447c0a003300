"""Builds a return order as GET /v3/returns shows it (GetReturnOrdersResponse and its example)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from connectors.walmart.sandbox.charges import Json, amount
from connectors.walmart.sandbox.shares import charged_units, money_of

REASONS = ("ARRIVED_LATE", "DAMAGED", "DEFECTIVE", "NO_LONGER_WANTED", "WRONG_ITEM", "NOT_AS_DESCRIBED")
EXCEPTIONS = ("HAZMAT", "FREIGHT", "OTHER")
TYPES = ("REFUND", "REPLACEMENT")
RETURN_DAYS_MS = 30 * 86_400_000


@dataclass(frozen=True)
class Wanted:
    """What a customer wants to give back of one line."""

    line: str
    quantity: int
    reason: str = "DEFECTIVE"
    exception: str = ""
    keep_it: bool = False


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def money(cents: int) -> Json:
    return {"currencyAmount": amount(cents), "currencyUnit": "USD"}


def quantity(count: int) -> Json:
    return {"unitOfMeasure": "EACH", "measurementValue": count}


def return_body(return_id: str, order: Json, wanted: list[tuple[Wanted, Json]], kind: str, at_ms: int) -> Json:
    """wanted: with the order line each belongs to."""
    lines = [_line(number, one, line, order, at_ms) for number, (one, line) in enumerate(wanted, start=1)]
    total = sum(_line_cents(line, one.quantity) for one, line in wanted)
    first, _, last = str(order["shippingInfo"]["postalAddress"]["name"]).partition(" ")
    tracking = f"99{return_id[-12:]}"
    label = {
        "labelImageURL": f"https://labels.walmart.example/{return_id}.png",
        "carrierInfoList": [
            {"carrierId": "11", "carrierName": "FEDEX", "serviceType": "FedEx Ground", "trackingNo": tracking}
        ],
    }
    group = {
        "groupNo": 1,
        "returnLines": [{"returnOrderLineNumber": line["returnOrderLineNumber"]} for line in lines],
        "labels": [label],
        "returnExpectedFlag": any(line["returnExpectedFlag"] for line in lines),
    }
    body: Json = {"returnOrderId": return_id}
    if "customerEmailId" in order:
        body["customerEmailId"] = order["customerEmailId"]
    body |= {
        "customerName": {"firstName": first, "lastName": last},
        "customerOrderId": str(order["customerOrderId"]),
        "refundMode": "POST_DELIVERY",
        "returnOrderDate": iso(at_ms),
        "returnType": kind,
        "returnByDate": iso(at_ms + RETURN_DAYS_MS),
        "totalRefundAmount": money(total),
        "returnLineGroups": [group],
        "returnOrderLines": lines,
        "returnChannel": {"channelName": "IN_STORE"},
    }
    if kind == "REPLACEMENT":
        body["replacementCustomerOrderId"] = f"99{return_id[2:13]}"
    return body


def _line(number: int, wanted: Wanted, line: Json, order: Json, at_ms: int) -> Json:
    product = {"sku": line["item"]["sku"], "productName": line["item"]["productName"]}
    weight = line["item"].get("weight", {}).get("value")
    if weight is not None:
        product["itemWeight"] = {"unitOfMeasure": "POUND", "measurementValue": float(weight)}
    found: Json = {
        "returnOrderLineNumber": number,
        "salesOrderLineNumber": int(line["lineNumber"]),
        "returnReason": wanted.reason,
        "purchaseOrderId": str(order["purchaseOrderId"]),
        "purchaseOrderLineNumber": int(line["lineNumber"]),
        "isReturnForException": bool(wanted.exception),
        "item": product,
        "charges": _charges(line),
        "unitPrice": money(money_of(line["charges"]["charge"], 1, charged_units(line)).product),
        "chargeTotals": _totals(line, wanted.quantity),
        "currentDeliveryStatus": "NOT_SHIPPED",
        "currentRefundStatus": "REFUND_INITIATED",
        "currentTrackingStatuses": [_tracking_status("INITIATED", "REFUND_INITIATED", wanted.quantity, at_ms)],
        "refundChannels": [],
        "cancellableQty": wanted.quantity,
        "quantity": quantity(wanted.quantity),
        "returnExpectedFlag": not wanted.keep_it,
        "isFastReplacement": False,
        "isKeepIt": wanted.keep_it,
        "lastItem": False,
        "refundedQty": 0,
        "rechargeableQty": 0,
        "refundChannel": "SELLER_MANUAL_REFUND",
        "returnTrackingDetail": [_event(0, "RETURN_INITIATED", "Return initiated for MARKET_PLACE", at_ms)],
        "status": "INITIATED",
        "statusTime": iso(at_ms),
    }
    if wanted.exception:
        found["exceptionItemType"] = wanted.exception
    if "sellerOrderId" in line:
        found["sellerOrderId"] = line["sellerOrderId"]
    return found


def _charges(line: Json) -> list[Json]:
    """The goods' charges per unit; shipping is not given back with a return."""
    whole, found = charged_units(line), []
    for charge in line["charges"]["charge"]:
        if charge["chargeType"] != "PRODUCT":
            continue
        one = money_of([charge], 1, whole)
        tax = []
        if "tax" in charge:
            tax = [
                {
                    "taxName": charge["tax"]["taxName"],
                    "excessTax": money(0),
                    "taxPerUnit": money(one.product_tax),
                }
            ]
        found.append(
            {
                "chargeCategory": "PRODUCT",
                "chargeName": charge["chargeName"],
                "chargePerUnit": money(one.product + one.discount),
                "isDiscount": one.discount < 0,
                "isBillable": True,
                "tax": tax,
                "excessCharge": money(0),
                "references": [{"name": "isAdjustment", "value": "false"}],
            }
        )
    return found


def _totals(line: Json, count: int) -> list[Json]:
    part = money_of(line["charges"]["charge"], count, charged_units(line))
    goods = part.product + part.discount
    named = (
        ("lineUnitPrice", money_of(line["charges"]["charge"], 1, charged_units(line)).product),
        ("lineProductTaxes", part.product_tax),
        ("lineTotalTaxes", part.product_tax),
        ("lineSubTotal", goods),
        ("lineTotal", goods + part.product_tax),
    )
    return [{"name": name, "value": money(cents)} for name, cents in named]


def _line_cents(line: Json, count: int) -> int:
    part = money_of(line["charges"]["charge"], count, charged_units(line))
    return part.product + part.discount + part.product_tax


def _tracking_status(status: str, refund: str, count: int, at_ms: int) -> Json:
    return {
        "status": status,
        "statusTime": iso(at_ms),
        "currentRefundStatus": refund,
        "quantity": quantity(count),
    }


def _event(number: int, tag: str, text: str, at_ms: int) -> Json:
    shown = [{"name": "ReturnDate", "value": iso(at_ms)}]
    return {
        "sequenceNo": number,
        "eventTag": tag,
        "eventDescription": text,
        "eventTime": iso(at_ms),
        "references": shown,
    }
