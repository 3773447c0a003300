"""ORD-9, PRC-1: products made for an order cost what the order says, never Odoo's 1.00, and carry the mark that makes their price wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.odoo.capture_mapping import mappings
from connectors.odoo.products_made import MARK
from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import make_source
from tests.builders import deps, money, order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import put, put_orders, sink_of
from tests.odoo_records import listing_of
from tests.unit.failure.samples import codec


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


async def captured(box: OdooBox, entity: str, flow: str, sku: str) -> dict[str, Any]:
    """The canonical record of the product, as change capture tells it; it fits its schema."""
    one = OdooSettings.model_validate({**box.settings.model_dump(), "capture": {"mode": "poll"}})
    source = make_source(one, "main", flow, deps())
    try:
        pages = [page async for page in source.fetch([sku])]
    finally:
        await source.aclose()
    (item,) = [item for page in pages for item in page.items]
    (record,) = mappings(one)[entity](item.payload, "main")
    body: dict[str, Any] = codec().decode(entity, codec().encode(entity, record.body))
    return body


async def price(box: OdooBox, sku: str) -> tuple[str, bool]:
    body = await captured(box, "price", "prices", sku)
    return body["list_price"]["amount"], body["unreviewed"]


async def test_a_product_made_for_an_order_costs_what_the_order_says_and_is_marked(box: OdooBox) -> None:
    """ORD-9, PRC-1: not Odoo's 1.00, which every channel would be told; made twice in one batch, it has the dearer of both prices."""
    sku, second = f"MADE-{tag()}", f"MADE-{tag()}"
    cheap, dear = order_line(sku, 2, "20.00"), order_line(sku, 2, "24.99")
    async with sink_of(box, unknown_sku="create") as sink:
        outcomes = await put_orders(sink, order(tag(), [cheap]), order(tag(), [dear]))
        outcomes += await put_orders(sink, order(tag(), [order_line(second, 1, "5.00")]))
    assert [outcome.detail for outcome in outcomes if not outcome.ok] == []
    assert await price(box, sku) == ("24.99", True)
    assert await price(box, second) == ("5", True)
    assert len(box.rows("product.tag", [["name", "=", MARK]], ["name"])) == 1


async def test_a_price_that_nobody_said_is_none(box: OdooBox) -> None:
    """PRC-1: an order in another currency than Odoo's says no sales price: 0, which no channel is told."""
    sku = f"MADE-{tag()}"
    body = order(tag(), [order_line(sku, 1, "30.00", currency="EUR")], currency="EUR")
    async with sink_of(box, unknown_sku="create") as sink:
        await put_orders(sink, body)
    assert await price(box, sku) == ("0", True)


async def test_a_kit_made_for_an_order_is_no_different(box: OdooBox) -> None:
    """ORD-10, PRC-1: kits are made by default, so they would have been told at 1.00 by default."""
    bundle, part = f"BUNDLE-{tag()}", f"PART-{tag()}"
    box.product(part)
    components = [{"sku": part, "quantity": "2"}]
    line = order_line(bundle, 1, "59.90", components=components)
    async with sink_of(box) as sink:
        (outcome,) = await put_orders(sink, order(tag(), [line]))
    assert outcome.ok, outcome.detail
    assert await price(box, bundle) == ("59.9", True)


@pytest.mark.parametrize("renamed", [False, True])
async def test_taking_the_mark_off_is_all_it_takes(box: OdooBox, renamed: bool) -> None:
    """PRC-1: the mark is told as long as the product carries it, whatever a person calls it; no marketplace sees it among the tags."""
    sku = f"MADE-{tag()}"
    async with sink_of(box, unknown_sku="create") as sink:
        await put_orders(sink, order(tag(), [order_line(sku)]))
    (row,) = box.rows("product.product", [["default_code", "=", sku]], ["product_tag_ids", "product_tmpl_id"])
    if renamed:
        box.call("product.tag", "write", row["product_tag_ids"], {"name": f"Look at me {tag()}"})
    else:
        assert (await captured(box, "product", "products", sku))["tags"] == []
    assert (await price(box, sku))[1] is True
    box.call(
        "product.template", "write", [row["product_tmpl_id"][0]], {"product_tag_ids": [[3, row["product_tag_ids"][0]]]}
    )
    assert (await price(box, sku))[1] is False


async def test_a_product_a_person_made_with_tags_of_its_own_is_not_marked(box: OdooBox) -> None:
    """PRC-1"""
    own = box.call("product.tag", "create", {"name": f"Own {tag()}"})
    sku = f"SKU-{tag()}"
    box.product(sku, list_price=24.99, product_tag_ids=[[6, 0, [own]]])
    assert await price(box, sku) == ("24.99", False)


async def test_a_product_made_of_a_listing_is_never_at_one_dollar(box: OdooBox) -> None:
    """PRD-2, PRC-1: at the listing's price, or at 0 where it says none in Odoo's currency."""
    from tests.contract.test_odoo_listings import CREATE, MERGE

    skus = [f"NEW-{tag()}" for _ in range(3)]
    bodies = [
        listing_of(skus[0], price=money("7.00")),
        listing_of(skus[1], price=money("7.00", "EUR")),
        listing_of(skus[2], price=None, variant_group=f"G-{tag()}", attributes={"Color": "Red"}),
    ]
    async with sink_of(box, listings=CREATE) as sink:
        outcomes = await put(sink, MERGE, *bodies)
    assert [outcome.detail for outcome in outcomes if not outcome.ok] == []
    assert [await price(box, sku) for sku in skus] == [("7", False), ("0", False), ("0", False)]
