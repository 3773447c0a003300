"""PO-4: lead times out of stock and back, row by row, whatever was remembered when a process died."""

from __future__ import annotations

import pytest

from connectors.odoo.supplier_terms_plan import LeadMemory, LeadPlan, began, ended, plan_lead

NOTHING = LeadMemory()
OUT = LeadMemory(version=1, delivery="d1", days=30, before={7: 3, 8: 45})
HALF = LeadMemory(version=2, delivery="d2", days=0, done=False, before={7: 3}, may=frozenset({30}))


@pytest.mark.parametrize(
    ("days", "standing", "memory", "writes", "kept"),
    [
        (30, {7: 3}, NOTHING, {7: 30}, {}),
        (30, {7: 30, 8: 45}, NOTHING, {}, {}),  # somebody's own, as long already
        (0, {7: 3}, NOTHING, {}, {}),  # nothing of ours to take back
        (0, {7: 30, 8: 45}, OUT, {7: 3}, {}),
        (0, {7: 12, 8: 45}, OUT, {}, {7: 12}),  # a person's
        (0, {7: 3}, OUT, {}, {}),  # a person took it back already
        (60, {7: 30, 8: 45}, OUT, {7: 60, 8: 60}, {}),
        (30, {7: 3}, OUT, {}, {7: 3}),  # told again: a person took it back, and it stays so
        (0, {7: 30, 9: 30}, OUT, {7: 3, 9: 3}, {}),  # 9 was made while it was out of stock
        (0, {7: 30, 9: 1}, OUT, {7: 3}, {}),
        # A process died while it took the lead time back: some rows have it, some do not yet.
        (0, {7: 30}, HALF, {7: 3}, {}),
        (0, {7: 3}, HALF, {}, {}),
        (0, {7: 12}, HALF, {}, {7: 12}),
        (30, {7: 3}, HALF, {7: 30}, {}),
    ],
)
def test_what_changes(
    days: int, standing: dict[int, int], memory: LeadMemory, writes: dict[int, int], kept: dict[int, int]
) -> None:
    plan = plan_lead(days, standing, memory)
    assert (plan.writes, plan.kept) == (writes, kept)


def test_what_is_remembered_before_and_after_the_rows_are_written() -> None:
    plan = plan_lead(30, {7: 3}, NOTHING)
    first = began(NOTHING, plan, 30, 1, "d1")
    assert (first.done, dict(first.before), first.days) == (False, {7: 3}, 30)
    assert plan_lead(30, {7: 3}, first).writes == {7: 30}  # died before the rows were written
    assert plan_lead(30, {7: 30}, first) == LeadPlan(before={7: 3})  # died after that
    last = ended(first, plan)
    assert (last.done, last.may) == (True, frozenset())
    back = plan_lead(0, {7: 30}, last)
    assert dict(ended(began(last, back, 0, 2, "d2"), back).before) == {}


def test_a_decision_after_one_that_was_half_written_knows_all_that_rows_may_have() -> None:
    half = began(OUT, plan_lead(60, {7: 30}, OUT), 60, 2, "d2")
    for has in (30, 60):
        assert plan_lead(0, {7: has}, half).writes == {7: 3}
    assert plan_lead(0, {7: 12}, half).kept == {7: 12}


def test_it_is_read_as_it_was_written_and_what_cannot_be_read_is_nothing() -> None:
    assert LeadMemory.read(HALF.datas()) == HALF
    for datas in (None, False, "", "bm90IGpzb24=", "e30="):
        assert LeadMemory.read(datas) == NOTHING
