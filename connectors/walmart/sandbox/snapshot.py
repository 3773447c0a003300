"""What the marketplace holds, as plain values for a ledger: what was written, how often, and what stands now."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from connectors.kit.sandbox.journal import Write
from connectors.kit.sandbox.steering import FORM_ERRORS
from connectors.walmart.sandbox import lines
from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.feed_api import listed
from connectors.walmart.sandbox.inventory_api import shown_stock
from connectors.walmart.sandbox.item_store import Item
from connectors.walmart.sandbox.return_store import StoredReturn
from connectors.walmart.sandbox.store import StoredOrder
from connectors.walmart.sandbox.world import World, derived_status

SECTIONS = ("items", "orders", "feeds", "returns", "settlements")


def of(world: World, account: str, sections: Sequence[str], *, history: bool = False) -> Json:
    """`sections`: of `SECTIONS` those asked for."""
    now = world.now()
    found: Json = {"account": account, "at": now}
    if "items" in sections:
        found["items"] = {one.sku: item(world, one, now, history=history) for one in world.items.all(account)}
    if "orders" in sections:
        found["orders"] = _orders(world, account)
    if "feeds" in sections:
        found["feeds"] = [listed(world, one, now) for one in world.feeds.page(account, -1, 0)]
    if "returns" in sections:
        found["returns"] = {one.return_id: one_return(world, one) for one in world.returns.store.all(account)}
    if "settlements" in sections:
        found["settlements"] = world.settlements.shown(account)
    return found


def item(world: World, found: Item, now: float, *, history: bool) -> Json:
    """An item with its stock and, on request, every number and price it ever had."""
    shown: Json = {
        "sku": found.sku,
        "gtin": found.gtin,
        "name": found.name,
        "product_type": found.product_type,
        "published": found.published,
        "lifecycle": found.lifecycle,
        "reasons": list(found.reasons),
        "price_cents": found.price_cents,
        "wfs": found.wfs,
        "variant_group": found.variant_group,
        "modified": found.modified,
    }
    numbers = world.stock.of(found.account, found.sku)
    stock = shown_stock(numbers, world.reserved(found.account, now)[found.sku])
    shown["stock"] = {**stock, "writes": sum(one.writes for one in numbers)}
    if history:
        shown["stock_history"] = world.stock.history(found.account, found.sku)
        shown["price_history"] = world.stock.prices(found.account, found.sku)
        shown["content"] = found.content
    return shown


def feed(world: World, account: str, feed_id: str, now: float) -> Json:
    found = world.feeds.get(account, feed_id)
    return listed(world, found, now) if found is not None else {}


def one_return(world: World, found: StoredReturn) -> Json:
    refunds = world.returns.store.refunds(found.account, found.return_id)
    return {
        "returnOrderId": found.return_id,
        "purchaseOrderId": found.po,
        "customerOrderId": found.body["customerOrderId"],
        "type": found.body["returnType"],
        "lines": [_return_line(line) for line in found.body["returnOrderLines"]],
        "refunds": refunds,
        "refund_calls": sum(one["via"] == "seller" for one in refunds),
        "steps_to_come": [step for _, step in found.steps],
        "modified": found.modified,
    }


def _return_line(line: Json) -> Json:
    return {
        "line": str(line["purchaseOrderLineNumber"]),
        "sku": line["item"]["sku"],
        "quantity": line["quantity"]["measurementValue"],
        "refunded": line["refundedQty"],
        "case": line["status"],
        "goods": line["currentDeliveryStatus"],
        "money": line["currentRefundStatus"],
        "reason": line["returnReason"],
    }


def _orders(world: World, account: str) -> Json:
    done, refused = _by_order(world.store.journal.writes(account)), _by_order(world.store.journal.refusals(account))
    return {
        order.po: {**_order(order), "writes": dict(done[order.po]), "refused": dict(refused[order.po])}
        for order in world.store.all(account)
    }


def _by_order(rows: Sequence[Write]) -> dict[str, Counter[str]]:
    counted: dict[str, Counter[str]] = {po: Counter() for _, po, _ in rows}
    for _, po, operation in rows:
        counted[po][operation] += 1
    return _Counters(counted)


class _Counters(dict[str, Counter[str]]):
    def __missing__(self, key: str) -> Counter[str]:
        return Counter()


def _order(order: StoredOrder) -> Json:
    try:
        shown = [_line(line) for line in lines.lines_of(order.body)]
        status = derived_status(order.body)
    except FORM_ERRORS:
        return {"status": "Unknown", "lines": []}
    parcels = sorted({number for line in shown for number in line["parcels"]})
    cents = sum(line["refunded_cents"] for line in shown)
    return {"status": status, "lines": shown, "parcels": parcels, "refunded_cents": cents}


def _line(line: Json) -> Json:
    counted = lines.units(line)
    charges: list[Any] = line.get("refund", {}).get("refundCharges", {}).get("refundCharge", [])
    return {
        "line": line["lineNumber"],
        "sku": line["item"]["sku"],
        "ordered": int(line["orderLineQuantity"]["amount"]),
        "open": lines.open_units(line),
        "shipped": sum(counted[state] for state in lines.GONE),
        "cancelled": counted["Cancelled"],
        "cancel_reasons": [
            str(one.get("cancellationReason", "")) for one in lines.statuses_of(line) if one["status"] == "Cancelled"
        ],
        "cancel_asked": line.get("intentToCancel") == "true",
        "parcels": [
            str(one["trackingInfo"].get("trackingNumber")) for one in lines.statuses_of(line) if "trackingInfo" in one
        ],
        "refunds": len(charges),
        "refunded_cents": sum(_refund_cents(one["charge"]) for one in charges),
    }


def _refund_cents(charge: Json) -> int:
    """What went back to the customer, positive, tax included."""
    amounts = [charge["chargeAmount"], *([charge["tax"]["taxAmount"]] if "tax" in charge else [])]
    return -int(sum(Decimal(str(one["amount"])) for one in amounts) * 100)
