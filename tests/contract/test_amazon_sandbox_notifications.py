"""ORD-1, FUL-3, TEST-1: destinations, subscriptions, and order changes in a real queue protocol (moto's server)."""

import json
from collections.abc import Iterator

import pytest

from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.order_report import TYPE as ORDER_REPORT
from connectors.amazon.sandbox.settings import EU_SELLER
from tests.contract.amazon_box import LONG_AGO, Box, amazon_box, error_of
from tests.contract.amazon_queue import NOTIFICATIONS as PATH
from tests.contract.amazon_queue import Queue, destination, queue_at, queue_server, subscribe


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with queue_server() as address:
        yield address


@pytest.fixture
def queue(endpoint: str, request: pytest.FixtureRequest) -> Queue:
    return queue_at(endpoint, "".join(letter for letter in request.node.name if letter.isalnum())[:70])


@pytest.fixture
def box(endpoint: str) -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0, sqs_endpoint=endpoint) as box:
        yield box


def test_an_orders_life_is_told_in_the_words_of_v0(box: Box, queue: Queue) -> None:
    """FUL-3: new, asked to be cancelled, cancelled."""
    subscribe(box, destination(box, queue.arn)).raise_for_status()
    (order_id,) = box.add(1)
    box.change(order_id, "ask_to_cancel")
    box.change(order_id, "cancel")
    told = queue.changes()
    assert {one["AmazonOrderId"] for one in told} == {order_id}
    by_type = sorted((one["OrderChangeType"], one["Summary"]["OrderStatus"]) for one in told)
    assert by_type == [
        ("BuyerRequestedChange", "Unshipped"),
        ("OrderStatusChange", "Canceled"),
        ("OrderStatusChange", "Unshipped"),
    ]
    assert {one["Summary"]["FulfillmentType"] for one in told} == {"MFN"}
    asked = next(one for one in told if one["OrderChangeType"] == "BuyerRequestedChange")
    assert asked["Summary"]["OrderItems"][0]["IsBuyerRequestedCancel"] is True


def test_orders_that_appear_later_are_told_when_they_do(box: Box, queue: Queue) -> None:
    subscribe(box, destination(box, queue.arn)).raise_for_status()
    box.add(4, rate=1.0)
    assert len(queue.changes()) == 1
    box.clock.tick(2.5)
    box.state()
    assert len(queue.changes()) == 2


def test_what_happens_without_a_call_is_told_by_the_tick(endpoint: str, queue: Queue) -> None:
    with amazon_box(sqs_endpoint=endpoint, tick_seconds=0.05) as box:
        subscribe(box, destination(box, queue.arn)).raise_for_status()
        box.add(2, rate=1.0)
        assert len(queue.texts()) == 1
        box.clock.tick(5)
        for _ in range(40):
            if found := queue.client.receive_message(QueueUrl=queue.url, WaitTimeSeconds=1).get("Messages"):
                break
        assert found


def test_filters_and_sellers_are_kept_apart(box: Box, queue: Queue) -> None:
    filtered = {
        "eventFilterType": "ORDER_CHANGE",
        "orderChangeTypes": ["BuyerRequestedChange"],
        "marketplaceIds": [BY_COUNTRY["DE"].id],
    }
    directive = {"eventFilter": filtered}
    to = destination(box, queue.arn)
    subscribe(box, to, seller=EU_SELLER, processingDirective=directive).raise_for_status()
    german, french = (
        box.add(1, account=EU_SELLER.seller_id, seed=seed, mix={"base": "plain", "marketplaces": [country]})[0]
        for seed, country in ((1, "DE"), (2, "FR"))
    )
    box.add(1)
    for order_id in (german, french):
        box.change(order_id, "ask_to_cancel", EU_SELLER)
    assert [one["AmazonOrderId"] for one in queue.changes()] == [german]


def test_messages_can_be_doubled_lost_and_late(box: Box, queue: Queue) -> None:
    """ORD-1: at least once and in no order; the list is the net for what never comes."""
    subscribe(box, destination(box, queue.arn)).raise_for_status()
    box.faults({"kind": "notification_doubled", "limit": 1})
    box.add(1)
    first, second = (json.loads(text)["NotificationMetadata"]["NotificationId"] for text in queue.texts())
    assert first == second
    box.faults({"kind": "notification_lost", "limit": 1})
    box.add(1, seed=2)
    assert queue.texts() == []
    box.faults({"kind": "notification_delayed", "limit": 1})
    box.add(1, seed=3)
    box.add(1, seed=4)
    assert len(queue.texts()) == 1
    box.clock.tick(61)
    box.state()
    assert len(queue.texts()) == 1


def test_a_queue_that_is_gone_delays_and_breaks_nothing(box: Box, queue: Queue) -> None:
    subscribe(box, destination(box, queue.arn)).raise_for_status()
    queue.client.delete_queue(QueueUrl=queue.url)
    (order_id,) = box.add(1)
    assert box.state()["notifications_waiting"] == 1
    queue.client.create_queue(QueueName=queue.arn.rsplit(":", 1)[1])
    box.clock.tick(6)
    assert box.state()["notifications_waiting"] == 0
    assert [one["AmazonOrderId"] for one in queue.changes()] == [order_id]


def test_finished_reports_are_told_in_camel_case(box: Box, queue: Queue) -> None:
    kind = "REPORT_PROCESSING_FINISHED"
    subscribe(box, destination(box, queue.arn), kind, payloadVersion="2020-09-04").raise_for_status()
    body = {"reportType": ORDER_REPORT, "marketplaceIds": [BY_COUNTRY["US"].id], "dataStartTime": LONG_AGO}
    report_id = box.call("POST", "/reports/2021-06-30/reports", json=body).json()["reportId"]
    box.clock.tick(5)
    box.state()
    (text,) = queue.texts()
    found = json.loads(text)
    assert (found["notificationType"], found["payloadVersion"]) == (kind, "2020-09-04")
    told = found["payload"]["reportProcessingFinishedNotification"]
    assert (told["reportId"], told["processingStatus"]) == (report_id, "CANCELLED")
    assert found["notificationMetadata"]["notificationId"]


def test_subscriptions_are_made_once_read_and_deleted(box: Box, queue: Queue) -> None:
    to = destination(box, queue.arn)
    assert error_of(box.call("GET", f"{PATH}/subscriptions/ORDER_CHANGE"))[0] == 404
    made = subscribe(box, to).raise_for_status().json()["payload"]
    assert error_of(subscribe(box, to)) == (409, "Conflict")
    assert box.call("GET", f"{PATH}/subscriptions/ORDER_CHANGE").json()["payload"] == made
    listed = box.call("GET", f"{PATH}/subscriptions", params={"notificationTypes": "ORDER_CHANGE"}).json()
    assert listed["payload"]["subscriptions"] == [made]
    one = f"{PATH}/subscriptions/ORDER_CHANGE/{made['subscriptionId']}"
    assert box.call("GET", one, grantless=True).json()["payload"] == made
    assert error_of(box.call("DELETE", one))[0] == 403
    assert error_of(box.call("DELETE", f"{PATH}/destinations/{to}", grantless=True))[0] == 409
    assert box.call("DELETE", one, grantless=True).json() == {}
    assert box.call("DELETE", f"{PATH}/destinations/{to}", grantless=True).json() == {}
    assert box.call("GET", f"{PATH}/destinations", grantless=True).json() == {"payload": []}


def test_wrong_destinations_and_subscriptions_are_refused(box: Box, queue: Queue) -> None:
    to = destination(box, queue.arn)
    again = {"name": "orders", "resourceSpecification": {"sqs": {"arn": queue.arn}}}
    assert error_of(box.call("POST", f"{PATH}/destinations", grantless=True, json=again))[0] == 409
    for wrong in ({"name": "x"}, {"name": "x", "resourceSpecification": {"sqs": {"arn": "queue"}}}):
        assert error_of(box.call("POST", f"{PATH}/destinations", grantless=True, json=wrong))[0] == 400
    assert error_of(subscribe(box, "elsewhere"))[0] == 404
    assert error_of(subscribe(box, to, payloadVersion="2.0"))[0] == 400
    assert error_of(subscribe(box, to, "MFN_ORDER_STATUS_CHANGE"))[0] == 400
    assert error_of(subscribe(box, to, processingDirective={"eventFilter": {}}))[0] == 400
