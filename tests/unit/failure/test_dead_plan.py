"""ERR-6: choosing dead letters, planning their replay, judging by the outcomes when to stop."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.headers import encode_headers
from streams.failure.dead import Filter, Letter, parse_age
from streams.failure.plan import Entry, PlanError, make_plan, parse_plan, target_problem
from streams.failure.verdicts import NO_ANSWER, NOT_SENT, Report, Verdicts
from streams.settings import Settings
from tests.unit.failure.samples import KEY, headers

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOPICS = [topic.name for topic in Settings().topic_table()]


def letter(action: dict[str, Any] | None = None, **changes: Any) -> Letter:
    values: dict[str, Any] = {
        "id": "a1b2c3", "state": "dead", "destination": "odoo", "operation": "upsert_order", "key": KEY, "target": "deliver.odoo.critical",
        "value": b"v", "headers": dict(encode_headers(headers())), "reason": "data", "detail": "Quantity is no number", "attempts": 1,
        "first_failure": NOW - timedelta(hours=3), "last_failure": NOW - timedelta(hours=2), "origin": "deliver.odoo.critical/1/2",
        "waiting_for": "", "correlation": "corr-1", "replays": 0,
    }  # fmt: skip
    return Letter("dead.odoo/0/1", KEY.encode(), values | changes, action)


REPLAYED = {"action": "replayed", "actor": "me", "at": NOW}


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        (Filter(), True),
        (Filter(destination="odoo"), True),
        (Filter(destination="walmart"), False),
        (Filter(reason=("bug", "data")), True),
        (Filter(reason=("bug",)), False),
        (Filter(operation="upsert_order"), True),
        (Filter(operation="cancel"), False),
        (Filter(key="walmart:ACME:*"), True),
        (Filter(key="walmart:ACME:17962?7083022"), True),
        (Filter(key="walmart:ACME"), False),
        (Filter(text="quantity"), True),  # whatever the case
        (Filter(text="corr-1"), True),
        (Filter(text="price"), False),
        (Filter(older=timedelta(hours=2)), True),  # exactly so old counts
        (Filter(older=timedelta(hours=2, seconds=1)), False),
        (Filter(newer=timedelta(hours=2)), True),
        (Filter(newer=timedelta(hours=1)), False),
        (Filter(ids=("a1",)), True),
        (Filter(ids=("b2", "a1b2c3")), True),
        (Filter(ids=("b2",)), False),
        (Filter(destination="odoo", reason=("bug",)), False),  # all that is asked must hold
    ],
)
def test_filters(wanted: Filter, matches: bool) -> None:
    assert wanted.matches(letter(), NOW) is matches


def test_what_was_done_with_is_left_out_unless_asked_for() -> None:
    assert not Filter().matches(letter(REPLAYED), NOW)
    assert Filter(all=True).matches(letter(REPLAYED), NOW)
    old = replace(letter(), superseded_by="newer")
    assert not Filter().matches(old, NOW)
    assert Filter(all=True).matches(old, NOW)


def test_a_filter_that_asks_for_nothing_is_empty() -> None:
    assert Filter().is_empty
    assert not Filter(text="x").is_empty


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("36h", 129_600), (" 7d ", 604_800)])
def test_ages(text: str, seconds: int) -> None:
    assert parse_age(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "7", "d", "-1d", "1w", "1.5h", "9999999d"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(ValueError, match="is not an age"):
        parse_age(text)


def plan_of(*letters: Letter, force: bool = False) -> list[str]:
    plan = make_plan(letters, TOPICS, Filter(), by="me", at=NOW, force=force)
    return [entry.problem for entry in plan.entries]


@pytest.mark.parametrize(
    ("candidate", "problem"),
    [
        (letter(), ""),
        (letter(REPLAYED), "replayed already by me"),
        (letter(value=None), "value is not kept"),
        (letter(target="no.such.topic"), "no topic 'no.such.topic'"),
        (letter(target=""), "no topic ''"),
        (letter(target="retry.30s"), "no topic 'retry.30s'"),
        (letter(target="dead.odoo"), "no topic 'dead.odoo'"),
        (letter(target="deliver.walmart.critical"), "not a topic of odoo"),  # to the failed destination only
        (letter(destination="transform", target="raw.walmart.orders"), ""),
        (letter(destination="transform", target="deliver.odoo.bulk"), "belongs to a destination"),
        (letter(headers={}), "'id' is missing"),
        (letter(replays=2), ""),
        (replace(letter(), superseded_by="f" * 32), "superseded by ffffffffffff"),
        (letter(replays=3), "replayed 3 times already"),
    ],
)
def test_what_is_replayed_and_what_is_not(candidate: Letter, problem: str) -> None:
    (found,) = plan_of(candidate)
    assert problem in found
    assert bool(found) is bool(problem)


def test_force_overrules_the_loop_guard_and_nothing_else() -> None:
    assert plan_of(letter(replays=9), force=True) == [""]
    assert plan_of(letter(REPLAYED, replays=9), force=True)[0].startswith("replayed already")


def test_a_plan_is_a_file_one_can_read_and_give_to_somebody() -> None:
    plan = make_plan([letter(), letter(id="x", value=None)], TOPICS, Filter(reason=("data",)), by="me", at=NOW)
    text = json.dumps(plan.as_json())
    assert parse_plan(text) == plan
    content = json.loads(text)
    assert (content["records"], content["replayable"], content["filter"]) == (2, 1, {"reason": ["data"]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "causeway replay plan 1"}',
        '{"format": "causeway replay plan 1", "entries": [{"a": 1}]}',
    ],
)
def test_what_is_no_plan(text: str) -> None:
    with pytest.raises(PlanError):
        parse_plan(text)


def test_no_target_leads_out_of_its_destination() -> None:
    known = frozenset(TOPICS)
    for destination in ("odoo", "walmart"):
        allowed = [topic for topic in TOPICS if not target_problem(destination, topic, known)]
        assert allowed == [f"deliver.{destination}.{lane}" for lane in ("critical", "normal", "bulk")]


def entry(number: int, target: str = "deliver.odoo.critical") -> Entry:
    return Entry(
        f"f{number}", f"d{number}", "odoo" if "deliver" in target else "transform", "", KEY, target, "data", 1, 0, ""
    )


def outcome(number: int, result: str, destination: str = "odoo", **changes: Any) -> dict[str, Any]:
    return {
        "id": f"d{number}",
        "destination": destination,
        "result": result,
        "reason": "",
        "detail": "",
        "correlation": f"c{number}",
    } | changes


def expecting(*entries: Entry) -> Verdicts:
    verdicts = Verdicts()
    for number, one in enumerate(entries, 1):
        verdicts.expect(one, f"c{number}")
    return verdicts


def results(verdicts: Verdicts) -> dict[str, str]:
    return {verdict.failed_id: verdict.result for verdict in verdicts.all()}


def test_each_record_of_a_plan_ends_with_one_verdict() -> None:
    verdicts = expecting(entry(1), entry(2))
    verdicts.skip(entry(3), "discarded already")
    verdicts.add(outcome(1, "applied"))
    assert results(verdicts) == {"f1": "applied", "f2": NO_ANSWER, "f3": NOT_SENT}


def test_outcomes_of_others_and_of_other_destinations_do_not_count() -> None:
    verdicts = expecting(entry(1))
    verdicts.add(outcome(9, "applied"))
    verdicts.add(outcome(1, "applied", destination="walmart"))
    assert verdicts.answered == 0
    assert not verdicts.may_concern({"id": b"d9", "correlation": b"c9"})
    assert verdicts.may_concern({"id": b"d1"})


def test_retried_and_then_applied_is_applied() -> None:
    verdicts = expecting(entry(1))
    verdicts.add(outcome(1, "retry"))
    assert verdicts.failed == 1
    verdicts.add(outcome(1, "applied"))
    assert (verdicts.failed, results(verdicts)) == (0, {"f1": "applied"})


def test_a_record_of_a_stage_is_known_by_its_correlation() -> None:
    """What it becomes downstream has other ids."""
    verdicts = expecting(entry(1, "raw.walmart.orders"))
    verdicts.add(outcome(77, "applied", correlation="c1"))
    verdicts.add(outcome(78, "dead", destination="walmart", correlation="c1"))  # a later one of the same order
    assert results(verdicts) == {"f1": "applied"}


@pytest.mark.parametrize(
    ("good", "bad", "stops"),
    [
        (0, 9, False),  # too few to judge by
        (8, 2, False),  # exactly the ratio
        (7, 3, True),
        (90, 20, False),
    ],
)
def test_it_stops_when_too_many_fail_again(good: int, bad: int, stops: bool) -> None:
    verdicts = expecting(*(entry(number) for number in range(1, good + bad + 1)))
    for number in range(1, good + bad + 1):
        verdicts.add(outcome(number, "applied" if number <= good else "dead"))
    assert verdicts.exceeds(0.2, 10) is stops


def test_a_report_is_good_when_the_destination_holds_all_of_it() -> None:
    verdicts = expecting(entry(1), entry(2))
    verdicts.add(outcome(1, "applied"))
    verdicts.add(outcome(2, "stale"))
    assert Report("p", tuple(verdicts.all()), "", 1.0).is_good
    assert not Report("p", tuple(verdicts.all()), "cancelled", 1.0).is_good
    verdicts.add(outcome(2, "held"))
    assert not Report("p", tuple(verdicts.all()), "", 1.0).is_good
