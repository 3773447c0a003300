"""What the buyer reads on a purchase order about its orders at the supplier's side (PO-1, PO-2, LOG-1). Pure; plain text without personal data."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.words import plain_words
from connectors.odoo.purchase_memory import Parcel
from schemas.records import Money, SupplierOrder

# As buyers know them.
_PLATFORMS = {"alibaba": "1688"}
_STATES = {
    "to_pay": "waits to be paid. Pay it at {platform}; nothing is sent before.",
    "paid": "is paid. The supplier is to send it.",
    "part_shipped": "is sent in part.",
    "shipped": "is sent.",
    "delivered": "has arrived. Take the goods in on the receipt, and confirm at {platform} that they came.",
    "done": "is finished: the supplier has the money. Take the goods in on the receipt if that was not done.",
    "cancelled": "was cancelled at {platform}{why}. Nothing comes of it: order elsewhere, or cancel the purchase order.",
    "stopped": "was stopped by {platform}{why}. Ask the supplier what becomes of it.",
}
_CANCELLED_TOO = "was cancelled at {platform}{why}, as this purchase order was. Nothing comes of it."
_UNKNOWN = 'is in the state "{status}", which Causeway does not know. Look at it at {platform}.'
_PROBLEMS = {
    "cancelled": "{platform} cancelled order {order}: decide what to do",
    "stopped": "{platform} stopped order {order}: ask the supplier",
    "unknown": "{platform}: order {order} is in an unknown state",
}
_REASONS = {
    "BUYER_NO_PAY": "it was not paid in time",
    "SELLER_NO_DELIVERY": "the supplier did not send it",
    "SELLER_CANCEL": "by the supplier",
    "BUYER_CANCEL": "by us",
}
_LONGEST = 80


def platform(source: str) -> str:
    """Its name."""
    return _PLATFORMS.get(source, source)


def state_words(order: SupplierOrder, *, is_cancelled: bool = False) -> str:
    """`1688 order 123 is paid. ...` is_cancelled: the purchase order, so that nobody has to order anything elsewhere."""
    known = _STATES.get(order["state"], _UNKNOWN)
    if is_cancelled and order["state"] == "cancelled":
        known = _CANCELLED_TOO
    reason = order["close_reason"]
    said = _REASONS.get(reason.upper(), plain_words(reason)[:_LONGEST])
    told = known.format(
        platform=platform(order["source"]), why=f" ({said})" if said else "", status=plain_words(order["status"])[:_LONGEST] or "?"
    )  # fmt: skip
    return f"{platform(order['source'])} order {order['order_id']} {told}"


def summary_of(order: SupplierOrder) -> str:
    """Of the activity for the buyer; empty where nobody has to do anything."""
    kind = order["state"] if order["state"] in _STATES else "unknown"
    words = _PROBLEMS.get(kind, "")
    return words.format(platform=platform(order["source"]), order=order["order_id"])


def amount_words(order: SupplierOrder) -> str:
    """`Total 100.50 CNY (goods 92.50, freight 8.00, discount 1.00).`; empty where no total is said."""
    total = order["total"]
    if total is None:
        return ""
    parts = [
        f"{name} {one['amount']}"
        for name, one in (("goods", order["goods"]), ("freight", order["freight"]), ("discount", order["discount"]))
        if one is not None
    ]
    return f"Total {told(total)}" + (f" ({', '.join(parts)})." if parts else ".")


def told(money: Money) -> str:
    return f"{money['amount']} {money['currency']}"


def changed_total(order: SupplierOrder, before: str) -> str:
    return f"The total of {platform(order['source'])} order {order['order_id']} has changed; it was {before}. {amount_words(order)}"


def refund_words(order: SupplierOrder, amount: str) -> str:
    return f"The supplier has given back {amount} of {platform(order['source'])} order {order['order_id']} in all."


def gap_words(source: str, orders: Sequence[str], goods: str, total: str, ours: str) -> str:
    which = f"order {orders[0]} comes" if len(orders) == 1 else f"its {len(orders)} orders come"
    return (
        f"At {platform(source)} {which} to {total} (goods {goods}), this purchase order to {ours} before tax. "
        "Compare prices and quantities, and correct the purchase order or ask the supplier."
    )


def parcel_words(source: str, number: str, parcel: Parcel, orders: Sequence[str]) -> str:
    """`Parcel 75312345678901 by 中通快递(ZTO), sent 2026-09-02, of 1688 order 123.`"""
    carrier = parcel.carrier_name or parcel.carrier
    by = f" by {carrier}" if carrier else ""
    sent = f", sent {parcel.shipped}" if parcel.shipped else ""
    return f"Parcel {number}{by}{sent}, of {platform(source)} order {', '.join(orders)}."


def no_number_words(order: SupplierOrder) -> str:
    return f"The supplier has told no tracking number of {platform(order['source'])} order {order['order_id']} yet."


def replaced_words(order: SupplierOrder, numbers: Sequence[str]) -> str:
    return f"Not valid any more: parcel {', '.join(numbers)} of {platform(order['source'])} order {order['order_id']}."
