"""Raw `purchase_order` -> canonical `purchase_order`."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.kit.ports import Canonical
from connectors.kit.reading import Reader
from connectors.odoo.capture_mapping.raw import amount, decimal_text, money, opened, time_or_none, whole
from schemas.records import PurchaseLine, PurchaseOrder


def to_purchase_order(payload: bytes, account: str) -> Sequence[Canonical]:
    """In every state. Raises DataError."""
    raw = opened(payload)
    number = whole(raw, "id")
    currency = raw.text("currency")
    order: PurchaseOrder = {
        "key": f"odoo:purchase_order:{number}",
        "purchase_id": number,
        "name": raw.text("name"),
        "version": whole(raw, "version"),
        "state": raw.needed_text("state"),
        "supplier": raw.text("supplier"),
        "supplier_id": whole(raw, "supplier_id"),
        "supplier_reference": raw.text("supplier_reference"),
        "warehouse": raw.text("warehouse"),
        "currency": currency,
        "planned_at": time_or_none(raw, "date_planned"),
        "confirmed_at": time_or_none(raw, "date_approve"),
        "lines": [_line(line, currency) for line in raw.children("lines")],
        "elsewhere": [
            {"order_id": one.needed_text("order_id"), "purchase_name": one.text("purchase_name")}
            for one in raw.children("elsewhere")
        ],
    }
    return (Canonical("purchase_order", order["key"], order["version"], order),)


def _line(line: Reader, currency: str) -> PurchaseLine:
    return {
        "line_id": str(whole(line, "id")),
        "sku": line.text("sku"),
        "supplier_code": line.text("supplier_code"),
        "quantity": decimal_text(amount(line, "quantity")),
        "unit_price": money(amount(line, "unit_price"), currency),
        "planned_at": time_or_none(line, "date_planned"),
    }
