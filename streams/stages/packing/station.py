"""One packing station: which transfer is open, what was scanned of it, what the scale showed. Pure (EDGE-5).

    no transfer open        the name of one                 -> it is open
                            any other scan                  -> stray, nothing
    a transfer is open      a product's code                -> counted; whether it is one is for Odoo to say
                            its own name, after a product   -> ended by `picking`
                            its own name, before any        -> it begins anew; so soon after the last scan: read twice, nothing
                            a closing code                  -> ended by `command`; opened by the scan that ended it, read twice: nothing
                            a code that drops               -> forgotten, nothing is told
                            the name of another             -> ended by `next` (when a product was scanned), the other is open
                            any scan after a long pause     -> ended by `idle` (likewise), then as with none open
    the scale tells         a weight                        -> remembered by its number

All devices of a station are at one Box, whose numbers say what came first, whatever clocks do. Scans of one scanner come in order; weights travel
apart and may come early or late. So a check takes of the weights between its first scan and its last the last one above zero that stood still,
and one that comes after the check was told amends it: the same check with a newer version. Unless its transfer was packed again meanwhile: then only
the newer check says what lies in the parcel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas.records import ClosedPacking, OpenPacking, PackedCode, PackingCheck, PackingLedger, Weighed
from schemas.topics import EDGE
from streams.packing_settings import PackingSettings, StationSettings

MOST_CODES = 500  # different ones in one check
MOST_CODE_CHARACTERS = 128
MOST_WEIGHTS = 200
MOST_CLOSED = 20
_MOST_KEPT_MS = 10_000  # a Box keeps five seconds; the rest is the way and what its clock may be wrong
_CLOCK_ERROR_MS = 1000

Event = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one station. `encode` and `decode`: of a `packing_check`, as the ledger keeps it."""

    name: str
    station: StationSettings
    packing: PackingSettings
    encode: Callable[[PackingCheck], bytes]
    decode: Callable[[bytes], PackingCheck]


@dataclass(slots=True)
class Step:
    """The station afterwards, and the checks that are told. `strays`: scans that meant nothing."""

    ledger: PackingLedger
    checks: list[PackingCheck] = field(default_factory=list)
    strays: int = 0


def empty(name: str, now: datetime) -> PackingLedger:
    """Nothing is known yet."""
    return PackingLedger(key=f"station:{name}", station=name, open=None, weights=[], closed=[], had={}, at=now)


def happened(ledger: PackingLedger, event: Event, rules: Rules, version: int) -> Step:
    """What an event of one of the station's devices makes of it. `version`: when the event stood in Kafka, epoch ms."""
    step = Step({**ledger})
    if event["device"] == rules.station.scanner and event["kind"] == "scan":
        _scanned(step, event, rules, version)
    elif event["device"] == rules.station.scale and event["kind"] == "weight":
        _weighed(step, event, rules, version)
    return step


def code_of(value: str) -> str:
    """What was scanned, without the control characters that scanners put around and between; empty: nothing that can be a code."""
    code = "".join(letter for letter in value if letter.isprintable()).strip()
    return code if len(code) <= MOST_CODE_CHARACTERS else ""


def happened_ms(event: Event) -> int:
    """When it happened, by the machine's monotonic clock: when the agent heard it, less how long the Box had kept it.

    After a moment in which the agent heard nothing the Box gives what it kept at once, and by hearing alone a weight that stood for seconds would
    have stood for none. The Box's own clock says how long it kept it, by what that clock was measured to be apart from the agent's: that error
    is much the same in neighbours, so it is in no difference. Where it was not measured, or a clock was set since and the Box would have kept
    the event for longer than it can (five seconds), hearing counts.
    """
    heard: int = event["monotonic_ms"]
    if event["device_time"] is None or event["skew_ms"] is None:
        return heard
    kept = (event["received_at"] - event["device_time"]) // 1000 - int(event["skew_ms"])
    return heard - kept if -_CLOCK_ERROR_MS <= kept <= _MOST_KEPT_MS else heard


def moment(micros: int) -> datetime:
    """Whole milliseconds, as records keep them; the agent's clock may be anywhere."""
    return datetime.fromtimestamp(min(max(micros, 0), 253_402_300_799_000_000) // 1000 / 1000, UTC)


# ---- scans


def _scanned(step: Step, event: Event, rules: Rules, version: int) -> None:
    if not event["value"]:
        return  # a scanner says so after its default action
    code, packing = code_of(event["value"]), rules.packing
    opened = step.ledger["open"]
    if opened and _is_idle(opened, event, packing):
        _ended(step, rules, version, "idle")
        opened = None
    if code and re.fullmatch(packing.transfer, code):
        _transfer_scanned(step, code, event, rules, version)
    elif opened is None:
        step.strays += 1
    elif code in packing.close_codes:
        is_told = _is_told(step, opened, rules)
        step.ledger["open"] = None if is_told else _touched(opened, event)
        _ended(step, rules, version, "command", even_empty=True)
    elif code in packing.drop_codes:
        step.ledger["open"] = None
    else:
        step.ledger["open"] = _counted(_touched(opened, event), code)


def _transfer_scanned(step: Step, code: str, event: Event, rules: Rules, version: int) -> None:
    opened = step.ledger["open"]
    if opened and opened["picking"] == code:
        if _is_same_scan(opened["last_monotonic"], happened_ms(event), rules) and not _has(opened):
            return
        if _has(opened):
            step.ledger["open"] = _touched(opened, event)
            _ended(step, rules, version, "picking")
            return
    elif opened:
        step.ledger["open"] = _touched(opened, event)  # what was weighed until now belongs to it
        _ended(step, rules, version, "next")
    at = moment(event["received_at"])
    step.ledger["open"] = OpenPacking(
        picking=code, first_sequence=event["sequence"], last_sequence=event["sequence"], opened_at=at, last_at=at,
        last_monotonic=happened_ms(event), scans=[], unreadable=0,
    )  # fmt: skip


def _is_told(step: Step, opened: OpenPacking, rules: Rules) -> bool:
    """Whether what is open was told already: the scan that ended it, read twice, opened it again, and nothing was scanned since."""
    if _has(opened) or not step.ledger["closed"]:
        return False
    last = step.ledger["closed"][-1]
    check = rules.decode(last["check"])
    is_its_end = check["picking"] == opened["picking"] and check["ended_by"] == "picking"
    return is_its_end and _is_same_scan(last["last_monotonic"], opened["last_monotonic"], rules)


def _is_same_scan(before_ms: int, at_ms: int, rules: Rules) -> bool:
    """Whether so soon after the one before that it is that one, read twice."""
    return -_CLOCK_ERROR_MS <= at_ms - before_ms < rules.packing.repeat_milliseconds


def _is_idle(opened: OpenPacking, event: Event, packing: PackingSettings) -> bool:
    silent = (moment(event["received_at"]) - opened["last_at"]).total_seconds()
    return silent > packing.idle_minutes * 60


def _has(opened: OpenPacking) -> bool:
    return bool(opened["scans"] or opened["unreadable"])


def _touched(opened: OpenPacking, event: Event) -> OpenPacking:
    return {
        **opened,
        "last_sequence": event["sequence"],
        "last_at": moment(event["received_at"]),
        "last_monotonic": happened_ms(event),
    }


def _counted(opened: OpenPacking, code: str) -> OpenPacking:
    scans = [PackedCode(**one) for one in opened["scans"]]
    for one in scans:
        if code and one["code"] == code:
            one["count"] += 1
            return {**opened, "scans": scans}
    if not code or len(scans) >= MOST_CODES:
        return {**opened, "unreadable": opened["unreadable"] + 1}
    return {**opened, "scans": [*scans, PackedCode(code=code, count=1)]}


def _ended(step: Step, rules: Rules, version: int, by: str, *, even_empty: bool = False) -> None:
    """The open transfer is told, unless nothing was scanned of it: then somebody only looked at it."""
    opened = step.ledger["open"]
    step.ledger["open"] = None
    if opened is None or not (even_empty or _has(opened)):
        return
    newest = max((_version(one, rules) for one in step.ledger["closed"]), default=0)
    closed = ClosedPacking(
        first_sequence=opened["first_sequence"], last_sequence=opened["last_sequence"],
        last_monotonic=opened["last_monotonic"], check=b"",
    )  # fmt: skip
    weight = stable(step.ledger, closed, rules.packing.settled_milliseconds)
    check = PackingCheck(
        key=f"{EDGE}:{rules.name}:{opened['picking']}", source=EDGE, account=rules.name, picking=opened["picking"],
        version=max(version, newest + 1), box=rules.station.box, scans=opened["scans"], unreadable=opened["unreadable"],
        weight=weight, weight_unit=rules.station.weight_unit if weight else "", ended_by=by,
        first_sequence=opened["first_sequence"], last_sequence=opened["last_sequence"], opened_at=opened["opened_at"],
        closed_at=opened["last_at"],
    )  # fmt: skip
    closed["check"] = rules.encode(check)
    step.ledger["closed"] = [*step.ledger["closed"], closed][-MOST_CLOSED:]
    step.checks.append(check)


def _version(closed: ClosedPacking, rules: Rules) -> int:
    return rules.decode(closed["check"])["version"]


# ---- weights


def _weighed(step: Step, event: Event, rules: Rules, version: int) -> None:
    weight = event["weight"]
    if weight is None or _amount(weight) is None:
        return  # the scale is gone or unsure, and would only repeat an old one
    one = Weighed(sequence=event["sequence"], monotonic=happened_ms(event), weight=weight)
    others = [known for known in step.ledger["weights"] if known["sequence"] != one["sequence"]]
    step.ledger["weights"] = sorted([*others, one], key=lambda known: known["sequence"])[-MOST_WEIGHTS:]
    for place, closed in enumerate(step.ledger["closed"]):
        if closed["first_sequence"] < one["sequence"] < closed["last_sequence"]:
            _amended(step, place, rules, version)


def _amended(step: Step, place: int, rules: Rules, version: int) -> None:
    """A weight of a check that was told already."""
    closed = step.ledger["closed"][place]
    check = rules.decode(closed["check"])
    if any(rules.decode(later["check"])["picking"] == check["picking"] for later in step.ledger["closed"][place + 1 :]):
        return  # with a newer version it would stand above the check that came after it
    weight = stable(step.ledger, closed, rules.packing.settled_milliseconds)
    if weight == check["weight"]:
        return
    unit = rules.station.weight_unit if weight else ""
    check = {**check, "weight": weight, "weight_unit": unit, "version": max(version, check["version"] + 1)}
    kept = ClosedPacking(**{**closed, "check": rules.encode(check)})
    step.ledger["closed"] = [*step.ledger["closed"][:place], kept, *step.ledger["closed"][place + 1 :]]
    step.checks.append(check)


def stable(ledger: PackingLedger, closed: ClosedPacking, settled_ms: int) -> str:
    """The last weight above zero of the check that stood for so long before the scale told another, or before the last scan; empty: none did."""
    within = [one for one in ledger["weights"] if closed["first_sequence"] < one["sequence"] < closed["last_sequence"]]
    ends = [one["monotonic"] for one in within[1:]] + [closed["last_monotonic"]]
    found = ""
    for one, end in zip(within, ends, strict=False):  # without weights there is one end more
        stood = end - one["monotonic"]
        amount = _amount(one["weight"])
        # A negative time: the machine was started anew in between, unless it is no more than the clocks may be wrong.
        if amount is not None and amount > 0 and (stood < -_CLOCK_ERROR_MS or stood >= settled_ms):
            found = one["weight"]
    return found


def _amount(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def remembering(ledger: PackingLedger, had: Mapping[str, list[int]], now: datetime) -> PackingLedger:
    """With the events that were had."""
    return {**ledger, "had": dict(had), "at": now}
