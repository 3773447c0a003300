"""Small canonical orders for tests: a plain one, and every part of it replaceable by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.kit.ports import Delivery, Deps
from schemas.checksum import checksum
from schemas.records import Address, Discount, Money, Order, OrderLine, Tax

ORDERED = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


class NoMappings:
    """Empty cross-reference tables, or those given: (kind, external) -> internal."""

    def __init__(self, entries: Mapping[tuple[str, str], str] | None = None) -> None:
        self.entries = dict(entries or {})

    def lookup(self, kind: str, source: str, account: str, external: str) -> str | None:
        return self.entries.get((kind, external))


def deps(
    mappings: Mapping[tuple[str, str], str] | None = None, environment: str = "sandbox", now: datetime | None = None
) -> Deps:
    moment = now or ORDERED
    return Deps(environment, NoMappings(mappings), lambda: moment)


def money(amount: str | Decimal | int, currency: str = "USD") -> Money:
    return {"amount": str(amount), "currency": currency}


def tax(name: str, amount: str | Decimal, currency: str = "USD", **changes: Any) -> Tax:
    base: Tax = {
        "name": name,
        "jurisdiction": "state",
        "code": "",
        "amount": money(amount, currency),
        "rate": None,
        "collected_by": "marketplace",
    }
    return {**base, **changes}  # type: ignore[typeddict-item]


def discount(amount: str | Decimal, name: str = "PROMO", currency: str = "USD") -> Discount:
    return {"name": name, "amount": money(amount, currency), "funded_by": "", "applies_to": "item"}


def address(**changes: Any) -> Address:
    base: Address = {
        "name": "Ava Testwell",
        "company": "",
        "street": "100 Invented St",
        "street2": "",
        "street3": "",
        "city": "Austin",
        "district": "",
        "state": "TX",
        "zip": "78701",
        "country": "US",
        "phone": "+15125550101",
        "kind": "",
    }
    return {**base, **changes}  # type: ignore[typeddict-item]


def order_line(
    sku: str, quantity: int | str = 1, price: str = "10.00", line_id: str = "1", currency: str = "USD", **changes: Any
) -> OrderLine:
    cancelled = Decimal(changes.get("quantity_cancelled", "0"))
    amount = changes.pop("amount", None) or str((Decimal(quantity) - cancelled) * Decimal(price))
    base: OrderLine = {
        "line_id": line_id,
        "sku": sku,
        "marketplace_item_id": "",
        "barcode": "",
        "title": f"Title of {sku}",
        "condition": "New",
        "quantity": str(quantity),
        "unit": "EACH",
        "quantity_cancelled": "0",
        "quantity_shipped": "0",
        "unit_price": money(price, currency),
        "amount": money(amount, currency),
        "shipping_amount": None,
        "gift_wrap_amount": None,
        "taxes": [],
        "shipping_taxes": [],
        "other_taxes": [],
        "discounts": [],
        "fees": [],
        "statuses": [],
        "status": "created",
        "components": [],
        "shipments": [],
        "serial_numbers": [],
        "shipping_method": "",
        "ship_by": None,
        "deliver_by": None,
        "buyer_cancel_requested": False,
        "cancel_reason": "",
        "gift_message": "",
        "return_id": "",
        "extras": {},
    }
    return {**base, **changes}  # type: ignore[typeddict-item]


def order(number: str, lines: Iterable[OrderLine], currency: str = "USD", **changes: Any) -> Order:
    """An order of account MAIN at walmart; its total is the sum of its parts unless one is given."""
    base: Order = {
        "key": f"walmart:MAIN:{number}",
        "source": "walmart",
        "account": "MAIN",
        "marketplace": "US",
        "order_id": number,
        "customer_order_id": f"C-{number}",
        "seller_order_id": "",
        "replaces_order_id": "",
        "version": 1,
        "status": "created",
        "source_status": "Created",
        "ordered_at": ORDERED,
        "updated_at": ORDERED,
        "ship_from": None,
        "ship_by": ORDERED + timedelta(days=2),
        "deliver_from": None,
        "deliver_by": None,
        "fulfilment": "seller",
        "fulfilment_node": "",
        "test": False,
        "business": False,
        "purchase_order_number": "",
        "currency": currency,
        "buyer": {
            "id": "",
            "name": "Ava Testwell",
            "email": f"buyer-{number.lower()}@relay.walmart.example",
            "phone": "+15125550101",
            "company": "",
            "tax_id": "",
            "tax_exempt_id": "",
        },
        "ship_to": address(),
        "bill_to": None,
        "lines": list(lines),
        "shipping_level": "Standard",
        "carrier": "",
        "shipping_amount": None,
        "shipping_taxes": [],
        "discounts": [],
        "total": money(0, currency),
        "total_stated": False,
        "tax_total": money(0, currency),
        "tax_collection": "marketplace",
        "tax_exempt": False,
        "payment_method": "",
        "payment_status": "paid",
        "gift_message": "",
        "gift": False,
        "buyer_note": "",
        "buyer_cancel_requested": False,
        "extras": {},
        "problems": [],
    }
    built: Order = {**base, **changes}  # type: ignore[typeddict-item]
    if "total" not in changes:
        built["total"] = money(sum_of(built), currency)
    return built


def sum_of(built: Order) -> Decimal:
    """What the buyer pays: independent of the connector's own arithmetic."""

    def add(amounts: Iterable[Money | None]) -> Decimal:
        return sum((Decimal(one["amount"]) for one in amounts if one), Decimal(0))

    total = add([built["shipping_amount"], *(one["amount"] for one in built["shipping_taxes"])])
    total -= add(one["amount"] for one in built["discounts"])
    for line in built["lines"]:
        total += add([line["amount"], line["shipping_amount"], line["gift_wrap_amount"]])
        total += add(one["amount"] for part in ("taxes", "shipping_taxes", "other_taxes") for one in line[part])
        total += add(one["amount"] for one in line["fees"])
        total -= add(one["amount"] for one in line["discounts"])
    return total


def delivery_of(built: Order, **changes: Any) -> Delivery:
    """The delivery that brings this order to Odoo."""
    digest = checksum({"content": repr(sorted(built.items()))})
    values: dict[str, Any] = {
        "id": checksum({"id": built["key"], "content": digest}),
        "operation": "upsert_order",
        "is_command": False,
        "key": built["key"],
        "source": built["source"],
        "account": built["account"],
        "version": built["version"],
        "checksum": digest,
        "correlation": "test",
        "body": built,
    }
    return Delivery(**{**values, **changes})
