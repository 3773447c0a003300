"""The table of what is done to an order that stands in Odoo."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.odoo.changes import Seen, Steps, mismatch, steps_for
from connectors.odoo.mapping import Rules, plan_order
from connectors.odoo.partners import Parties
from connectors.odoo.plan import OrderPlan
from connectors.odoo.settings import OdooSettings
from tests.builders import order, order_line

PARTIES = Parties(customer=1, delivery=2, invoice=1)
SEEN = Seen(
    id=9, state="draft", locked=False, total=Decimal("10.00"), currency="USD", ordered_at="2026-03-04 05:06:07",
    promised_at="2026-03-06 05:06:07", shipped=False, delivery_partner=2,
)  # fmt: skip
CONFIRMED = {"state": "sale"}


def plan(status: str) -> OrderPlan:
    return plan_order(order("1", [order_line("A")], status=status), Rules(OdooSettings(), production=False))


@pytest.mark.parametrize(
    ("status", "seen", "steps"),
    [
        # a quotation that stays one: only its lines are looked at
        ("created", {}, Steps(lines=True)),
        ("created", {"made": True}, Steps()),
        # confirming overwrites the date, so it is put back
        ("partially_shipped", {"made": True}, Steps(confirm=True, redate=True)),
        ("shipped", {"made": True}, Steps(confirm=True, redate=True, lock=True)),
        ("shipped", CONFIRMED, Steps(lines=True, lock=True)),
        # a person confirmed it: it stays confirmed, with the marketplace's date
        ("created", {**CONFIRMED, "ordered_at": "2026-03-05 00:00:00"}, Steps(lines=True, redate=True)),
        # a confirmation that was interrupted before its date was put back
        ("shipped", {**CONFIRMED, "locked": True, "ordered_at": "2026-03-05 00:00:00"}, Steps(redate=True)),
        ("shipped", {**CONFIRMED, "locked": True}, Steps()),
        # another address, another promise
        ("created", {"delivery_partner": 3}, Steps(lines=True, header={"partner_shipping_id": 2})),
        ("created", {"promised_at": ""}, Steps(lines=True, header={"commitment_date": "2026-03-06 05:06:07"})),
        # cancelling
        ("cancelled", {}, Steps(cancel=True)),
        ("cancelled", CONFIRMED, Steps(cancel=True)),
        ("cancelled", {"state": "cancel"}, Steps()),
    ],
)
def test_steps(status: str, seen: dict[str, Any], steps: Steps) -> None:
    """ORD-5, ORD-8"""
    assert steps_for(plan(status), PARTIES, replace(SEEN, **seen)) == steps


@pytest.mark.parametrize(
    ("status", "seen", "said"),
    [
        ("cancelled", {**CONFIRMED, "shipped": True}, "after it was shipped"),
        ("cancelled", {**CONFIRMED, "shipped": True, "locked": True}, "after it was shipped"),
        ("cancelled", {**CONFIRMED, "locked": True}, "unlock it"),
        ("shipped", {"state": "cancel"}, "cancelled in Odoo"),
        ("shipped", {**CONFIRMED, "locked": True, "total": Decimal("9.00")}, "-1.00 USD"),
        ("partially_shipped", {**CONFIRMED, "shipped": True, "delivery_partner": 3}, "address changed after"),
    ],
)
def test_refusals_leave_everything_as_it_is(status: str, seen: dict[str, Any], said: str) -> None:
    """ORD-8: a person decides; no other step is taken."""
    steps = steps_for(plan(status), PARTIES, replace(SEEN, **seen))
    assert steps.refusal is not None
    assert said in str(steps.refusal)
    assert replace(steps, refusal=None) == Steps()


def test_totals_are_compared_to_the_cent_and_in_one_currency() -> None:
    """ORD-6"""
    assert mismatch(plan("created"), SEEN) == ""
    assert "+0.01 USD" in mismatch(plan("created"), replace(SEEN, total=Decimal("10.01")))
    assert "EUR in Odoo" in mismatch(plan("created"), replace(SEEN, currency="EUR"))


def test_an_order_is_read_as_odoo_writes_it() -> None:
    found = Seen.of(
        {
            "id": 9, "state": "sale", "locked": False, "amount_total": 0.30000000000000004, "currency_id": [1, "USD"],
            "date_order": "2026-03-04 05:06:07", "commitment_date": False, "delivery_status": "partial",
            "partner_shipping_id": [2, "x"],
        }
    )  # fmt: skip
    assert (found.total, found.promised_at, found.shipped) == (Decimal("0.30"), "", True)


@pytest.mark.parametrize(("status", "is_captured", "refused"), [
    ("created", True, False), ("acknowledged", True, False), ("created", False, True), ("shipped", True, True),
])  # fmt: skip
def test_an_order_a_person_cancelled(status: str, is_captured: bool, refused: bool) -> None:
    """FUL-3, ORD-8: where the cancellation is on its way to the marketplace nothing is wrong yet; else, and once it has shipped, a person
    looks."""
    steps = steps_for(plan(status), PARTIES, replace(SEEN, state="cancel"), is_captured=is_captured)
    assert (steps.refusal is not None) is refused
    assert steps == (replace(steps, note="") if refused else Steps(note="cancelled_in_odoo"))
