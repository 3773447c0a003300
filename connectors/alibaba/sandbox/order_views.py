"""What the APIs show of an order (alibaba.md section 9): yuan and fen side by side, ids as numbers that a double has rounded beside the true ones
as text, lists that are null or missing. What varies does so by the order's id: every order always looks the same."""

from collections.abc import Sequence

from connectors.alibaba.sandbox import moments
from connectors.alibaba.sandbox.money import yuan
from connectors.alibaba.sandbox.orders import CANCELLED, PAID, SUCCESS, UNPAID, Line, Order
from connectors.alibaba.sandbox.parcels import Parcel
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.alibaba.sandbox.settings import Buyer
from connectors.kit.sandbox.steering import Json

_SHOWN = {
    UNPAID: "等待买家付款",
    PAID: "等待卖家发货",
    "waitbuyerreceive": "等待买家确认收货",
    SUCCESS: "交易成功",
    CANCELLED: "交易关闭",
}
# Of the lines: not shipped, shipped, received, partly shipped (alibaba.md section 9).
_UNSHIPPED, _SENT, _RECEIVED, _PARTLY = 1, 2, 3, 5


def rounded(number: str) -> int:
    """As the official samples show long ids: what a double makes of them."""
    return int(float(number))


def drawn(order: Order, share: int) -> bool:
    """One order in `share`, always the same ones."""
    return int(order.id[4:16]) % share == 0


def trade(order: Order, buyer: Buyer, *, receiver: bool = False) -> Json:
    """TradeInfo without parcels."""
    info: Json = {
        "baseInfo": _base(order, buyer),
        "productItems": [_line(order, line) for line in order.lines],
        "tradeTerms": [_terms(order)],
    }
    if receiver:
        address = order.address
        area = " ".join(address[name] for name in ("province", "city", "area", "town", "address") if address[name])
        contact = {"toFullName": address["contact"], "toMobile": address["mobile"], "toPost": address["zip"]}
        info["baseInfo"]["receiverInfo"] = {**contact, "toArea": area}
    return info


def native_logistics(order: Order, parcels: Sequence[Parcel]) -> Json:
    address = order.address
    shown: Json = {
        "province": address["province"],
        "city": address["city"],
        "area": address["area"],
        "town": address["town"],
        "address": address["address"],
        "zip": address["zip"],
        "contactPerson": address["contact"],
        "mobile": address["mobile"],
    }
    if parcels:
        shown["logisticsItems"] = [_native_item(order, parcel) for parcel in parcels]
    elif drawn(order, 2):
        shown["logisticsItems"] = None
    return shown


def _native_item(order: Order, parcel: Parcel) -> Json:
    company = parcel.company
    item = {
        "id": parcel.number,
        "logisticsCode": parcel.id,
        "logisticsBillNo": parcel.bill_no,
        "logisticsCompanyId": company.id,
        "logisticsCompanyNo": company.no,
        "logisticsCompanyName": company.name,
        "type": parcel.kind,
        "status": "alreadysend",
        "deliveredTime": moments.stamp(parcel.sent),
        "subItemIds": ",".join(parcel.sub_ids(order.id)),
    }
    return {name: value for name, value in item.items() if value is not None}


def _base(order: Order, buyer: Buyer) -> Json:
    seller = SELLERS[order.seller]
    base: Json = {
        "id": rounded(order.id),
        "idOfStr": int(order.id) if drawn(order, 5) else order.id,
        "status": order.status,
        "createTime": moments.stamp(order.created),
        "modifyTime": moments.stamp(order.modified),
        "totalAmount": yuan(order.total),
        "sumProductPayment": yuan(order.goods),
        "shippingFee": yuan(order.freight),
        "discount": order.discount,
        "refund": yuan(order.refund),
        "refundPayment": order.refund,
        "tradeType": "50060",
        "businessType": "cn",
        "flowTemplateCode": "assureTrade",
        "buyerID": buyer.member_id,
        "buyerLoginId": buyer.login_id,
        "sellerID": seller.member_id,
        "sellerUserId": seller.user_id,
        "sellerLoginId": seller.login_id,
        "sellerContact": {"companyName": seller.company, "imInPlatform": seller.login_id},
    }
    times = {"payTime": order.paid, "allDeliveredTime": order.sent}
    times |= {"receivingTime": order.confirmed, "completeTime": order.completed}
    base |= {name: moments.stamp(at) for name, at in times.items() if at is not None}
    texts = {"outOrderId": order.out_order_id, "buyerFeedback": order.message, "refundStatus": order.refund_status}
    texts |= {"closeReason": order.close_reason}
    return {**base, **{name: text for name, text in texts.items() if text}}


def _line(order: Order, line: Line) -> Json:
    item: Json = {
        "productID": line.offer_id,
        "skuID": line.sku_id,
        "specId": line.spec_id,
        "subItemID": rounded(line.sub_id),
        "subItemIDString": int(line.sub_id) if drawn(order, 7) else line.sub_id,
        "name": line.name,
        "productCargoNumber": line.cargo,
        "productImgUrl": [line.image, f"{line.image}.80x80.jpg"],
        "quantity": line.quantity,
        "unit": line.unit,
        "price": yuan(line.price),
        "itemAmount": yuan(line.amount),
        "entryDiscount": line.amount - line.price * line.quantity,
        "status": order.status,
        "statusStr": _SHOWN.get(order.status, order.status),
        "logisticsStatus": _line_logistics(order, line),
        "skuInfos": [{"name": name, "value": value} for name, value in line.attributes] or None,
    }
    if order.refund_status:
        item["refundStatus"] = "_".join(_words(order.refund_status)).upper()
    return {name: value for name, value in item.items() if value is not None or name == "skuInfos"}


def _words(status: str) -> list[str]:
    """As lines write it: `waitselleragree` is WAIT_SELLER_AGREE."""
    found, rest = [], status
    for word in ("wait", "seller", "buyer", "refund"):
        if rest.startswith(word):
            found.append(word)
            rest = rest.removeprefix(word)
    return [*found, rest] if rest else found


def _line_logistics(order: Order, line: Line) -> int:
    if not line.shipped:
        return _UNSHIPPED
    if line.left:
        return _PARTLY
    return _RECEIVED if order.confirmed is not None else _SENT


def _terms(order: Order) -> Json:
    """payStatus: 1 unpaid, 2 paid, 4 refunded, 6 the seller has it, 8 cancelled before payment."""
    status = "1" if order.paid is None else "2"
    if order.status == CANCELLED:
        status = "8" if order.paid is None else "4"
    elif order.status == SUCCESS:
        status = "6"
    terms: Json = {"payStatus": status, "payWay": "1", "phasAmount": yuan(order.total)}
    return terms if order.paid is None else {**terms, "payTime": moments.stamp(order.paid)}
