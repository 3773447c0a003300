"""Small canonical returns, settlements, listings and cancellations for tests of the Odoo connector; every part replaceable by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from schemas.records import Cancellation, Listing, ReturnLine, ReturnOrder, Settlement, SettlementLine
from tests.builders import ORDERED, money


def return_line(sku: str, quantity: int | str = 1, line_id: str = "1", **changes: Any) -> ReturnLine:
    base: ReturnLine = {
        "return_line_id": changes.pop("return_line_id", line_id), "line_id": line_id, "sku": sku, "quantity": str(quantity),
        "reason": "DAMAGED", "physical": "announced", "financial": "pending", "service": "open", "carrier": "", "tracking_number": "",
        "refund": None, "kept": False,
    }  # fmt: skip
    return cast(ReturnLine, {**base, **changes})


def return_of(number: str, *lines: ReturnLine, **changes: Any) -> ReturnOrder:
    """A return of the order of this number; its states are those of its first line."""
    name = f"R-{number}"
    base: ReturnOrder = {
        "key": f"walmart:MAIN:return:{name}", "source": "walmart", "account": "MAIN", "return_id": name,
        "order_key": f"walmart:MAIN:{number}", "customer_order_id": f"C-{number}", "version": 1, "kind": "refund",
        "created_at": ORDERED + timedelta(days=9), "updated_at": ORDERED + timedelta(days=9), "physical": lines[0]["physical"],
        "financial": lines[0]["financial"], "service": lines[0]["service"], "source_status": "INITIATED", "total_refund": None,
        "lines": list(lines), "extras": {},
    }  # fmt: skip
    return cast(ReturnOrder, {**base, **changes})


def cancellation_of(order_key: str, name: str, order: int, **changes: Any) -> Cancellation:
    base: Cancellation = {
        "key": f"odoo:sale_order:{order}", "order_key": order_key, "order_name": name, "version": 1,
        "cancelled_at": datetime(2026, 3, 5, tzinfo=UTC), "whole": True, "reason": "out_of_stock", "lines": [],
    }  # fmt: skip
    return cast(Cancellation, {**base, **changes})


def refunded(amount: str, **changes: Any) -> dict[str, Any]:
    """What makes a return line a refunded one."""
    return {"financial": "refunded", "refund": money(amount), **changes}


def settlement_line(kind: str, amount: str, name: str = "", order_id: str = "") -> SettlementLine:
    return {
        "kind": kind, "name": name, "amount": amount, "order_id": order_id,
        "order_key": f"walmart:MAIN:{order_id}" if order_id else "", "line_id": "", "sku": "", "quantity": "1",
        "posted_at": ORDERED, "detail": "",
    }  # fmt: skip


def settlement_of(number: str, *lines: SettlementLine, deposit: str | None = None, **changes: Any) -> Settlement:
    """A report whose deposit is the sum of its lines unless one is given."""
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    base: Settlement = {
        "key": f"walmart:MAIN:settlement:{number}", "source": "walmart", "account": "MAIN", "settlement_id": number,
        "version": 1, "starts_at": ORDERED, "ends_at": ORDERED + timedelta(days=14),
        "deposited_at": ORDERED + timedelta(days=15), "currency": "USD", "deposit": deposit or f"{total:f}",
        "lines": list(lines), "extras": {},
    }  # fmt: skip
    return cast(Settlement, {**base, **changes})


def listing_of(sku: str, **changes: Any) -> Listing:
    base: Listing = {
        "key": f"walmart:MAIN:item:{sku}", "source": "walmart", "account": "MAIN", "sku": sku, "version": 1, "item_id": "",
        "barcode": "", "title": f"Title of {sku}", "description": "", "brand": "", "product_type": "", "category": "",
        "price": None, "status": "published", "source_status": "PUBLISHED", "problems": [], "attributes": {},
        "image_url": "", "variant_group": "",
    }  # fmt: skip
    return cast(Listing, {**base, **changes})
