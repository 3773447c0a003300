"""What buyers do in a demo's Odoo, by themselves: order at vendors' prices, see what stands on purchase orders and receipts (PO-1, LOG-1)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from streams.demo.buyers import Buyers, Seen, VendorPrice
from tests.contract.odoo_box import OdooBox, odoo_box, tag


@pytest.fixture(scope="module")
def odoo() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def priced(odoo: OdooBox) -> VendorPrice:
    """A vendor's price of a new product, in the company's currency."""
    mark = tag()
    partner = odoo.call("res.partner", "create", {"name": f"Factory {mark}", "ref": f"shop-{mark}:demo:SELLER"})
    product = odoo.product(f"BUY-{mark}")
    values = {"partner_id": partner, "product_id": product, "product_code": f"{mark}/1/a", "price": 18.55, "min_qty": 1}
    odoo.call("product.supplierinfo", "create", values)
    ended = {**values, "price": 17.0, "date_end": "2026-01-01"}
    odoo.call("product.supplierinfo", "create", ended)
    return VendorPrice(f"{mark}/1/a", 1855, "USD", partner, product)


def buyers(odoo: OdooBox, price: VendorPrice) -> Buyers:
    return Buyers(odoo.admin, f"shop-{price.code.split('/')[0]}")


def test_prices_that_stand_are_found_and_products_counted(odoo: OdooBox, priced: VendorPrice) -> None:
    mine = buyers(odoo, priced)
    assert mine.can_buy()
    assert mine.prices() == {priced.code: [priced]}
    sku = f"BUY-{priced.code.split('/')[0]}"
    assert mine.products([sku, "BUY-NOWHERE"]) == {sku: 1, "BUY-NOWHERE": 0}


def test_a_purchase_order_is_made_confirmed_and_seen(odoo: OdooBox, priced: VendorPrice) -> None:
    mine = buyers(odoo, priced)
    number, name = mine.draft([(priced, 3)])
    assert name
    assert mine.seen([number])[number] == Seen("draft", (), 5565)
    mine.confirm([number])
    (receipt,) = odoo.rows("stock.picking", [["purchase_id", "=", number]], ["state"])
    mine.add_carrier("Slow Boats")
    mine.add_carrier("Slow Boats")
    (carrier,) = odoo.rows("delivery.carrier", [["name", "=", "Slow Boats"]], ["name"])
    odoo.call(
        "stock.picking", "write", [receipt["id"]], {"carrier_tracking_ref": "75, 76", "carrier_id": carrier["id"]}
    )
    odoo.call("purchase.order", "write", [number], {"partner_ref": "mine, 100"})
    assert mine.seen([number])[number] == Seen("purchase", ("mine", "100"), 5565, (), (), ("75", "76"), ("Slow Boats",))
    mine.cancel(number)
    seen = mine.seen([number])[number]
    assert (seen.state, seen.tracking) == ("cancel", ())
