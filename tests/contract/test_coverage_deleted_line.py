"""FUL-2, FUL-3: a line of a Walmart order that a person deletes in Odoo, from one sandbox to the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.kit import exact_json
from connectors.kit.ports import Deps, NoMappings, Outcome, Result
from connectors.odoo.capture_mapping import mappings
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import make_source
from connectors.walmart.mapping import to_order
from schemas.reasons import Reason
from schemas.records import Cancellation
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of
from tests.contract.test_walmart_fulfilment import (
    PO,
    acknowledge,
    an_order,
    answer,
    delivery,
    shipped,
    states,
)
from tests.contract.walmart_box import Box, walmart_box


@pytest.fixture
def odoo() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def walmart() -> Iterator[Box]:
    """With one order: line 1 of 2 units, line 2 of 1 unit."""
    with walmart_box() as found:
        found.raw(an_order())
        found.clock.now += 3
        yield found


async def imported(walmart: Box, odoo: OdooBox) -> int:
    """The order in Odoo, each of its lines of a product of its own."""
    raw = walmart.call("GET", f"/v3/orders/{PO}").json()["order"]
    order = to_order(
        exact_json.dumps(raw), tag()
    )  # an account of its own: a real server keeps the orders of earlier runs
    for number, line in enumerate(order["lines"]):
        line["sku"] = f"{PO}-{number}"
        if not odoo.rows("product.product", [["default_code", "=", line["sku"]]], ["name"]):
            odoo.product(line["sku"])
    async with sink_of(odoo) as sink:
        (outcome,) = await put_orders(sink, order)
    assert outcome.ok, outcome.detail
    return int(outcome.remote_id)


def delete(odoo: OdooBox, order: int, number: int) -> None:
    domain = [["order_id", "=", order], ["product_id.default_code", "=", f"{PO}-{number - 1}"]]
    odoo.call("sale.order.line", "unlink", [row["id"] for row in odoo.rows("sale.order.line", domain, ["id"])])


async def told(walmart: Box, odoo: OdooBox, order: int) -> Outcome:
    """What Odoo says of the order now, cancelled at Walmart."""
    deps = Deps("sandbox", NoMappings(), lambda: datetime.now(UTC))
    source = make_source(odoo.settings, "main", "sale_orders", deps)
    (item,) = [item async for page in source.fetch([str(order)]) for item in page.items]
    await source.aclose()
    (made,) = mappings(OdooSettings())["sale_order"](item.payload, "main")
    body: Cancellation = made.body  # type: ignore[assignment] # of this mapping
    return await answer(walmart, delivery("cancel_lines", dict(body), f"d-{made.version}-{len(body['lines'])}"))


async def test_each_deleted_line_is_cancelled_and_no_other(walmart: Box, odoo: OdooBox) -> None:
    """FUL-3: one, told twice; then the other."""
    order = await imported(walmart, odoo)
    await acknowledge(walmart)
    delete(odoo, order, 2)
    assert (await told(walmart, odoo, order)).result is Result.APPLIED
    assert (states(walmart, "1"), states(walmart, "2")) == ({"Acknowledged": 2}, {"Cancelled": 1})
    assert (await told(walmart, odoo, order)).result is Result.ALREADY_APPLIED
    delete(odoo, order, 1)
    assert (await told(walmart, odoo, order)).result is Result.APPLIED
    assert states(walmart, "1") == {"Cancelled": 2}


async def test_a_deleted_line_that_has_left_meanwhile_is_an_exception(walmart: Box, odoo: OdooBox) -> None:
    """FUL-3: conflict (shipped meanwhile); what left stays shipped."""
    order = await imported(walmart, odoo)
    await acknowledge(walmart)
    assert (await answer(walmart, shipped(("1Z", {"2": "1"})))).ok
    delete(odoo, order, 2)
    outcome = await told(walmart, odoo, order)
    assert (outcome.result, outcome.reason) == (Result.FAILED, Reason.RULE)
    assert (states(walmart, "1"), states(walmart, "2")) == ({"Acknowledged": 2}, {"Shipped": 1})
