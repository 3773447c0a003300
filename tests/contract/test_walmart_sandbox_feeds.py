"""TEST-1, PRD-4, INV-4: feeds of the Walmart sandbox, from the file to the fate of each item."""

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from connectors.walmart.sandbox.settings import LIMITS
from tests.contract.walmart_box import Box, code_of, walmart_box
from tests.contract.walmart_seller import (
    V5_HEADER,
    add,
    done,
    fates,
    inventory,
    items,
    mp_item,
    price_entry,
    prices,
    send,
    send_file,
    status,
    truth,
)


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box(rate_factor=100) as box:
        yield box


def test_a_feed_is_received_then_in_progress_then_processed(box: Box) -> None:
    """PRD-4: nothing is done when the file is taken."""
    add(box, items=[{"sku": "A", "stock": 1}])
    feed_id = send(box, "inventory", inventory(A=9, B=3))
    assert "@" in feed_id
    assert status(box, feed_id)["feedStatus"] == "RECEIVED"
    assert truth(box, "A")["stock"]["amount"] == 1
    box.clock.now += 0.5
    during = status(box, feed_id)
    assert during["feedStatus"] == "INPROGRESS"
    assert (during["itemsReceived"], during["itemsProcessing"]) == (2, 2)
    box.clock.now += 3
    after = status(box, feed_id)
    counts = [after[name] for name in ("itemsReceived", "itemsSucceeded", "itemsFailed", "itemsProcessing")]
    assert (after["feedStatus"], counts) == ("PROCESSED", [2, 1, 1, 0])
    assert fates(after) == [("A", "SUCCESS", ""), ("B", "DATA_ERROR", "CONTENT_NOT_FOUND")]
    assert truth(box, "A")["stock"]["amount"] == 9


def test_items_come_only_when_asked_for_and_in_pages(box: Box) -> None:
    skus = add(box, count=120)
    feed_id = send(box, "inventory", inventory(**dict.fromkeys(skus, 2)))
    done(box, feed_id)
    assert status(box, feed_id, "")["itemDetails"]["itemIngestionStatus"] == []
    seen = []
    for offset in (0, 50, 100):
        page = status(box, feed_id, f"includeDetails=true&offset={offset}&limit=50")
        seen += [item["sku"] for item in page["itemDetails"]["itemIngestionStatus"]]
    assert seen == skus
    too_many = f"/v3/feeds/{quote(feed_id, safe='')}?includeDetails=true&limit=51"
    assert code_of(box.call("GET", too_many)) == (400, "INVALID_REQUEST_PARAM")


def test_feeds_are_listed_newest_first_with_type_count_and_time(box: Box) -> None:
    """After a lost answer this is where to look before sending again."""
    add(box, count=2)
    first = send(box, "inventory", inventory(A=1))
    box.clock.now += 10
    box.headers()
    box.faults({"kind": "lost", "method": "POST", "path": "/v3/feeds", "limit": 1})
    with pytest.raises(Exception, match="disconnected"):
        send(box, "price", prices(price_entry("CWT-N000001", 3), price_entry("CWT-N000002", 4)))
    body = box.call("GET", "/v3/feeds").json()
    assert (body["totalResults"], body["limit"]) == (2, 50)
    lost, known = body["results"]["feed"]
    assert (lost["feedType"], lost["itemsReceived"], lost["feedDate"]) == ("price", 2, int(box.clock.now * 1000))
    assert known["feedId"] == first
    one = box.call("GET", f"/v3/feeds?feedId={quote(first, safe='')}").json()
    assert [feed["feedId"] for feed in one["results"]["feed"]] == [first]
    assert [f["feedId"] for f in box.call("GET", "/v3/feeds?offset=1&limit=1").json()["results"]["feed"]] == [first]


MIXED_UP = [
    ("inventory", {"inventoryHeader": {"version": "1.4"}, "inventory": [{"sku": "A"}]}),
    ("inventory", {"InventoryHeader": {"version": "1.4"}, "inventory": [{"sku": "A"}]}),
    ("inventory", {"InventoryHeader": {"version": "1.5"}, "Inventory": [{"sku": "A"}]}),
    ("MP_INVENTORY", {"InventoryHeader": {"version": "1.5"}, "Inventory": [{"sku": "A"}]}),
    ("price", {"PriceFeed": prices(price_entry("A", 1))}),
    ("price", {"PriceHeader": {"version": "1.7"}, "Price": []}),
    ("MP_ITEM", items(mp_item("A", 1), header={**V5_HEADER, "version": "5.0"})),
    ("MP_ITEM", items(mp_item("A", 1), header={**V5_HEADER, "processMode": "REPLACE"})),
    ("MP_ITEM", items(mp_item("A", 1), header={"locale": "en", "version": V5_HEADER["version"]})),
    ("RETIRE_ITEM", {"RetireItemHeader": {"version": "1.0"}, "RetireItem": [{"sku": "A"}]}),
]


@pytest.mark.parametrize(("kind", "body"), MIXED_UP)
def test_a_wrong_header_or_letter_case_fails_the_whole_feed(box: Box, kind: str, body: dict[str, object]) -> None:
    feed = done(box, send(box, kind, body))
    assert (feed["feedStatus"], feed["itemsReceived"]) == ("ERROR", 0)
    assert feed["ingestionErrors"]["ingestionError"][0]["code"] == "ERR_EXT_DATA_0503009"


def test_a_file_that_is_not_json_fails_its_feed(box: Box) -> None:
    answer = send_file(box, "price", b'{"PriceHeader": ').raise_for_status().json()
    feed = done(box, answer["feedId"])
    assert feed["feedStatus"] == "ERROR"
    assert feed["ingestionErrors"]["ingestionError"][0]["code"] == "ERR_PDI_0001"


def test_what_is_no_feed_is_refused_at_once(box: Box) -> None:
    body = json.dumps(inventory(A=1)).encode()
    assert code_of(send_file(box, "NO_SUCH", body)) == (400, "INVALID_REQUEST_PARAM")
    assert code_of(box.call("POST", "/v3/feeds", files={"file": body})) == (400, "MISSING_REQUEST_PARAM")
    assert code_of(send_file(box, "inventory", body, name="data")) == (400, "INVALID_REQUEST_CONTENT")
    wrong = box.call("POST", "/v3/feeds?feedType=inventory", json=inventory(A=1))
    assert code_of(wrong) == (415, "UNSUPPORTED_MEDIA_TYPE")
    by_hand = {"Content-Type": "multipart/form-data"}
    lost_boundary = box.call("POST", "/v3/feeds?feedType=inventory", content=body, headers=by_hand)
    assert code_of(lost_boundary) == (400, "INVALID_REQUEST_HEADER")
    assert code_of(box.call("GET", "/v3/feeds/none%40such")) == (404, "CONTENT_NOT_FOUND")
    assert box.call("GET", "/v3/feeds").json()["totalResults"] == 0


def test_files_that_are_too_large(box: Box) -> None:
    megabyte = b" " * (1024 * 1024)
    answer = send_file(box, "MP_INVENTORY", megabyte)
    assert answer.status_code == 413
    assert send_file(box, "inventory", megabyte).status_code == 200
    many = inventory(**{f"S{n}": 1 for n in range(10_001)})
    assert done(box, send(box, "inventory", many))["feedStatus"] == "ERROR"


def test_ten_thousand_items_in_one_feed(box: Box) -> None:
    """TEST-2: what a full inventory takes."""
    skus = add(box, count=10_000, stock=1)
    feed = done(box, send(box, "inventory", inventory(**dict.fromkeys(skus, 5))))
    assert (feed["itemsReceived"], feed["itemsSucceeded"]) == (10_000, 10_000)


def test_a_sku_twice_in_a_price_feed_has_no_certain_winner() -> None:
    winners = set()
    for _ in range(30):
        with walmart_box() as box:
            add(box, items=[{"sku": "A"}])
            done(box, send(box, "price", prices(price_entry("A", 1), price_entry("A", 2))))
            winners.add(truth(box, "A")["price_cents"])
            if len(winners) == 2:
                return
    raise AssertionError(f"always {winners}")


@pytest.mark.parametrize(
    ("fault", "fate"),
    [
        ("feed_item_error", "DATA_ERROR"),
        ("feed_item_system_error", "SYSTEM_ERROR"),
        ("feed_item_timeout", "TIMEOUT_ERROR"),
    ],
)
def test_one_bad_item_leaves_the_others_alone(box: Box, fault: str, fate: str) -> None:
    """TEST-3: the item is not applied, the rest is."""
    skus = add(box, count=3, stock=1)
    box.faults({"kind": fault, "skip": 1, "limit": 1})
    feed = done(box, send(box, "inventory", inventory(**dict.fromkeys(skus, 7))))
    assert [status for _, status, _ in fates(feed)] == ["SUCCESS", fate, "SUCCESS"]
    assert [truth(box, sku)["stock"]["amount"] for sku in skus] == [7, 1, 7]
    (listed,) = box.call("GET", "/v3/feeds").json()["results"]["feed"]
    names = ("itemDataErrorCount", "itemSystemErrorCount", "itemTimeoutErrorCount")
    assert sum(listed[name] for name in names) == 1


def test_a_stuck_feed_stays_in_progress_until_it_is_let_go(box: Box) -> None:
    add(box, items=[{"sku": "A", "stock": 1}])
    box.faults({"kind": "feed_stuck", "limit": 1})
    feed_id = send(box, "inventory", inventory(A=5))
    box.clock.now += 86_400
    box.tokens.clear()
    assert status(box, feed_id)["feedStatus"] == "INPROGRESS"
    assert truth(box, "A")["stock"]["amount"] == 1
    box.http.post(f"/sandbox/feeds/{quote(feed_id, safe='')}/finish").raise_for_status()
    assert status(box, feed_id)["feedStatus"] == "PROCESSED"
    assert truth(box, "A")["stock"]["amount"] == 5


def test_a_feed_can_fail_as_a_whole(box: Box) -> None:
    add(box, items=[{"sku": "A", "stock": 1}])
    box.faults({"kind": "feed_error", "limit": 1})
    feed = done(box, send(box, "inventory", inventory(A=5)))
    assert feed["feedStatus"] == "ERROR"
    assert truth(box, "A")["stock"]["amount"] == 1


def test_feeds_of_one_type_share_a_quota_by_the_hour() -> None:
    """RATE-1: ten price feeds an hour, one more every six minutes."""
    with walmart_box() as box:
        body = json.dumps(prices(price_entry("A", 1))).encode()
        answers = [send_file(box, "price", body).status_code for _ in range(11)]
        assert answers == [200] * 10 + [429]
        assert send_file(box, "inventory", json.dumps(inventory(A=1)).encode()).status_code == 200
        box.clock.now += 361
        assert send_file(box, "price", body).status_code == 200
        assert LIMITS["feed_price"].seconds == 3600


def test_a_killed_sandbox_goes_on_with_its_feeds(tmp_path: Path) -> None:
    """The file is kept until it is processed."""
    with walmart_box(data_dir=tmp_path) as box:
        add(box, items=[{"sku": "A", "stock": 1}])
        feed_id = send(box, "inventory", inventory(A=4))
        later = box.clock.now + 3
    with walmart_box(data_dir=tmp_path) as box:
        box.clock.now = later
        assert fates(status(box, feed_id)) == [("A", "SUCCESS", "")]
        assert truth(box, "A")["stock"]["amount"] == 4
