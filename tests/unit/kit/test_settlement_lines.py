"""Lines of settlements: kept while they fit, summed beyond, with the same sums either way (FIN-1, FIN-2)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.kit.errors import RuleError
from connectors.kit.settlement_lines import SettlementLines, facts
from connectors.kit.withheld import withheld_parts
from connectors.odoo.settlements_plan import Accounts, plan_settlement
from schemas.records import SettlementLine
from tests.odoo_records import settlement_line, settlement_of

TAXES = {"tax": "251000", "refund_tax": "251000", "facilitator_tax": "251900"}


def gathered(lines: list[SettlementLine], most_bytes: int) -> SettlementLines:
    found = SettlementLines(most_bytes)
    for line in lines:
        found.add(line)
    return found


def posted(lines: list[SettlementLine], deposit: Decimal) -> dict[str, Decimal]:
    """Account -> what it gets."""
    accounts = Accounts(lambda _: None, {"fee": "600000", "unknown": "999999"}, TAXES)
    sums: dict[str, Decimal] = {}
    for item in plan_settlement(settlement_of("1", *lines, deposit=f"{deposit:f}"), accounts, by_order=False).items:
        sums[item.account] = sums.get(item.account, Decimal(0)) + item.amount
    return {account: amount for account, amount in sums.items() if amount}


def test_what_fits_is_kept_as_it_is() -> None:
    lines = [settlement_line("sale", "1.00", "Price", "1"), settlement_line("sale", "2.00", "Price", "2")]
    found = gathered(lines, 10_000)
    assert (found.lines(), facts(found)) == (lines, {"rows": "2"})


def test_what_does_not_fit_is_one_line_for_each_kind_and_name() -> None:
    """FIN-1: nothing is lost: sums, and how many rows each is of."""
    lines = [settlement_line("sale", f"{number}.10", "Price", str(number)) for number in range(1, 11)]
    found = gathered([*lines, settlement_line("fee", "-3.00", "Storage")], 200)
    (sale, fee) = found.lines()
    assert (sale["kind"], sale["name"], sale["amount"], sale["quantity"], sale["detail"]) == (
        "sale",
        "Price",
        "56.00",
        "10",
        "10 rows",
    )
    assert (fee["amount"], fee["order_id"]) == ("-3.00", "")
    assert facts(found) == {"rows": "11", "summed": "by kind and name"}


def test_summed_tax_is_split_order_line_by_order_line() -> None:
    """FIN-1: the seller's tax of one order never pays for what was withheld of another."""
    lines = [
        settlement_line("tax", "8.25", "Tax", "1"), settlement_line("facilitator_tax", "-8.25", "Withheld", "1"),
        settlement_line("tax", "3.00", "Tax", "2"), settlement_line("facilitator_tax", "-1.00", "Withheld", "2"),
        settlement_line("tax", "5.00", "Tax", "3"), settlement_line("refund_tax", "-5.00", "Tax", "4"),
    ]  # fmt: skip
    found = gathered(lines, 10).lines()
    assert {(line["kind"], line["name"]): line["amount"] for line in found} == {
        ("facilitator_tax", "Withheld"): "-9.25", ("facilitator_tax", "Tax"): "9.25", ("tax", "Tax"): "7.00", ("refund_tax", "Tax"): "-5.00",
    }  # fmt: skip
    assert {line["quantity"] for line in found} == {"0"}
    assert posted(found, Decimal("2.00")) == posted(lines, Decimal("2.00"))


def test_an_order_whose_withheld_tax_does_not_net_to_nothing_is_seen_in_full_and_refused() -> None:
    """FIN-1, FIN-2: the mistake does not drown in the sums."""
    lines = [settlement_line("tax", "8.25", "Tax", "1"), settlement_line("facilitator_tax", "-8.25", "Withheld", "2")]
    found = gathered(lines, 10).lines()
    assert [(line["kind"], line["order_id"], line["amount"]) for line in found if line["order_id"]] == [
        ("facilitator_tax", "2", "-8.25")
    ]
    with pytest.raises(RuleError, match=r"comes to -8\.25 USD instead of nothing"):
        posted(found, Decimal("0.00"))


def test_withheld_tax_of_no_order_is_not_set_off_against_the_sums() -> None:
    """FIN-2: it stands alone in the report, so it stands alone in the entry: refused."""
    lines = [settlement_line("tax", "8.25", "Tax", "1"), settlement_line("facilitator_tax", "-8.25", "Withheld")]
    for most_bytes in (10, 10_000):
        with pytest.raises(RuleError, match=r"comes to -8\.25 USD instead of nothing"):
            posted(gathered(lines, most_bytes).lines(), Decimal("0.00"))


_cents = st.integers(-2000, 2000).map(lambda cents: f"{Decimal(cents) / 100:f}")
_sold = st.sampled_from(
    ["sale", "shipping", "promotion", "commission", "fee", "refund", "adjustment", "reserve", "unknown"]
)


@given(
    st.lists(st.builds(settlement_line, _sold, _cents, st.sampled_from("AB"), st.sampled_from("123")), max_size=20),
    st.lists(
        st.tuples(st.integers(0, 500), st.integers(0, 500), st.booleans(), st.sampled_from("123456")),
        max_size=8,
        unique_by=lambda one: one[3],
    ),
    st.integers(0, 3000),
)
@settings(max_examples=60)
def test_summed_or_not_the_same_is_posted(
    lines: list[SettlementLine], taxes: list[tuple[int, int, bool, str]], most_bytes: int
) -> None:
    """FIN-1, FIN-2: every account gets the same from the sums as from the lines."""
    for tax, withheld, refunded, order in taxes:
        sign, kind = (-1, "refund_tax") if refunded else (1, "tax")
        lines = [*lines, settlement_line(kind, f"{sign * Decimal(max(tax, withheld)) / 100:f}", "Tax", order)]
        lines = [*lines, settlement_line("facilitator_tax", f"{-sign * Decimal(withheld) / 100:f}", "Withheld", order)]
    total = sum((Decimal(line["amount"]) for line in lines), Decimal(0))
    found = gathered(lines, most_bytes)
    assert found.total == total
    assert sum((Decimal(line["amount"]) for line in found.lines()), Decimal(0)) == total
    if lines:
        assert posted(found.lines(), total) == posted(lines, total)


@pytest.mark.parametrize(
    ("taxes", "withheld", "parts"),
    [
        (["8.25"], "8.25", ["8.25"]),
        (["8.25"], "6.00", ["6.00"]),
        (["8.25"], "0", ["0"]),
        (["5.00", "3.25"], "6.00", ["5.00", "1.00"]),
        (["8.25", "-8.25"], "0", ["8.25", "-8.25"]),
        (["-2.00"], "-1.50", ["-1.50"]),
        (["2.00"], "-1.50", ["0"]),
        ([], "1.00", []),
    ],
)
def test_how_much_of_a_tax_was_withheld(taxes: list[str], withheld: str, parts: list[str]) -> None:
    """FIN-1: all of it where the sums agree, else as far as it goes."""
    assert withheld_parts([Decimal(tax) for tax in taxes], Decimal(withheld)) == [Decimal(part) for part in parts]
