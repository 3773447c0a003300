"""TEST-1, TEST-4: generated orders are seeded, realistic, consistent to the cent, and marked as test data."""

import json
import random
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from connectors.kit.sandbox.catalog import CATALOG, MARKER, TEST_ORDER_PREFIX, UNKNOWN_SKUS
from connectors.walmart.sandbox.charges import charges_of, order_total
from connectors.walmart.sandbox.damage import damaged
from connectors.walmart.sandbox.generator import EMAIL_DOMAIN, ID_MARKER, GeneratedOrder, generate, make_order
from connectors.walmart.sandbox.lines import lines_of, units
from connectors.walmart.sandbox.mix import DEFAULT, HEAVY, MIXES, PLAIN
from tests.unit.walmart_sandbox.orders import PLACED

ALL = {name: list(generate(1500, 11, mix, PLACED)) for name, mix in MIXES.items()}
EVERY = [order for orders in ALL.values() for order in orders]
WHOLE = [order for order in EVERY if "malformed" not in order.traits]


def skus(order: GeneratedOrder) -> list[str]:
    return [line["item"]["sku"] for line in lines_of(order.body)]


def test_same_arguments_give_the_same_order() -> None:
    assert make_order(7, 3, HEAVY, PLACED, "a") == make_order(7, 3, HEAVY, PLACED, "a")
    assert make_order(7, 3, HEAVY, PLACED, "a") != make_order(8, 3, HEAVY, PLACED, "a")
    assert make_order(7, 3, HEAVY, PLACED, "a") != make_order(7, 3, HEAVY, PLACED, "b")


def test_an_order_does_not_depend_on_how_many_are_made() -> None:
    assert list(generate(3, 7, HEAVY, PLACED, first=5)) == list(generate(8, 7, HEAVY, PLACED))[5:]


def test_order_ids_are_unique_and_carry_the_mark() -> None:
    ids = [order.body["purchaseOrderId"] for order in ALL["heavy"]]
    assert len(set(ids)) == len(ids)
    for order in EVERY:
        for name in ("purchaseOrderId", "customerOrderId"):
            assert re.fullmatch(ID_MARKER + r"\d{11}", order.body[name])


def test_personal_data_is_marked_as_invented() -> None:
    for order in WHOLE:
        assert order.body.get("customerEmailId") in (None, "") or order.body["customerEmailId"].endswith(EMAIL_DOMAIN)
        digits = re.sub(r"\D", "", order.body["shippingInfo"]["phone"])
        assert "missing_phone" in order.traits or "55501" in digits or "555001" in digits


def test_skus_are_the_catalogues_unless_the_trait_says_otherwise() -> None:
    known = {product.sku for product in CATALOG}
    for order in WHOLE:
        assert all(sku.startswith((MARKER, TEST_ORDER_PREFIX)) for sku in skus(order))
        unknown = [sku for sku in skus(order) if sku not in known and sku.removeprefix(TEST_ORDER_PREFIX) not in known]
        assert (len(unknown) == 1 and unknown[0] in UNKNOWN_SKUS) == ("unknown_sku" in order.traits)


def test_test_orders_are_told_by_every_sku() -> None:
    for order in WHOLE:
        marked = [sku.startswith(TEST_ORDER_PREFIX) for sku in skus(order)]
        assert all(marked) if "test_order" in order.traits else not any(marked)


def test_quantities_by_state_add_up_to_what_was_ordered() -> None:
    for order in WHOLE:
        for line in lines_of(order.body):
            assert sum(units(line).values()) == int(line["orderLineQuantity"]["amount"])


def test_the_total_is_the_sum_and_the_summary_says_the_same() -> None:
    for order in WHOLE:
        total = order_total(order.body)
        charges = list(charges_of(order.body))
        plain = sum(Decimal(str(c["chargeAmount"]["amount"])) for c in charges)
        taxes = sum(Decimal(str(c["tax"]["taxAmount"]["amount"])) for c in charges if "tax" in c)
        assert total.total == plain + taxes
        if "orderSummary" in order.body:
            assert Decimal(str(order.body["orderSummary"]["totalAmount"]["currencyAmount"])) == total.total


def test_amounts_are_whole_cents_and_survive_json() -> None:
    for order in WHOLE:
        again = json.loads(json.dumps(order.body))
        assert again == order.body
        for charge in charges_of(again):
            assert Decimal(str(charge["chargeAmount"]["amount"])) * 100 % 1 == 0


def test_line_prices_divide_by_units_unless_the_trait_says_otherwise() -> None:
    prices = {product.sku: product.price_cents for product in CATALOG}
    for order in WHOLE:
        if {"odd_unit_price", "unknown_sku", "test_order"} & set(order.traits):
            continue
        for line in lines_of(order.body):
            remaining = sum(units(line).values()) - units(line)["Cancelled"]
            item = next(c for c in line["charges"]["charge"] if c["chargeName"] == "ItemPrice")
            assert Decimal(str(item["chargeAmount"]["amount"])) * 100 == prices[line["item"]["sku"]] * remaining


def test_a_cancelled_order_costs_nothing() -> None:
    cancelled = [order for order in WHOLE if "cancelled_order" in order.traits]
    assert cancelled
    assert {order_total(order.body).total for order in cancelled} == {0}


def test_split_taxes_stand_on_charges_of_their_own() -> None:
    split = [order for order in WHOLE if "split_tax" in order.traits]
    names = {c["tax"]["taxName"] for order in split for c in charges_of(order.body) if "tax" in c}
    assert {"TX State Sales Tax", "Cook County Sales Tax", "Chicago City Sales Tax"} <= names
    for order in split:
        taxed = [
            c["tax"]["taxName"]
            for c in lines_of(order.body)[0]["charges"]["charge"]
            if c["chargeType"] == "PRODUCT" and "tax" in c
        ]
        assert len(taxed) == len(set(taxed)) > 1


def test_late_orders_lie_back_and_others_do_not() -> None:
    for order in WHOLE:
        back = (
            PLACED - timedelta(milliseconds=order.body["orderDate"]) - PLACED.replace(year=1970, month=1, day=1, hour=0)
        )
        assert (order.late > timedelta()) == ("late" in order.traits)
        assert abs(back - order.late) <= timedelta(seconds=1)
        assert order.late <= timedelta(minutes=8)


def test_second_orders_share_the_customer_order_and_the_customer() -> None:
    by_customer_order: dict[str, list[GeneratedOrder]] = {}
    for order in (o for o in ALL["heavy"] if "malformed" not in o.traits):
        by_customer_order.setdefault(order.body["customerOrderId"], []).append(order)
    shared = [orders for orders in by_customer_order.values() if len(orders) > 1]
    assert shared
    for orders in shared:
        assert len({o.body["shippingInfo"]["postalAddress"]["name"] for o in orders}) == 1
        assert len({o.body["purchaseOrderId"] for o in orders}) == len(orders)


def test_some_customers_come_back() -> None:
    emails = Counter(order.body.get("customerEmailId") for order in ALL["default"])
    assert max(count for email, count in emails.items() if email) > 5


def test_plain_orders_have_no_surprises() -> None:
    assert {trait for order in ALL["plain"] for trait in order.traits} <= {"untaxed"}


@pytest.mark.parametrize(
    ("trait", "share"),
    [
        ("unknown_sku", DEFAULT.unknown_sku),
        ("test_order", DEFAULT.test_order),
        ("missing_email", DEFAULT.missing_email),
        ("unicode_name", DEFAULT.unicode_name),
        ("foreign_address", DEFAULT.foreign_address),
        ("late", DEFAULT.late),
        ("cancelled_order", DEFAULT.cancelled_order),
        ("shipping_charge", DEFAULT.shipping_charge),
    ],
)
def test_shares_of_the_mix_are_kept(trait: str, share: float) -> None:
    """Regular customers repeat their oddities, so shares of customers scatter more."""
    hits = sum(trait in order.traits for order in ALL["default"])
    assert hits / 1500 == pytest.approx(share, abs=0.4 * share + 0.01)


def test_a_share_of_one_strikes_every_order() -> None:
    mix = replace(PLAIN, malformed=1.0, late=1.0, changing=0.0, walmart_fulfilled=1.0)
    for order in generate(20, 1, mix, PLACED):
        assert {"malformed", "late", "walmart_fulfilled"} <= set(order.traits)


def test_damaged_orders_can_still_be_followed() -> None:
    damaged = [order for order in EVERY if "malformed" in order.traits]
    assert len(damaged) > 20
    assert all(re.fullmatch(r"\d{13}", order.body["purchaseOrderId"]) for order in damaged)


def test_damaged_orders_can_be_damaged_again() -> None:
    once = [order.body for order in EVERY if "malformed" in order.traits]
    for seed, body in enumerate(once):
        twice = damaged(body, random.Random(seed))
        assert twice["purchaseOrderId"] == body["purchaseOrderId"]
