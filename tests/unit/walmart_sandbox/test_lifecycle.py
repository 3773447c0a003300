"""FUL-1, TEST-1: what acknowledge, ship and cancel do to an order, and what they refuse (walmart.md, section 5)."""

import copy
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.walmart.sandbox.charges import order_total
from connectors.walmart.sandbox.lifecycle import RuleError, acknowledge, buyer_change, cancel, ship
from connectors.walmart.sandbox.lines import lines_of, statuses_of, units
from connectors.walmart.sandbox.world import derived_status
from tests.unit.walmart_sandbox.orders import NOW_MS, Json, cancellation, order_of, shipment


def states(order: Json) -> list[dict[str, int]]:
    return [dict(units(line)) for line in lines_of(order)]


def test_acknowledge_takes_all_created_units_and_may_be_repeated() -> None:
    once = acknowledge(order_of(2, 1), NOW_MS)
    assert states(once) == [{"Acknowledged": 2}, {"Acknowledged": 1}]
    assert acknowledge(once, NOW_MS + 5) == once


def test_acknowledge_leaves_the_given_order_alone() -> None:
    order = order_of(1)
    before = copy.deepcopy(order)
    acknowledge(order, NOW_MS)
    assert order == before


def test_acknowledge_is_refused_for_shipped_cancelled_and_walmart_fulfilled() -> None:
    shipped = ship(acknowledge(order_of(1), NOW_MS), shipment("1", 1), NOW_MS)
    cancelled = cancel(order_of(1), cancellation("1", 1), NOW_MS)
    by_walmart = {**order_of(1), "shipNode": {"type": "WFSFulfilled"}}
    for order in (shipped, cancelled, by_walmart):
        with pytest.raises(RuleError):
            acknowledge(order, NOW_MS)


def test_ship_in_part_leaves_the_rest_acknowledged_and_keeps_each_tracking() -> None:
    order = acknowledge(order_of(3), NOW_MS)
    order = ship(order, shipment("1", 1, "A"), NOW_MS)
    order = ship(order, shipment("1", 1, "B"), NOW_MS)
    assert states(order) == [{"Acknowledged": 1, "Shipped": 2}]
    tracked = [s["trackingInfo"]["trackingNumber"] for s in statuses_of(lines_of(order)[0]) if "trackingInfo" in s]
    assert tracked == ["A", "B"]
    assert lines_of(order)[0]["sellerOrderId"] == "S1"


def test_shipped_lines_are_not_shipped_again() -> None:
    order = ship(acknowledge(order_of(1), NOW_MS), shipment("1", 1), NOW_MS)
    with pytest.raises(RuleError, match="0 units to ship"):
        ship(order, shipment("1", 1), NOW_MS)


def tweak(path: str, value: Any) -> Json:
    """A shipment with one field changed; None takes it away."""
    body = shipment("1", 1)
    line = body["orderShipment"]["orderLines"]["orderLine"][0]
    entry = line["orderLineStatuses"]["orderLineStatus"][0]
    holder: Json = {"line": line, "status": entry, "tracking": entry["trackingInfo"]}[path.split(".")[0]]
    if value is None:
        del holder[path.split(".")[1]]
    else:
        holder[path.split(".")[1]] = value
    return body


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"orderLines": [{"lineNumber": "1"}]},  # the flat sample of one guide page
        {"orderShipment": {"orderLines": {"orderLine": []}}},
        shipment("9", 1),
        shipment("1", 5),
        shipment("1", 0),
        tweak("line.sellerOrderId", None),
        tweak("line.sellerOrderId", "x" * 31),
        tweak("status.status", "Delivered"),
        tweak("status.trackingInfo", None),
        tweak("status.statusQuantity", {"unitOfMeasurement": "EACH", "amount": 1}),  # a number, not a string
        tweak("status.statusQuantity", {"unitOfMeasurement": "BOX", "amount": "1"}),
        tweak("tracking.trackingNumber", None),
        tweak("tracking.methodCode", "Teleport"),
        tweak("tracking.shipDateTime", "2026-11-20T12:00:00Z"),
        tweak("tracking.carrierName", {}),
        tweak("tracking.carrierName", {"carrier": "ups"}),  # must match exactly
        tweak("tracking.carrierName", {"otherCarrier": "Mule Express"}),  # then trackingURL is mandatory
    ],
)
def test_wrong_shipments_are_refused(body: Json) -> None:
    with pytest.raises(RuleError):
        ship(acknowledge(order_of(2), NOW_MS), body, NOW_MS)


def test_shipping_needs_acknowledging_first() -> None:
    with pytest.raises(RuleError, match="acknowledged before"):
        ship(order_of(1), shipment("1", 1), NOW_MS)


def test_other_carrier_ships_with_its_link() -> None:
    body = tweak("tracking.carrierName", {"otherCarrier": "Mule Express"})
    entry = body["orderShipment"]["orderLines"]["orderLine"][0]["orderLineStatuses"]["orderLineStatus"][0]
    entry["trackingInfo"]["trackingURL"] = "https://mule.example/1"
    assert states(ship(acknowledge(order_of(1), NOW_MS), body, NOW_MS)) == [{"Shipped": 1}]


def test_one_wrong_line_ships_nothing() -> None:
    order = acknowledge(order_of(1, 1), NOW_MS)
    body = shipment("1", 1)
    body["orderShipment"]["orderLines"]["orderLine"] += shipment("2", 7)["orderShipment"]["orderLines"]["orderLine"]
    with pytest.raises(RuleError, match="line 2"):
        ship(order, body, NOW_MS)
    assert states(order) == [{"Acknowledged": 1}, {"Acknowledged": 1}]


def test_partial_update_changes_tracking_of_shipped_units_only() -> None:
    update = shipment("1", 1, "NEW")
    update["orderShipment"]["processMode"] = "PARTIAL_UPDATE"
    acknowledged = acknowledge(order_of(1), NOW_MS)
    with pytest.raises(RuleError, match="no shipped units"):
        ship(acknowledged, update, NOW_MS)
    shipped = ship(ship(acknowledged, shipment("1", 1, "OLD"), NOW_MS), update, NOW_MS)
    assert statuses_of(lines_of(shipped)[0])[0]["trackingInfo"]["trackingNumber"] == "NEW"


def test_a_line_the_customer_wants_to_cancel_ships_only_with_override() -> None:
    order = buyer_change(acknowledge(order_of(1), NOW_MS), {"kind": "intent_to_cancel", "line": "1"}, NOW_MS)
    with pytest.raises(RuleError, match="asked to cancel"):
        ship(order, shipment("1", 1), NOW_MS)
    assert states(ship(order, shipment("1", 1, intentToCancelOverride=True), NOW_MS)) == [{"Shipped": 1}]


def test_cancel_in_part_takes_its_share_of_the_charges() -> None:
    order = order_of(3)
    before = order_total(order)
    after = cancel(order, cancellation("1", 1), NOW_MS)
    assert states(after) == [{"Created": 2, "Cancelled": 1}]
    assert order_total(after).product == (before.product * 2 / 3).quantize(Decimal("0.01"))
    assert Decimal(str(after["orderSummary"]["totalAmount"]["currencyAmount"])) == order_total(after).total


def test_cancelled_lines_cost_nothing_as_in_the_published_examples() -> None:
    assert order_total(cancel(order_of(2), cancellation("1", 2), NOW_MS)).total == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        cancellation("1", 4),
        cancellation("9", 1),
        cancellation("1", 1, "BECAUSE"),
        cancellation("1", 1, "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"),  # only where the customer did ask
    ],
)
def test_wrong_cancellations_are_refused(body: Json) -> None:
    with pytest.raises(RuleError):
        cancel(order_of(3), body, NOW_MS)


def test_the_customers_wish_is_a_reason_once_they_asked() -> None:
    order = buyer_change(order_of(1), {"kind": "intent_to_cancel"}, NOW_MS)
    after = cancel(order, cancellation("1", 1, "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"), NOW_MS)
    assert states(after) == [{"Cancelled": 1}]


def test_shipped_units_are_not_cancelled_by_anyone() -> None:
    order = ship(acknowledge(order_of(1), NOW_MS), shipment("1", 1), NOW_MS)
    with pytest.raises(RuleError):
        cancel(order, cancellation("1", 1), NOW_MS)
    assert states(buyer_change(order, {"kind": "cancel_order"}, NOW_MS)) == [{"Shipped": 1}]


def shipped_in_part() -> Json:
    return ship(acknowledge(order_of(2), NOW_MS), shipment("1", 1), NOW_MS)


def shipped_whole() -> Json:
    return ship(acknowledge(order_of(1), NOW_MS), shipment("1", 1), NOW_MS)


@pytest.mark.parametrize(
    ("order", "word"),
    [
        (lambda: order_of(1, 1), "Created"),
        (lambda: acknowledge(order_of(1), NOW_MS), "Acknowledged"),
        (shipped_in_part, "PartlyShipped"),
        (shipped_whole, "Shipped"),
        (lambda: buyer_change(shipped_whole(), {"kind": "deliver"}, NOW_MS), "Delivered"),
        (lambda: buyer_change(order_of(2, 1), {"kind": "cancel_order"}, NOW_MS), "Cancelled"),
        (lambda: buyer_change(order_of(2, 1), {"kind": "cancel_line", "line": "1"}, NOW_MS), "Created"),
    ],
)
def test_the_orders_state_is_derived_from_its_lines(order: Callable[[], Json], word: str) -> None:
    assert derived_status(order()) == word
