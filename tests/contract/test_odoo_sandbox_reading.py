"""EVT-6, TEST-1: what an incremental reader asks of the sandbox, and what a least-rights user may ask, as on a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.odoo_sandbox_box import OdooBox, RefusedError, odoo_box

# What a capture reads per model; a name that Odoo 18 Community lacks would be refused here, as there.
READ = {
    "sale.order": ["name", "state", "locked", "client_order_ref", "origin", "order_line", "picking_ids", "invoice_ids",
                   "delivery_status", "warehouse_id", "message_ids", "activity_ids", "write_date"],
    "sale.order.line": ["order_id", "product_id", "product_uom_qty", "qty_delivered", "move_ids", "write_date"],
    "stock.picking": ["name", "state", "origin", "carrier_id", "carrier_tracking_ref", "date_done", "backorder_id",
                      "return_id", "sale_id", "picking_type_code", "move_ids", "write_date"],
    "stock.move": ["product_id", "sale_line_id", "product_uom_qty", "quantity", "picked", "state", "origin", "picking_id",
                   "write_date"],
    "stock.quant": ["product_id", "location_id", "quantity", "reserved_quantity", "available_quantity", "write_date"],
    "product.template": ["name", "default_code", "barcode", "list_price", "description_sale", "categ_id", "active",
                         "sale_ok", "attribute_line_ids", "product_variant_ids", "image_1920", "weight", "volume"],
    "product.product": ["name", "default_code", "barcode", "lst_price", "standard_price", "weight", "volume", "active",
                        "product_tmpl_id", "product_template_attribute_value_ids", "image_128", "write_date"],
    "product.pricelist.item": ["pricelist_id", "applied_on", "product_tmpl_id", "product_id", "compute_price",
                               "fixed_price", "percent_price", "min_quantity", "date_start", "date_end", "write_date"],
    "account.move": ["name", "move_type", "state", "ref", "invoice_origin", "reversed_entry_id", "invoice_line_ids",
                     "amount_total", "currency_id", "payment_state", "write_date"],
    "account.move.line": ["sale_line_ids", "product_id", "quantity", "price_unit", "move_id"],
    "purchase.order": ["name", "state", "partner_id", "partner_ref", "order_line", "picking_ids", "write_date"],
    "res.partner": ["name", "email", "phone", "street", "zip", "country_id", "parent_id", "active", "write_date"],
}  # fmt: skip
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture(scope="module")
def shared_box() -> Iterator[OdooBox]:
    with odoo_box() as box:
        yield box


@pytest.fixture
def box(shared_box: OdooBox) -> OdooBox:
    shared_box.http.post("/sandbox/reset").raise_for_status()
    return shared_box


@pytest.mark.parametrize("model", READ)
def test_a_window_is_paged_by_id(box: OdooBox, model: str) -> None:
    """Closed windows of write_date, keyset by id inside, archived records too."""
    box.call("sale.order", "action_confirm", box.load_orders(["a", "b"], box.customer(), box.product("lamp"))["ids"])
    window = [["write_date", ">=", "2020-01-01 00:00:00"], ["write_date", "<", "2100-01-01 00:00:00"]]
    everything = {"context": {"active_test": False}, "order": "id"}
    whole = box.call(model, "search_read", window, READ[model], **everything)
    paged: list[Any] = []
    while page := box.call(model, "search_read", [*window, ["id", ">", paged[-1]["id"] if paged else 0]], READ[model],
                           limit=1, **everything):  # fmt: skip
        paged += page
    assert paged == whole
    assert [one["id"] for one in whole] == sorted(one["id"] for one in whole)


def test_an_offset_and_an_upper_bound_hold_with_the_order_by_id(box: OdooBox) -> None:
    ids = [box.customer(f"C{n}") for n in range(6)]
    domain = [["id", ">", ids[0]], ["id", "<", ids[5]], ["name", "!=", "C2"]]
    assert box.call("res.partner", "search", domain, order="id", offset=1, limit=2) == [ids[3], ids[4]]
    either = ["|", ["id", ">", ids[4]], ["id", "=", ids[0]]]
    assert box.call("res.partner", "search", either, order="id") == [ids[0], ids[5]]


def test_archived_records_need_active_test(box: OdooBox) -> None:
    lamp = box.product("lamp")
    box.call("product.product", "write", [lamp], {"active": False})
    find = [["default_code", "=", "lamp"]]
    assert box.call("product.product", "search", find, order="id") == []
    assert box.call("product.product", "search", find, order="id", context={"active_test": False}) == [lamp]


def test_a_field_that_community_lacks_is_refused(box: OdooBox) -> None:
    assert box.call("product.template", "fields_get", ["description_ecommerce", "description_sale"]).keys() == {
        "description_sale"
    }
    with pytest.raises(RefusedError, match="Invalid field"):
        box.call("product.template", "search_read", [], ["description_ecommerce"])


def test_images_can_be_asked_for_by_size_only(box: OdooBox) -> None:
    lamp = box.product("lamp", image_1920=PNG)
    assert box.call("product.product", "read", [lamp], ["image_1920"])[0]["image_1920"] == PNG
    size = box.call("product.product", "read", [lamp], ["image_1920"], context={"bin_size": True})[0]["image_1920"]
    assert size.endswith("Kb")


def test_external_ids_are_told_to_who_may_not_read_their_table(box: OdooBox) -> None:
    """AUTH-4: least rights: no rights on ir.model.data are needed to find one's own keys."""
    order = box.load_orders(["seen"], box.customer(), box.product("lamp"))["ids"][0]
    bare = box.call("sale.order", "create", {"partner_id": box.customer()})
    sales = box.call("ir.model.data", "search_read", [["name", "=", "group_sale_salesman_all_leads"]], ["res_id"])
    values = {"name": "Seller", "login": "seller", "password": "seller-secret", "groups_id": [[4, sales[0]["res_id"]]]}
    uid = box.call("res.users", "create", values)
    seller = replace(box, uid=uid, password="seller-secret")
    assert seller.call("sale.order", "get_external_id", [order, bare]) == {str(order): "mkt.seen", str(bare): ""}
    with pytest.raises(RefusedError, match="AccessError"):
        seller.call("ir.model.data", "search_read", [], ["name"])


def test_notes_and_activities_are_seen_but_bump_nothing(box: OdooBox) -> None:
    """FUL-2: how a blocked transfer is told to people: a note, an activity, nothing reserved."""
    order = box.load_orders(["a"], box.customer(), box.product("lamp"))["ids"][0]
    box.call("sale.order", "action_confirm", [order])
    picking = box.call("stock.picking", "search", [["sale_id", "=", order]])[0]
    before = box.call("stock.picking", "search", [["id", "=", picking], ["write_date", "<", "2100-01-01 00:00:00"]])
    stamp = box.call("stock.picking", "read", [picking], ["write_date"])
    note = box.call("stock.picking", "message_post", [picking], body="Buyer wants to cancel")
    model = box.call("ir.model", "search", [["model", "=", "stock.picking"]])[0]
    activity = box.call("mail.activity", "create", {"res_model_id": model, "res_id": picking, "summary": "Do not ship"})
    row = box.call("stock.picking", "read", [picking], ["message_ids", "activity_ids"])[0]
    assert (row["message_ids"], row["activity_ids"]) == ([note], [activity])
    assert box.call("stock.picking", "search", [["activity_ids.summary", "=", "Do not ship"]]) == before == [picking]
    assert box.call("stock.picking", "read", [picking], ["write_date"]) == stamp
    box.call("mail.activity", "action_feedback", [activity], feedback="Called")
    row = box.call("stock.picking", "read", [picking], ["message_ids", "activity_ids"])[0]
    assert len(row["message_ids"]) == 2
    assert row["activity_ids"] == []


def test_a_formula_prices_from_its_base(box: OdooBox) -> None:
    """PRC-2"""
    lamp = box.product("lamp", list_price=100, standard_price=40)
    rule = {"applied_on": "0_product_variant", "product_id": lamp, "compute_price": "formula", "base": "standard_price",
            "price_discount": -50, "price_surcharge": 1, "price_min_margin": 30}  # fmt: skip
    pricelist = box.call("product.pricelist", "create", {"name": "Channel", "item_ids": [[0, 0, rule]]})
    values = {"partner_id": box.customer(), "pricelist_id": pricelist, "order_line": [[0, 0, {"product_id": lamp}]]}
    order = box.call("sale.order", "create", values)
    assert box.call("sale.order", "read", [order], ["amount_total"])[0]["amount_total"] == 70
