"""EVT-4, PO-1: when a purchase order that may be on its way may be sent again."""

from __future__ import annotations

import pytest

from connectors.alibaba.doubts import Doubt, doubt_of, together
from connectors.kit.jobs import SENDING_SECONDS
from connectors.kit.ports import Delivery


def delivery(job: str = "", *open_jobs: str) -> Delivery:
    return Delivery("d", "create_purchase", True, "k", "odoo", "main", 7, "", "c", {}, job=job, open_jobs=open_jobs)


def test_two_looks_apart_are_needed() -> None:
    """EVT-4: not before it was sent at the latest, then one look, then another a while later."""
    doubt, wait = Doubt(1000).after_nothing(900, 60)
    assert (doubt, wait) == (Doubt(1000), 100)
    doubt, wait = doubt.after_nothing(1000, 60)
    assert (doubt, wait) == (Doubt(1000, 1000), 60)
    doubt, wait = doubt.after_nothing(1059, 60)
    assert wait == 1
    assert doubt.after_nothing(1060, 60) == (Doubt(1000, 1000), 0)


def of(job: str = "", *open_jobs: str, announced: int | None = None) -> Doubt | None:
    """Of version 7, called `A` now."""
    return doubt_of(delivery(job, *open_jobs), "A", announced)


def test_a_doubt_comes_back_as_the_deliverys_job() -> None:
    """EVT-4: and as an open job of its key, for another delivery of it, under its own names."""
    doubt = Doubt(1000, 1030, 2, ("CW-P.7/x_2", "B"))
    assert doubt.name(7) == "lost:1000.1030.2.0.CW-P.7/x_2,B|7"
    assert of(doubt.name(7)) == of("", doubt.name(6)) == doubt
    unnamed = Doubt(1000, 1030, 2, (), 400)
    assert unnamed.name(7) == "lost:1000.1030.2.400.|7"
    assert of(unnamed.name(7)) == of("", unnamed.name(6)) == unnamed


def test_a_job_of_before_has_the_name_of_its_version_or_one_that_nobody_knows() -> None:
    """EVT-4: `lost:SENT.LOOKED.TRIES`; the same version of a purchase order has the same name."""
    assert Doubt(1000, 1030, 2).name(7) == "lost:1000.1030.2|7"
    assert of("lost:1000.1030.2|7") == Doubt(1000, 1030, 2, ("A",))
    assert of("", "lost:1000.1030.2|6") == Doubt(1000, 1030, 2, (), 1000 - SENDING_SECONDS)
    assert of("", "lost:5.0.1|6") == Doubt(5, 0, 1, (), 1), "a time, not 0 or less"
    assert doubt_of(delivery("lost:1000.1030.2|7"), "") == Doubt(1000, 1030, 2)


@pytest.mark.parametrize(
    ("open_job", "announced", "found"),
    [
        ("sending:1000|7", 2000, Doubt(1000 + SENDING_SECONDS, called=("A",))),
        ("sending:1000|6", 2000, Doubt(1000 + SENDING_SECONDS, since=1000)),
        ("sending:1000|7", None, Doubt(1000 + SENDING_SECONDS, called=("A",))),
        ("sending:1997|7", 2000, Doubt(1997 + SENDING_SECONDS, called=("A",))),
        ("sending:1998|7", 2000, None),
        ("sending:2000|7", 2000, None),
        ("sending:2000|6", 2000, Doubt(2000 + SENDING_SECONDS, since=2000)),
        ("sending:soon|7", 2000, None),
        ("feed:17|7", 2000, None),
        ("lost:soon|7", 2000, None),
        ("lost:1.2|7", 2000, None),
        ("lost:1.2.3.4|7", 2000, None),
        ("lost:1.2.3.4.a b|7", 2000, None),
    ],
)
def test_what_another_process_began_is_a_doubt(open_job: str, announced: int | None, found: Doubt | None) -> None:
    """EVT-4: what this one has just announced is none; of another version nobody knows the name."""
    assert of("", open_job, announced=announced) == found


def test_all_doubts_count_together() -> None:
    """EVT-4: the latest end, all names, the earliest beginning without one. What was not looked for before is looked for twice again."""
    assert of("", "sending:1000|7", "sending:1400|7") == Doubt(1400 + SENDING_SECONDS, called=("A",))
    assert of() is None
    assert together([None]) is None
    one, two = Doubt(1000, 1030, 2, ("A", "B"), 500), Doubt(900, 910, 1, ("B",), 700)
    assert together([two, None, one]) == Doubt(1000, 1030, 2, ("B", "A"), 500)
    assert together([one, Doubt(900, 910, 3, ("C",))]) == Doubt(1000, 0, 3, ("A", "B", "C"), 500)
    assert together([Doubt(1000, 1030, 2, ("A",)), Doubt(900, since=100)]) == Doubt(1000, 0, 2, ("A",), 100)
    assert together([Doubt(1000, 0, 1, ("A",)), Doubt(1000, 1030, 1, ("A",))]) == Doubt(1000, 1030, 1, ("A",))


def test_a_process_that_dies_at_a_second_try_is_waited_for() -> None:
    """EVT-4: its own job says only when it was sent first."""
    found = of("lost:1000.1030.1.0.A|7", "sending:1400|7", announced=2000)
    assert found == Doubt(1400 + SENDING_SECONDS, 0, 1, ("A",))


def test_under_which_names_it_may_be() -> None:
    """EVT-4: under any, where one is not known."""
    named = Doubt(1000, called=("A", "B"))
    assert [named.may_be(one) for one in ("A", "B", "C")] == [True, True, False]
    assert Doubt(1000, called=("A",), since=5).may_be("C")
    assert Doubt(1000).may_be("C")
