"""What tests of the Odoo sink's operations share: a sink on a box, deliveries of any operation, small records of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from connectors.kit.ports import Delivery, Outcome
from connectors.odoo.settings import OdooSettings
from connectors.odoo.sink import OdooSink
from schemas.checksum import checksum
from schemas.records import Cancellation, Listing, Order, ReturnLine, ReturnOrder, Settlement, SettlementLine
from tests.builders import ORDERED, delivery_of, deps, money
from tests.contract.odoo_box import OdooBox, tag


@asynccontextmanager
async def sink_of(
    box: OdooBox, mappings: dict[tuple[str, str], str] | None = None, **changes: Any
) -> AsyncIterator[OdooSink]:
    settings = OdooSettings.model_validate({**box.settings.model_dump(), **changes})
    sink = OdooSink(settings, deps(mappings))
    try:
        yield sink
    finally:
        await sink.aclose()


def delivery(operation: str, body: Mapping[str, Any], *, command: bool = False, key: str = "") -> Delivery:
    """A delivery of this record."""
    digest = checksum({"content": repr(sorted(body.items()))})
    return Delivery(
        id=checksum({"operation": operation, "key": body["key"], "content": digest}), operation=operation, is_command=command,
        key=key or body["key"], source=body.get("source", "odoo"), account=body.get("account", "main"),
        version=body.get("version", 1), checksum=digest, correlation="test", body=body,
    )  # fmt: skip


async def put(sink: OdooSink, operation: str, *bodies: Mapping[str, Any]) -> list[Outcome]:
    return list(await sink.deliver([delivery(operation, body) for body in bodies]))


async def put_orders(sink: OdooSink, *orders: Order) -> list[Outcome]:
    return list(await sink.deliver([delivery_of(one) for one in orders]))


def cents(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(Decimal("0.01"))


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


def user_of(box: OdooBox, *groups: str) -> OdooSettings:
    """A new user with these groups (external ids) who lives far from UTC."""
    login, ids = tag().lower(), []
    for group in groups:
        module, _, name = group.partition(".")
        ids.append(box.rows("ir.model.data", [["module", "=", module], ["name", "=", name]], ["res_id"])[0]["res_id"])
    values = {"name": "Robot", "login": login, "password": f"pw-{login}", "tz": "America/New_York"}
    box.call("res.users", "create", {**values, "groups_id": [[6, 0, ids]]})
    return OdooSettings.model_validate({**box.settings.model_dump(), "login": login, "password": f"pw-{login}"})
