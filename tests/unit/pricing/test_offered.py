"""The price of each channel: pricelists, currency, rounding, floor, sale dates (PRC-1, PRC-2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.reasons import Reason
from schemas.records import Price
from streams.pricing_settings import ChannelPricing, PricingSettings
from streams.stages.pricing.offered import PriceProblemError, offered

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def price(amount: str = "10.00", currency: str = "USD", **changes: Any) -> Price:
    plain = {
        "key": "sku:A-1", "sku": "A-1", "product_id": 7, "version": 1, "active": True, "category": "All / Shoes",
        "list_price": {"amount": amount, "currency": currency}, "cost": None, "pricelists": [], "fields": {}, "unreviewed": False,
    }  # fmt: skip
    return plain | changes  # type: ignore[return-value]


def entry(
    amount: str, starts: datetime | None = None, ends: datetime | None = None, name: str = "Walmart"
) -> dict[str, Any]:
    return {
        "pricelist": name, "pricelist_id": 3, "price": {"amount": amount, "currency": "USD"}, "starts_at": starts,
        "ends_at": ends, "rule": "fixed",
    }  # fmt: skip


def asks(made: Price, rates: dict[str, Decimal] | None = None, **rules: Any) -> str:
    return offered(made, ChannelPricing(**rules), rates or {}, NOW).price["amount"]


def test_each_channel_has_its_pricelist() -> None:
    """PRC-2."""
    made = price(pricelists=[entry("8.50"), entry("9.75", name="Amazon")])
    assert [asks(made, pricelist=name) for name in ("Walmart", "Amazon", "")] == ["8.50", "9.75", "10.00"]


def test_a_pricelist_that_says_nothing_is_told() -> None:
    """PRC-2: a name with a typo must not fall back to the list price in silence."""
    with pytest.raises(PriceProblemError, match="'Wallmart' says nothing") as found:
        asks(price(pricelists=[entry("8.50")]), pricelist="Wallmart")
    assert found.value.reason is Reason.MAPPING


def test_another_currency_needs_a_rate() -> None:
    """PRC-1."""
    assert asks(price("10.00", "EUR"), {"EUR/USD": Decimal("1.0855")}) == "10.86"
    with pytest.raises(PriceProblemError, match="no rate EUR/USD"):
        asks(price("10.00", "EUR"))


@pytest.mark.parametrize(("amount", "rules", "expected"), [
    ("10.005", {}, "10.01"), ("10.00", {"rounding": "ending"}, "10.99"), ("10.99", {"rounding": "ending"}, "10.99"),
    ("11.00", {"rounding": "ending"}, "11.99"), ("10.20", {"rounding": "ending", "ending": "0.5"}, "10.50"),
    ("10.10", {"rounding": "none"}, "10.10"), ("999.6", {"currency": "JPY"}, "1000"),
])  # fmt: skip
def test_rounding(amount: str, rules: dict[str, Any], expected: str) -> None:
    """PRC-1."""
    currency = rules.get("currency", "USD")
    assert asks(price(amount, currency), **rules) == expected


def test_never_below_the_lowest_advertised_price() -> None:
    """PRC-1: MAP floor; raised to it, or refused, as configured; it holds after rounding too."""
    made = price("10.00", fields={"x_map": "12.345"})
    assert asks(made, floor_field="x_map") == "12.35"
    with pytest.raises(PriceProblemError, match="below the lowest allowed price") as found:
        asks(made, floor_field="x_map", below_floor="refuse")
    assert found.value.reason is Reason.DATA
    assert asks(price("10.00", fields={"x_map": "false"}), floor_field="x_map") == "10.00"


def test_never_below_cost_and_margin() -> None:
    """PRC-1."""
    made = price("10.00", cost={"amount": "9.00", "currency": "USD"})
    assert asks(made, floor_over_cost_percent=Decimal(20)) == "10.80"


def test_a_sale_price_keeps_its_dates() -> None:
    """PRC-1: sale prices with dates; one that is over is none, one that the floor lifts to the price is none."""
    running = entry("7.00", NOW - DAY, NOW + DAY)
    made = offered(price(pricelists=[running, entry("9.00")]), ChannelPricing(pricelist="Walmart"), {}, NOW)
    assert made.sale is not None
    assert (made.price["amount"], made.sale.price["amount"]) == ("9.00", "7.00")
    assert (made.sale.starts_at, made.sale.ends_at) == (NOW - DAY, NOW + DAY)
    over = entry("7.00", NOW - 2 * DAY, NOW - DAY)
    assert offered(price(pricelists=[over]), ChannelPricing(pricelist="Walmart"), {}, NOW).sale is None
    floor = ChannelPricing(pricelist="Walmart", floor_field="x_map")
    lifted = price(pricelists=[running, entry("9.00")], fields={"x_map": "9.00"})
    assert offered(lifted, floor, {}, NOW).sale is None


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "ten", "Infinity"])
def test_no_price_is_offered_that_is_none(amount: str) -> None:
    """PRD-3: a data-quality exception, never an item given away."""
    with pytest.raises(PriceProblemError) as found:
        asks(price(amount))
    assert found.value.reason is Reason.DATA


def test_a_price_that_rounds_to_nothing_says_so() -> None:
    """PRD-3: what Odoo shows is above 0, so "the price is 0" would lead nowhere."""
    with pytest.raises(
        PriceProblemError, match=r"^list price: 0\.001 USD rounds to 0\.00; a marketplace wants"
    ) as found:
        asks(price("0.001"))
    assert found.value.reason is Reason.DATA
    with pytest.raises(PriceProblemError, match=r"^list price: 0\.001 USD rounds to 0\.00;"):
        asks(price("0.1", "JPY"), {"JPY/USD": Decimal("0.01")})
    with pytest.raises(PriceProblemError, match=r"the price is 0\.00 \(rounded as Odoo does\); a"):
        asks(price(pricelists=[entry("0.00")]), pricelist="Walmart")
    assert asks(price("0.001", fields={"x_map": "2"}), floor_field="x_map") == "2.00"


@given(
    st.decimals("0.01", "5000", places=4), st.decimals("0.01", "5000", places=4), st.sampled_from(["cents", "ending"])
)
def test_whatever_the_numbers_the_floor_holds_and_cents_are_whole(
    amount: Decimal, floor: Decimal, rounding: str
) -> None:
    """PRC-1."""
    made = price(str(amount), fields={"x_map": str(floor)})
    asked = Decimal(asks(made, floor_field="x_map", rounding=rounding)) if amount >= Decimal("0.005") else floor
    assert asked >= floor
    assert asked == asked.quantize(Decimal("0.0001"))


def test_every_step_can_be_read() -> None:
    """INV-6 asks it of stock; a price is explained alike."""
    made = offered(price("10.00", "EUR"), ChannelPricing(rounding="ending"), {"EUR/USD": Decimal("1.1")}, NOW)
    assert [(term["name"], term["quantity"]) for term in made.terms] == [
        ("list price", "10.00"), ("rate EUR/USD", "11.000"), ("rounding ending", "11.99")
    ]  # fmt: skip


def test_rates_are_pairs() -> None:
    with pytest.raises(ValueError, match="want a pair such as EUR/USD"):
        PricingSettings(rates={"EUR": Decimal(1)})
