"""What Walmart's sandbox says, through Walmart's mappings, into Odoo: the records of both sides fit (RET-1, RET-2, FIN-1, FIN-2, PRD-2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

import pytest

from connectors.kit import exact_json
from connectors.odoo.sink import OdooSink
from connectors.walmart.catalogue import to_listing
from connectors.walmart.mapping import to_order
from connectors.walmart.returns import to_return
from connectors.walmart.settlements import to_settlement
from schemas.records import Order
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import cents, put, put_orders, sink_of
from tests.contract.test_walmart_incoming import control, delivered_orders, read, sources
from tests.contract.walmart_box import Box, walmart_box


@pytest.fixture(scope="module")
def odoo() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


@pytest.fixture
def walmart() -> Iterator[Box]:
    with walmart_box() as found:
        yield found


def canonical(walmart: Box, odoo: OdooBox, po: str, account: str) -> Order:
    """The order as Walmart tells it now, of an account of its own: numbers of the sandbox come again in every run."""
    raw = walmart.call("GET", f"/v3/orders/{po}").json()["order"]
    order = to_order(exact_json.dumps(raw), account)
    for line in order["lines"]:
        if not odoo.rows("product.product", [["default_code", "=", line["sku"]]], ["name"]):
            odoo.product(line["sku"])
    return order


def invoice(odoo: OdooBox, number: int) -> None:
    context = {"active_ids": [number], "active_model": "sale.order"}
    wizard = odoo.call("sale.advance.payment.inv", "create", {"advance_payment_method": "delivered"}, context=context)
    odoo.call("sale.advance.payment.inv", "create_invoices", [wizard], context=context)
    (row,) = odoo.rows("sale.order", [["id", "=", number]], ["invoice_ids"])
    odoo.call("account.move", "action_post", row["invoice_ids"])


async def written(sink: OdooSink, operation: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    (outcome,) = await put(sink, operation, body)
    assert outcome.ok, outcome.detail
    return outcome.notes


async def test_a_return_of_walmart_is_taken_in_and_credited(walmart: Box, odoo: OdooBox) -> None:
    """RET-1, RET-2: announced, refunded, received: transfer, credit note over Walmart's own total, stock."""
    (po,) = delivered_orders(walmart, 1)
    account = tag()
    order = canonical(walmart, odoo, po, account)
    made = control(walmart, "returns", purchaseOrderId=po, lines=[{"line": "1", "quantity": 1}], timeline="manual")
    (return_id,) = made["returnOrderIds"]
    async with sink_of(odoo) as sink:
        (outcome,) = await put_orders(sink, cast(Order, {**order, "status": "partially_shipped"}))
        assert outcome.ok, outcome.detail
        number = int(outcome.remote_id)
        ship(odoo, number)
        invoice(odoo, number)
        assert await written(sink, "upsert_return", await returned(walmart, return_id, account)) == ("return_made",)
        walmart.clock.now += 60
        control(walmart, f"returns/{return_id}/change", kind="refund")
        refunded = await returned(walmart, return_id, account)
        assert "credit_posted" in await written(sink, "upsert_return", refunded)
        walmart.clock.now += 60
        control(walmart, f"returns/{return_id}/change", kind="receive")
        assert "received" in await written(sink, "upsert_return", await returned(walmart, return_id, account))
    (note,) = odoo.rows("account.move", [["ref", "=", refunded["key"]]], ["state", "amount_total"])
    assert cents(note["amount_total"]) == Decimal(refunded["total_refund"]["amount"])
    domain = [["sale_line_id.order_id", "=", number], ["origin_returned_move_id", "!=", False]]
    assert [(row["state"], row["quantity"]) for row in odoo.rows("stock.move", domain, ["state", "quantity"])] == [
        ("done", 1)
    ]


def ship(odoo: OdooBox, number: int) -> None:
    pickings = odoo.call("stock.picking", "search", [["sale_id", "=", number]])
    for move in odoo.rows("stock.move", [["picking_id", "in", pickings]], ["product_uom_qty"]):
        odoo.call("stock.move", "write", [move["id"]], {"quantity": move["product_uom_qty"], "picked": True})
    answer = odoo.call("stock.picking", "button_validate", pickings, context={"skip_backorder": True, "skip_sms": True})
    assert answer is True


async def returned(walmart: Box, return_id: str, account: str) -> Mapping[str, Any]:
    _, returns, *_ = sources(walmart)
    pages = [page async for page in returns.fetch([return_id])]
    await returns.aclose()
    (record,) = to_return(pages[0].items[0].payload, account)
    return record.body


async def test_a_reconciliation_report_of_walmart_is_posted(walmart: Box, odoo: OdooBox) -> None:
    """FIN-1, FIN-2: sales, refunds and returns of some orders: one entry over the payout, withheld taxes net to nothing."""
    pos = delivered_orders(walmart, 5)
    control(walmart, "returns", count=2, seed=3, timeline="manual")
    control(walmart, "settlements", adjustments=[["WFS Storage Fee", -1234]])
    _, _, _, settlements = sources(walmart)
    pages, _ = await read(settlements)
    account = tag()
    record, *_ = to_settlement(pages[0].items[0].payload, account)
    assert {line["order_id"] for line in record.body["lines"]} - {""} <= set(pos)
    async with sink_of(odoo) as sink:
        notes = await written(sink, "post_settlement", record.body)
    assert notes[:2] == ("entered", "posted")
    ref = f"walmart {account} settlement {record.body['settlement_id']}"
    (entry,) = odoo.rows("account.move", [["ref", "=", ref]], ["state"])
    rows = odoo.rows("account.move.line", [["move_id", "=", entry["id"]]], ["name", "account_id", "debit", "credit"])
    sums: dict[str, Decimal] = {}
    for row in rows:
        code = row["account_id"][1].split()[0]
        sums[code] = sums.get(code, Decimal(0)) + cents(row["debit"]) - cents(row["credit"])
    assert (entry["state"], sum(sums.values())) == ("posted", 0)
    assert sums["103000"] == Decimal(record.body["deposit"])
    assert sums.get("251900", 0) == 0
    assert "251000" not in sums  # Walmart withholds every tax


async def test_the_catalogue_of_walmart_comes_in(walmart: Box, odoo: OdooBox) -> None:
    """PRD-2: unknown items are made where configured, once; known ones are left to Odoo and told."""
    control(walmart, "items", count=5, prefix="CWT-N", stock=5)
    _, _, items, _ = sources(walmart)
    pages, _ = await read(items)
    account = tag()
    found = [to_listing(item.payload, account)[0].body for page in pages for item in page.items][:5]
    assert found
    bodies = [{**one, "sku": f"{account}-{one['sku']}", "barcode": ""} for one in found]
    async with sink_of(odoo, listings={"unknown": "create"}) as sink:
        outcomes = await put(sink, "merge_listing", *bodies)
        again = await put(sink, "merge_listing", *[{**one, "title": "Other", "version": 9} for one in bodies])
    assert [one.detail for one in outcomes if not one.ok] == []
    products = odoo.rows("product.product", [["default_code", "like", f"{account}-%"]], ["name"])
    assert sorted(row["name"] for row in products) == sorted(one["title"] for one in bodies)
    assert all(("name", "kept") in [(e.body["field"], e.body["action"]) for e in one.events] for one in again)
