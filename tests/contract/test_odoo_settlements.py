"""Settlements in Odoo, on the sandbox or on a real Odoo 18 (see `odoo_box`): to the cent, each fee on its account, posted once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.ports import Result
from schemas.reasons import Reason
from schemas.records import Settlement
from tests.builders import ORDERED, order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import cents, delivery, put, put_orders, sink_of
from tests.odoo_records import settlement_line, settlement_of

POST = "post_settlement"


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        yield found


def report(number: str, **changes: Any) -> Settlement:
    """Sales 120.00, shipping 10.00, a promotion, commission, taxes that net to nothing, a refund: deposit 93.27."""
    return settlement_of(
        number,
        settlement_line("sale", "100.00", "Product Price", f"PO1-{number}"),
        settlement_line("sale", "20.00", "Product Price", f"PO2-{number}"),
        settlement_line("shipping", "10.00", "Shipping", f"PO1-{number}"),
        settlement_line("promotion", "-5.00", "Promo Code", f"PO1-{number}"),
        settlement_line("facilitator_tax", "8.25", "Product tax", f"PO1-{number}"),
        settlement_line("facilitator_tax", "-8.25", "Product tax withheld", f"PO1-{number}"),
        settlement_line("commission", "-18.73", "Commission on Product", f"PO1-{number}"),
        settlement_line("refund", "-13.00", "Product Price", f"PO2-{number}"),
        **changes,
    )


def entries(box: OdooBox, body: Settlement) -> list[dict[str, Any]]:
    ref = f"walmart MAIN settlement {body['settlement_id']}"
    return box.rows("account.move", [["ref", "=", ref]], ["state", "date", "name", "journal_id", "move_type"])


def items(box: OdooBox, entry: int) -> dict[str, tuple[str, Decimal]]:
    """Label -> (code of the account, debit less credit)."""
    found = {}
    for row in box.rows("account.move.line", [["move_id", "=", entry]], ["name", "account_id", "debit", "credit"]):
        (account,) = box.rows("account.account", [["id", "=", row["account_id"][0]]], ["code"])
        found[row["name"]] = (account["code"], cents(row["debit"]) - cents(row["credit"]))
    return found


async def test_a_settlement_becomes_one_posted_balanced_entry(box: OdooBox) -> None:
    """FIN-1, FIN-2: each kind on its own account, tax that the marketplace pays in and out, the sum is the deposit."""
    body = report(tag())
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, POST, body)
    assert outcome.ok, outcome.detail
    (entry,) = entries(box, body)
    assert (entry["state"], entry["date"], entry["move_type"]) == ("posted", "2026-03-19", "entry")
    assert (outcome.remote_model, outcome.remote_id) == ("account.move", str(entry["id"]))
    assert items(box, entry["id"]) == {
        "Sale: Product Price": ("401100", Decimal("-120.00")),
        "Shipping: Shipping": ("401200", Decimal("-10.00")),
        "Promotion: Promo Code": ("401300", Decimal("5.00")),
        "Facilitator tax: Product tax": ("251900", Decimal("-8.25")),
        "Facilitator tax: Product tax withheld": ("251900", Decimal("8.25")),
        "Commission: Commission on Product": ("601100", Decimal("18.73")),
        "Refund: Product Price": ("401400", Decimal("13.00")),
        "Deposit": ("103000", Decimal("93.27")),
    }


async def test_a_report_read_twice_posts_once(box: OdooBox) -> None:
    """FIN-2: again, in another process, and two at a time."""
    body = report(tag())
    async with sink_of(box) as sink, sink_of(box) as other:
        answers = await asyncio.gather(put(sink, POST, body), put(other, POST, body))
        (again,) = await put(sink, POST, body)
    assert all(outcome.ok for (outcome,) in answers), [outcome.detail for (outcome,) in answers]
    assert again.result is Result.ALREADY_APPLIED
    assert [entry["state"] for entry in entries(box, body)] == ["posted"]


@pytest.mark.parametrize("method", ["load", "action_post"])
async def test_a_lost_answer_never_posts_twice(box: OdooBox, method: str) -> None:
    """EVT-4, FIN-2"""
    body = report(tag())
    async with sink_of(box, workers=1) as sink:
        box.proxy.lose("account.move", method, 1)
        for _ in range(3):
            (outcome,) = await put(sink, POST, body)
            if outcome.ok:
                break
    assert outcome.ok, outcome.detail
    assert [entry["state"] for entry in entries(box, body)] == ["posted"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"deposit": "93.28"}, "-0.01 USD off the deposit of 93.28"),
        ({"lines": [settlement_line("sale", "1.00"), settlement_line("facilitator_tax", "0.25")], "deposit": "1.25"},
         "tax the marketplace collects and pays comes to +0.25 USD"),
        ({"lines": [settlement_line("sale", "1.00"), settlement_line("transfer", "-2.00")], "deposit": "1.00"},
         "its transfers are -1.00 USD off"),
    ],
)  # fmt: skip
async def test_sums_that_do_not_hold_are_never_posted(box: OdooBox, changes: dict[str, Any], said: str) -> None:
    """FIN-2: an exception that says by how much; others go through in the same call."""
    wrong, fine = report(tag(), **changes), report(tag())
    async with sink_of(box) as sink:
        refused, posted = await put(sink, POST, wrong, fine)
    assert (refused.reason, posted.ok) == (Reason.RULE, True)
    assert said in refused.detail
    assert entries(box, wrong) == []


async def test_a_fee_without_an_account_waits_for_one(box: OdooBox) -> None:
    """FIN-1: each fee type has its own account; which, a person says: by the mapping or in the configuration."""
    number, code = tag(), f"6{int(tag()[-5:], 36) % 100000:05}"
    body = settlement_of(number, settlement_line("sale", "10.00"), settlement_line("fee", "-3.45", "WFS Fee"))
    async with sink_of(box) as sink:
        (held,) = await put(sink, POST, body)
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, "settlement-name:walmart:MAIN:fee/WFS Fee")
        assert await sink.resolve([held.waiting_for]) == []
    async with sink_of(box, {("settlement-name", "fee/WFS Fee"): code}) as sink:
        assert await sink.resolve([held.waiting_for]) == [held.waiting_for]
        (absent,) = await put(sink, POST, body)
        assert (absent.reason, absent.waiting_for) == (Reason.MAPPING, f"account:{code}")
        box.call("account.account", "create", {"code": code, "name": "WFS", "account_type": "expense"})
        assert await sink.resolve([absent.waiting_for]) == [absent.waiting_for]
        (outcome,) = await put(sink, POST, body)
    assert outcome.ok, outcome.detail
    (entry,) = entries(box, body)
    assert items(box, entry["id"])["Fee: WFS Fee"] == (code, Decimal("3.45"))
    async with sink_of(box, settlement_accounts={"fee": code, "sale": "400000"}) as sink:
        body = settlement_of(tag(), *body["lines"])
        (outcome,) = await put(sink, POST, body)
    assert items(box, int(outcome.remote_id))["Sale"] == ("400000", Decimal("-10.00"))


async def test_items_can_be_kept_apart_by_order_and_orders_are_counted(box: OdooBox) -> None:
    """FIN-1: matched to orders: one of the two the report speaks of is in Odoo."""
    number, sku = tag(), f"SKU-{tag()}"
    box.product(sku)
    body = report(number)
    async with sink_of(box, settlement_detail="order") as sink:
        await put_orders(sink, order(f"PO1-{number}", [order_line(sku)]))
        (outcome,) = await put(sink, POST, body)
    assert set(outcome.notes) >= {"orders_matched:1", "orders_unmatched:1"}
    assert items(box, int(outcome.remote_id))[f"Sale: Product Price (PO2-{number})"][1] == Decimal("-20.00")


async def test_another_currency_is_booked_at_the_rate_of_the_day(box: OdooBox) -> None:
    """FIN-1: settlement-period rate; rounding is put where it shows least, the entry balances in both currencies."""
    (euro,) = box.call("res.currency", "search", [["name", "=", "EUR"]], context={"active_test": False})
    box.call("res.currency", "write", [euro], {"active": True})
    lines = [
        settlement_line("sale", "10.01"),
        settlement_line("shipping", "3.33"),
        settlement_line("commission", "-1.11"),
    ]
    body = settlement_of(tag(), *lines, currency="EUR")
    early = settlement_of(tag(), *lines, currency="EUR", deposited_at=None, ends_at=ORDERED.replace(year=1999))
    for day, rate in (("2026-03-10", 0.8), ("2026-03-25", 0.5)):
        if not box.call("res.currency.rate", "search", [["currency_id", "=", euro], ["name", "=", day]]):
            box.call("res.currency.rate", "create", {"currency_id": euro, "name": day, "rate": rate})
    async with sink_of(box) as sink:
        (outcome,) = await put(sink, POST, body)
        (held,) = await put(sink, POST, early)
        assert (held.reason, held.waiting_for) == (Reason.MAPPING, "rate:EUR:1999-03-04")
        assert await sink.resolve([held.waiting_for, "rate:EUR:2026-03-19"]) == ["rate:EUR:2026-03-19"]
    assert outcome.ok, outcome.detail
    fields = ["name", "debit", "credit", "amount_currency", "currency_id"]
    rows = box.rows("account.move.line", [["move_id", "=", int(outcome.remote_id)]], fields)
    found = {row["name"]: (cents(row["debit"]) - cents(row["credit"]), cents(row["amount_currency"])) for row in rows}
    assert {row["currency_id"][1] for row in rows} == {"EUR"}
    assert found["Shipping"] == (Decimal("-4.16"), Decimal("-3.33"))
    assert sum(pair[0] for pair in found.values()) == sum(pair[1] for pair in found.values()) == 0


async def test_a_date_in_a_locked_period_is_told(box: OdooBox) -> None:
    """FIN-2: Odoo posts with another date and says nothing."""
    (company,) = box.rows("res.company", [], ["fiscalyear_lock_date"])[:1]
    box.call("res.company", "write", [company["id"]], {"fiscalyear_lock_date": "2025-06-30"})
    try:
        body = report(tag(), deposited_at=None, ends_at=ORDERED.replace(year=2025))
        async with sink_of(box) as sink:
            (outcome,) = await put(sink, POST, body)
    finally:
        box.call("res.company", "write", [company["id"]], {"fiscalyear_lock_date": company["fiscalyear_lock_date"]})
    assert outcome.ok, outcome.detail
    (entry,) = entries(box, body)
    assert entry["date"] > "2025-06-30"
    assert f"date_moved:{entry['date']}" in outcome.notes


async def test_other_figures_of_a_posted_report_are_an_exception(box: OdooBox) -> None:
    """FIN-2: what is posted is never changed."""
    number = tag()
    async with sink_of(box) as sink:
        await put(sink, POST, report(number))
        (outcome,) = await put(sink, POST, settlement_of(number, settlement_line("sale", "1.00"), version=2))
    assert outcome.reason is Reason.CONFLICT
    assert "other figures" in outcome.detail
    assert len(entries(box, report(number))) == 1


async def test_a_preview_of_a_settlement_writes_nothing(box: OdooBox) -> None:
    """OPS-7"""
    body = report(tag())
    async with sink_of(box) as sink:
        (found,) = await sink.preview([delivery(POST, body)])
        assert entries(box, body) == []
        await put(sink, POST, body)
        (after,) = await sink.preview([delivery(POST, body)])
    assert ("walmart MAIN settlement", "+93.27 USD") in [(one.field[:23], one.would_be) for one in found]
    assert list(after) == []
