"""FIN-2: parts of a line add up to the line, and every row of a report stands for money that moved."""

import random

import pytest

from connectors.walmart.sandbox.charges import Json
from connectors.walmart.sandbox.lines import lines_of, status
from connectors.walmart.sandbox.recon_rows import ItemFacts, Row, Settled, cells, line_rows
from connectors.walmart.sandbox.shares import LineMoney, charged_units, gone_units, money_of, slice_of
from tests.unit.walmart_sandbox.orders import NOW_MS, order_of


def charge(cents: int, tax: int, kind: str = "PRODUCT") -> Json:
    def money(value: int) -> Json:
        return {"currency": "USD", "amount": value / 100}

    taxed = {"taxName": "Tax", "taxAmount": money(tax)}
    return {"chargeType": kind, "chargeName": "x", "chargeAmount": money(cents), "tax": taxed}


@pytest.mark.parametrize("seed", range(20))
def test_parts_taken_one_after_the_other_are_the_whole(seed: int) -> None:
    rng = random.Random(seed)
    whole = rng.randint(1, 9)
    charges = [charge(rng.randrange(1, 9999), rng.randrange(999)), charge(-rng.randrange(1, 500), 0)]
    charges.append(charge(rng.randrange(1999), rng.randrange(99), "SHIPPING"))
    at, parts = 0, []
    while at < whole:
        after = rng.randint(at + 1, whole)
        parts.append(slice_of(charges, at, after, whole))
        at = after
    names = LineMoney.__dataclass_fields__
    summed = LineMoney(**{name: sum(getattr(part, name) for part in parts) for name in names})
    assert summed == money_of(charges)


def test_what_is_cancelled_is_neither_charged_nor_gone() -> None:
    (line,) = lines_of(order_of(5))
    states = [status("Shipped", 2), status("Created", 1), status("Cancelled", 2)]
    line["orderLineStatuses"]["orderLineStatus"] = states
    assert (charged_units(line), gone_units(line)) == (3, 2)


def rows_of(order: Json, settled: Settled = Settled()) -> tuple[list[Row], Settled]:  # noqa: B008 - frozen
    return line_rows(order, lines_of(order)[0], settled, ItemFacts("1", "Cell Phone Stands"), [], NOW_MS)


def test_an_unshipped_line_has_no_rows_and_a_shipped_one_has_them_once() -> None:
    order = order_of(2)
    assert rows_of(order)[0] == []
    lines_of(order)[0]["orderLineStatuses"]["orderLineStatus"] = [status("Shipped", 2)]
    rows, settled = rows_of(order)
    assert {row.kind for row in rows} == {"Sale"}
    assert rows_of(order, settled) == ([], settled)
    taxes = [row.cents for row in rows if "tax" in row.amount_type]
    assert taxes
    assert sum(taxes) == 0
    commission = next(row for row in rows if row.amount_type == "Commission on Product")
    price = next(row for row in rows if row.amount_type == "Product Price")
    assert commission.cents == -round(price.cents * 0.08)
    assert cells(commission)["Commission Rate"] == "0.08"
    assert "Commission Rate" not in cells(price)
