"""REC-1: what differs, told once; what cannot be told is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connectors.kit.books import Entry, EntryLine, MadeBy
from streams.reconcile.findings import What
from streams.reconcile.judging import NO_CODE, Judge, Judged, compared
from streams.reconcile.kinds import KINDS
from streams.reconcile.matching import matched
from streams.reconcile.settings import ReconcileSettings
from tests.unit.reconcile.books import NOW, SINCE, lines, ours, theirs

PURCHASES = KINDS["purchases"]
MINUTE = timedelta(minutes=1)


def judged(mine: Sequence[Entry], other: Sequence[Entry], **settings: Any) -> Judged:
    judge = Judge(PURCHASES, ReconcileSettings(**settings), str, NOW, SINCE)
    return judge.judged(matched({one.id: one for one in mine}, {one.id: one for one in other}))


def told(mine: Sequence[Entry], other: Sequence[Entry], **settings: Any) -> list[tuple[str, str, str]]:
    """(what, in Odoo, there) of each finding."""
    return [(one.what.value, one.ours, one.theirs) for one in judged(mine, other, **settings).findings]


def test_what_agrees_is_not_told() -> None:
    """REC-1."""
    assert told([ours()], [theirs("1", "P1")]) == []


@pytest.mark.parametrize(
    ("mine", "other", "what"),
    [
        # Odoo's state, the other side's, what is told
        ("ordered", "to_pay", []), ("ordered", "paid", []), ("ordered", "part_shipped", []), ("ordered", "shipped", []),
        ("ordered", "delivered", []), ("ordered", "done", []), ("ordered", "cancelled", ["status"]), ("ordered", "stopped", ["status"]),
        ("ordered", "unknown", ["doubt"]), ("ordered", "", ["missing_there"]),
        ("received", "to_pay", ["status"]), ("received", "paid", ["status"]), ("received", "part_shipped", []), ("received", "shipped", []),
        ("received", "delivered", []), ("received", "done", []), ("received", "cancelled", ["status"]), ("received", "stopped", ["status"]),
        ("received", "unknown", ["doubt"]), ("received", "", ["missing_there"]),
        ("draft", "to_pay", ["status"]), ("draft", "done", ["status"]), ("draft", "cancelled", []), ("draft", "unknown", ["doubt"]),
        ("draft", "", []),
        ("cancelled", "paid", ["status"]), ("cancelled", "stopped", ["status"]), ("cancelled", "cancelled", []), ("cancelled", "unknown", ["doubt"]),
        ("cancelled", "", []), ("", "to_pay", ["missing_in_odoo"]), ("", "cancelled", []), ("", "unknown", ["missing_in_odoo"]),
    ],
)  # fmt: skip
def test_every_pair_of_states(mine: str, other: str, what: list[str]) -> None:
    """REC-1: missing on either side, differing status."""
    found = told([ours(state=mine)] if mine else [], [theirs("1", "P1", state=other)] if other else [])
    assert [one[0] for one in found] == what


def test_every_advice_has_its_words() -> None:
    """REC-1: whatever is found says what to do."""
    for what in What:
        assert len(PURCHASES.advice_for(what)) > 20
    for state in (*PURCHASES.against, "all_cancelled", "stopped"):
        assert PURCHASES.advice_for("status", state)
    assert PURCHASES.advice_for("missing_in_odoo", MadeBy.US) != PURCHASES.advice_for("missing_in_odoo", MadeBy.HAND)


def test_what_was_not_ordered_may_have_no_notes() -> None:
    """REC-1, PO-1: one that was entered or imported as confirmed is left alone in silence: the advice says so, and what to do."""
    words = PURCHASES.advice_for("missing_there")
    assert "Its notes in Odoo say" not in words
    assert "no note" in words
    assert "entered or imported as confirmed" in words


def test_one_cause_is_told_once() -> None:
    """REC-1: of what is cancelled no quantities; of another quantity no amount."""
    other = theirs("1", "P1", lines=lines(A=3), amount=Decimal(15))
    assert told([ours()], [other]) == [("quantity", "2", "3")]
    assert told([ours()], [replace(other, state="cancelled")]) == [("status", "ordered", "cancelled")]
    assert told([ours(state="cancelled")], [other]) == [("status", "cancelled", "to_pay")]
    assert told([ours()], [replace(other, state="stopped")]) == [
        ("status", "ordered", "stopped"), ("quantity", "2", "3"),
    ]  # fmt: skip


def test_several_orders_count_together_and_cancelled_ones_do_not() -> None:
    """REC-1: split orders, parts, one by hand."""
    half = {"lines": lines(A=1), "amount": Decimal(5)}
    other = [theirs("1", "P1", **half), theirs("2", "P1-2", "P1", **half), theirs("3", "P1", state="cancelled")]
    assert told([ours()], other) == []
    assert told([ours()], [*other, theirs("4", "P1", **half)]) == [("quantity", "2", "3")]
    (finding,) = judged([ours()], [*other, theirs("4", "P1", **half)]).findings
    assert (finding.line, finding.there) == ("A", ("1", "2", "4"))


@pytest.mark.parametrize(
    ("amount", "apart", "settings", "agrees"),
    [
        ("10", "0", {}, True), ("11", "0", {}, True), ("11.01", "0", {}, False), ("8.99", "0", {}, False),
        # with freight or without, nothing between
        ("18", "8", {}, True), ("10", "8", {}, True), ("14", "8", {}, False),
        ("10.01", "0", {"amount_tolerance": 0}, False), ("10.50", "0", {"amount_tolerance": 0, "amount_tolerance_percent": 5}, True),
        ("10.51", "0", {"amount_tolerance": 0, "amount_tolerance_percent": 5}, False),
    ],
)  # fmt: skip
def test_amounts_within_the_tolerance_agree(amount: str, apart: str, settings: dict[str, Any], agrees: bool) -> None:
    """REC-1."""
    other = theirs("1", "P1", amount=Decimal(amount), apart=Decimal(apart))
    assert [one[0] for one in told([ours()], [other], **settings)] == ([] if agrees else ["amount"])


@pytest.mark.parametrize(
    ("mine", "other", "values"),
    [
        ({"currency": "USD"}, {}, ("10 USD", "10 CNY")),
        ({"amount": None}, {}, ("no amount", "10 CNY")),
        ({}, {"amount": None}, ("10 CNY", "no amount")),
        ({"problem": "it is damaged"}, {}, ("it is damaged", "to_pay")),
        ({}, {"problem": "baseInfo.status: missing"}, ("ordered", "baseInfo.status: missing")),
    ],
)
def test_what_cannot_be_compared_is_a_doubt(
    mine: dict[str, Any], other: dict[str, Any], values: tuple[str, str]
) -> None:
    """REC-1: said, never guessed."""
    assert told([ours(**mine)], [theirs("1", "P1", **other)]) == [("doubt", *values)]


def test_what_cannot_be_read_and_belongs_to_nothing_is_a_doubt() -> None:
    """REC-1: never left out."""
    assert told([], [theirs("1", problem="no status", state="unknown")]) == [("doubt", "nothing", "no status")]


def test_what_could_be_of_several_is_one_doubt() -> None:
    """REC-1: neither of both is called missing beside it."""
    (finding,) = judged([ours("P1", "1"), ours("P2", "1")], [theirs("1")]).findings
    assert (finding.what, finding.odoo, finding.there) == ("doubt", "P1, P2", ("1",))


def test_what_changed_lately_on_either_side_is_not_judged_yet() -> None:
    """REC-1: by name; what agrees is not named."""
    now = NOW - MINUTE
    mine = [
        ours("P1", changed_at=now),
        ours("P2"),
        ours("P3", changed_at=now),
        ours("P4", "9", changed_at=now),
        ours("P5", "9"),
    ]
    other = [
        theirs("2", "P2", state="cancelled", changed_at=now), theirs("3", "P3", changed_at=now), theirs("4", changed_at=now), theirs("9"),
    ]  # fmt: skip
    found = judged(mine, other)
    assert (found.findings, sorted(found.too_fresh)) == ([], ["4", "9", "P1", "P2"])
    assert len(judged(mine, other, grace_minutes=1).findings) == 4


@pytest.mark.parametrize(
    ("made_by", "settings", "count", "left"),
    [
        (MadeBy.HAND, {}, 1, 0), (MadeBy.HAND, {"hand_made": "leave"}, 0, 1), (MadeBy.OTHERS, {}, 0, 1),
        (MadeBy.US, {"hand_made": "leave"}, 1, 0),
    ],
)  # fmt: skip
def test_whose_orders_are_told(made_by: MadeBy, settings: dict[str, Any], count: int, left: int) -> None:
    """REC-1: what another program ordered is not ours to judge."""
    found = judged([], [theirs("1", made_by=made_by)], **settings)
    assert (len(found.findings), found.left_alone) == (count, left)


def test_what_is_not_made_there_at_all_is_left_alone() -> None:
    """REC-1, OPS-7: outside of a pilot nothing is missing; what is there all the same is compared."""
    judge = Judge(PURCHASES, ReconcileSettings(), str, NOW, SINCE, lambda entry: entry.id == "P1")
    mine = {one.id: one for one in (ours("P1"), ours("P2"), ours("P3"), ours("P4", state="draft"))}
    found = judge.judged(matched(mine, {"3": theirs("3", "P3", state="cancelled")}))
    assert ([(one.what, one.odoo) for one in found.findings], found.left_alone) == (
        [("missing_there", "P1"), ("status", "P3")],
        1,
    )


def test_what_odoo_made_before_the_time_is_not_missed() -> None:
    """REC-1: it came in because an order named it."""
    assert told([ours(made_at=SINCE - MINUTE)], []) == []
    assert len(told([ours(made_at=SINCE)], [])) == 1


def units(*goods: tuple[str, float]) -> list[EntryLine]:
    """`A|B`: goods that may be called either; "" without a code."""
    return [EntryLine(tuple(filter(None, codes.split("|"))), Decimal(str(number))) for codes, number in goods]


@pytest.mark.parametrize(
    ("mine", "other", "wrong"),
    [
        # the same goods on several lines of either side
        ([("A", 2), ("A", 3)], [("A", 4), ("A", 1)], []),
        ([("A", 2), ("B", 1)], [("A", 2)], [("B", 1, 0)]),
        ([("A", 2)], [("A", 2), ("C", 1)], [("C", 0, 1)]),
        # codes of before and of now
        ([("new|old", 2)], [("old", 2)], []), ([("new|old", 2), ("old|older", 1)], [("old", 2), ("older", 1)], []),
        # an offer for its variants, and a variant for the offer
        ([("7", 2)], [("7/x", 2)], []), ([("7/x", 2)], [("7", 2)], []), ([("7/x", 2), ("7/y", 1)], [("7", 2)],
         [("7/x", 2, 0), ("7/y", 1, 0), ("7", 0, 2)]),
        ([("7", 2)], [("71/x", 2)], [("7", 2, 0), ("71/x", 0, 2)]),
        # without codes: against all that is left over
        ([("", 2), ("A", 1)], [("A", 1), ("B", 2)], []), ([("", 2)], [("B", 3)], [(NO_CODE, 2, 3)]),
        ([("A", 1)], [("", 1)], [("A", 1, 0), (NO_CODE, 0, 1)]),
        ([("A", 0.5)], [("A", 0.5)], []),
    ],
)  # fmt: skip
def test_goods_are_compared_by_what_they_are_called(
    mine: list[tuple[str, float]], other: list[tuple[str, float]], wrong: list[tuple[str, float, float]]
) -> None:
    """REC-1: quantities, line by line, each once."""
    found = [one for one in compared(units(*mine), units(*other), str) if one[1] != one[2]]
    assert [(code, float(a), float(b)) for code, a, b in found] == wrong


def test_the_codes_are_the_other_sides() -> None:
    """REC-1: what is no code there counts as goods without one."""
    found = compared(
        units(("7/1/x", 2), ("junk", 1)), units(("7/x", 2), ("8/z", 1)), lambda code: "7/x" if "/" in code else ""
    )
    assert found == [("7/x", Decimal(2), Decimal(2)), (NO_CODE, Decimal(1), Decimal(1))]
