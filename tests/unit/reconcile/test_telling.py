"""REC-1: the event of a run, and what it remembers of the run before."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from schemas.record import Record
from streams.reconcile.findings import Finding, Place, Report, What
from streams.reconcile.telling import message_of, newest_of, record_of
from tests.unit.failure.samples import codec
from tests.unit.reconcile.books import NOW, SINCE

PLACE = Place("purchases", "shop", "main")
LATER = NOW + timedelta(days=1)
ONE = Finding(What.QUANTITY, "P1", ("1", "2"), "2", "3", "correct it", "7/x")
TWO = Finding(What.MISSING_THERE, "P2", (), "ordered", "nothing", "order it")


def run(*findings: Finding, failure: str = "", at: timedelta = timedelta()) -> Report:
    return Report(PLACE, SINCE, NOW + at, 5, 6, 4, findings, ["P9"], 1, failure)


def test_a_run_fits_its_schema_and_comes_back() -> None:
    """REC-1: one event for each run, by kind and account."""
    message = message_of(codec(), record_of(run(ONE, TWO), None, 10))
    assert (message.topic, message.key) == ("reconciliations", b"purchases:shop:main")
    records = [Record(message.topic, 0, at, 0, message.key, message.value, ()) for at in range(2)]
    told = newest_of(codec(), [*records, Record(message.topic, 0, 3, 0, b"gone", None, ())])
    found = told["purchases:shop:main"]
    assert (found["result"], found["differences"], found["too_fresh"], found["looked_at"]) == ("differences", 2, 1, NOW)
    assert found["findings"][0] == {
        "what": "quantity", "odoo": "P1", "there": ["1", "2"], "line": "7/x", "ours": "2", "theirs": "3", "advice": "correct it",
        "first_seen": NOW,
    }  # fmt: skip


def test_a_finding_is_as_old_as_the_first_run_that_found_it_in_a_row() -> None:
    """REC-1: whatever its values became; mended and found again it is new."""
    first = record_of(run(ONE), None, 10)
    second = record_of(run(replace(ONE, theirs="4"), TWO, at=timedelta(days=1)), first, 10)
    assert [one["first_seen"] for one in second["findings"]] == [NOW, LATER]
    mended = record_of(run(TWO, at=timedelta(days=2)), second, 10)
    again = record_of(run(ONE, at=timedelta(days=3)), mended, 10)
    assert [one["first_seen"] for one in again["findings"]] == [NOW + timedelta(days=3)]


def test_a_run_that_could_not_look_forgets_nothing() -> None:
    """REC-1: it is told as failed, never as balanced; findings and their age stay, and so does when it last could look."""
    first = record_of(run(ONE), None, 10)
    failed = record_of(run(failure="shop is down", at=timedelta(days=1)), first, 10)
    assert (failed["result"], failed["failure"], failed["at"], failed["looked_at"]) == (
        "failed",
        "shop is down",
        LATER,
        NOW,
    )
    assert (failed["findings"], failed["differences"], failed["odoo_entries"]) == (first["findings"], 1, 5)
    never = record_of(run(failure="shop is down"), None, 10)
    assert (never["result"], never["looked_at"], never["findings"]) == ("failed", None, [])
    good = record_of(run(at=timedelta(days=2)), failed, 10)
    assert (good["result"], good["failure"], good["differences"]) == ("balanced", "", 0)


def test_the_event_has_a_limit_and_the_count_has_none() -> None:
    told = record_of(run(ONE, TWO), None, 1)
    assert (len(told["findings"]), told["differences"]) == (1, 2)
    assert len(record_of(run(replace(ONE, theirs="x" * 9_999)), None, 1)["findings"][0]["theirs"]) == 300
