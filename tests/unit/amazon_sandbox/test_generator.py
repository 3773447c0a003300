"""TEST-1, TEST-4: generated orders are seeded, realistic, consistent to the smallest unit, and marked as test data."""

import random
import re
from collections import Counter
from typing import Any

import pytest

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.damage import damaged
from connectors.amazon.sandbox.generator import ID_MARKER, GeneratedOrder, generate, make_order
from connectors.amazon.sandbox.marketplaces import MARKETPLACES, Marketplace, marketplace
from connectors.amazon.sandbox.mix import DEFAULT, HEAVY, MIXES, OrderMix, mix_from
from connectors.amazon.sandbox.money import minor
from connectors.amazon.sandbox.places import EMAIL_DOMAIN
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER, FE_SELLER, SandboxSettings, Seller
from connectors.kit.sandbox.catalog import MARKER, TEST_ORDER_PREFIX, UNKNOWN_SKUS
from tests.unit.amazon_sandbox.orders import PLACED, order_of

SELLERS = (DEMO_SELLER, EU_SELLER, FE_SELLER)
EVERY = [order for seller in SELLERS for mix in MIXES.values() for order in generate(400, 11, mix, PLACED, seller)]
WHOLE = [order for order in EVERY if "malformed" not in order.traits]


def place_of(order: GeneratedOrder) -> Marketplace:
    return MARKETPLACES[order.body["salesChannel"]["marketplaceId"]]


def test_same_arguments_give_the_same_order() -> None:
    assert make_order(7, 3, HEAVY, PLACED, EU_SELLER) == make_order(7, 3, HEAVY, PLACED, EU_SELLER)
    assert make_order(7, 3, HEAVY, PLACED, EU_SELLER) != make_order(8, 3, HEAVY, PLACED, EU_SELLER)
    assert make_order(7, 3, HEAVY, PLACED, EU_SELLER) != make_order(7, 3, HEAVY, PLACED, FE_SELLER)


def test_an_order_does_not_depend_on_how_many_are_made() -> None:
    few = list(generate(3, 7, HEAVY, PLACED, EU_SELLER, first=5))
    assert few == list(generate(8, 7, HEAVY, PLACED, EU_SELLER))[5:]


def test_ids_are_of_amazons_form_and_carry_the_mark() -> None:
    for order in EVERY:
        assert re.fullmatch(ID_MARKER + r"-\d{7}-\d{7}", order.body["orderId"])


def test_personal_data_is_marked_as_invented() -> None:
    for order in WHOLE:
        email = order.body["buyer"].get("buyerEmail")
        assert email is None or email.endswith(f"@{EMAIL_DOMAIN}")
        address = order.body["recipient"]["deliveryAddress"]
        assert address["countryCode"] != "UK"
        assert len(address["countryCode"]) == 2


def test_skus_are_the_catalogues_unless_the_trait_says_otherwise() -> None:
    for order in WHOLE:
        skus = [item["product"]["sellerSku"] for item in lifecycle.items_of(order.body)]
        assert all(sku.startswith((MARKER, TEST_ORDER_PREFIX)) for sku in skus)
        assert any(sku in UNKNOWN_SKUS for sku in skus) == ("unknown_sku" in order.traits)


def test_breakdowns_add_up_to_their_totals() -> None:
    """ORD-3: the money of an order is consistent to the smallest unit, yen too."""
    for order in WHOLE:
        place, body = place_of(order), order.body
        totals = []
        for item in lifecycle.items_of(body):
            if "proceeds" not in item:
                continue
            block = item["proceeds"]
            parts = {one["type"]: minor(one["subtotal"], place) for one in block["breakdowns"]}
            totals.append(minor(block["proceedsTotal"], place))
            assert sum(parts.values()) == totals[-1]
            details = [one for one in block["breakdowns"] if one["type"] == "TAX"]
            for one in details:
                assert sum(minor(d["value"], place) for d in one["detailedBreakdowns"]) == parts["TAX"]
            assert not details or place.adds_tax
        if totals:
            assert minor(body["proceeds"]["grandTotal"], place) == sum(totals)
        assert ("proceeds" in body) == bool(totals)


@pytest.mark.parametrize("seller", SELLERS, ids=lambda seller: seller.region)
def test_amounts_have_the_currencys_decimals(seller: Seller) -> None:
    for order in generate(30, 1, DEFAULT, PLACED, seller):
        if "malformed" in order.traits or "proceeds" not in order.body:
            continue
        money = order.body["proceeds"]["grandTotal"]
        assert money["currencyCode"] == place_of(order).currency
        assert re.fullmatch(r"\d+" if money["currencyCode"] == "JPY" else r"\d+\.\d\d", money["amount"])


def test_every_kind_of_order_comes() -> None:
    """ORD-1..13 need them all: FBA and own, companies with purchase orders, gifts, promotions, both tax collectors."""
    seen = Counter(trait for order in EVERY for trait in order.traits)
    wanted = (
        "fba prime business po_number gift promotion points reporting_scheme seller_tax untaxed shipping_charge bundle "
        "unknown_sku test_order replacement pending preorder shipped part_shipped cancelled_order cancelled_item "
        "cancel_asked late changing_cancel changing_ask_to_cancel changing_address malformed delivery_note seller_order_id"
    )
    assert [trait for trait in wanted.split() if not seen[trait]] == []
    assert {place_of(order).country for order in WHOLE} == {"US", "CA", "MX", "UK", "DE", "FR", "IT", "ES", "JP"}


def test_amazons_own_orders_tell_less_of_the_buyer() -> None:
    own = [order.body for order in WHOLE if "fba" in order.traits]
    assert len(own) > 50
    for body in own:
        assert "buyerEmail" not in body["buyer"]
        assert "phone" not in body["recipient"]["deliveryAddress"]
        assert "packages" not in body


def test_taxes_name_who_collects_them() -> None:
    """ORD-11: a facilitator's tax is not the seller's."""
    for country, trait, expected in (("US", 0.0, True), ("US", 1.0, False), ("DE", 0.0, False)):
        items = lifecycle.items_of(order_of(1, country=country, seller_tax=trait))
        collectors = [one["tax"]["taxCollections"] for one in items if "taxCollections" in one.get("tax", {})]
        assert bool(collectors) == expected


def test_a_wanted_marketplace_is_kept_to() -> None:
    made = list(generate(40, 1, OrderMix(marketplaces=("DE",)), PLACED, EU_SELLER))
    assert {place_of(order).country for order in made} == {"DE"}


def test_damaged_orders_keep_their_id() -> None:
    order = order_of(1)
    for seed in range(60):
        broken = damaged(order, random.Random(seed))
        assert broken["orderId"] == order["orderId"]
        assert broken != order


@pytest.mark.parametrize("wrong", [{"fba": 2}, {"base": "nope"}, {"colour": 1}, {"items": []}, 7])
def test_a_wrong_mix_is_named(wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        mix_from(wrong)


def test_a_mix_by_name_or_with_changes() -> None:
    assert mix_from("heavy") is HEAVY or mix_from("heavy") == HEAVY
    assert mix_from({"fba": 1.0}).fba == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"sellers": ()},
        {"sellers": (DEMO_SELLER, DEMO_SELLER)},
        {"limits": {"makeCoffee": None}},
        {"rate_factor": 0},
        {"feed_seconds": (2.0, 1.0)},
        {"zipped_documents": "sometimes"},
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="sandbox settings"):
        SandboxSettings(**wrong)


def test_marketplaces_are_known_by_id_and_country() -> None:
    assert marketplace("UK") is marketplace("A1F83G8C2ARO7P")
    with pytest.raises(ValueError, match="known are"):
        marketplace("XX")
