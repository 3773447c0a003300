"""A canonical order -> a plan: what identifies whom, what is refused, what is written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.kit.errors import DataError, RuleError
from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.plan import OrderPlan
from connectors.odoo.settings import OdooSettings, Stage
from schemas.records import Order
from tests.builders import address, money, order, order_line


def plan(built: Order, production: bool = False, **changes: Any) -> OrderPlan:
    return plan_order(built, Rules(OdooSettings(**changes), production))


def built(number: str = "1", **changes: Any) -> Order:
    return order(number, changes.pop("lines", [order_line("A")]), **changes)


def test_an_order_is_known_by_its_key_and_carries_its_numbers() -> None:
    """ORD-5, ORD-6: external id from the natural key, origin the marketplace's id, reference the buyer's number."""
    made = plan(built("200 1/x"))
    assert made.xid == "mkt.order/walmart:MAIN:200%201%2Fx"
    assert (made.origin, made.reference) == ("200 1/x", "C-200 1/x")
    assert plan(built(customer_order_id="")).reference == "1"


@pytest.mark.parametrize(
    ("status", "stage"),
    [
        ("created", Stage.QUOTATION),
        ("acknowledged", Stage.QUOTATION),
        ("partially_shipped", Stage.CONFIRMED),
        ("shipped", Stage.LOCKED),
        ("delivered", Stage.LOCKED),
        ("cancelled", Stage.CANCELLED),
        ("unknown", Stage.QUOTATION),
        ("something new", Stage.QUOTATION),
    ],
)
def test_stages_by_default(status: str, stage: Stage) -> None:
    """ORD-8"""
    assert plan(built(status=status)).stage is stage


def test_customers_are_known_by_email_in_any_case_and_else_by_order() -> None:
    """ORD-7"""

    def customer(email: str, number: str = "1", **changes: Any) -> str:
        one = built(number)
        one["buyer"]["email"] = email
        return plan(one, **changes).customer.xid

    assert customer("Ann@X.example") == customer("ann@x.example ", "2")
    assert customer("ann@x.example") != customer("bob@x.example")
    assert customer("", "1") != customer("", "2")
    assert "ann" not in customer("ann@x.example")
    assert customer("ann@x.example", id_key="other") != customer("ann@x.example")


def test_addresses_are_known_by_customer_and_content() -> None:
    """ORD-7: two spellings of one address are one; another customer's is another."""
    first = plan(built(ship_to=address(street="100 Invented Street")))
    spelled = plan(built(ship_to=address(street="100 invented  ST.")))
    other = plan(built("2", ship_to=address(street="100 Invented Street")))
    assert first.delivery.xid == spelled.delivery.xid != other.delivery.xid
    assert first.invoice is None
    billed = plan(built(bill_to=address(street="7 Sample Blvd")))
    assert billed.invoice is not None
    assert billed.invoice.address.street == "7 SAMPLE BLVD"
    assert billed.customer.address.street == "7 SAMPLE BLVD"


def test_a_nameless_buyer_is_named_after_the_order() -> None:
    """ORD-7: Odoo needs a name."""
    one = built(ship_to=address(name=""))
    one["buyer"]["name"] = " "
    assert plan(one).customer.name == "walmart customer C-1"
    assert plan(one).delivery.address.name == "walmart customer C-1"


@pytest.mark.parametrize(
    ("changes", "settings", "error", "said"),
    [
        ({"test": True}, {}, RuleError, "test order"),
        ({"lines": []}, {}, DataError, "none"),
        ({"lines": [order_line("A"), order_line("B")]}, {}, DataError, "same line_id"),
        ({"fulfilment": "marketplace"}, {}, RuleError, "MARKETPLACE_WAREHOUSE"),
        (
            {"fulfilment": "marketplace"},
            {"marketplace_warehouses": {"amazon": "FBA"}},
            RuleError,
            "walmart in CAUSEWAY_ODOO",
        ),
        ({"ship_to": address(zip="1234")}, {}, DataError, "zip"),
        ({"total": money("9.99")}, {}, DataError, "-0.01 USD"),
        ({"lines": [order_line("A", price="-2.42")]}, {}, DataError, "total: -2.42 USD is below 0"),
        ({"total": money("10", "EUR")}, {}, DataError, "currency EUR"),
    ],
)
def test_what_is_refused_and_why(changes: Any, settings: Any, error: type[Exception], said: str) -> None:
    """TEST-4, ORD-6, ORD-12"""
    with pytest.raises(error, match=said):
        plan(built(**changes), production=True, **settings)


def test_what_is_let_through_where_it_is_allowed() -> None:
    """TEST-4, ORD-8, ORD-10, ORD-12: test orders outside production; a bad address when told so, or when there is nothing to ship."""
    assert plan(built(test=True))
    assert plan(built(fulfilment="marketplace"), marketplace_warehouse="FBA").marketplace_ships
    assert plan(built(fulfilment="marketplace"), marketplace_warehouses={"walmart": "WFS"}).marketplace_ships
    bad = address(zip="1234")
    assert plan(built(ship_to=bad), address_check="lenient")
    assert plan(built(ship_to=bad, fulfilment="marketplace"), marketplace_warehouse="FBA")
    assert plan(built(ship_to=bad, status="shipped"))  # it has left: a bad address harms nobody any more
    assert plan(built(ship_to=bad, status="cancelled", total=money("999")))
    assert plan(built(lines=[order_line("A", price="0.00")])).total == 0  # a free replacement


def test_the_note_holds_what_is_wanted_as_safe_html() -> None:
    """ORD-6: gift messages in the note; a buyer cannot write HTML into Odoo."""
    one = built(gift_message="<script>x</script>", gift=True, buyer_note="ring & run", purchase_order_number="PO-7")
    one["lines"][0]["gift_message"] = "for Bo"
    assert plan(one).note == (
        "<p>Gift message: &lt;script&gt;x&lt;/script&gt;</p><p>Gift message (A): for Bo</p>"
        "<p>Gift: no prices on the packing slip</p><p>Buyer&#x27;s note: ring &amp; run</p><p>Purchase order: PO-7</p>"
    )
    assert plan(one, notes=()).note == ""


def test_the_promise_is_the_shipping_date_else_the_delivery_date() -> None:
    moment = datetime(2026, 5, 1, tzinfo=UTC)
    assert plan(built(ship_by=moment)).promised_at == moment
    assert plan(built(ship_by=None, deliver_by=moment)).promised_at == moment


@pytest.mark.parametrize("address_check", ["strict", "lenient"])
def test_what_was_found_when_the_order_was_read_is_refused_in_the_same_words(address_check: str) -> None:
    """ORD-12: the order is known, and counts; it is no order of Odoo's until somebody mends it."""
    problem = "ship_to.zip: no US ZIP code (12345 or 12345-6789)"
    wrong = built(ship_to=address(zip="9021O"), problems=[problem, "shipping_level: none of standard, value"])
    with pytest.raises(DataError) as caught:
        plan(wrong, address_check=address_check)
    assert str(caught.value) == f"{problem}; shipping_level: none of standard, value"


def test_an_address_mended_in_the_order_lets_it_through() -> None:
    """ERR-6: whoever edits the dead letter sets the place the problem names, and nothing else."""
    problems = ["ship_to.zip: no US ZIP code (12345 or 12345-6789)", "ship_to.city: missing"]
    half = built(ship_to=address(zip="90210", city=""), problems=problems)
    with pytest.raises(DataError, match=r"^ship_to\.city: missing$"):
        plan(half)
    assert plan(built(problems=problems)).delivery.address.zip == "78701"
