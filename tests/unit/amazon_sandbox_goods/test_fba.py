"""TEST-1, ORD-10: Amazon's own stock: what counts as sellable, what an order does to it, what counts as a change."""

from typing import Any

import pytest

from connectors.amazon.sandbox.fba_api import fits
from connectors.amazon.sandbox.fba_store import KINDS, FbaStock, FbaStore
from connectors.amazon.sandbox.fba_views import summary
from connectors.kit.sandbox.database import Database
from tests.unit.amazon_sandbox_goods.goods import US

KEY = ("seller", US, "S-1")


@pytest.fixture
def store() -> FbaStore:
    found = FbaStore(Database(None, ""))
    found.put(
        FbaStock(
            *KEY, asin="B1", fn_sku="X1", name="Lamp", updated=1000, units={"fulfillable": 10, "inbound_shipped": 4}
        )
    )
    return found


def counts(store: FbaStore) -> tuple[int, int]:
    """(sellable, reserved for orders)"""
    stock = store.get(*KEY)
    assert stock is not None
    return stock.count("fulfillable"), stock.count("reserved_orders")


def test_an_order_is_reserved_then_shipped(store: FbaStore) -> None:
    store.ordered(KEY, "O-1", 3, 0, 2000)
    assert counts(store) == (7, 3)
    store.ordered(KEY, "O-1", 3, 0, 2500)
    assert counts(store) == (7, 3)
    store.ordered(KEY, "O-1", 1, 2, 3000)
    assert counts(store) == (7, 1)
    store.ordered(KEY, "O-1", 0, 3, 4000)
    assert counts(store) == (7, 0)


def test_a_cancelled_order_puts_its_units_back(store: FbaStore) -> None:
    store.ordered(KEY, "O-1", 3, 0, 2000)
    store.ordered(KEY, "O-1", 0, 1, 3000)
    assert counts(store) == (9, 0)


def test_stock_never_falls_below_nothing(store: FbaStore) -> None:
    store.ordered(KEY, "O-1", 30, 0, 2000)
    assert counts(store) == (0, 30)


@pytest.mark.parametrize(("kind", "moved"), [(kind, not kind.startswith("inbound")) for kind in KINDS])
def test_what_is_on_its_way_is_no_change(store: FbaStore, kind: str, moved: bool) -> None:
    before = store.get(*KEY)
    assert before is not None
    after = store.change(before, {kind: before.count(kind) + 1}, 5000)
    assert after.updated == (5000 if moved else 1000)
    assert store.change(after, {kind: after.count(kind)}, 9000).updated == after.updated


def test_the_total_has_what_is_on_its_way_and_only_details_tell_what_can_be_sold(store: FbaStore) -> None:
    """INV-2: totalQuantity is no stock to publish."""
    stock = store.get(*KEY)
    assert stock is not None
    plain, detailed = summary(stock, details=False), summary(stock, details=True)
    assert (plain["totalQuantity"], "inventoryDetails" in plain) == (14, False)
    assert detailed["inventoryDetails"]["fulfillableQuantity"] == 10
    assert detailed["inventoryDetails"]["inboundShippedQuantity"] == 4


def test_parts_of_a_summary_come_to_its_sums() -> None:
    units = {kind: number for number, kind in enumerate(KINDS, 1)}
    found: Any = summary(FbaStock(*KEY, asin="B1", fn_sku="X1", name="", updated=0, units=units), details=True)
    details = found["inventoryDetails"]
    for block, total in (
        ("reservedQuantity", "totalReservedQuantity"),
        ("unfulfillableQuantity", "totalUnfulfillableQuantity"),
    ):
        assert details[block][total] == sum(count for name, count in details[block].items() if name != total)
    researching = details["researchingQuantity"]
    assert researching["totalResearchingQuantity"] == sum(
        one["quantity"] for one in researching["researchingQuantityBreakdown"]
    )
    sums = (
        details["reservedQuantity"]["totalReservedQuantity"]
        + details["unfulfillableQuantity"]["totalUnfulfillableQuantity"]
    )
    flat = sum(count for count in details.values() if isinstance(count, int))
    assert found["totalQuantity"] == flat + sums + researching["totalResearchingQuantity"] == sum(units.values())


@pytest.mark.parametrize(
    ("since", "skus", "expected"),
    [
        (None, None, True),
        (1000, None, True),
        (1001, None, False),
        (None, frozenset({"S-1"}), True),
        (None, frozenset({"S-2"}), False),
    ],
)
def test_filters(store: FbaStore, since: int | None, skus: frozenset[str] | None, expected: bool) -> None:
    stock = store.get(*KEY)
    assert stock is not None
    assert fits(stock, since, skus) is expected
