"""Preview, creation, cancellation and pay link (alibaba.md section 8). A create call makes whatever it makes, however often it comes: nothing
says that the platform looks at `outOrderId` for doubles."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from connectors.alibaba.sandbox import cart
from connectors.alibaba.sandbox.addresses import delivery_address
from connectors.alibaba.sandbox.cart import Group, Wanted
from connectors.alibaba.sandbox.errors import BusinessError, invalid
from connectors.alibaba.sandbox.money import yuan
from connectors.alibaba.sandbox.offer_news import keep_stock
from connectors.alibaba.sandbox.offer_store import PUSHED
from connectors.alibaba.sandbox.orders import UNPAID, Line, Order
from connectors.alibaba.sandbox.parts import Call, Handler, Part
from connectors.alibaba.sandbox.reading import an_object, longs, number, objects, of_1688
from connectors.kit.sandbox.steering import Json

# Misbehaviours of creation: two orders instead of one; the last line fails and the rest is ordered; an answer without `result`, one of them with
# success false beside an order id; the new order is absent from lists for a while; prices, or freight, have risen since the preview.
SPLIT_ORDER, PARTIAL_ORDER = "split_order", "partial_order"
FLAT_ANSWER, FLAT_FALSE = "flat_answer", "flat_false"
LATE_IN_LIST, PRICE_MOVED, FREIGHT_MOVED = "late_in_list", "price_moved", "freight_moved"
ORDERING_KINDS = (SPLIT_ORDER, PARTIAL_ORDER, FLAT_ANSWER, FLAT_FALSE, LATE_IN_LIST, PRICE_MOVED, FREIGHT_MOVED)
RISE_PERCENT, RISE_FREIGHT = 10, 500
MOST_MESSAGE, MOST_OUT_ID, MOST_PAY = 500, 128, 100
CANCEL_REASONS = ("buyerCancel", "sellerGoodsLack", "other")
ID_MARKER = "2999"


@dataclass(frozen=True)
class Asked:
    """A create call as understood. short: lines that cannot be had."""

    address: Json
    groups: list[Group]
    short: list[Wanted]


class OrderingApi(Part):
    def handlers(self) -> dict[str, Handler]:
        return {
            "alibaba.createOrder.preview": self.preview,
            "alibaba.trade.fastCreateOrder": self.create,
            "alibaba.trade.createCrossOrder": self.create,
            "alibaba.trade.cancel": self.cancel,
            "alibaba.alipay.url.get": self.pay_link,
        }

    def preview(self, call: Call) -> Json:
        delivery_address(an_object(call, "addressParam"))
        lines = self._lines(call)
        cart.check_stock(lines)
        return {"orderPreviewResuslt": [_previewed(call, one) for one in cart.grouped(lines)], "success": True}

    def create(self, call: Call) -> Json:
        asked = self._asked(call)
        creation = f"c{self.world.orders.count() + 1}"
        hidden = call.now + self.world.settings.list_lag_seconds if call.faults.strikes(LATE_IN_LIST) else 0.0
        made = [self._made(call, asked.address, group, creation, hidden) for group in asked.groups]
        self.world.journal.wrote(call.account, creation, "create", call.now)
        for order in made:
            self.world.desk.placed(order)
        if call.faults.strikes(FLAT_FALSE):
            return {"success": False, **_result(made, asked.short)}
        if call.faults.strikes(FLAT_ANSWER):
            return {**_result(made, asked.short), "success": True}
        return {"success": True, "code": "", "message": "", "result": {"success": True, **_result(made, asked.short)}}

    def cancel(self, call: Call) -> Json:
        of_1688(call)
        if call.text("cancelReason") not in CANCEL_REASONS:
            raise invalid("cancelReason", f"one of {', '.join(CANCEL_REASONS)} is expected")
        order = self.world.orders.get(str(number(call, "tradeID")))
        if order is None:
            raise BusinessError("ORDER_NOT_EXIST", "订单不存在")
        if order.account != call.account:
            raise BusinessError("400_3", "没有权限操作该订单")
        if order.status != UNPAID:
            raise BusinessError("ORDER_STATUS_ERROR", "订单状态不允许取消")
        if call.now - order.created < self.world.settings.cancel_after_seconds:
            raise BusinessError("CLOSE_ORDER_TOO_FAST", "下单后10秒内不能取消")
        self.world.journal.wrote(call.account, order.id, "cancel", call.now)
        self.world.desk.change(order, {"kind": "close", "by": "buyer", "reason": call.text("cancelReason")}, call.now)
        return {"success": True}

    def pay_link(self, call: Call) -> Json:
        orders = [self.world.orders.get(str(one)) for one in longs(call, "orderIdList", MOST_PAY)]
        if any(one is None or one.account != call.account or one.status != UNPAID for one in orders):
            raise BusinessError("ORDER_STATUS_ERROR", "订单不可支付")
        ids = ",".join(one.id for one in orders if one)
        return {"success": True, "payUrl": f"https://trade.1688.example/pay?orderIds={ids}"}

    def _lines(self, call: Call) -> list[Wanted]:
        if len(call.text("message")) > MOST_MESSAGE or len(call.text("outOrderId")) > MOST_OUT_ID:
            raise BusinessError("400", "message或outOrderId过长")
        lines = cart.checked(objects(call, "cargoParamList"), self.world.offers.get)

        def related() -> bool:
            return all(self.world.offers.related(call.account, PUSHED, line.offer.id) for line in lines)

        cart.check_flow(call.text("flow"), call.text("tradeType"), related)
        return lines

    def _asked(self, call: Call) -> Asked:
        address = delivery_address(an_object(call, "addressParam"))
        lines = self._lines(call)
        short = [line for line in lines if not line.in_stock]
        if not short and len(lines) > 1 and call.faults.strikes(PARTIAL_ORDER):
            short = lines[-1:]
        had = [line for line in lines if line not in short]
        if not had:
            raise BusinessError(cart.NO_STOCK, "库存不足")
        if call.faults.strikes(PRICE_MOVED):
            had = [replace(line, price=line.price * (100 + RISE_PERCENT) // 100) for line in had]
        groups = cart.grouped(had, split=call.faults.strikes(SPLIT_ORDER))
        if call.faults.strikes(FREIGHT_MOVED):
            groups[0] = replace(groups[0], freight=groups[0].freight + RISE_FREIGHT)
        return Asked(address, groups, short)

    def _made(self, call: Call, address: Json, group: Group, creation: str, hidden_until: float) -> Order:
        order_id = self._new_id()
        now = float(int(call.now))
        lines = [
            _line(order_id if len(group.lines) == 1 else str(int(order_id) + at + 1), wanted)
            for at, wanted in enumerate(group.lines)
        ]
        for wanted in group.lines:
            offer = self.world.offers.get(wanted.offer.id) or wanted.offer
            spec_id = wanted.spec.spec_id if wanted.spec else None
            keep_stock(self.world, offer, offer.moved(spec_id, -wanted.quantity), call.now)
        order = Order(
            order_id, call.account, creation, group.seller.key, UNPAID, tuple(lines), address, group.freight, now, now
        )
        texts = {"out_order_id": call.text("outOrderId"), "flow": call.text("flow"), "message": call.text("message")}
        order = replace(order, **texts, hidden_until=hidden_until)  # type: ignore[arg-type]
        self.world.orders.put(order)
        return order

    def _new_id(self) -> str:
        """19 digits, beyond what a double holds; the last three leave room for the lines' ids."""
        rng = self.world.rng("order", str(self.world.orders.count()))
        while True:
            found = f"{ID_MARKER}{rng.randrange(10**12):012d}001"
            if self.world.orders.get(found) is None:
                return found


def _line(sub_id: str, wanted: Wanted) -> Line:
    offer, spec = wanted.offer, wanted.spec
    line = Line(
        sub_id, offer.id, offer.subject, offer.unit, wanted.quantity, wanted.price, wanted.amount, image=offer.image
    )
    if spec is None:
        return line
    attributes = tuple((name, value) for _, name, value, _, _ in spec.attributes)
    return replace(line, sku_id=spec.sku_id, spec_id=spec.spec_id, cargo=spec.cargo, attributes=attributes)


def _previewed(call: Call, group: Group) -> Json:
    """Sums in fen, prices and amounts of lines in yuan."""
    cargo = [
        {
            "offerId": line.offer.id,
            "skuId": line.spec.sku_id if line.spec else None,
            "specId": line.spec.spec_id if line.spec else None,
            "finalUnitPrice": yuan(line.price),
            "amount": yuan(line.amount),
        }
        for line in group.lines
    ]
    sums = {"sumPayment": group.total, "sumCarriage": group.freight, "sumPaymentNoCarriage": group.goods}
    first = {"status": True, "flowFlag": call.text("flow"), "tradeModeNameList": ["assureTrade", "alipay"]}
    return {**first, **sums, "discountFee": 0, "cargoList": cargo, "shopPromotionList": []}


def _result(orders: Sequence[Order], short: Sequence[Wanted]) -> Json:
    """Amounts in fen. One order stands by itself, several stand in a list."""
    failed = [
        {
            "offerId": str(line.offer.id),
            "specId": line.spec.spec_id if line.spec else None,
            "errorCode": cart.NO_STOCK,
            "errorMessage": "库存不足",
        }
        for line in short
    ]
    if len(orders) == 1:
        sums = {"totalSuccessAmount": orders[0].total, "postFee": orders[0].freight}
        return {"orderId": orders[0].id, **sums, "failedOfferList": failed, "orderList": None, "accountPeriod": None}
    made = [
        {
            "orderId": order.id,
            "orderAmmount": order.total,
            "postFee": order.freight,
            "success": True,
            "resultCode": "",
            "message": "",
            "payChannel": "alipay",
        }
        for order in orders
    ]
    return {"orderId": "", "failedOfferList": failed, "orderList": made}
