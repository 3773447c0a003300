"""TEST-1, RET-1: the lines of the two returns reports; what was asked for and what is there are told apart."""

import csv
from typing import Any

from connectors.amazon.sandbox.marketplaces import BY_COUNTRY
from connectors.amazon.sandbox.moments import read
from connectors.amazon.sandbox.return_files import FBA_COLUMNS, SELLER_COLUMNS, fba_lines, seller_lines, written
from connectors.amazon.sandbox.return_store import Line, StoredReturn, received
from tests.unit.amazon_sandbox.orders import ids_of, order_of

ASKED = read("2026-08-20T23:59:59Z")
ORDER = order_of(2)


def returned(by: str = "MERCHANT", **more: Any) -> StoredReturn:
    line = Line(ids_of(ORDER)[0], "S-1", "B000000001", "Lamp", 2, "DEFECTIVE", "CUSTOMER_DAMAGED")
    return StoredReturn("seller", "D1R", ORDER["orderId"], BY_COUNTRY["US"].id, by, ASKED, (line,), **more)


def test_the_sellers_line_says_what_was_asked_for_and_nothing_of_what_is_not_known() -> None:
    (line,) = seller_lines(returned(), ORDER, {}, BY_COUNTRY["US"])
    assert (line["Return request date"], line["Return delivery date"], line["Refunded Amount"]) == (
        "20-Aug-2026",
        "",
        "",
    )
    assert (line["Return quantity"], line["Return Reason"], line["Order Item ID"]) == (
        "2",
        "CR-DEFECTIVE",
        ids_of(ORDER)[0],
    )


def test_goods_and_money_are_told_apart() -> None:
    there = received(returned(), ASKED / 1000 + 2)
    (line,) = seller_lines(there, ORDER, {ids_of(ORDER)[0]: 1234}, BY_COUNTRY["US"])
    assert (line["Return delivery date"], line["Refunded Amount"]) == ("21-Aug-2026", "12.34")
    (yen,) = seller_lines(there, ORDER, {ids_of(ORDER)[0]: 1234}, BY_COUNTRY["JP"])
    assert yen["Refunded Amount"] == "1234"


def test_amazon_tells_each_unit_with_its_own_plate() -> None:
    first, second = fba_lines(received(returned("AMAZON"), ASKED / 1000))
    assert (first["quantity"], first["return-date"]) == ("1", "2026-08-20T23:59:59+00:00")
    assert (first["detailed-disposition"], first["status"]) == ("CUSTOMER_DAMAGED", "Reimbursed")
    assert first["license-plate-number"] != second["license-plate-number"]


def test_a_file_is_read_back_by_its_columns() -> None:
    for columns, lines in (
        (SELLER_COLUMNS, seller_lines(returned(), ORDER, {}, BY_COUNTRY["US"])),
        (FBA_COLUMNS, fba_lines(received(returned("AMAZON"), ASKED / 1000))),
    ):
        rows = list(csv.DictReader(written(columns, lines).decode().splitlines(), delimiter="\t"))
        assert [{name: value for name, value in row.items() if value} for row in rows] == [
            {name: value for name, value in line.items() if value} for line in lines
        ]
        assert set(lines[0]) <= set(columns)
