"""Cancellation requests, late cancellations and bundles of orders, on the sandbox or on a real Odoo 18 (see `odoo_box`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors.kit.ports import Outcome, Result
from connectors.odoo.holds import WORD
from connectors.odoo.sink import OdooSink
from schemas.reasons import Reason
from schemas.records import Order
from tests.builders import order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put_orders, sink_of

CONFIRMED: dict[str, Any] = {"stages": {"acknowledged": "confirmed"}}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@dataclass
class Reserved:
    """A confirmed order of 2 units whose goods are reserved."""

    box: OdooBox
    number: str
    sku: str
    product: int

    def body(self, version: int, **changes: Any) -> Order:
        return order(self.number, [order_line(self.sku, 2)], status="acknowledged", version=version, **changes)

    def picking(self) -> dict[str, Any]:
        domain = [["sale_id", "=", self.box.order(self.number)["id"]]]
        (row,) = self.box.rows("stock.picking", domain, ["state", "note"])
        return row

    def notes(self) -> list[str]:
        domain = [["model", "=", "sale.order"], ["res_id", "=", self.box.order(self.number)["id"]]]
        return [
            row["body"] for row in self.box.rows("mail.message", domain, ["body"]) if "cancel" in (row["body"] or "")
        ]


async def reserved(box: OdooBox, sink: OdooSink) -> Reserved:
    one = Reserved(box, tag(), f"SKU-{tag()}", 0)
    one.product = box.product(one.sku)
    box.stock(one.product, 5)
    await once(sink, one.body(1))
    assert box.reserved(one.product) == 2
    return one


async def once(sink: OdooSink, body: Order) -> Outcome:
    (outcome,) = await put_orders(sink, body)
    assert outcome.ok, outcome.detail
    return outcome


# ---- FUL-3


async def test_a_buyers_request_to_cancel_holds_the_delivery_once(box: OdooBox) -> None:
    """FUL-3: unreserved, marked on the delivery, one note on the order; told again it changes nothing."""
    async with sink_of(box, **CONFIRMED) as sink:
        one = await reserved(box, sink)
        outcome = await once(sink, one.body(2, buyer_cancel_requested=True))
        again = await once(sink, one.body(2, buyer_cancel_requested=True))
        later = await once(sink, one.body(3, buyer_cancel_requested=True))
    assert box.reserved(one.product) == 0
    assert one.picking()["state"] == "confirmed"
    assert one.picking()["note"].count(WORD) == 1
    assert len(one.notes()) == 1
    assert outcome.notes == ("unreserved", "held")
    assert (again.result, later.result) == (Result.ALREADY_APPLIED, Result.ALREADY_APPLIED)


async def test_a_request_on_a_line_holds_too(box: OdooBox) -> None:
    """FUL-3"""
    async with sink_of(box, **CONFIRMED) as sink:
        one = await reserved(box, sink)
        body = one.body(2)
        body["lines"][0]["buyer_cancel_requested"] = True
        await once(sink, body)
    assert WORD in one.picking()["note"]


async def test_a_withdrawn_request_frees_the_delivery(box: OdooBox) -> None:
    """FUL-3: reserved again, the word is gone, what a person wrote in the note stays."""
    async with sink_of(box, **CONFIRMED) as sink:
        one = await reserved(box, sink)
        box.call("stock.picking", "write", [one.picking()["id"]], {"note": "<p>Fragile</p>"})
        await once(sink, one.body(2, buyer_cancel_requested=True))
        outcome = await once(sink, one.body(3))
        again = await once(sink, one.body(4))
    assert box.reserved(one.product) == 2
    assert WORD not in one.picking()["note"]
    assert "Fragile" in one.picking()["note"]
    assert outcome.notes == ("released",)
    assert again.result is Result.ALREADY_APPLIED


async def test_a_request_for_what_has_shipped_is_an_exception(box: OdooBox) -> None:
    """FUL-3: conflict (shipped meanwhile); once the marketplace says shipped itself, there is nothing left to tell."""
    async with sink_of(box, **CONFIRMED) as sink:
        one = await reserved(box, sink)
        box.ship(one.number)
        (outcome,) = await put_orders(sink, one.body(2, buyer_cancel_requested=True))
        body = one.body(3, buyer_cancel_requested=True)
        shipped = await once(sink, {**body, "status": "shipped"})
    assert outcome.reason is Reason.CONFLICT
    assert "shipped the order meanwhile" in outcome.detail
    assert "locked" in shipped.notes


async def test_a_request_before_there_is_a_delivery_is_noted(box: OdooBox) -> None:
    """FUL-3: a quotation: one note on the order; when it is confirmed its delivery is held at once."""
    number, sku = tag(), f"SKU-{tag()}"
    box.product(sku)
    async with sink_of(box) as sink:
        for version in (1, 2):
            await once(sink, order(number, [order_line(sku)], version=version, buyer_cancel_requested=True))
    one = Reserved(box, number, sku, 0)
    assert len(one.notes()) == 1
    async with sink_of(box, **CONFIRMED) as sink:
        await once(sink, one.body(3, buyer_cancel_requested=True))
    assert WORD in one.picking()["note"]


@pytest.mark.parametrize(
    ("model", "method"), [("stock.picking", "do_unreserve"), ("mail.message", "load"), ("stock.picking", "write")]
)
async def test_a_lost_answer_holds_once(box: OdooBox, model: str, method: str) -> None:
    """EVT-4, FUL-3"""
    async with sink_of(box, workers=1, **CONFIRMED) as sink:
        one = await reserved(box, sink)
        box.proxy.lose(model, method, 1)
        for _ in range(3):
            (outcome,) = await put_orders(sink, one.body(2, buyer_cancel_requested=True))
            if outcome.ok:
                break
    assert outcome.ok, outcome.detail
    assert (box.reserved(one.product), one.picking()["note"].count(WORD), len(one.notes())) == (0, 1, 1)


# ---- ORD-8


async def test_a_partial_cancellation_lowers_the_line_and_its_delivery(box: OdooBox) -> None:
    """ORD-8: one of two units cancelled at the marketplace."""
    async with sink_of(box, **CONFIRMED) as sink:
        one = await reserved(box, sink)
        lines = [order_line(one.sku, 2, quantity_cancelled="1")]
        await once(sink, order(one.number, lines, status="acknowledged", version=2))
    assert box.lines(one.number)[0]["product_uom_qty"] == 1
    domain = [["picking_id", "=", one.picking()["id"]], ["state", "!=", "cancel"]]
    assert sum(row["product_uom_qty"] for row in box.rows("stock.move", domain, ["product_uom_qty"])) == 1
    assert box.reserved(one.product) == 1


async def test_a_partial_cancellation_of_what_has_shipped_is_an_exception(box: OdooBox) -> None:
    """ORD-8: Odoo has delivered both units, one is cancelled at the marketplace: a person decides, the order stays."""
    async with sink_of(box, **CONFIRMED) as sink:
        one = await reserved(box, sink)
        box.ship(one.number)
        lines = [order_line(one.sku, 2, quantity_cancelled="1")]
        (outcome,) = await put_orders(sink, order(one.number, lines, status="acknowledged", version=2))
    assert outcome.reason is Reason.RULE
    assert box.lines(one.number)[0]["product_uom_qty"] == 2


# ---- ORD-10


async def test_a_bundle_odoo_does_not_know_becomes_a_kit_of_its_parts(box: OdooBox) -> None:
    """ORD-10: made once; the delivery is of the parts; a part nobody knows holds the order and is released by it."""
    bundle, parts, number = f"BUNDLE-{tag()}", [f"PART-{tag()}" for _ in range(2)], tag()
    components = [{"sku": parts[0], "quantity": "1"}, {"sku": parts[1], "quantity": "2"}]
    box.product(parts[0])
    body = order(number, [order_line(bundle, 3, components=components)], status="acknowledged")
    async with sink_of(box, workers=1, **CONFIRMED) as sink:
        (held,) = await put_orders(sink, body)
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, f"sku:walmart:MAIN:{parts[1]}")
        box.product(parts[1])
        assert await sink.resolve([held.waiting_for]) == [held.waiting_for]
        box.proxy.lose("mrp.bom", "load", 2)
        await put_orders(sink, body)
        await once(sink, body)
        await once(sink, order(tag(), [order_line(bundle, 1, components=components)], status="acknowledged"))
    assert len(box.rows("product.product", [["default_code", "=", bundle]], ["name"])) == 1
    (sold,) = [line for line in box.lines(number) if bundle in line["product_id"][1]]
    assert sold["product_uom_qty"] == 3
    moves = box.rows("stock.move", [["picking_id.sale_id.origin", "=", number]], ["product_id", "product_uom_qty"])
    assert sorted(row["product_uom_qty"] for row in moves) == [3, 6]


async def test_a_bundle_may_be_held_until_a_person_makes_the_kit(box: OdooBox) -> None:
    """ORD-10: configuration."""
    bundle, part = f"BUNDLE-{tag()}", f"PART-{tag()}"
    box.product(part)
    body = order(tag(), [order_line(bundle, components=[{"sku": part, "quantity": "1"}])])
    async with sink_of(box, unknown_bundle="hold") as sink:
        (held,) = await put_orders(sink, body)
    assert (held.reason, held.waiting_for) == (Reason.MAPPING, f"sku:walmart:MAIN:{bundle}")


async def test_what_each_account_has_shipped_leaves_a_warehouse_of_its_own(box: OdooBox) -> None:
    """ORD-10: FBA and WFS are two stocks, and so are those of two accounts; what is missing in Odoo holds its own orders only."""
    codes = {name: f"{name[0]}{tag()[-4:]}" for name in ("amazon", "b2b", "walmart")}
    for name in ("amazon", "b2b"):
        box.call("stock.warehouse", "create", {"name": codes[name], "code": codes[name]})
    sku = f"SKU-{tag()}"
    box.product(sku)
    places = {"amazon": codes["amazon"], "amazon:b2b": codes["b2b"], "walmart": codes["walmart"]}
    orders = [
        order(tag(), [order_line(sku)], fulfilment="marketplace", source=source, account=account)
        for source, account in (("amazon", "MAIN"), ("amazon", "B2B"), ("walmart", "MAIN"))
    ]
    async with sink_of(box, marketplace_warehouses=places, **CONFIRMED) as sink:
        first, second, held = await put_orders(sink, *orders)
    assert held.waiting_for == f"marketplace_warehouse:{codes['walmart']}"
    ids = [int(one.remote_id) for one in (first, second)]
    rows = {row["id"]: row["warehouse_id"][1] for row in box.rows("sale.order", [["id", "in", ids]], ["warehouse_id"])}
    assert [rows[one] for one in ids] == [codes["amazon"], codes["b2b"]]


async def test_what_the_marketplace_ships_never_reserves_the_sellers_stock(box: OdooBox) -> None:
    """ORD-10: an order fulfilled by the marketplace takes from the warehouse that stands for its stock, the seller's stays free."""
    code = f"M{tag()[-4:]}"
    box.call("stock.warehouse", "create", {"name": f"Marketplace {code}", "code": code})
    one = Reserved(box, tag(), f"SKU-{tag()}", 0)
    one.product = box.product(one.sku)
    box.stock(one.product, 5)
    async with sink_of(box, marketplace_warehouse=code, **CONFIRMED) as sink:
        await once(sink, one.body(1, fulfilment="marketplace"))
        assert box.reserved(one.product) == 0
        box.stock(one.product, 5, code)
        box.call("stock.picking", "action_assign", [one.picking()["id"]])
    assert (box.reserved(one.product), box.reserved(one.product, code)) == (0, 2)
