"""ORD-9: an article that the marketplace calls THEIRS and Odoo OURS, all the way on both sandboxes: order, return and catalogue in, number,
price and listing out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.ports import Delivery, Result
from schemas.headers import Headers, encode_headers
from schemas.record import Record
from schemas.topics import ENTITIES
from streams.failure.routing import FailureRouting
from streams.phases import Phase
from streams.settings import Settings
from streams.stages.arrivals import read
from streams.stages.route import Router, Switches
from streams.stages.skus import Skus
from tests.builders import ORDERED, money, order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put, put_orders, sink_of
from tests.contract.walmart_box import Box, walmart_box
from tests.contract.walmart_out import World
from tests.odoo_records import listing_of, return_line, return_of
from tests.unit.failure.samples import codec
from tests.unit.observe.bodies import body_of
from tests.unit.stages.references import tables

CHANNEL = ("walmart", "main")
CODEC = codec()


@pytest.fixture(scope="module")
def odoo() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def walmart() -> Iterator[Box]:
    with walmart_box(rate_factor=1000) as found:
        found.http.post("/sandbox/items", json={"count": 3, "prefix": "S"}).raise_for_status()
        yield found


async def test_what_comes_in_is_of_odoos_product(odoo: OdooBox) -> None:
    """ORD-9, RET-1, PRD-2: none of them makes a product THEIRS beside it, although both may make products."""
    number, ours = tag(), f"OURS-{tag()}"
    theirs = f"THEIRS-{number}"
    product = odoo.product(ours, list_price=10.0)
    odoo.stock(product, 5)
    settings = {
        "unknown_sku": "create",
        "stages": {"created": "confirmed"},
        "listings": {"default_owner": "marketplace", "unknown": "create"},
    }
    async with sink_of(odoo, {("sku", theirs): ours}, **settings) as sink:
        (sold,) = await put_orders(sink, order(number, [order_line(theirs, 3)]))
        assert sold.ok, sold.detail
        assert [line["product_id"][0] for line in odoo.lines(number) if line["product_uom_qty"] == 3] == [product]
        assert odoo.reserved(product) == 3
        odoo.ship(number)
        (back,) = await put(sink, "upsert_return", return_of(number, return_line(theirs, 2)))
        assert (back.result, back.remote_model) == (Result.APPLIED, "stock.picking")
        (merged,) = await put(sink, "merge_listing", listing_of(theirs, price=money("12.50"), title="Their title"))
        assert merged.ok, merged.detail
    returning = [["product_id", "=", product], ["origin_returned_move_id", "!=", False]]
    assert [row["product_uom_qty"] for row in odoo.rows("stock.move", returning, ["product_uom_qty"])] == [2]
    (row,) = odoo.rows("product.product", [["id", "=", product]], ["name", "default_code", "list_price"])
    assert (row["name"], row["default_code"], row["list_price"]) == ("Their title", ours, 12.5)
    assert odoo.rows("product.product", [["default_code", "=", theirs]], ["name"]) == []


def deliveries(skus: Skus, entity: str, body: dict[str, Any]) -> list[Delivery]:
    """What the route stage makes of a canonical record, read as the deliver stage reads it."""
    switches = Switches({"odoo", "walmart"}, (CHANNEL,), {"walmart": {"main": {"all": Phase.ON}}})
    router = Router(CODEC, FailureRouting(CODEC, Settings()), lambda: ORDERED, switches, skus)
    headers = Headers("id", "odoo", entity, body.get("version", 1), "c" * 32, "corr", 5, "sandbox")
    record = Record(
        ENTITIES[entity].every, 0, 1, 0, body["key"].encode(), CODEC.encode(entity, body), encode_headers(headers)
    )
    made = router.messages(record)
    return [
        read(Record(one.topic, 0, 1, 0, one.key, one.value, one.headers), CODEC, "sandbox").delivery
        for one in made if one.topic.startswith("deliver.walmart.")
    ]  # fmt: skip


def told(kind: str, entity: str, **changes: Any) -> dict[str, Any]:
    key = f"{kind}:walmart:main:OURS"
    return body_of(entity, key=key, sku="OURS", channel="walmart", account="main", version=1, category="", **changes)


async def test_what_goes_out_reaches_the_marketplaces_items(walmart: Box) -> None:
    """INV-2, PRC-1: each of several items; without the entry the marketplace knows no such item and the number waits."""
    known = sorted(item["sku"] for item in walmart.call("GET", "/v3/items?limit=50").json()["ItemResponse"])
    first, second = known[:2]
    number = told("stock", "availability", quantity="7", urgent=True)
    price = told(
        "price", "price_offer", price={"amount": "12.34", "currency": "USD"}, sale_price=None, sale_starts_at=None, sale_ends_at=None
    )  # fmt: skip
    skus = Skus(tables(("walmart", "", first, "OURS"), ("walmart", "main", second, "OURS")))
    async with World(walmart) as world:
        process = world.process()
        (lost,) = await process.deliver(*deliveries(Skus(), "availability", number))
        assert lost.waiting_for == "listing:walmart:main:OURS"
        done = await process.deliver(*deliveries(skus, "availability", number))
        assert [one.result for one in done] == [Result.APPLIED] * 2
        assert [world.history(name) for name in (first, second)] == [[7], [7]]
        await process.deliver(*deliveries(skus, "price_offer", price))
        await process.settle()
        assert [world.item(name)["price_history"][-1]["cents"] for name in (first, second)] == [1234, 1234]


def test_a_listing_goes_out_under_the_marketplaces_word() -> None:
    """PRD-1."""
    (one,) = deliveries(
        Skus(tables(("walmart", "", "THEIRS", "OURS"))), "product", body_of("product", key="sku:OURS", sku="OURS")
    )
    assert (one.key, one.body["sku"], one.operation) == ("listing:walmart:main:THEIRS", "THEIRS", "upsert_listing")
