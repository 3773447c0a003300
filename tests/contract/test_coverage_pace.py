"""How soon what happens goes out, by default: capture, windows, lanes (FUL-2, INV-1, INV-3, EVT-5, TEST-2)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.odoo.settings import OdooSettings
from connectors.odoo.source.make import flows_for
from connectors.walmart.settings import WalmartSettings
from schemas.topics import Lane
from streams.stages.rules import RULES
from streams.stages.stock.windows import Windows
from streams.stock_settings import StockSettings
from tests.bench import journey, scale_changes, scale_products, scale_stock
from tests.bench.__main__ import BENCHES

SOON = timedelta(seconds=5)
_MINUTE = 60_000


@pytest.mark.parametrize("mode", ["poll", "outbox"])
@pytest.mark.parametrize("flow", ["stock", "sale_orders", "pickings"])
def test_what_sells_and_ships_is_read_within_seconds(flow: str, mode: str) -> None:
    """FUL-2, INV-1: near real time, in either mode and without a webhook."""
    settings = OdooSettings.model_validate({"capture": {"mode": mode}})
    assert flows_for(settings)[flow] <= SOON


@pytest.mark.parametrize("entity", ["shipment", "cancellation", "refund"])
def test_commands_of_orders_go_in_the_lane_nothing_blocks(entity: str) -> None:
    """FUL-2, EVT-5."""
    assert RULES[entity].lane({}) is Lane.CRITICAL


def test_no_change_of_stock_waits_longer_than_a_quarter_of_an_hour() -> None:
    """INV-1, TEST-2: whenever it falls; the wait ends on the clock, not a window after the change."""
    length = int(StockSettings().flush_minutes_of("walmart") * _MINUTE)
    waits = [Windows({"walmart": length}, at).next_ms() for at in range(0, 60 * _MINUTE, 7_000)]
    assert all(
        end is not None and 0 < end - at <= 15 * _MINUTE
        for at, end in zip(range(0, 60 * _MINUTE, 7_000), waits, strict=True)
    )


def test_walmart_is_told_at_most_999() -> None:
    """INV-2: by default."""
    assert WalmartSettings().stock_cap == 999


def test_every_figure_asked_for_is_measured_against_its_limit() -> None:
    """TEST-2: 10,000 SKUs, 100 orders in less than five minutes, 1,000 products in two, a change of stock out in fifteen (`make bench`)."""
    assert journey.ORDERS >= 100
    assert journey.LIMIT_SECONDS <= 300
    assert scale_products.PRODUCTS >= 1_000
    assert scale_products.LIMIT_SECONDS <= 120
    assert scale_changes.LIMIT_SECONDS <= 900
    assert scale_stock.SKUS >= 10_000
    assert {"end_to_end", "products", "stock_change", "stock_full"} <= set(BENCHES)
