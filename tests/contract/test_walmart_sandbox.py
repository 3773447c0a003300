"""TEST-1: over a real socket, the Walmart sandbox lists, pages and writes orders as walmart.md says."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from connectors.kit.sandbox.buckets import Limit
from connectors.walmart.sandbox.settings import LIMITS
from connectors.walmart.sandbox.throttle import COUNT_HEADER, TIME_HEADER
from tests.contract.walmart_box import OTHER, START, Box, code_of, walmart_box
from tests.unit.walmart_sandbox.orders import cancellation, order_of, refund_of, shipment


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        yield box


def test_paging_gives_each_order_once_and_ends_without_a_cursor(box: Box) -> None:
    added = box.add(25)
    pages = list(box.pages("?limit=10"))
    assert [len(page["elements"]["order"]) for page in pages] == [10, 10, 5]
    assert pages[0]["meta"]["nextCursor"].startswith("?limit=10&hasMoreElements=true&soIndex=25&poIndex=10&partnerId=")
    assert "nextCursor" not in pages[-1]["meta"]
    assert sorted(box.listed("?limit=10")) == sorted(added)


def test_the_newest_orders_come_first(box: Box) -> None:
    box.add(20, spread_minutes=60)
    dates = [order["orderDate"] for page in box.pages() for order in page["elements"]["order"]]
    assert dates == sorted(dates, reverse=True)
    assert len(set(dates)) == 20


def test_new_orders_between_pages_shift_the_rest_so_some_come_twice(box: Box) -> None:
    """ORD-1: a poller must bear repeated orders."""
    box.add(20, spread_minutes=60)
    pages = box.pages("?limit=10&createdEndDate=2026-11-21")
    seen = [order["purchaseOrderId"] for order in next(pages)["elements"]["order"]]
    box.clock.now += 60
    box.add(3, seed=2)
    seen += [order["purchaseOrderId"] for page in pages for order in page["elements"]["order"]]
    assert Counter(Counter(seen).values()) == {1: 17, 2: 3}


def test_orders_that_leave_the_filter_between_pages_make_others_be_skipped(box: Box) -> None:
    """ORD-1: a poller must read windows again, or it misses these."""
    added = box.add(20, spread_minutes=60)
    pages = box.pages("?limit=10&status=Created")
    seen = [order["purchaseOrderId"] for order in next(pages)["elements"]["order"]]
    for po in seen[:2]:
        box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    seen += [order["purchaseOrderId"] for page in pages for order in page["elements"]["order"]]
    assert len(set(added) - set(seen)) == 2


def test_a_late_order_is_found_only_by_looking_back(box: Box) -> None:
    """ORD-1: it appears now, its dates lie minutes back."""
    box.add(1, mix={"base": "plain", "late": 1.0, "late_minutes": [5, 5]})
    after = datetime.fromtimestamp(START - 60, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert box.listed(f"?createdStartDate={after}") == []
    assert box.listed(f"?lastModifiedStartDate={after}") == []
    assert len(box.listed()) == 1


def test_a_changed_order_is_found_by_its_modified_date(box: Box) -> None:
    po, _ = box.add(2)
    box.clock.now += 600
    box.http.post(f"/sandbox/orders/{po}/change", json={"kind": "cancel_order"}).raise_for_status()
    after = datetime.fromtimestamp(START + 300, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert box.listed(f"?lastModifiedStartDate={after}") == [po]


def test_a_write_moves_the_modified_date_too(box: Box) -> None:
    po, _ = box.add(2)
    box.clock.now += 600
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    after = datetime.fromtimestamp(START + 300, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert box.listed(f"?lastModifiedStartDate={after}") == [po]


def test_released_lists_created_orders_only(box: Box) -> None:
    first, second = box.add(2)
    box.call("POST", f"/v3/orders/{first}/acknowledge").raise_for_status()
    page = box.call("GET", "/v3/orders/released").json()["list"]
    assert [order["purchaseOrderId"] for order in page["elements"]["order"]] == [second]


def test_accounts_have_their_own_orders(box: Box) -> None:
    mine, other = box.add(2), box.add(3, account=OTHER.client_id)
    assert sorted(box.listed()) == sorted(mine)
    assert sorted(box.listed(account=OTHER)) == sorted(other)
    assert code_of(box.call("GET", f"/v3/orders/{other[0]}")) == (404, "CONTENT_NOT_FOUND")


def test_walmart_fulfilled_orders_need_their_own_pass(box: Box) -> None:
    box.add(2, mix={"base": "plain", "walmart_fulfilled": 1.0})
    assert box.listed() == []
    assert len(box.listed("?shipNodeType=WFSFulfilled")) == 2


def test_old_orders_need_a_start_date_and_very_old_ones_are_gone(box: Box) -> None:
    day_ms = 86_400_000
    box.raw(
        *(
            {**order_of(1), "purchaseOrderId": f"99{n}", "orderDate": int(START * 1000) - n * day_ms}
            for n in (1, 30, 200)
        )
    )
    assert box.listed() == ["991"]
    assert box.listed("?createdStartDate=2026-01-01") == ["991", "9930"]
    assert box.call("GET", "/v3/orders/99200").status_code == 200


def test_too_many_matches_are_an_error() -> None:
    with walmart_box(result_cap=10) as box:
        box.add(11)
        assert code_of(box.call("GET", "/v3/orders?limit=5")) == (400, "INVALID_REQUEST")


def test_product_and_replacement_info_come_when_asked_for(box: Box) -> None:
    (po,) = box.add(1, mix={"base": "plain", "replacement": 1.0})
    bare = box.call("GET", f"/v3/orders/{po}").json()["order"]
    full = box.call("GET", f"/v3/orders/{po}?productInfo=true&replacementInfo=true").json()["order"]
    assert "orderType" not in bare
    assert set(bare["orderLines"]["orderLine"][0]["item"]) == {"productName", "sku"}
    assert full["orderType"] == "REPLACEMENT"
    assert "weight" in full["orderLines"]["orderLine"][0]["item"]


def test_an_order_goes_from_created_to_shipped_and_refunded(box: Box) -> None:
    """FUL-1: acknowledged, shipped in two parts, refunded; the state tells each step."""
    order = order_of(2)
    po = order["purchaseOrderId"]
    box.raw(order)
    assert code_of(box.call("POST", f"/v3/orders/{po}/shipping", json=shipment("1", 1))) == (
        400,
        "INVALID_REQUEST_CONTENT",
    )
    for path, body in (
        ("acknowledge", None),
        ("acknowledge", None),
        ("shipping", shipment("1", 1, "A")),
        ("shipping", shipment("1", 1, "B")),
        ("refund", refund_of(po, "1", -0.1)),
    ):
        answer = box.call("POST", f"/v3/orders/{po}/{path}", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["order"]["purchaseOrderId"] == po
    (shown,) = box.state()["orders"]
    assert shown["status"] == "Shipped"
    assert shown["lines"][0]["tracking"] == ["A", "B"]
    assert [write["operation"] for write in box.state()["writes"]] == ["acknowledge"] * 2 + ["shipping"] * 2 + [
        "refund"
    ]


def test_a_cancelled_line_lowers_the_true_total(box: Box) -> None:
    order = order_of(1, 1)
    box.raw(order)
    before = box.state()["orders"][0]["total"]
    box.call("POST", f"/v3/orders/{order['purchaseOrderId']}/cancel", json=cancellation("2", 1)).raise_for_status()
    after = box.state()["orders"][0]["total"]
    assert float(after["total"]) < float(before["total"])


@pytest.mark.parametrize("operation", ["acknowledge", "shipping", "cancel", "refund"])
def test_writes_to_unknown_orders_are_not_found(box: Box, operation: str) -> None:
    body = {"shipping": shipment("1", 1), "cancel": cancellation("1", 1), "refund": refund_of("1", "1", -1.0)}.get(
        operation
    )
    assert code_of(box.call("POST", f"/v3/orders/1/{operation}", json=body)) == (404, "CONTENT_NOT_FOUND")


def test_bodies_that_are_no_json_are_refused(box: Box) -> None:
    (po,) = box.add(1)
    json_type = {"Content-Type": "application/json"}
    broken = box.call("POST", f"/v3/orders/{po}/cancel", content=b"{", headers=json_type)
    untyped = box.call("POST", f"/v3/orders/{po}/cancel", content=b"{}")
    assert code_of(broken) == (400, "MALFORMED_REQUEST_CONTENT")
    assert code_of(untyped) == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_beyond_the_limit_calls_are_throttled_until_the_bucket_refills() -> None:
    """RATE-1: by operation and account, with the headers that tell how long."""
    with walmart_box(limits={**LIMITS, "acknowledge": Limit(2)}, replenish_format="seconds") as box:
        pos = box.add(3)
        answers = [box.call("POST", f"/v3/orders/{po}/acknowledge") for po in pos]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert code_of(answers[2]) == (429, "REQUEST_THRESHOLD_VIOLATED")
        assert answers[2].headers[COUNT_HEADER] == "0"
        assert answers[2].headers[TIME_HEADER] == "30"
        assert box.call("GET", "/v3/orders").status_code == 200
        box.clock.now += 31
        assert box.call("POST", f"/v3/orders/{pos[2]}/acknowledge").status_code == 200
