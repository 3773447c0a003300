"""Does what was pressed at the Box stand in Kafka, in checks, and in Odoo? Once each; what the Box lost has to be told as a gap. Pure (EDGE-5).

pressed = in Kafka + told as lost                             of each kind of device
scanned through with nothing lost = a check of just that      and every check has its outcome
packed right = right, free and weighed in Odoo                packed wrong = held until then
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from schemas.records import HardwareEvent, PackingCheck
from streams.demo.agree import FlowReport
from streams.demo.packer import HELD_WORD, Attempt, Packed
from streams.demo.station import SCALE, SCAN, SCANNER, WEIGHT, Pressed

FLOWS = ("scans", "weights", "checks", "packed", "held", "weighed")
MARKET = "packing"
_DEVICE = {SCAN: SCANNER, WEIGHT: SCALE}
_NAME = {SCAN: "scans", WEIGHT: "weights"}
_SLACK = 1_000_000  # micros between the moment of a press and what the agent takes it for
Gap = tuple[int, int]  # epoch micros, from and to
Told = Mapping[
    tuple[str, int], Sequence[tuple[str, int]]
]  # (key, version) of a check -> its outcomes, each with its time, epoch micros


@dataclass(frozen=True, slots=True)
class Heard:
    """What stands in Kafka.

    events     of the Box, each once by its number;  checks  of its station
    outcomes   (key, version) of a check -> its results and when they were, epoch micros, in order; retries left out
    """

    events: Sequence[HardwareEvent] = ()
    checks: Sequence[PackingCheck] = ()
    outcomes: Told = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of device: `checked` of those in Kafka are part of a check that has its outcome."""

    pressed: int = 0
    in_kafka: int = 0
    told_lost: int = 0
    checked: int = 0
    problems: tuple[str, ...] = ()

    @property
    def report(self) -> tuple[int, int, tuple[str, ...]]:
        return self.pressed, self.in_kafka + self.told_lost, self.problems


@dataclass(frozen=True, slots=True)
class PackingReport:
    """For people and programs. seconds: from the last scan of a transfer to its outcome in Odoo, of each check."""

    kinds: Mapping[str, Kind]
    gaps: int
    attempts: int
    transfers: int
    seconds: tuple[float, ...] = ()

    @property
    def in_words(self) -> str:
        """In one line."""
        if not self.transfers:
            return "Packing station: nothing was packed, so few orders leave none for it"
        parts = [
            f"{_NAME[kind]}: {one.pressed} pressed, {one.in_kafka} in Kafka, {one.told_lost} told as lost, {one.checked} in checks"
            for kind, one in self.kinds.items()
        ]
        took = self.as_json()["scan_to_odoo_seconds"]
        timed = f"from scan to Odoo {took['median']} s, at worst {took['worst']} s" if took else "nothing timed"
        return f"Packing station: {self.transfers} transfers in {self.attempts} goes; {'; '.join(parts)}; {self.gaps} gaps; {timed}"

    def as_json(self) -> dict[str, Any]:
        """Of `--json`."""
        found: dict[str, Any] = {
            _NAME[kind]: {"pressed": one.pressed, "in_kafka": one.in_kafka, "told_lost": one.told_lost, "checked": one.checked}
            for kind, one in self.kinds.items()
        }  # fmt: skip
        took = {"median": round(median(self.seconds), 2), "worst": round(max(self.seconds), 2)} if self.seconds else {}
        more = {"gaps": self.gaps, "transfers": self.transfers, "attempts": self.attempts, "scan_to_odoo_seconds": took}
        return found | more


def packing_report(packed: Packed, heard: Heard) -> PackingReport:
    """The numbers behind `agree_on_packing`."""
    gaps = gaps_of(heard.events)
    kinds = {kind: _kind(kind, packed, heard, gaps) for kind in (SCAN, WEIGHT)}
    seconds = [
        (heard.outcomes[_version(check)][0][1] - attempt.last.at) / 1_000_000
        for attempt in packed.attempts
        if (check := _check_of(attempt, heard)) is not None and _version(check) in heard.outcomes
    ]
    return PackingReport(kinds, len(gaps), len(packed.attempts), len(packed.parcels), tuple(seconds))


def agree_on_packing(
    packed: Packed, heard: Heard, transfers: Mapping[str, Mapping[str, Any]], ended: bool
) -> list[FlowReport]:
    """Every flow. transfers: name -> the transfer as Odoo holds it now; ended: the packer has nothing left to do."""
    report = packing_report(packed, heard)
    scans, weights = (FlowReport(_NAME[kind], *report.kinds[kind].report, market=MARKET) for kind in (SCAN, WEIGHT))
    doing = tuple(filter(None, ("" if ended else "the packer is at work", packed.problem)))
    free = [one for one in packed.parcels if HELD_WORD not in (transfers.get(one.name, {}).get("note") or "")]
    right = [one for one in free if one.name in packed.weighed]
    return [
        scans, weights, _checks(packed, heard),
        FlowReport("packed", len(packed.parcels), len(right), doing, MARKET),
        _held(packed, heard, {one.name for one in right}),
        _weighed(packed, transfers),
    ]  # fmt: skip


def gaps_of(events: Iterable[HardwareEvent]) -> list[Gap]:
    """From when to when the Box was not heard, as the agent told."""
    told = [json.loads(one["payload"]) for one in events if one["kind"] == "gap"]
    return [(int(one["from"]), int(one["to"])) for one in told if "from" in one and "to" in one]


def _kind(kind: str, packed: Packed, heard: Heard, gaps: Sequence[Gap]) -> Kind:
    """Each press is one event of the device, by the Box's own time; one that is not there has to be told of."""
    times = Counter(
        one["device_time"] for one in heard.events if one["device"] == _DEVICE[kind] and one["kind"] == kind
    )
    pressed = [one for one in packed.presses if one.kind == kind]
    there = [one for one in pressed if times[one.time]]
    lost = [one for one in pressed if not times[one.time]]
    told = [one for one in lost if _is_told(one, gaps)]
    wrong = [f"pressed at {one.at}, neither in Kafka nor told of as lost" for one in lost if one not in told]
    wrong += [
        f"pressed once, {times[one.time]} times in Kafka under different numbers"
        for one in there
        if times[one.time] > 1
    ]
    strange = times.keys() - {one.time for one in pressed}
    wrong += [f"in Kafka with the Box's time {one}, and nobody pressed it" for one in sorted(filter(None, strange))]
    ranges = [(one["first_sequence"], one["last_sequence"]) for one in heard.checks if _version(one) in heard.outcomes]
    numbers = [heard_number(one, heard) for one in there]
    checked = sum(any(first <= number <= last for first, last in ranges) for number in numbers)
    return Kind(len(pressed), len(there), len(told), checked, tuple(wrong))


def heard_number(press: Pressed, heard: Heard) -> int:
    """The Box's number of the event that a press became; 0: of none."""
    device = _DEVICE[press.kind]
    found = [one["sequence"] for one in heard.events if one["device_time"] == press.time and one["device"] == device]
    return found[0] if found and press.time is not None else 0


def _is_told(press: Pressed, gaps: Collection[Gap]) -> bool:
    return any(begin - _SLACK <= press.at <= end + _SLACK for begin, end in gaps)


def _checks(packed: Packed, heard: Heard) -> FlowReport:
    whole = [one for one in packed.attempts if _is_whole(one, heard)]
    wrong, arrived = [], 0
    for attempt in whole:
        check = _check_of(attempt, heard)
        if check is None:
            wrong.append(f"{attempt.picking}: scanned through, and there is no check of it")
        elif _codes(attempt) != {one["code"]: one["count"] for one in check["scans"]}:
            wrong.append(f"{attempt.picking}: its check does not say what was scanned")
        else:
            arrived += 1
    silent = [one for one in heard.checks if _version(one) not in heard.outcomes]
    wrong += [f"{one['picking']}: a check without an outcome" for one in silent]
    dead = [one for one in heard.checks if any(result == "dead" for result, _ in heard.outcomes.get(_version(one), ()))]
    wrong += [f"{one['picking']}: its check is a dead letter" for one in dead]
    return FlowReport("checks", len(whole), arrived, tuple(wrong), MARKET)


def _is_whole(attempt: Attempt, heard: Heard) -> bool:
    """Everything of it arrived, in the order it was done."""
    numbers = [heard_number(one, heard) for one in attempt.presses if one.kind == SCAN]
    return all(numbers) and numbers == sorted(numbers)


def _check_of(attempt: Attempt, heard: Heard) -> PackingCheck | None:
    """The first that was told of it."""
    first, last = heard_number(attempt.first, heard), heard_number(attempt.last, heard)
    found = [
        one for one in heard.checks
        if (one["picking"], one["first_sequence"], one["last_sequence"]) == (attempt.picking, first, last)
    ]  # fmt: skip
    return min(found, key=lambda one: one["version"], default=None)


def _codes(attempt: Attempt) -> dict[str, int]:
    scans = [one for one in attempt.presses if one.kind == SCAN]
    within = scans[scans.index(attempt.first) + 1 : scans.index(attempt.last)]
    return dict(Counter(one.value for one in within))


def _held(packed: Packed, heard: Heard, right: Collection[str]) -> FlowReport:
    """What was packed wrong was an exception, in Odoo and in the pipeline. In the end nothing is, for all is packed right: it was released. A newer
    check of a transfer takes the place of an older one that waits, so its newest says whether it is one still."""
    newest: dict[str, list[str]] = {}
    told = set()
    for check in sorted(heard.checks, key=lambda one: one["version"]):
        newest[check["picking"]] = results = [result for result, _ in heard.outcomes.get(_version(check), ())]
        if "held" in results:
            told.add(check["picking"])
    waiting = sorted(picking for picking, results in newest.items() if results and results[-1] == "held")
    arrived = packed.wrong & packed.held & told & set(right)
    wrong = tuple(f"{picking}: an exception still, though it is packed right" for picking in waiting)
    return FlowReport("held", len(packed.wrong), len(arrived), wrong, MARKET)


def _weighed(packed: Packed, transfers: Mapping[str, Mapping[str, Any]]) -> FlowReport:
    """An Odoo without delivery costs has no place for it."""
    there = {name: transfers[name].get("shipping_weight") for name in packed.weighed if name in transfers}
    off = [
        f"{name}: {there.get(name)} in Odoo, {wanted} on the scale"
        for name, wanted in packed.weighed.items()
        if "shipping_weight" in transfers.get(name, {}) and abs((there[name] or 0) - wanted) >= 0.005
    ]
    return FlowReport("weighed", len(packed.weighed), len(packed.weighed) - len(off), tuple(off), MARKET)


def _version(check: PackingCheck) -> tuple[str, int]:
    return check["key"], check["version"]
