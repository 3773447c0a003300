"""What of a person's changes to an order's lines stays, and what is written."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connectors.odoo.line_changes import Kept, Standing, keep, line_commands, missing, words_of
from connectors.odoo.plan import Goods, LinePlan, Service
from connectors.odoo.references import ResolvedLine

PARENT = "mkt.order/walmart:MAIN:1"
LINE = f"{PARENT}/line/1"
TAX = f"{PARENT}/tax/state"


def goods(quantity: str, price: str = "10.00", *, xid: str = LINE, line_id: str = "1") -> LinePlan:
    return LinePlan(xid, Goods(f"SKU{line_id}", "", "", ""), "Title", Decimal(quantity), Decimal(price), (), line_id)


def charge(price: str) -> LinePlan:
    return LinePlan(TAX, Service.TAX, "State tax", Decimal(1), Decimal(price))


def resolved(plan: LinePlan, *taxes: int) -> ResolvedLine:
    return ResolvedLine(plan, 5, taxes)


def row(quantity: float, price: float = 10.0, taxes: tuple[int, ...] = ()) -> dict[str, Any]:
    return {"product_id": [5, "x"], "product_uom_qty": quantity, "price_unit": price, "tax_id": list(taxes)}


def standing(rows: dict[str, dict[str, Any]], *written: str) -> Standing:
    """`rows` by external id; one whose id starts with "by hand" is not ours."""
    ids = {xid: number for number, xid in enumerate(rows, 1)}
    return Standing(
        {ids[xid]: one for xid, one in rows.items()},
        {xid: one for xid, one in ids.items() if not xid.startswith("by hand")},
        written,
    )


@pytest.mark.parametrize(
    ("lines", "rows", "commands"),
    [
        # the same: nothing; numbers count, not their spelling
        ([resolved(goods("2"))], {LINE: row(2)}, []),
        # a quantity written alone would make Odoo look the price up anew
        ([resolved(goods("1"))], {LINE: row(2)}, [[1, 1, {"product_uom_qty": 1.0, "price_unit": 10.0}]]),
        ([resolved(goods("2", "9"))], {LINE: row(2)}, [[1, 1, {"product_uom_qty": 2.0, "price_unit": 9.0}]]),
        # cancelled in full: the price is kept for the eye
        ([resolved(goods("0", "0"))], {LINE: row(0)}, []),
        ([resolved(goods("1"), 7)], {LINE: row(1, taxes=(8,))}, [[1, 1, {"tax_id": [[6, 0, [7]]]}]]),
        # a second price that fell away, a tax that fell away: set to nothing
        ([resolved(goods("1"))], {LINE: row(1), f"{LINE}/1": row(1)}, [[1, 2, {"product_uom_qty": 0}]]),
        ([resolved(goods("1"))], {LINE: row(1), TAX: row(1)}, [[1, 2, {"product_uom_qty": 0}]]),
        ([resolved(goods("1"))], {LINE: row(1), TAX: row(0)}, []),
        # what a person added stays, of the same product too
        ([resolved(goods("1"))], {LINE: row(1), "by hand": row(1)}, []),
    ],
)
def test_only_what_differs_is_written(lines: Any, rows: Any, commands: Any) -> None:
    """ORD-5"""
    assert line_commands(lines, standing(rows)) == commands


def test_what_is_missing_is_made() -> None:
    """ORD-5: a tax and a line that are new; not a line of nothing."""
    lines = [resolved(goods("1")), resolved(goods("1", xid=f"{PARENT}/line/2", line_id="2")), resolved(charge("0.60"))]
    lines.append(resolved(goods("0", xid=f"{PARENT}/line/3", line_id="3")))
    found = standing({LINE: row(1)})
    assert missing(lines, found) == [(1, lines[1]), (2, lines[2])]
    assert words_of([], lines, found) == ["SKU2: made, 1 at 10", "State tax: made, 1 at 0.6"]


def quantities(lines: tuple[LinePlan, ...]) -> list[int]:
    return [int(line.quantity) for line in lines]


def test_a_quantity_a_person_lowered_stays_lowered() -> None:
    """FUL-3: the marketplace still says 2."""
    lines, kept = keep([goods("2"), charge("0.60")], PARENT, standing({LINE: row(1), TAX: row(1, 0.6)}))
    assert quantities(lines) == [1, 1]
    assert kept == (Kept("1", "SKU1", Decimal(1), Decimal(2), deleted=False),)
    assert kept[0].words == "SKU1: 1 here, 2 at the marketplace; left as it is"


@pytest.mark.parametrize(("quantity", "there"), [("2", 2), ("1", 2), ("2", 3), ("0", 0)])
def test_nothing_is_kept_where_the_marketplace_says_no_more(quantity: str, there: int) -> None:
    """ORD-8: what it cancels is taken over; what a person raised is not."""
    assert keep([goods(quantity)], PARENT, standing({LINE: row(there)})) == ((goods(quantity),), ())


def test_a_line_at_two_prices_is_one_line() -> None:
    """ORD-6: 5 units at two prices become 4 at the same two: the first price has more units than before, and nothing was lowered by anybody."""
    first, second = goods("3", "2.00"), goods("1", "2.01", xid=f"{LINE}/1")
    there = {LINE: row(2, 2.0), f"{LINE}/1": row(3, 2.01)}
    assert keep([first, second], PARENT, standing(there)) == ((first, second), ())
    lowered, kept = keep([first, second], PARENT, standing({**there, f"{LINE}/1": row(0, 2.01)}))
    assert quantities(lowered) == [2, 0]
    assert (int(kept[0].odoo), int(kept[0].marketplace)) == (2, 4)


def test_extras_of_a_line_are_no_units_of_it() -> None:
    """ORD-6: a discount of the line and gift wrapping are charges."""
    there = {LINE: row(1), f"{LINE}/discount/0": row(1, -1.0), f"{LINE}/wrap": row(1, 2.0)}
    assert standing(there).units(PARENT, "1") == 1


def test_a_deleted_line_stays_deleted_and_a_new_one_is_made() -> None:
    """FUL-3: both have no record; what was written once was deleted."""
    second = goods("2", xid=f"{PARENT}/line/2", line_id="2")
    lines, kept = keep([goods("1"), second], PARENT, standing({LINE: row(1)}, "1", "2"))
    assert quantities(lines) == [1, 0]
    assert [(one.line_id, one.deleted) for one in kept] == [("2", True)]
    assert keep([goods("1"), second], PARENT, standing({LINE: row(1)}, "1")) == ((goods("1"), second), ())


def test_what_is_changed_is_said() -> None:
    """ORD-6: each field with both values."""
    lines = [resolved(goods("1", "9.00"), 7), resolved(replace(charge("0.30")))]
    found = standing({LINE: row(3), TAX: row(1, 0.6), f"{LINE}/1": row(1)})
    assert words_of(line_commands(lines, found), lines, found) == [
        "SKU1: quantity 3 -> 1, price 10 -> 9, taxes", "State tax: price 0.6 -> 0.3", "x: quantity 1 -> 0",
    ]  # fmt: skip
