"""What a return means for goods and money, as tables of states."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.errors import ConflictError, DataError
from connectors.odoo.returns_goods import shipped_of
from connectors.odoo.returns_plan import Back, Deed, ImpossibleError, Part, Shipped, deeds, plan_return
from connectors.odoo.returns_shares import Given, split
from schemas.records import ReturnLine, ReturnOrder
from tests.builders import money
from tests.odoo_records import return_line, return_of


def plan(*lines: ReturnLine, release_at: str = "receipt", **changes: Any) -> Any:
    body: ReturnOrder = return_of("1", *lines, **changes)
    return plan_return(body, release_at=release_at)


# ---- RET-1: goods, money and customer service are three states


@pytest.mark.parametrize(
    ("physical", "kept", "release_at", "coming", "back"),
    [
        ("announced", False, "receipt", 2, 0),
        ("in_transit", False, "receipt", 2, 0),
        ("received", False, "receipt", 2, 2),
        ("announced", False, "announced", 2, 2),
        ("lost", False, "announced", 0, 0),
        ("none", False, "receipt", 0, 0),
        ("received", True, "receipt", 0, 0),  # kept wins: what stays with the buyer is in no warehouse
    ],
)
def test_what_comes_back_and_what_is_back(physical: str, kept: bool, release_at: str, coming: int, back: int) -> None:
    """RET-1: stock is not released before receipt, unless configured."""
    (part,) = plan(return_line("A", 2, physical=physical, kept=kept, financial="refunded"), release_at=release_at).parts
    assert (part.coming, part.back) == (coming, back)


def test_lines_of_one_order_line_are_added_up() -> None:
    """RET-1: two return lines of one order line, one received and refunded."""
    first = return_line("A", 1, return_line_id="1", physical="received", financial="refunded", refund=money("4.00"))
    found = plan(first, return_line("A", 2, return_line_id="2"), physical="announced")
    (part,) = found.parts
    assert (part.coming, part.back, part.refund, part.refunded) == (3, 1, Decimal("4.00"), 1)
    assert found.states.endswith("goods announced, money refunded, customer service open")


@pytest.mark.parametrize("financial", ["none", "pending", "refused"])
def test_money_that_was_not_given_back_is_not_counted(financial: str) -> None:
    """RET-1: a refund that is only announced makes no credit note, whatever the goods do."""
    found = plan(return_line("A", physical="received", financial=financial, refund=money("4.00")))
    assert (found.refund, found.currency) == (0, "")


def test_what_was_given_back_beyond_the_lines_is_the_rest() -> None:
    """RET-2: shipping, for example, or a restocking fee taken off; only once the whole return is refunded."""
    line = return_line("A", financial="refunded", refund=money("4.00"))
    assert plan(line, total_refund=money("6.00")).rest == 2
    assert plan(line, total_refund=money("3.00")).rest == -1
    assert plan(line, total_refund=money("3.00")).refund == 3
    assert plan(line, total_refund=money("6.00"), financial="partly_refunded").rest == 0


@pytest.mark.parametrize(
    ("lines", "changes", "said"),
    [
        ([return_line("A", 0)], {}, "lines[0].quantity (line 1): not above 0"),
        ([return_line("A", "x")], {}, "lines[0].quantity (line 1): not a number"),
        ([return_line("A", financial="refunded", refund=money("-1"))], {}, "below 0"),
        ([return_line("A", financial="refunded", refund=money("1.005"))], {}, "more digits"),
        (
            [return_line("A", financial="refunded", refund=money("4", "EUR"))],
            {"total_refund": money("4")},
            "currency EUR",
        ),
        (
            [return_line("A", financial="refunded", refund=money("4"))],
            {"total_refund": money("-3")},
            "total_refund: below 0",
        ),
    ],
)
def test_a_return_that_is_wrong_in_itself_names_the_field(lines: list[ReturnLine], changes: Any, said: str) -> None:
    """RET-1: a data exception."""
    with pytest.raises(DataError, match=re.escape(said)):
        plan(*lines, **changes)


# ---- what to do about goods


def out(move: int, quantity: int = 3, product: int = 7, per_unit: int = 1) -> Shipped:
    return Shipped(move, 1, product, 1, Decimal(quantity), Decimal(per_unit))


def back(
    source: int, demand: int, state: str, *, ours: bool = True, move: int = 90, quantity: int | None = None
) -> Back:
    done = demand if quantity is None and state == "done" else quantity or 0
    return Back(move, 50, source, Decimal(demand), Decimal(done), state, ours)


def part(coming: int, arrived: int = 0) -> Part:
    return Part("1", "A", Decimal(coming), Decimal(arrived), Decimal(0))


def test_goods_that_nobody_waits_for_yet_make_a_move() -> None:
    """RET-2"""
    assert deeds(part(2), [out(10)], {}) == [Deed(out(10), make=Decimal(2))]
    assert deeds(part(2, 1), [out(10)], {}) == [Deed(out(10), make=Decimal(2), take=Decimal(1))]
    assert deeds(part(0), [out(10)], {}) == []


@pytest.mark.parametrize(
    ("coming", "arrived", "standing", "expected"),
    [
        (2, 0, [back(10, 2, "assigned")], []),
        (2, 2, [back(10, 2, "assigned")], [(2, 2)]),  # (demand, take)
        (3, 0, [back(10, 2, "assigned")], [(3, 0)]),
        (0, 0, [back(10, 2, "assigned")], [(0, 0)]),
        (2, 2, [back(10, 2, "done")], []),
        (3, 2, [back(10, 2, "done"), back(10, 1, "assigned", move=91)], []),
        (3, 3, [back(10, 2, "done"), back(10, 1, "assigned", move=91)], [(1, 1)]),
    ],
)
def test_what_stands_is_changed_not_doubled(
    coming: int, arrived: int, standing: list[Back], expected: list[tuple[int, int]]
) -> None:
    """RET-2: later versions."""
    found = deeds(part(coming, arrived), [out(10)], {10: standing})
    assert all(not deed.make for deed in found)
    assert [(int(deed.demand), int(deed.take)) for deed in found] == expected


def test_a_line_that_left_in_two_deliveries_comes_back_from_both() -> None:
    """RET-2: oldest first, never more from one than it delivered."""
    found = deeds(part(4, 3), [out(10, 2), out(11, 3)], {})
    assert [(deed.source.move, int(deed.make), int(deed.take)) for deed in found] == [(10, 2, 2), (11, 2, 1)]


def test_what_others_took_back_is_left_out() -> None:
    """RET-2: a person's own return of 2 of 3 leaves room for 1; one that was cancelled leaves all."""
    theirs = {10: [back(10, 2, "done", ours=False)]}
    assert [deed.make for deed in deeds(part(1), [out(10)], theirs)] == [1]
    with pytest.raises(ImpossibleError, match="1 more come back"):
        deeds(part(2), [out(10)], theirs)
    assert [deed.make for deed in deeds(part(3), [out(10)], {10: [back(10, 2, "cancel", ours=False)]})] == [3]


def test_odoo_has_taken_in_what_the_marketplace_denies() -> None:
    """RET-1"""
    with pytest.raises(ImpossibleError, match="Odoo has taken in 2, the marketplace says 0"):
        deeds(part(0), [out(10)], {10: [back(10, 2, "done")]})


def test_a_kit_comes_back_by_its_parts() -> None:
    """RET-2, ORD-10: 2 kits of 1 and 3 parts delivered; the demand of the deliveries tells how many each kit takes."""
    rows = [
        {"id": 10, "picking_id": [1, ""], "product_id": [7, ""], "product_uom": [1, ""], "product_uom_qty": 2.0,
         "quantity": 2.0, "state": "done"},
        {"id": 11, "picking_id": [1, ""], "product_id": [8, ""], "product_uom": [1, ""], "product_uom_qty": 6.0,
         "quantity": 6.0, "state": "done"},
    ]  # fmt: skip
    shipped = shipped_of(rows, [{"product_id": [5, ""], "product_uom_qty": 2.0}])
    assert [(one.product, int(one.per_unit)) for one in shipped] == [(7, 1), (8, 3)]
    assert [(deed.source.product, int(deed.make)) for deed in deeds(part(1), shipped, {})] == [(7, 1), (8, 3)]


# ---- shares of taxes

TAXES = ((1, Decimal("2.10")), (2, Decimal("0.36")))
TOTAL = Decimal("37.46")


def test_taxes_are_given_back_in_proportion() -> None:
    """RET-2: 10.70 of 37.46: 0.60 of 2.10, 0.10 of 0.36."""
    (share,) = split([Given("1", Decimal("10.70"))], Decimal(0), TOTAL, TAXES)
    assert (share.net, dict(share.taxes)) == (Decimal("10.00"), {1: Decimal("0.60"), 2: Decimal("0.10")})


@pytest.mark.parametrize(
    "pieces", [["37.46"], ["0.01"] * 46 + ["37.00"], ["12.49", "12.49", "12.48"], ["3.33"] * 11 + ["0.83"]]
)
def test_however_a_refund_is_cut_every_tax_comes_back_to_the_cent(pieces: list[str]) -> None:
    """RET-2: rounding on the running sum."""
    given = [Given(str(index), Decimal(piece)) for index, piece in enumerate(pieces)]
    shares = split(given, Decimal(0), TOTAL, TAXES)
    back: dict[int, Decimal] = {}
    for share in shares:
        for tax, amount in share.taxes:
            back[tax] = back.get(tax, Decimal(0)) + amount
    assert back == dict(TAXES)
    assert sum(share.net for share in shares) == TOTAL - Decimal("2.46")
    running = Decimal(0)
    again = []
    for one in given:  # the same in as many calls
        again += split([one], running, TOTAL, TAXES)
        running += one.amount
    assert again == shares


def test_less_than_before_is_a_conflict() -> None:
    """RET-2: nothing is taken away from a credit note."""
    with pytest.raises(ConflictError, match=re.escape("line 2: 1.00 more is credited")):
        split([Given("1", Decimal(5)), Given("2", Decimal("-1.00"))], Decimal(0), TOTAL, TAXES)
