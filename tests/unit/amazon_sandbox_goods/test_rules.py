"""TEST-1, INV-4: what Amazon says of a submission at once, and what it notices later (INVALID within 200, issues that appear)."""

from typing import Any

import pytest

from connectors.amazon.sandbox.definitions_types import OFFER_ONLY, PRODUCT_ONLY, TYPES, required_of
from connectors.amazon.sandbox.listing_changes import applied
from connectors.amazon.sandbox.listing_issues import REMOVED, SEARCH_SUPPRESSED, SUPPRESSED, actions, fatal
from connectors.amazon.sandbox.listing_store import Listing
from connectors.amazon.sandbox.listing_work import judged
from tests.unit.amazon_sandbox_goods.goods import (
    ASIN,
    CA,
    JP,
    KEY,
    PAGES,
    US,
    full,
    listing,
    offer,
    op,
    patch,
    price,
    put,
    stock,
    text,
)

Json = dict[str, Any]


def codes(attributes: Json, requirements: str = "LISTING", kind: str = "PRODUCT") -> list[tuple[str, str]]:
    """(code, first attribute) of the issues of a PUT."""
    return [
        (one.code, one.attributes[0])
        for one in judged(None, "S-1", put(attributes, requirements=requirements, kind=kind))
    ]


def made(attributes: Json, held: Listing | None = None) -> Listing:
    found = applied(held, put(attributes), KEY, PAGES, 5000)
    assert found is not None
    return found


def test_a_full_listing_is_right() -> None:
    assert codes(full()) == []


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_each_required_attribute_is_missed_by_name(kind: str) -> None:
    for name in required_of(kind, "LISTING"):
        without: Json = {one: [{}] for one in required_of(kind, "LISTING") if one != name}
        assert ("90220", name) in codes(without, kind=kind)


def test_requirements_differ() -> None:
    product = {name: full()[name] for name in ("item_name", "brand")}
    assert codes(product, PRODUCT_ONLY) == []
    assert {name for _, name in codes(product)} == {"condition_type", "purchasable_offer"}
    sold = {name: full()[name] for name in ("condition_type", "purchasable_offer", "fulfillment_availability")}
    assert codes(sold, OFFER_ONLY) == [("90220", "merchant_suggested_asin")]
    assert codes({**sold, "merchant_suggested_asin": [{"value": ASIN}]}, OFFER_ONLY) == []
    assert codes({**sold, "merchant_suggested_asin": [{"value": ASIN}], "item_name": [text("x")]}, OFFER_ONLY) == [
        ("90000900", "item_name")
    ]


@pytest.mark.parametrize(
    ("change", "code", "name"),
    [
        ({"fulfillment_availability": [stock(-1)]}, "90000900", "fulfillment_availability"),
        ({"fulfillment_availability": [stock(True)]}, "90000900", "fulfillment_availability"),
        ({"fulfillment_availability": [{**stock(), "quantity": 1.5}]}, "90000900", "fulfillment_availability"),
        ({"fulfillment_availability": [{**stock(), "fulfillmentChannelCode": "DEFAULT"}]}, "90000900", "fulfillment_availability"),
        ({"fulfillment_availability": [stock(1, "NOWHERE")]}, "90000900", "fulfillment_availability"),
        ({"fulfillment_availability": [stock(1), stock(2)]}, "90000900", "fulfillment_availability"),
        ({"purchasable_offer": [offer("19.99")]}, "90000900", "purchasable_offer"),
        ({"purchasable_offer": [offer(0)]}, "90000900", "purchasable_offer"),
        ({"purchasable_offer": [offer(19.999)]}, "90000900", "purchasable_offer"),
        ({"purchasable_offer": [offer(currency="EUR")]}, "90000900", "purchasable_offer"),
        ({"purchasable_offer": [offer(our_price=[])]}, "99022", "purchasable_offer"),
        ({"purchasable_offer": [offer(discounted_price=[{"schedule": [{"start_at": "soon", "end_at": "later", "value_with_tax": 1}]}])]},
         "90000900", "purchasable_offer"),
        ({"purchasable_offer": []}, "99022", "purchasable_offer"),
        ({"item_name": [text("x" * 201)]}, "90000900", "item_name"),
        ({"fake_attribute": [{"value": 1}]}, "90000900", "fake_attribute"),
        ({"main_product_image_locator": [{"media_location": "lamp.jpg"}]}, "90000900", "main_product_image_locator"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_attribute(change: Json, code: str, name: str) -> None:
    assert (code, name) in codes({**full(), **change})


def test_yen_have_no_decimals() -> None:
    """PRC-1: a price as its currency has it."""
    held = listing({}, JP)
    yen = patch(op("merge", "purchasable_offer", offer(1999.5, JP, "JPY")), places=(JP,))
    assert fatal(judged(held, "S-1", yen))
    assert not judged(held, "S-1", patch(op("merge", "purchasable_offer", offer(1999, JP, "JPY")), places=(JP,)))


def test_an_unknown_type_and_an_unknown_sku_are_said() -> None:
    assert codes(full(), kind="NO_SUCH_TYPE") == [("90000900", "product_type")]
    (issue,) = judged(None, "S-1", patch(op("merge", "fulfillment_availability", stock())))
    assert issue.code == "13013"


def test_a_patch_is_judged_by_what_it_writes_only() -> None:
    held = listing({"item_name": [text("x" * 300)]})
    assert judged(held, "S-1", patch(op("merge", "fulfillment_availability", stock()))) == []


def test_a_number_for_amazons_own_channel_is_a_warning_and_left_out() -> None:
    change = patch(op("replace", "fulfillment_availability", stock(10, "AMAZON_NA")))
    (issue,) = judged(listing(), "S-1", change)
    assert issue.severity == "WARNING"
    found = applied(listing(), change, KEY, PAGES, 5000)
    assert found is not None
    assert found.attributes["fulfillment_availability"] == [{"fulfillment_channel_code": "AMAZON_NA"}]


def test_put_replaces_everything_of_its_marketplace_only() -> None:
    held = listing({**full(), "color": [text("red"), text("rouge", CA)]}, US, CA)
    found = made(full(), held)
    assert found.attributes["color"] == [text("rouge", CA)]
    assert found.places[US]["updated"] == 5000
    assert (found.places[CA]["updated"], found.places[US]["created"]) == (1000, 1000)


def test_delete_takes_one_marketplace_and_the_last_one_everything() -> None:
    held: Listing | None = listing({**full(), "color": [text("red"), text("rouge", CA)]}, US, CA)
    for place, left in ((US, [CA]), (CA, [])):
        change = put({}, place)
        held = applied(held, type(change)("delete", (place,), 0.0, "delete", "r"), KEY, PAGES, 5000)
        assert list(held.places if held else {}) == left
        if held:
            assert held.attributes["fulfillment_availability"] == [stock()]
            assert "brand" not in held.attributes


def test_a_barcode_leads_to_its_page_and_a_new_product_to_a_new_one() -> None:
    barcode = [{"type": "upc", "value": "012345678905", "marketplace_id": US}]
    assert made(full(externally_assigned_product_identifier=barcode)).asin == ASIN
    assert made(full()).asin == "B0NEW00003"


def later(attributes: Json) -> tuple[list[str], set[str]]:
    found = made(attributes)
    return [issue["code"] for issue in found.issues], actions(found.issues, US)


def test_what_amazon_notices_later_takes_the_listing_off_sale() -> None:
    assert later(full()) == ([], set())
    assert later({name: value for name, value in full().items() if "image" not in name}) == (
        ["18320"],
        {SEARCH_SUPPRESSED},
    )
    low = full(purchasable_offer=[offer(10, minimum_seller_allowed_price=price(12))])
    assert later(low) == (["18155"], {SUPPRESSED})
    assert later(full(merchant_suggested_asin=[{"value": "B0ELSEWHER"}])) == (["8560"], {REMOVED})
    other: Json = {
        "externally_assigned_product_identifier": [{"type": "upc", "value": "012345678905"}],
        "merchant_suggested_asin": [{"value": "B0ELSEWHER"}],
    }
    assert later(full(**other)) == (["8560", "8541"], {REMOVED, SUPPRESSED})


def test_issues_go_when_their_cause_goes() -> None:
    held = made(full(purchasable_offer=[offer(10, minimum_seller_allowed_price=price(12))]))
    found = applied(held, patch(op("merge", "purchasable_offer", offer(13))), KEY, PAGES, 6000)
    assert found is not None
    assert found.issues == []
