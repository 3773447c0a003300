"""What settlements brought in for each order (FIN-1)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import cast

from connectors.kit.settled_orders import SettledOrders
from schemas.records import SettledOrder, SettlementLine
from tests.builders import ORDERED
from tests.odoo_records import settlement_line, settlement_of

LINES = [
    settlement_line("sale", "100.00", "Price", "1"), settlement_line("shipping", "10.00", "Shipping", "1"),
    settlement_line("promotion", "-5.00", "Promo", "1"), settlement_line("tax", "8.25", "Tax", "1"),
    settlement_line("facilitator_tax", "-6.00", "Withheld", "1"), settlement_line("commission", "-15.00", "Commission", "1"),
    settlement_line("fee", "-3.00", "Fulfilment", "1"), settlement_line("fee", "-1.00", "Fulfilment", "1"),
    settlement_line("sale", "20.00", "Price", "2"), settlement_line("refund", "-20.00", "Price", "2"),
    settlement_line("refund_tax", "-1.00", "Tax", "2"), settlement_line("adjustment", "4.00", "Goodwill", "2"),
    settlement_line("unknown", "-0.50", "Levy", "2"), settlement_line("fee", "-40.00", "Subscription"),
    settlement_line("reserve", "-9.00", "Reserve", "2"),
]  # fmt: skip


def records() -> list[SettledOrder]:
    return SettledOrders(LINES).records(settlement_of("S1", *LINES))


def test_each_order_has_its_sums_and_its_margin() -> None:
    """FIN-1: everything but tax, before the cost of the goods; what is about no order is in none."""
    one, two = records()
    assert (one["sales"], one["shipping"], one["promotions"], one["refunds"]) == ("100.00", "10.00", "-5.00", "0")
    assert (one["fees"], one["tax"], one["margin"]) == (
        {"Commission": "-15.00", "Fulfilment": "-4.00"},
        "2.25",
        "86.00",
    )
    assert (two["sales"], two["refunds"], two["adjustments"], two["unknown"], two["tax"]) == (
        "20.00",
        "-20.00",
        "4.00",
        "-0.50",
        "-1.00",
    )
    assert two["margin"] == "3.50"


def test_a_record_says_of_which_order_settlement_and_time_it_is() -> None:
    lines = [*LINES[:2], {**LINES[2], "posted_at": ORDERED + timedelta(hours=1)}]
    (one,) = SettledOrders(cast(list[SettlementLine], lines)).records(settlement_of("S1"))
    assert (one["key"], one["order_key"]) == ("walmart:MAIN:settlement:S1:order:1", "walmart:MAIN:1")
    assert (one["currency"], one["settlement_id"], one["version"]) == ("USD", "S1", 1)
    assert (one["posted_at"], one["settled_at"]) == (ORDERED + timedelta(hours=1), ORDERED + timedelta(days=15))


def test_units_are_what_was_sold_less_what_came_back() -> None:
    """Amounts that are neither do not count the units again."""
    lines = [{**line, "sku": "TEA", "quantity": "2"} for line in LINES if line["order_id"]]
    one, two = SettledOrders(cast(list[SettlementLine], lines)).records(settlement_of("S1"))
    assert (one["skus"], two["skus"]) == ({"TEA": "2"}, {"TEA": "0"})


def test_the_records_add_up_to_the_settlement() -> None:
    """FIN-2: with what is about no order, and the reserve."""
    brought = sum((Decimal(one["margin"]) + Decimal(one["tax"]) for one in records()), Decimal(0))
    rest = Decimal("-40.00") + Decimal("-9.00")
    assert brought + rest == sum((Decimal(line["amount"]) for line in LINES), Decimal(0))
    assert records() == records()
