"""What people do in a demo's Odoo with goods that marketplaces keep and ship themselves (ORD-10)."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from streams.demo.hands import Hands
from streams.demo.warehouses import Warehouses, code_of, found_or_made
from tests.contract.odoo_capture_box import CaptureBox, capture_box
from tests.contract.test_demo_goods import Rpc

MARKETS = ("amazon", "walmart")


@pytest.fixture
def box() -> Iterator[CaptureBox]:
    with capture_box() as made:
        yield made


@pytest.fixture
def houses(box: CaptureBox) -> Warehouses:
    return found_or_made(Rpc(box), MARKETS)


@pytest.fixture
def hands(box: CaptureBox, houses: Warehouses) -> Hands:
    return Hands(Rpc(box), random.Random(1), houses)


def sold(box: CaptureBox, number: str, product: int, units: float, warehouse: int) -> None:
    """A confirmed order of a marketplace that leaves that warehouse."""
    order = box.order(number, [("1", product, units)], confirm=False)
    box.call("sale.order", "write", [order], {"warehouse_id": warehouse, "origin": number})
    box.call("sale.order", "action_confirm", [order])


def test_each_marketplace_has_one_warehouse_and_the_first_is_the_sellers(box: CaptureBox, houses: Warehouses) -> None:
    again = found_or_made(Rpc(box), MARKETS)
    assert again == houses
    assert {name: one.code for name, one in houses.theirs.items()} == {name: code_of(name) for name in MARKETS}
    assert len({houses.own.odoo_id, *(one.odoo_id for one in houses.theirs.values())}) == 3
    assert [houses.market_of(one.odoo_id) for one in (houses.own, houses.theirs["walmart"])] == ["", "walmart"]


def test_what_a_marketplace_ships_is_told_apart_and_closed_without_the_sellers_goods(
    box: CaptureBox, houses: Warehouses, hands: Hands
) -> None:
    product = box.product("A")
    hands.stock_up({"A": 10})
    sold(box, "theirs", product, 3, houses.theirs["amazon"].odoo_id)
    sold(box, "ours", product, 2, houses.own.odoo_id)
    sales = {sale.reference: sale for sale in hands.sales(["theirs", "ours"])}
    assert {name: sale.elsewhere for name, sale in sales.items()} == {"theirs": "amazon", "ours": ""}
    assert hands.taken(list(sales.values())) == {"ours": 2}
    assert hands.unreserved(list(sales.values())).get("A", 0) == 0, "what waits elsewhere is nobody's of ours"
    assert hands.free()["A"] == 8
    assert hands.close([sales["theirs"]]) == [sales["theirs"]]
    assert hands.left([sales["theirs"]]) == {"theirs": [""]}
    assert hands.free()["A"] == 8
    assert hands.close([sales["theirs"]]) == [], "nothing is open any more"


def test_one_leaves_though_another_waits_for_the_same_goods(box: CaptureBox, houses: Warehouses, hands: Hands) -> None:
    """What comes in is reserved for whoever has waited longest, which is not the one that leaves."""
    product = box.product("A")
    sold(box, "first", product, 3, houses.theirs["amazon"].odoo_id)
    sold(box, "second", product, 2, houses.theirs["amazon"].odoo_id)
    sales = {sale.reference: sale for sale in hands.sales(["first", "second"])}
    hands.stock_up({"A": 3}, houses.theirs["amazon"])
    hands._open_pickings(sales["first"])
    assert hands.close([sales["second"]]) == [sales["second"]]
    assert hands.close([sales["first"]]) == [sales["first"]]


def test_what_is_shipped_from_the_wrong_warehouse_shows(box: CaptureBox, houses: Warehouses, hands: Hands) -> None:
    product = box.product("A")
    hands.stock_up({"A": 10})
    sold(box, "theirs", product, 3, houses.own.odoo_id)
    assert hands.taken(hands.sales(["theirs"])) == {"theirs": 3}
