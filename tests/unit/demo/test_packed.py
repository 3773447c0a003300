"""EDGE-5: what was pressed at the Box is held against Kafka, the checks and Odoo: what is lost, doubled, made up or not done is found."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from schemas.records import HardwareEvent, PackingCheck
from streams.demo.agree import FlowReport, balanced
from streams.demo.packed import Heard, agree_on_packing, packing_report
from streams.demo.packer import HELD_WORD, Attempt, Packed, Parcel
from streams.demo.station import SCALE, SCAN, SCANNER, WEIGHT, Pressed

NAME, KEY = "WH/OUT/00012", "iotbox:bench1:WH/OUT/00012"
SECOND = 1_000_000
START = 1_772_366_400 * SECOND
AWAY = Pressed(SCAN, "A", START + 30 * SECOND, None)


def pressed(number: int, value: str, kind: str = SCAN) -> Pressed:
    """One at each second; the Box's clock is an hour off."""
    at = START + number * SECOND
    return Pressed(kind, value, at, at - 3600 * SECOND)


def event(press: Pressed, sequence: int) -> HardwareEvent:
    device = {SCAN: SCANNER, WEIGHT: SCALE}[press.kind]
    looked_at = {"sequence": sequence, "device": device, "kind": press.kind, "device_time": press.time, "payload": "{}"}
    return cast(HardwareEvent, looked_at)


def gap(begin: int, end: int) -> HardwareEvent:
    told = {"why": "box_not_heard", "from": START + begin * SECOND, "to": START + end * SECOND}
    looked_at = {"sequence": 99, "device": "", "kind": "gap", "device_time": None, "payload": json.dumps(told)}
    return cast(HardwareEvent, looked_at)


def check(first: int, last: int, **changes: Any) -> PackingCheck:
    looked_at = {
        "key": KEY, "picking": NAME, "version": 7, "first_sequence": first, "last_sequence": last,
        "scans": [{"code": "A", "count": 2}],
    }  # fmt: skip
    return cast(PackingCheck, looked_at | changes)


PRESSES = (
    pressed(1, NAME), pressed(2, "A"), pressed(3, "A"), pressed(4, "1.5", WEIGHT), pressed(5, NAME), pressed(6, "0", WEIGHT),
)  # fmt: skip
EVENTS = tuple(event(press, number) for number, press in enumerate(PRESSES, 20))
ROW = {"note": "", "shipping_weight": 1.5}


def packed(**changes: Any) -> Packed:
    parcel = Parcel(5, NAME, ("A", "A"), 1.5)
    made = Packed(
        [Attempt(NAME, PRESSES, PRESSES[0], PRESSES[4])], list(PRESSES), [parcel], weighed={NAME: 1.5}
    )  # fmt: skip
    return replace(made, **changes)


def heard(**changes: Any) -> Heard:
    return replace(Heard(EVENTS, (check(20, 24),), {(KEY, 7): [("applied", START + 7 * SECOND)]}), **changes)


def found(
    packed_: Packed | None = None, heard_: Heard | None = None, row: dict[str, Any] = ROW, ended: bool = True
) -> dict[str, FlowReport]:
    reports = agree_on_packing(packed_ or packed(), heard_ or heard(), {NAME: row}, ended)
    return {one.flow: one for one in reports}


def wrong(*args: Any, **kwargs: Any) -> list[str]:
    return [name for name, report in found(*args, **kwargs).items() if not report.balanced]


def test_a_transfer_that_went_through_balances_and_is_timed() -> None:
    """From its last scan to its outcome."""
    assert balanced(found().values())
    report = packing_report(packed(), heard()).as_json()
    assert report["scans"] == {"pressed": 4, "in_kafka": 4, "told_lost": 0, "checked": 4}
    assert report["weights"] == {"pressed": 2, "in_kafka": 2, "told_lost": 0, "checked": 1}
    assert report["scan_to_odoo_seconds"] == {"median": 2.0, "worst": 2.0}


@pytest.mark.parametrize("number", range(len(EVENTS)))
def test_what_is_lost_and_not_told_of_is_found(number: int) -> None:
    """EDGE-3: one event is missing in Kafka."""
    there = EVENTS[:number] + EVENTS[number + 1 :]
    kind = "scans" if EVENTS[number]["kind"] == SCAN else "weights"
    assert kind in wrong(heard_=heard(events=there))
    told = (*there, gap(number, number + 2))
    assert kind not in wrong(heard_=heard(events=told))
    assert kind in wrong(heard_=heard(events=(*there, gap(50, 60))))


def test_a_scan_while_the_box_was_away_has_to_be_told_of() -> None:
    presses = packed(presses=[*PRESSES, AWAY])
    assert wrong(presses) == ["scans"]
    told = heard(events=(*EVENTS, gap(28, 40)))
    assert wrong(presses, told) == []
    assert packing_report(presses, told).as_json()["scans"]["told_lost"] == 1


def test_what_stands_twice_or_was_never_pressed_is_found() -> None:
    """Under another number, so that no reader can tell it for a repeat."""
    assert wrong(heard_=heard(events=(*EVENTS, event(PRESSES[1], 40)))) == ["scans"]
    assert wrong(heard_=heard(events=(*EVENTS, event(pressed(9, "B"), 40)))) == ["scans"]


@pytest.mark.parametrize("checks", [
    (), (check(20, 23),), (check(20, 24, scans=[{"code": "A", "count": 1}]),), (check(20, 24), check(30, 40, version=9)),
])  # fmt: skip
def test_a_check_that_is_missing_says_something_else_or_has_no_outcome_is_found(
    checks: tuple[PackingCheck, ...],
) -> None:
    assert wrong(heard_=heard(checks=checks)) == ["checks"]


def test_a_check_that_is_a_dead_letter_is_found() -> None:
    """ERR-6."""
    assert wrong(heard_=heard(outcomes={(KEY, 7): [("dead", START)]})) == ["checks"]


def test_a_transfer_that_lost_a_scan_on_its_way_asks_for_no_check_of_it() -> None:
    """It is packed again."""
    there = (EVENTS[0], *EVENTS[2:], gap(1, 3))
    assert wrong(heard_=heard(events=there, checks=())) == []


def test_scans_that_the_box_told_in_another_order_ask_for_no_check() -> None:
    there = (event(PRESSES[0], 20), event(PRESSES[1], 24), *EVENTS[2:4], event(PRESSES[4], 21), EVENTS[5])
    assert wrong(heard_=heard(events=there, checks=())) == []


@pytest.mark.parametrize(("row", "flows"), [
    (ROW | {"note": f"<p>{HELD_WORD} is not ...</p>"}, ["packed"]), (ROW | {"shipping_weight": 0.0}, ["weighed"]), ({"note": False}, []),
])  # fmt: skip
def test_odoo_has_to_say_the_same(row: dict[str, Any], flows: list[str]) -> None:
    """The last: an Odoo that has no place for weights."""
    assert wrong(row=row) == flows


@pytest.mark.parametrize(("results", "seen", "right"), [
    (["held", "stale"], True, True), (["held", "stale"], False, False), (["applied"], True, False), (["held"], True, False),
])  # fmt: skip
def test_what_was_packed_wrong_has_to_have_been_held(results: list[str], seen: bool, right: bool) -> None:
    """ERR-2: by Odoo as he saw it, and as an exception of the pipeline, which is over."""
    outcomes = {(KEY, 7): [(result, START + 7 * SECOND) for result in results]}
    found_ = wrong(packed(wrong={NAME}, held={NAME} if seen else set()), heard(outcomes=outcomes))
    assert found_ == ([] if right else ["held"])


def test_an_exception_nobody_meant_has_to_be_over_too() -> None:
    """A check that lost a scan on its way, and was packed again."""
    outcomes = {(KEY, 7): [("held", START)]}
    assert wrong(heard_=heard(outcomes=outcomes)) == ["held"]


@pytest.mark.parametrize(("newest", "flows"), [("applied", []), ("held", ["held"])])
def test_a_newer_check_takes_the_place_of_one_that_waits(newest: str, flows: list[str]) -> None:
    """Of one transfer one record is held at a time (ERR-2): the older one has no outcome after it."""
    outcomes = {(KEY, 6): [("held", START)], (KEY, 7): [(newest, START)]}
    assert wrong(heard_=heard(checks=(check(20, 24), check(20, 24, version=6)), outcomes=outcomes)) == flows


def test_a_demo_of_few_orders_says_that_nothing_was_packed() -> None:
    assert packing_report(Packed(), Heard((), (), {})).in_words.startswith("Packing station: nothing was packed")
    assert packing_report(packed(), heard()).in_words.startswith(
        "Packing station: 1 transfers in 1 goes; scans: 4 pressed"
    )


def test_nothing_balances_while_he_packs_or_when_he_could_not_go_on() -> None:
    assert wrong(ended=False) == ["packed"]
    assert wrong(packed(problem="TimeoutError: Odoo")) == ["packed"]
    assert wrong(packed(weighed={})) == ["packed"]
