"""INV-1, INV-2: what Odoo has of a SKU, and which marketplace orders that accounts for, from change capture to the canonical record."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.odoo.client import Odoo
from tests.contract.odoo_capture_box import CaptureBox, Polled, capture_box, fetch, mapped, off_loop, poll


@pytest.fixture
def box() -> Iterator[CaptureBox]:
    with capture_box() as made:
        yield made


def level(content: dict[str, Any]) -> dict[str, Any]:
    (record,) = mapped("quant", content)
    assert (record.entity, record.key) == ("stock_level", f"sku:{record.body['sku']}")
    return dict(record.body)


async def level_of(box: CaptureBox, sku: str, **capture: Any) -> dict[str, Any]:
    source = box.source("stock", **capture)
    found = await fetch(source, sku)
    await source.aclose()
    return level(found.newest[f"sku:{sku}"])


async def test_stock_by_warehouse_with_what_each_order_takes(box: CaptureBox) -> None:
    """INV-2: open, shipped and cancelled parts of marketplace orders; orders of others count in the reserved sum only."""
    product = box.product("ST-1")
    box.call("stock.warehouse", "create", {"name": "East", "code": "EAST"})
    box.stock(**{"ST-1": 20.0})
    box.stock("EAST", **{"ST-1": 7.0})
    shipped = box.order("PO-1", [("1", product, 5)])
    box.hand("warehouse/deliver", order=shipped, tracking="T", quantities={"ST-1": 2.0})
    box.order("PO-2", [("1", product, 4), ("2", product, 1)])
    cancelled = box.order("PO-3", [("1", product, 3)])
    box.hand("warehouse/cancel", order=cancelled)
    box.order("PO-4", [("1", product, 9)], confirm=False)
    partner = box.call("res.partner", "create", {"name": "Walk-in"})
    other = box.call("sale.order", "create", {"partner_id": partner, "order_line": [[0, 0, {"product_id": product}]]})
    box.call("sale.order", "action_confirm", [other])
    found = await level_of(box, "ST-1")
    assert found["locations"] == [
        {"warehouse": "EAST", "on_hand": "7", "reserved": "0"}, {"warehouse": "WH", "on_hand": "18", "reserved": "9"},
    ]  # fmt: skip
    assert {one.pop("order_key"): one for one in found["orders"]} == {
        "walmart:main:PO-1": {"demanded": "5", "reserved": "3", "done": "2", "cancelled": "0"},
        "walmart:main:PO-2": {"demanded": "5", "reserved": "5", "done": "0", "cancelled": "0"},
        "walmart:main:PO-3": {"demanded": "3", "reserved": "0", "done": "0", "cancelled": "3"},
    }
    assert found["category"] == "All"
    assert found["active"] is True


async def test_what_marketplaces_ship_is_no_stock_of_the_sellers(box: CaptureBox) -> None:
    """ORD-10: neither their warehouses' units, nor kits of them, nor open deliveries from there, which no demand ever asked for."""
    product, part = box.product("BOTH-1"), box.product("PART-1")
    box.stock(**{"BOTH-1": 20.0, "PART-1": 3.0})
    for code in ("FBA", "WFS"):
        made = box.call("stock.warehouse", "create", {"name": code, "code": code})
        box.stock(code, **{"BOTH-1": 7.0, "PART-1": 90.0})
    kit(box, "KIT-1", (part, 1))
    box.order("PO-1", [("1", product, 5)])
    theirs = box.order("PO-2", [("1", product, 40), ("2", product, 2)], confirm=False)
    box.call("sale.order", "write", [theirs], {"warehouse_id": made})
    box.call("sale.order", "action_confirm", [theirs])
    named = {"amazon": "FBA", "walmart:main": "WFS"}
    box.settings = box.settings.model_copy(update={"marketplace_warehouses": named})
    found = await level_of(box, "BOTH-1")
    assert found["locations"] == [{"warehouse": "WH", "on_hand": "20", "reserved": "5"}]
    assert [one["order_key"] for one in found["orders"]] == ["walmart:main:PO-1"]
    assert (await level_of(box, "KIT-1"))["locations"] == [{"warehouse": "WH", "on_hand": "3", "reserved": "0"}]


async def test_finished_orders_are_told_for_a_while(box: CaptureBox) -> None:
    """INV-2: until the marketplace itself shows them as shipped, they must not be taken off once more."""
    product = box.product("OLD-1")
    box.stock(**{"OLD-1": 5.0})
    order = box.order("PO-OLD", [("1", product, 1)])
    box.hand("warehouse/deliver", order=order)
    assert [one["order_key"] for one in (await level_of(box, "OLD-1", moves_days=30))["orders"]] == [
        "walmart:main:PO-OLD"
    ]
    box.clock.forward(31 * 86400)
    assert (await level_of(box, "OLD-1", moves_days=30))["orders"] == []


async def test_every_way_stock_changes_is_noticed(box: CaptureBox) -> None:
    """INV-1: counting, reserving, releasing, shipping, cancelling, returning."""
    product = box.product("WAY-1")
    source, polled = box.source("stock", census_minutes=0), Polled()
    await poll(source, polled)

    async def now() -> tuple[str, str]:
        assert await poll(source, polled) >= 1
        found = level(polled.newest["sku:WAY-1"])["locations"]
        return (found[0]["on_hand"], found[0]["reserved"])

    box.stock(**{"WAY-1": 10.0})
    assert await now() == ("10", "0")
    order = box.order("PO-W", [("1", product, 4)])
    assert await now() == ("10", "4")
    picking = box.rows("stock.picking", [["sale_id", "=", order]], ["name"])[0]["id"]
    box.call("stock.picking", "do_unreserve", [picking])
    assert await now() == ("10", "0")
    box.call("stock.picking", "action_assign", [picking])
    assert await now() == ("10", "4")
    box.hand("warehouse/deliver", order=order, quantities={"WAY-1": 1.0}, tracking="T")
    assert await now() == ("9", "3")
    box.hand("warehouse/cancel", order=order)
    assert await now() == ("9", "0")
    box.hand("warehouse/return", order=order, lines={"WAY-1": 1.0})
    assert await now() == ("10", "0")
    await source.aclose()


async def test_merged_and_deleted_quants_change_no_number(box: CaptureBox) -> None:
    """EVT-6: quants are a hint; rows that SQL merges keep their old date, and the sum per product and place is what counts."""
    chance = random.Random(7)
    skus = [f"Q-{one}" for one in range(8)]
    products = {sku: box.product(sku) for sku in skus}
    box.stock(**dict.fromkeys(skus, 40.0))
    source, polled = box.source("stock", census_minutes=0), Polled()
    await poll(source, polled)
    for number in range(25):
        sku = chance.choice(skus)
        match chance.randrange(5):
            case 0:
                box.stock(**{sku: float(chance.randint(20, 90))})
            case 1:
                box.hand("quants/split", sku=sku, quantity=1.0)
            case 2:
                box.hand("quants/merge")
            case 3:
                box.order(f"PO-{number}", [("1", products[sku], 1)])
            case _:
                order = box.order(f"PO-{number}", [("1", products[sku], 2)])
                box.hand("warehouse/deliver", order=order, force=True)
        box.clock.forward(chance.uniform(0, 90))
        if chance.random() < 0.6:
            await poll(source, polled)
    box.hand("warehouse/scheduler")
    await poll(source, polled)
    await source.aclose()
    fields = ["default_code", "qty_available", "free_qty"]
    rows = box.rows("product.product", [["id", "in", list(products.values())]], fields)
    actual = {row["default_code"]: row for row in rows}
    for sku in skus:
        (place,) = level(polled.newest[f"sku:{sku}"])["locations"]
        on_hand, free = Decimal(place["on_hand"]), Decimal(place["on_hand"]) - Decimal(place["reserved"])
        assert (on_hand, free) == (actual[sku]["qty_available"], actual[sku]["free_qty"]), sku


async def test_a_delivery_that_commits_late_is_noticed(box: CaptureBox) -> None:
    """EVT-6: a validation that takes two minutes, while stock of others changes all the time."""
    product, other = box.product("SLOW-1"), box.product("FAST-1")
    box.stock(**{"SLOW-1": 5.0, "FAST-1": 5.0})
    order = box.order("PO-S", [("1", product, 2)])
    picking = box.rows("stock.picking", [["sale_id", "=", order]], ["name"])[0]["id"]
    source, polled = box.source("stock", census_minutes=0), Polled()
    await poll(source, polled)
    held = await off_loop(
        box.begin, "stock.picking", "button_validate", [picking], context={"skip_sms": True, "skip_backorder": True}
    )
    for count in range(4):
        box.clock.forward(29)
        box.stock(**{"FAST-1": float(count)})
        await poll(source, polled)
    assert level(polled.newest["sku:SLOW-1"])["locations"][0]["on_hand"] == "5"
    await off_loop(box.release, held)
    await poll(source, polled)
    await source.aclose()
    found = level(polled.newest["sku:SLOW-1"])
    assert found["locations"] == [{"warehouse": "WH", "on_hand": "3", "reserved": "0"}]
    assert found["orders"][0]["done"] == "2"
    assert other


def kit(box: CaptureBox, sku: str, *parts: tuple[int, float], size: float = 1.0) -> int:
    made = box.product(sku, is_storable=False)
    template = box.rows("product.product", [["id", "=", made]], ["product_tmpl_id"])[0]["product_tmpl_id"][0]
    lines = [[0, 0, {"product_id": part, "product_qty": quantity}] for part, quantity in parts]
    box.call(
        "mrp.bom",
        "create",
        {"product_tmpl_id": template, "type": "phantom", "product_qty": size, "bom_line_ids": lines},
    )
    return made


async def test_a_change_of_a_component_is_one_of_its_kits(box: CaptureBox) -> None:
    """ORD-10, INV-2: a kit has as many as its components make."""
    board, screw = box.product("BOARD"), box.product("SCREW")
    box.stock(BOARD=10.0, SCREW=30.0)
    source, polled = box.source("stock", census_minutes=0), Polled()
    kit(box, "SHELF", (board, 2), (screw, 8))
    await poll(source, polled)
    await poll(source, polled)
    found = level(polled.newest["sku:SHELF"])
    assert found["kit"] is True
    assert found["components"] == [{"sku": "BOARD", "quantity": "2"}, {"sku": "SCREW", "quantity": "8"}]
    assert found["locations"][0]["on_hand"] == "3"
    box.stock(SCREW=17.0)
    await poll(source, polled)
    assert level(polled.newest["sku:SHELF"])["locations"][0]["on_hand"] == "2"
    line = box.rows("mrp.bom.line", [["product_id", "=", board]], ["product_qty"])[0]["id"]
    box.call("mrp.bom.line", "write", [line], {"product_qty": 10})
    await poll(source, polled)
    await source.aclose()
    assert level(polled.newest["sku:SHELF"])["locations"][0]["on_hand"] == "1"


async def test_a_bill_of_materials_that_vanished_is_found_by_the_census(box: CaptureBox) -> None:
    """EVT-6: its deletion leaves no trace; the kit is one no more."""
    board = box.product("BOARD")
    box.stock(BOARD=10.0)
    kit(box, "SHELF", (board, 2))
    source, polled = box.source("stock", census_minutes=5), Polled()
    await poll(source, polled)
    assert level(polled.newest["sku:SHELF"])["kit"] is True
    box.call("product.product", "write", [polled.newest["sku:SHELF"]["product"]["id"]], {"is_storable": True})
    box.call("mrp.bom", "unlink", [box.rows("mrp.bom", [], ["type"])[0]["id"]])
    box.clock.forward(301)
    await poll(source, polled)
    await source.aclose()
    assert level(polled.newest["sku:SHELF"])["kit"] is False


async def test_moves_are_read_before_quantities(box: CaptureBox, monkeypatch: pytest.MonkeyPatch) -> None:
    """INV-2: an order reserved between the two readings is taken off twice rather than not at all, so at worst too few are offered."""
    product = box.product("RACE-1")
    box.stock(**{"RACE-1": 3.0})
    asked = Odoo.ask
    orders: list[int] = []

    async def interrupted(self: Odoo, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        answer = await asked(self, model, method, *args, **kwargs)
        if (model, method) in (
            ("stock.move", "search_read"),
            ("stock.quant", "read_group"),
        ) and not orders:  # right after the first of the two
            orders.append(await off_loop(box.order, "PO-RACE", [("1", product, 2)]))
        return answer

    monkeypatch.setattr(Odoo, "ask", interrupted)
    found = await level_of(box, "RACE-1")
    assert found["locations"] == [{"warehouse": "WH", "on_hand": "3", "reserved": "2"}]
    assert found["orders"] == []


async def test_a_kit_whose_bill_of_materials_is_archived_is_offered_no_more(box: CaptureBox) -> None:
    """INV-2: what is left is a product nobody counts, so no number of it can be promised."""
    board = box.product("BOARD")
    box.stock(BOARD=10.0)
    kit(box, "SHELF", (board, 2))
    source, polled = box.source("stock"), Polled()
    await poll(source, polled)
    assert polled.newest["sku:SHELF"]["active"] is True
    box.call("mrp.bom", "write", [box.rows("mrp.bom", [], ["type"])[0]["id"]], {"active": False})
    await poll(source, polled)
    await source.aclose()
    assert polled.newest["sku:SHELF"]["active"] is False


async def test_goods_that_are_not_tracked_are_told_as_not_offered_and_services_not_at_all(box: CaptureBox) -> None:
    box.product("LOOSE-1", is_storable=False)
    box.product("SERVICE-1", type="service", is_storable=False)
    source, polled = box.source("stock"), Polled()
    await poll(source, polled)
    await poll(source, polled)
    await source.aclose()
    assert set(polled.keys) == {"sku:LOOSE-1"}
    assert polled.newest["sku:LOOSE-1"]["active"] is False
