"""TEST-1: vendors' prices as Odoo 18 keeps them (addons/product/models/product_supplierinfo.py)."""

import pytest

from connectors.odoo.sandbox.errors import ValidationError
from tests.unit.odoo_sandbox.world import World

PRICES = "product.supplierinfo"


def test_a_row_of_a_variant_is_one_of_its_template_and_in_the_companys_currency(world: World) -> None:
    """PO-3: what is left out is the company's currency, a day of delivery, no smallest quantity and the product's purchase unit."""
    vendor = world.create("res.partner", name="Vendor", is_company=True)
    product = world.create("product.product", name="Lamp")
    row = world.create(PRICES, partner_id=vendor, product_id=product, price=1.234)
    template = world.read("product.product", product, "product_tmpl_id")
    assert world.read(PRICES, row, "product_tmpl_id", "price", "min_qty", "delay") == (template, 1.23, 0.0, 1)
    assert world.read(PRICES, row, "currency_id")[1] == "USD"
    assert world.read(PRICES, row, "product_uom")[1] == "Units"
    assert world.read("product.template", template[0], "seller_ids") == [row]


def test_rows_stand_by_quantity_the_largest_first_and_need_a_vendor(world: World) -> None:
    vendor = world.create("res.partner", name="Vendor")
    product = world.create("product.product", name="Lamp")
    few, many = (world.create(PRICES, partner_id=vendor, product_id=product, min_qty=one) for one in (2, 100))
    assert world.search(PRICES, [("product_id", "=", product)]) == [many, few]
    with pytest.raises(ValidationError):
        world.create(PRICES, product_id=product)


def test_an_import_does_not_find_what_is_archived_by_its_id(world: World) -> None:
    """EVT-4: ir.fields.converter.db_id_for searches, so a price of an archived product is refused; create takes it."""
    vendor = world.create("res.partner", name="Vendor")
    product = world.create("product.product", name="Lamp", active=False)
    columns = ["partner_id/.id", "product_id/.id", "price"]
    answer = world.do(lambda env: env[PRICES].load(env, columns, [[vendor, product, "1"]]))
    assert answer["ids"] is False
    assert "No matching record found for database id" in answer["messages"][0]["message"]
    assert world.create(PRICES, partner_id=vendor, product_id=product)
