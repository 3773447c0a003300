"""Above which change a price waits for a person where nothing is configured, and what an approval is good for (PRC-1)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from streams.pricing_settings import PricingSettings
from streams.stages.pricing.ledger import answered, empty, priced
from tests.unit.pricing.test_ledger import CHANNEL, after, say, start
from tests.unit.pricing.test_offered import NOW, price

DEFAULT = PricingSettings()


@pytest.mark.parametrize(("amount", "waits"), [("12.00", False), ("12.01", True), ("8.00", False), ("7.99", True)])
def test_by_default_a_change_of_more_than_20_percent_waits(amount: str, waits: bool) -> None:
    ledger = priced(empty("A-1", NOW), price("10.00"), b"p", DEFAULT, [CHANNEL], NOW).ledger
    step = priced(ledger, price(amount), b"p", DEFAULT, [CHANNEL], NOW)
    assert (bool(step.approvals), bool(step.offers)) == (waits, not waits)


def test_an_approval_is_good_for_the_price_it_was_given_for() -> None:
    """The rules may have changed since: what would go out now is another price, and nobody has seen it."""
    step = after(start(), "5.00")
    approved = say("approved", step.approvals[0]["proposal"])
    other = PricingSettings(
        default=DEFAULT.default.model_copy(update={"rounding": "ending", "ending": Decimal("0.99")})
    )
    assert answered(step.ledger, approved, price("5.00"), other, NOW).offers == []
    assert answered(step.ledger, approved, price("5.00"), DEFAULT, NOW).offers[0]["price"]["amount"] == "5.00"
