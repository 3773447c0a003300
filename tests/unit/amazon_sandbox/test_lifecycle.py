"""TEST-1, FUL-2, FUL-3: what may happen to an order, and what follows from it for its status and its money."""

import copy

import pytest

from connectors.amazon.sandbox import changes, lifecycle
from connectors.amazon.sandbox.lifecycle import RuleError
from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.money import minor
from tests.unit.amazon_sandbox.orders import NOW, Json, ids_of, order_of, parcel, states, status

US = BY_COUNTRY["US"]


def test_parcels_move_an_order_from_unshipped_to_shipped() -> None:
    order = order_of(2, 1)
    first, second = ids_of(order)
    part = lifecycle.ship(order, parcel({first: 1}), NOW)
    assert (status(part), states(part)) == ("PARTIALLY_SHIPPED", [(1, 1), (0, 1)])
    whole = lifecycle.ship(part, parcel({first: 1, second: 1}, "2", "1Z2"), NOW)
    assert (status(whole), states(whole)) == ("SHIPPED", [(2, 0), (1, 0)])
    assert [one["trackingNumber"] for one in whole["packages"]] == ["1Z1", "1Z2"]
    assert status(order) == "UNSHIPPED"


def test_a_parcel_with_the_same_reference_corrects_the_earlier_one() -> None:
    order = order_of(2)
    (only,) = ids_of(order)
    shipped = lifecycle.ship(order, parcel({only: 2}), NOW)
    corrected = lifecycle.ship(shipped, parcel({only: 1}, "1", "1Z9"), "2026-11-21T00:00:00Z")
    assert (status(corrected), states(corrected)) == ("PARTIALLY_SHIPPED", [(1, 1)])
    (package,) = corrected["packages"]
    assert (package["trackingNumber"], package["createdTime"]) == ("1Z9", NOW)


def test_no_unit_is_shipped_twice() -> None:
    order = order_of(1)
    (only,) = ids_of(order)
    shipped = lifecycle.ship(order, parcel({only: 1}), NOW)
    before = copy.deepcopy(shipped)
    for reference, units in (("2", 1), ("1", 2)):
        with pytest.raises(RuleError):
            lifecycle.ship(shipped, parcel({only: units}, reference), NOW)
    with pytest.raises(RuleError, match="no such order item"):
        lifecycle.ship(order, parcel({"unknown": 1}), NOW)
    assert shipped == before


def test_cancelling_takes_the_items_money_out_of_the_order() -> None:
    order = order_of(1, 1)
    first, second = ids_of(order)
    left = lifecycle.cancel(order, [first], "MERCHANT", "NoInventory")
    assert (status(left), states(left)) == ("UNSHIPPED", [(0, 0), (0, 1)])
    kept = lifecycle.item_of(left, second)["proceeds"]["proceedsTotal"]
    assert left["proceeds"]["grandTotal"] == kept
    done = lifecycle.item_of(left, first)["cancellation"]["cancellationExecution"]
    assert done == {"cancelledBy": "MERCHANT", "cancelReason": "NoInventory"}
    gone = lifecycle.cancel(left, (), "BUYER", "")
    assert (status(gone), "proceeds" in gone) == ("CANCELLED", False)
    with pytest.raises(RuleError):
        lifecycle.cancel(gone, (), "BUYER", "")


def test_an_order_shipped_in_part_keeps_the_money_of_what_is_gone() -> None:
    order = order_of(2)
    (only,) = ids_of(order)
    part = lifecycle.ship(order, parcel({only: 1}), NOW)
    closed = lifecycle.cancel(part, [only], "MERCHANT", "NoInventory")
    assert (status(closed), states(closed)) == ("SHIPPED", [(1, 0)])
    item = lifecycle.item_of(closed, only)
    half = sum(minor(one["subtotal"], US) for one in item["proceeds"]["breakdowns"])
    assert minor(item["proceeds"]["proceedsTotal"], US) == half
    before = minor(lifecycle.item_of(order, only)["proceeds"]["proceedsTotal"], US)
    assert abs(half - before / 2) <= 1


def test_a_wish_to_cancel_changes_nothing_else() -> None:
    order = order_of(1, 1)
    first, second = ids_of(order)
    asked = lifecycle.ask_to_cancel(order, [first], "Ordered by mistake")
    assert (status(asked), states(asked)) == (status(order), states(order))
    request = lifecycle.item_of(asked, first)["cancellation"]["cancellationRequest"]
    assert request == {"requester": "BUYER", "cancelReason": "Ordered by mistake"}
    assert "cancellation" not in lifecycle.item_of(asked, second)


def test_a_pending_order_can_be_paid_or_cancelled_and_not_shipped() -> None:
    order = order_of(1)
    order["fulfillment"]["fulfillmentStatus"] = "PENDING"
    assert status(lifecycle.pay(order)) == "UNSHIPPED"
    assert status(lifecycle.cancel(order, (), "AMAZON", "")) == "CANCELLED"
    with pytest.raises(RuleError):
        lifecycle.ship(order, parcel({ids_of(order)[0]: 1}), NOW)
    with pytest.raises(RuleError):
        lifecycle.pay(lifecycle.pay(order))


def test_amazon_ships_its_own_orders_without_parcels() -> None:
    order = order_of(2, fba=1.0)
    gone = changes.applied(order, {"kind": "ship"}, NOW)
    assert (status(gone), states(gone), "packages" in gone) == ("SHIPPED", [(2, 0)], False)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"kind": "ship"}, "SHIPPED"),
        ({"kind": "cancel", "by": "BUYER"}, "CANCELLED"),
        ({"kind": "ask_to_cancel"}, "UNSHIPPED"),
        ({"kind": "address", "addressLine2": "Unit 7"}, "UNSHIPPED"),
        ({"kind": "touch"}, "UNSHIPPED"),
    ],
)
def test_changes_from_outside(change: Json, expected: str) -> None:
    changed = changes.applied(order_of(1), change, NOW)
    assert status(changed) == expected
    if change["kind"] == "address":
        assert changed["recipient"]["deliveryAddress"]["addressLine2"] == "Unit 7"


def test_an_unknown_change_is_refused() -> None:
    with pytest.raises(ValueError, match="kind: one of pay"):
        changes.applied(order_of(1), {"kind": "explode"}, NOW)
