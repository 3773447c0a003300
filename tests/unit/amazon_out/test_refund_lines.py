"""RET-2, FIN-2: what goes back of each item, to the cent, and how what went back is remembered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from connectors.amazon.order_refunds import AMOUNTS, refund_lines
from connectors.amazon.refunds_told import mark_of_refund, remote_id, told_by
from connectors.kit.errors import ConnectorError, DataError, RuleError
from connectors.kit.ports import Known
from schemas.records import Refund
from tests.contract.amazon_orders_out import ONE, TWO, refunded, some
from tests.unit.amazon_out.samples import order, shipped_order, taxed_order

Line = tuple[str, str, str, str, str]


def refund(*lines: Line) -> Refund:
    return cast("Refund", refunded(*lines).body)


def amounts(lines: list[dict[str, str]]) -> list[list[str]]:
    return [[line.get(name, "") for name in AMOUNTS] for line in lines]


@pytest.mark.parametrize(("asked", "given"), [
    ([(ONE, "5.00", "0.40", "0", "0")], [["5.00", "0.40", "", ""]]),
    ([(ONE, "20.00", "1.60", "4.00", "0.40")], [["20.00", "1.60", "4.00", "0.40"]]),
    # Odoo has one tax for the order: a cent too much for one item is the other's.
    ([(ONE, "20.00", "1.61", "0", "0"), (TWO, "5.00", "1.59", "0", "0")], [["20.00", "1.60", "", ""], ["5.00", "1.60", "", ""]]),
    ([(ONE, "0", "0", "4.02", "0"), (TWO, "0", "0", "3.90", "0")], [["", "", "4.00", ""], ["", "", "3.92", ""]]),
    ([(ONE, "1.00", "0", "0", "0"), (TWO, "0", "0", "0", "0")], [["1.00", "", "", ""]]),
    ([(ONE, "0", "0", "0", "0")], []),
])  # fmt: skip
def test_what_goes_back(asked: list[Line], given: list[list[str]]) -> None:
    assert amounts(refund_lines(shipped_order(), refund(*asked), "CustomerReturn")) == given


@pytest.mark.parametrize(("asked", "error", "words"), [
    ([(ONE, "20.01", "0", "0", "0")], RuleError, "20.01 of item"),
    ([(ONE, "0", "1.66", "0", "0")], RuleError, "1.66 of item tax"),
    ([(ONE, "0", "1.61", "0", "0")], RuleError, "1.61 of item tax"),  # one cent, and no other item has room for it
    ([(ONE, "-1.00", "0", "0", "0")], DataError, "less than nothing"),
    ([("", "0", "0", "4.00", "0")], DataError, "names no line"),
    ([(ONE, "1.00", "0", "0", "0"), (ONE, "1.00", "0", "0", "0")], DataError, "appears twice"),
    ([("77", "1.00", "0", "0", "0")], DataError, "no item '77'"),
])  # fmt: skip
def test_what_does_not_go_back(asked: list[Line], error: type[ConnectorError], words: str) -> None:
    """FIN-2: not a cent in silence."""
    with pytest.raises(error) as raised:
        refund_lines(shipped_order(), refund(*asked), "CustomerReturn")
    assert words in str(raised.value)


def test_what_is_not_shipped_is_not_refunded() -> None:
    with pytest.raises(RuleError, match="is not shipped"):
        refund_lines(order({ONE: (2, 0)}), refund((TWO, "1.00", "0", "0", "0")), "CustomerReturn")


def test_where_prices_include_tax_so_do_the_amounts() -> None:
    """RET-2: Odoo tells goods and tax apart, Amazon's file does not."""
    note: Any = refund((ONE, "16.81", "3.19", "3.36", "0.64"))
    for money in [note["total"], *(note["lines"][0][name] for name in ("amount", "tax", "shipping", "shipping_tax"))]:
        money["currency"] = "EUR"
    (line,) = refund_lines(taxed_order(), note, "CustomerReturn")
    assert (line["item-price-adj"], line["shipping-price-adj"], line["currency"]) == ("20.00", "4.00", "EUR")
    assert "item-tax-adj" not in line


def test_a_note_in_another_currency_is_wrong() -> None:
    with pytest.raises(DataError, match="is in USD, the order in EUR"):
        refund_lines(taxed_order(), refund((ONE, "1.00", "0", "0", "0")), "CustomerReturn")


def test_what_was_refunded_is_remembered_with_whatever_is_done_next() -> None:
    """EVT-4: the key's state has one line for all commands of the order."""
    one, two = mark_of_refund("RINV/1"), mark_of_refund("RINV/2")
    note = some("1.00")
    assert told_by(note) == []
    first = remote_id("112-1", note, [one])
    after = replace(note, known=Known(1, "x", "order", first))
    assert told_by(after) == [one]
    assert remote_id("112-1", after, [two, one]) == f"112-1 +{one} +{two}"
    assert told_by(replace(note, known=Known(1, "x", "order", remote_id("112-1", after)))) == [one]


def test_what_amazon_ships_itself_is_amazons_to_refund() -> None:
    now = order({ONE: (2, 0)}, fulfillment={"fulfillmentStatus": "SHIPPED", "fulfilledBy": "AMAZON"})
    with pytest.raises(RuleError, match="Amazon's to refund"):
        refund_lines(now, refund((ONE, "1.00", "0", "0", "0")), "CustomerReturn")
