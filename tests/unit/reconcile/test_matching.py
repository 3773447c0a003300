"""REC-1: which entries of two books belong together."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from connectors.kit.books import Entry
from streams.reconcile.matching import Matched, matched
from tests.unit.reconcile.books import ours, theirs


def found(mine: Sequence[Entry], other: Sequence[Entry]) -> Matched:
    return matched({one.id: one for one in mine}, {one.id: one for one in other})


@pytest.mark.parametrize(
    ("mine", "other", "groups", "alone", "doubtful"),
    [
        # by name; by number; by neither
        ([ours("P1")], [theirs("1", "P1")], {"P1": ["1"]}, [], {}),
        ([ours("P1", "1")], [theirs("1")], {"P1": ["1"]}, [], {}),
        ([ours("P1", "11")], [theirs("1")], {"P1": []}, ["1"], {}),
        # a second part, and a purchase order that is called like one
        ([ours("P1")], [theirs("1", "P1"), theirs("2", "P1-2", "P1")], {"P1": ["1", "2"]}, [], {}),
        ([ours("P1-2")], [theirs("2", "P1-2", "P1")], {"P1-2": ["2"]}, [], {}),
        ([ours("P1"), ours("P1-2")], [theirs("2", "P1-2", "P1")], {}, [], {"2": ["P1-2", "P1"]}),
        ([ours("P1"), ours("P1-2", "2")], [theirs("2", "P1-2", "P1")], {"P1": [], "P1-2": ["2"]}, [], {}),
        # the name goes before a number somebody wrote
        ([ours("P1"), ours("P2", "1")], [theirs("1", "P1")], {"P1": ["1"], "P2": []}, [], {}),
        # one number in two
        ([ours("P1", "1"), ours("P2", "1"), ours("P3")], [theirs("1")], {"P3": []}, [], {"1": ["P1", "P2"]}),
        # a number found twice by name and by number is one
        ([ours("P1", "1")], [theirs("1", "P1")], {"P1": ["1"]}, [], {}),
    ],
)  # fmt: skip
def test_by_name_else_by_number_and_never_by_guess(
    mine: list[Entry],
    other: list[Entry],
    groups: dict[str, list[str]],
    alone: list[str],
    doubtful: dict[str, list[str]],
) -> None:
    """REC-1, PO-2."""
    result = found(mine, other)
    assert {one.ours.id: [each.id for each in one.theirs] for one in result.groups} == groups
    assert [one.id for one in result.alone] == alone
    assert {one.id: [each.id for each in several] for one, several in result.doubtful} == doubtful
