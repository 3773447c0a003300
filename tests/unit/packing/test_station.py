"""EDGE-5: what a scan and a weight mean at a packing station: a table of sequences of events."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from streams.packing_settings import PackingSettings
from streams.stages.packing import station as machine
from tests.unit.packing.kit import BENCH, SCALE, SCANNER, Bench, event, rules

OUT, NEXT = "WH/OUT/00012", "WH/OUT/00013"
CLOSE, DROP = "O-BTN.validate", "O-CMD.cancel"


@pytest.mark.parametrize(
    ("scans", "told"),
    [
        ((OUT, "A", "B", "A", OUT), [(OUT, {"A": 2, "B": 1}, "", "picking")]),
        ((OUT, "A", CLOSE), [(OUT, {"A": 1}, "", "command")]),
        ((OUT, CLOSE), [(OUT, {}, "", "command")]),  # nothing is in it, and somebody says it is ready
        ((OUT, "A", NEXT, "B", NEXT), [(OUT, {"A": 1}, "", "next"), (NEXT, {"B": 1}, "", "picking")]),
        ((OUT, NEXT, "B", NEXT), [(NEXT, {"B": 1}, "", "picking")]),  # only looked at the first
        ((OUT, OUT, "A", OUT), [(OUT, {"A": 1}, "", "picking")]),  # begun anew
        ((OUT, "A", DROP, "B", OUT, "C", OUT), [(OUT, {"C": 1}, "", "picking")]),
        (("A", CLOSE, DROP, ""), []),
        ((OUT, "\x02A\x1d\r", " A ", OUT), [(OUT, {"A": 2}, "", "picking")]),
        (("\x02" + OUT + "\r", "A", OUT), [(OUT, {"A": 1}, "", "picking")]),
        ((OUT, "A", f"({OUT})", OUT), [(OUT, {"A": 1, f"({OUT})": 1}, "", "picking")]),  # not as a whole
    ],
)  # fmt: skip
def test_scans_make_checks(scans: tuple[str, ...], told: list[Any]) -> None:
    assert Bench().scan(*scans).told() == told


def test_what_a_check_says() -> None:
    bench = Bench().scan(OUT, "A").weigh("1.25").scan(OUT)
    (check,) = bench.checks
    assert (check["key"], check["source"], check["account"]) == (f"iotbox:bench1:{OUT}", "iotbox", "bench1")
    assert (check["first_sequence"], check["last_sequence"], check["version"]) == (1, 4, 4)
    assert (check["weight"], check["weight_unit"], check["box"]) == ("1.25", "kg", BENCH.box)
    assert (check["closed_at"] - check["opened_at"]).total_seconds() == 3
    assert bench.ledger["open"] is None


def test_the_transfers_barcode_read_twice_at_once_does_not_end_it() -> None:
    bench = Bench().scan(OUT)
    first = bench.ledger
    bench.takes(event(2, value=OUT, monotonic_ms=1400))
    assert bench.ledger["open"] == first["open"]
    assert bench.checks == []


@pytest.mark.parametrize(("after_ms", "again"), [(300, []), (1499, []), (1500, [(OUT, {}, "", "command")])])
def test_the_scan_that_ends_it_read_twice_is_told_once(after_ms: int, again: list[Any]) -> None:
    """Else Odoo's Validate behind it would tell the transfer empty, and hold what was packed right."""
    bench = Bench().scan(OUT, "A", OUT)
    bench.takes(event(4, value=OUT, monotonic_ms=3000 + after_ms))
    bench.takes(event(5, value=CLOSE))
    assert bench.told() == [(OUT, {"A": 1}, "", "picking"), *again]


@pytest.mark.parametrize("name", [OUT, NEXT])
@pytest.mark.parametrize("end", ["name", CLOSE])
def test_what_follows_at_once_is_packed(name: str, end: str) -> None:
    """Another transfer, or the same one, which was held and is packed again."""
    bench = Bench().scan(OUT, "A", OUT)
    bench.takes(event(4, value=name, monotonic_ms=3100))
    bench.takes(event(5, value="B"))
    bench.takes(event(6, value=name if end == "name" else end))
    assert [one[:2] for one in bench.told()] == [(OUT, {"A": 1}), (name, {"B": 1})]


def test_scans_of_before_a_long_pause_are_told_and_not_added_to() -> None:
    bench = Bench(rules(idle_minutes=1)).scan(OUT, "A")
    bench.takes(event(3, value="B", received_at=event(2)["received_at"] + 61_000_000))
    assert bench.told() == [(OUT, {"A": 1}, "", "idle")]
    assert bench.strays == 1


@pytest.mark.parametrize("value", ["x" * 129, "\x00\x1d\x07", "\ufffe\u200b" + "\x01"])
def test_a_damaged_scan_is_counted_and_harms_nothing(value: str) -> None:
    bench = Bench().scan(OUT, value, "A", OUT)
    (check,) = bench.checks
    assert (check["unreadable"], check["scans"]) == (1, [{"code": "A", "count": 1}])


def test_a_check_is_bounded() -> None:
    bench = Bench().scan(OUT, *(f"C{number}" for number in range(machine.MOST_CODES + 3)), OUT)
    (check,) = bench.checks
    assert (len(check["scans"]), check["unreadable"]) == (machine.MOST_CODES, 3)


# ---- weights


@pytest.mark.parametrize(
    ("weights", "weight"),
    [
        (("1.25",), "1.25"),
        (("0.8", "1.25", "0"), "1.25"),  # taken off before the end
        (("1.25", None), "1.25"),  # the scale is unsure
        (("0",), ""),
        (("-0.2",), ""),
        ((), ""),
    ],
)
def test_the_last_weight_above_zero_counts(weights: tuple[str | None, ...], weight: str) -> None:
    bench = Bench().weigh("9").scan(OUT, "A").weigh(*weights).scan(OUT).weigh("7")
    assert [one["weight"] for one in bench.checks] == [weight]


def test_a_weight_that_did_not_stand_still_counts_for_nothing() -> None:
    bench = Bench().scan(OUT, "A")
    for sequence, weight, monotonic in ((3, "0.9", 3000), (4, "1.30", 3600), (5, "1.31", 3700)):
        bench.takes(event(sequence, SCALE, weight=weight, monotonic_ms=monotonic))
    bench.takes(event(6, value=OUT, monotonic_ms=3900))
    assert bench.told() == [(OUT, {"A": 1}, "0.9", "picking")]


def kept(
    sequence: int, happened: float, heard: float, device: str = SCANNER, skew: int | None = 7200_000, **more: Any
) -> dict[str, Any]:
    """An event by when it happened and when the agent heard it, seconds; the agent's clock is two hours ahead of the Box's."""
    at = 1_772_366_400_000_000
    return event(
        sequence, device, device_time=at + round(happened * 1_000_000), received_at=at + round((heard + 7200) * 1_000_000),
        monotonic_ms=round(heard * 1000), skew_ms=skew, **more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("weighed", "other", "ended", "skew", "weight"),
    [
        ((10, 14), None, (13, 14.01), 7200_000, "1.25"),  # nothing was heard for four seconds; it had stood for three
        ((12.8, 14), None, (13, 14.01), 7200_000, ""),  # likewise, and it had not
        ((10, 10), (10.1, 14), (13, 14.01), 7200_000, "1.31"),  # the first one had not stood either, whatever it seemed
        ((10, 10), (12.9, 14), (13, 14.01), 7200_000, "1.25"),
        ((10, 14), None, (13, 14.01), None, ""),  # how far the clocks are apart is not known: as it was heard
        ((10, 14), None, (13, 15), None, "1.25"),
        ((10, 14), None, (13, 14.01), 3600_000, ""),  # a clock was set since: it cannot have been kept for an hour
        ((10, 14), None, (13, 14.01), 7200_400, "1.25"),  # the measure is off by less than a second, of both alike
        ((13.45, 14), None, (14, 14), 7200_300, "1.25"),  # so that what came at once seems to come before it happened
        (
            (10, 14),
            None,
            (-3600, 14.01),
            7200_000,
            "1.25",
        ),  # the Box's clock was set back between: only of the scan it is not known
    ],
)
def test_a_weight_stood_from_when_it_happened_not_from_when_it_was_heard(
    weighed: tuple[float, float],
    other: tuple[float, float] | None,
    ended: tuple[float, float],
    skew: int | None,
    weight: str,
) -> None:
    bench = Bench()
    bench.takes(kept(1, 1, 1, value=OUT))
    bench.takes(kept(2, 2, 2, value="A"))
    bench.takes(kept(3, *weighed, SCALE, skew, weight="1.25"))
    if other:
        bench.takes(kept(4, *other, SCALE, skew, weight="1.31"))
    bench.takes(kept(5, *ended, skew=skew, value=OUT))
    assert [one["weight"] for one in bench.checks] == [weight]


def test_a_better_measure_of_the_clocks_between_two_events_turns_no_order_round() -> None:
    """Thirty milliseconds less between two things that happened within ten: no new start of the machine, and still the same scan read twice."""
    bench = Bench()
    bench.takes(kept(1, 1, 2, value=OUT))
    first = bench.ledger["open"]
    bench.takes(kept(2, 1.01, 2.01, skew=7199_970, value=OUT))
    assert bench.ledger["open"] == first
    bench.takes(kept(3, 2, 3, value="A"))
    bench.takes(kept(4, 13, 14, SCALE, weight="1.25"))
    bench.takes(kept(5, 13.01, 14.01, skew=7199_970, value=OUT))
    assert [one["weight"] for one in bench.checks] == [""]


def test_weights_of_before_a_new_start_of_the_machine_count() -> None:
    """Its own clock begins anew: nothing says that they did not stand."""
    bench = Bench()
    bench.takes(kept(1, 1, 9001, skew=None, value=OUT))
    bench.takes(kept(2, 2, 9002, skew=None, value="A"))
    bench.takes(kept(3, 3, 9003, SCALE, None, weight="1.25"))
    bench.takes(kept(4, 60, 20, skew=None, value=OUT))
    assert [one["weight"] for one in bench.checks] == ["1.25"]


@pytest.mark.parametrize(("later", "told"), [(0.2, 0), (3.0, 1)])
def test_a_transfer_scanned_twice_while_nothing_was_heard_was_read_twice_only_if_it_happened_at_once(
    later: float, told: int
) -> None:
    bench = Bench()
    bench.takes(kept(1, 10, 14, value=OUT))
    first = bench.ledger["open"]
    bench.takes(kept(2, 10 + later, 14.01, value=OUT))
    assert (bench.ledger["open"] != first) == bool(told), "begun anew"
    assert bench.checks == []


ORDERS = list(itertools.permutations([event(3, SCALE, weight="0.4"), event(4, SCALE, weight="1.25")]))


@pytest.mark.parametrize("late", ORDERS)
@pytest.mark.parametrize("split", [0, 1, 2])
def test_weights_that_travel_apart_end_in_the_same_check(late: tuple[dict[str, Any], ...], split: int) -> None:
    """Whether weights come before the scans, between or after them: the last word is the same, and newer than those before."""
    bench = Bench()
    for one in late[:split]:
        bench.takes(one, 50)
    for one in (event(1, value=OUT), event(2, value="A"), event(5, value=OUT), event(6, value=NEXT)):
        bench.takes(one, 50)
    for one in late[split:]:
        bench.takes(one, 50)
    versions = [one["version"] for one in bench.checks]
    assert bench.checks[-1]["weight"] == "1.25"
    assert versions == sorted(set(versions))


def test_a_new_check_of_the_transfer_in_the_same_moment_is_newer() -> None:
    bench = Bench()
    for sequence, value in enumerate((OUT, "A", OUT, OUT, "B", OUT), 1):
        bench.takes(event(sequence, value=value), 50)
    assert [one["version"] for one in bench.checks] == [50, 51]


@pytest.mark.parametrize("late", [1, 2])
def test_a_weight_that_comes_late_amends_no_check_that_was_packed_again(late: int) -> None:
    """Else what was packed wrong first would stand above what was packed right after it, or the other way round."""
    bench = Bench()
    for sequence, value in (
        (1, OUT),
        (2, "A"),
        (5, OUT),
        (6, OUT),
        (7, "B"),
        (12, OUT),
        (13, NEXT),
        (14, "A"),
        (17, NEXT),
    ):
        bench.takes(event(sequence, value=value), 50)
    told = len(bench.checks)
    for sequence in (3, 8)[:late]:
        bench.takes(event(sequence, SCALE, weight="1.25"), 60)
    newer = [(one["picking"], one["scans"][0]["code"], one["weight"]) for one in bench.checks[told:]]
    assert newer == [(OUT, "B", "1.25")] * (late - 1)


def test_what_is_kept_is_bounded() -> None:
    bench = Bench()
    for _ in range(machine.MOST_CLOSED + 5):
        bench.scan(OUT, "A", OUT).weigh(*["1"] * 12)
    assert len(bench.ledger["closed"]) == machine.MOST_CLOSED
    assert len(bench.ledger["weights"]) == machine.MOST_WEIGHTS


@pytest.mark.parametrize(
    "more",
    [
        {"device": "usb_1:2"},
        {"kind": "key"},
        {"device": SCALE, "kind": "scan"},
        {"device": SCALE, "kind": "device_gone"},
    ],
)
def test_what_is_no_scan_of_the_scanner_or_weight_of_the_scale_means_nothing(more: dict[str, Any]) -> None:
    bench = Bench().scan(OUT)
    before = bench.ledger
    bench.takes(event(2, value="A", weight=None) | more)
    assert bench.ledger == before


def test_clocks_may_say_anything() -> None:
    bench = Bench()
    for sequence, at in enumerate((10**17 * 4, 0, -(10**15), 10**18), 1):
        bench.takes(event(sequence, value=(OUT, "A", "B", OUT)[sequence - 1], received_at=at))
    assert bench.checks or bench.ledger["open"]


# ---- settings


def test_a_device_has_one_station() -> None:
    station = {"box": "b", "scanner": "s"}
    with pytest.raises(ValidationError, match="belongs to one and to two"):
        PackingSettings.model_validate({"stations": {"one": station, "two": station}})


def test_no_station_by_default() -> None:
    assert PackingSettings().stations == {}
