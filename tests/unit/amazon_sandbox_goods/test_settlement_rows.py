"""TEST-1, FIN-1, FIN-2: what an order brings, booked part by part, to the cent; tax that Amazon collects comes to nothing."""

from collections import Counter
from typing import Any

import pytest

from connectors.amazon.sandbox import lifecycle
from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.money import minor
from connectors.amazon.sandbox.settlement_rows import Booked, Row, refund_parts, rows_of
from tests.unit.amazon_sandbox.orders import NOW, ids_of, order_of, parcel

Json = dict[str, Any]
COUNTRIES = ("US", "CA", "UK", "DE", "JP")
RICH = {"gift_item": 1.0, "promotion_item": 1.0, "shipping_charge": 1.0, "points": 1.0}


def shipped(order: Json, units: dict[str, int], reference: str = "1") -> Json:
    return lifecycle.ship(order, parcel(units, reference), NOW)


def rich(country: str, *quantities: int, **more: Any) -> Json:
    order = order_of(*quantities, country=country, **{**RICH, **more})
    for item in lifecycle.items_of(order):
        # The helper changes quantities only: bring the money to as many units.
        item["proceeds"] = scaled(item["proceeds"], item["quantityOrdered"], country)
    return order


def scaled(block: Json, times: int, country: str) -> Json:
    place = BY_COUNTRY[country]

    def more(amount: Json) -> Json:
        return dict(place.money(minor(amount, place) * times + (times > 1)))

    found = []
    for one in block["breakdowns"]:
        details = [{**detail, "value": more(detail["value"])} for detail in one.get("detailedBreakdowns", [])]
        found.append({**one, "subtotal": more(one["subtotal"]), **({"detailedBreakdowns": details} if details else {})})
    return {**block, "breakdowns": found}


def booked(order: Json, before: Booked | None = None, refunds: list[Json] | None = None) -> tuple[list[Row], Booked]:
    return rows_of(order, refunds or [], before or Booked(), 1000)


def sums(rows: list[Row]) -> Counter[tuple[str, str, str]]:
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        found[row.triple] += row.minor
    return found


def of_kind(rows: list[Row], kind: str) -> int:
    return sum(row.minor for row in rows if row.triple[1] == kind)


def test_nothing_is_booked_before_it_is_shipped() -> None:
    assert booked(order_of(2)) == ([], Booked())


@pytest.mark.parametrize("country", COUNTRIES)
def test_what_a_buyer_paid_is_booked_to_the_last_unit(country: str) -> None:
    order = rich(country, 3)
    (item,) = lifecycle.items_of(order)
    place = BY_COUNTRY[country]
    rows, _ = booked(shipped(order, {item["orderItemId"]: 3}))
    paid: Counter[str] = Counter()
    for one in item["proceeds"]["breakdowns"]:
        for detail in one.get("detailedBreakdowns", []) if one["type"] == "TAX" else [{"value": one["subtotal"]}]:
            paid["Promotion" if one["type"] == "DISCOUNT" else "ItemPrice"] += minor(detail["value"], place)
    assert {kind: of_kind(rows, kind) for kind in paid} == dict(paid)
    assert of_kind(rows, "ItemFees") < 0


@pytest.mark.parametrize("country", ["US", "CA"])
def test_tax_that_amazon_collects_comes_to_nothing(country: str) -> None:
    order = rich(country, 3, seller_tax=0.0)
    (item_id,) = ids_of(order)
    rows, before = booked(shipped(order, {item_id: 2}))
    rows += booked(shipped(shipped(order, {item_id: 2}), {item_id: 1}, "2"), before)[0]
    taxes = {
        triple[2]: amount for triple, amount in sums(rows).items() if triple[1] == "ItemPrice" and "Tax" in triple[2]
    }
    assert taxes
    assert of_kind(rows, "ItemWithheldTax") == -sum(taxes.values())


def test_tax_of_the_sellers_own_is_not_withheld() -> None:
    order = rich("US", 1, seller_tax=1.0)
    rows, _ = booked(shipped(order, dict.fromkeys(ids_of(order), 1)))
    assert of_kind(rows, "ItemWithheldTax") == 0
    assert any(row.triple[2] == "Tax" for row in rows)


@pytest.mark.parametrize("country", COUNTRIES)
def test_parts_come_to_the_whole(country: str) -> None:
    """FIN-2: three settlements of one unit each book what one settlement of three would."""
    order = rich(country, 3)
    (item_id,) = ids_of(order)
    parts: list[Row] = []
    before, part = Booked(), order
    for number in range(1, 4):
        part = shipped(part, {item_id: 1}, str(number))
        rows, before = booked(part, before)
        parts += rows
        assert booked(part, before)[0] == []
    whole, _ = booked(shipped(order, {item_id: 3}))
    assert sums(parts) == sums(whole)
    assert [
        row.details["quantity-purchased"]
        for row in parts
        if row.triple[2] == "Principal" and row.triple[1] == "ItemPrice"
    ] == ["1"] * 3


def test_what_is_cancelled_later_is_not_booked() -> None:
    order = rich("US", 2)
    (item_id,) = ids_of(order)
    part = shipped(order, {item_id: 1})
    rows, before = booked(part)
    rest = lifecycle.cancel(part, [item_id], "MERCHANT", "NoInventory")
    rows += booked(rest, before)[0]
    place = BY_COUNTRY["US"]
    (left,) = (one for one in lifecycle.items_of(rest)[0]["proceeds"]["breakdowns"] if one["type"] == "ITEM")
    assert sums(rows)["Order", "ItemPrice", "Principal"] == minor(left["subtotal"], place)


def refund(item_id: str, **parts: int) -> Json:
    texts = " ".join(f"{name.replace('_', '-')}={amount}" for name, amount in parts.items())
    return {"orderItemId": item_id, "parts": texts, "at": 5.0, "minor": 0}


def test_a_refund_takes_price_and_tax_and_gives_commission_back() -> None:
    order = rich("US", 1, seller_tax=0.0)
    (item_id,) = ids_of(order)
    order = shipped(order, {item_id: 1})
    _, before = booked(order)
    rows, after = booked(order, before, [refund(item_id, item_price_adj=1000, item_tax_adj=85, item_promotion_adj=100)])
    assert sums(rows) == {
        ("Refund", "ItemPrice", "Principal"): -1000,
        ("Refund", "ItemPrice", "Tax"): -85,
        ("Refund", "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal"): 85,
        ("Refund", "Promotion", "Principal"): 100,
        ("Refund", "ItemFees", "Commission"): 135,
        ("Refund", "ItemFees", "RefundCommission"): -27,
    }
    assert {row.posted for row in rows} == {5000}
    assert (after.refunds, after.amounts) == (1, before.amounts)
    assert len({row.details["adjustment-id"] for row in rows}) == 1


def test_a_refund_is_booked_once_and_the_next_one_after_it() -> None:
    order = rich("US", 1)
    (item_id,) = ids_of(order)
    order = shipped(order, {item_id: 1})
    first, second = refund(item_id, item_price_adj=100), refund(item_id, item_price_adj=50)
    _, before = booked(order, None, [first])
    assert booked(order, before, [first])[0] == []
    rows, _ = booked(order, before, [first, second])
    assert sums(rows)["Refund", "ItemPrice", "Principal"] == -50


def test_the_kept_part_of_a_commission_has_a_limit() -> None:
    order = rich("US", 1)
    (item_id,) = ids_of(order)
    rows, _ = booked(shipped(order, {item_id: 1}), None, [refund(item_id, item_price_adj=1_000_000)])
    assert sums(rows)["Refund", "ItemFees", "RefundCommission"] == -500


@pytest.mark.parametrize("country", COUNTRIES)
def test_units_given_back_one_by_one_give_back_the_whole(country: str) -> None:
    order = rich(country, 3)
    (item_id,) = ids_of(order)
    order = shipped(order, {item_id: 3})
    steps = [refund_parts(order, item_id, before, 1) for before in range(3)]
    whole = refund_parts(order, item_id, 0, 3)
    assert {name: sum(step.get(name, 0) for step in steps) for name in whole} == whole


def test_amazon_takes_its_fee_for_each_unit_it_sends() -> None:
    order = rich("DE", 2)
    order["fulfillment"]["fulfilledBy"] = "AMAZON"
    (item_id,) = ids_of(order)
    rows, _ = booked(shipped(order, {item_id: 2}))
    assert sums(rows)["Order", "ItemFees", "FBAPerUnitFulfillmentFee"] == -2 * BY_COUNTRY["DE"].minor(386)
    assert {row.details["fulfillment-id"] for row in rows} == {"AFN"}
