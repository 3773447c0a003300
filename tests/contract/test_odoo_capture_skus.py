"""EVT-6, PRD-5: which SKUs there are: deleted, archived, renamed, deselected, shared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.odoo.source.metrics import CENSUS_ONLY
from tests.contract.odoo_capture_box import CaptureBox, Polled, capture_box, poll


@pytest.fixture
def box() -> Iterator[CaptureBox]:
    with capture_box() as made:
        yield made


async def test_a_deleted_product_is_told_by_the_census(box: CaptureBox) -> None:
    """EVT-6: a deletion leaves no trace; the census of ids finds it, counts it, and nothing of that SKU is offered any more."""
    gone, kept = box.product("GONE-1"), box.product("KEPT-1")
    for flow in ("stock", "products", "prices"):
        source, polled = box.source(flow, census_minutes=5), Polled()
        count = CENSUS_ONLY.labels(flow, "deleted")
        before = count._value.get()
        await poll(source, polled)
        if flow == "prices":
            box.call("product.product", "unlink", [gone])
        elif flow == "products":
            box.call("product.product", "unlink", [kept])
        else:
            box.call("product.product", "unlink", [box.product("BRIEF-1")])
        await poll(source, polled)
        box.clock.forward(301)
        await poll(source, polled)
        await source.aclose()
        gone_keys = {key for key, one in polled.newest.items() if not one["active"]}
        expected = {"stock": set(), "products": {"sku:KEPT-1"}, "prices": {"sku:GONE-1"}}[flow]
        assert gone_keys == expected
        assert count._value.get() - before == len(expected)


async def test_archived_renamed_and_unwanted_products_are_told_as_such(box: CaptureBox) -> None:
    """PRD-5, INV-2: a SKU without a product to sell is inactive; a selection by domain counts."""
    archived, renamed, deselected = box.product("ARC-1"), box.product("OLD-1"), box.product("SEL-1")
    source = box.source("stock", product_domain='[["name", "not like", "hidden"]]')
    polled = Polled()
    await poll(source, polled)
    assert {key for key, one in polled.newest.items() if one["active"]} == {"sku:ARC-1", "sku:OLD-1", "sku:SEL-1"}
    box.call("product.product", "write", [archived], {"active": False})
    box.call("product.product", "write", [renamed], {"default_code": "NEW-1"})
    box.call("product.product", "write", [deselected], {"name": "hidden"})
    await poll(source, polled)
    await source.aclose()
    assert {key: one["active"] for key, one in polled.newest.items()} == {
        "sku:ARC-1": False, "sku:OLD-1": False, "sku:NEW-1": True, "sku:SEL-1": False,
    }  # fmt: skip


async def test_of_two_products_with_one_sku_the_oldest_to_be_sold_counts(box: CaptureBox) -> None:
    first, second = box.product("TWIN-1"), box.product("TWIN-1")
    source, polled = box.source("stock"), Polled()
    await poll(source, polled)
    assert polled.newest["sku:TWIN-1"]["product"]["id"] == first
    box.call("product.product", "write", [first], {"active": False})
    await poll(source, polled)
    await source.aclose()
    assert polled.newest["sku:TWIN-1"]["product"]["id"] == second
    assert polled.newest["sku:TWIN-1"]["active"] is True
