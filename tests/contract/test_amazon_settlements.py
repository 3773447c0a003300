"""Amazon's settlement reports in Odoo, on the sandbox or on a real Odoo 18 (see `odoo_box`): balanced to the cent, each fee on its account, once."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from connectors.amazon.settlements import fetched, mapping_for, to_settlement
from connectors.kit.ports import Result
from connectors.kit.settlement_lines import SettlementLines
from schemas.reasons import Reason
from tests.builders import order, order_line
from tests.contract.odoo_box import OdooBox, odoo_box, tag
from tests.contract.odoo_deliveries import cents, put, put_orders, sink_of
from tests.contract.test_amazon_settlement_goldens import content_of

POST = "post_settlement"
# What a seller sets up once: one account for each family of fees; `unknown` is left to a person.
FEES = {
    "fee/ItemFees": "601200", "fee/ItemFees/FBAPerUnitFulfillmentFee": "601210", "fee/other-transaction/Storage Fee": "601300",
    "fee/FBA Inventory Storage Fee": "601300", "fee/Cost of Advertising": "601400", "fee/other-transaction/Subscription Fee": "601500",
    "fee/CouponRedemptionFee": "601600", "fee": "601700", "sale/ItemPrice/GiftWrap": "401500",
}  # fmt: skip
UNKNOWN = {("settlement-name", "unknown"): "999100"}


@pytest.fixture(scope="module")
def box() -> Iterator[OdooBox]:
    with odoo_box() as found:
        for code in {*FEES.values(), "999100"}:
            if not found.call("account.account", "search", [["code", "=", code]]):
                kind = "income" if code.startswith("4") else "expense"
                found.call("account.account", "create", {"code": code, "name": f"Amazon {code}", "account_type": kind})
        yield found


def settlement(content: bytes, account: str, **kinds: str) -> Mapping[str, Any]:
    """As the pipeline makes it: downloaded, packed, mapped."""
    raw = fetched(content, "", account, {"reportId": "1"})
    record, *_ = mapping_for(kinds)(raw.payload, account)
    assert record.key == raw.key
    return record.body


def entries(box: OdooBox, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    ref = f"amazon {body['account']} settlement {body['settlement_id']}"
    return box.rows("account.move", [["ref", "=", ref]], ["state", "date", "move_type"])


def by_account(box: OdooBox, entry: int, field: str = "balance") -> dict[str, Decimal]:
    """Code of the account -> debit less credit; of accounts that come to nothing, nothing."""
    fields = ["account_id", "debit", "credit", "amount_currency"]
    sums: dict[str, Decimal] = {}
    for row in box.rows("account.move.line", [["move_id", "=", entry]], fields):
        (account,) = box.rows("account.account", [["id", "=", row["account_id"][0]]], ["code"])
        amount = cents(row["debit"]) - cents(row["credit"]) if field == "balance" else cents(row[field])
        sums[account["code"]] = sums.get(account["code"], Decimal(0)) + amount
    return sums


US = {
    "401100": "-1332.97",  # goods
    "401500": "-3.99",  # gift wrap
    "401200": "-5.99",  # shipping
    "401300": "8.99",  # promotions; what they took off the tax is tax
    "401400": "55.49",  # refund, chargeback, claim; the restocking fee less
    "251900": "0.00",  # what Amazon withholds and pays itself
    "251000": "0.00",  # nobody withheld it; sold and given back
    "601100": "193.85",  # commission, what came back of it, what Amazon keeps of a refund
    "601200": "4.89", "601210": "23.02", "601300": "15.35", "601400": "45.67", "601500": "39.99", "601600": "1.20", "601700": "4.10",
    "601900": "-25.89",  # reimbursements
    "103100": "60.45",  # reserve: the old one came, the new one is kept
    "999100": "1.23",  # what nobody knew
    "103000": "914.61",
}  # fmt: skip


async def test_a_settlement_becomes_one_posted_balanced_entry(box: OdooBox) -> None:
    """FIN-1, FIN-2: sales, gift wrap, promotions, refunds, families of fees, reserve: each its account; facilitator tax nets to nothing."""
    body = settlement(content_of("us"), tag())
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES) as sink:
        (outcome,) = await put(sink, POST, body)
    assert outcome.ok, outcome.detail
    (entry,) = entries(box, body)
    assert (entry["state"], entry["date"], entry["move_type"]) == ("posted", "2025-06-16", "entry")
    found = by_account(box, entry["id"])
    assert found == {code: Decimal(amount) for code, amount in US.items()}
    assert sum(found.values()) == 0


async def test_a_report_read_twice_posts_once(box: OdooBox) -> None:
    """FIN-2: downloaded plain and packed, by two processes."""
    account, content = tag(), content_of("us")
    once, again = settlement(content, account), settlement(gzip.compress(content, 1), account)
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES) as sink:
        (first,) = await put(sink, POST, once)
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES) as other:
        (second,) = await put(other, POST, again)
    assert (first.result, second.result) == (Result.APPLIED, Result.ALREADY_APPLIED)
    assert [entry["state"] for entry in entries(box, once)] == ["posted"]


@pytest.mark.parametrize(("told", "becomes"), [(b"39.98", b"39.97"), (b"914.61", b"914.60"), (b"-210.45", b"-210.46")])
async def test_a_report_that_is_off_by_a_cent_is_never_posted(box: OdooBox, told: bytes, becomes: bytes) -> None:
    """FIN-2: it is an exception that says by how much."""
    content = content_of("us")
    assert content.count(told) == 1
    body = settlement(content.replace(told, becomes), tag())
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES) as sink:
        (outcome,) = await put(sink, POST, body)
    assert (outcome.reason, entries(box, body)) == (Reason.RULE, [])
    assert "0.01 USD off the deposit of 914.6" in outcome.detail


async def test_facilitator_tax_that_does_not_net_to_nothing_is_never_posted(box: OdooBox) -> None:
    """FIN-1: Amazon withheld a cent more than the order line was taxed, and paid out a cent less."""
    content = content_of("us").replace(b"\t-103.04\t", b"\t-103.05\t").replace(b"914.61", b"914.60")
    body = settlement(content, tag())
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES) as sink:
        (outcome,) = await put(sink, POST, body)
    assert (outcome.reason, entries(box, body)) == (Reason.RULE, [])
    assert "comes to -0.01 USD instead of nothing" in outcome.detail


async def test_an_unknown_triple_waits_for_a_person(box: OdooBox) -> None:
    """FIN-1: kept, seen, never guessed; an account for it or a kind, and the report goes on."""
    account, content = tag(), content_of("us")
    word = "unknown/Stardust/Base levy/Stardust Levy"
    body = settlement(content, account)
    async with sink_of(box, settlement_accounts=FEES) as sink:
        (held,) = await put(sink, POST, body)
    assert (held.reason, held.waiting_for) == (Reason.MAPPING, f"settlement-name:amazon:{account}:{word}")
    assert entries(box, body) == []
    async with sink_of(box, {("settlement-name", word): "601700"}, settlement_accounts=FEES) as sink:
        assert await sink.resolve([held.waiting_for]) == [held.waiting_for]
        (mapped,) = await put(sink, POST, body)
    assert mapped.ok, mapped.detail
    assert by_account(box, int(mapped.remote_id))["601700"] == Decimal("5.33")
    told = settlement(content, tag(), **{"Stardust Levy/Stardust/Base levy": "fee"})
    async with sink_of(box, settlement_accounts=FEES) as sink:
        (outcome,) = await put(sink, POST, told)
    assert outcome.ok, outcome.detail


async def test_orders_are_matched_by_their_id(box: OdooBox) -> None:
    """FIN-1: one of the report's six is in Odoo."""
    sku, name = f"SKU-{tag()}", f"111-{int(tag()[-6:], 36) % 10**7:07}-0000001"
    box.product(sku)
    body = settlement(content_of("us").replace(b"111-4440001-0000001", name.encode()), tag())
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES, settlement_detail="order") as sink:
        await put_orders(sink, order(name, [order_line(sku)]))
        (outcome,) = await put(sink, POST, body)
    assert outcome.ok, outcome.detail
    assert "orders_matched:1" in outcome.notes


@pytest.mark.parametrize(
    ("country", "currency", "deposit"), [("de", "EUR", "1013.93"), ("jp", "JPY", "12231"), ("uk", "GBP", "812.68")]
)
async def test_other_currencies_balance_in_both(box: OdooBox, country: str, currency: str, deposit: str) -> None:
    """FIN-1, FIN-2: at the rate of the day; in the settlement's own currency to its smallest coin."""
    (number,) = box.call("res.currency", "search", [["name", "=", currency]], context={"active_test": False})
    box.call("res.currency", "write", [number], {"active": True})
    if not box.call("res.currency.rate", "search", [["currency_id", "=", number], ["name", "=", "2025-06-01"]]):
        box.call("res.currency.rate", "create", {"currency_id": number, "name": "2025-06-01", "rate": 1.37})
    body = settlement(content_of(country), tag())
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES) as sink:
        (outcome,) = await put(sink, POST, body)
    assert outcome.ok, outcome.detail
    entry = int(outcome.remote_id)
    theirs = by_account(box, entry, "amount_currency")
    assert (theirs["103000"], sum(theirs.values())) == (Decimal(deposit), 0)
    assert sum(by_account(box, entry).values()) == 0
    assert theirs.get("251900", Decimal(0)) == 0


async def test_a_report_too_large_for_a_record_is_posted_alike(box: OdooBox, monkeypatch: pytest.MonkeyPatch) -> None:
    """FIN-1: summed by kind and name, every account gets the same."""
    monkeypatch.setattr(SettlementLines.__init__, "__defaults__", (1000,))
    body = settlement(content_of("us"), tag())
    assert body["extras"]["summed"] == "by kind and name"
    assert len(body["lines"]) < 51
    async with sink_of(box, UNKNOWN, settlement_accounts=FEES) as sink:
        (outcome,) = await put(sink, POST, body)
    assert outcome.ok, outcome.detail
    assert by_account(box, int(outcome.remote_id)) == {code: Decimal(amount) for code, amount in US.items()}


MEASURED = """
import gzip, io, resource
from connectors.amazon.settlements import fetched, to_settlement
from tests.unit.amazon_settlements.reports import many_rows

def raw(orders):
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1) as file:
        for line in many_rows(orders):
            file.write(line)
    return fetched(target.getvalue(), "", "main", {}).payload

def used():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

to_settlement(raw(10), "main")
payload, before = raw(14286), used()
record, *_ = to_settlement(payload, "main")
size = sum(len(line["name"]) + 200 for line in record.body["lines"])
print(record.body["extras"]["rows"], record.body["deposit"], len(payload), size, used() - before)
"""


def test_a_hundred_thousand_rows_need_little_memory_and_fit_into_records() -> None:
    """FIN-1, SEC-5: 20 MB of rows are read as they come, and both records are far below Kafka's limit."""
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    rows, deposit, payload, size, megabytes = done.stdout.split()
    assert (rows, deposit) == ("100002", "187575.18")
    assert int(payload) < 3 * 1024 * 1024
    assert int(size) < 10_000
    assert int(megabytes) < 40


def test_a_report_of_a_hundred_rows_keeps_every_line() -> None:
    assert len(to_settlement(fetched(content_of("us"), "", "main", {}).payload, "main")[0].body["lines"]) == 51
