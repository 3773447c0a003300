"""Both sides after a day: what is missing, doubled or wrong is found, flow by flow (TEST-3)."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from schemas.records import Listing
from streams.demo import agree
from streams.demo.agree import FlowReport, Sides
from streams.demo.day import Day
from streams.demo.goods import NewProduct, Variant
from streams.demo.hands import Sale
from streams.demo.heard import by_sku, dead_of, read_of
from streams.demo.market import Sold
from streams.demo.walmart import Walmart
from streams.demo.walmart import sold as sold_at_walmart
from streams.observe.ledger import Entry, FlowLedger, Ledger
from tests.unit.observe.outcomes import outcome

SALE = Sale(7, "PO1", "sale")


def order(**changes: Any) -> dict[str, Any]:
    line = {"sku": "A", "ordered": 2, "open": 0, "shipped": 2, "cancelled": 0, "refunded_cents": 0}
    plain = {
        "status": "Shipped",
        "lines": [line | changes.pop("line", {})],
        "parcels": ["T1"],
        "writes": {"shipping": 1},
        "refunded_cents": 0,
    }
    return plain | changes


def item(amount: int = 8, cents: int = 1000) -> dict[str, Any]:
    return {"stock": {"amount": amount}, "price_cents": cents, "elsewhere": False}


def sold(*traits: str) -> Sold:
    return Sold("walmart:demo:PO1", "PO1", False, None, frozenset(traits))


def sides(order_: dict[str, Any] | None = None, **changes: Any) -> Sides:
    plain = Sides(
        "walmart", Walmart.flows, 999, {"A": item()}, {"PO1": order_ or order()}, {"PO1"}, [sold()], [SALE], {"A": 8.0}, {"A": 10.0},
        {"PO1": ["T1"]}, {},
    )  # fmt: skip
    return replace(plain, **changes)


def test_a_day_that_arrived_balances() -> None:
    day = Day(shipped=[SALE])
    assert agree.balanced(agree.agree(day, sides()))


@pytest.mark.parametrize(
    ("operation", "flow"), [(name, flow) for flow, names in agree.WRITES.items() for name in names]
)
def test_what_was_refused_for_good_is_told_whatever_the_numbers_say(operation: str, flow: str) -> None:
    """ERR-1."""
    dead = {operation: [Entry("walmart:demo:PO1", "dead", "rule", "nothing is open")]}
    found = {report.flow: report for report in agree.agree(Day(shipped=[SALE]), sides(dead=dead))}
    assert [name for name, report in found.items() if not report.balanced] == [flow]
    assert found[flow].problems == ("walmart:demo:PO1: dead, rule: nothing is open",)


@pytest.mark.parametrize("changed", [
    order(parcels=[]), order(line={"open": 1}), order(writes={"shipping": 2}), order(parcels=["T9"]),
])  # fmt: skip
def test_a_shipment_that_is_missing_open_or_doubled_is_told(changed: dict[str, Any]) -> None:
    assert not agree.shipments(Day(shipped=[SALE]), sides(changed)).balanced


@pytest.mark.parametrize(("changed", "right"), [
    (order(status="Cancelled", writes={"cancel": 1}), True), (order(status="Cancelled", writes={"cancel": 2}), False),
    (order(status="Acknowledged", line={"open": 2}), False),
])  # fmt: skip
def test_a_cancellation_is_there_once(changed: dict[str, Any], right: bool) -> None:
    assert agree.cancellations(Day(cancelled=[SALE]), sides(changed)).balanced is right


@pytest.mark.parametrize(
    ("calls", "cents", "right"), [(0, 0, False), (1, 995, True), (2, 995, False), (1, 994, False), (2, 1990, False)]
)
def test_a_credit_note_is_one_refund_of_its_sum(calls: int, cents: int, right: bool) -> None:
    """RET-2."""
    there = sides(order(writes={"refund": calls}, refunded_cents=cents))
    assert agree.refunds(Day(credited={"PO1": 995}), there).balanced is right


@pytest.mark.parametrize(("state", "amount", "right"), [
    ("sale", 8, True), ("sale", 6, False), ("draft", 6, True), ("draft", 8, False),
])  # fmt: skip
def test_a_number_is_what_odoo_can_still_promise(state: str, amount: int, right: bool) -> None:
    """INV-2: an order Odoo has not confirmed takes its units from the free ones."""
    found = sides(sales=[replace(SALE, state=state)])
    found.items["A"]["stock"]["amount"] = amount
    assert agree.stock(found).balanced is right


@pytest.mark.parametrize("trait", ["test_order", "marketplace_fulfilled", "malformed"])
def test_orders_that_never_became_ones_ask_nothing(trait: str) -> None:
    found = sides(sales=[], sold=[sold(trait)])
    assert agree.stock(found).balanced


def test_an_order_that_cannot_be_shipped_takes_from_the_stock_all_the_same() -> None:
    """INV-2, ORD-12: it is refused by Odoo, and sold."""
    found = sides(sales=[], sold=[sold("bad_postcode")])
    assert not agree.stock(found).balanced
    found.items["A"]["stock"]["amount"] = 6
    assert agree.stock(found).balanced


@pytest.mark.parametrize(("destination", "result", "right"), [
    ("odoo", "held", 6), ("odoo", "dead", 6), ("odoo", "retry", 6), ("transform", "dead", 8),
])  # fmt: skip
def test_a_damaged_order_that_was_read_all_the_same_asks_for_its_units(
    destination: str, result: str, right: int
) -> None:
    """INV-2: it is not in Odoo, and sold; only one that never became a delivery asks for nothing."""
    ledger = Ledger()
    ledger.add(outcome("upsert_order", result, "walmart:demo:PO1", destination=destination))
    found = sides(sales=[], sold=[sold("malformed", "unknown_sku")], read=read_of(ledger))
    found.items["A"]["stock"]["amount"] = right
    assert agree.stock(found).balanced
    found.items["A"]["stock"]["amount"] = 14 - right
    assert not agree.stock(found).balanced


@pytest.mark.parametrize(("trait", "right"), [("malformed", 6), ("bad_postcode", 6), ("test_order", 8)])
def test_an_order_that_was_well_once_still_asks_for_its_units(trait: str, right: int) -> None:
    """It is in Odoo, not confirmed, and shows no more what can be read."""
    found = sides(sales=[replace(SALE, state="draft")], sold=[sold(trait)])
    found.items["A"]["stock"]["amount"] = right
    assert agree.stock(found).balanced


def test_a_large_price_change_must_not_have_gone_out() -> None:
    """PRC-1."""
    day = Day(repriced={"A": "10.00"}, too_large={"A": "15.00"})
    assert agree.prices(day, sides()).balanced
    assert not agree.prices(Day(too_large={"A": "10.00"}), sides()).balanced
    assert not agree.prices(Day(repriced={"A": "10.50"}), sides()).balanced


def test_what_a_held_delivery_waits_for_cannot_be_promised() -> None:
    """INV-2: confirmed, and not reserved: Odoo's free number does not know of it."""
    assert agree.stock(sides()).balanced
    assert not agree.stock(sides(unreserved={"A": 1.0})).balanced
    assert agree.stock(sides(unreserved={"A": 1.0}, free={"A": 9.0})).balanced


RETURNED = Day(returned=["PO1"])


@pytest.mark.parametrize(
    ("states", "right"), [(["done"], True), (["assigned"], False), (["done", "done"], False), ([], False)]
)
def test_a_return_is_one_delivery_back(states: list[str], right: bool) -> None:
    """RET-2."""
    assert agree.returns(RETURNED, sides(back={"PO1": states}, credited={"PO1": [5]})).balanced is right


@pytest.mark.parametrize(
    ("notes", "silent", "right"),
    [(0, False, False), (1, False, True), (2, False, False), (0, True, True), (1, True, False)],
)
def test_a_return_is_one_credit_note(notes: int, silent: bool, right: bool) -> None:
    """RET-2: and none where the marketplace does not say what it gave back."""
    there = sides(back={"PO1": ["done"]}, credited={"PO1": [5] * notes}, silent={"PO1"} if silent else ())
    assert agree.returns(RETURNED, there).balanced is right


@pytest.mark.parametrize(("cents", "right"), [(5, True), (6, False), (0, False)])
def test_a_credit_note_of_a_return_is_what_the_buyer_has_back(cents: int, right: bool) -> None:
    """RET-2."""
    there = sides(order(writes={}, returned_cents=cents), back={"PO1": ["done"]}, credited={"PO1": [5]})
    assert agree.returns(RETURNED, there).balanced is right


@pytest.mark.parametrize(("refunds", "right"), [(0, True), (1, False)])
def test_what_a_marketplace_gave_back_is_not_given_back_again(refunds: int, right: bool) -> None:
    """RET-2."""
    there = sides(order(writes={"refund": refunds}), back={"PO1": ["done"]}, credited={"PO1": [5]})
    assert agree.returns(RETURNED, there).balanced is right


@pytest.mark.parametrize(("notes", "refunds", "right"), [(0, 1, True), (1, 1, False), (0, 2, False), (0, 0, False)])
def test_what_a_person_credited_is_refunded_by_that_and_not_credited_again(
    notes: int, refunds: int, right: bool
) -> None:
    """RET-2."""
    day = Day(returned=["PO1"], credited={"PO1": 5})
    there = sides(order(writes={"refund": refunds}), back={"PO1": ["done"]}, credited={"PO1": [5] * notes})
    assert agree.returns(day, there).balanced is right


THERE = replace(SALE, elsewhere="walmart")


@pytest.mark.parametrize(("changes", "right"), [
    ({}, True), ({"sales": [SALE]}, False), ({"sales": [replace(SALE, elsewhere="amazon")]}, False),
    ({"taken": {"PO1": 1.0}}, False), ({"left": {}}, False), ({"orders": {"PO1": order(writes={"shipping": 1})}}, False),
])  # fmt: skip
def test_what_a_marketplace_ships_takes_nothing_of_the_sellers(changes: dict[str, Any], right: bool) -> None:
    """ORD-10."""
    there = sides(order(writes={}), sold=[sold("marketplace_fulfilled")], sales=[THERE], left={"PO1": [""]})
    report = agree.fulfilment(Day(sent=[THERE]), replace(there, **changes))
    assert (report.expected, report.balanced) == (1, right)


def test_orders_the_seller_ships_are_not_asked_for_another_warehouse() -> None:
    """ORD-10."""
    assert agree.fulfilment(Day(), sides(taken={"PO1": 2.0})).expected == 0


@pytest.mark.parametrize(("entries", "right"), [
    ([{"ref": "r", "state": "posted", "debit": 5.0, "credit": 5.0}], True),
    ([{"ref": "r", "state": "draft", "debit": 5.0, "credit": 5.0}], False),
    ([{"ref": "r", "state": "posted", "debit": 5.0, "credit": 4.99}], False),
    ([{"ref": "r", "state": "posted", "debit": 5.0, "credit": 5.0}] * 2, False), ([], False),
])  # fmt: skip
def test_a_report_is_one_posted_entry(entries: list[dict[str, Any]], right: bool) -> None:
    """FIN-2."""
    assert agree.settlements(Day(settlements={"walmart": "x"}), sides(entries=entries)).balanced is right


def test_what_has_left_at_the_marketplace_is_seen() -> None:
    plain = {"purchaseOrderId": 1, "status": "Shipped", "total": {"total": "5.00"}, "traits": ["walmart_fulfilled"]}
    first = {"lineNumber": "1", "units": {"Acknowledged": 1}}
    other = {"lineNumber": "2", "units": {"Acknowledged": 1, "Shipped": 2}}
    found = sold_at_walmart(plain | {"lines": [first, other]})
    assert found == Sold(
        "walmart:demo:1", "1", False, Decimal("5.00"), frozenset({"marketplace_fulfilled"}), True, False, False
    )
    assert sold_at_walmart(plain | {"lines": [other | {"lineNumber": "1"}]}).first_left
    gone = {"lineNumber": "1", "units": {"Cancelled": 1, "Delivered": 2}}
    assert [sold_at_walmart(plain | {"lines": lines}).all_left for lines in ([gone], [gone, first], [])] == [
        True,
        False,
        False,
    ]
    broken = sold_at_walmart({"purchaseOrderId": "2", "status": "Cancelled", "total": None})
    assert broken == Sold("walmart:demo:2", "2", True, None, frozenset())


def test_what_was_done_at_one_marketplace_is_not_asked_of_another() -> None:
    day = Day([SALE], [SALE], [SALE], [SALE], {"PO1": 5}, ["PO1"], settlements={"other": "x"})
    assert day.of({"PO1"}) == day
    theirs = sides(
        order(parcels=[]),
        mine=set(),
        market="other",
        entries=[{"ref": "x", "state": "posted", "debit": 1, "credit": 1}],
    )
    found = {report.name: report.expected for report in agree.agree(day, theirs)}
    assert (found["other shipments"], found["other returns"], found["other settlements"]) == (0, 0, 1)


NEW_ONE = NewProduct("Pot ✨", "c", (Variant("N-1", "2990000000019"),), "5.00", 1.0, "", title="Pot")
PAIR = NewProduct("Case", "c", (Variant("N-2", "2990000000026"), Variant("N-3", "2990000000033")), "5.00", 1.0, "")
BAD = NewProduct("Stand", "c", (Variant("N-9", "2990000000095"),), "5.00", 1.0, "", faults=("PRICE_IN_TEXT",))
REFUSED = Entry("listing:walmart:demo:N-9", "dead", "data", "description: take the price out [PRICE_IN_TEXT]")


def listed(sku: str, gtin: str, name: str, group: str = "", **changes: Any) -> dict[str, Any]:
    plain = {
        "published": "PUBLISHED",
        "name": name,
        "gtin": gtin,
        "price_cents": 500,
        "variant_group": group,
        "id": f"ID-{sku}",
    }
    return plain | {"stock": {"amount": 0}, "elsewhere": False} | changes


def heard(sku: str, item_id: str = "", status: str = "published", *problems: str) -> Listing:
    """A listing record, as far as it is looked at."""
    found: Any = {
        "sku": sku, "source": "walmart", "item_id": item_id or f"ID-{sku}", "status": status,
        "problems": [{"code": "", "field": "", "detail": problem} for problem in problems],
    }  # fmt: skip
    listing: Listing = found
    return listing


def new_goods(told: dict[str, Entry] | None = None, items: dict[str, Any] | None = None) -> tuple[Day, Sides]:
    """A day on which all went well, but for the changes."""
    right = {
        "N-1": listed("N-1", "02990000000019", "Pot"),
        "N-2": listed("N-2", "02990000000026", "Case", "g"),
        "N-3": listed("N-3", "02990000000033", "Case", "g"),
    } | (items or {})
    entries = {sku: Entry(f"listing:walmart:demo:{sku}", "applied") for sku in ("N-1", "N-2", "N-3")}
    entries |= {"N-9": REFUSED} | (told or {})
    there = {sku: item for sku, item in right.items() if item}
    prices = {f"N-{number}": 5.0 for number in (1, 2, 3, 9)}
    back = {sku: heard(sku) for sku in ("N-1", "N-2", "N-3")}
    return Day(made=(NEW_ONE, PAIR, BAD)), sides(items=there, prices=prices, told=entries, back_in=entries, heard=back)


def test_new_products_are_listed_and_the_faulty_one_is_told_of() -> None:
    """PRD-1, PRD-3, PRD-4."""
    report = agree.listings(*new_goods())
    assert (report.expected, report.arrived, report.problems) == (4, 4, ())


@pytest.mark.parametrize("items", [
    {"N-1": None},
    {"N-1": listed("N-1", "02990000000019", "Pot", published="IN_PROGRESS")},
    {"N-1": listed("N-1", "02990000000019", "Pot ✨")},
    {"N-1": listed("N-1", "02990000000026", "Pot")},
    {"N-1": listed("N-1", "02990000000019", "Pot", price_cents=501)},
    {"N-2": listed("N-2", "02990000000026", "Case", "h")},
    {"N-2": listed("N-2", "02990000000026", "Case"), "N-3": listed("N-3", "02990000000033", "Case")},
    {"N-9": listed("N-9", "02990000000095", "Stand")},
])  # fmt: skip
def test_a_listing_that_is_missing_or_wrong_is_told(items: dict[str, Any]) -> None:
    """PRD-1, PRD-3: also one that should not be there."""
    assert not agree.listings(*new_goods(items=items)).balanced


@pytest.mark.parametrize("told", [
    {"N-9": replace(REFUSED, state="waiting")}, {"N-9": replace(REFUSED, reason="transient")},
    {"N-9": replace(REFUSED, detail="something is wrong")}, {"N-1": replace(REFUSED, state="submitted")},
    {"CWT-0001": REFUSED}, {"CWT-0001": replace(REFUSED, state="held")},
])  # fmt: skip
def test_an_exception_that_is_missing_silent_or_nobodys_is_told(told: dict[str, Entry]) -> None:
    """PRD-3, PRD-4: what is wrong is said, and nothing else is an exception."""
    assert not agree.listings(*new_goods(told)).balanced


def test_a_listing_comes_back() -> None:
    """PRD-2, PRD-4."""
    day, there = new_goods()
    assert agree.catalogue(day, there).balanced
    report = agree.catalogue(*new_goods({"N-2": Entry("walmart:demo:item:N-2", "held")}))
    assert (report.expected, report.arrived, report.problems) == (3, 2, ("N-2: held",))
    assert not agree.catalogue(Day(made=(NEW_ONE,)), sides()).balanced


@pytest.mark.parametrize("wrong", [heard("N-1", "ID-2"), heard("N-1", status="processing"), None])
def test_a_listing_comes_back_as_it_is_there(wrong: Listing | None) -> None:
    """PRD-2: under the id the marketplace has for it."""
    day, there = new_goods()
    known = {sku: one for sku, one in there.heard.items() if sku != "N-1"} | ({"N-1": wrong} if wrong else {})
    report = agree.catalogue(day, replace(there, heard=known))
    assert (report.expected, report.arrived, len(report.problems)) == (3, 2, 1)


def test_a_listing_without_an_id_has_not_come_back() -> None:
    """PRD-2: also where the marketplace's snapshot shows none."""
    day, there = new_goods()
    del there.items["N-1"]["id"]
    assert agree.catalogue(day, there).balanced
    assert not agree.catalogue(
        day, replace(there, heard={**there.heard, "N-1": {**heard("N-1"), "item_id": ""}})
    ).balanced


@pytest.mark.parametrize(("back", "right"), [
    (heard("A", "", "unpublished", "It is a Restricted product."), True), (heard("A", "", "unpublished"), False),
    (heard("A", "", "published", "Restricted product"), False), (None, False),
])  # fmt: skip
def test_what_is_taken_off_sale_comes_back_with_the_reason(back: Listing | None, right: bool) -> None:
    """PRD-4."""
    day = Day(objected={"walmart": ("A", "Restricted product"), "other": ("B", "x")})
    assert agree.catalogue(day, sides(heard={"A": back} if back else {})).balanced is right


def test_ledgers_are_asked_by_sku() -> None:
    ledger = FlowLedger("upsert_listing")
    ledger.entries = {"listing:walmart:demo:A-1": REFUSED, "sku:A-2": REFUSED, "listing:other:demo:A-3": REFUSED}
    assert by_sku(ledger, "walmart") == {"A-1": REFUSED, "A-2": REFUSED}


def test_what_is_dead_is_told_of_its_marketplace_and_only_what_was_refused_there() -> None:
    ledger = FlowLedger("set_stock")
    refused = replace(REFUSED, by_destination=True)
    ledger.entries = {
        "1": replace(refused, key="stock:walmart:demo:A"), "2": replace(refused, key="stock:amazon:demo:A"),
        "3": replace(REFUSED, key="stock:walmart:demo:B"), "4": replace(refused, key="stock:walmart:demo:C", state="held"),
    }  # fmt: skip
    assert dead_of({"set_stock": ledger}, "walmart") == {"set_stock": [ledger.entries["1"]]}


def test_flows_are_told_by_marketplace() -> None:
    found = [
        FlowReport("stock", 3, 2, market="a"),
        FlowReport("prices", 1, 1, market="a"),
        FlowReport("stock", 4, 4, market="b"),
    ]
    assert agree.told_of(found) == "a: stock 2/3  prices 1/1   b: stock 4/4"
