"""Sums, accounts and rounding of settlements."""

from __future__ import annotations

import random
import re
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.errors import DataError, MappingError, RuleError
from connectors.odoo.settlements_plan import Accounts, Item, balances, plan_settlement
from schemas.records import SettlementLine
from tests.odoo_records import settlement_line, settlement_of

TAXES = {"tax": "251000", "refund_tax": "251000", "facilitator_tax": "251900"}


def accounts(table: dict[str, str] | None = None, **configured: str) -> Accounts:
    return Accounts((table or {}).get, configured, TAXES)


def plan(*lines: SettlementLine, by_order: bool = False, known: Accounts | None = None, **changes: Any) -> Any:
    return plan_settlement(settlement_of("1", *lines, **changes), known or accounts(), by_order=by_order)


def test_lines_of_one_kind_and_name_are_one_item_and_the_deposit_balances_them() -> None:
    """FIN-1, FIN-2"""
    found = plan(
        settlement_line("sale", "10.00", "Price", "1"),
        settlement_line("sale", "5.50", "Price", "2"),
        settlement_line("commission", "-2.25"),
    )
    assert found.items == (
        Item("401100", "Sale: Price", Decimal("-15.50")),
        Item("601100", "Commission", Decimal("2.25")),
        Item("103000", "Deposit", Decimal("13.25")),
    )
    assert sum(item.amount for item in found.items) == 0
    assert (found.ref, str(found.day), found.orders) == ("walmart MAIN settlement 1", "2026-03-19", {"1", "2"})


def test_what_comes_and_goes_shows_on_both_sides() -> None:
    """FIN-1: tax the marketplace collects and pays nets to nothing, and is seen."""
    found = plan(
        settlement_line("sale", "1.00"),
        settlement_line("facilitator_tax", "0.25", "Tax"),
        settlement_line("facilitator_tax", "-0.25", "Tax"),
    )
    assert [item.amount for item in found.items if item.account == "251900"] == [Decimal("-0.25"), Decimal("0.25")]


@pytest.mark.parametrize(
    ("tax", "withheld", "marketplace", "seller"),
    [
        (["8.25"], ["-8.25"], "0", "0"),  # all of it
        (["8.25"], ["-6.00"], "0", "2.25"),  # the seller owes the rest
        (["8.25"], [], "0", "8.25"),
        (["5.00", "3.25"], ["-6.00"], "0", "2.25"),
        (["8.25", "-8.25"], ["-8.25", "8.25"], "0", "0"),  # sold and given back in one report
        (["8.25", "-2.00"], ["-8.25", "2.00"], "0", "0"),
    ],
)
def test_the_tax_a_marketplace_withholds_is_its_own(
    tax: list[str], withheld: list[str], marketplace: str, seller: str
) -> None:
    """FIN-1: facilitator tax nets to nothing on its account; what was not withheld is the seller's to pay."""
    lines = [settlement_line("sale", "100.00", "Price", "1")]
    lines += [
        settlement_line("tax" if not one.startswith("-") else "refund_tax", one, "Product tax", "1") for one in tax
    ]
    lines += [settlement_line("facilitator_tax", one, "Product tax withheld", "1") for one in withheld]
    found = plan(*lines)
    on = {code: sum(item.amount for item in found.items if item.account == code) for code in ("251900", "251000")}
    assert on == {"251900": Decimal(marketplace), "251000": -Decimal(seller)}
    assert sum(item.amount for item in found.items) == 0


def test_the_tax_of_one_order_line_never_pays_for_anothers() -> None:
    """FIN-1: withheld on a line without tax: the report is wrong, whatever its sum."""
    lines = [settlement_line("tax", "8.25", "", "1"), settlement_line("facilitator_tax", "-8.25", "", "2")]
    with pytest.raises(RuleError, match=re.escape("comes to -8.25 USD instead of nothing")):
        plan(*lines, deposit="0")


def test_items_by_order() -> None:
    """FIN-1: configuration."""
    lines = [settlement_line("sale", "1.00", "", "A"), settlement_line("sale", "2.00", "", "B")]
    assert [item.label for item in plan(*lines, by_order=True).items] == ["Sale (A)", "Sale (B)", "Deposit"]


@pytest.mark.parametrize(
    ("word", "kind", "name", "code"),
    [
        ({"fee/WFS": "1"}, "fee", "WFS", "1"),
        ({"fee": "2"}, "fee", "WFS", "2"),
        ({"fee": "2", "fee/WFS": "1"}, "fee", "WFS", "1"),
        ({}, "fee", "WFS", None),
        ({}, "unknown", "", None),
        ({}, "sale", "anything", "401100"),
        ({"sale": "9"}, "sale", "anything", "9"),
        ({}, "tax", "State", "251000"),
    ],
)
def test_the_account_of_a_line(word: dict[str, str], kind: str, name: str, code: str | None) -> None:
    """FIN-1: by table or configuration, name before kind, then the default; a fee has none."""
    assert accounts(word).of(kind, name) == code
    assert Accounts(lambda _: None, word, TAXES).of(kind, name) == code


def test_the_table_wins_over_the_configuration() -> None:
    """FIN-1"""
    assert Accounts({"fee/A": "1"}.get, {"fee/A": "2"}, TAXES).of("fee", "A") == "1"


def test_every_name_without_an_account_is_told_at_once() -> None:
    """FIN-1: one look for the person who maps them."""
    lines = [
        settlement_line("fee", "-1.00", "A"),
        settlement_line("fee", "-1.00", "B"),
        settlement_line("unknown", "5.00", "C"),
    ]
    with pytest.raises(MappingError, match="'fee/A', 'fee/B', 'unknown/C'") as refused:
        plan(*lines)
    assert refused.value.waiting_for == "settlement-name:walmart:MAIN:fee/A"


@pytest.mark.parametrize(
    ("lines", "deposit", "error", "said"),
    [
        ([settlement_line("sale", "1.00")], "0.99", RuleError, "+0.01 USD off the deposit of 0.99"),
        ([settlement_line("sale", "1.00"), settlement_line("facilitator_tax", "1.00")], "2.00", RuleError, "+1.00 USD instead of nothing"),
        ([settlement_line("sale", "1.00"), settlement_line("transfer", "-0.99")], "1.00", RuleError, "+0.01 USD off the deposit"),
        ([], "1.00", DataError, "the settlement has none"),
        ([settlement_line("sale", "1.001")], "1.001", DataError, "more digits"),
        ([settlement_line("sale", "NaN")], "1", DataError, "not a number"),
    ],
)  # fmt: skip
def test_sums_that_do_not_hold(lines: list[SettlementLine], deposit: str, error: type[Exception], said: str) -> None:
    """FIN-2: it does not post."""
    with pytest.raises(error, match=re.escape(said)):
        plan(*lines, deposit=deposit)


def test_a_payout_among_the_lines_repeats_the_deposit() -> None:
    """FIN-2: it is not counted twice; an empty report posts nothing."""
    found = plan(settlement_line("sale", "1.00"), settlement_line("transfer", "-1.00"), deposit="1.00")
    assert [item.amount for item in found.items] == [Decimal("-1.00"), Decimal("1.00")]
    assert plan(deposit="0").items == ()


def test_a_report_without_a_date_is_wrong() -> None:
    """FIN-1"""
    with pytest.raises(DataError, match="neither says when"):
        plan(settlement_line("sale", "1.00"), deposited_at=None, ends_at=None)


def test_another_currency_balances_at_any_rate() -> None:
    """FIN-1: what rounding leaves over goes into the largest item, at most a cent for each."""
    rng = random.Random(3)
    for _ in range(200):
        amounts = [Decimal(rng.randrange(-99999, 99999)) / 100 for _ in range(rng.randint(1, 12))]
        items = tuple(Item("1", "", amount) for amount in (*amounts, -sum(amounts, Decimal(0))))
        rate = Decimal(rng.randrange(1, 30000)) / 1000
        found = balances(items, rate, "USD")
        assert sum(found) == 0
        off = [abs(balance - item.amount / rate) for balance, item in zip(found, items, strict=True)]
        assert max(off) <= Decimal("0.005") * (len(items) + 1)
        assert sum(one > Decimal("0.00500001") for one in off) <= 1
