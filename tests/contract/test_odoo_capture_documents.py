"""FUL-2, FUL-3, RET-2, PRC-2: documents and prices from Odoo to canonical records, over change capture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.odoo.settings import OdooSettings
from tests.contract.odoo_capture_box import CaptureBox, Polled, capture_box, fetch, mapped, poll


@pytest.fixture
def box() -> Iterator[CaptureBox]:
    with capture_box() as made:
        yield made


async def told(
    box: CaptureBox, flow: str, entity: str, settings: OdooSettings | None = None, **capture: Any
) -> list[dict[str, Any]]:
    """The canonical records of a flow, each as published last."""
    source, polled = box.source(flow, **capture), Polled()
    await poll(source, polled)
    await source.aclose()
    return [dict(record.body) for content in polled.newest.values() for record in mapped(entity, content, settings)]


async def test_partial_deliveries_become_shipments_of_their_lines(box: CaptureBox) -> None:
    """FUL-2: carrier, tracking numbers, lines and what is still to come."""
    lamp, cord = box.product("LAMP"), box.product("CORD")
    box.stock(LAMP=10.0, CORD=10.0)
    order = box.order("PO-1", [("1", lamp, 3), ("2", cord, 2)])
    service = box.call("product.product", "create", {"name": "UPS", "type": "service"})
    box.call("delivery.carrier", "create", {"name": "UPS Ground", "product_id": service})
    box.hand("warehouse/deliver", order=order, tracking="1ZA, 1ZB", carrier="UPS Ground", quantities={"LAMP": 2.0})
    assert [one["backorder"] for one in await told(box, "pickings", "picking")] == [True]
    box.hand("warehouse/deliver", order=order, tracking="1ZC", carrier="UPS Ground")
    first, second = await told(box, "pickings", "picking")
    assert first["order_key"] == "walmart:main:PO-1"
    assert (first["carrier"], first["carrier_code"]) == ("UPS Ground", "fixed")
    assert [parcel["tracking_number"] for parcel in first["parcels"]] == ["1ZA", "1ZB"]
    assert first["parcels"][0]["lines"] == [{"line_id": "1", "sku": "LAMP", "quantity": "2", "serial_numbers": []}]
    assert (first["backorder"], second["backorder"]) == (True, False)
    assert {(one["line_id"], one["quantity"]) for one in second["parcels"][0]["lines"]} == {("1", "1"), ("2", "2")}


async def test_a_tracking_number_written_later_makes_the_shipment_again_and_nothing_else_does(box: CaptureBox) -> None:
    """FUL-2: it is the same shipment, with a number."""
    product = box.product("LATE")
    box.stock(LATE=5.0)
    order = box.order("PO-2", [("7", product, 1)])
    box.hand("warehouse/deliver", order=order)
    source, polled = box.source("pickings"), Polled()
    await poll(source, polled)
    (before,) = [mapped("picking", one) for one in polled.newest.values()]
    (picking,) = box.rows("stock.picking", [["sale_id", "=", order]], ["note"])
    box.clock.forward(60)
    box.call("stock.picking", "write", [picking["id"]], {"note": "<p>left at the door</p>"})
    await poll(source, polled)
    (noted,) = [mapped("picking", one) for one in polled.newest.values()]
    assert noted == before
    box.call("stock.picking", "write", [picking["id"]], {"carrier_tracking_ref": "1ZLATE"})
    await poll(source, polled)
    await source.aclose()
    (after,) = [mapped("picking", one) for one in polled.newest.values()]
    assert (before[0].body["parcels"][0]["tracking_number"], after[0].body["parcels"][0]["tracking_number"]) == (
        "",
        "1ZLATE",
    )
    assert before[0].version == after[0].version
    waits = OdooSettings.model_validate({"capture": {"ship_without_tracking": False}})
    assert [mapped("picking", one, waits) for one in [polled.records[0][2]]] == [[]]


async def test_deliveries_of_others_and_receipts_are_not_told(box: CaptureBox) -> None:
    product = box.product("OTHER")
    box.stock(OTHER=5.0)
    partner = box.call("res.partner", "create", {"name": "Walk-in"})
    order = box.call("sale.order", "create", {"partner_id": partner, "order_line": [[0, 0, {"product_id": product}]]})
    box.call("sale.order", "action_confirm", [order])
    box.hand("warehouse/deliver", order=order, tracking="X")
    mine = box.order("PO-3", [("1", product, 1)])
    box.hand("warehouse/deliver", order=mine, tracking="Y")
    box.hand("warehouse/return", order=mine)
    assert [one["order_key"] for one in await told(box, "pickings", "picking")] == ["walmart:main:PO-3"]
    assert await told(box, "sale_orders", "sale_order") == []


async def test_a_shipped_kit_is_told_in_kits(box: CaptureBox) -> None:
    """FUL-2, ORD-10: Odoo ships components; the marketplace sold kits."""
    board, screw = box.product("BOARD"), box.product("SCREW")
    box.stock(BOARD=40.0, SCREW=90.0)
    source, polled = box.source("pickings"), Polled()
    await poll(source, polled)  # it may have read bills of materials before this one was made
    kit = box.product("SHELF", is_storable=False)
    template = box.rows("product.product", [["id", "=", kit]], ["product_tmpl_id"])[0]["product_tmpl_id"][0]
    lines = [[0, 0, {"product_id": board, "product_qty": 2}], [0, 0, {"product_id": screw, "product_qty": 8}]]
    box.call("mrp.bom", "create", {"product_tmpl_id": template, "type": "phantom", "bom_line_ids": lines})
    order = box.order("PO-KIT", [("1", kit, 3)])
    moves = box.rows("stock.move", [["sale_line_id.order_id", "=", order]], ["product_id", "product_uom_qty"])
    if {move["product_id"][0] for move in moves} == {board, screw}:
        box.hand("warehouse/deliver", order=order, tracking="1ZK")
    else:
        pytest.fail(f"the sandbox sells the kit itself: {moves}")
    await poll(source, polled)
    await source.aclose()
    (shipment,) = [record.body for content in polled.newest.values() for record in mapped("picking", content)]
    assert shipment["parcels"][0]["lines"] == [{"line_id": "1", "sku": "SHELF", "quantity": "3", "serial_numbers": []}]


async def test_a_cancelled_order_is_a_cancellation_with_the_reason_of_its_tag(box: CaptureBox) -> None:
    """FUL-3, ORD-13."""
    product = box.product("CAN")
    box.stock(CAN=5.0)
    order = box.order("PO-4", [("1", product, 2)])
    assert await told(box, "sale_orders", "sale_order") == []
    tag = box.call("crm.tag", "create", {"name": "Card declined"})
    box.call("sale.order", "write", [order], {"tag_ids": [[6, 0, [tag]]]})
    box.hand("warehouse/cancel", order=order)
    settings = OdooSettings.model_validate({"capture": {"cancel_reasons": {"card declined": "payment"}}})
    (found,) = await told(box, "sale_orders", "sale_order", settings)
    assert (found["whole"], found["reason"], found["order_key"]) == (True, "payment", "walmart:main:PO-4")
    assert found["lines"] == [{"line_id": "1", "sku": "CAN", "quantity": "2", "remaining": "0"}]
    (found,) = await told(box, "sale_orders", "sale_order")
    assert found["reason"] == "out_of_stock"


async def test_a_line_set_to_nothing_is_cancelled_and_a_lowered_one_where_odoo_knows_what_was_ordered(
    box: CaptureBox,
) -> None:
    """FUL-3: per line."""
    one, two = box.product("L-1"), box.product("L-2")
    box.stock(**{"L-1": 9.0, "L-2": 9.0})
    order = box.order("PO-5", [("1", one, 2), ("2", two, 5)])
    box.hand("warehouse/cancel", order=order, lines={"L-1": 2.0})
    (found,) = await told(box, "sale_orders", "sale_order")
    assert found["whole"] is False
    assert found["lines"] == [{"line_id": "1", "sku": "L-1", "quantity": "0", "remaining": "0"}]
    # The field `causeway odoo install-outbox` adds; here made and filled by hand.
    model = box.rows("ir.model", [["model", "=", "sale.order.line"]], ["model"])[0]["id"]
    box.call("ir.model.fields", "create", {"name": "x_causeway_ordered", "model_id": model, "ttype": "float"})
    for line in box.rows("sale.order.line", [["order_id", "=", order]], ["product_id"]):
        box.call(
            "sale.order.line",
            "write",
            [line["id"]],
            {"x_causeway_ordered": 2.0 if line["product_id"][0] == one else 5.0},
        )
    box.hand("warehouse/cancel", order=order, lines={"L-2": 3.0})
    (found,) = await told(box, "sale_orders", "sale_order")
    assert found["lines"] == [
        {"line_id": "1", "sku": "L-1", "quantity": "2", "remaining": "0"},
        {"line_id": "2", "sku": "L-2", "quantity": "3", "remaining": "2"},
    ]


async def test_orders_are_selected_by_domain(box: CaptureBox) -> None:
    """PRD-5."""
    product = box.product("DOM")
    for number in ("PO-A", "PO-B"):
        box.hand("warehouse/cancel", order=box.order(number, [("1", product, 1)]))
    found = await told(box, "sale_orders", "sale_order", order_domain='[["origin", "=", "PO-B"]]')
    assert [one["order_key"] for one in found] == ["walmart:main:PO-B"]


async def test_a_posted_credit_note_is_a_refund_of_lines(box: CaptureBox) -> None:
    """RET-2: a draft is nothing yet."""
    product = box.product("REF", list_price=10.0, taxes_id=[[6, 0, []]])
    box.stock(REF=5.0)
    order = box.order("PO-6", [("1", product, 2)])
    box.hand("warehouse/deliver", order=order, tracking="T")
    box.hand("warehouse/refund", order=order, lines={"REF": 1.0}, post=False)
    assert await told(box, "refunds", "refund") == []
    box.hand("warehouse/refund", order=order, lines={"REF": 1.0}, reason="Damaged")
    (found,) = await told(box, "refunds", "refund")
    assert found["order_key"] == "walmart:main:PO-6"
    assert found["total"] == {"amount": "10.00", "currency": "USD"}
    (line,) = found["lines"]
    assert (line["line_id"], line["sku"], line["quantity"], line["amount"]["amount"]) == ("1", "REF", "1", "10.00")


async def test_prices_are_what_each_pricelist_asks(box: CaptureBox) -> None:
    """PRC-2."""
    box.product("PRI", list_price=20.0, standard_price=8.0)
    box.hand("warehouse/price", sku="PRI", price=17.5, pricelist="Web")
    box.hand("warehouse/price", sku="PRI", price=15.0, pricelist="Web", date_start="2026-12-01 00:00:00", date_end="2026-12-24 00:00:00")  # fmt: skip
    (found,) = await told(box, "prices", "price", pricelists=("Web",))
    assert found["list_price"] == {"amount": "20", "currency": "USD"}
    assert found["cost"] == {"amount": "8", "currency": "USD"}
    asked = [(one["pricelist"], one["price"]["amount"], one["starts_at"] is not None) for one in found["pricelists"]]
    assert asked == [("Web", "15.00", True), ("Web", "17.50", False)]


async def test_a_rule_for_all_products_reads_all_prices_again(box: CaptureBox) -> None:
    """PRC-2: and one that moves on concerns where it was, too."""
    for sku in ("G-1", "G-2", "G-3"):
        box.product(sku, list_price=10.0)
    source, polled = box.source("prices", batch=2), Polled()
    await poll(source, polled)
    await poll(source, polled)
    pricelist = box.call("product.pricelist", "create", {"name": "Sale"})
    await poll(source, polled)
    values = {"pricelist_id": pricelist, "applied_on": "3_global", "compute_price": "percentage", "percent_price": 10.0}
    rule = box.call("product.pricelist.item", "create", values)
    assert await poll(source, polled) == 3
    template = box.rows("product.product", [["default_code", "=", "G-2"]], ["product_tmpl_id"])[0]["product_tmpl_id"][0]
    box.call("product.pricelist.item", "write", [rule], {"applied_on": "1_product", "product_tmpl_id": template})
    assert await poll(source, polled) == 3 + 1  # the one it is about now, and all it was about before
    assert [len(polled.newest[f"sku:G-{one}"]["rules"]) for one in (1, 2, 3)] == [0, 1, 0]
    box.call("product.pricelist.item", "unlink", [rule])
    box.clock.forward(16 * 60)
    await poll(source, polled)
    await source.aclose()
    assert [len(polled.newest[f"sku:G-{one}"]["rules"]) for one in (1, 2, 3)] == [0, 0, 0]


async def test_products_with_variants_tags_and_fields(box: CaptureBox) -> None:
    """PRD-1, PRD-5."""
    color = box.call("product.attribute", "create", {"name": "Color", "create_variant": "always"})
    values = [box.call("product.attribute.value", "create", {"name": name, "attribute_id": color}) for name in ("Red", "Blue")]  # fmt: skip
    tag = box.call("product.tag", "create", {"name": "New"})
    template = box.call(
        "product.template", "create",
        {"name": "Shirt", "list_price": 12.0, "product_tag_ids": [[6, 0, [tag]]], "hs_code": "6109",
         "attribute_line_ids": [[0, 0, {"attribute_id": color, "value_ids": [[6, 0, values]]}]]},
    )  # fmt: skip
    variants = box.rows("product.product", [["product_tmpl_id", "=", template]], ["name"])
    for number, variant in enumerate(variants):
        box.call("product.product", "write", [variant["id"]], {"default_code": f"SHIRT-{number}", "weight": 0.25})
    found = await told(box, "products", "product", product_fields=("hs_code", "x_not_there"))
    assert [one["attributes"] for one in found] == [{"Color": "Red"}, {"Color": "Blue"}]
    assert {one["variant_group"] for one in found} == {f"odoo:product_template:{template}"}
    assert found[0]["variant_attributes"] == ["Color"]
    assert found[0]["fields"] == {"hs_code": '"6109"'}
    assert (found[0]["tags"], found[0]["weight_kg"], found[0]["name"]) == (["New"], "0.25", "Shirt")


async def test_a_picture_is_told_by_reference_and_its_mark_changes_with_it(box: CaptureBox) -> None:
    """PRD-1: bytes are fetched by whoever sends them on."""
    pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    product = box.product("PIC", image_1920=pixel)
    ((image,),) = [one["images"] for one in await told(box, "products", "product")]
    assert (image["model"], image["record_id"], image["field"]) == ("product.product", product, "image_1920")
    box.clock.forward(2)
    box.call("product.product", "write", [product], {"image_1920": pixel[:-4] + "AAAA"})
    ((other,),) = [one["images"] for one in await told(box, "products", "product")]
    assert other["checksum"] != image["checksum"]


async def test_purchase_orders_in_every_state(box: CaptureBox) -> None:
    supplier = box.call("res.partner", "create", {"name": "Supplier", "ref": "SUP-9"})
    product = box.product("BUY")
    order = box.call(
        "purchase.order", "create",
        {"partner_id": supplier, "partner_ref": "Q-1", "order_line": [[0, 0, {"product_id": product, "product_qty": 12, "price_unit": 2.5}]]},
    )  # fmt: skip
    (draft,) = await told(box, "purchase_orders", "purchase_order")
    assert (draft["state"], draft["supplier"], draft["supplier_reference"]) == ("draft", "SUP-9", "Q-1")
    assert draft["lines"][0]["unit_price"] == {"amount": "2.5", "currency": "USD"}
    box.call("purchase.order", "button_confirm", [order])
    (confirmed,) = await told(box, "purchase_orders", "purchase_order")
    assert confirmed["state"] == "purchase"
    assert confirmed["warehouse"] == "WH"


async def test_a_purchase_order_tells_the_warehouse_it_goes_to(box: CaptureBox) -> None:
    """PO-1: the code of the operation type's warehouse, also when a person sends it elsewhere; empty where it has none."""
    house = box.call("stock.warehouse", "create", {"name": "Forwarder", "code": "YIWU"})
    (row,) = box.call("stock.warehouse", "read", [house], ["in_type_id"])
    supplier, product = box.call("res.partner", "create", {"name": "Supplier"}), box.product("SENT")
    line = [0, 0, {"product_id": product, "product_qty": 1}]
    values = {"partner_id": supplier, "picking_type_id": row["in_type_id"][0], "order_line": [line]}
    order = box.call("purchase.order", "create", values)
    (there,) = await told(box, "purchase_orders", "purchase_order")
    assert there["warehouse"] == "YIWU"
    box.clock.forward(2)
    box.call("stock.picking.type", "write", [row["in_type_id"][0]], {"warehouse_id": False})
    box.call("purchase.order", "write", [order], {"partner_ref": "Q-2"})
    (nowhere,) = await told(box, "purchase_orders", "purchase_order")
    assert (nowhere["warehouse"], nowhere["supplier_reference"]) == ("", "Q-2")


async def test_no_person_is_in_what_stages_read(box: CaptureBox) -> None:
    """SEC-3: only the flow of partners, which is off unless asked for, holds persons."""
    product = box.product("ANON")
    box.stock(ANON=5.0)
    order = box.order("PO-7", [("1", product, 2)])
    box.hand("warehouse/deliver", order=order, tracking="T", quantities={"ANON": 1.0})
    box.hand("warehouse/refund", order=order, lines={"ANON": 1.0})
    for flow in ("stock", "sale_orders", "pickings", "refunds", "products", "prices"):
        source, polled = box.source(flow), Polled()
        await poll(source, polled)
        await source.aclose()
        assert polled.records
        assert "Canary" not in str(polled.records)
    source = box.source("pickings")
    assert (await fetch(source, "WH/OUT/00001")).keys == ["odoo:picking:1"]
    await source.aclose()
