"""TEST-1, RET-1, RET-2: returns in the Walmart sandbox: goods, money and case move apart; the cursor; refunds."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.walmart_box import Box, code_of, walmart_box
from tests.unit.walmart_sandbox.orders import order_of, shipment

Json = dict[str, Any]
RANGE = "returnCreationStartDate=2026-11-01&returnCreationEndDate=2026-12-31"


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        yield box


def shipped(box: Box, *quantities: int, **more: Any) -> Json:
    """An order, all of it shipped."""
    order = {**order_of(*quantities), **more}
    box.raw(order)
    po = order["purchaseOrderId"]
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    for number, count in enumerate(quantities, start=1):
        box.call("POST", f"/v3/orders/{po}/shipping", json=shipment(str(number), count)).raise_for_status()
    return order


def start(box: Box, po: str, timeline: str = "manual", **more: Any) -> str:
    body = {"purchaseOrderId": po, "timeline": timeline, **more}
    ids: list[str] = box.http.post("/sandbox/returns", json=body).raise_for_status().json()["returnOrderIds"]
    return ids[0]


def step(box: Box, return_id: str, kind: str) -> Any:
    return box.http.post(f"/sandbox/returns/{return_id}/change", json={"kind": kind})


def line_of(box: Box, return_id: str, number: int = 0) -> Json:
    body = box.call("GET", f"/v3/returns?returnOrderId={return_id}").raise_for_status().json()
    found: Json = body["returnOrders"][0]["returnOrderLines"][number]
    return found


def states(box: Box, return_id: str) -> tuple[str, str, str]:
    line = line_of(box, return_id)
    return line["status"], line["currentDeliveryStatus"], line["currentRefundStatus"]


def refund(box: Box, return_id: str, order: Json, count: Any, number: Any = 1, **more: Any) -> Any:
    quantity = {"unitOfMeasure": "EA", "measurementValue": count}
    body = {
        "customerOrderId": order["customerOrderId"],
        "refundLines": [{"returnOrderLineNumber": number, "quantity": quantity}],
        **more,
    }
    return box.call("POST", f"/v3/returns/{return_id}/refund", json=body)


def test_goods_money_and_case_move_apart(box: Box) -> None:
    """RET-1: a case may be completed while nothing has come back."""
    order = shipped(box, 2)
    return_id = start(box, order["purchaseOrderId"], lines=[{"line": "1", "quantity": 2}])
    assert states(box, return_id) == ("INITIATED", "NOT_SHIPPED", "REFUND_INITIATED")
    assert refund(box, return_id, order, 1).status_code == 200
    assert states(box, return_id) == ("INITIATED", "NOT_SHIPPED", "REFUND_INITIATED")
    assert refund(box, return_id, order, 1).status_code == 200
    assert states(box, return_id) == ("COMPLETED", "NOT_SHIPPED", "REFUND_COMPLETED")
    step(box, return_id, "ship").raise_for_status()
    assert states(box, return_id) == ("COMPLETED", "IN_TRANSIT", "REFUND_COMPLETED")
    step(box, return_id, "receive").raise_for_status()
    assert states(box, return_id) == ("COMPLETED", "DELIVERED", "REFUND_COMPLETED")


def test_a_return_goes_on_by_the_clock(box: Box) -> None:
    order = shipped(box, 1)
    return_id = start(box, order["purchaseOrderId"], "refunded")
    seen = []
    for _ in range(5):
        seen.append(states(box, return_id))
        box.clock.now += 2.1
    assert seen == [
        ("INITIATED", "NOT_SHIPPED", "REFUND_INITIATED"),
        ("INITIATED", "IN_TRANSIT", "REFUND_INITIATED"),
        ("DELIVERED", "DELIVERED", "REFUND_INITIATED"),
        ("DELIVERED", "DELIVERED", "REFUND_INITIATED"),
        ("COMPLETED", "DELIVERED", "REFUND_COMPLETED"),
    ]
    events = [event["eventTag"] for event in line_of(box, return_id)["returnTrackingDetail"]]
    assert events == ["REFUND_COMPLETED", "RETURN_DELIVERED", "RETURN_IN_TRANSIT", "RETURN_INITIATED"]


def test_a_refund_by_hand_overtakes_the_automatic_one(box: Box) -> None:
    order = shipped(box, 1)
    return_id = start(box, order["purchaseOrderId"], "refunded")
    assert refund(box, return_id, order, 1).status_code == 200
    box.clock.now += 60
    line = line_of(box, return_id)
    assert (line["refundedQty"], line["currentDeliveryStatus"]) == (1, "DELIVERED")
    snapshot = box.http.get("/sandbox/snapshot?sections=returns").json()["returns"][return_id]
    assert [(one["quantity"], one["via"]) for one in snapshot["refunds"]] == [(1, "seller")]
    assert snapshot["refund_calls"] == 1


def test_what_may_not_be_refunded(box: Box) -> None:
    """RET-2: never more than came back, quantities only."""
    order = shipped(box, 3)
    return_id = start(box, order["purchaseOrderId"], lines=[{"line": "1", "quantity": 2}])
    for count in (3, 0, 1.5, "1", None, True):
        assert code_of(refund(box, return_id, order, count)) == (400, "INVALID_REQUEST_CONTENT")
    assert code_of(refund(box, return_id, order, 1, number=2)) == (400, "INVALID_REQUEST_CONTENT")
    assert code_of(refund(box, return_id, order, 1, customerOrderId="1")) == (400, "INVALID_REQUEST_CONTENT")
    assert code_of(refund(box, return_id, order, 1, refundLines=[])) == (400, "INVALID_REQUEST_CONTENT")
    assert code_of(refund(box, "990000000000000000", order, 1)) == (404, "CONTENT_NOT_FOUND")
    assert refund(box, return_id, order, 2).status_code == 200
    assert code_of(refund(box, return_id, order, 1)) == (400, "INVALID_REQUEST_CONTENT")
    assert line_of(box, return_id)["refundedQty"] == 2


def test_exception_items_and_walmarts_own_returns_are_not_the_sellers(box: Box) -> None:
    order = shipped(box, 1)
    hazmat = start(box, order["purchaseOrderId"], lines=[{"line": "1", "exception": "HAZMAT"}])
    assert code_of(refund(box, hazmat, order, 1)) == (400, "INVALID_REQUEST_CONTENT")
    with walmart_box() as other:
        body = {**order_of(1), "shipNode": {"type": "WFSFulfilled"}}
        body["orderLines"]["orderLine"][0]["orderLineStatuses"]["orderLineStatus"][0]["status"] = "Delivered"
        other.raw(body)
        theirs = start(other, body["purchaseOrderId"])
        assert code_of(refund(other, theirs, body, 1)) == (400, "INVALID_REQUEST_CONTENT")


def test_only_shipped_units_come_back_and_each_once(box: Box) -> None:
    order = order_of(2)
    box.raw(order)
    wanted = {"purchaseOrderId": order["purchaseOrderId"], "lines": [{"line": "1", "quantity": 1}]}
    assert box.http.post("/sandbox/returns", json=wanted).status_code == 400
    box.call("POST", f"/v3/orders/{order['purchaseOrderId']}/acknowledge").raise_for_status()
    box.call("POST", f"/v3/orders/{order['purchaseOrderId']}/shipping", json=shipment("1", 2)).raise_for_status()
    assert [box.http.post("/sandbox/returns", json=wanted).status_code for _ in range(3)] == [200, 200, 400]


def test_the_money_of_a_return_is_the_lines_share(box: Box) -> None:
    order = shipped(box, 3)
    return_id = start(box, order["purchaseOrderId"], lines=[{"line": "1", "quantity": 2}])
    body = box.call("GET", f"/v3/returns?returnOrderId={return_id}").json()["returnOrders"][0]
    charges = order["orderLines"]["orderLine"][0]["charges"]["charge"]
    goods = [charge for charge in charges if charge["chargeType"] == "PRODUCT"]
    price = sum(charge["chargeAmount"]["amount"] for charge in goods)
    tax = sum(charge["tax"]["taxAmount"]["amount"] for charge in goods if "tax" in charge)
    total = body["totalRefundAmount"]
    assert total["currencyUnit"] == "USD"
    assert total["currencyAmount"] == pytest.approx((price + tax) * 2 / 3, abs=0.011)
    line = body["returnOrderLines"][0]
    assert (line["returnOrderLineNumber"], line["quantity"]["measurementValue"]) == (1, 2)
    assert len(body["returnOrderId"]) == 18


def add_many(box: Box, count: int) -> list[str]:
    box.add(count, mix={"base": "plain", "shipped": 1.0})
    body = {"count": count, "timeline": "manual"}
    ids: list[str] = box.http.post("/sandbox/returns", json=body).raise_for_status().json()["returnOrderIds"]
    return ids


def test_the_cursor_is_appended_as_it_is(box: Box) -> None:
    """RET-1: all of them, each once."""
    made = add_many(box, 25)
    seen, cursor = [], f"?{RANGE}"
    while cursor:
        page = box.call("GET", f"/v3/returns{cursor}").json()
        assert page["meta"]["totalCount"] == 25
        seen += [one["returnOrderId"] for one in page["returnOrders"]]
        cursor = page["meta"].get("nextCursor", "")
        assert cursor == "" or cursor.startswith("?sellerId=100009&limit=10&offset=")
    assert sorted(seen) == sorted(made)


def test_a_cursor_taken_apart_leads_to_the_first_page_again(box: Box) -> None:
    add_many(box, 25)
    first = box.call("GET", f"/v3/returns?{RANGE}").json()
    cursor = first["meta"]["nextCursor"]
    parts = dict(part.split("=", 1) for part in cursor[1:].split("&"))
    again = box.call("GET", "/v3/returns", params=parts).json()
    assert again["returnOrders"] == first["returnOrders"]
    assert box.call("GET", "/v3/returns", params={"nextCursor": cursor}).json()["returnOrders"]
    assert box.call("GET", f"/v3/returns{cursor}").json()["returnOrders"] != first["returnOrders"]


def test_a_start_date_goes_with_its_end_date(box: Box) -> None:
    for alone in ("returnCreationStartDate", "returnCreationEndDate", "returnLastModifiedStartDate"):
        assert code_of(box.call("GET", f"/v3/returns?{alone}=2026-11-20")) == (400, "INVALID_REQUEST_PARAM")
    assert code_of(box.call("GET", "/v3/returns?limit=201")) == (400, "INVALID_REQUEST_PARAM")
    assert code_of(box.call("GET", "/v3/returns?status=Returned")) == (400, "INVALID_REQUEST_PARAM")


def test_returns_are_found_by_what_they_are_and_when_they_changed(box: Box) -> None:
    order = shipped(box, 1, 1)
    po = order["purchaseOrderId"]
    first = start(box, po, lines=[{"line": "1"}])
    box.clock.now += 100
    second = start(box, po, lines=[{"line": "2"}], kind="REPLACEMENT")
    box.clock.now += 100
    step(box, first, "receive").raise_for_status()

    def found(query: str) -> list[str]:
        return [one["returnOrderId"] for one in box.call("GET", f"/v3/returns?{query}").json()["returnOrders"]]

    assert found("") == [second, first]
    assert found("status=DELIVERED") == [first]
    assert found("returnType=REPLACEMENT") == [second]
    assert found(f"customerOrderId={order['customerOrderId']}") == [second, first]
    changed = "returnLastModifiedStartDate=2026-11-20T12:03:00Z&returnLastModifiedEndDate=2026-11-20T13:00:00Z"
    assert found(changed) == [first]
    made = "returnCreationStartDate=2026-11-20T12:01:00Z&returnCreationEndDate=2026-11-20T13:00:00Z"
    assert found(made) == [second]
    plain = box.call("GET", f"/v3/returns?returnOrderId={second}").json()["returnOrders"][0]
    full = box.call("GET", f"/v3/returns?returnOrderId={second}&replacementInfo=true").json()["returnOrders"][0]
    assert "replacementCustomerOrderId" in full
    assert "replacementCustomerOrderId" not in plain


def test_a_customer_may_keep_or_cancel_or_the_carrier_loses(box: Box) -> None:
    order = shipped(box, 1, 1, 1)
    po = order["purchaseOrderId"]
    kept = start(box, po, lines=[{"line": "1", "keep_it": True}])
    assert step(box, kept, "ship").status_code == 400
    lost = start(box, po, lines=[{"line": "2"}])
    step(box, lost, "ship").raise_for_status()
    assert step(box, lost, "cancel").status_code == 400
    step(box, lost, "lose").raise_for_status()
    assert states(box, lost)[1] == "LOST"
    cancelled = start(box, po, lines=[{"line": "3"}])
    step(box, cancelled, "cancel").raise_for_status()
    assert states(box, cancelled) == ("COMPLETED", "NOT_SHIPPED", "REFUND_INITIATED")
    assert start(box, po, lines=[{"line": "3"}])
    assert step(box, kept, "explode").status_code == 400


def test_a_cursor_can_go_round_and_a_return_can_be_damaged(box: Box) -> None:
    add_many(box, 25)
    box.faults(
        {"kind": "cursor_loop", "path": "/v3/returns"}, {"kind": "bad_record", "path": "/v3/returns", "limit": 1}
    )
    page = box.call("GET", f"/v3/returns?{RANGE}").json()
    assert sum("returnOrderLines" not in one or "customerOrderId" not in one for one in page["returnOrders"]) == 1
    again = box.call("GET", f"/v3/returns{page['meta']['nextCursor']}").json()
    assert again["meta"]["nextCursor"] == page["meta"]["nextCursor"]
