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


def active(polled: Polled) -> dict[str, bool]:
    return {key: one["active"] for key, one in polled.newest.items()}


@pytest.mark.parametrize("flow", ["stock", "products", "prices"])
async def test_what_was_deleted_or_renamed_while_no_poller_ran_is_told_by_the_next_one(
    box: CaptureBox, flow: str
) -> None:
    """EVT-6: nothing of the SKU is offered any more. Nobody remembers its product, so it is found by what was published; counted once."""
    gone, renamed, cleared, kept = (box.product(f"{one}-1") for one in ("GONE", "OLD", "NONE", "KEPT"))
    source, polled = box.source(flow), Polled()
    await poll(source, polled)
    await source.aclose()
    assert active(polled) == dict.fromkeys(("sku:GONE-1", "sku:OLD-1", "sku:NONE-1", "sku:KEPT-1"), True)
    box.call("product.product", "unlink", [gone])
    box.call("product.product", "write", [renamed], {"default_code": "NEW-1"})
    box.call("product.product", "write", [cleared], {"default_code": False})
    box.clock.forward(60)
    before = CENSUS_ONLY.labels(flow, "gone")._value.get()
    source = box.source(flow, before=polled)
    await poll(source, polled)
    assert active(polled) == {
        "sku:GONE-1": False, "sku:OLD-1": False, "sku:NONE-1": False, "sku:NEW-1": True, "sku:KEPT-1": True,
    }  # fmt: skip
    assert CENSUS_ONLY.labels(flow, "gone")._value.get() - before == 3
    box.clock.forward(3600)
    assert await poll(source, polled) == 0  # told once
    await source.aclose()
    assert kept


async def test_a_sku_that_came_back_under_another_product_while_nobody_looked_is_still_for_sale(
    box: CaptureBox,
) -> None:
    """EVT-6: deleted and made again: the SKU is what counts."""
    first = box.product("BACK-1")
    source, polled = box.source("products"), Polled()
    await poll(source, polled)
    await source.aclose()
    box.call("product.product", "unlink", [first])
    second = box.product("BACK-1")
    source = box.source("products", before=polled)
    await poll(source, polled)
    await source.aclose()
    assert (polled.newest["sku:BACK-1"]["active"], polled.newest["sku:BACK-1"]["id"]) == (True, second)


@pytest.mark.parametrize(("away", "told"), [(20 * 60, True), (10 * 60, False)])
async def test_a_price_rule_deleted_during_an_outage_is_found_by_reading_everything(
    box: CaptureBox, away: int, told: bool
) -> None:
    """EVT-6: nobody knows the rule any more; after an outage longer than the pause between censuses all prices are read once. A short one: by the
    next sweep."""
    product = box.product("RULE-1", list_price=20.0)
    pricelist = box.call("product.pricelist", "create", {"name": "Box List"})
    rule = box.call("product.pricelist.item", "create", {
        "pricelist_id": pricelist, "applied_on": "0_product_variant", "product_id": product, "compute_price": "fixed", "fixed_price": 15.0,
    })  # fmt: skip
    box.clock.forward(300)  # so that the overlap of the second poll does not reach what was made
    source, polled = box.source("prices"), Polled()
    await poll(source, polled)
    await source.aclose()
    assert [one["fixed_price"] for one in polled.newest["sku:RULE-1"]["rules"]] == ["15"]
    box.call("product.pricelist.item", "unlink", [rule])
    box.clock.forward(away)
    source = box.source("prices", before=polled, census_minutes=15)
    await poll(source, polled)
    await source.aclose()
    assert (polled.newest["sku:RULE-1"]["rules"] == []) is told
