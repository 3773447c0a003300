"""What the platform holds, as plain values for a ledger and for the page: above all what was ordered twice."""

from collections import Counter
from typing import TYPE_CHECKING

from connectors.alibaba.sandbox.orders import CANCELLED, Order
from connectors.alibaba.sandbox.parcels import Parcel
from connectors.alibaba.sandbox.parts import Part
from connectors.alibaba.sandbox.sellers import SELLERS
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import Json

if TYPE_CHECKING:
    from connectors.alibaba.sandbox.world import World

_SHOWN = 50


class Ledger(Part):
    def snapshot(self, account: str, now: float) -> Json:
        """orders by id; purchases by outOrderId; doubled: outOrderIds that more than one create call has made orders of that live."""
        orders = self.world.orders.all(account)
        purchases = _purchases(orders)
        return {
            "orders": {order.id: told_order(self.world, order) for order in orders},
            "purchases": purchases,
            "doubled": sorted(name for name, one in purchases.items() if len(one["creations"]) > 1),
            "parcels": {parcel.id: told_parcel(parcel) for parcel in self.world.parcels.all(account)},
            "writes": Counter(operation for _, _, operation in self.world.journal.writes(account)),
            "refused": Counter(f"{operation} {code}" for _, code, operation in self.world.journal.refusals(account)),
            "pending": {"changes": self.world.journal.planned(account)},
        }

    def tables(self, account: str) -> list[Table]:
        orders, parcels = self.world.orders.all(account), self.world.parcels.all(account)
        doubled = [name for name, one in _purchases(orders).items() if len(one["creations"]) > 1]
        rows = [
            (
                order.id,
                order.out_order_id,
                SELLERS[order.seller].company,
                order.status,
                len(order.lines),
                f"{order.total / 100:.2f}",
                shown_time(order.created),
                shown_time(order.modified),
                len(self.world.parcels.of_order(order.id)),
            )
            for order in orders[: -_SHOWN - 1 : -1]
        ]
        columns = ("Order", "Out order", "Seller", "Status", "Lines", "Total CNY", "Created", "Modified", "Parcels")
        note = f"{len(orders)} in all; the newest {len(rows)}. Ordered twice: {', '.join(doubled) or 'none'}."
        sent = [
            (one.id, one.bill_no or "", one.company.name, one.status, ", ".join(one.orders()), len(one.steps))
            for one in parcels[: -_SHOWN - 1 : -1]
        ]
        parcel_columns = ("Parcel", "Waybill", "Carrier", "Status", "Orders", "Steps")
        return [
            Table(f"Orders of {account}", columns, rows, note, "No orders yet."),
            Table(f"Parcels for {account}", parcel_columns, sent, f"{len(parcels)} in all.", "No parcels yet."),
        ]


def _purchases(orders: list[Order]) -> Json:
    """Orders that nobody named are each one of their own; what was cancelled again does not count as a creation."""
    found: Json = {}
    for order in orders:
        if order.out_order_id:
            one = found.setdefault(order.out_order_id, {"orders": [], "creations": [], "total": 0})
            one["orders"].append(order.id)
            if order.status != CANCELLED:
                one["total"] += order.total
                one["creations"] = sorted({*one["creations"], order.creation})
    return found


def told_order(world: "World", order: Order) -> Json:
    """The truth of an order; money in fen, times in epoch seconds."""
    seller = SELLERS[order.seller]
    parcels = [parcel.id for parcel in world.parcels.of_order(order.id)]
    sums = {"goods": order.goods, "total": order.total}
    return {**order.as_json(), **sums, "seller_open_id": seller.open_id, "parcels": parcels}


def told_parcel(parcel: Parcel) -> Json:
    return {**parcel.as_json(), "orders": parcel.orders()}
