"""Parcels of an order and their traces (alibaba.md section 9)."""

from connectors.alibaba.sandbox import moments
from connectors.alibaba.sandbox.errors import BusinessError, invalid
from connectors.alibaba.sandbox.orders import Order
from connectors.alibaba.sandbox.parcels import NO_SHIPPING, Parcel
from connectors.alibaba.sandbox.parts import Call, Handler, Part
from connectors.alibaba.sandbox.reading import number, of_1688
from connectors.kit.sandbox.steering import Json

NOT_SHIPPED, NO_TRACE = "500_2", "该订单没有物流跟踪信息。"
# The official example writes `company,name` where the words say `company.name`.
FIELDS = frozenset({"company.name", "company", "name", "sender", "receiver", "sendgood"})
_YEAR = 365 * moments.DAY


class LogisticsApi(Part):
    def handlers(self) -> dict[str, Handler]:
        return {
            "alibaba.trade.getLogisticsInfos.buyerView": self.infos,
            "alibaba.trade.getLogisticsTraceInfo.buyerView": self.trace,
        }

    def infos(self, call: Call) -> Json:
        order = self._order(call)
        fields = set(call.text("fields").split(",")) - {""}
        if unknown := sorted(fields - FIELDS):
            raise invalid("fields", f"{unknown[0][:40]} is unknown")
        parcels = self.world.parcels.of_order(order.id)
        if not parcels:
            raise BusinessError(NOT_SHIPPED, "该订单没有物流信息")
        return {"success": True, "result": [_info(order, parcel, fields) for parcel in parcels]}

    def trace(self, call: Call) -> Json:
        order = self._order(call)
        if call.now - order.created > _YEAR:
            raise BusinessError("order.createtime.history", "订单创建时间超过一年")
        wanted = call.text("logisticsId")
        parcels = [one for one in self.world.parcels.of_order(order.id) if wanted in ("", one.id)]
        if wanted and not parcels:
            raise BusinessError("404", "没有物流跟踪信息")
        traced = [_traced(order, parcel) for parcel in parcels if parcel.steps]
        if not traced:
            return {"errorMessage": NO_TRACE, "success": True}
        return {"success": True, "logisticsTrace": traced}

    def _order(self, call: Call) -> Order:
        of_1688(call)
        found = self.world.orders.get(str(number(call, "orderId")))
        if found is None or found.account != call.account:
            raise BusinessError("order.nopermission.buyer", "没有权限查看该订单")
        return found


def _info(order: Order, parcel: Parcel, fields: set[str]) -> Json:
    """orderEntryIds: of the parcel's all orders, as text with commas; goods of this order."""
    company = parcel.company
    info: Json = {
        "logisticsId": parcel.id,
        "logisticsBillNo": parcel.bill_no,
        "orderEntryIds": ",".join(entry.sub_id for entry in parcel.entries),
        "status": parcel.status,
        "logisticsCompanyId": str(company.id),
        "logisticsCompanyName": company.name,
        "logisticsCompanyNo": company.no,
        "remarks": "",
        "sendGoods": None,
    }
    if parcel.kind == NO_SHIPPING:
        info |= {"logisticsCompanyId": None, "logisticsCompanyName": None, "logisticsCompanyNo": None}
    if "sendgood" in fields or not fields:
        info["sendGoods"] = _goods(order, parcel)
    if "receiver" in fields:
        address = order.address
        names = {"receiverName": address["contact"], "receiverMobile": address["mobile"]}
        places = {"receiverProvince": address["province"], "receiverCity": address["city"]}
        info["receiver"] = {**names, **places, "receiverCounty": address["area"], "receiverAddress": address["address"]}
    return {name: value for name, value in info.items() if value is not None}


def _goods(order: Order, parcel: Parcel) -> list[Json]:
    """Quantities are text here."""
    rows = []
    for entry in parcel.entries:
        line = order.line(entry.sub_id) if entry.order_id == order.id else None
        if line is not None:
            rows.append({"goodName": line.name, "quantity": str(entry.units), "unit": line.unit})
    return rows


def _traced(order: Order, parcel: Parcel) -> Json:
    steps = [{"acceptTime": moments.local(at), "remark": remark} for at, remark in parcel.steps]
    shown = {"logisticsId": parcel.id, "orderId": int(order.id), "logisticsBillNo": parcel.bill_no}
    return {**shown, "logisticsSteps": steps}
