"""What Amazon's sandbox says, through Amazon's mapping, into Odoo: orders of each kind, once and to the cent (ORD-5, ORD-6, ORD-10, ORD-11)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import cast

import pytest

from connectors.amazon.mapping import to_order
from connectors.kit import exact_json
from schemas.records import Order
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import cents, put_orders, sink_of
from tests.contract.recordings import recorded


@pytest.fixture(scope="module")
def odoo() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def amazon() -> Iterator[Box]:
    with amazon_box(sellers=(US_SELLER,), rate_factor=100_000) as found:
        yield found


def known(odoo: OdooBox, order: Order) -> Order:
    """The order, its products made in Odoo where it lacks them."""
    for line in order["lines"]:
        if not odoo.rows("product.product", [["default_code", "=", line["sku"]]], ["name"]):
            odoo.product(line["sku"])
    return order


def from_sandbox(amazon: Box, odoo: OdooBox, count: int, account: str, **mix: float) -> list[Order]:
    ids = amazon.add(count, mix={"base": "plain", **mix})
    amazon.clock.tick(600)
    return [known(odoo, to_order(exact_json.dumps(amazon.order(one)), account)) for one in ids]


def euro(odoo: OdooBox) -> None:
    """Odoo takes a currency by a pricelist in it only."""
    (number,) = odoo.call("res.currency", "search", [["name", "=", "EUR"]], context={"active_test": False})
    odoo.call("res.currency", "write", [number], {"active": True})
    if not odoo.call("product.pricelist", "search", [["currency_id", "=", number]]):
        odoo.call("product.pricelist", "create", {"name": "Euro", "currency_id": number})


async def test_orders_of_every_kind_come_in_once_and_to_the_cent(amazon: Box, odoo: OdooBox) -> None:
    """ORD-5, ORD-6: gifts, promotions, shipping, taxes of both collectors; again and again it is the same order."""
    orders = from_sandbox(
        amazon, odoo, 8, tag(), gift_item=0.5, promotion_item=0.5, shipping_charge=0.5, seller_tax=0.3, business=0.3
    )
    async with sink_of(odoo) as sink:
        first = await put_orders(sink, *orders)
        again = await put_orders(sink, *orders)
    assert [one.detail for one in (*first, *again) if not one.ok] == []
    assert [one.remote_id for one in first] == [one.remote_id for one in again]
    for order, outcome in zip(orders, first, strict=True):
        (row,) = odoo.rows("sale.order", [["id", "=", int(outcome.remote_id)]], ["amount_total", "origin", "state"])
        assert cents(row["amount_total"]) == Decimal(order["total"]["amount"])
        assert (row["origin"], row["state"]) == (order["order_id"], "draft")


@pytest.mark.parametrize(("fba", "reserves"), [(1.0, False), (0.0, True)])
async def test_an_order_amazon_ships_reserves_no_stock_of_the_seller(
    amazon: Box, odoo: OdooBox, fba: float, reserves: bool
) -> None:
    """ORD-10: FBA is what WFS is to Walmart; one product sold both ways never mixes."""
    (order,) = from_sandbox(amazon, odoo, 1, tag(), fba=fba)
    sku = f"{tag()}-BOTH"
    product, code = odoo.product(sku), f"A{tag()[-4:]}"
    odoo.call("stock.warehouse", "create", {"name": f"Amazon {code}", "code": code})
    odoo.stock(product, 50)
    ours = cast(
        Order, {**order, "lines": [{**line, "sku": sku} for line in order["lines"]], "status": "partially_shipped"}
    )
    assert ours["fulfilment"] == ("marketplace" if fba else "seller")
    async with sink_of(odoo, marketplace_warehouse=code) as sink:
        (outcome,) = await put_orders(sink, ours)
    assert outcome.ok, outcome.detail
    assert bool(odoo.reserved(product)) is reserves


async def test_vat_within_the_prices_makes_the_same_total(odoo: OdooBox) -> None:
    """ORD-6, ORD-11: a German order: net lines, the VAT apart, to the seller's account."""
    euro(odoo)
    order = known(odoo, to_order(recorded("amazon", "order_de_vat_included").payload, tag()))
    async with sink_of(odoo) as sink:
        (outcome,) = await put_orders(sink, order)
    assert outcome.ok, outcome.detail
    (row,) = odoo.rows(
        "sale.order", [["id", "=", int(outcome.remote_id)]], ["amount_total", "amount_tax", "currency_id"]
    )
    assert (cents(row["amount_total"]), cents(row["amount_tax"])) == (Decimal("64.97"), Decimal("10.38"))
    assert row["currency_id"][1] == "EUR"


async def test_an_exempt_business_order_has_the_zero_rated_position(odoo: OdooBox) -> None:
    """ORD-3, ORD-11."""
    order = known(odoo, to_order(recorded("amazon", "order_business").payload, tag()))
    async with sink_of(odoo) as sink:
        (outcome,) = await put_orders(sink, order)
    assert outcome.ok, outcome.detail
    fields = ["fiscal_position_id", "amount_tax", "note"]
    (row,) = odoo.rows("sale.order", [["id", "=", int(outcome.remote_id)]], fields)
    assert (row["fiscal_position_id"][1], row["amount_tax"]) == ("Tax exempt", 0)
    assert "PO-2026-0457" in row["note"]


async def test_a_cancelled_order_is_cancelled(amazon: Box, odoo: OdooBox) -> None:
    """ORD-8."""
    (order,) = from_sandbox(amazon, odoo, 1, tag())
    amazon.change(order["order_id"], "cancel")
    cancelled = to_order(exact_json.dumps(amazon.order(order["order_id"])), order["account"])
    assert cancelled["status"] == "cancelled"
    async with sink_of(odoo) as sink:
        outcomes = [*await put_orders(sink, order), *await put_orders(sink, cancelled)]
    assert [one.detail for one in outcomes if not one.ok] == []
    (row,) = odoo.rows("sale.order", [["id", "=", int(outcomes[0].remote_id)]], ["state"])
    assert row["state"] == "cancel"
