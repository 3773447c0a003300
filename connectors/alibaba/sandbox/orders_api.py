"""The list of a buyer's orders and one order (alibaba.md section 9)."""

import random

from connectors.alibaba.sandbox import order_damage
from connectors.alibaba.sandbox.errors import BusinessError, invalid
from connectors.alibaba.sandbox.moments import DAY
from connectors.alibaba.sandbox.order_store import Search
from connectors.alibaba.sandbox.order_views import drawn, native_logistics, trade
from connectors.alibaba.sandbox.parts import Call, Handler, Part
from connectors.alibaba.sandbox.reading import flag, moment, number, of_1688, parsed, whole
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.kit.sandbox.fault_rules import BAD_RECORD
from connectors.kit.sandbox.steering import Json

PAGE_MOST, PAGE_DEFAULT = 50, 20
STATUSES = ("success", "cancel", "waitbuyerpay", "waitsellersend", "waitbuyerreceive")
FIELDS = ("NativeLogistics", "RateDetail", "OrderInvoice", "GuaranteesTerms")
# Misbehaviours of the list: an order left out (each order is a draw), though a call by its id finds it; a page given twice.
ABSENT_ORDER, DUPLICATE_PAGE = "absent_order", "duplicate_page"
ORDER_KINDS = (BAD_RECORD, ABSENT_ORDER, DUPLICATE_PAGE)
_FOREVER = 1e12


class OrdersApi(Part):
    def handlers(self) -> dict[str, Handler]:
        return {"alibaba.trade.getBuyerOrderList": self.listed, "alibaba.trade.get.buyerView": self.one}

    def listed(self, call: Call) -> Json:
        page, size = whole(call, "page", 1, 10**6, 1), whole(call, "pageSize", 1, PAGE_MOST, PAGE_DEFAULT)
        if page > 1 and call.faults.strikes(DUPLICATE_PAGE):
            page -= 1
        receiver = flag(call, "needBuyerAddressAndPhone") or False
        found, total = self.world.orders.page(call.account, self._search(call), size, page)
        rows = [trade(order, call.buyer, receiver=receiver) for order in found if not call.faults.strikes(ABSENT_ORDER)]
        if rows and call.faults.strikes(BAD_RECORD):
            rng = random.Random(f"{call.faults.plan.seed}:{call.faults.plan.counts[BAD_RECORD]}")
            at = rng.randrange(len(rows))
            rows[at] = order_damage.damaged(rows[at], rng)
        return {"result": rows, "totalRecord": total}

    def one(self, call: Call) -> Json:
        of_1688(call)
        fields = set(call.text("includeFields").split(",")) - {""}
        if unknown := sorted(fields - set(FIELDS)):
            raise invalid("includeFields", f"{unknown[0][:40]} is unknown")
        order = self.world.orders.get(str(number(call, "orderId")))
        if order is None:
            raise BusinessError("ORDER_NOT_EXIST", "订单不存在")
        if order.account != call.account:
            raise BusinessError("order.nopermission.buyer", "没有权限查看该订单")
        info = trade(order, call.buyer, receiver=True)
        if "NativeLogistics" in fields:
            info["nativeLogistics"] = native_logistics(order, self.world.parcels.of_order(order.id))
        # The official sample has no success field.
        return {"result": info} if drawn(order, 3) else {"result": info, "success": "true"}

    def _search(self, call: Call) -> Search:
        flag(call, "needMemoInfo")
        if "orderIds" in call.parameters:
            # Read, but not filtered by: a field report says so.
            parsed(call, "orderIds")
        created = _window(call, "createStartTime", "createEndTime")
        modified = _window(call, "modifyStartTime", "modifyEndTime")
        current_from = call.now - self.world.settings.current_days * DAY
        table = (0.0, current_from - 1) if flag(call, "isHis") else (current_from, _FOREVER)
        both = (max(created[0], table[0]), min(created[1], table[1]))
        return Search(call.now, both, modified, self._equal(call))

    def _equal(self, call: Call) -> dict[str, str]:
        status = call.text("orderStatus")
        if status and status not in STATUSES:
            raise invalid("orderStatus", f"one of {', '.join(STATUSES)} is expected")
        equal = {"status": status, "out_order_id": call.text("outOrderId"), "refund_status": call.text("refundStatus")}
        for name, field in (("sellerMemberId", "member_id"), ("sellerLoginId", "login_id")):
            if wanted := call.text(name):
                equal["seller"] = next((one.key for one in SELLERS.values() if getattr(one, field) == wanted), "nobody")
        return {column: value for column, value in equal.items() if value}


def _window(call: Call, start: str, end: str) -> tuple[float, float]:
    return moment(call, start, 0.0), moment(call, end, _FOREVER)
