"""What of an order counts against stock: the truth table of `ledger` (INV-2), row by row, and how late records are taken (INV-5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from schemas.records import Demand, StockOrder
from streams.stages.stock.ledger import (
    MOST_CLOSED,
    Ledger,
    Limits,
    next_due,
    open_units,
    settled,
    with_demand,
    with_level,
)
from tests.unit.stock.samples import NOW, SKU, demand, known, level

LIMITS = Limits()
ORDER = "walmart:main:1"


def after(*records: Any, now: Any = NOW) -> Ledger:
    """The ledger after stock levels and demands, in this order."""
    ledger = Ledger(SKU)
    for one in records:
        fold = with_demand if "quantity" in one else with_level
        ledger = fold(ledger, one, LIMITS, now)
    return ledger


def counted(ledger: Ledger) -> Decimal:
    return sum((one.units for one in open_units(ledger)), Decimal(0))


@pytest.mark.parametrize(
    ("asked", "in_odoo", "counts"),
    [
        pytest.param(demand(3), [], 3, id="seen, not in Odoo: new, held, or a dead letter"),
        pytest.param(demand(3), [known("walmart:main:2", 9, 9)], 3, id="a quotation: Odoo lists others only"),
        pytest.param(demand(3), [known(ORDER, 3, 3)], 0, id="confirmed and reserved"),
        pytest.param(demand(3), [known(ORDER, 3, 2)], 1, id="confirmed, partly reserved"),
        pytest.param(demand(3), [known(ORDER, 3, 0)], 3, id="confirmed, nothing reserved"),
        pytest.param(demand(3), [known(ORDER, 3, 0, 3)], 0, id="shipped in Odoo, open at the marketplace"),
        pytest.param(demand(3), [known(ORDER, 3, 1, 2)], 0, id="partly shipped, the rest reserved"),
        pytest.param(demand(3, status="shipped"), [], 3, id="shipped at the marketplace, not in Odoo"),
        pytest.param(demand(0, status="cancelled"), [known(ORDER, 3, 3)], 0, id="cancelled there, reserved in Odoo"),
        pytest.param(demand(2), [known(ORDER, 3, 3)], 0, id="cancelled in part"),
        pytest.param(demand(3), [known(ORDER, 3, 0, 0, 3)], 3, id="cancelled in Odoo, open at the marketplace"),
        pytest.param(demand("0.5"), [], "0.5", id="a fraction"),
    ],
)
def test_what_counts(asked: Demand, in_odoo: Sequence[StockOrder], counts: Any) -> None:
    expected = Decimal(counts)
    assert counted(after(level(10, 0, in_odoo), asked)) == expected
    assert counted(after(asked, level(10, 0, in_odoo))) == expected


def test_an_order_only_odoo_knows_counts_with_what_is_not_reserved() -> None:
    assert counted(after(level(10, 1, [known(ORDER, 5, 2, 1, 1)]))) == 1


def test_what_left_the_warehouse_stays_gone_when_odoo_forgets_the_move() -> None:
    """The first parcel's move is no longer listed; the second is reserved."""
    ledger = after(
        demand(3),
        level(10, 1, [known(ORDER, 3, 1, 2)], version=2),
        level(10, 1, [known(ORDER, 1, 1, 0)], version=3),
    )
    assert counted(ledger) == 0
    assert counted(after(demand(3), level(7, 0, [known(ORDER, 3, 0, 3)]), level(7, 0, [], version=2))) == 0


def test_a_demand_that_comes_after_its_shipment_does_not_count() -> None:
    assert counted(after(level(7, 0, [known(ORDER, 3, 0, 3)]), demand(3), level(7, 0, [], version=2))) == 0


def test_an_older_state_of_an_order_is_ignored() -> None:
    """INV-5: late, or through a retry."""
    newer = demand(1, version=5)
    assert counted(after(newer, demand(3, version=4))) == 1
    assert counted(after(newer, demand(3, version=5, seen_at=NOW))) == 1


def test_of_two_states_of_one_version_the_one_seen_later_counts() -> None:
    first, second = demand(3, seen_at=NOW), demand(2, seen_at=NOW + timedelta(seconds=1))
    assert counted(after(first, second)) == counted(after(second, first)) == 2


def test_of_an_older_level_only_what_was_done_counts() -> None:
    ledger = after(demand(3), level(4, version=5), level(10, 0, [known(ORDER, 3, 0, 3)], version=4))
    assert ledger.level is not None
    assert ledger.level["version"] == 5
    assert counted(ledger) == 0


def test_a_cancelled_order_does_not_come_back_with_an_old_state() -> None:
    ledger = after(demand(3, version=1), demand(0, version=2, status="cancelled"), demand(3, version=1))
    assert counted(ledger) == 0


def test_an_order_through_a_kit_and_by_itself_meets_odoo_as_one() -> None:
    """Odoo lists the order once with all its moves of the SKU."""
    both = (demand(1), demand(4, via="KIT"))
    assert counted(after(*both)) == 5
    assert counted(after(*both, level(10, 3, [known(ORDER, 5, 3, 1)]))) == 1
    assert counted(after(*both, level(10, 0, [known(ORDER, 5, 0, 5)]))) == 0


def test_a_shipped_order_odoo_never_heard_of_counts_for_a_week_after_it_was_placed() -> None:
    ledger = after(level(10), demand(3, status="shipped"))
    assert next_due(ledger, LIMITS) == NOW + LIMITS.shipped
    assert counted(settled(ledger, LIMITS, NOW + LIMITS.shipped - timedelta(seconds=1))) == 3
    assert counted(settled(ledger, LIMITS, NOW + LIMITS.shipped)) == 0


def test_history_that_is_read_for_the_first_time_does_not_count() -> None:
    old = demand(3, status="delivered", ordered_at=NOW - timedelta(days=30))
    assert counted(after(level(10), old)) == 0


def test_an_open_order_counts_for_months() -> None:
    ledger = after(level(10), demand(3))
    assert counted(settled(ledger, LIMITS, NOW + timedelta(days=89))) == 3
    assert counted(settled(ledger, LIMITS, NOW + timedelta(days=90))) == 0


def test_what_is_closed_is_forgotten_after_a_while_and_never_before() -> None:
    ledger = after(level(10, 0, [known(ORDER, 3, 0, 3)]), demand(3), demand(1, "2"))
    assert [one.closed for one in ledger.asked.values()] == [True, False]
    assert settled(ledger, LIMITS, NOW + LIMITS.remember) is ledger
    later = settled(ledger, LIMITS, NOW + LIMITS.remember + timedelta(seconds=5))
    assert [one.order_key for one in later.asked.values()] == ["walmart:main:2"]


def test_an_order_is_remembered_as_long_as_any_part_of_it_is_fresh() -> None:
    fresh = NOW + LIMITS.remember
    ledger = after(demand(0, status="cancelled"), demand(0, status="cancelled", via="KIT", version=2, seen_at=fresh))
    assert len(settled(ledger, LIMITS, fresh + timedelta(hours=1)).asked) == 2


def test_a_best_seller_does_not_grow_without_end() -> None:
    ledger = Ledger(SKU)
    for number in range(MOST_CLOSED + 50):
        ledger = with_demand(ledger, demand(0, str(number), status="cancelled"), LIMITS, NOW)
    assert len(ledger.asked) == MOST_CLOSED


@pytest.mark.parametrize(
    ("bad", "named"),
    [
        (level("many"), "on_hand of WH"),
        (level(1, "-1"), "reserved of WH"),
        (level(1, 0, [known(ORDER, "x")]), f"demanded by {ORDER}"),
        (level(1, 0, [known(ORDER, 1, "-1")]), f"reserved for {ORDER}"),
        (level(1, 0, [known(ORDER, 1, 0, "Infinity")]), f"done for {ORDER}"),
        (level(1, kit=True, components=[{"sku": "C", "quantity": ""}]), "quantity of part C"),
        (demand("-1"), "-1 units"),
        (demand("lots"), "'lots' is not a quantity"),
    ],
)
def test_a_quantity_that_is_none_is_refused_by_name(bad: Any, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        after(bad)


def test_negative_stock_is_odoos_to_have() -> None:
    assert after(level("-2")).level is not None
