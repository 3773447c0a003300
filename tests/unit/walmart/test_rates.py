"""RATE-1: the table of Walmart's limits, and which call draws from which."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from connectors.kit.rate import Priority
from connectors.walmart.feeds import operation_of
from connectors.walmart.rates import DRAWS, WalmartRates

PLAN = WalmartRates().plan()
FOLDER = Path(__file__).parents[3] / "connectors" / "walmart"


@pytest.mark.parametrize(
    ("operation", "calls", "seconds"),
    [
        ("token", 30, 60), ("list_orders", 5000, 60), ("get_order", 5000, 60), ("acknowledge", 60, 60), ("shipping", 60, 60),
        ("cancel", 60, 60), ("refund", 60, 60), ("list_returns", 50, 60), ("return_refund", 60, 60), ("list_items", 60, 60),
        ("get_item", 900, 60), ("set_inventory", 200, 60), ("set_node_inventory", 200, 60), ("node_inventory", 200, 60),
        ("set_price", 100, 3600), ("feed_status", 5000, 60), ("list_feeds", 5000, 60), ("submit_inventory", 10, 3600),
        ("submit_mp_inventory", 50, 3600), ("submit_price", 10, 3600), ("submit_mp_item", 10, 3600),
        ("submit_mp_maintenance", 10, 3600), ("item_spec", 3, 60), ("statement", 15, 60), ("recon_file", 100, 60),
    ],
)  # fmt: skip
def test_each_call_draws_last_from_the_limit_walmart_publishes_for_it(operation: str, calls: int, seconds: int) -> None:
    quota = PLAN.quotas[PLAN.own(operation)]
    assert (quota.calls, quota.seconds) == (calls, seconds)


@pytest.mark.parametrize(
    ("area", "per_second", "operations"),
    [
        ("items", 5, {"list_items", "get_item", "retire_item", "taxonomy", "item_spec"}),
        (
            "inventory",
            10,
            {"get_inventory", "set_inventory", "list_inventories", "node_inventory", "set_node_inventory"},
        ),
        ("orders", 15, {"list_orders", "get_order", "acknowledge", "shipping", "cancel", "refund"}),
    ],
)
def test_areas_have_a_rate_of_ours_on_top(area: str, per_second: float, operations: set[str]) -> None:
    """RATE-1: Items 5/s, Inventory 10/s, Orders 15/s."""
    assert PLAN.quotas[area].per_second == per_second
    assert {name for name, draws in DRAWS.items() if area in draws} == operations


def test_every_call_of_the_connector_is_in_the_plan() -> None:
    """A call without a quota would end in a KeyError at the worst moment."""
    named = set()
    for path in FOLDER.glob("*.py"):
        named |= set(re.findall(r'\.(?:call|download)\(\s*"(\w+)"', path.read_text()))
    assert len(named) > 8
    assert named <= set(DRAWS)


def test_feeds_are_the_only_calls_named_after_their_type() -> None:
    for kind in ("inventory", "MP_INVENTORY", "price", "MP_ITEM", "MP_MAINTENANCE"):
        assert operation_of(kind) in DRAWS


def test_priorities_stand_in_their_order() -> None:
    """RATE-1: orders > stock > prices > products > reports."""
    assert sorted(Priority) == [Priority.ORDERS, Priority.STOCK, Priority.PRICES, Priority.PRODUCTS, Priority.REPORTS]
