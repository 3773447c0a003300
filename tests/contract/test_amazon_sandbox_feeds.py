"""FUL-3, RET-2, FIN-1, ERR-3: feeds and reports as jobs, their documents, and what the order feeds do."""

import gzip
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from connectors.amazon.sandbox.gate import TOKEN_HEADER
from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.order_feeds import CANCEL_TYPE, REFUND_TYPE
from connectors.amazon.sandbox.order_report import TYPE as ORDER_REPORT
from connectors.amazon.sandbox.reports import Asked, Made
from connectors.amazon.sandbox.settings import DEMO_SELLER, EU_SELLER
from tests.contract.amazon_box import LONG_AGO, Box, Json, amazon_box, error_of

US = BY_COUNTRY["US"].id
TSV = "text/tab-separated-values; charset=UTF-8"
FEEDS, REPORTS = "/feeds/2021-06-30", "/reports/2021-06-30"
PLAIN_US = {"base": "plain", "marketplaces": ["US"], "max_quantity": 1}


@pytest.fixture
def box() -> Iterator[Box]:
    with amazon_box(rate_factor=1000.0) as box:
        yield box


def announced(box: Box, content_type: str = TSV) -> Json:
    answer = box.call("POST", f"{FEEDS}/documents", json={"contentType": content_type})
    assert answer.status_code == 201
    found: Json = answer.json()
    return found


def put(box: Box, document: Json, text: str, content_type: str = TSV) -> httpx.Response:
    return box.http.put(document["url"], content=text.encode(), headers={"content-type": content_type})


def create(box: Box, kind: str, document: Json, **more: Any) -> httpx.Response:
    body = {"feedType": kind, "marketplaceIds": [US], "inputFeedDocumentId": document["feedDocumentId"], **more}
    return box.call("POST", f"{FEEDS}/feeds", json=body)


def send(box: Box, kind: str, *rows: str) -> str:
    document = announced(box)
    assert put(box, document, "\n".join(rows) + "\n").status_code == 200
    answer = create(box, kind, document)
    assert answer.status_code == 202
    return str(answer.json()["feedId"])


def feed(box: Box, feed_id: str) -> Json:
    found: Json = box.call("GET", f"{FEEDS}/feeds/{feed_id}").raise_for_status().json()
    return found


def content(box: Box, shown: Json) -> str:
    raw = box.http.get(shown["url"]).content
    return (gzip.decompress(raw) if shown.get("compressionAlgorithm") else raw).decode()


def result(box: Box, feed_id: str) -> str:
    """The processing report of a feed that is done by now."""
    box.clock.tick(5)
    found = feed(box, feed_id)
    assert found["processingStatus"] == "DONE"
    return content(box, box.call("GET", f"{FEEDS}/documents/{found['resultFeedDocumentId']}").json())


def tally(text: str) -> tuple[int, int]:
    """(processed, successful) of a processing report."""
    done, good = re.findall(r"Number of records \w+\t\t(\d+)", text)
    return int(done), int(good)


def cancel_row(order_id: str, item: str = "", reason: str = "NoInventory") -> str:
    return f"{order_id}\t{reason}\t{item}"


def refund_row(order: Json, amount: str, **more: str) -> str:
    item, reason, currency = order["orderItems"][0]["orderItemId"], "CustomerReturn", "USD"
    fields = {"item": item, "reason": reason, "currency": currency, **more}
    return "\t".join((order["orderId"], fields["item"], fields["reason"], fields["currency"], amount))


CANCEL_HEAD = "order-id\tcancellation-reason-code\tamazon-order-item-code"
REFUND_HEAD = "order-id\torder-item-id\tadjustment-reason-code\tcurrency\titem-price-adj"


def test_a_feed_goes_through_its_states(box: Box) -> None:
    (order_id,) = box.add(1, mix=PLAIN_US)
    feed_id = send(box, CANCEL_TYPE, CANCEL_HEAD, cancel_row(order_id))
    assert feed(box, feed_id)["processingStatus"] == "IN_QUEUE"
    box.clock.tick(0.49)
    assert feed(box, feed_id)["processingStatus"] in ("IN_QUEUE", "IN_PROGRESS")
    assert box.order(order_id)["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert tally(result(box, feed_id)) == (1, 1)
    assert box.order(order_id)["fulfillment"]["fulfillmentStatus"] == "CANCELLED"


def test_the_acknowledgement_feed_cancels_items(box: Box) -> None:
    """FUL-3: despite its name. A record that is refused leaves the others alone."""
    (order_id,) = box.add(1, mix={**PLAIN_US, "items": [0, 1]})
    first, second = (one["orderItemId"] for one in box.order(order_id)["orderItems"])
    template = "TemplateType=OrderCancellation\tVersion=1.0/1.0.3\tThis row for Amazon.com use only."
    rows = (
        cancel_row(order_id, first),
        cancel_row(order_id, "404"),
        cancel_row("999-1-1"),
        cancel_row(order_id, second, "x"),
    )
    text = result(box, send(box, CANCEL_TYPE, template, CANCEL_HEAD, *rows))
    assert tally(text) == (4, 1)
    assert [line.split("\t")[0] for line in text.strip().splitlines()[5:]] == ["2", "3", "4"]
    items = box.order(order_id)["orderItems"]
    assert items[0]["cancellation"]["cancellationExecution"]["cancelledBy"] == "MERCHANT"
    assert "cancellation" not in items[1]


def test_shipped_orders_are_not_cancelled(box: Box) -> None:
    (order_id,) = box.add(1, mix={**PLAIN_US, "shipped": 1.0})
    assert tally(result(box, send(box, CANCEL_TYPE, CANCEL_HEAD, cancel_row(order_id)))) == (1, 0)
    assert box.state()["orders"][order_id]["refused"] == {"cancel": 1}


def test_the_payment_adjustment_feed_refunds_no_more_than_was_paid(box: Box) -> None:
    """RET-2: each kind of money at most once."""
    (order_id,) = box.add(1, mix={**PLAIN_US, "shipped": 1.0})
    order = box.order(order_id)
    paid = order["orderItems"][0]["product"]["price"]["unitPrice"]["amount"]
    rows = (refund_row(order, paid), refund_row(order, "0.01"))
    text = result(box, send(box, REFUND_TYPE, REFUND_HEAD, *rows))
    assert tally(text) == (2, 1)
    assert "at most 0" in text
    (made,) = box.state()["refunds"]
    assert (made["orderId"], made["minor"]) == (order_id, int(paid.replace(".", "")))


@pytest.mark.parametrize(
    ("amount", "more"),
    [
        ("-1.00", {}),
        ("1.001", {}),
        ("ten", {}),
        ("", {}),
        ("1.00", {"currency": "EUR"}),
        ("1.00", {"reason": "Whim"}),
        ("1.00", {"item": "404"}),
    ],
)
def test_a_wrong_refund_is_refused(box: Box, amount: str, more: dict[str, str]) -> None:
    (order_id,) = box.add(1, mix={**PLAIN_US, "shipped": 1.0})
    row = refund_row(box.order(order_id), amount, **more)
    assert tally(result(box, send(box, REFUND_TYPE, REFUND_HEAD, row))) == (1, 0)
    assert box.state()["refunds"] == []


def test_what_is_not_shipped_is_not_refunded(box: Box) -> None:
    (order_id,) = box.add(1, mix=PLAIN_US)
    row = refund_row(box.order(order_id), "1.00")
    assert tally(result(box, send(box, REFUND_TYPE, REFUND_HEAD, row))) == (1, 0)


def test_a_file_without_its_columns_is_fatal(box: Box) -> None:
    feed_id = send(box, CANCEL_TYPE, "order\treason", "1\t2")
    box.clock.tick(5)
    assert feed(box, feed_id)["processingStatus"] == "FATAL"


def test_dead_types_empty_documents_and_faults_end_fatal(box: Box) -> None:
    ids = [send(box, "POST_INVENTORY_AVAILABILITY_DATA", "sku")]
    ids.append(create(box, CANCEL_TYPE, announced(box)).json()["feedId"])
    box.faults({"kind": "feed_fatal", "limit": 1})
    ids.append(send(box, CANCEL_TYPE, CANCEL_HEAD))
    box.clock.tick(5)
    assert [feed(box, one)["processingStatus"] for one in ids] == ["FATAL"] * 3


def test_records_and_whole_feeds_can_be_made_to_fail(box: Box) -> None:
    """ERR-3: DONE is not success."""
    ids = box.add(3, mix=PLAIN_US)
    box.faults({"kind": "feed_record_error", "skip": 1, "limit": 1}, {"kind": "feed_stuck", "skip": 1, "limit": 1})
    text = result(box, send(box, CANCEL_TYPE, CANCEL_HEAD, *map(cancel_row, ids)))
    assert tally(text) == (3, 2)
    stuck = send(box, CANCEL_TYPE, CANCEL_HEAD)
    box.clock.tick(86_400)
    assert feed(box, stuck)["processingStatus"] == "IN_PROGRESS"
    assert box.control(f"/sandbox/feeds/{stuck}/finish")["processingStatus"] == "DONE"


def test_documents_take_no_token_and_one_content_type(box: Box) -> None:
    document = announced(box)
    with_token = box.http.put(document["url"], content=b"x", headers={"content-type": TSV, **box.headers()})
    assert (with_token.status_code, "auth mechanism" in with_token.text) == (400, True)
    assert put(box, document, "x", "text/plain").status_code == 403
    assert box.http.get(document["url"]).status_code == 403
    assert box.http.put(document["url"] + "0", content=b"x", headers={"content-type": TSV}).status_code == 403
    box.clock.tick(299)
    assert put(box, document, "x").status_code == 200
    box.clock.tick(1)
    late = put(box, document, "x")
    assert (late.status_code, "expired" in late.text) == (403, True)


@pytest.mark.parametrize("zipped", ["always", "never"])
def test_results_are_zipped_as_announced(zipped: str) -> None:
    with amazon_box(rate_factor=1000.0, zipped_documents=zipped) as box:
        feed_id = send(box, CANCEL_TYPE, CANCEL_HEAD)
        box.clock.tick(5)
        path = f"{FEEDS}/documents/{feed(box, feed_id)['resultFeedDocumentId']}"
        shown = box.call("GET", path).json()
        assert shown.get("compressionAlgorithm") == ("GZIP" if zipped == "always" else None)
        raw = box.http.get(shown["url"])
        assert "content-encoding" not in raw.headers
        assert raw.content.startswith(b"\x1f\x8b") == (zipped == "always")
        encoded = box.call("GET", path, params={"enableContentEncodingUrlHeader": "true"}).json()
        assert box.http.get(encoded["url"]).text.startswith("Feed Processing Summary")
        assert box.http.get(encoded["url"], headers=box.headers()).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"feedType": "POST_COFFEE"},
        {"feedType": None},
        {"marketplaceIds": []},
        {"marketplaceIds": [BY_COUNTRY["DE"].id]},
        {"inputFeedDocumentId": "badDocumentId"},
        {"feedOptions": 7},
    ],
)
def test_a_wrong_feed_is_refused(box: Box, wrong: Json) -> None:
    assert error_of(create(box, CANCEL_TYPE, announced(box), **wrong)) == (400, "InvalidInput")


def test_a_document_belongs_to_its_seller(box: Box) -> None:
    document = announced(box)
    body = {"feedType": CANCEL_TYPE, "marketplaceIds": [BY_COUNTRY["DE"].id]}
    body["inputFeedDocumentId"] = document["feedDocumentId"]
    assert error_of(box.call("POST", f"{FEEDS}/feeds", EU_SELLER, json=body))[0] == 400


def test_feeds_are_listed_newest_first_and_paged_by_token_alone(box: Box) -> None:
    ids = []
    for _ in range(3):
        ids.append(send(box, CANCEL_TYPE, CANCEL_HEAD))
        box.clock.tick(10)
    params = {"feedTypes": CANCEL_TYPE, "pageSize": "2"}
    first = box.call("GET", f"{FEEDS}/feeds", params=params).json()
    token = {"nextToken": first["nextToken"]}
    second = box.call("GET", f"{FEEDS}/feeds", params=token).json()
    assert [one["feedId"] for one in [*first["feeds"], *second["feeds"]]] == ids[::-1]
    assert "nextToken" not in second
    assert error_of(box.call("GET", f"{FEEDS}/feeds", params={**params, **token}))[0] == 400
    assert error_of(box.call("GET", f"{FEEDS}/feeds"))[0] == 400
    cancelled = box.call("GET", f"{FEEDS}/feeds", params={**params, "processingStatuses": "CANCELLED"}).json()
    assert cancelled == {"feeds": []}


def test_only_a_waiting_feed_can_be_cancelled(box: Box) -> None:
    (order_id,) = box.add(1, mix=PLAIN_US)
    waiting = send(box, CANCEL_TYPE, CANCEL_HEAD, cancel_row(order_id))
    assert box.call("DELETE", f"{FEEDS}/feeds/{waiting}").status_code == 200
    box.clock.tick(5)
    assert feed(box, waiting)["processingStatus"] == "CANCELLED"
    assert box.order(order_id)["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    done = send(box, CANCEL_TYPE, CANCEL_HEAD)
    box.clock.tick(5)
    assert error_of(box.call("DELETE", f"{FEEDS}/feeds/{done}"))[0] == 400
    assert error_of(box.call("GET", f"{FEEDS}/feeds/404"))[0] == 404


# -- reports


def ask(box: Box, **more: Any) -> httpx.Response:
    body = {"reportType": ORDER_REPORT, "marketplaceIds": [US], "dataStartTime": LONG_AGO, **more}
    return box.call("POST", f"{REPORTS}/reports", json=body)


def report(box: Box, report_id: str) -> Json:
    found: Json = box.call("GET", f"{REPORTS}/reports/{report_id}").raise_for_status().json()
    return found


def test_a_report_is_asked_for_made_and_downloaded(box: Box) -> None:
    """REC-4: a census by another way."""
    ids = box.add(3, mix=PLAIN_US)
    answer = ask(box)
    assert answer.status_code == 202
    box.clock.tick(5)
    found = report(box, answer.json()["reportId"])
    assert (found["processingStatus"], found["dataStartTime"]) == ("DONE", "2026-01-01T00:00:00.000Z")
    shown = box.call("GET", f"{REPORTS}/documents/{found['reportDocumentId']}").json()
    head, *lines = content(box, shown).splitlines()
    assert head.split("\t")[0] == "amazon-order-id"
    assert {line.split("\t")[0] for line in lines} == set(ids)


def test_a_report_without_data_is_cancelled(box: Box) -> None:
    answer = ask(box)
    box.clock.tick(5)
    found = report(box, answer.json()["reportId"])
    assert (found["processingStatus"], "reportDocumentId" in found) == ("CANCELLED", False)


@pytest.mark.parametrize(("kind", "status"), [("report_fatal", "FATAL"), ("report_cancelled", "CANCELLED")])
def test_reports_can_be_made_to_fail(box: Box, kind: str, status: str) -> None:
    box.add(1, mix=PLAIN_US)
    box.faults({"kind": kind, "limit": 1}, {"kind": "report_stuck", "skip": 1, "limit": 1})
    first, second = (ask(box).json()["reportId"] for _ in range(2))
    box.clock.tick(60)
    assert [report(box, one)["processingStatus"] for one in (first, second)] == [status, "IN_PROGRESS"]
    assert box.control(f"/sandbox/reports/{second}/finish")["processingStatus"] == "DONE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"reportType": "BAD_FEE_DISCOUNTS_REPORT"},
        {"marketplaceIds": []},
        {"dataStartTime": "yesterday"},
        {"dataEndTime": "2025-01-01T00:00:00Z"},
    ],
)
def test_a_wrong_report_is_refused(box: Box, wrong: Json) -> None:
    assert error_of(ask(box, **wrong)) == (400, "InvalidInput")


def test_what_amazon_makes_by_itself_is_listed_and_cannot_be_asked_for(box: Box) -> None:
    """FIN-1: settlements come this way."""
    reports, kind = box.app.world.reports, "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
    reports.announce(kind)
    assert error_of(ask(box, reportType=kind))[0] == 400
    asked = Asked(DEMO_SELLER.seller_id, "", kind, (US,), 0, 1000, {}, box.clock.now)
    made = reports.publish(asked, Made(b"settlement-id\n"))
    listed = box.call("GET", f"{REPORTS}/reports", params={"reportTypes": kind}).json()["reports"]
    assert [one["reportId"] for one in listed] == [made.id]
    box.clock.tick(90 * 86_400 + 1)
    assert box.call("GET", f"{REPORTS}/reports", params={"reportTypes": kind}).json()["reports"] == []


def test_report_documents_are_not_feed_documents(box: Box) -> None:
    box.add(1, mix=PLAIN_US)
    report_id = ask(box).json()["reportId"]
    box.clock.tick(5)
    document = report(box, report_id)["reportDocumentId"]
    assert error_of(box.call("GET", f"{FEEDS}/documents/{document}"))[0] == 400
    assert TOKEN_HEADER in box.headers()
