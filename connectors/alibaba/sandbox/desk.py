"""Changes of orders and parcels: each is kept, dated, and told to the buyer's app."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connectors.alibaba.sandbox import lifecycle, moments
from connectors.alibaba.sandbox.offer_news import keep_stock
from connectors.alibaba.sandbox.orders import CANCELLED, PAID, UNPAID, Order
from connectors.alibaba.sandbox.parcels import (
    NO_NUMBER,
    NO_SHIPPING,
    ONLINE,
    OWN,
    STEPS,
    Entry,
    Parcel,
    known_carrier,
    stepped,
)
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.kit.sandbox.steering import Json, NotThereError, RefusedError, known

if TYPE_CHECKING:
    from connectors.alibaba.sandbox.world import World

VIEW = "ORDER_BUYER_VIEW_"
TRACE, NEW_NUMBER = "LOGISTICS_BUYER_VIEW_TRACE", "LOGISTICS_MAIL_NO_CHANGE"
# Kind of change -> (type of the message after VIEW, what it calls the status).
_TOLD: Mapping[str, tuple[str, str]] = {
    "pay": ("ORDER_PAY", PAID),
    "price": ("ORDER_PRICE_MODIFY", UNPAID),
    "confirm": ("ORDER_COMFIRM_RECEIVEGOODS", "confirm_goods_and_has_subsidy"),
    "success": ("ORDER_SUCCESS", "success"),
}
_SHIP_FIELDS = {"kind", "items", "carrier", "bill_no", "type", "account"}


class Desk:
    """Knows nothing of HTTP. now: epoch seconds."""

    def __init__(self, world: "World") -> None:
        self.world = world

    def placed(self, order: Order) -> None:
        """A new order: it is told, and what the settings plan for it is written down."""
        self._tell(order, "BUYER_MAKE", order.status, order.created)
        for seconds, kind in self.world.settings.timeline:
            self.world.journal.plan(order.created + seconds, order.account, order.id, {"kind": kind})

    def due(self, account: str, order_id: str, change: Json, at: float) -> None:
        """What was planned; an order that has gone another way meanwhile is left alone."""
        order = self.world.orders.get(order_id)
        if order is None:
            return
        try:
            if change["kind"] == "sign":
                for parcel in self.world.parcels.of_order(order_id):
                    self.step(parcel, {"kind": "accept"}, at)
                    self.step(self.parcel(parcel.id), {"kind": "sign"}, at)
            else:
                self.change(order, change, at)
        except RefusedError:
            return

    def order(self, order_id: str) -> Order:
        found = self.world.orders.get(order_id)
        if found is None:
            raise NotThereError("no such order")
        return found

    def parcel(self, parcel_id: str) -> Parcel:
        found = self.world.parcels.get(parcel_id)
        if found is None:
            raise NotThereError("no such parcel")
        return found

    def change(self, order: Order, change: Json, now: float) -> Order:
        """{"kind": "ship" or one of lifecycle's, ...}"""
        kind = change.get("kind")
        if kind == "ship":
            units = change.get("items") or {line.sub_id: line.left for line in order.lines if line.left}
            self.ship({order.id: units}, change, now)
            return self.order(order.id)
        changed = lifecycle.applied(order, change, now)
        self.world.orders.put(changed)
        if changed.status == CANCELLED != order.status:
            self._give_back(changed, now)
        self._tell_change(changed, str(kind), change, now)
        return changed

    def ship(self, units: Mapping[str, Mapping[str, int]], given: Json, now: float) -> Parcel:
        """One parcel with lines of one or several orders: {order id: {sub-order id: units}}. given: `carrier`, `bill_no` (null: the carrier's
        number is not known), `type` 0, 1, 2."""
        known(given, _SHIP_FIELDS | {"orders"})
        kind, carrier = str(given.get("type", OWN)), known_carrier(str(given.get("carrier", "ZTO")))
        if kind not in (OWN, ONLINE, NO_SHIPPING):
            raise ValueError("type: 0, 1 or 2 is expected")
        orders = [self.order(order_id) for order_id in units]
        if not orders or len({order.account for order in orders}) != 1:
            raise RefusedError("orders of one buyer are expected")
        changed = [lifecycle.shipped(order, units[order.id], now) for order in orders]
        entries = [
            Entry(order.id, sub_id, int(count))
            for order in orders
            for sub_id, count in units[order.id].items()
            if count
        ]
        parcel = self._parcel(orders[0].account, tuple(entries), kind, carrier, given, now)
        self.world.parcels.put(parcel)
        for order in changed:
            self.world.orders.put(order)
            part = order.status == PAID
            self._tell(order, "PART_PART_SENDGOODS" if part else "ANNOUNCE_SENDGOODS", order.status, now)
        self._tell_parcel(parcel, "CONSIGN", now)
        return parcel

    def step(self, parcel: Parcel, change: Json, now: float) -> Parcel:
        """What happens on the way: parcels.stepped."""
        after = stepped(parcel, change, now)
        self.world.parcels.put(after)
        if change["kind"] == "number":
            self._tell_number(parcel, after, now)
        elif told := STEPS[change["kind"]][1]:
            self._tell_parcel(after, told, now)
        return after

    def _parcel(
        self, account: str, entries: tuple[Entry, ...], kind: str, carrier: str, given: Json, now: float
    ) -> Parcel:
        rng, number = self.world.rng("parcel", str(self.world.parcels.count())), self.world.parcels.count() + 1
        bill_no = given.get("bill_no", f"75{rng.randrange(10**12):012d}")
        if kind == NO_SHIPPING:
            bill_no = NO_NUMBER
        parcel_id = f"LP999{number:05d}{rng.randrange(10**6):06d}"
        bill_text = None if bill_no is None else str(bill_no)
        return Parcel(parcel_id, account, 999_000_000_000 + number, bill_text, carrier, entries, float(int(now)), kind)

    def _give_back(self, order: Order, now: float) -> None:
        for line in order.lines:
            offer = self.world.offers.get(line.offer_id)
            if offer is not None:
                keep_stock(self.world, offer, offer.moved(line.spec_id, line.quantity), now)

    def _tell_change(self, order: Order, kind: str, change: Json, now: float) -> None:
        if kind in _TOLD:
            self._tell(order, *_TOLD[kind], now)
        elif kind == "close":
            self._tell(order, f"ORDER_{str(change.get('by', 'seller')).upper()}_CLOSE", order.status, now)
        elif kind == "refund":
            sales = order.completed is None and order.confirmed is None
            self._tell(order, "ORDER_BUYER_REFUND_IN_SALES" if sales else "ORDER_REFUND_AFTER_SALES", "", now)

    def _tell(self, order: Order, kind: str, status: str, now: float) -> None:
        data: dict[str, Any] = {
            "buyerMemberId": self.world.buyers[order.account].member_id,
            "currentStatus": status,
            "msgSendTime": moments.local(now),
            "orderId": int(order.id),
            "sellerMemberId": SELLERS[order.seller].member_id,
        }
        if not status:
            del data["currentStatus"]
        self.world.tell(order.account, f"{VIEW}{kind}", data, order.id, now)

    def _tell_parcel(self, parcel: Parcel, status: str, now: float) -> None:
        model = {
            "logisticsId": parcel.id,
            "cpCode": parcel.carrier,
            "mailNo": parcel.bill_no,
            "statusChanged": status,
            "changeTime": moments.local(now),
            "orderLogsItems": _items(parcel),
        }
        self.world.tell(parcel.account, TRACE, {"OrderLogisticsTracingModel": model}, "", now)

    def _tell_number(self, before: Parcel, after: Parcel, now: float) -> None:
        model = {
            "logisticsId": after.id,
            "oldCpCode": before.carrier,
            "newCpCode": after.carrier,
            "oldMailNo": before.bill_no,
            "newMailNo": after.bill_no,
            "eventTime": moments.local(now),
            "orderLogsItems": _items(after),
        }
        self.world.tell(after.account, NEW_NUMBER, {"MailNoChangeModel": model}, "", now)

    def hide(self, order: Order, seconds: float, now: float) -> Order:
        """Keeps an order out of the lists for a while; a call by its id finds it."""
        hidden = replace(order, hidden_until=now + seconds)
        self.world.orders.put(hidden)
        return hidden

    def age(self, order: Order, days: float) -> Order:
        """As if it had been created and changed so many days earlier."""
        back = days * moments.DAY
        older = replace(order, created=order.created - back, modified=order.modified - back)
        self.world.orders.put(older)
        return older


def _items(parcel: Parcel) -> list[Json]:
    return [{"orderId": int(entry.order_id), "orderEntryId": int(entry.sub_id)} for entry in parcel.entries]
