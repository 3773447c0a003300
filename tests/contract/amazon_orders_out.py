"""Commands about one order on the Amazon sandbox, as the deliver stage makes them (see `tests.contract.out_world`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from connectors.amazon.sandbox.order_feeds import OrderFeeds
from connectors.amazon.sink import AmazonSink
from connectors.kit.ports import Delivery, Mappings
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, account_of, settings_of
from tests.contract.out_world import OutWorld, Process
from tests.contract.recordings import recorded

Json = dict[str, Any]
ORDER = "112-0000001-0000001"
KEY = f"amazon:main:{ORDER}"
ONE, TWO = "10000000000001", "10000000000002"
ORDERED = {ONE: 2, TWO: 1}
AT = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)
FAST = {
    "ladder_seconds": (30, 60, 120), "then_seconds": 300, "list_seconds": 0, "lost_after_seconds": 60, "gather_seconds": 0,
}  # fmt: skip


class World(OutWorld):
    """Sinks over one Amazon sandbox."""

    box: Box

    def __init__(self, box: Box, **changes: Any) -> None:
        super().__init__("amazon", box)
        self.gather = changes.pop("gather", 0)
        self.mappings: Mappings | None = changes.pop("mappings", None)
        plain: Json = {"feeds": FAST, "attempts": 1, "accounts": {"main": account_of(US_SELLER)}}
        self.settings = settings_of(box, **{**plain, **changes})

    def process(self, share: float = 1.0) -> Process:
        connected = Connected(self.box, self.settings)
        sink = AmazonSink(self.settings, connected.client, self.now, self.mappings, gather_seconds=self.gather)
        return self.process_of(sink, share)


@contextmanager
def order_box(**settings: Any) -> Iterator[Box]:
    """A sandbox with one order: item ONE of 2 units at 10.00, item TWO of 1 at 5.00, each with 1.60 tax and 4.00 shipping with 0.40 tax. Feeds
    take twenty seconds."""
    plain: Json = {"sellers": (US_SELLER,), "rate_factor": 100_000, "feed_seconds": (20, 20)}
    with amazon_box(**{**plain, **settings}) as found:
        found.raw(an_order())
        yield found


def an_order(order_id: str = ORDER, status: str = "UNSHIPPED", fulfilled_by: str = "MERCHANT") -> Json:
    order: Json = recorded("amazon", "order_plain").order
    first = order["orderItems"][0]
    order |= {"orderId": order_id, "createdTime": "2026-11-20T10:00:00Z", "lastUpdatedTime": "2026-11-20T10:00:00Z"}
    order["fulfillment"] |= {"fulfillmentStatus": status, "fulfilledBy": fulfilled_by}
    order["orderItems"] = [_item(first, ONE, 2, "20.00"), _item(first, TWO, 1, "5.00")]
    order["proceeds"] = {"grandTotal": _money("37.00"), "breakdowns": []}
    return order


def _item(plain: Json, number: str, quantity: int, price: str) -> Json:
    total = Decimal(price) + Decimal("6.00")
    tax = {
        "type": "TAX", "subtotal": _money("2.00"),
        "detailedBreakdowns": [{"subtype": "ITEM", "value": _money("1.60")}, {"subtype": "SHIPPING", "value": _money("0.40")}],
    }  # fmt: skip
    breakdowns = [
        {"type": "ITEM", "subtotal": _money(price)}, {"type": "SHIPPING", "subtotal": _money("4.00")}, tax,
    ]  # fmt: skip
    return {
        **plain, "orderItemId": number, "quantityOrdered": quantity,
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": quantity},
        "proceeds": {"proceedsTotal": _money(str(total)), "breakdowns": breakdowns},
    }  # fmt: skip


def _money(amount: str) -> Json:
    return {"amount": amount, "currencyCode": "USD"}


def delivery(operation: str, body: Json, id_: str, order_id: str = ORDER, version: int = 1) -> Delivery:
    key = f"amazon:main:{order_id}"
    return Delivery(id_, operation, True, key, "odoo", "main", version, id_, "c-1", {"order_key": key, **body})


def shipped(
    *parcels: tuple[str, dict[str, int]], carrier: str = "ups", id_: str = "d-1", order_id: str = ORDER, **more: Any
) -> Delivery:
    """Parcels: (tracking number, {item: quantity})."""
    made = [
        {
            "tracking_number": tracking,
            "lines": [{"line_id": item, "sku": "A", "quantity": str(count), "serial_numbers": []} for item, count in items.items()],
        }
        for tracking, items in parcels
    ]  # fmt: skip
    body = {
        "key": "odoo:picking:7", "picking": "WH/OUT/00007", "version": 1, "shipped_at": AT, "carrier": carrier, "carrier_code": "",
        "tracking_url": "", "backorder": False, "parcels": made,
    }  # fmt: skip
    return delivery("ship_order", body | more, id_, order_id)


def cancelled(
    items: dict[str, int] | None = None, reason: str = "out_of_stock", id_: str = "c-1", order_id: str = ORDER
) -> Delivery:
    """So many units of each item in all; everything when none is named."""
    told = [
        {"line_id": item, "sku": "A", "quantity": "0", "remaining": str(ORDERED[item] - count)}
        for item, count in (items or {}).items()
    ]
    body = {
        "key": "odoo:sale_order:7", "order_name": "S7", "version": 1, "cancelled_at": AT, "whole": items is None,
        "reason": reason, "lines": told,
    }  # fmt: skip
    return delivery("cancel_lines", body, id_, order_id)


def refunded(
    *lines: tuple[str, str, str, str, str], reference: str = "RINV/1", reason: str = "", order_id: str = ORDER, version: int = 1,
) -> Delivery:  # fmt: skip
    """Lines: (item, amount, tax, shipping, shipping tax)."""

    def money(text: str) -> Json:
        return {"amount": text, "currency": "USD"}

    told = [
        {"line_id": item, "sku": "A", "quantity": "1", "amount": money(amount), "tax": money(tax), "shipping": money(shipping),
         "shipping_tax": money(shipping_tax)}
        for item, amount, tax, shipping, shipping_tax in lines
    ]  # fmt: skip
    body = {
        "key": "odoo:account_move:7", "reference": reference, "version": 1, "posted_at": AT, "reason": reason, "return_key": "",
        "total": money("1.00"), "lines": told,
    }  # fmt: skip
    return delivery("refund_order", body, reference, order_id, version)


def some(amount: str, item: str = ONE, tax: str = "0", reference: str = "RINV/1", **more: Any) -> Delivery:
    """A refund of one item."""
    return refunded((item, amount, tax, "0", "0"), reference=reference, **more)


def units(box: Box, item: str = ONE, order_id: str = ORDER) -> Json:
    """open, shipped and cancelled units of an order item."""
    (found,) = [one for one in told_order(box, order_id)["items"] if one["id"] == item]
    return {name: found[name] for name in ("open", "shipped", "cancelled") if found[name]}


def told_order(box: Box, order_id: str = ORDER) -> Json:
    """What the sandbox holds of the order; also lets happen what is due."""
    found: Json = box.state()["orders"][order_id]
    return found


def writes(box: Box, operation: str, order_id: str = ORDER) -> int:
    """How often the sandbox carried an operation out."""
    return int(told_order(box, order_id)["writes"].get(operation, 0))


def parcels(box: Box, order_id: str = ORDER) -> list[Json]:
    found: list[Json] = box.order(order_id).get("packages", [])
    return found


def refunds(box: Box, order_id: str = ORDER) -> list[Json]:
    """Those the sandbox carried out."""
    box.state()
    (part,) = [one for one in box.app.world.parts if isinstance(one, OrderFeeds)]
    return part.refunds(US_SELLER.seller_id, order_id)


def given_back(box: Box) -> Decimal:
    return Decimal(sum(one["minor"] for one in refunds(box))).scaleb(-2)


def feeds_sent(box: Box) -> int:
    """How many feeds Amazon took."""
    return len(box.state()["feeds"])
