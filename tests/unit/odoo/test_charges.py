"""The lines of an order come to the marketplace's total, as Odoo computes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit.errors import DataError
from connectors.odoo.charges import difference, lines_of
from connectors.odoo.plan import LinePlan, Service
from schemas.documents import from_document, to_document
from schemas.records import Order
from streams.failure.edit import apply_sets
from tests.builders import discount, money, order, order_line, sum_of, tax

CENTS = st.integers(0, 30_000).map(lambda value: f"{value / 100:.2f}")
TAXES = st.lists(
    st.builds(
        lambda name, amount, rate, collector: tax(name, amount, rate=rate, collected_by=collector),
        st.sampled_from(("State", "County", "City")),
        CENTS,
        st.sampled_from((None, "7.25", "9.975", "0")),
        st.sampled_from(("marketplace", "seller", "")),
    ),
    max_size=4,
)
LINES = st.builds(
    lambda quantity, amount, taxes, shipping, shipping_taxes, discounts: order_line(
        "A", quantity, "1.00",
        amount=amount,
        taxes=taxes,
        shipping_amount=money(shipping),
        shipping_taxes=shipping_taxes,
        discounts=[discount(one) for one in discounts],
    ),
    st.integers(1, 60), CENTS, TAXES, CENTS, TAXES, st.lists(CENTS, max_size=2),
)  # fmt: skip


def planned(built: Order, *, native_rates: bool = True) -> tuple[LinePlan, ...]:
    return lines_of(built, "mkt.order/1", "mkt", native_rates=native_rates)


def odoo_total(lines: Iterable[LinePlan]) -> Decimal:
    """What Odoo 18 makes of these lines, in floats like Odoo itself (`account.tax`, `float_round`), rounding per line."""
    total = 0.0
    for line in lines:
        gross = _round(float(line.quantity) * float(line.price))
        taxes = 0.0
        for one in line.taxes:
            taxes += _round(gross) if one.rate is None else _round(gross * float(one.rate) / 100)
        total += taxes if any(one.rate is None for one in line.taxes) else gross + taxes
    return Decimal(repr(round(total, 2))).quantize(Decimal("0.01"))


def _round(value: float) -> float:
    """Half away from zero, with Odoo's epsilon against the float's own error."""
    scaled = value / 0.01
    epsilon = 2 ** (math.log2(abs(scaled)) - 52) if scaled else 0.0
    return math.copysign(math.floor(abs(scaled) + epsilon + 0.5), scaled) * 0.01


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4), st.booleans())
def test_every_order_comes_to_its_total(lines: list[Any], native_rates: bool) -> None:
    """ORD-6: any quantities, amounts, shipping, discounts and taxes: to the cent, and nobody's arithmetic but Odoo's."""
    for position, line in enumerate(lines):
        line["line_id"] = str(position)
    built = order("1", lines)
    made = planned(built, native_rates=native_rates)
    assert difference(built, made) == 0
    assert odoo_total(made) == sum_of(built)
    assert len({line.xid for line in made}) == len(made)


def test_goods_come_first_then_charges_then_taxes() -> None:
    """ORD-6: the order a person reads them in."""
    line = order_line(
        "A", 2, "5.00",
        shipping_amount=money("3.00"), gift_wrap_amount=money("1.00"), discounts=[discount("0.50", "SPRING")],
        fees=[{"name": "Recycling", "amount": money("0.25")}], taxes=[tax("State", "0.60")],
    )  # fmt: skip
    made = planned(order("1", [line]))
    assert [(each.name, each.price) for each in made] == [
        ("Title of A", Decimal("5.00")),
        ("Shipping: Standard", Decimal("3.00")),
        ("Gift wrapping (A)", Decimal("1.00")),
        ("Recycling (A)", Decimal("0.25")),
        ("Discount: SPRING (A)", Decimal("-0.50")),
        ("State", Decimal("0.60")),
    ]


def test_one_tax_of_one_jurisdiction_is_one_line_however_often_it_is_charged() -> None:
    """ORD-6: item and shipping of two lines taxed by one state: one line of the sum."""
    lines = [
        order_line("A", line_id=number, taxes=[tax("State", "0.60")], shipping_taxes=[tax("State", "0.10")])
        for number in "12"
    ]
    taxes = [line for line in planned(order("1", lines)) if line.item is Service.TAX]
    assert [(line.price, len(line.taxes)) for line in taxes] == [(Decimal("1.40"), 1)]


@pytest.mark.parametrize(
    ("one", "other", "records"),
    [
        (tax("Sales Tax", "1"), tax("Sales Tax", "1"), 1),
        (tax("Sales Tax", "1"), tax("Sales Tax", "1", jurisdiction="city"), 2),
        (tax("Sales Tax", "1"), tax("Sales Tax", "1", collected_by="seller"), 2),
        (tax("Sales Tax", "1", code="CA"), tax("Sales Tax", "1", code="NV"), 2),
        (tax("Sales Tax", "1", collected_by=""), tax("Sales Tax", "1"), 1),  # the order says the marketplace collects
    ],
)
def test_records_are_told_apart_by_jurisdiction_name_and_collector(one: Any, other: Any, records: int) -> None:
    """ORD-6, ORD-11: and by nothing else, so their number stays small."""
    made = planned(order("1", [order_line("A", taxes=[one], shipping_taxes=[other])]))
    assert len({plan for line in made for plan in line.taxes}) == records


def test_a_tax_without_jurisdiction_is_told_apart_by_the_state_it_was_delivered_to() -> None:
    """ORD-6: `Sales Tax` alone would mix all states."""
    (line,) = [
        one
        for one in planned(order("1", [order_line("A", taxes=[tax("Sales Tax", "1", jurisdiction="")])]))
        if one.taxes
    ]
    assert line.name == "Sales Tax US-TX"


def test_a_stated_rate_stands_on_the_line_only_when_it_makes_the_amount() -> None:
    """ORD-6: 8.25 % of 20.00 is 1.65."""
    right = planned(order("1", [order_line("A", 2, taxes=[tax("VAT", "1.65", rate="8.25")])]))
    wrong = planned(order("1", [order_line("A", 2, taxes=[tax("VAT", "1.66", rate="8.25")])]))
    assert [[plan.rate for plan in line.taxes] for line in right] == [[Decimal("8.25")]]
    assert [[plan.rate for plan in line.taxes] for line in wrong] == [[], [None]]


def test_cancelled_units_are_not_sold() -> None:
    """ORD-8: three ordered, one cancelled, the amount is of what is left; a line cancelled in full stays with quantity 0."""
    lines = [
        order_line("A", 3, "5.00", quantity_cancelled="1"),
        order_line("B", 2, "5.00", "2", quantity_cancelled="2", amount="10.00"),
    ]
    made = planned(order("1", lines))
    assert [(line.quantity, line.price) for line in made] == [(Decimal(2), Decimal("5.00")), (Decimal(0), Decimal(0))]


@pytest.mark.parametrize(
    ("changes", "place", "good"),
    [
        ({"quantity": "abc"}, "lines[1].quantity", '"1"'),
        ({"amount": money("10.005")}, "lines[1].amount", '{"amount": "10.00", "currency": "USD"}'),
        ({"quantity_cancelled": "2"}, "lines[1].quantity_cancelled", "0"),
        ({"discounts": [discount("-1.00")]}, "lines[1].discounts[0].amount", '{"amount": "0", "currency": "USD"}'),
        ({"taxes": [tax("T", "0.005")]}, "lines[1].taxes[0].amount", '{"amount": "0", "currency": "USD"}'),
        ({"shipping_taxes": [tax("T", "0.005")]}, "lines[1].shipping_taxes[0].amount", '{"amount": "0", "currency": "USD"}'),
        ({"taxes": [tax("T", "1.00", rate="x")]}, "lines[1].taxes[0].rate", '"10"'),
        ({"components": [{"sku": "P", "quantity": "x"}]}, "lines[1].components[0].quantity", '"1"'),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_named_as_dead_edit_takes_it(
    changes: dict[str, Any], place: str, good: str
) -> None:
    """ERR-6: the second line is line 1 at the marketplace. Its place is counted from 0, its id said in words; setting that very place mends it,
    and no healthy line is edited."""
    wrong: Any = {**order_line("B", line_id="1"), **changes}
    built = order("1", [order_line("A", line_id="7"), wrong], total=money("20.00"))
    with pytest.raises(DataError, match=re.escape(f"{place} (line 1): ")):
        planned(built)
    mended: Any = from_document("order", apply_sets(to_document("order", built), [f"{place}={good}"]))
    assert [line.line_id for line in planned(mended) if line.line_id] == ["7", "1"]


def test_external_ids_stay_when_the_order_changes() -> None:
    """EVT-4, ORD-5: an update finds the lines the first version made."""
    first = planned(order("1", [order_line("A", 3, taxes=[tax("State", "1.80")], shipping_amount=money("2.00"))]))
    later = planned(order("1", [order_line("A", 2, taxes=[tax("State", "1.20")], shipping_amount=money("1.00"))]))
    assert [line.xid for line in first] == [line.xid for line in later]
