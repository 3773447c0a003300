"""Orders that are in Odoo already while people change their products and lines, on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.holds import WORD
from connectors.odoo.sink import OdooSink
from schemas.reasons import Reason
from schemas.records import Order
from tests.builders import delivery_of, order, order_line, tax
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of

CONFIRMED: dict[str, Any] = {"stages": {"acknowledged": "confirmed"}}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def once(sink: OdooSink, body: Order) -> Outcome:
    (outcome,) = await put_orders(sink, body)
    assert outcome.ok, outcome.detail
    return outcome


def notes_of(box: OdooBox, number: str) -> list[str]:
    domain = [["model", "=", "sale.order"], ["res_id", "=", box.order(number)["id"]], ["message_type", "=", "comment"]]
    return [row["body"] for row in box.rows("mail.message", domain, ["body"])]


# ---- ORD-9: products of lines that exist


@pytest.mark.parametrize("values", [{"active": False}, {"default_code": "RENAMED"}])
async def test_a_wish_to_cancel_gets_through_although_the_product_is_archived_or_renamed(
    box: OdooBox, values: dict[str, Any]
) -> None:
    """FUL-3, ORD-9: the product of a line that exists is never changed, so nobody need find it: the delivery is held, the cancellation written."""
    number, sku = tag(), f"SKU-{tag()}"
    product = box.product(sku)
    async with sink_of(box, **CONFIRMED) as sink:
        await once(sink, order(number, [order_line(sku, 2)], status="acknowledged"))
    box.call(
        "product.product", "write", [product], {key: value and f"{value}-{tag()}" for key, value in values.items()}
    )
    async with sink_of(box, unknown_sku="create", **CONFIRMED) as sink:
        body = order(number, [order_line(sku, 2)], status="acknowledged", version=2, buyer_cancel_requested=True)
        held = await once(sink, body)
        lines = [order_line(sku, 2, quantity_cancelled="1")]
        lowered = await once(sink, order(number, lines, status="acknowledged", version=3))
        gone = [order_line(sku, 2, quantity_cancelled="2")]
        await once(sink, order(number, gone, status="cancelled", version=4))
    assert "held" in held.notes
    (picking,) = box.rows("stock.picking", [["sale_id", "=", box.order(number)["id"]]], ["note"])
    assert "changed" in lowered.notes
    assert WORD not in (picking["note"] or "")
    (line,) = box.lines(number)
    assert (line["product_id"][0], line["product_uom_qty"], box.order(number)["state"]) == (product, 1, "cancel")
    assert box.call("product.product", "search_count", [["default_code", "=", sku]]) == 0  # none made beside it


async def test_a_line_that_is_new_in_an_order_still_needs_its_product(box: OdooBox) -> None:
    """ORD-9: the order is held for the new line's product, not for that of the old one."""
    number, sku, other = tag(), f"SKU-{tag()}", f"NEW-{tag()}"
    product = box.product(sku)
    lines = [order_line(sku, 1), order_line(other, 1, line_id="2")]
    async with sink_of(box) as sink:
        await once(sink, order(number, lines[:1]))
    box.call("product.product", "write", [product], {"active": False})
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, order(number, lines, version=2))
        assert (outcome.reason, outcome.waiting_for) == (Reason.MAPPING, f"sku:walmart:MAIN:{other}")
        assert len(box.lines(number)) == 1
        box.product(other)
        assert (await once(sink, order(number, lines, version=2))).result is Result.APPLIED
    assert [line["price_unit"] for line in box.lines(number)] == [10, 10]


async def test_an_order_that_is_not_in_odoo_waits_for_an_archived_product(box: OdooBox) -> None:
    """ORD-9"""
    number, sku = tag(), f"SKU-{tag()}"
    box.product(sku, active=False)
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, order(number, [order_line(sku)]))
    assert (outcome.reason, outcome.waiting_for) == (Reason.MAPPING, f"sku:walmart:MAIN:{sku}")
    assert box.orders(number) == []


# ---- ORD-6, FUL-3: what a person changed


def line_of(box: OdooBox, number: str, product: int) -> dict[str, Any]:
    (line,) = [one for one in box.lines(number) if one["product_id"][0] == product]
    return line


async def test_a_quantity_a_person_lowered_is_not_raised_again(box: OdooBox) -> None:
    """FUL-3, ORD-6: 2 ordered, 1 delivered, 1 cancelled in Odoo while Walmart cancels another line: both stand, with one note and one conflict,
    no exception; when Walmart has followed, nothing is said any more."""
    number, skus = tag(), [f"SKU-{tag()}" for _ in range(2)]
    products = [box.product(sku) for sku in skus]
    taxes = [tax("State", "1.80")]

    def body(version: int, *cancelled: str, **changes: Any) -> Order:
        lines = [
            order_line(sku, 2, line_id=str(at), quantity_cancelled=less, taxes=taxes if at == 0 else [])
            for at, (sku, less) in enumerate(zip(skus, cancelled, strict=True))
        ]
        return order(number, lines, status="partially_shipped", version=version, **changes)

    async with sink_of(box) as sink:
        await once(sink, body(1, "0", "0"))
        deliver(box, number, products[0], 1)
        box.call("sale.order.line", "write", [line_of(box, number, products[0])["id"]], {"product_uom_qty": 1})
        first = await once(sink, body(2, "0", "1"))
        assert [line_of(box, number, one)["product_uom_qty"] for one in products] == [1, 1]
        assert open_units(box, number, products[0]) == 0
        again = await once(sink, body(3, "0", "1"))
        assert sum(skus[0] in one and "left as it is" in one for one in notes_of(box, number)) == 1
        assert list((await sink.preview([delivery_of(body(3, "0", "1"))]))[0]) == []
        later = await once(sink, body(4, "1", "1", buyer_cancel_requested=False))
        locked = await once(sink, {**body(5, "1", "1"), "status": "shipped"})
    (conflict,) = first.events
    assert (conflict.entity, conflict.key) == ("conflict", f"walmart:MAIN:{number}|quantity (line 0)")
    assert {name: conflict.body[name] for name in ("entity", "odoo", "marketplace", "action", "correlation")} == {
        "entity": "order", "odoo": "1", "marketplace": "2", "action": "kept", "correlation": "test",
    }  # fmt: skip
    assert (first.notes, conflict.version) == (("changed", "kept_lowered"), 2)
    assert (again.result, again.events) == (Result.ALREADY_APPLIED, ())
    assert (later.result, later.events) == (Result.ALREADY_APPLIED, ())
    assert "locked" in locked.notes
    assert box.order(number)["amount_total"] == pytest.approx(21.80)


async def test_an_order_that_is_locked_with_what_a_person_lowered_is_no_exception(box: OdooBox) -> None:
    """FUL-3, ORD-6: the total is compared with what Odoo is to hold; what is off beyond that is an exception as before."""
    number, sku = tag(), f"SKU-{tag()}"
    product = box.product(sku)
    async with sink_of(box) as sink:
        await once(sink, order(number, [order_line(sku, 2)], status="partially_shipped"))
        box.call("sale.order.line", "write", [line_of(box, number, product)["id"]], {"product_uom_qty": 1})
        await once(sink, order(number, [order_line(sku, 2)], status="shipped", version=2))
        (delivered,) = await put_orders(sink, order(number, [order_line(sku, 2)], status="delivered", version=3))
        assert delivered.ok, delivered.detail
        (off,) = await put_orders(sink, order(number, [order_line(sku, 2, "11.00")], status="delivered", version=4))
    assert off.reason is Reason.RULE
    assert "-1.00 USD" in off.detail
    assert box.order(number)["amount_total"] == 10


async def test_a_price_a_person_changed_is_put_back_with_a_note(box: OdooBox) -> None:
    """ORD-6: prices are the marketplace's, to the cent; changed twice it is said twice, also while answers get lost."""
    number, sku = tag(), f"SKU-{tag()}"
    product = box.product(sku)
    async with sink_of(box, workers=1) as sink:
        await once(sink, order(number, [order_line(sku, 2)]))
        for version in (2, 3):
            box.call("sale.order.line", "write", [line_of(box, number, product)["id"]], {"price_unit": 8.5})
            box.proxy.lose("sale.order", "write", 1)
            await put_orders(sink, order(number, [order_line(sku, 2)], version=version))
            await once(sink, order(number, [order_line(sku, 2)], version=version))
            assert line_of(box, number, product)["price_unit"] == 10
            said = [one for one in notes_of(box, number) if "price 8.5 -&gt; 10" in one and sku in one]
            assert len(said) == version - 1


async def test_a_line_a_person_deleted_stays_deleted(box: OdooBox) -> None:
    """FUL-3: on a quotation: with one note; the order is no exception; a line that is new at the marketplace is made all the same."""
    number, skus = tag(), [f"SKU-{tag()}" for _ in range(3)]
    products = [box.product(sku) for sku in skus]
    lines = [order_line(sku, 1, line_id=str(at)) for at, sku in enumerate(skus)]
    async with sink_of(box) as sink:
        await once(sink, order(number, lines[:2]))
        box.call("sale.order.line", "unlink", [line_of(box, number, products[1])["id"]])
        first = await once(sink, order(number, lines[:2], version=2))
        again = await once(sink, order(number, lines[:2], version=3))
        await once(sink, order(number, lines, version=4))
        box.call("sale.order.line", "unlink", [line_of(box, number, products[2])["id"]])
        await once(sink, order(number, lines, version=5))
    assert [line["product_id"][0] for line in box.lines(number)] == products[:1]
    assert (first.notes, again.result) == (("kept_lowered",), Result.ALREADY_APPLIED)
    assert [(one.body["field"], one.body["odoo"]) for one in first.events] == [("quantity (line 1)", "0")]
    assert sum(skus[1] in one and skus[2] not in one and "deleted here" in one for one in notes_of(box, number)) == 1


async def test_a_line_of_the_same_product_a_person_added_stays(box: OdooBox) -> None:
    """ORD-6: it is no line of the marketplace: left alone, and the total tells of it; a wish to cancel holds the delivery all the same."""
    number, sku = tag(), f"SKU-{tag()}"
    product = box.product(sku)
    async with sink_of(box, **CONFIRMED) as sink:
        await once(sink, order(number, [order_line(sku)], status="acknowledged"))
        values = {
            "order_id": box.order(number)["id"],
            "product_id": product,
            "product_uom_qty": 1,
            "price_unit": 4,
            "tax_id": [[6, 0, []]],
        }
        box.call("sale.order.line", "create", values)
        body = order(number, [order_line(sku)], status="acknowledged", version=2, buyer_cancel_requested=True)
        (outcome,) = await put_orders(sink, body)
    assert outcome.reason is Reason.RULE
    assert "+4.00 USD" in outcome.detail
    assert sorted(line["product_uom_qty"] for line in box.lines(number)) == [1, 1]
    pickings = box.rows("stock.picking", [["sale_id", "=", box.order(number)["id"]]], ["note"])
    assert all(WORD in row["note"] for row in pickings)


def deliver(box: OdooBox, number: str, product: int, units: int) -> None:
    """So many units of one product leave, the rest in a backorder."""
    (picking,) = box.call("stock.picking", "search", [["sale_id", "=", box.order(number)["id"]]])
    domain = [["picking_id", "=", picking], ["product_id", "=", product]]
    (move,) = box.rows("stock.move", domain, ["product_uom_qty"])
    box.call("stock.move", "write", [move["id"]], {"quantity": units, "picked": True})
    assert (
        box.call("stock.picking", "button_validate", [picking], context={"skip_backorder": True, "skip_sms": True})
        is True
    )


def open_units(box: OdooBox, number: str, product: int) -> float:
    """What is still to be delivered."""
    domain = [
        ["sale_line_id.order_id.origin", "=", number],
        ["product_id", "=", product],
        ["state", "not in", ["done", "cancel"]],
    ]
    return float(sum(row["product_uom_qty"] for row in box.rows("stock.move", domain, ["product_uom_qty"])))
