"""Reading the flat file V2 of settlements: by column names, a row at a time (FIN-1)."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.amazon.settlement_file import NEEDED, Row, SettlementFile
from connectors.kit.errors import DataError
from tests.unit.amazon_settlements.reports import HEADER, SUMMARY, amount, report

SALE = amount(
    "Order/ItemPrice/Principal",
    "10.00",
    sku="TEA",
    quantity_purchased="1",
    order_item_code="70001",
    marketplace_name="Amazon.com",
)


def read(text: str) -> tuple[SettlementFile, list[Row]]:
    file = SettlementFile(text.split("\n"))
    return file, list(file.rows())


def test_the_summary_and_a_row() -> None:
    file, (row,) = read(report(SALE))
    assert (file.summary.settlement_id, file.summary.total, file.summary.currency) == (
        "1880001",
        Decimal("10.00"),
        "USD",
    )
    assert (file.summary.starts_at, file.summary.ends_at, file.summary.deposited_at) == tuple(
        file.summary.starts_at.replace(day=day) for day in (1, 14, 16) if file.summary.starts_at
    )
    assert (row.number, row.transaction_type, row.amount_type, row.description) == (
        3,
        "Order",
        "ItemPrice",
        "Principal",
    )
    assert (row.amount, row.sku, row.quantity, row.item_code) == (Decimal("10.00"), "TEA", "1", "70001")
    assert row.details == {"marketplace-name": "Amazon.com"}


def test_columns_are_found_by_name_in_any_order_with_any_others() -> None:
    """FIN-1: Amazon adds columns without a word; `promotion-id` is a common 24th."""
    header = ["surprise", *reversed(HEADER), "promotion-id"]
    _, (row,) = read(report({**SALE, "promotion-id": "Sale 25", "surprise": "!"}, header=header))
    assert (row.amount, row.sku, row.details["promotion-id"]) == (Decimal("10.00"), "TEA", "Sale 25")
    doubled = report({**SALE, "promotion-id": "Sale 25"}, header=[*HEADER, "promotion-id"]).replace("\r\n", "\t\r\n")
    _, (row,) = read(doubled.replace("promotion-id\t\r", "promotion-id\tpromotion-id\r"))
    assert row.details["promotion-id"] == "Sale 25"  # the first of two that we could do without
    shouted = ['"' + name.upper().replace("-", " ") + '"' for name in HEADER]
    assert len(read(report(SALE).replace("\t".join(HEADER), "\t".join(shouted)))[1]) == 1


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_column_is_named(name: str) -> None:
    with pytest.raises(
        DataError, match=f"^the report lacks columns: {name}; expected is the flat file V2 of settlements$"
    ):
        read(report(SALE, header=[one for one in HEADER if one != name]))


def test_one_of_the_two_columns_for_the_time_is_enough() -> None:
    without = [name for name in HEADER if not name.startswith("posted-date")]
    assert read(report({**SALE, "posted-date": "2025-06-03"}, header=[*without, "posted-date"]))[1][0].posted_at
    with pytest.raises(DataError, match="lacks columns: posted-date-time or posted-date;"):
        read(report(SALE, header=without))


def test_rows_may_repeat_the_summary_or_leave_it_empty() -> None:
    """Files of some sellers repeat it in every row, others do not even repeat the settlement's id."""
    repeated = {**SUMMARY, **SALE}
    bare = {name: cell for name, cell in SALE.items() if name != "settlement-id"}
    assert len(read(report(SALE, repeated, bare))[1]) == 3


def test_the_first_row_may_be_an_amount_as_well() -> None:
    _, rows = read(
        report(
            amount("Order/ItemFees/Commission", "-1.00"),
            **{name.replace("-", "_"): cell for name, cell in SALE.items()},
        )
    )
    assert [row.amount for row in rows] == [Decimal("10.00"), Decimal("-1.00")]


@pytest.mark.parametrize(("text", "words"), [
    ("", "the report lacks columns: settlement-id, settlement-start-date"),
    ("\t".join(HEADER), "the report has no rows"),
    ("\t".join(HEADER) + "\r\n\r\n", "the report has no rows"),
    ("\t".join([*HEADER, "amount"]), "two columns `amount`"),
    (report(SALE, settlement_id=""), "row 2: settlement-id: expected a number; the first row is not the summary"),
    (report(SALE, currency="dollars"), "row 2: currency: expected three letters"),
    (report(SALE, total_amount=""), "row 2: total-amount: expected an amount, found text of 0"),
    (report(SALE, deposit_date="soon"), "row 2: deposit-date: expected a date"),
    (report({**SALE, "settlement-id": "2"}), "row 3: another settlement-id than the summary's"),
    (report({**SALE, "currency": "CAD"}), "row 3: another currency than the summary's"),
    (report(SALE, {**SALE, "total-amount": "9.99"}), "row 4: another total-amount than the summary's"),
    (report({**SALE, "amount": ""}), "row 3: amount: expected an amount, found text of 0"),
    (report({**SALE, "amount": "1o.00"}), "row 3: amount: expected an amount, found text of 5"),
    (report({**SALE, "posted-date-time": "soon"}), "row 3: posted-date-time: expected a date"),
    (report(SALE) + "\t" * 30 + "x", "row 4 has more cells than the header"),
    (report({**SALE, "sku": "x" * 501}), "row 3: a cell of 501 characters"),
])  # fmt: skip
def test_what_is_wrong_is_told_by_row_and_column(text: str, words: str) -> None:
    """SEC-5, SEC-3"""
    with pytest.raises(DataError, match=words):
        read(text)


def test_rows_may_end_early_and_lines_be_empty() -> None:
    _, rows = read(report(SALE).replace("\r\n", "\r\n\r\n").rstrip() + "\r\n")
    assert [row.amount for row in rows] == [Decimal("10.00")]


def test_an_amount_without_a_word_of_what_it_is_counts() -> None:
    """FIN-2: money is never dropped."""
    _, rows = read(report(SALE, amount("//", "-1.00", "")))
    assert [str(row.amount) for row in rows] == ["10.00", "-1.00"]


def test_control_characters_are_left_out() -> None:
    """SEC-5: neither PostgreSQL nor a printer takes them."""
    assert read(report({**SALE, "sku": "A\x00B\x1bC"}))[1][0].sku == "ABC"


def test_quotes_inside_a_cell_are_its_own() -> None:
    """Nothing is quoted: one inch mark must not swallow the rows after it."""
    _, rows = read(report({**SALE, "sku": '27" TV'}, {**SALE, "sku": '"quoted"'}, SALE))
    assert [row.sku for row in rows] == ['27" TV', "quoted", "TEA"]


def test_a_file_is_read_no_further_than_asked() -> None:
    """A file of a hundred thousand rows is never in memory as a whole."""
    head = report(SALE).split("\n")[:3]

    def endless() -> chain[str]:
        return chain(head, iter(lambda: head[2], None))

    rows = SettlementFile(endless()).rows()
    assert [next(rows).number for _ in range(3)] == [3, 4, 5]


@given(st.lists(st.text(alphabet='\t",.-0129azÄ\x00\r', max_size=40), max_size=6))
def test_hostile_lines_end_in_data_errors_and_nothing_else(lines: list[str]) -> None:
    """SEC-5"""
    try:
        read(report(SALE) + "\n".join(lines))
    except DataError:
        return
