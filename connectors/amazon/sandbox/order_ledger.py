"""What the marketplace holds of orders, as plain values for a ledger and for the page."""

from collections import Counter

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.parts import Part
from connectors.amazon.sandbox.store import StoredOrder
from connectors.kit.sandbox.journal import Write
from connectors.kit.sandbox.page import Table, shown_time
from connectors.kit.sandbox.steering import FORM_ERRORS, Json

_SHOWN = 50


class OrderLedger(Part):
    def snapshot(self, account: str, now: float) -> Json:
        done, refused = _by_order(self.world.journal.writes(account)), _by_order(self.world.journal.refusals(account))
        orders = {
            order.id: {
                **told(order),
                "visible": order.visible_at <= now,
                "writes": dict(done.get(order.id, {})),
                "refused": dict(refused.get(order.id, {})),
            }
            for order in self.world.store.all(account)
        }
        to_come = {"arrivals": self.world.store.to_come(account, now), "changes": self.world.journal.planned(account)}
        return {"orders": orders, "pending": to_come}

    def tables(self, account: str) -> list[Table]:
        found = self.world.store.all(account)
        rows = []
        for order in found[: -_SHOWN - 1 : -1]:
            shown = told(order)
            total, traits = shown["total"] or "", ", ".join(order.traits)
            first = (order.id, shown_time(order.created / 1000), order.status, order.fulfilled_by)
            rows.append((*first, len(shown["items"]), total, traits))
        columns = ("Order", "Created", "Status", "Fulfilled by", "Items", "Total", "Traits")
        note = f"{len(found)} in all; the newest {len(rows)}."
        return [Table(f"Orders of {account}", columns, rows, note, "No orders. POST /sandbox/orders adds some.")]


def told(order: StoredOrder) -> Json:
    """An order's truth; of one of wrong form only what holds it together."""
    shown: Json = {
        "status": order.status or "Unknown",
        "created": order.created,
        "updated": order.updated,
        "marketplace": order.marketplace,
        "fulfilled_by": order.fulfilled_by,
        "hidden_until": order.hidden_until,
        "traits": list(order.traits),
        "total": None,
        "items": [],
        "parcels": [],
    }
    try:
        total = order.body.get("proceeds", {}).get("grandTotal")
        items = [_item(item) for item in lifecycle.items_of(order.body)]
        parcels = [package["trackingNumber"] for package in order.body.get("packages", [])]
    except FORM_ERRORS:
        return {**shown, "status": "Unknown"}
    text = f"{total['amount']} {total['currencyCode']}" if total else None
    return {**shown, "total": text, "items": items, "parcels": parcels}


def _item(item: Json) -> Json:
    shipped, left = (item["fulfillment"][name] for name in ("quantityFulfilled", "quantityUnfulfilled"))
    cancellation = item.get("cancellation", {})
    return {
        "id": item["orderItemId"],
        "sku": item["product"]["sellerSku"],
        "ordered": item["quantityOrdered"],
        "open": left,
        "shipped": shipped,
        "cancelled": item["quantityOrdered"] - shipped - left,
        "cancel_asked": "cancellationRequest" in cancellation,
        "cancelled_by": cancellation.get("cancellationExecution", {}).get("cancelledBy", ""),
    }


def _by_order(rows: list[Write]) -> dict[str, Counter[str]]:
    counted: dict[str, Counter[str]] = {}
    for _, record, operation in rows:
        counted.setdefault(record, Counter())[operation] += 1
    return counted
