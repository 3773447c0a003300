"""EDGE-5: what was scanned beside what belongs to a transfer, and weights in Odoo's unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.odoo.packing_plan import Memory, Product, compare, product_of, told, wanted, weight_in
from tests.packing_records import check_of

APPLE, BREAD = Product(1, "APPLE", "4006381333931", "APPLE"), Product(2, "BREAD", "", "BREAD")
CAKE = Product(3, "CAKE", "APPLE", "CAKE")  # its barcode is another's reference
BOOKS = (APPLE, BREAD, Product(4, "DATE", "4006381333931", "DATE"))


@pytest.mark.parametrize(
    ("belongs", "scans", "problems"),
    [
        ({1: 2, 2: 1}, {"4006381333931": 1, "APPLE": 1, "BREAD": 1}, []),
        ({1: 2}, {"APPLE": 1}, [("missing", "APPLE")]),
        ({1: 2}, {"APPLE": 3}, [("extra", "APPLE")]),
        ({1: 1}, {"APPLE": 1, "BREAD": 1}, [("wrong", "BREAD")]),
        ({1: 1, 2: 1}, {"BREAD": 1, "NOPE": 2}, [("unknown", "NOPE"), ("missing", "APPLE")]),
        ({1: "0.75"}, {"APPLE": 4}, []),  # sold by weight
        ({1: "0.75"}, {}, [("missing", "APPLE")]),
        ({}, {}, []),
    ],
)
def test_compared(belongs: dict[int, Any], scans: dict[str, int], problems: list[tuple[str, str]]) -> None:
    belonging = {product: Decimal(str(amount)) for product, amount in belongs.items()}
    found = compare(check_of(scans), belonging, BOOKS)
    assert [(one.kind, one.code) for one in found.problems] == problems
    assert found.is_data is any(kind == "unknown" for kind, _ in problems)


def test_scans_that_could_not_be_read_are_a_problem() -> None:
    found = compare(check_of({"APPLE": 1}, unreadable=2), {1: Decimal(1)}, BOOKS)
    assert told(found.problems) == ("2 scans could not be read",)
    assert found.is_data


def test_a_barcode_wins_and_of_several_products_the_one_that_belongs() -> None:
    assert product_of("APPLE", (APPLE, CAKE), {}) == CAKE
    assert product_of("4006381333931", BOOKS, {4: Decimal(1)}) == BOOKS[2]
    assert product_of("x", (BREAD,), {}) is None


def test_what_shall_leave_is_what_is_reserved_and_where_nothing_is_what_is_asked() -> None:
    move = {"id": 7, "product_id": [1, "A"], "product_uom_qty": 5.0, "quantity": 3.0}
    other = {"id": 8, "product_id": [2, "B"], "product_uom_qty": 2.0, "quantity": 0.0}
    assert wanted([move, other], {}) == {1: Decimal(3)}
    assert wanted([other, other], {}) == {2: Decimal(4)}
    assert wanted([move], {7: Decimal(12)}) == {1: Decimal(36)}


@pytest.mark.parametrize(
    ("weight", "unit", "odoo", "expected"),
    [("1.254", "kg", "kg", "1.25"), ("1255", "g", "kg", "1.26"), ("1", "kg", "lb", "2.20"), ("10", "lb", "kg", "4.54"),
     ("16", "oz", "lbs", "1.00"), ("", "", "kg", None)],
)  # fmt: skip
def test_weights_in_odoos_unit(weight: str, unit: str, odoo: str, expected: str | None) -> None:
    found = weight_in(check_of({}, weight=weight, weight_unit=unit), odoo)
    assert (None if found is None else str(found)) == expected


def test_many_problems_are_told_in_few_lines() -> None:
    found = compare(check_of({f"C{number}": 1 for number in range(30)}), {}, ())
    assert len(told(found.problems)) == 21
    assert told(found.problems)[-1] == "and 10 more"


@pytest.mark.parametrize("datas", [None, False, "", "bm8=", "e30="])
def test_what_cannot_be_remembered_is_nothing(datas: Any) -> None:
    assert Memory.read(datas) == Memory()
    kept = Memory(3, "d", True, ("a",), True, 9, True)
    assert Memory.read(kept.datas()) == kept
