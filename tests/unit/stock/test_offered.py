"""The number: warehouses, buffer, ratio, floor, cap, whole units, never negative (INV-2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from streams.stages.stock.allocation import Allocation, Allocations
from streams.stages.stock.ledger import Ledger
from streams.stages.stock.offered import offered
from streams.stock_settings import StockSettings
from tests.unit.stock.samples import AMAZON, WALMART, level

TWO = [
    {"warehouse": "WH", "on_hand": "10", "reserved": "3"},
    {"warehouse": "EAST", "on_hand": "5.5", "reserved": "0"},
]


def number(on_hand: Any = 10, *, allocation: dict[str, Any] | None = None, **changes: Any) -> int:
    return offered(Ledger("A", level(on_hand, **changes)), Allocation(**(allocation or {}))).quantity


@pytest.mark.parametrize(
    ("on_hand", "allocation", "expected"),
    [
        (10, {}, 10),
        ("10.9", {}, 10),  # whole units, rounded down
        (10, {"buffer": Decimal(3)}, 7),
        (2, {"buffer": Decimal(3)}, 0),  # never negative
        (-4, {}, 0),
        (10, {"ratio": Decimal("0.25")}, 2),
        (10, {"buffer": Decimal(2), "ratio": Decimal("0.5")}, 4),  # the buffer first
        (2, {"ratio": Decimal("0.3"), "floor": 1}, 1),  # a share of little is not nothing
        (0, {"ratio": Decimal("0.3"), "floor": 1}, 0),  # but never more than there is
        ("0.5", {"floor": 1}, 0),
        (10, {"cap": 4}, 4),
        (5000, {"cap": 999}, 999),
        (10, {"cap": 0}, 0),
        (10, {"ratio": Decimal(0)}, 0),
        (10, {"floor": 20, "ratio": Decimal("0.1")}, 10),
        (10, {"offer": False}, 0),
    ],
)
def test_the_number(on_hand: Any, allocation: dict[str, Any], expected: int) -> None:
    assert number(on_hand, allocation=allocation) == expected


def test_only_warehouses_that_ship_for_the_channel_count() -> None:
    assert number(locations=TWO) == 12
    assert number(locations=TWO, allocation={"warehouses": ("WH",)}) == 7
    assert number(locations=TWO, allocation={"warehouses": ("EAST", "NORTH")}) == 5


def test_inactive_and_unknown_products_are_not_sold() -> None:
    assert number(10, active=False) == 0
    assert offered(Ledger("A"), Allocation()).quantity == 0


def test_what_the_marketplace_takes_is_the_cap_unless_told_otherwise() -> None:
    """INV-2: its connector says so; the stage knows no marketplace by name."""
    caps = {"walmart": 999}
    ledger = Ledger("A", level(5000))
    for settings, expected in (({}, 999), ({"cap": 50}, 50), ({"channels": {"walmart": {"cap": 2000}}}, 2000)):
        allocations = Allocations(StockSettings(**settings), [WALMART, AMAZON], caps)
        assert offered(ledger, allocations.of(WALMART, "A", ledger.level)).quantity == expected
    unlimited = Allocations(StockSettings(), [AMAZON], caps).of(AMAZON, "A", ledger.level)
    assert offered(ledger, unlimited).quantity == 5000
