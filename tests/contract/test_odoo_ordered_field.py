"""FUL-3, EVT-6: a lowered quantity in mode `poll`: told where Odoo keeps what was ordered, on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from connectors.kit.ports import Canonical
from connectors.odoo.capture_mapping import mappings
from connectors.odoo.client import Odoo
from connectors.odoo.outbox import Outbox
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import make_source
from connectors.odoo.source.orders import ORDERED_FIELD
from tests.builders import deps, order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


def settings(box: OdooBox) -> OdooSettings:
    return OdooSettings.model_validate({**box.settings.model_dump(), "capture": {"mode": "poll"}})


async def cancellations(box: OdooBox, number: str) -> list[Canonical]:
    """What is told of the order, read in mode `poll`."""
    one = settings(box)
    source = make_source(one, "main", "sale_orders", deps())
    try:
        pages = [page async for page in source.fetch([box.order_field(number, "name")])]
    finally:
        await source.aclose()
    payloads = [item.payload for page in pages for item in page.items]
    assert [json.loads(payload)["order_key"] for payload in payloads] == [f"walmart:MAIN:{number}"]
    return [record for payload in payloads for record in mappings(one)["sale_order"](payload, "main")]


async def test_a_lowered_quantity_is_told_once_odoo_keeps_what_was_ordered(box: OdooBox) -> None:
    """FUL-3: `install-field` alone is enough: no automation, no app, mode `poll`. Without the field nothing can be told, and nothing wrong is."""
    odoo = Odoo(box.settings)
    number, code = tag(), f"SKU-{tag()}"
    box.product(code)
    async with sink_of(box) as sink:
        await put_orders(sink, order(f"{number}-OLD", [order_line(code, 7)], status="acknowledged"))
    try:
        rehearsed = await Outbox(odoo, dry_run=True).install_field()
        made = await Outbox(odoo).install_field()
        assert [(step.done, bool(step.impossible)) for step in rehearsed] == [(False, False)]
        assert [(step.done, bool(step.impossible)) for step in made] == [(True, False)]
        assert [step.there for step in await Outbox(odoo).install_field()] == [True]
        assert box.call("base.automation", "search_count", [["name", "=like", "Causeway: %"]]) == 0
        (old,) = box.rows("sale.order.line", [["order_id.origin", "=", f"{number}-OLD"]], [ORDERED_FIELD])
        assert old[ORDERED_FIELD] == 7  # what stands on the day the field is made
        async with sink_of(box) as sink:
            await put_orders(sink, order(number, [order_line(code, 5)], status="acknowledged"))
        assert await cancellations(box, number) == []
        (line,) = [row for row in box.lines(number) if row["product_uom_qty"] == 5]
        box.call("sale.order.line", "write", [line["id"]], {"product_uom_qty": 3})
        told = await cancellations(box, number)
        assert [record.body["lines"] for record in told] == [
            [{"line_id": "1", "sku": code, "quantity": "2", "remaining": "3"}]
        ]
    finally:
        await Outbox(odoo).uninstall()
        await odoo.aclose()
    assert ORDERED_FIELD not in box.call("sale.order.line", "fields_get", [ORDERED_FIELD])
