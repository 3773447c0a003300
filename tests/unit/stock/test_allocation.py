"""Configuration in layers: everywhere, channel, account, rules; what is said for fewer things wins (INV-2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from streams.connectors import compose_settings, discover, stock_caps, stock_minutes
from streams.settings import ConfigurationError, Settings, load_settings
from streams.stages.stock.allocation import Allocation, Allocations
from streams.stock_settings import StockSettings
from tests.unit.stock.samples import AMAZON, WALMART, level

OTHER = ("walmart", "outlet")


def terms(channel: Any = WALMART, sku: str = "A-1", *, stock: dict[str, Any], **changes: Any) -> Allocation:
    return Allocations(StockSettings(**stock), [WALMART, OTHER, AMAZON], {"walmart": 999}).of(
        channel, sku, level(**changes)
    )


def test_the_more_particular_layer_wins_field_by_field() -> None:
    stock = {
        "buffer": 1, "floor": 2,
        "channels": {"walmart": {"buffer": 3, "accounts": {"outlet": {"ratio": "0.5"}}}},
        "rules": [{"channel": "walmart", "account": "outlet", "buffer": 5}],
    }  # fmt: skip
    assert [terms(one, stock=stock).buffer for one in (AMAZON, WALMART, OTHER)] == [1, 3, 5]
    assert [terms(one, stock=stock).ratio for one in (AMAZON, WALMART, OTHER)] == [1, 1, Decimal("0.5")]
    assert terms(OTHER, stock=stock).floor == 2
    assert terms(OTHER, stock=stock).setting("ratio") == "stock.channels.walmart.accounts.outlet.ratio"
    assert terms(OTHER, stock=stock).setting("buffer") == "stock.rules[1].buffer"
    assert terms(AMAZON, stock=stock).setting("buffer") == "stock.buffer"


def test_rules_fit_by_sku_category_and_kit_and_the_last_one_wins() -> None:
    stock = {
        "rules": [
            {"skus": "A-.*", "buffer": 1},
            {"categories": ["All / Toys"], "floor": 2},
            {"kits": True, "cap": 3},
            {"skus": "A-1", "buffer": 4},
        ]
    }
    assert terms(sku="A-1", stock=stock).buffer == 4
    assert terms(sku="A-2", stock=stock).buffer == 1
    assert terms(sku="XA-2", stock=stock).buffer == 0
    assert terms(sku="A-10", stock=stock).buffer == 1  # not of the rule for A-1
    assert terms(stock=stock, category="All / Toys / Wood").floor == 2
    assert terms(stock=stock, category="All / Toysmiths").floor == 0
    assert (terms(stock=stock, kit=True).cap, terms(stock=stock).cap) == (3, 999)


def test_names_of_channels_and_accounts_are_found_in_any_case() -> None:
    """Environment variables come in lower case."""
    allocations = Allocations(StockSettings(channels={"walmart": {"buffer": 2}}), [("Walmart", "MAIN")])
    assert allocations.of(("Walmart", "MAIN"), "A", None).buffer == 2


@pytest.mark.parametrize(
    ("stock", "problem"),
    [
        ({"ratio": "1.5"}, "less than or equal to 1"),
        ({"buffer": -1}, "greater than or equal to 0"),
        ({"floor": 5, "cap": 3}, r"floor \(5\) is more than cap \(3\)"),
        ({"rules": [{"buffer": 1}]}, "must say what it is for"),
        ({"rules": [{"account": "main", "buffer": 1}]}, "must say its channel"),
        ({"rules": [{"skus": "(", "buffer": 1}]}, "not a regular expression"),
        ({"rules": [{"sku": "A", "buffer": 1}]}, "Extra inputs are not permitted"),
        ({"channels": {"walmart": {"ratoi": 1}}}, "Extra inputs are not permitted"),
        ({"flush_minutes": 0}, "greater than 0"),
    ],
)
def test_what_cannot_work_is_told_at_the_start(stock: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        StockSettings(**stock)


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSEWAY_STOCK__CHANNELS__WALMART__CAP", "500")
    monkeypatch.setenv("CAUSEWAY_STOCK__RULES", '[{"skus": "B.*", "warehouses": ["EAST"]}]')
    stock = load_settings(Settings).stock
    allocations = Allocations(stock, [WALMART])
    assert allocations.of(WALMART, "A", None).cap == 500
    assert allocations.of(WALMART, "B1", None).warehouses == ("EAST",)
    monkeypatch.setenv("CAUSEWAY_STOCK__RATIO", "2")
    with pytest.raises(ConfigurationError, match="CAUSEWAY_STOCK__RATIO"):
        load_settings(Settings)


def test_flushes_may_differ_by_channel() -> None:
    """INV-1: Walmart every 15 minutes, Amazon every two hours."""
    stock = StockSettings(channels={"amazon": {"flush_minutes": 120}})
    assert stock.flush_minutes_of("walmart") == 15
    assert stock.flush_minutes_of("Amazon") == 120
    assert stock.flush_minutes_of("amazon", {"amazon": 180}) == 120


def test_inv_1_amazon_is_told_every_two_to_four_hours_and_walmart_every_15_minutes_unless_somebody_says_else() -> None:
    usual = stock_minutes(discover())
    assert 120 <= StockSettings().flush_minutes_of("amazon", usual) <= 240
    assert StockSettings().flush_minutes_of("walmart", usual) == 15
    assert StockSettings(flush_minutes=30).flush_minutes_of("amazon", usual) == 30


def test_a_marketplace_says_by_its_connector_what_it_takes() -> None:
    """INV-2: Walmart 999, and what its settings say else."""
    connectors = discover()
    for wanted, expected in ((None, 999), (50, 50)):
        said = {} if wanted is None else {"stock_cap": wanted}
        settings = compose_settings(connectors)(walmart=said)
        assert stock_caps(settings, connectors) == {"amazon": 9999, "walmart": expected}
