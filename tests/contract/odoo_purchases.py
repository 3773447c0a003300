"""What tests of purchase orders at a supplier's platform share: an Odoo with a confirmed one, small records of the platform's side."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

from schemas.records import PurchaseResult, SupplierOrder, SupplierParcel
from tests.builders import money
from tests.contract.odoo_box import OdooBox, tag

SOURCE, ACCOUNT = "alibaba", "main"
VENDOR = f"{SOURCE}:{ACCOUNT}:SELLER"
SHIPPED_AT = datetime(2026, 9, 2, 2, 15, tzinfo=UTC)
_ids = count(int(time.time() * 1000) * 1_000_000)


def order_id() -> str:
    """19 digits, never the same: also not on a server that has seen the tests before."""
    return str(next(_ids))


def parcel(number: str, **changes: Any) -> SupplierParcel:
    plain: dict[str, Any] = {
        "parcel_id": f"LP{number}", "tracking_number": number, "carrier_code": "ZTO", "carrier_name": "中通快递(ZTO)",
        "status": "TRANSPORT", "shipped_at": SHIPPED_AT, "line_ids": [],
    }  # fmt: skip
    return cast("SupplierParcel", {**plain, **changes})


def supplier_order(reference: str, number: str, state: str = "to_pay", **changes: Any) -> SupplierOrder:
    """`total`, `goods`, `freight`: text, in CNY."""
    amounts = {
        name: money(changes.pop(name, default), "CNY")
        for name, default in (("total", "100.50"), ("goods", "92.50"), ("freight", "8.00"))
    }
    plain: dict[str, Any] = {
        "key": f"{SOURCE}:{ACCOUNT}:order:{number}", "source": SOURCE, "account": ACCOUNT, "order_id": number, "our_reference": reference,
        "version": 1, "status": state, "state": state, "supplier_id": "b2b-1", "supplier_login": "factory", "discount": None, "refunded": None,
        "lines": [], "parcels": [], "close_reason": "", "created_at": None, "paid_at": None, "updated_at": None, **amounts,
    }  # fmt: skip
    return cast("SupplierOrder", {**plain, **changes})


def result_of(purchase: Purchase, status: str, *orders: str, **changes: Any) -> PurchaseResult:
    placed: list[dict[str, Any]] = [
        {"order_id": one, "our_reference": purchase.name, "total": money("100.50", "CNY"), "freight": None, "line_ids": []}
        for one in orders
    ]  # fmt: skip
    plain: dict[str, Any] = {
        "key": f"odoo:purchase_order:{purchase.id}", "source": SOURCE, "account": ACCOUNT, "purchase_id": purchase.id,
        "purchase_name": purchase.name, "version": 1, "purchase_version": 1, "status": status, "orders": placed, "differences": [],
        "problems": [], "reason": "",
    }  # fmt: skip
    return cast("PurchaseResult", {**plain, **changes})


@dataclass
class Purchase:
    """A purchase order in Odoo, and looks at it."""

    box: OdooBox
    id: int
    name: str
    buyer: int
    products: Mapping[str, int] = field(default_factory=dict)

    def row(self, *fields: str) -> dict[str, Any]:
        (found,) = self.box.rows("purchase.order", [["id", "=", self.id]], fields)
        return found

    @property
    def reference(self) -> str:
        return str(self.row("partner_ref")["partner_ref"] or "")

    def notes(self) -> list[str]:
        """Of ours, oldest first, as text."""
        domain = [["model", "=", "purchase.order"], ["res_id", "=", self.id], ["message_type", "=", "comment"]]
        return [str(row["body"]) for row in self.box.rows("mail.message", domain, ["body"])]

    def activities(self) -> list[dict[str, Any]]:
        domain = [["res_model", "=", "purchase.order"], ["res_id", "=", self.id]]
        return self.box.rows("mail.activity", domain, ["summary", "note", "user_id"])

    def receipts(self) -> list[dict[str, Any]]:
        fields = ["name", "state", "carrier_tracking_ref", "carrier_id", "note"]
        return self.box.rows("stock.picking", [["purchase_id", "=", self.id]], fields)

    def tracking(self) -> list[str]:
        """Of each receipt, oldest first."""
        return [str(row["carrier_tracking_ref"] or "") for row in self.receipts()]

    def told_at_receipt(self, receipt: int) -> list[str]:
        domain = [["model", "=", "stock.picking"], ["res_id", "=", receipt], ["message_type", "=", "comment"]]
        return [str(row["body"]) for row in self.box.rows("mail.message", domain, ["body"])]

    def receive(self, quantity: float) -> None:
        """So much of its first product, with a backorder for the rest."""
        (still,) = [row["id"] for row in self.receipts() if row["state"] == "assigned"]
        (move,) = self.box.rows("stock.move", [["picking_id", "=", still]], ["product_uom_qty"])
        self.box.call("stock.move", "write", [move["id"]], {"quantity": quantity, "picked": True})
        context = {"skip_backorder": True, "skip_sms": True}
        assert self.box.call("stock.picking", "button_validate", [still], context=context) is True


def purchase(
    box: OdooBox, prices: Sequence[float] = (18.5,), vendor: str = VENDOR, *, confirm: bool = True, **values: Any
) -> Purchase:
    """Five units of a product at each price."""
    mark = tag()
    partner = box.call("res.partner", "create", {"name": f"Factory {mark}", "ref": vendor})
    user = box.call("res.users", "create", {"name": f"Buyer {mark}", "login": f"buyer-{mark.lower()}"})
    products = {f"BUY-{mark}-{at}": box.product(f"BUY-{mark}-{at}") for at in range(len(prices))}
    lines = [
        [0, 0, {"product_id": one, "product_qty": 5, "price_unit": price, "taxes_id": [[5]]}]
        for one, price in zip(products.values(), prices, strict=True)
    ]
    given = {"partner_id": partner, "user_id": user, "order_line": lines, "name": f"P{mark}", **values}
    number = box.call("purchase.order", "create", given)
    if confirm:
        box.call("purchase.order", "button_confirm", [number])
    return Purchase(box, number, given["name"], user, products)
