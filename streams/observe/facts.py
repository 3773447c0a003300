"""Canonical records in words: one line each, with ids, codes, quantities, amounts and states. Pure.

Never names, addresses, tracking numbers, or what people wrote in their own words: those are in the records, see `schemas.views`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas.masking import mask_text
from schemas.topics import APPROVALS, DEMAND, ENTITIES, PRICE_LEDGER, STOCK_LEDGER, SUPPLY_LEDGER

Told = tuple[str, dict[str, Any]]
Body = Mapping[str, Any]


def _order(order: Body) -> Told:
    total = money(order["total"])
    text = f"canonical order: {order['status']}, {_count(order['lines'], 'line')}, {total}"
    problems = order["problems"]
    text += f", cannot be shipped: {'; '.join(problems)}" if problems else ""
    facts = {"status": order["status"], "version": order["version"], "lines": len(order["lines"]), "total": total}
    return text, facts | ({"problems": problems} if problems else {})


def _shipment(body: Body) -> Told:
    units = total(line["quantity"] for parcel in body["parcels"] for line in parcel["lines"])
    parts = [
        f"{units} units in {_count(body['parcels'], 'parcel')}",
        body["carrier_code"],
        "more to come" if body["backorder"] else "",
    ]
    facts = {
        "picking": body["picking"],
        "parcels": len(body["parcels"]),
        "units": units,
        "backorder": body["backorder"],
    }
    return f"left the warehouse, {body['picking']}: {_listed(parts)}", facts | _of(body)  # fmt: skip


def _cancellation(body: Body) -> Told:
    what = "the whole order" if body["whole"] else _count(body["lines"], "line")
    units = total(line["quantity"] for line in body["lines"])
    return f"cancelled in Odoo: {what}, {units} units", {"whole": body["whole"], "units": units} | _of(body)


def _refund(body: Body) -> Told:
    amount = money(body["total"])
    text = f"credit note {body['reference']} posted in Odoo: {amount}, {_count(body['lines'], 'line')}"
    text += f", books what {body['return_key']} gave back already" if body["return_key"] else ""
    return text, {"reference": body["reference"], "total": amount, "return_key": body["return_key"]} | _of(body)


def _return(body: Body) -> Told:
    states = {name: body[name] for name in ("physical", "financial", "service")}
    told = f"goods {states['physical']}, money {states['financial']}, customer service {states['service'] or 'silent'}"
    text = f"{body['kind']} {body['return_id']} at {body['source']}: {told}, {_count(body['lines'], 'line')}"
    return text, {"return_id": body["return_id"], "kind": body["kind"]} | states | _of(body)


def _stock_level(body: Body) -> Told:
    on_hand = total(place["on_hand"] for place in body["locations"])
    reserved = total(place["reserved"] for place in body["locations"])
    parts = [
        f"{on_hand} on hand, {reserved} reserved in {_count(body['locations'], 'warehouse')}",
        f"{_count(body['orders'], 'order')} known",
        f"a kit of {len(body['components'])}" if body["kit"] else "",
        "" if body["active"] else "archived",
    ]
    facts = {"on_hand": on_hand, "reserved": reserved, "orders": len(body["orders"]), "active": body["active"]}
    return f"Odoo's stock: {_listed(parts)}", facts | _of(body)


def _demand(body: Body) -> Told:
    via = f", as part of {body['via']}" if body["via"] else ""
    text = f"{body['order_key']} asks for {body['quantity']}, {body['status']}{via}"
    return text, {"quantity": body["quantity"], "status": body["status"], "via": body["via"]} | _of(body)


def _stock_ledger(body: Body) -> Told:
    offers = [f"{offer['channel']}:{offer['account']} {offer['quantity']}" for offer in body["offers"]]
    open_orders = sum(1 for demand in body["demands"] if not demand["closed"])
    text = f"stock ledger: told {', '.join(offers) or 'nobody'}; {open_orders} orders count"
    return text, {"told": offers, "open_orders": open_orders}


def _availability(body: Body) -> Told:
    before = f", before {body['previous']}" if body["previous"] else ""
    text = f"{_channel(body)} may sell {body['quantity']}{before}, because of {body['why']}"
    facts = {name: body[name] for name in ("quantity", "previous", "urgent", "why")}
    return text + (", at once" if body["urgent"] else ""), facts | _of(body)


def _product(body: Body) -> Told:
    parts = [
        "active" if body["active"] else "archived",
        f"category {body['category']}" if body["category"] else "no category",
        _count(body["images"], "picture"),
        f"barcode {body['barcode']}" if body["barcode"] else "no barcode",
    ]
    facts = {"active": body["active"], "category": body["category"], "images": len(body["images"])}
    return f"product {body['product_id']} of Odoo: {_listed(parts)}", facts | _of(body)


def _price(body: Body) -> Told:
    lists = [f"{entry['pricelist']} {money(entry['price'])}" for entry in body["pricelists"]]
    text = f"Odoo's price: {money(body['list_price'])}" + "".join(f", {entry}" for entry in lists)
    return text, {"list_price": money(body["list_price"]), "pricelists": lists} | _of(body)


def _price_offer(body: Body) -> Told:
    before = f", before {money(body['previous'])}" if body["previous"] else ""
    text = f"{_channel(body)} shall ask {money(body['price'])}{before}{_sale(body)}"
    facts = {"price": money(body["price"]), "previous": money(body["previous"]), "approval": body["approval"]}
    by = f", approved by {body['approval']}" if body["approval"] not in ("", "none") else ""
    return text + by, facts | _of(body)


def _price_ledger(body: Body) -> Told:
    told = [f"{_channel(offer)} {money(offer['price']) or 'nothing'}" for offer in body["offers"]]
    waits = [f"{_channel(offer)} {money(offer['proposed'])}" for offer in body["offers"] if offer["proposal"]]
    text = f"price ledger: told {', '.join(told) or 'nobody'}"
    return text + (f"; waits for a person: {', '.join(waits)}" if waits else ""), {"told": told, "waits": waits}


def _approval(body: Body) -> Told:
    change = f"{body['before'] or 'nothing'} -> {body['after']}"
    facts = {name: body[name] for name in ("subject", "kind", "state", "proposal", "before", "after", "actor")}
    facts["note"] = mask_text(body["note"])
    who = f" by {body['actor']}" if body["actor"] else ""
    return ": ".join(
        part for part in (body["subject"], f"{change} {body['state']}{who}", body["why"], facts["note"]) if part
    ), facts


def _listing(body: Body) -> Told:
    codes = sorted({problem["code"] for problem in body["problems"]})
    text = f"listed at {body['source']}:{body['account']}: {body['status']}"
    facts = {"status": body["status"], "item_id": body["item_id"], "problems": codes}
    return text + (f", problems {', '.join(codes)}" if codes else ""), facts | _of(body)


def _conflict(body: Body) -> Told:
    facts = {name: body[name] for name in ("entity", "field", "master", "action")}
    return f"{body['entity']} differs in {body['field']}: {body['master']} is master, {body['action']}", facts


def _settlement(body: Body) -> Told:
    deposit = f"{body['deposit']} {body['currency']}".strip()
    text = f"settlement {body['settlement_id']}: {_count(body['lines'], 'transaction')}, deposit {deposit}"
    return text, {"settlement_id": body["settlement_id"], "lines": len(body["lines"]), "deposit": deposit} | _of(body)


def _settled_order(body: Body) -> Told:
    margin = f"{body['margin']} {body['currency']}".strip()
    text = f"settlement {body['settlement_id']} brought {margin} for {body['order_id']}, before the cost of the goods"
    return text, {"settlement_id": body["settlement_id"], "margin": margin} | _of(body)


def _fulfilment_stock(body: Body) -> Told:
    facts = {name: body[name] for name in ("active", "sellable", "reserved", "inbound", "unsellable")}
    numbers = f"{body['sellable']} to sell, {body['reserved']} reserved, {body['inbound']} on the way"
    return f"stock at {body['source']}:{body['account']}: {numbers if body['active'] else 'gone'}", facts | _of(body)


def _purchase(body: Body) -> Told:
    text = f"purchase order {body['purchase_id']}: {body['state']}, {_count(body['lines'], 'line')}"
    return text, {"purchase_id": body["purchase_id"], "state": body["state"]} | _of(body)


def _supplier_product(body: Body) -> Told:
    text = f"offer {body['offer_id']} of {body['source']}:{body['account']}: {body['status']}, {_count(body['variants'], 'variant')}"
    return text, {"offer_id": body["offer_id"], "status": body["status"]} | _of(body)


def _vendor_terms(body: Body) -> Told:
    what = f"offer {body['offer_id']} of {body['source']}:{body['account']}"
    if body["kind"] == "lead_time":
        what = f"SKU {body['sku_id'] or 'single'} of {what}"
        says = f"lead time {body['lead_days']} days" if body["lead_days"] is not None else "lead time as it was"
    else:
        says = f"smallest order {body['minimum_quantity'] or 'as the supplier says'}"
    by = f", approved by {body['approval']}" if body["approval"] not in ("", "none") else ""
    facts = {name: body[name] for name in ("kind", "lead_days", "minimum_quantity", "approval")}
    return f"{what}: {says}{by}: {body['why']}", facts | _of(body)


def _supply_ledger(body: Body) -> Told:
    short = [one["sku_id"] or "single" for one in body["skus"] if one["short"]]
    matters = [(one["sku_id"] or "single", matter) for one in body["skus"] for matter in one["matters"]] + [
        ("all", matter) for matter in body["matters"]
    ]
    waits = [f"{sku} {matter['kind']}" for sku, matter in matters if matter["proposal"]]
    text = f"supply ledger: {_count(body['skus'], 'SKU')}, out of stock: {_some(short) or 'none'}"
    return text + (f"; waits for a person: {_some(waits)}" if waits else ""), {"short": short, "waits": waits}


def _some(words: list[str], most: int = 5) -> str:
    """The first of them, and how many more."""
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _supplier_order(body: Body) -> Told:
    parcels = f", {_count(body['parcels'], 'parcel')}" if body["parcels"] else ""
    text = (
        f"order {body['order_id']} at {body['source']}:{body['account']}: {body['state']} ({body['status']}){parcels}"
    )
    return text, {"order_id": body["order_id"], "state": body["state"], "reference": body["our_reference"]} | _of(body)


def _delivery_event(body: Body) -> Told:
    what = body["status"] or "on its way"
    text = f"parcel {body['parcel_id']} of order {body['order_id']}: {what}"
    return text, {"order_id": body["order_id"], "parcel_id": body["parcel_id"], "status": body["status"]} | _of(body)


def _purchase_result(body: Body) -> Told:
    orders = [one["order_id"] for one in body["orders"]]
    text = f"purchase order {body['purchase_name']} at {body['source']}:{body['account']}: {body['status']}"
    facts = {"purchase_id": body["purchase_id"], "status": body["status"], "orders": orders}
    return text + (f", orders {', '.join(orders)}" if orders else ""), facts | _of(body)


def _packing_check(body: Body) -> Told:
    weight = f", {body['weight']} {body['weight_unit']}" if body["weight"] else ""
    text = f"packed at {body['account']}: {body['picking']}, {_count(body['scans'], 'code')}{weight} (ended by {body['ended_by']})"
    return text, {"picking": body["picking"], "station": body["account"], "weight": body["weight"]}


# Topic -> (record, its words).
FACTS: Mapping[str, tuple[str, Callable[[Body], Told]]] = {
    **{
        ENTITIES[name].every: (name, tell)
        for name, tell in (
            ("order", _order), ("shipment", _shipment), ("cancellation", _cancellation), ("refund", _refund),
            ("return_order", _return), ("stock_level", _stock_level), ("product", _product), ("price", _price),
            ("listing", _listing), ("settlement", _settlement), ("purchase_order", _purchase), ("availability", _availability),
            ("price_offer", _price_offer), ("conflict", _conflict), ("settled_order", _settled_order),
            ("fulfilment_stock", _fulfilment_stock), ("supplier_product", _supplier_product), ("supplier_order", _supplier_order),
            ("delivery_event", _delivery_event), ("purchase_result", _purchase_result), ("vendor_terms", _vendor_terms),
            ("packing_check", _packing_check),
        )
    },
    DEMAND: ("demand", _demand),
    STOCK_LEDGER: ("stock_ledger", _stock_ledger),
    PRICE_LEDGER: ("price_ledger", _price_ledger),
    SUPPLY_LEDGER: ("supply_ledger", _supply_ledger),
    APPROVALS: ("approval", _approval),
}  # fmt: skip


def money(amount: Mapping[str, str] | None) -> str:
    """`12.50 USD`, empty for none."""
    return f"{amount['amount']} {amount['currency']}" if amount else ""


def total(quantities: Iterable[str]) -> str:
    """Their sum as decimal text; `?` when one is no number."""
    try:
        return f"{sum((Decimal(text) for text in quantities), Decimal(0)):f}"
    except InvalidOperation:
        return "?"


def _of(body: Body) -> dict[str, Any]:
    """What tells which record it is."""
    return {name: body[name] for name in ("key", "version", "order_key", "sku") if body.get(name) not in (None, "")}


def _channel(body: Body) -> str:
    return f"{body['channel']}:{body['account']}"


def _sale(body: Body) -> str:
    if not body["sale_price"]:
        return ""
    return f", on sale for {money(body['sale_price'])}{_day(' from', body['sale_starts_at'])}{_day(' to', body['sale_ends_at'])}"


def _day(word: str, moment: datetime | None) -> str:
    return f"{word} {moment:%Y-%m-%d %H:%M}" if moment else ""


def _count(items: list[Any], what: str) -> str:
    return f"{len(items)} {what}{'' if len(items) == 1 else 's'}"


def _listed(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)
