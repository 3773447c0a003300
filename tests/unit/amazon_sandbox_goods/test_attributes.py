"""TEST-1, INV-5: what a PATCH makes of a listing's attributes: a number is written and nothing else is lost."""

from typing import Any

import pytest

from connectors.amazon.sandbox.listing_attributes import patched
from tests.unit.amazon_sandbox_goods.goods import CA, US, offer, op, price, stock, text

Json = dict[str, Any]
NUMBERS, OFFERS = "fulfillment_availability", "purchasable_offer"
HELD: Json = {
    NUMBERS: [stock(5, lead_time_to_ship_max_days=3)],
    OFFERS: [offer(20, discounted_price=price(15)), offer(18, audience="B2B")],
}


def after(*patches: Json, held: Json = HELD, places: tuple[str, ...] = (US,)) -> Json:
    changed, issues = patched(held, patches, places)
    assert issues == []
    return changed


def issue(patch: Json, held: Json = HELD, places: tuple[str, ...] = (US,)) -> str:
    """What is wrong with a patch, which has changed nothing."""
    changed, issues = patched(held, [patch], places)
    assert changed == held
    assert [one.severity for one in issues] == ["ERROR"]
    return issues[0].message


def test_merge_of_a_number_keeps_what_it_does_not_name() -> None:
    assert after(op("merge", NUMBERS, stock(9)))[NUMBERS] == [stock(9, lead_time_to_ship_max_days=3)]


@pytest.mark.parametrize("kind", ["add", "replace"])
def test_replace_swaps_the_whole_attribute(kind: str) -> None:
    assert after(op(kind, NUMBERS, stock(9)))[NUMBERS] == [stock(9)]
    assert after(op(kind, OFFERS, offer(21)))[OFFERS] == [offer(21)]


def test_merge_of_a_price_keeps_the_sale_and_the_offer_to_companies() -> None:
    bare = {"marketplace_id": US, "currency": "USD", "our_price": price(21)}
    assert after(op("merge", OFFERS, bare))[OFFERS] == [
        offer(21, discounted_price=price(15)),
        offer(18, audience="B2B"),
    ]


def test_merge_without_a_match_adds_an_offer() -> None:
    added = offer(30, CA, "CAD")
    assert after(op("merge", OFFERS, added), places=(US, CA))[OFFERS] == [*HELD[OFFERS], added]


def test_null_in_a_merge_takes_a_property_away() -> None:
    ended = after(op("merge", OFFERS, {"marketplace_id": US, "currency": "USD", "discounted_price": None}))
    assert ended[OFFERS][0] == offer(20)


@pytest.mark.parametrize(
    ("name", "value", "lacking"),
    [
        (NUMBERS, {"quantity": 3}, "fulfillment_channel_code"),
        (NUMBERS, {"quantity": 3, "fulfillment_channel_code": ""}, "fulfillment_channel_code"),
        (OFFERS, {"our_price": price(3), "currency": "USD"}, "marketplace_id"),
        (OFFERS, {"our_price": price(3), "marketplace_id": US}, "currency"),
    ],
)
def test_merge_needs_its_selectors(name: str, value: Json, lacking: str) -> None:
    assert lacking in issue(op("merge", name, value))


def test_an_offer_without_audience_is_the_one_for_all() -> None:
    held = {OFFERS: [{name: value for name, value in offer(20).items() if name != "audience"}]}
    assert len(after(op("merge", OFFERS, offer(21)), held=held)[OFFERS]) == 1


def test_delete_takes_what_the_selectors_name() -> None:
    assert (
        after(op("delete", OFFERS, {"marketplace_id": US, "currency": "USD", "audience": "B2B"}))[OFFERS]
        == HELD[OFFERS][:1]
    )
    assert NUMBERS not in after(op("delete", NUMBERS, {"fulfillment_channel_code": "DEFAULT"}))
    assert after(op("delete", NUMBERS, {"fulfillment_channel_code": "AMAZON_NA"}))[NUMBERS] == HELD[NUMBERS]


def test_delete_by_the_name_alone_is_refused() -> None:
    assert "selectors" in issue({"op": "delete", "path": f"/attributes/{OFFERS}"})
    assert "selectors" in issue(op("delete", OFFERS, {"our_price": price(1)}))


@pytest.mark.parametrize(
    "path",
    [
        "/attributes/fulfillment_availability/0/quantity",
        "/attributes",
        "fulfillment_availability",
        "/productType",
        "/attributes/Item",
    ],
)
def test_only_whole_attributes_are_addressed(path: str) -> None:
    assert "top level" in issue({"op": "replace", "path": path, "value": [stock(1)]})


def test_other_marketplaces_stay_as_they_are() -> None:
    held = {"item_name": [text("Lamp"), text("Lampe", CA)], OFFERS: [offer(20), offer(30, CA, "CAD")]}
    changed = after(op("replace", "item_name", {"value": "New"}), op("replace", OFFERS, offer(25)), held=held)
    assert changed["item_name"] == [text("Lampe", CA), {"value": "New", "marketplace_id": US}]
    assert changed[OFFERS] == [offer(30, CA, "CAD"), offer(25)]


def test_a_value_of_a_marketplace_that_the_call_does_not_name_is_refused() -> None:
    assert "marketplace_id" in issue(op("replace", OFFERS, offer(30, CA, "CAD")))
    assert "marketplace_id" in issue(op("replace", "item_name", {"value": "Which?"}), places=(US, CA))


def test_null_is_for_merge_only_and_a_value_is_needed() -> None:
    assert "null" in issue(op("replace", NUMBERS, {"fulfillment_channel_code": "DEFAULT", "quantity": None}))
    for kind in ("add", "replace", "merge"):
        assert "value" in issue({"op": kind, "path": f"/attributes/{NUMBERS}"})


def test_merge_that_could_mean_several_is_refused() -> None:
    held = {"bullet_point": [text("one"), text("two")]}
    assert "several" in issue(op("merge", "bullet_point", text("three")), held=held)


def test_what_is_held_is_not_touched() -> None:
    before = repr(HELD)
    after(op("merge", NUMBERS, stock(9)), op("delete", OFFERS, {"marketplace_id": US, "currency": "USD"}))
    assert repr(HELD) == before
