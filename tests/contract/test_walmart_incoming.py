"""Returns, catalogue and reconciliation reports in, from the Walmart sandbox through their mappings (RET-1, PRD-2, PRD-4, FIN-1, FIN-2)."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit import exact_json
from connectors.kit.errors import DataError
from connectors.kit.ports import Page, Source
from connectors.kit.rereading import DamagedError
from connectors.walmart.catalogue import WalmartItems, to_listing
from connectors.walmart.returns import WalmartReturns, to_return
from connectors.walmart.settlement_file import rows_in
from connectors.walmart.settlements import WalmartSettlements, kind_of, to_settlement
from tests.contract.test_walmart_connector import Patient
from tests.contract.walmart_box import Box, walmart_box
from tests.unit.failure.samples import codec

Json = dict[str, Any]


@pytest.fixture
def box() -> Iterator[Box]:
    with walmart_box() as found:
        yield found


async def read(source: Source, position: str = "") -> tuple[list[Page], str]:
    pages = [page async for page in source.pages(position)]
    await source.aclose()
    return pages, pages[-1].position


def sources(box: Box, **settings: Any) -> tuple[Patient, WalmartReturns, WalmartItems, WalmartSettlements]:
    patient = Patient(box, **settings)
    client = patient.client
    return (
        patient, WalmartReturns(patient.settings, "main", client(), patient.now), WalmartItems("main", client(), patient.now),
        WalmartSettlements("main", client(), patient.now),
    )  # fmt: skip


def control(box: Box, path: str, **body: Any) -> Json:
    found: Json = box.http.post(f"/sandbox/{path}", json=body).raise_for_status().json()
    return found


def delivered_orders(box: Box, count: int) -> list[str]:
    orders = box.add(count)
    box.clock.now += 3
    for po in orders:
        box.call("POST", f"/v3/orders/{po}/acknowledge").raise_for_status()
        lines = box.call("GET", f"/v3/orders/{po}").json()["order"]["orderLines"]["orderLine"]
        tracking = {
            "shipDateTime": int(box.clock() * 1000), "carrierName": {"carrier": "UPS"}, "methodCode": "Standard",
            "trackingNumber": f"T{po}",
        }  # fmt: skip
        told = [
            {"lineNumber": line["lineNumber"], "sellerOrderId": "S1", "orderLineStatuses": {"orderLineStatus": [
                {"status": "Shipped", "statusQuantity": line["orderLineQuantity"], "trackingInfo": tracking}]}}
            for line in lines
        ]  # fmt: skip
        body = {"orderShipment": {"orderLines": {"orderLine": told}}}
        box.call("POST", f"/v3/orders/{po}/shipping", json=body).raise_for_status()
    return orders


async def a_return(box: Box) -> tuple[str, Json]:
    """A return of one unit of line 1, and how it is mapped now."""
    (po,) = delivered_orders(box, 1)
    made = control(box, "returns", purchaseOrderId=po, lines=[{"line": "1", "quantity": 1}], timeline="manual")
    (found,) = made["returnOrderIds"]
    return found, await mapped_return(box, found)


async def mapped_return(box: Box, return_id: str) -> Json:
    _, returns, *_ = sources(box)
    pages = [page async for page in returns.fetch([return_id])]
    await returns.aclose()
    (record,) = to_return(pages[0].items[0].payload, "main")
    return dict(record.body)


async def test_goods_money_and_customer_service_are_three_states(box: Box) -> None:
    """RET-1: none of the three follows from another."""
    return_id, first = await a_return(box)
    assert [first[name] for name in ("physical", "financial", "service")] == ["announced", "pending", "open"]
    box.clock.now += 60
    control(box, f"returns/{return_id}/change", kind="refund")
    refunded = await mapped_return(box, return_id)
    assert [refunded[name] for name in ("physical", "financial", "service")] == ["announced", "refunded", "closed"]
    assert Decimal(refunded["lines"][0]["refund"]["amount"]) == Decimal(refunded["total_refund"]["amount"])
    box.clock.now += 60
    control(box, f"returns/{return_id}/change", kind="receive")
    received = await mapped_return(box, return_id)
    assert [received[name] for name in ("physical", "financial", "service")] == ["received", "refunded", "closed"]
    assert first["version"] < refunded["version"] < received["version"]
    assert received["key"] == first["key"] == f"walmart:main:return:{return_id}"


@pytest.mark.parametrize(("step", "expected"), [
    ("cancel", ["none", "none", "cancelled"]), ("ship", ["in_transit", "pending", "open"]), ("lose", ["lost", "pending", "open"]),
])  # fmt: skip
async def test_what_may_become_of_a_return(box: Box, step: str, expected: list[str]) -> None:
    """RET-1."""
    return_id, _ = await a_return(box)
    control(box, f"returns/{return_id}/change", kind=step)
    found = await mapped_return(box, return_id)
    assert [found[name] for name in ("physical", "financial", "service")] == expected


async def test_goods_the_buyer_keeps_do_not_come_back(box: Box) -> None:
    """RET-1: stock is not released for what never arrives."""
    (po,) = delivered_orders(box, 1)
    control(
        box, "returns", purchaseOrderId=po, lines=[{"line": "1", "quantity": 1, "keep_it": True}], timeline="manual"
    )
    _, returns, *_ = sources(box)
    pages, _ = await read(returns)
    (record,) = to_return(pages[0].items[0].payload, "main")
    assert (record.body["physical"], record.body["lines"][0]["kept"]) == ("none", True)


async def test_every_return_is_listed_through_its_own_paging_and_again_when_it_changes(box: Box) -> None:
    """RET-1: pages of two; the cursor goes behind the path as it came."""
    delivered_orders(box, 7)
    made = control(box, "returns", count=7, seed=3, timeline="manual")["returnOrderIds"]
    box.clock.now += 5
    patient, returns, *_ = sources(box)
    pages, position = await read(returns)
    keys = [item.key for page in pages for item in page.items]
    assert len(pages) > 1
    assert set(keys) == {f"walmart:main:return:{one}" for one in made}
    box.clock.now += timedelta(hours=3).total_seconds()
    control(box, f"returns/{made[0]}/change", kind="refund")
    box.clock.now += 5
    again = WalmartReturns(patient.settings, "main", patient.client(), patient.now)
    later, _ = await read(again, position)
    assert f"walmart:main:return:{made[0]}" in [item.key for page in later for item in page.items]


def test_a_return_of_several_purchase_orders_is_an_exception() -> None:
    line = {
        "returnOrderLineNumber": 1, "purchaseOrderLineNumber": 1, "purchaseOrderId": "1",
        "quantity": {"unitOfMeasure": "EACH", "measurementValue": 1},
    }  # fmt: skip
    content = {
        "returnOrderId": "10", "returnOrderDate": "2026-01-02T03:04:05.000Z",
        "returnOrderLines": [line, {**line, "returnOrderLineNumber": 2, "purchaseOrderId": "2"}],
    }  # fmt: skip
    with pytest.raises(DataError, match="spans several"):
        to_return(exact_json.dumps(content), "main")


async def test_the_whole_catalogue_is_read_with_its_publication_states(box: Box) -> None:
    """PRD-2, PRD-4: one cursor for all pages, an offset that moves."""
    control(box, "items", count=120, prefix="CWT-N", stock=5)
    skus = sorted(box.http.get("/sandbox/snapshot?sections=items").json()["items"])
    control(box, f"items/{skus[0]}/change", kind="unpublish", reasons=["no tax code"])
    control(box, f"items/{skus[1]}/change", kind="retire")
    *_, items, _ = sources(box)
    pages, _ = await read(items)
    found = {}
    for page in pages:
        for item in page.items:
            (record,) = to_listing(item.payload, "main")
            assert record.key == item.key
            found[record.body["sku"]] = record.body
    assert set(found) == set(skus)
    assert pages[-1].last
    assert (found[skus[0]]["status"], found[skus[0]]["problems"][0]["detail"]) == ("unpublished", "no tax code")
    assert found[skus[1]]["status"] == "retired"
    assert Counter(body["status"] for body in found.values())["published"] == 118


async def test_a_cursor_that_grew_old_begins_the_list_anew(box: Box) -> None:
    """PRD-2: two minutes pass between pages, and nothing is missed."""
    control(box, "items", count=120, prefix="CWT-N", stock=5)
    *_, items, _ = sources(box)
    keys = set()
    async for page in items.pages(""):
        keys |= {item.key for item in page.items}
        box.clock.now += 130
    await items.aclose()
    assert len(keys) == 120


async def test_an_empty_catalogue_is_no_error(box: Box) -> None:
    *_, items, _ = sources(box)
    pages, _ = await read(items)
    assert [page.items for page in pages] == [()]


async def settled(box: Box, **wish: Any) -> tuple[list[Page], str]:
    delivered_orders(box, 6)
    control(box, "settlements", **wish)
    *_, settlements = sources(box)
    return await read(settlements)


async def test_a_reconciliation_report_is_mapped_to_the_cent(box: Box) -> None:
    """FIN-1, FIN-2: kinds apart, facilitator tax nets to zero, the sum of all rows is the deposit."""
    pages, _ = await settled(box)
    (item,) = [item for page in pages for item in page.items]
    record, *orders = to_settlement(item.payload, "main")
    body = record.body
    sums: dict[str, Decimal] = {}
    for line in body["lines"]:
        sums[line["kind"]] = sums.get(line["kind"], Decimal(0)) + Decimal(line["amount"])
    assert sum(sums.values()) == Decimal(body["deposit"]) != 0
    assert sums["tax"] + sums["facilitator_tax"] == 0
    assert sums["commission"] < 0 < sums["sale"]
    assert "unknown" not in sums
    assert {line["order_key"].rsplit(":", 1)[0] for line in body["lines"] if line["order_key"]} == {"walmart:main"}
    brought = sum(Decimal(one.body["margin"]) + Decimal(one.body["tax"]) for one in orders)
    rest = sum(
        Decimal(line["amount"])
        for line in body["lines"]
        if not line["order_id"] or line["kind"] in ("reserve", "transfer")
    )
    assert brought + rest == Decimal(body["deposit"])
    assert {one.body["order_key"] for one in orders} == {
        line["order_key"] for line in body["lines"] if line["order_key"]
    }
    assert all(one.key == f"{item.key}:order:{one.body['order_id']}" for one in orders)


def test_units_of_a_row_count_once() -> None:
    """FIN-1: every row of an item repeats its quantity, also that of shipping given back."""

    def row(transaction: str, amount_type: str, amount: str, units: str) -> dict[str, str]:
        named = {"Purchase Order #": "7", "Partner Item Id": "TEA", "Ship Qty": units}
        return {"Transaction Type": transaction, "Amount Type": amount_type, "Amount": amount, **named}

    rows = [
        row("Sale", "Product Price", "30.00", "3"), row("Sale", "Shipping", "5.00", "3"),
        row("Sale", "Commission on Product", "-4.50", "3"), row("Refund", "Product Price", "-10.00", "1"),
        row("Refund", "Shipping", "-5.00", "1"), row("Sale", "Product Price", "0.00", "many"),
    ]  # fmt: skip
    summary = {"Transaction Type": "PaymentSummary", "Total Payable": "15.50"}
    _, order = to_settlement(exact_json.dumps({"reportDate": "01012026", "rows": [summary, *rows]}), "main")
    assert (order.body["skus"], order.body["margin"]) == ({"TEA": "2"}, "15.50")
    assert codec().decode("settled_order", codec().encode("settled_order", order.body)) == order.body


async def test_a_report_is_read_once_and_a_resync_reads_it_again(box: Box) -> None:
    """FIN-2: what was read is remembered by Walmart's own name for it."""
    pages, position = await settled(box)
    patient, *_, settlements = sources(box)
    again, position = await read(settlements, position)
    assert [item for page in again for item in page.items] == []
    later = WalmartSettlements("main", patient.client(), patient.now)
    found = [item.key async for page in later.resync(patient.now()) for item in page.items]
    await later.aclose()
    assert found == [item.key for page in pages for item in page.items]
    assert json.loads(position)["done"]


async def test_a_report_that_cannot_be_read_is_a_problem_and_the_next_goes_on(box: Box) -> None:
    delivered_orders(box, 2)
    control(box, "settlements")
    box.faults({"kind": "status", "code": 400, "path": "reconFile", "limit": 1})
    *_, settlements = sources(box, attempts=1)
    pages, _ = await read(settlements)
    assert [(len(page.items), len(page.problems)) for page in pages] == [(0, 1)]


@pytest.mark.parametrize(("transaction", "amount_type", "kind"), [
    ("Sale", "Product Price", "sale"), ("Refund", "Product Price", "refund"), ("Refund", "Product tax", "refund_tax"),
    ("Refund", "Product tax withheld", "facilitator_tax"), ("Refund", "Commission on Product", "commission"),
    ("Service Fee", "Fee/Reimbursement", "fee"), ("Adjustment", "Fee/Reimbursement", "adjustment"),
    ("Sale", "Something new", "unknown"), ("Something new", "", "unknown"),
])  # fmt: skip
def test_what_a_row_is(transaction: str, amount_type: str, kind: str) -> None:
    """FIN-1: what we do not know is unknown, never guessed."""
    assert kind_of(transaction, amount_type)[0] == kind


def zipped(*files: tuple[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(("content", "words", "error"), [
    (b"PK nonsense", "no whole zip with one file", DamagedError), (zipped(("a", b"x"), ("b", b"y")), "no whole zip with one file", DamagedError),
    (zipped(("a", b"A,B\n1,2\n")), "no column `Amount`", DataError), (zipped(("a", b"Amount,B\n1\n")), "row 2", DataError),
    (b"", "no column `Amount`", DamagedError), (zipped(("a", b"0" * (64 * 1024 * 1024 + 1))), "more than", DataError),
    (zipped(("a", b"Amount,B\n1,caf\xe9\n")), "byte 14 of the report is not UTF-8", DataError),
    (zipped(("a", b"Amount\n" + b"1" * 200_000)), "no CSV", DataError),
])  # fmt: skip
def test_a_damaged_report_is_told(content: bytes, words: str, error: type[Exception]) -> None:
    """SEC-5: hostile files become exceptions that a person sees, never a crash; a zip that grows without end is refused."""
    with pytest.raises(error, match=words):
        rows_in(content)


@pytest.mark.parametrize(
    ("text", "amount"), [("1,234.50", "1234.50"), ("(3.10)", "-3.10"), ("$2.00", "2.00"), ("-0.01", "-0.01")]
)
def test_amounts_as_reports_write_them(text: str, amount: str) -> None:
    row = {"Transaction Type": "Sale", "Amount Type": "Product Price", "Amount": text}
    summary = {"Transaction Type": "PaymentSummary", "Total Payable": text}
    record, *_ = to_settlement(exact_json.dumps({"reportDate": "01012026", "rows": [summary, row]}), "main")
    assert (record.body["deposit"], record.body["lines"][0]["amount"]) == (amount, amount)
