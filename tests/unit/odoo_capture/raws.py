"""Raw payloads as our readers of Odoo write them, and what the mappings make of them."""

from __future__ import annotations

import json
from typing import Any

from connectors.odoo.capture_mapping import mappings
from connectors.odoo.settings import OdooSettings


def mapped(entity: str, content: dict[str, Any], **capture: Any) -> list[dict[str, Any]]:
    """The canonical bodies."""
    settings = OdooSettings.model_validate({"capture": capture})
    return [dict(one.body) for one in mappings(settings)[entity](json.dumps(content).encode(), "main")]


def move(**changes: Any) -> dict[str, Any]:
    one = {
        "id": 1,
        "state": "done",
        "product_sku": "A",
        "quantity": "1",
        "demanded": "1",
        "line": 11,
        "line_id": "1",
        "sku": "A",
    }
    return {**one, **changes}


def picking(*moves: dict[str, Any], **changes: Any) -> dict[str, Any]:
    one = {
        "version": 1, "id": 5, "order_key": "walmart:main:PO", "name": "WH/OUT/00005", "state": "done", "date_done": "2026-11-21 10:00:00",
        "carrier": "UPS Ground", "carrier_code": "fixed", "tracking": "1Z", "tracking_url": "", "backorder": False, "moves": list(moves),
    }  # fmt: skip
    return {**one, **changes}


def order_line(**changes: Any) -> dict[str, Any]:
    one = {
        "id": 1,
        "kind": "goods",
        "line_id": "1",
        "sku": "A",
        "quantity": "2",
        "delivered": "0",
        "write_date": "2026-11-21 10:00:00",
    }
    return {**one, **changes}


def sale_order(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    one = {
        "version": 1, "id": 7, "order_key": "walmart:main:PO", "name": "S00007", "state": "sale", "locked": False, "date_order": "",
        "write_date": "2026-11-21 12:00:00", "tags": [], "reason": "", "lines": list(lines),
    }  # fmt: skip
    return {**one, **changes}


def note_line(**changes: Any) -> dict[str, Any]:
    one = {"id": 1, "kind": "goods", "line_id": "1", "sku": "A", "quantity": "1", "amount": "10", "tax": "0"}
    return {**one, **changes}


def credit_note(*lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    one = {
        "version": 1, "id": 9, "order_keys": ["walmart:main:PO"], "return_key": "", "name": "RINV/2026/00001", "reason": "Damaged",
        "date": "2026-11-21", "currency": "USD", "total": "10", "lines": list(lines),
    }  # fmt: skip
    return {**one, **changes}


def rule(**changes: Any) -> dict[str, Any]:
    numbers = (
        "min_quantity", "fixed_price", "percent_price", "price_discount", "price_markup", "price_round", "price_surcharge", "price_min_margin",
        "price_max_margin",
    )  # fmt: skip
    one: dict[str, Any] = dict.fromkeys(numbers, "0")
    one |= dict.fromkeys(("product_tmpl_id", "product_id", "categ_id", "base_pricelist_id"), 0)
    one |= {
        "id": 1,
        "pricelist_id": 1,
        "applied_on": "3_global",
        "compute_price": "fixed",
        "date_start": "",
        "date_end": "",
    }
    return one | {"base": "list_price", "category": ""} | changes


def price(*rules: dict[str, Any], **changes: Any) -> dict[str, Any]:
    one = {
        "version": 3, "id": 2, "sku": "A", "active": True, "category": "All", "list_price": "20", "currency": "USD", "cost": "8",
        "cost_currency": "USD", "fields": {}, "rates": {"USD": "1"}, "rules": list(rules),
        "pricelists": [{"id": 1, "name": "Web", "currency": "USD", "offered": True}],
    }  # fmt: skip
    return {**one, **changes}


def stock(*moves: dict[str, Any], **changes: Any) -> dict[str, Any]:
    one = {
        "version": 5, "read_at": 1795262911208, "active": True, "product": {"id": 2, "sku": "A", "category": "All"},
        "stock": [{"warehouse": "WH", "on_hand": "10", "reserved": "4"}], "moves": list(moves), "components": [],
    }  # fmt: skip
    return {**one, **changes}


def stock_move(**changes: Any) -> dict[str, Any]:
    one = {
        "id": 1,
        "order_key": "walmart:main:PO",
        "line": 1,
        "product_id": 2,
        "state": "assigned",
        "demanded": "3",
        "quantity": "3",
    }
    return {**one, **changes}


def product(**changes: Any) -> dict[str, Any]:
    one = {
        "version": 4, "id": 2, "sku": "A", "active": True, "template_id": 3, "name": "Lamp", "description": "<p>Bright</p>", "barcode": "",
        "brand": "", "category": "All", "list_price": "20", "currency": "USD", "weight": "0", "weight_unit": "kg", "volume": "0",
        "volume_unit": "m³", "unit": "Units", "variants": 1, "choices": [], "attributes": [], "tags": [], "images": [], "fields": {},
    }  # fmt: skip
    return {**one, **changes}


def purchase(**changes: Any) -> dict[str, Any]:
    line = {
        "id": 4,
        "sku": "A",
        "supplier_code": "S-A",
        "quantity": "12",
        "unit_price": "2.5",
        "date_planned": "2026-12-01 00:00:00",
    }
    one = {
        "version": 6, "id": 8, "name": "P00008", "state": "purchase", "supplier": "SUP", "supplier_id": 5, "supplier_reference": "Q",
        "currency": "USD", "date_planned": "", "lines": [line],
    }  # fmt: skip
    return {**one, **changes}


EXAMPLES: dict[str, dict[str, Any]] = {
    "sale_order": sale_order(order_line(), state="cancel"),
    "picking": picking(move(), move(id=2, line=12, line_id="2", per_unit="2", ordered="3")),
    "quant": stock(stock_move(), components=[{"product_id": 2, "sku": "B", "quantity": "2"}]),
    "product": product(images=[{"model": "product.product", "record_id": 2, "field": "image_1920", "mark": "x"}]),
    "price": price(rule()),
    "refund": credit_note(note_line(), note_line(id=2, kind="shipping", line_id="")),
    "purchase_order": purchase(),
}
