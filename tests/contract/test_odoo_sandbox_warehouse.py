"""TEST-1: the hands of the warehouse, over the control endpoints: what a demo or a test asks people in Odoo to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.odoo_sandbox_box import OdooBox, RefusedError, odoo_box


@pytest.fixture(scope="module")
def shared_box() -> Iterator[OdooBox]:
    with odoo_box() as box:
        yield box


@pytest.fixture
def box(shared_box: OdooBox) -> OdooBox:
    shared_box.http.post("/sandbox/reset").raise_for_status()
    return shared_box


def hand(box: OdooBox, path: str, **body: Any) -> Any:
    answer = box.http.post(f"/sandbox/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(box: OdooBox, path: str, **body: Any) -> str:
    answer = box.http.post(f"/sandbox/{path}", json=body)
    assert answer.status_code in (400, 409), answer.text
    return str(answer.json()["error"])


def confirmed(box: OdooBox, reference: str, quantities: dict[str, float]) -> int:
    """A confirmed order with a line per SKU; products come into being with the first order."""
    lines = []
    for sku, quantity in quantities.items():
        known = box.call("product.product", "search", [["default_code", "=", sku]])
        product = known[0] if known else box.product(sku)
        lines.append([0, 0, {"product_id": product, "product_uom_qty": quantity, "price_unit": 10}])
    values = {"partner_id": box.customer(), "client_order_ref": reference, "order_line": lines}
    order = int(box.call("sale.order", "create", values))
    box.call("sale.order", "action_confirm", [order])
    return order


def status(box: OdooBox, order: int) -> tuple[str, Any]:
    row = box.call("sale.order", "read", [order], ["state", "delivery_status"])[0]
    return row["state"], row["delivery_status"]


def levels(box: OdooBox, sku: str) -> tuple[float, float]:
    """On hand, free."""
    row = box.call("product.product", "search_read", [["default_code", "=", sku]], ["qty_available", "free_qty"])[0]
    return row["qty_available"], row["free_qty"]


# ---- stock


def test_counting_sets_what_is_on_hand_by_a_done_move(box: OdooBox) -> None:
    """INV-1"""
    lamp = box.product("lamp")
    assert hand(box, "warehouse/stock", levels={"lamp": 10}) == {"levels": {"lamp": 10}}
    hand(box, "quants/split", sku="lamp", quantity=4)
    assert hand(box, "warehouse/stock", levels={"lamp": 7}) == {"levels": {"lamp": 7}}
    assert levels(box, "lamp") == (7, 7)
    moves = box.call("stock.move", "search_read", [["product_id", "=", lamp]], ["quantity", "state"], order="id")
    assert [(one["quantity"], one["state"]) for one in moves] == [(10, "done"), (3, "done")]


def test_confirming_reserves_and_stock_that_arrives_serves_who_waits(box: OdooBox) -> None:
    """INV-1: reserved_quantity of the quants follows."""
    order = confirmed(box, "A", {"lamp": 5})
    picking = box.call("stock.picking", "search_read", [["sale_id", "=", order]], ["state"])[0]
    assert picking["state"] == "confirmed"
    hand(box, "warehouse/stock", levels={"lamp": 8})
    assert levels(box, "lamp") == (8, 3)
    domain = [["product_id.default_code", "=", "lamp"], ["location_id.usage", "=", "internal"]]
    quants = box.call("stock.quant", "search_read", domain, ["quantity", "reserved_quantity", "available_quantity"])
    assert [(q["quantity"], q["reserved_quantity"], q["available_quantity"]) for q in quants] == [(8, 5, 3)]
    assert box.call("stock.picking", "read", [picking["id"]], ["state"])[0]["state"] == "assigned"
    box.call("stock.picking", "do_unreserve", [picking["id"]])
    assert levels(box, "lamp") == (8, 8)
    assert hand(box, "warehouse/scheduler")["assigned"] == 1
    assert levels(box, "lamp") == (8, 3)


def test_ten_thousand_products_with_stock_are_made_and_read_quickly(box: OdooBox) -> None:
    """PRF: pages of 500 by id, sums over all quants; the limits are ten times what it takes on two busy cores."""
    began = time.process_time()
    for start in range(1, 10_000, 2_500):
        assert hand(box, "warehouse/products", count=2_500, start=start, stock=5)["made"] == 2_500
    assert time.process_time() - began < 40
    domain = [["location_id.usage", "=", "internal"], ["write_date", ">=", "2020-01-01 00:00:00"]]
    began, last, pages, total = time.process_time(), 0, 0, 0.0
    while True:
        fields = ["product_id", "location_id", "quantity", "reserved_quantity", "write_date"]
        page = box.call("stock.quant", "search_read", [*domain, ["id", ">", last]], fields, order="id", limit=500)
        if not page:
            break
        last, pages, total = page[-1]["id"], pages + 1, total + sum(one["quantity"] for one in page)
    assert (pages, total) == (20, 50_000)
    assert (time.process_time() - began) / pages < 0.5
    sums = ["quantity:sum", "reserved_quantity:sum"]
    began = time.process_time()
    groups = box.call("stock.quant", "read_group", domain, sums, ["product_id", "location_id"], lazy=False)
    assert len(groups) == 10_000
    assert time.process_time() - began < 5
    assert hand(box, "warehouse/products", start=9_999, count=3)["made"] == 1


# ---- shipping


def test_an_order_is_delivered_whole_with_carrier_and_tracking(box: OdooBox) -> None:
    """FUL-1"""
    order = confirmed(box, "A", {"lamp": 2, "bulb": 1})
    hand(box, "warehouse/stock", levels={"lamp": 5, "bulb": 5})
    [picking] = hand(box, "warehouse/deliver", order="A", carrier="UPS", tracking="1Z")["pickings"]
    assert (picking["state"], picking["carrier_tracking_ref"]) == ("done", "1Z")
    assert picking["quantities"] == {"lamp": 2, "bulb": 1}
    row = box.call("stock.picking", "read", [picking["id"]], ["carrier_id", "date_done", "sale_id"])[0]
    assert row["carrier_id"][1] == "UPS"
    assert row["date_done"]
    assert row["sale_id"][0] == order
    assert status(box, order) == ("sale", "full")
    shown = box.http.get("/sandbox/state").json()["transfers"][0]
    assert (shown["carrier_tracking_ref"], shown["goods"]) == ("1Z", {"lamp": 2, "bulb": 1})
    assert "2 x lamp, 1 x bulb" in box.http.get("/").text


def test_an_order_is_delivered_in_parcels_then_the_rest(box: OdooBox) -> None:
    """FUL-1: partial, several parcels; each a done picking with its own number, the later ones backorders."""
    order = confirmed(box, "A", {"lamp": 5, "bulb": 1})
    hand(box, "warehouse/stock", levels={"lamp": 9, "bulb": 9})
    parcels = [{"tracking": "T1", "quantities": {"lamp": 2}}, {"tracking": "T2", "quantities": {"lamp": 1, "bulb": 1}}]
    first, second = hand(box, "warehouse/deliver", order=order, parcels=parcels)["pickings"]
    assert (first["quantities"], first["carrier_tracking_ref"]) == ({"lamp": 2}, "T1")
    assert (second["quantities"], second["carrier_tracking_ref"]) == ({"lamp": 1, "bulb": 1}, "T2")
    assert second["backorder_id"] == first["id"]
    assert status(box, order) == ("sale", "partial")
    [rest] = hand(box, "warehouse/deliver", order="A", tracking="T3")["pickings"]
    assert rest["quantities"] == {"lamp": 2}
    assert status(box, order) == ("sale", "full")
    assert levels(box, "lamp") == (4, 4)
    assert "nothing (more) to ship" in refused(box, "warehouse/deliver", order="A")


def test_nothing_in_stock_ships_only_by_force(box: OdooBox) -> None:
    order = confirmed(box, "A", {"lamp": 2})
    assert "no quantities are reserved" in refused(box, "warehouse/deliver", order="A")
    hand(box, "warehouse/deliver", order="A", force=True)
    assert status(box, order) == ("sale", "full")
    assert levels(box, "lamp")[0] == -2


def test_a_kit_is_shipped_by_its_own_sku(box: OdooBox) -> None:
    kit, bulb = box.product("kit", is_storable=False), box.product("bulb")
    template = box.call("product.product", "read", [kit], ["product_tmpl_id"])[0]["product_tmpl_id"][0]
    parts = [[0, 0, {"product_id": bulb, "product_qty": 2}]]
    box.call("mrp.bom", "create", {"product_tmpl_id": template, "type": "phantom", "bom_line_ids": parts})
    hand(box, "warehouse/stock", levels={"bulb": 9})
    assert levels(box, "kit") == (4, 4)
    order = confirmed(box, "A", {"kit": 3})
    assert levels(box, "kit") == (4, 1)
    [picking] = hand(box, "warehouse/deliver", order="A", quantities={"kit": 1})["pickings"]
    assert picking["quantities"] == {"bulb": 2}
    lines = box.call("sale.order.line", "search_read", [["order_id", "=", order]], ["qty_delivered"])
    assert lines[0]["qty_delivered"] == 1


# ---- cancelling


def test_cancelling_an_order_frees_its_stock_and_it_can_be_opened_again(box: OdooBox) -> None:
    """FUL-2, ORD-13: compensation after a shipment: only what has not left goes out again."""
    order = confirmed(box, "A", {"lamp": 5})
    hand(box, "warehouse/stock", levels={"lamp": 9})
    hand(box, "warehouse/deliver", order="A", quantities={"lamp": 2})
    assert hand(box, "warehouse/cancel", order="A")["state"] == "cancel"
    assert levels(box, "lamp") == (7, 7)
    assert hand(box, "warehouse/reopen", order="A")["state"] == "sale"
    assert levels(box, "lamp") == (7, 4)
    [rest] = hand(box, "warehouse/deliver", order="A")["pickings"]
    assert rest["quantities"] == {"lamp": 3}
    assert status(box, order) == ("sale", "full")


def test_some_of_a_line_is_cancelled_but_nothing_that_has_left(box: OdooBox) -> None:
    """FUL-2"""
    order = confirmed(box, "A", {"lamp": 5})
    hand(box, "warehouse/stock", levels={"lamp": 9})
    assert hand(box, "warehouse/cancel", order="A", lines={"lamp": 2})["quantities"] == {"lamp": 3}
    assert levels(box, "lamp") == (9, 6)
    hand(box, "warehouse/deliver", order="A")
    assert "more than is still open" in refused(box, "warehouse/cancel", order="A", lines={"lamp": 1})
    line = box.call("sale.order.line", "search", [["order_id", "=", order]])
    with pytest.raises(RefusedError, match="already delivered"):
        box.call("sale.order.line", "write", line, {"product_uom_qty": 1})


# ---- money and returns


def test_a_credit_note_over_part_of_a_line_names_invoice_and_order_line(box: OdooBox) -> None:
    """RET-2"""
    order = confirmed(box, "A", {"lamp": 3})
    note = hand(box, "warehouse/refund", order="A", lines={"lamp": 1}, reason="Broken")
    assert (note["state"], note["amount_total"]) == ("posted", 10.0)
    fields = ["move_type", "reversed_entry_id", "invoice_origin", "invoice_line_ids", "ref", "currency_id"]
    row = box.call("account.move", "read", [note["id"]], fields)[0]
    name = box.call("sale.order", "read", [order], ["name"])[0]["name"]
    assert (row["move_type"], row["invoice_origin"]) == ("out_refund", name)
    assert row["ref"].endswith("Broken")
    assert row["reversed_entry_id"][0] != note["id"]
    line = box.call("account.move.line", "read", row["invoice_line_ids"], ["sale_line_ids", "quantity"])[0]
    assert line["sale_line_ids"] == box.call("sale.order", "read", [order], ["order_line"])[0]["order_line"]
    assert box.call("sale.order.line", "read", line["sale_line_ids"], ["qty_invoiced"])[0]["qty_invoiced"] == 2
    with pytest.raises(RefusedError, match="Invalid field"):
        box.call("account.move.line", "search", [["_sale_line_id", "!=", False]])


def test_a_return_comes_in_now_or_later_and_in_part(box: OdooBox) -> None:
    """RET-1: stock is there again at receipt only."""
    confirmed(box, "A", {"lamp": 3})
    hand(box, "warehouse/stock", levels={"lamp": 3})
    [out] = hand(box, "warehouse/deliver", order="A")["pickings"]
    [back] = hand(box, "warehouse/return", order="A", lines={"lamp": 2}, receive=False)["pickings"]
    assert (back["state"], back["return_id"]) == ("assigned", out["id"])
    assert levels(box, "lamp")[0] == 0
    [received] = hand(box, "warehouse/receive", order="A", lines={"lamp": 1})["pickings"]
    assert (received["id"], received["state"], received["quantities"]) == (back["id"], "done", {"lamp": 1})
    assert levels(box, "lamp")[0] == 1
    assert "more than was delivered" in refused(box, "warehouse/return", order="A", lines={"lamp": 3})
    hand(box, "warehouse/return", order="A", lines={"lamp": 2})
    assert levels(box, "lamp")[0] == 3


# ---- catalogue


def test_prices_and_titles_change_as_by_a_client(box: OdooBox) -> None:
    """PRC-1, PRD-1"""
    lamp = box.product("lamp")
    hand(box, "warehouse/price", sku="lamp", price=12.5)
    hand(box, "warehouse/product", sku="lamp", values={"name": "Bright lamp"})
    row = box.call("product.product", "read", [lamp], ["name", "list_price"])[0]
    assert (row["name"], row["list_price"]) == ("Bright lamp", 12.5)
    when = {"date_start": "2026-01-01 00:00:00", "date_end": "2027-01-01 00:00:00"}
    item = hand(box, "warehouse/price", sku="lamp", price=9, pricelist="Channel", **when)["item"]
    assert hand(box, "warehouse/price", sku="lamp", price=8, pricelist="Channel", **when)["item"] == item
    fields = [
        "fixed_price",
        "compute_price",
        "applied_on",
        "product_id",
        "product_tmpl_id",
        "date_start",
        "pricelist_id",
    ]
    rule = box.call("product.pricelist.item", "read", [item], fields)[0]
    assert (rule["fixed_price"], rule["compute_price"], rule["applied_on"]) == (8, "fixed", "0_product_variant")
    assert rule["product_id"][0] == lamp
    assert rule["product_tmpl_id"]
    assert rule["date_start"] == when["date_start"]


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("warehouse/deliver", {"order": "NOPE"}, "no sale order"),
        ("warehouse/stock", {"levels": {"nope": 1}}, "no product"),
        ("warehouse/stock", {"levels": {}, "warehouse": "XX"}, "no warehouse"),
        ("warehouse/stock", {"level": 1}, "bad body"),
        ("transactions/hold", {"model": "ir.model"}, "cannot be held"),
    ],
)
def test_what_makes_no_sense_is_said(box: OdooBox, path: str, body: dict[str, Any], why: str) -> None:
    assert why in refused(box, path, **body)
