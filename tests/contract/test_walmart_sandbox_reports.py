"""TEST-1, FIN-1, FIN-2: reconciliation reports, statement and reports on request of the Walmart sandbox."""

import csv
import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.walmart.sandbox.recon_rows import COLUMNS
from tests.contract.walmart_box import Box, code_of, walmart_box
from tests.contract.walmart_seller import add
from tests.unit.walmart_sandbox.orders import cancellation, order_of, refund_of, shipment

Json = dict[str, Any]
Rows = list[dict[str, str]]
RECON = "/v3/report/reconreport"
FILE = {"Accept": "application/octet-stream"}


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as box:
        yield box


def settle(box: Box, **wish: Any) -> Json:
    made: Json = box.http.post("/sandbox/settlements", json=wish).raise_for_status().json()
    return made


def report(box: Box, date: str) -> Rows:
    answer = box.call("GET", f"{RECON}/reconFile?reportDate={date}&reportVersion=v1", headers=FILE).raise_for_status()
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (name,) = archive.namelist()
        return list(csv.DictReader(io.StringIO(archive.read(name).decode())))


def total(rows: Rows, **wanted: str) -> Decimal:
    """Sum of the amounts of the rows whose type is `kind` and amount type `amount`, as far as given."""
    names = {"kind": "Transaction Type", "amount": "Amount Type", "po": "Purchase Order #"}
    chosen = [row for row in rows if all(row[names[name]] == value for name, value in wanted.items())]
    return sum((Decimal(row["Amount"]) for row in chosen if row["Amount"]), Decimal(0))


def ship(box: Box, order: Json, line: str = "1", count: int = 1) -> None:
    po = order["purchaseOrderId"]
    box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
    box.call("POST", f"/v3/orders/{po}/shipping", json=shipment(line, count)).raise_for_status()


def charged(order: Json) -> tuple[Decimal, Decimal, Decimal]:
    """(goods, shipping, tax) of an order."""
    charges = [charge for line in order["orderLines"]["orderLine"] for charge in line["charges"]["charge"]]
    sums = {"PRODUCT": Decimal(0), "SHIPPING": Decimal(0)}
    for charge in charges:
        sums[charge["chargeType"]] += Decimal(str(charge["chargeAmount"]["amount"]))
    tax = sum(Decimal(str(one["tax"]["taxAmount"]["amount"])) for one in charges if "tax" in one)
    return sums["PRODUCT"], sums["SHIPPING"], Decimal(tax)


def test_a_report_books_what_was_shipped_and_sums_to_the_cent(box: Box) -> None:
    """FIN-2: Total Payable is the sum of the amounts."""
    order = order_of(2)
    box.raw(order, {**order_of(1), "purchaseOrderId": "9900000000001"})
    ship(box, order, count=2)
    made = settle(box)
    assert made["reportDate"] == "11202026"
    rows = report(box, "11202026")
    assert list(rows[0]) == list(COLUMNS)
    assert (rows[0]["Transaction Type"], rows[0]["Period End Date"]) == ("PaymentSummary", "11/20/2026")
    assert Decimal(rows[0]["Total Payable"]) == total(rows) == Decimal(made["payable_cents"]) / 100
    goods, shipping, tax = charged(order)
    assert tax > 0
    assert total(rows, amount="Product Price") == goods
    assert total(rows, amount="Shipping") == shipping
    assert total(rows, amount="Product tax") + total(rows, amount="Shipping tax") == tax
    assert total(rows, amount="Product tax withheld") + total(rows, amount="Shipping tax withheld") == -tax
    assert total(rows, amount="Commission on Product") == -(goods * 15 / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert {row["Purchase Order #"] for row in rows[1:]} == {order["purchaseOrderId"]}


def test_every_unit_is_booked_once_and_parts_add_up(box: Box) -> None:
    """FIN-2: what one report has booked the next does not."""
    order = order_of(3)
    box.raw(order)
    reports = []
    for _ in range(3):
        ship(box, order)
        reports.append(report(box, settle(box)["reportDate"]))
    empty = report(box, settle(box)["reportDate"])
    assert len(empty) == 1
    assert empty[0]["Total Payable"] == "0.00"
    goods, shipping, _ = charged(order)
    assert sum((total(rows, amount="Product Price") for rows in reports), Decimal(0)) == goods
    assert sum((total(rows, amount="Shipping") for rows in reports), Decimal(0)) == shipping
    assert box.call("GET", f"{RECON}/availableReconFiles?reportVersion=v1").json() == {
        "availableApReportDates": ["11202026", "11212026", "11222026", "11232026"]
    }


def test_cancelled_units_are_never_booked(box: Box) -> None:
    order = order_of(2)
    box.raw(order)
    ship(box, order)
    po = order["purchaseOrderId"]
    changed = box.call("POST", f"/v3/orders/{po}/cancel", json=cancellation("1", 1)).raise_for_status().json()["order"]
    rows = report(box, settle(box)["reportDate"])
    assert total(rows, amount="Product Price") == charged(changed)[0]


def test_refunds_are_booked_with_their_tax_and_commission_back(box: Box) -> None:
    """RET-2, FIN-1: by order and by return."""
    order = order_of(2, 1)
    box.raw(order)
    ship(box, order, count=2)
    ship(box, order, "2")
    settle(box)
    po = order["purchaseOrderId"]
    body = refund_of(po, "2", -1.00, tax=-0.08)
    box.call("POST", f"/v3/orders/{po}/refund", json=body).raise_for_status()
    made = {"purchaseOrderId": po, "lines": [{"line": "1", "quantity": 1}], "timeline": "instant"}
    box.http.post("/sandbox/returns", json=made).raise_for_status()
    box.clock.now += 10
    rows = report(box, settle(box)["reportDate"])
    assert total(rows, kind="Sale") == 0
    first = order["orderLines"]["orderLine"][0]["charges"]["charge"][0]["chargeAmount"]["amount"]
    half = (Decimal(str(first)) / 2).quantize(Decimal("0.01"), "ROUND_HALF_UP")
    assert total(rows, kind="Refund", amount="Product Price") == -half - 1
    assert total(rows, kind="Refund", amount="Commission on Product") > 0
    taxes = total(rows, kind="Refund", amount="Product tax")
    assert taxes < 0
    assert taxes + total(rows, kind="Refund", amount="Product tax withheld") == 0
    assert total(rows, kind="Adjustment") == Decimal("-5.99")
    assert Decimal(rows[0]["Total Payable"]) == total(rows)


def test_walmart_fulfilled_orders_cost_their_fees(box: Box) -> None:
    order = {**order_of(2), "shipNode": {"type": "WFSFulfilled"}}
    order["orderLines"]["orderLine"][0]["orderLineStatuses"]["orderLineStatus"][0]["status"] = "Shipped"
    box.raw(order)
    rows = report(box, settle(box, wfs_storage_cents=250, adjustments=[["Dispute won", 1000]])["reportDate"])
    assert total(rows, kind="Service Fee") == Decimal("-6.90") + Decimal("-2.50")
    assert total(rows, kind="Adjustment") == 10
    assert {row["Fulfillment Type"] for row in rows if row["Purchase Order #"]} == {"Walmart Fulfilled"}
    assert Decimal(rows[0]["Total Payable"]) == total(rows)


def test_wrong_reports_on_request(box: Box) -> None:
    """FIN-2: off by a cent, an unknown type, the same one twice."""
    order = order_of(1)
    box.raw(order)
    ship(box, order)
    off = settle(box, variant="off_by_cent")
    rows = report(box, off["reportDate"])
    assert Decimal(rows[0]["Total Payable"]) - total(rows) == Decimal("0.01")
    odd = report(box, settle(box, variant="unknown_type")["reportDate"])
    assert [row["Transaction Type"] for row in odd[1:]] == ["Stardust Levy"]
    again = settle(box, copy_of=off["reportDate"], offers=2)["reportDate"]
    assert report(box, again) == rows
    dates = box.call("GET", f"{RECON}/availableReconFiles").json()["availableApReportDates"]
    assert dates.count(again) == 2
    assert box.http.post("/sandbox/settlements", json={"date": again}).status_code == 400
    assert box.http.post("/sandbox/settlements", json={"variant": "odd"}).status_code == 400


def test_the_same_report_is_the_same_bytes(box: Box) -> None:
    """FIN-2: a report read twice is recognised."""
    date = settle(box)["reportDate"]
    answers = [box.call("GET", f"{RECON}/reconFile?reportDate={date}", headers=FILE) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["content-disposition"] == f"attachment; filename=100009_{date}.zip"


def test_a_report_file_comes_as_a_file_only(box: Box) -> None:
    date = settle(box)["reportDate"]
    assert code_of(box.call("GET", f"{RECON}/reconFile?reportDate={date}")) == (406, "INVALID_ACCEPT_TYPE")
    wrong = f"{RECON}/reconFile?reportDate=2026-11-20"
    assert code_of(box.call("GET", wrong, headers=FILE)) == (404, "CONTENT_NOT_FOUND")
    missing = box.call("GET", f"{RECON}/reconFile", headers=FILE)
    assert code_of(missing) == (400, "MISSING_REQUEST_PARAM")
    assert box.call("GET", f"{RECON}/availableReconFiles?reportVersion=v2").status_code == 404


def test_the_json_form_ends_after_a_thousand_rows(box: Box) -> None:
    date = settle(box, adjustments=[["Fee", -1]] * 1500)["reportDate"]
    cut = box.call("GET", f"{RECON}/reconFileJson?reportDate={date}").json()
    assert len(cut["reportData"]) == 1000
    assert set(cut) == {"reportData"}
    assert cut["reportData"][0]["Total Payable"] == "-15.00"
    rows, offset = [], 0
    while offset != -1:
        query = f"reportDate={date}&offset={offset}&noOfRecords=600"
        page = box.call("GET", f"{RECON}/reconFileJson?{query}").json()
        rows += page["reportData"]
        offset = page["nextOffset"]
    assert len(rows) == page["totalRecords"] == 1501
    assert len(report(box, date)) == 1501


def test_the_statement_is_the_running_cycle(box: Box) -> None:
    order = order_of(1)
    box.raw(order)
    ship(box, order)
    payload = box.call("GET", "/v3/report/payment/statement").json()["payload"]
    goods, _, tax = charged(order)
    sale = payload["transactionDetails"]["saleAggregate"]
    assert Decimal(str(sale["productPrice"])) == goods
    assert Decimal(str(sale["netTaxCollected"])) == tax == -Decimal(str(sale["netTaxWithheld"]))
    made = settle(box)
    assert payload["accountSummary"]["closingBalance"] * 100 == pytest.approx(made["payable_cents"])
    assert box.call("GET", "/v3/report/payment/statement").json()["payload"]["accountSummary"]["closingBalance"] == 0


def ask(box: Box, kind: str = "ITEM", **more: Any) -> Any:
    return box.call("POST", f"/v3/reports/reportRequests?reportType={kind}&reportVersion=v4", json={}, **more)


def test_a_report_on_request_is_fetched_from_a_signed_address(box: Box) -> None:
    add(box, items=[{"sku": "A", "stock": 4}, {"sku": "B"}])
    request_id = ask(box).json()["requestId"]
    path = f"/v3/reports/reportRequests/{request_id}"
    assert box.call("GET", path).json()["requestStatus"] == "RECEIVED"
    link = f"/v3/reports/downloadReport?requestId={request_id}"
    assert code_of(box.call("GET", link)) == (400, "INVALID_REQUEST")
    box.clock.now += 3
    assert box.call("GET", path).json()["requestStatus"] == "READY"
    address = box.call("GET", link).json()["downloadURL"]
    content = box.http.get(address).raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read(archive.namelist()[0]).decode())))
    assert [(row["SKU"], row["Publish Status"]) for row in rows] == [("A", "PUBLISHED"), ("B", "PUBLISHED")]
    assert box.http.get(address.replace("sig=", "sig=0")).status_code == 403
    box.clock.now += 601
    assert box.http.get(address).status_code == 403
    assert urlsplit(address).netloc == box.http.base_url.netloc.decode()


def test_inventory_and_cancellation_reports(box: Box) -> None:
    add(box, items=[{"sku": "A", "stock": 4}])
    order = order_of(1)
    box.raw(order)
    po = order["purchaseOrderId"]
    box.call("POST", f"/v3/orders/{po}/cancel", json=cancellation("1", 1)).raise_for_status()
    ids = [ask(box, kind).json()["requestId"] for kind in ("INVENTORY", "CANCELLATION")]
    box.clock.now += 3
    found = []
    for request_id in ids:
        address = box.call("GET", f"/v3/reports/downloadReport?requestId={request_id}").json()["downloadURL"]
        with zipfile.ZipFile(io.BytesIO(box.http.get(address).content)) as archive:
            found.append(list(csv.DictReader(io.StringIO(archive.read(archive.namelist()[0]).decode()))))
    assert [(row["SKU"], row["Available To Sell"]) for row in found[0]] == [("A", "4")]
    assert [(row["Purchase Order"], row["Reason"]) for row in found[1]] == [(po, "SELLER_CANCEL_OUT_OF_STOCK")]


def test_report_requests_are_listed_and_can_fail(box: Box) -> None:
    box.headers()
    box.faults({"kind": "report_error", "limit": 1})
    ask(box).raise_for_status()
    box.clock.now += 3
    listed = box.call("GET", "/v3/reports/reportRequests?reportType=ITEM").json()
    assert [one["requestStatus"] for one in listed["requests"]] == ["ERROR"]
    assert code_of(ask(box, "HOROSCOPE")) == (400, "INVALID_REQUEST_PARAM")
    assert code_of(box.call("GET", "/v3/reports/reportRequests/none")) == (404, "CONTENT_NOT_FOUND")
    box.clock.now += 31 * 86_400
    box.tokens.clear()
    assert box.call("GET", "/v3/reports/reportRequests?reportType=ITEM").json()["totalCount"] == 0
