"""TEST-1, FUL-2, FUL-3, ORD-13: order writes in parts, wishes to cancel, and what is refused in which state."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.walmart_box import Box, code_of, walmart_box
from tests.unit.walmart_sandbox.orders import cancellation, order_of, refund_of, shipment

Json = dict[str, Any]
REFUSED = (400, "INVALID_REQUEST_CONTENT")


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        yield box


@pytest.fixture
def order(box: Box) -> Json:
    """Three units on line 1, two on line 2, acknowledged."""
    made = order_of(3, 2)
    box.raw(made)
    box.call("POST", f"/v3/orders/{made['purchaseOrderId']}/acknowledge").raise_for_status()
    return made


def post(box: Box, order: Json, operation: str, body: Json) -> Any:
    return box.call("POST", f"/v3/orders/{order['purchaseOrderId']}/{operation}", json=body)


def held(box: Box, order: Json) -> Json:
    orders = box.http.get("/sandbox/snapshot?sections=orders").raise_for_status().json()["orders"]
    found: Json = orders[order["purchaseOrderId"]]
    return found


def numbers(box: Box, order: Json, line: int = 0) -> tuple[int, int, int]:
    found = held(box, order)["lines"][line]
    return found["open"], found["shipped"], found["cancelled"]


def test_a_line_ships_and_cancels_in_parts(box: Box, order: Json) -> None:
    """FUL-2, FUL-3: several parcels, and what cannot be sent is cancelled."""
    assert post(box, order, "shipping", shipment("1", 1, "P1")).status_code == 200
    assert numbers(box, order) == (2, 1, 0)
    assert post(box, order, "cancel", cancellation("1", 1)).status_code == 200
    assert numbers(box, order) == (1, 1, 1)
    assert post(box, order, "shipping", shipment("1", 1, "P2")).status_code == 200
    assert numbers(box, order) == (0, 2, 1)
    assert held(box, order)["parcels"] == ["P1", "P2"]


def test_what_is_gone_is_neither_shipped_nor_cancelled_again(box: Box, order: Json) -> None:
    """A repeated write is refused and can be counted."""
    assert post(box, order, "shipping", shipment("1", 3)).status_code == 200
    for operation, body in (("shipping", shipment("1", 3)), ("cancel", cancellation("1", 1))):
        assert code_of(post(box, order, operation, body)) == REFUSED
    assert post(box, order, "cancel", cancellation("2", 2)).status_code == 200
    for operation, body in (("shipping", shipment("2", 1)), ("cancel", cancellation("2", 1))):
        assert code_of(post(box, order, operation, body)) == REFUSED
    found = held(box, order)
    assert found["writes"] == {"acknowledge": 1, "shipping": 1, "cancel": 1}
    assert found["refused"] == {"shipping": 2, "cancel": 2}
    assert [write["operation"] for write in box.state()["writes"]] == ["acknowledge", "shipping", "cancel"]


def test_a_wish_to_cancel_stops_the_shipment_until_it_is_overridden(box: Box, order: Json) -> None:
    """FUL-3: the buyer asked first."""
    change = f"/sandbox/orders/{order['purchaseOrderId']}/change"
    box.http.post(change, json={"kind": "intent_to_cancel", "line": "1"}).raise_for_status()
    shown = box.call("GET", f"/v3/orders/{order['purchaseOrderId']}").json()["order"]["orderLines"]["orderLine"]
    assert [line.get("intentToCancel") for line in shown] == ["true", None]
    assert code_of(post(box, order, "shipping", shipment("1", 1))) == REFUSED
    assert post(box, order, "shipping", shipment("2", 1)).status_code == 200
    assert post(box, order, "shipping", shipment("1", 1, intentToCancelOverride=True)).status_code == 200
    asked = "CUSTOMER_REQUESTED_SELLER_TO_CANCEL"
    assert post(box, order, "cancel", cancellation("1", 2, asked)).status_code == 200
    assert code_of(post(box, order, "cancel", cancellation("2", 1, asked))) == REFUSED
    assert held(box, order)["lines"][0]["cancel_reasons"] == [asked]


def test_tracking_changes_after_shipping_only(box: Box, order: Json) -> None:
    """FUL-2: PARTIAL_UPDATE moves no unit."""

    def update(number: str) -> Json:
        body = shipment("1", 1, number)
        body["orderShipment"]["processMode"] = "PARTIAL_UPDATE"
        return body

    assert code_of(post(box, order, "shipping", update("NEW"))) == REFUSED
    assert post(box, order, "shipping", shipment("1", 1, "OLD")).status_code == 200
    assert post(box, order, "shipping", update("NEW")).status_code == 200
    assert held(box, order)["parcels"] == ["NEW"]
    assert numbers(box, order) == (2, 1, 0)


def test_refunds_are_negative_and_no_larger_than_the_charge(box: Box, order: Json) -> None:
    """RET-2: each refund is counted, none exceeds what was paid."""
    po = order["purchaseOrderId"]
    assert code_of(post(box, order, "refund", refund_of(po, "1", -1))) == REFUSED
    assert post(box, order, "shipping", shipment("1", 3)).status_code == 200
    assert code_of(post(box, order, "refund", refund_of(po, "1", 1))) == REFUSED
    assert code_of(post(box, order, "refund", refund_of(po, "1", -10_000))) == REFUSED
    assert [post(box, order, "refund", refund_of(po, "1", -1.25)).status_code for _ in range(2)] == [200, 200]
    found = held(box, order)
    assert (found["lines"][0]["refunds"], found["refunded_cents"]) == (2, 250)
    assert found["writes"]["refund"] == 2
    assert code_of(post(box, order, "refund", refund_of(po, "1", 0, full=True))) == REFUSED


def test_a_line_is_acknowledged_before_it_ships(box: Box) -> None:
    order = {**order_of(1), "purchaseOrderId": "9900000000777"}
    box.raw(order)
    assert code_of(post(box, order, "shipping", shipment("1", 1))) == REFUSED
    assert post(box, order, "cancel", cancellation("1", 1)).status_code == 200
    assert code_of(box.call("POST", f"/v3/orders/{order['purchaseOrderId']}/acknowledge")) == REFUSED
