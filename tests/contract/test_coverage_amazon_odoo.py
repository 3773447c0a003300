"""What Amazon says of an order's later life, through Amazon's mappings into Odoo: wishes to cancel, returns, kits, unknown SKUs, catalogue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

import pytest

from connectors.amazon.catalogue import AmazonCatalogue, to_listing
from connectors.amazon.mapping import to_order
from connectors.amazon.reports import reports_of
from connectors.amazon.return_mapping import to_return
from connectors.amazon.returns import AmazonReturns
from connectors.kit import exact_json
from connectors.kit.ports import Outcome, Result
from connectors.odoo.sink import OdooSink
from schemas.reasons import Reason
from schemas.records import Order
from tests.contract.amazon_box import Box, amazon_box
from tests.contract.amazon_connected import US_SELLER, Connected, all_of, connected
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import cents, put, put_orders, sink_of
from tests.contract.recordings import recorded
from tests.contract.test_odoo_from_amazon import known

CONFIRMED: dict[str, Any] = {"stages": {"acknowledged": "confirmed"}}


@pytest.fixture(scope="module")
def odoo() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(sellers=(US_SELLER,), rate_factor=100_000) as found:
        yield found


@pytest.fixture
async def amazon(box: Box) -> AsyncIterator[Connected]:
    one = connected(box)
    yield one
    await one.aclose()


@dataclass
class Sold:
    """An order at Amazon whose lines are all of one product of ours. `body`: as Amazon tells it now, mapped."""

    box: Box
    odoo: OdooBox
    order_id: str
    account: str
    sku: str

    def body(self, **changes: Any) -> Order:
        order = to_order(exact_json.dumps(self.box.order(self.order_id, US_SELLER)), self.account)
        lines = [{**line, "sku": self.sku} for line in order["lines"]]
        return cast(Order, {**order, "lines": lines, **changes})

    @property
    def units(self) -> float:
        return sum(float(line["quantity"]) for line in self.body()["lines"])

    def product(self) -> int:
        return int(self.odoo.rows("product.product", [["default_code", "=", self.sku]], ["name"])[0]["id"])

    def on_hand(self, warehouse: str = "WH") -> float:
        (place,) = self.odoo.rows("stock.warehouse", [["code", "=", warehouse]], ["lot_stock_id"])
        domain = [["product_id", "=", self.product()], ["location_id", "child_of", place["lot_stock_id"][0]]]
        return float(sum(row["quantity"] for row in self.odoo.rows("stock.quant", domain, ["quantity"])))


def sold(box: Box, odoo: OdooBox, **mix: Any) -> Sold:
    # Another seed, other order ids: Odoo remembers those of earlier tests.
    (order_id,) = box.add(1, seed=int(tag()[1:], 36) % 10**9, mix={"base": "plain", "items": [1], **mix})
    box.clock.tick(600)
    one = Sold(box, odoo, order_id, tag(), f"SKU-{tag()}")
    odoo.stock(odoo.product(one.sku), 50)
    return one


async def once(sink: OdooSink, body: Order) -> Outcome:
    (outcome,) = await put_orders(sink, body)
    assert outcome.ok, outcome.detail
    return outcome


# ---- FUL-3, ORD-8


async def test_a_wish_to_cancel_at_amazon_holds_the_delivery_and_a_decision_frees_it(box: Box, odoo: OdooBox) -> None:
    """FUL-3: nothing is reserved for it while nobody has decided; a cancellation at Amazon then cancels order and delivery (ORD-8)."""
    one = sold(box, odoo)
    async with sink_of(odoo, **CONFIRMED) as sink:
        await once(sink, one.body())
        before = odoo.reserved(one.product())
        box.change(one.order_id, "ask_to_cancel")
        held = await once(sink, one.body())
        during = odoo.reserved(one.product())
        box.change(one.order_id, "cancel")
        await once(sink, one.body())
    assert (before, during) == (one.units, 0)
    assert held.notes == ("unreserved", "held")
    assert odoo.order(one.order_id)["state"] == "cancel"
    pickings = odoo.rows("stock.picking", [["sale_id.origin", "=", one.order_id]], ["state"])
    assert {row["state"] for row in pickings} == {"cancel"}


async def test_a_cancellation_of_what_has_left_is_an_exception(box: Box, odoo: OdooBox) -> None:
    """ORD-8"""
    one = sold(box, odoo)
    async with sink_of(odoo, **CONFIRMED) as sink:
        await once(sink, one.body())
        odoo.ship(one.order_id)
        box.change(one.order_id, "cancel")
        (outcome,) = await put_orders(sink, one.body())
    assert (outcome.result, outcome.reason) == (Result.FAILED, Reason.RULE)
    assert odoo.order(one.order_id)["state"] == "sale"


# ---- ORD-6, ORD-9, ORD-10


async def test_a_gift_a_promised_date_and_a_shipping_level_arrive(odoo: OdooBox) -> None:
    """ORD-3, ORD-6: message in the note, Amazon's own level to a delivery method, the promise, the order number."""
    order = known(odoo, to_order(recorded("amazon", "order_gift").payload, tag()))
    assert order["gift"]
    (message,) = {line["gift_message"] for line in order["lines"] if line["gift_message"]}
    carrier = f"Van {tag()}"
    service = odoo.call("product.product", "create", {"name": carrier, "type": "service"})
    odoo.call("delivery.carrier", "create", {"name": carrier, "product_id": service, "delivery_type": "fixed"})
    async with sink_of(odoo, carriers={order["shipping_level"]: carrier}) as sink:
        outcome = await once(sink, order)
    fields = ["note", "carrier_id", "commitment_date", "origin", "client_order_ref"]
    (row,) = odoo.rows("sale.order", [["id", "=", int(outcome.remote_id)]], fields)
    assert message in row["note"]
    assert (row["origin"], row["carrier_id"][1]) == (order["order_id"], carrier)
    assert order["ship_by"] is not None
    assert row["commitment_date"] == order["ship_by"].strftime("%Y-%m-%d %H:%M:%S"), "when it has to leave, UTC"


async def test_an_unknown_sku_is_found_by_its_asin_or_held_until_somebody_says_what_it_is(
    box: Box, odoo: OdooBox
) -> None:
    """ORD-9, issue's fallback match: SKU, table by SKU, table by ASIN; else held alone, and it goes on by itself."""
    one = sold(box, odoo)
    foreign = f"F-{tag()}"
    body = one.body()
    lines = [{**line, "sku": foreign} for line in body["lines"]]
    unknown = cast(Order, {**body, "lines": lines})
    (asin,) = {str(line["marketplace_item_id"]) for line in lines}
    assert asin.startswith("B0")
    waiting = f"sku:amazon:{one.account}:{foreign}"
    fine = sold(box, odoo)
    async with sink_of(odoo) as sink:
        held, other = await put_orders(sink, unknown, fine.body())
        assert (held.reason, held.waiting_for, other.ok) == (Reason.MAPPING, waiting, True)
        assert await sink.resolve([waiting]) == []
    async with sink_of(odoo, {("sku", asin): one.sku}) as sink:
        outcome = await once(sink, unknown)
    (line, *_) = odoo.lines(one.order_id)
    assert line["product_id"][0] == one.product()
    assert outcome.ok


async def test_a_bundle_sold_at_amazon_leaves_as_its_parts(box: Box, odoo: OdooBox) -> None:
    """ORD-10: one SKU at Amazon, a kit in Odoo: its components are reserved and shipped."""
    one = sold(box, odoo)
    parts = [f"PART-{tag()}" for _ in range(2)]
    rows = odoo.rows("product.product", [["id", "=", one.product()]], ["product_tmpl_id"])
    lines = [
        [0, 0, {"product_id": odoo.product(code), "product_qty": count}]
        for code, count in zip(parts, (1, 3), strict=True)
    ]
    template = rows[0]["product_tmpl_id"][0]
    odoo.call(
        "mrp.bom", "create", {"product_tmpl_id": template, "type": "phantom", "product_qty": 1, "bom_line_ids": lines}
    )
    async with sink_of(odoo, **CONFIRMED) as sink:
        await once(sink, one.body())
    domain = [["picking_id.sale_id.origin", "=", one.order_id]]
    moves = odoo.rows("stock.move", domain, ["product_id", "product_uom_qty"])
    moved = {code: sum(row["product_uom_qty"] for row in moves if code in row["product_id"][1]) for code in parts}
    assert moved == {parts[0]: one.units, parts[1]: 3 * one.units}


# ---- RET-1, RET-2


async def told(box: Box, amazon: Connected, account: str) -> list[Mapping[str, Any]]:
    """Every return as Amazon's reports tell it now."""
    box.clock.tick(7200)
    client = amazon.client()
    source = AmazonReturns(
        amazon.settings, "main", client, reports_of(amazon.settings, client), amazon.now, amazon.sleep
    )
    pages = await all_of(source.pages(""))
    await source.aclose()
    return [to_return(item.payload, account)[0].body for page in pages for item in page.items]


def of_sku(body: Mapping[str, Any], sku: str) -> dict[str, Any]:
    return {**body, "lines": [{**line, "sku": sku} for line in body["lines"]]}


async def test_a_return_to_the_seller_is_in_stock_when_it_has_arrived_and_not_before(
    box: Box, amazon: Connected, odoo: OdooBox
) -> None:
    """RET-1, RET-2: announced: a transfer that waits; received: the goods are back, once."""
    one = sold(box, odoo)
    async with sink_of(odoo, **CONFIRMED) as sink:
        await once(sink, one.body())
        odoo.ship(one.order_id)
        box.change(one.order_id, "ship", items={line["line_id"]: int(line["quantity"]) for line in one.body()["lines"]})
        left = one.on_hand()
        (return_id,) = box.control("/sandbox/returns", orderId=one.order_id, timeline="manual")["returnIds"]
        (announced,) = await told(box, amazon, one.account)
        (outcome,) = await put(sink, "upsert_return", of_sku(announced, one.sku))
        assert outcome.ok, outcome.detail
        assert one.on_hand() == left == 50 - one.units
        box.control(f"/sandbox/returns/{return_id}/change", kind="receive")
        (received,) = await told(box, amazon, one.account)
        for _ in range(2):
            (outcome,) = await put(sink, "upsert_return", of_sku(received, one.sku))
            assert outcome.ok, outcome.detail
    back = sum(Decimal(line["quantity"]) for line in received["lines"])
    assert one.on_hand() == left + float(back) > left


async def test_a_unit_that_came_back_to_amazon_is_not_the_sellers(box: Box, amazon: Connected, odoo: OdooBox) -> None:
    """RET-1, ORD-10: it stands in the warehouse that stands for Amazon's; none of it can be sold elsewhere."""
    one, code = sold(box, odoo, fba=1.0, shipped=1.0), f"A{tag()[-4:]}"
    odoo.call("stock.warehouse", "create", {"name": f"Amazon {code}", "code": code})
    odoo.stock(one.product(), 5, code)
    async with sink_of(odoo, marketplace_warehouses={"amazon": code}) as sink:
        await once(sink, one.body(status="partially_shipped"))
        odoo.ship(one.order_id)
        left = one.on_hand(code)
        box.control("/sandbox/returns", orderId=one.order_id, timeline="received")
        bodies = await told(box, amazon, one.account)
        assert {body["physical"] for body in bodies} == {"received"}
        for outcome in await put(sink, "upsert_return", *(of_sku(body, one.sku) for body in bodies)):
            assert outcome.ok, outcome.detail
    back = sum(Decimal(line["quantity"]) for body in bodies for line in body["lines"])
    assert (one.on_hand(), one.on_hand(code)) == (50, left + float(back))


# ---- PRD-2


async def test_the_catalogue_of_amazon_comes_in(box: Box, amazon: Connected, odoo: OdooBox) -> None:
    """PRD-2: unknown ones are made where configured; of known ones Odoo keeps its fields and says so, or gives way where Amazon is the master."""
    account = tag()
    items = [{"sku": f"{account}-{n}", "name": f"Lamp {n}", "stock": 5, "price_cents": 1990 + n} for n in range(3)]
    box.control("/sandbox/items", items=items)
    box.clock.tick(600)
    source = AmazonCatalogue(amazon.settings, "main", amazon.client(), amazon.now)
    place = amazon.settings.account("main").marketplaces
    payloads = [item.payload for page in await all_of(source.pages("")) for item in page.items]
    bodies = [cast(Any, to_listing(payload, account, place)[0].body) for payload in payloads]
    assert sorted(body["sku"] for body in bodies) == [one["sku"] for one in items]
    later = [{**body, "title": f"{body['title']}, improved", "version": body["version"] + 1} for body in bodies]
    async with sink_of(odoo, listings={"unknown": "create"}) as sink:
        made = await put(sink, "merge_listing", *bodies)
        kept = await put(sink, "merge_listing", *later)
    names = [["default_code", "like", f"{account}-%"]]
    before = sorted(row["name"] for row in odoo.rows("product.product", names, ["name"]))
    async with sink_of(odoo, listings={"unknown": "create", "owners": {"name": "marketplace"}}) as sink:
        given = await put(sink, "merge_listing", *later)
    after = sorted(row["name"] for row in odoo.rows("product.product", names, ["name"]))
    assert [one.detail for one in (*made, *kept, *given) if not one.ok] == []
    assert all(("name", "kept") in [(e.body["field"], e.body["action"]) for e in one.events] for one in kept)
    assert (before, after) == ([f"Lamp {n}" for n in range(3)], [f"Lamp {n}, improved" for n in range(3)])


async def test_prices_of_yen_have_no_cents_in_odoo_either(odoo: OdooBox) -> None:
    """ORD-6, ORD-11: a Japanese order comes to its own total."""
    (number,) = odoo.call("res.currency", "search", [["name", "=", "JPY"]], context={"active_test": False})
    odoo.call("res.currency", "write", [number], {"active": True})
    if not odoo.call("product.pricelist", "search", [["currency_id", "=", number]]):
        odoo.call("product.pricelist", "create", {"name": "Yen", "currency_id": number})
    order = known(odoo, to_order(recorded("amazon", "order_jp_cash_on_delivery").payload, tag()))
    async with sink_of(odoo, address_check="lenient") as sink:
        outcome = await once(sink, order)
    (row,) = odoo.rows("sale.order", [["id", "=", int(outcome.remote_id)]], ["amount_total", "currency_id"])
    assert (cents(row["amount_total"]), row["currency_id"][1]) == (Decimal(order["total"]["amount"]), "JPY")
