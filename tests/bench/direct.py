"""The peer of the sink: the same orders by batched `create` calls, as a script without any promise would write them.

Per chunk one `create` for the customers with their addresses (a quarter quicker than a `create` for each, seen on a real server), one `read` of the
addresses' ids, one `create` for the orders with their lines. Nothing is looked up, compared, or safe to repeat. What the orders refer to (products,
taxes, states) is found before the clock starts.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connectors.odoo.auth import connect
from connectors.odoo.changes import stamp
from connectors.odoo.client import Odoo
from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.plan import PostalAddress
from connectors.odoo.references import References, Region, Resolved
from connectors.odoo.settings import OdooSettings
from schemas.records import Order
from tests.builders import deps

_CONTEXT = {"context": {"tracking_disable": True}}  # no chatter message for each record: the sink says the same


async def resolved(settings: OdooSettings, wanted: Sequence[Order]) -> list[Resolved]:
    """The orders with the database ids of what they refer to; taxes that are missing are made."""
    odoo, needs = Odoo(settings), deps()
    references = References(odoo, settings, needs.mappings, needs.now)
    plans = [plan_order(one, Rules(settings, production=False)) for one in wanted]
    try:
        await references.prepare(plans)
        return [references.resolved(plan) for plan in plans]
    finally:
        await odoo.aclose()


class Direct:
    """Writes by as many threads as the sink uses, in chunks of the same size."""

    def __init__(self, settings: OdooSettings) -> None:
        self._settings = settings
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(settings.workers)

    def write(self, wanted: Sequence[Resolved]) -> None:
        """Returns when all are written. Raises whatever odoorpc raises."""
        size = self._settings.batch
        chunks = [wanted[start : start + size] for start in range(0, len(wanted), size)]
        list(self._threads.map(self._chunk, chunks))

    def close(self) -> None:
        self._threads.shutdown()

    def _chunk(self, chunk: Sequence[Resolved]) -> None:
        customers = self._create("res.partner", [_customer(one) for one in chunk])
        rows = self._connection().execute_kw("res.partner", "read", [customers, ["child_ids"]])
        addresses = {row["id"]: row["child_ids"][0] for row in rows}
        self._create("sale.order", [_order(one, at, addresses[at]) for one, at in zip(chunk, customers, strict=True)])

    def _create(self, model: str, values: list[dict[str, Any]]) -> list[int]:
        made: list[int] = self._connection().execute_kw(model, "create", [values], _CONTEXT)
        return made

    def _connection(self) -> Any:
        if not hasattr(self._local, "connection"):
            self._local.connection = connect(self._settings)
        return self._local.connection


def _customer(order: Resolved) -> dict[str, Any]:
    plan = order.plan.customer
    own = {"name": plan.name, "email": plan.email, "phone": plan.phone}
    return {**own, **_address(plan.address, order.customer), "child_ids": [(0, 0, _delivery(order))]}


def _delivery(order: Resolved) -> dict[str, Any]:
    plan = order.plan.delivery
    own = {"type": "delivery", "name": plan.address.name, "phone": plan.address.phone}
    return {**own, **_address(plan.address, order.delivery)}


def _address(address: PostalAddress, region: Region) -> dict[str, Any]:
    return {
        "street": address.street, "street2": address.street2, "city": address.city, "zip": address.zip,
        "state_id": region.state, "country_id": region.country,
    }  # fmt: skip


def _order(order: Resolved, customer: int, delivery: int) -> dict[str, Any]:
    plan = order.plan
    lines = [
        (0, 0, {
            "product_id": line.product, "name": line.plan.name, "product_uom_qty": float(line.plan.quantity),
            "price_unit": float(line.plan.price), "tax_id": [(6, 0, list(line.taxes))],
        })
        for line in order.lines
    ]  # fmt: skip
    return {
        "partner_id": customer, "partner_invoice_id": customer, "partner_shipping_id": delivery,
        "client_order_ref": plan.reference, "origin": plan.origin, "date_order": stamp(plan.ordered_at),
        "commitment_date": stamp(plan.promised_at) or False, "note": plan.note, "order_line": lines,
    }  # fmt: skip
