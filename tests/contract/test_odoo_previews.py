"""What the sink would write of an order, on the sandbox or on a real Odoo 18 (see `odoo_box`): by reading only (OPS-7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.kit.ports import Difference
from connectors.odoo.sink import OdooSink
from schemas.records import Order
from tests.builders import address, delivery_of, order, order_line, tax
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of

READING = {
    "get_external_id",
    "context_get",
    "read",
    "search_read",
    "search",
    "search_count",
    "fields_get",
    "check_object_reference",
    "",
}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def seen(sink: OdooSink, body: Order) -> list[tuple[str, str, str]]:
    (found,) = await sink.preview([delivery_of(body)])
    assert all(isinstance(one, Difference) for one in found)
    return [(one.field, one.now, one.would_be) for one in found]


async def test_a_new_order_is_told_and_not_written(box: OdooBox) -> None:
    """OPS-7: nothing is made on the way either: no tax, no service product, no customer; nobody is named."""
    number, sku = tag(), f"SKU-{tag()}"
    body = order(number, [order_line(sku, 2, taxes=[tax(f"Tax {tag()}", "1.20")])], ship_to=address(name="Canaryname"))
    async with sink_of(box) as sink:
        before = len(box.proxy.calls)
        found = await seen(sink, body)
        assert {method for _, method in box.proxy.calls[before:]} <= READING
    assert found == [
        ("order", "", "quotation, 2 lines, 21.20 USD"),
        (f"product {sku}", "not in Odoo", "made or waited for"),
    ]
    assert box.orders(number) == []
    assert "Canary" not in repr(found)


async def test_a_change_is_told_field_by_field_and_then_nothing(box: OdooBox) -> None:
    """OPS-7: what stands, what would stand; after it was written there is no difference left."""
    number, sku = tag(), f"SKU-{tag()}"
    box.product(sku)
    later = order(
        number, [order_line(sku, 2, quantity_cancelled="1")], status="partially_shipped", version=2,
        buyer_cancel_requested=True,
    )  # fmt: skip
    async with sink_of(box) as sink:
        await put_orders(sink, order(number, [order_line(sku, 2)]))
        before = len(box.proxy.calls)
        found = await seen(sink, later)
        assert {method for _, method in box.proxy.calls[before:]} <= READING
        await put_orders(sink, later)
        assert await seen(sink, later) == []
    assert found == [
        ("state", "quotation", "confirmed"),
        ("amount_total", "20.00 USD", "10.00 USD"),
        (f"quantity of {sku}", "2", "1"),
    ]
    async with sink_of(box) as sink:
        withdrawn = {**later, "buyer_cancel_requested": False, "version": 3}
        assert await seen(sink, withdrawn) == [("delivery", "held", "free")]  # type: ignore[arg-type]


async def test_what_is_wrong_in_itself_is_told_too(box: OdooBox) -> None:
    """OPS-7: shadow mode shows the exceptions that would come."""
    async with sink_of(box) as sink:
        ((field, now, would_be),) = await seen(sink, order(tag(), [order_line("X")], ship_to=address(zip="9021O")))
    assert (field, now) == ("order", "")
    assert would_be.startswith("nothing: ")
    assert "zip" in would_be
