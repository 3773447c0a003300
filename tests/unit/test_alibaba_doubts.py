"""EVT-4, PO-1: when a purchase order that may be on its way may be sent again."""

from __future__ import annotations

import pytest

from connectors.alibaba.doubts import Doubt, doubt_of
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


def test_a_doubt_comes_back_as_the_deliverys_job() -> None:
    """EVT-4: and as an open job of its key, for another delivery of it."""
    doubt = Doubt(1000, 1030, 2)
    assert doubt_of(delivery(doubt.name(7)), 2000) == doubt
    assert doubt_of(delivery("", doubt.name(6)), 2000) == doubt


@pytest.mark.parametrize(
    ("open_job", "announced", "found"),
    [
        ("sending:1000|7", 2000, Doubt(1000 + SENDING_SECONDS)),
        ("sending:1000|6", 2000, Doubt(1000 + SENDING_SECONDS)),
        ("sending:1000|7", None, Doubt(1000 + SENDING_SECONDS)),
        ("sending:2000|7", 2000, None),
        ("sending:1999|7", 2000, None),
        ("feed:17|7", 2000, None),
        ("lost:soon|7", 2000, None),
    ],
)
def test_what_another_process_began_is_a_doubt(open_job: str, announced: int | None, found: Doubt | None) -> None:
    """EVT-4: what this one has just announced is none."""
    assert doubt_of(delivery("", open_job), announced) == found


def test_the_latest_doubt_counts() -> None:
    """EVT-4: of several processes that died."""
    assert doubt_of(delivery("", "sending:1000|7", "sending:1400|7"), 3000) == Doubt(1400 + SENDING_SECONDS)
    assert doubt_of(delivery(), 3000) is None
