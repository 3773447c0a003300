"""What tests of the Odoo sink's operations share: a sink on a box, deliveries of any operation, small records of each kind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

from connectors.kit.ports import Delivery, Outcome
from connectors.odoo.settings import OdooSettings
from connectors.odoo.sink import OdooSink
from schemas.checksum import checksum
from schemas.records import Order
from tests.builders import delivery_of, deps
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


def user_of(box: OdooBox, *groups: str) -> OdooSettings:
    """A new user with these groups (external ids) who lives far from UTC."""
    login, ids = tag().lower(), []
    for group in groups:
        module, _, name = group.partition(".")
        ids.append(box.rows("ir.model.data", [["module", "=", module], ["name", "=", name]], ["res_id"])[0]["res_id"])
    values = {"name": "Robot", "login": login, "password": f"pw-{login}", "tz": "America/New_York"}
    box.call("res.users", "create", {**values, "groups_id": [[6, 0, ids]]})
    return OdooSettings.model_validate({**box.settings.model_dump(), "login": login, "password": f"pw-{login}"})
