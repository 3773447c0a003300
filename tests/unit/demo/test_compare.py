"""The demo's verdict: any order doubled, missing, off by a cent or in the wrong state makes the ledger not balance."""

from __future__ import annotations

from decimal import Decimal

from streams.demo.compare import compare
from streams.demo.market import Sold
from streams.demo.odoo import HeldOrder
from streams.observe.ledger import Ledger
from tests.unit.observe.test_ledger import outcome


def sold(po: str = "1", total: str | None = "10.00", status: str = "Created", *traits: str) -> Sold:
    key, owed = f"walmart:demo:{po}", None if total is None else Decimal(total)
    return Sold(key, po, status == "Cancelled", owed, frozenset(traits))


def held(total: str = "10.00", state: str = "draft", po: str = "1") -> HeldOrder:
    return HeldOrder(7, "S00007", po, state, Decimal(total))


def ledger(result: str = "applied", po: str = "1") -> Ledger:
    made = Ledger()
    made.add(outcome(result, key=f"walmart:demo:{po}"))
    return made


def test_an_applied_order_that_odoo_holds_to_the_cent_balances() -> None:
    found = compare([sold()], ledger(), {"1": [held()]})
    assert found.balanced
    assert (found.orders_in, found.counts["applied"], found.cents_off) == (1, 1, 0)


def test_each_defect_is_seen() -> None:
    assert compare([sold()], ledger(), {"1": [held(), held()]}).doubled
    assert compare([sold()], ledger(), {}).missing
    assert compare([sold()], ledger("retry"), {"1": [held()]}).missing
    assert compare([sold()], Ledger(), {}).missing
    assert compare([sold()], ledger(), {"1": [held("10.01")]}).cents_off == 1
    assert compare([sold()], ledger(), {"1": [held(state="cancel")]}).wrong_state
    assert compare([sold(status="Cancelled")], ledger(), {"1": [held()]}).wrong_state
    for broken in ([held(), held()], [], [held("9.99")], [held(state="cancel")]):
        assert not compare([sold()], ledger(), {"1": broken}).balanced


def order_with(*traits: str) -> Sold:
    return sold("1", "10.00", "Created", *traits)


def test_held_excluded_and_dead_orders_balance_only_when_the_order_itself_explains_it() -> None:
    excluded = Ledger()
    excluded.add(outcome("excluded", "transform", "import", "test_order", "walmart:demo:1"))
    for trait, made in (("unknown_sku", ledger("held")), ("malformed", ledger("dead")), ("test_order", excluded)):
        assert compare([order_with(trait)], made, {}).balanced
        assert compare([order_with("discount")], made, {}).unexplained
        assert not compare([order_with("discount")], made, {}).balanced


def test_a_bug_is_never_explained() -> None:
    made = Ledger()
    made.add(outcome("dead", reason="bug", key="walmart:demo:1"))
    assert not compare([order_with("malformed")], made, {}).balanced


def test_an_excluded_order_must_not_be_in_odoo() -> None:
    excluded = Ledger()
    excluded.add(outcome("excluded", "transform", "import", "test_order", "walmart:demo:1"))
    assert not compare([order_with("test_order")], excluded, {"1": [held()]}).balanced
