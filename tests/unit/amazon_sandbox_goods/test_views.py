"""TEST-1, INV-1, PRC-1: a listing as it is read: names in camelCase, prices as text, statuses as they follow."""

from typing import Any

import pytest

from connectors.amazon.sandbox import listing_views as views
from connectors.amazon.sandbox.listing_issues import REMOVED, SEARCH_SUPPRESSED, SUPPRESSED, Issue
from connectors.amazon.sandbox.listing_views import BLOCKS, Around
from connectors.amazon.sandbox.moments import read
from tests.unit.amazon_sandbox_goods.goods import CA, JP, US, full, listing, offer, stock, text

Json = dict[str, Any]
NOON = read("2026-11-20T12:00:00Z")


def around(**more: Any) -> Around:
    return Around(**{"title": "", "sold": 0, "by_amazon": {}, "children": [], "now_ms": NOON, **more})


def test_only_the_blocks_asked_for_are_there() -> None:
    assert set(views.shown(listing(), around(), [US], ["offers", "issues"])) == {"sku", "offers", "issues"}
    assert set(views.shown(listing(), around(), [US], BLOCKS)) == {"sku", *BLOCKS}


def test_a_price_is_text_with_its_currencys_digits() -> None:
    held = listing(full(purchasable_offer=[offer(20), offer(18.5, audience="B2B"), offer(1999, JP, "JPY")]), US, JP)
    found = [(one["offerType"], one["price"]) for one in views.offers(held, [US, JP], NOON)]
    assert found == [
        ("B2C", {"currencyCode": "USD", "amount": "20.00"}),
        ("B2B", {"currencyCode": "USD", "amount": "18.50"}),
        ("B2C", {"currencyCode": "JPY", "amount": "1999"}),
    ]


@pytest.mark.parametrize(
    ("start", "end", "amount"),
    [
        ("2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z", "15.00"),
        ("2026-11-20", "2026-11-20", "15.00"),
        ("2026-11-21", "2026-11-22", "20.00"),
        ("2026-11-18", "2026-11-19", "20.00"),
        ("2026-11-20T13:00:00+01:00", "2026-11-30", "15.00"),
    ],
)
def test_a_sale_is_in_force_while_it_lasts(start: str, end: str, amount: str) -> None:
    """PRC-1: dates are days of the marketplace or moments."""
    sale = [{"schedule": [{"start_at": start, "end_at": end, "value_with_tax": 15}]}]
    (one,) = views.offers(listing(full(purchasable_offer=[offer(20, discounted_price=sale)])), [US], NOON)
    assert one["price"]["amount"] == amount


def test_units_sold_are_off_the_number_and_never_below_nothing() -> None:
    assert views.availability(listing(), 2) == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 3}]
    assert views.availability(listing(), 9) == [{"fulfillmentChannelCode": "DEFAULT", "quantity": 0}]


def test_amazons_channel_has_no_number() -> None:
    held = listing(full(fulfillment_availability=[stock(None, "AMAZON_NA")]))
    assert views.availability(held, 0) == [{"fulfillmentChannelCode": "AMAZON_NA"}]


def acting(action: str, *places: str) -> list[Json]:
    return [Issue("1", "x", action=action, marketplaces=places).as_json()]


@pytest.mark.parametrize(
    ("attributes", "issues", "sold", "expected"),
    [
        (full(), [], 0, ["BUYABLE", "DISCOVERABLE"]),
        (full(), [], 5, ["DISCOVERABLE"]),
        (full(fulfillment_availability=[stock(0)]), [], 0, ["DISCOVERABLE"]),
        ({name: value for name, value in full().items() if name != "purchasable_offer"}, [], 0, ["DISCOVERABLE"]),
        (full(purchasable_offer=[offer(audience="B2B")]), [], 0, ["DISCOVERABLE"]),
        (full(), acting(SUPPRESSED), 0, ["DISCOVERABLE"]),
        (full(), acting(SEARCH_SUPPRESSED), 0, ["BUYABLE"]),
        (full(), acting(REMOVED), 0, []),
        (full(), acting(SUPPRESSED, CA), 0, ["BUYABLE", "DISCOVERABLE"]),
        ({name: value for name, value in full().items() if name != "item_name"}, [], 0, ["BUYABLE"]),
    ],
)
def test_statuses_follow(attributes: Json, issues: list[Json], sold: int, expected: list[str]) -> None:
    held = listing(attributes, noted=issues)
    assert views.statuses(held, around(sold=sold), US) == expected


def test_what_amazon_sends_is_buyable_by_its_own_stock() -> None:
    held = listing(full(fulfillment_availability=[stock(None, "AMAZON_NA")]))
    assert "BUYABLE" not in views.statuses(held, around(), US)
    assert "BUYABLE" in views.statuses(held, around(by_amazon={US: 3}), US)
    assert "BUYABLE" not in views.statuses(held, around(by_amazon={CA: 3}), US)


def test_blocks_are_those_of_the_marketplaces_asked_for() -> None:
    held = listing(
        full(item_name=[text("Lamp"), text("Lampe", CA)], purchasable_offer=[offer(), offer(30, CA, "CAD")]), US, CA
    )
    shown = views.shown(held, around(), [CA], BLOCKS)
    assert [one["itemName"] for one in shown["summaries"]] == ["Lampe"]
    assert [one["marketplaceId"] for one in shown["offers"]] == [CA]
    assert shown["attributes"]["item_name"] == [text("Lampe", CA)]
    assert "brand" not in shown["attributes"]
    assert shown["attributes"]["fulfillment_availability"] == [stock()]


def test_parents_and_children_know_each_other() -> None:
    child = full(
        child_parent_sku_relationship=[{"parent_sku": "P", "marketplace_id": US}],
        variation_theme=[{"name": "COLOR/SIZE", "marketplace_id": US}],
    )
    (one,) = views.shown(listing(child), around(), [US], ["relationships"])["relationships"]
    assert one["relationships"] == [
        {
            "parentSkus": ["P"],
            "variationTheme": {"theme": "COLOR/SIZE", "attributes": ["color", "size"]},
            "type": "VARIATION",
        }
    ]
    (parent,) = views.shown(listing(), around(children=["A", "B"]), [US], ["relationships"])["relationships"]
    assert parent["relationships"] == [{"childSkus": ["A", "B"], "type": "VARIATION"}]
