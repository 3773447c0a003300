"""REC-1: what differs is looked at again before it is told, and what could not be looked at is never called balanced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from connectors.kit.books import Entry
from connectors.kit.errors import AuthError, ConnectorError, DataError, TransientError
from streams.reconcile.findings import Place, Report, Result
from streams.reconcile.looking import Reconciler
from streams.reconcile.settings import ReconcileSettings
from tests.unit.reconcile.books import NOW, SINCE, Shelf, lines, ours, theirs

PLACE = Place("purchases", "shop", "main")
OLD = SINCE - timedelta(days=5)


async def report(odoo: Shelf, there: Shelf, **settings: Any) -> Report:
    return await Reconciler(PLACE, ReconcileSettings(**settings), odoo, there).report(SINCE, NOW)


def told(found: Report) -> list[tuple[str, str, tuple[str, ...]]]:
    assert not found.failure
    return [(one.what.value, one.odoo, one.there) for one in found.findings]


async def test_what_agrees_is_not_asked_for_again() -> None:
    """REC-1: one pass over either book is all."""
    odoo, there = Shelf([ours()]), Shelf([theirs("1", "P1")])
    found = await report(odoo, there)
    assert (found.result, found.odoo, found.there, found.matched) == (Result.BALANCED, 1, 1, 1)
    assert (odoo.asked, there.asked) == ([], [])


async def test_what_a_list_lost_is_not_missing() -> None:
    """REC-1: pages that shifted; it is there when it is asked for."""
    assert told(await report(Shelf([ours()]), Shelf([], there=[theirs("1", "P1")]))) == []
    assert told(await report(Shelf([], there=[ours()]), Shelf([theirs("1", "P1")]))) == []


async def test_what_changed_between_the_two_readings_is_no_difference() -> None:
    """REC-1: the second look counts."""
    before, after = theirs("1", "P1", lines=lines(A=9)), theirs("1", "P1")
    assert told(await report(Shelf([ours()]), Shelf([before], there=[after]))) == []
    assert told(await report(Shelf([ours()]), Shelf([after], there=[before]))) == []  # it agreed when it was read
    gone = Shelf([ours(state="cancelled")]), Shelf([theirs("1", "P1")], there=[])
    assert told(await report(*gone)) == []


async def test_a_difference_is_told_as_it_is_at_the_second_look() -> None:
    before, after = theirs("1", "P1", lines=lines(A=9)), theirs("1", "P1", lines=lines(A=8))
    found = await report(Shelf([ours()]), Shelf([before], there=[after]))
    assert [(one.ours, one.theirs) for one in found.findings] == [("2", "8")]


async def test_beyond_the_edge_of_the_time_both_sides_are_read_whole() -> None:
    """REC-1: an old purchase order with one order of then and one of today; the one of then is not in the list."""
    old, then, now = ours(made_at=OLD), theirs("1", "P1"), theirs("2", "P1-2", "P1")
    assert told(await report(Shelf([], there=[old]), Shelf([now], there=[then, now]))) == [
        ("quantity", "P1", ("1", "2"))
    ]
    half = [replace(one, lines=lines(A=1), amount=None) for one in (then, now)]
    assert told(await report(Shelf([], there=[old]), Shelf(half[1:], there=half))) == [("doubt", "P1", ("1", "2"))]


async def test_what_the_second_look_brings_is_looked_at_too() -> None:
    """REC-1: the order of a number in the vendor reference was made for another purchase order; that one is found, and nothing is missing."""
    writes, made_for, order = ours("P2", "7"), ours("P1", made_at=OLD), theirs("7", "P1")
    found = await report(Shelf([writes], there=[writes, made_for]), Shelf([], there=[order]))
    assert told(found) == [("missing_there", "P2", ())]
    assert found.matched == 1


async def test_cancelled_orders_of_old_purchase_orders_are_told() -> None:
    """REC-1: cancelled alone is nothing to tell, cancelled for something that is ordered is."""
    order = theirs("1", "P1", state="cancelled")
    assert told(await report(Shelf([], there=[ours(made_at=OLD)]), Shelf([order]))) == [("status", "P1", ("1",))]
    assert told(await report(Shelf([]), Shelf([order]))) == []


async def test_more_than_may_be_looked_at_is_one_doubt() -> None:
    """REC-1: neither told as differences nor left out."""
    many = [ours(f"P{number}") for number in range(9)]
    found = await report(Shelf(many), Shelf([]), most_looks=4)
    assert [one.what.value for one in found.findings] == ["missing_there"] * 4 + ["doubt"]
    assert found.findings[-1].ours == "5 more differ at first sight"
    assert found.result is Result.DIFFERENCES


@pytest.mark.parametrize(
    "error", [TransientError("down"), AuthError("refused"), DataError("damaged"), ConnectorError("odd")]
)
@pytest.mark.parametrize("side", ["odoo", "there"])
async def test_a_book_that_could_not_be_read_is_no_balance(error: ConnectorError, side: str) -> None:
    """REC-1: also after it was read in part, and also in the second look."""
    good, bad = [ours()], [theirs("1", "P1")]
    shelves = {"odoo": Shelf(good), "there": Shelf(bad)}
    shelves[side].error = error
    found = await report(shelves["odoo"], shelves["there"])
    assert (found.result, found.failure, found.findings) == (Result.FAILED, str(error), ())

    @dataclass
    class Deaf(Shelf):
        async def find(self, names: Any, numbers: Any) -> Any:
            raise error

    shelves = {"odoo": Shelf(good), "there": Shelf([])}
    shelves[side] = Deaf(shelves[side].listed)
    assert (await report(shelves["odoo"], shelves["there"])).result is Result.FAILED


async def test_a_book_that_is_too_long_or_never_ends_is_no_balance() -> None:
    """REC-1: memory and time have a limit, and what to do is said."""
    many = [ours(f"P{number}") for number in range(101)]
    found = await report(Shelf(many), Shelf([]), most_entries=100)
    assert found.result is Result.FAILED
    assert "CAUSEWAY_RECONCILE__MOST_ENTRIES" in found.failure

    class Slow(Shelf):
        async def entries(self, since: datetime) -> AsyncIterator[Entry]:
            await asyncio.Event().wait()
            yield ours()

    found = await report(Slow(), Shelf([]), limit_seconds=0.01)
    assert found.result is Result.FAILED
    assert "not read within" in found.failure
